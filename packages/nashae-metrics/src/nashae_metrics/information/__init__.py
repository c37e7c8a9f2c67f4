"""Scores from mutual information of latents and factors."""
