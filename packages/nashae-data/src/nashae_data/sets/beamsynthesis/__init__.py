"""Beamsynthesis: the waveforms, computed, and the published archive."""
