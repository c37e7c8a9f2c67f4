"""NashAE."""

from apps.recipes.method import Method
from nashae_core import NashAE, NashAEConfig, Predictors

NASHAE = Method(
    "nashae",
    "NashAE",
    NashAEConfig,
    lambda config, networks, m, generator: NashAE(
        *networks.autoencoder(m, generator), Predictors(m, generator=generator), config
    ),
    counting_rule="nashae",
    weight_name="lam",
    symbol="λ",
)
