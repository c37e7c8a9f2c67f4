"""Gradient-boosted trees, many at once."""
