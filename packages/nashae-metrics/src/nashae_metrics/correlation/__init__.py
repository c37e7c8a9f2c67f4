"""Scores from correlations and predictions of latents, with or without factors."""
