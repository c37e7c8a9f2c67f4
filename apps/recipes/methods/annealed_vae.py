"""AnnealedVAE."""

from apps.recipes.method import Method
from nashae_baselines import AnnealedVAE, AnnealedVAEConfig

ANNEALED_VAE = Method(
    name="annealed-vae",
    family="AnnealedVAE",
    config=AnnealedVAEConfig,
    build=lambda config, networks, m, generator: AnnealedVAE(
        *networks.variational(m, generator), config
    ),
    counting_rule="beta-vae",
    weight_name="capacity",
    symbol="C",
)
