"""Arithmetic written out for speed; each function equals PyTorch's own by test."""
