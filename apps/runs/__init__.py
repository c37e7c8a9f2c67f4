"""Runs: the folder of one, its training, a sweep of many, and their rows."""
