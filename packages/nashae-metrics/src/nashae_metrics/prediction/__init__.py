"""Scores from how well, and from which latents, factors are predicted."""
