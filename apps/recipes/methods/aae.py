"""The adversarial autoencoder."""

from apps.recipes.method import Method, adversarial
from nashae_baselines import AAE, AAEConfig

AAE_METHOD = Method("aae", "AAE", AAEConfig, adversarial(AAE), counting_rule="factor-vae")
