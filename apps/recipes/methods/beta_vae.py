"""β-VAE."""

from apps.recipes.method import Method
from nashae_baselines import VAE, VAEConfig

BETA_VAE = Method(
    name="beta-vae",
    family="β-VAE",
    config=VAEConfig,
    build=lambda config, networks, m, generator: VAE(*networks.variational(m, generator), config),
    counting_rule="beta-vae",
)
