"""Benchmarks: our speed against plain references, in one process."""
