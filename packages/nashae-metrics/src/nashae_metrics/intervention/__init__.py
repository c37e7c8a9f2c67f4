"""Scores from samples in which one factor is held fixed."""
