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

# Table 2: the β-VAE score in percent on dSprites, a mean of 15 trials without a spread, by method
# and weight. The middle λ is illegible in our copy, and the paper names it nowhere else; 0.001
# stands for it here, halfway between its neighbours, as a guess. m is not in the text either: 10 as
# in the authors' code.
SPRITE_LATENTS = 10
SPRITE_TRIALS = 15
ILLEGIBLE = ("nashae", 0.001)
TABLE_2: dict[tuple[str, float], float] = {
    ("nashae", 0.0): 91.41,
    ILLEGIBLE: 92.58,
    ("nashae", 0.002): 96.57,
    ("beta-vae", 1.0): 84.63,
    ("beta-vae", 4.0): 93.68,
    ("beta-vae", 8.0): 96.21,
    ("beta-tcvae", 1.0): 84.64,
    ("beta-tcvae", 2.0): 95.01,
    ("beta-tcvae", 4.0): 93.95,
}
# Beside the table, one seed each: the values of λ that the illegible one may be, and the count of
# learned latents against m (the paper's supplement).
SCAN = (0.0005, 0.001, 0.002, 0.004, 0.008)
SIZES = (8, 16, 32)
SIZED = (("nashae", 0.002), ("beta-vae", 4.0))

# Table 3: TAD and the number of captured attributes on CelebA, means of 3 trials without a spread,
# by method and weight.
FACE_LATENTS = 32
FACE_TRIALS = 3
TABLE_3: dict[tuple[str, float], tuple[float, float]] = {
    ("nashae", 0.0): (0.235, 5.33),
    ("nashae", 0.1): (0.362, 4),
    ("nashae", 0.2): (0.543, 5),
    ("nashae", 0.8): (0.474, 5),
    ("beta-vae", 1.0): (0.158, 3.67),
    ("beta-vae", 50.0): (0.287, 2.67),
    ("beta-vae", 100.0): (0.351, 2.33),
    ("beta-vae", 250.0): (0.307, 2),
    ("beta-tcvae", 1.0): (0.165, 3.33),
    ("beta-tcvae", 8.0): (0.359, 4),
    ("beta-tcvae", 15.0): (0.446, 4.33),
    ("beta-tcvae", 25.0): (0.403, 3.67),
    ("beta-tcvae", 50.0): (0.362, 3.67),
    ("factor-vae", 1.0): (0.188, 3),
    ("factor-vae", 8.0): (0.208, 2.33),
    ("factor-vae", 15.0): (0.285, 3),
    ("factor-vae", 50.0): (0.276, 3),
    ("factor-vae", 75.0): (0.148, 1.33),
}
# Figure 2: true against predicted latents at these λ.
FIGURE_2 = (0.0, 0.1, 0.2)
# Figure 4: these attributes; a method's row beside that of its least weight is the one with the
# highest TAD in the paper's Table 3.
FIGURE_4 = ("Bangs", "Blond_Hair", "Male")
FIGURE_4_ROWS = (
    ("nashae", 0.0),
    ("nashae", 0.2),
    ("beta-vae", 1.0),
    ("beta-vae", 100.0),
    ("beta-tcvae", 15.0),
    ("factor-vae", 15.0),
)
