"""The adversarial autoencoder."""

from apps.recipes.method import Method
from nashae_baselines import AAE, AAEConfig, discriminator

AAE_METHOD = Method(
    name="aae",
    family="AAE",
    config=AAEConfig,
    build=lambda config, networks, m, generator: AAE(
        *networks.variational(m, generator), discriminator(m, generator=generator), config
    ),
    counting_rule="factor-vae",
)
