"""What the paper reports: the numbers that ours stand beside."""

# Table 1 (Yeats et al. 2022): mean |learned latents − 2| over 8 trials on Beamsynthesis, by method
# and weight (λ), for the latent sizes m below.
LATENTS = (4, 8, 16, 32)
TRIALS = 8
FACTORS = 2
TABLE_1: dict[tuple[str, float], tuple[float, float, float, float]] = {
    ("nashae", 0.0): (1.375, 5.75, 13.125, 28.75),
    ("nashae", 0.2): (0.0, 0.0, 0.25, 1.0),
    ("nashae", 0.3): (0.0, 0.0, 0.375, 0.5),
}
# Figure 3: the panels, from left to right.
FIGURE_3 = (("nashae", 0.0), ("nashae", 0.2), ("beta-vae", 1.0), ("beta-vae", 100.0))
