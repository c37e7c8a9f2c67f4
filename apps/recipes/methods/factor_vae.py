"""FactorVAE."""

from apps.recipes.method import Method, adversarial
from nashae_baselines import FactorVAE, FactorVAEConfig

FACTOR_VAE = Method(
    "factor-vae", "FactorVAE", FactorVAEConfig, adversarial(FactorVAE), "factor-vae"
)
