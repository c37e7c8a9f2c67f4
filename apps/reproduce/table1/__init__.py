"""Table 1: the number of learned latents on Beamsynthesis."""
