"""β-TCVAE."""

from apps.recipes.method import Method, variational
from nashae_baselines import BetaTCVAE, BetaTCVAEConfig

BETA_TCVAE = Method(
    "beta-tcvae", "β-TCVAE", BetaTCVAEConfig, variational(BetaTCVAE), counting_rule="beta-tcvae"
)
