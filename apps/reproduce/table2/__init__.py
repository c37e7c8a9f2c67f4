"""Table 2: the β-VAE score on dSprites."""
