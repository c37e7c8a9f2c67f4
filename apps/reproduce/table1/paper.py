"""What the paper reports in Table 1 and Figure 3."""

# Table 1 (Yeats et al. 2022): mean |learned latents − 2| over 8 trials on Beamsynthesis, by method
# and weight (λ), for the latent sizes m below.
LATENTS = (4, 8, 16, 32)
TRIALS = 8
FACTORS = 2
TABLE_1: dict[tuple[str, float], tuple[float, float, float, float]] = {
    ("nashae", 0.0): (1.375, 5.75, 13.125, 28.75),
    ("nashae", 0.2): (0.0, 0.0, 0.25, 1.0),
    ("nashae", 0.3): (0.0, 0.0, 0.375, 0.5),
    ("beta-vae", 1.0): (2.0, 6.0, 14.0, 28.875),
    ("beta-vae", 50.0): (1.375, 2.0, 2.5, 3.5),
    ("beta-vae", 100.0): (0.0, 1.0, 1.25, 3.125),
    ("beta-vae", 125.0): (1.375, 1.5, 1.875, 3.25),
    ("beta-tcvae", 1.0): (1.875, 5.25, 9.625, 18.625),
    ("beta-tcvae", 50.0): (0.75, 1.25, 1.0, 0.5),
    ("beta-tcvae", 75.0): (0.375, 0.5, 1.0, 0.875),
    ("beta-tcvae", 100.0): (0.75, 0.625, 1.125, 0.625),
    ("factor-vae", 50.0): (0.5, 1.25, 0.875, 0.625),
    ("factor-vae", 75.0): (0.5, 1.0, 1.25, 0.5),
    ("factor-vae", 100.0): (0.25, 0.75, 1.0, 0.75),
    ("factor-vae", 125.0): (0.875, 0.75, 0.625, 0.75),
}
# Figure 3: the panels, from left to right.
FIGURE_3 = (("nashae", 0.0), ("nashae", 0.2), ("beta-vae", 1.0), ("beta-vae", 100.0))
