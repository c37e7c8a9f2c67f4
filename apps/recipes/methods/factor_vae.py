"""FactorVAE."""

from apps.recipes.method import Method
from nashae_baselines import FactorVAE, FactorVAEConfig, discriminator

FACTOR_VAE = Method(
    name="factor-vae",
    family="FactorVAE",
    config=FactorVAEConfig,
    build=lambda config, networks, m, generator: FactorVAE(
        *networks.variational(m, generator), discriminator(m, generator=generator), config
    ),
    counting_rule="factor-vae",
)
