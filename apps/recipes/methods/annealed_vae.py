"""AnnealedVAE."""

from apps.recipes.method import Method, variational
from nashae_baselines import AnnealedVAE, AnnealedVAEConfig

ANNEALED_VAE = Method(
    "annealed-vae",
    "AnnealedVAE",
    AnnealedVAEConfig,
    variational(AnnealedVAE),
    counting_rule="beta-vae",
    weight_name="capacity",
    symbol="C",
)
