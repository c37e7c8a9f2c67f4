"""β-VAE."""

from apps.recipes.method import Method, variational
from nashae_baselines import VAE, VAEConfig

BETA_VAE = Method("beta-vae", "β-VAE", VAEConfig, variational(VAE), counting_rule="beta-vae")
