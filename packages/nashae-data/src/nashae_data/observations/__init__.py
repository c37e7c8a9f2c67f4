"""Observations that are not arrays in memory: packed to bits, left on disk, made once and kept."""
