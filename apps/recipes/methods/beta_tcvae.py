"""β-TCVAE."""

from apps.recipes.method import Method
from nashae_baselines import BetaTCVAE, BetaTCVAEConfig

BETA_TCVAE = Method(
    name="beta-tcvae",
    family="β-TCVAE",
    config=BetaTCVAEConfig,
    build=lambda config, networks, m, generator: BetaTCVAE(
        *networks.variational(m, generator), config
    ),
    counting_rule="beta-tcvae",
)
