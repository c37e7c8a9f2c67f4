"""What NashAE is compared with: variational autoencoders for disentanglement."""

from importlib.metadata import version

from nashae_baselines.losses import (
    bernoulli_nll,
    beta_vae_loss,
    gaussian_kl,
    gaussian_nll,
    sampled_kl,
)
from nashae_baselines.vae import VAE, Posterior, VAEConfig, VAEOutput

__version__ = version("nashae-baselines")

__all__ = [
    "VAE",
    "Posterior",
    "VAEConfig",
    "VAEOutput",
    "bernoulli_nll",
    "beta_vae_loss",
    "gaussian_kl",
    "gaussian_nll",
    "sampled_kl",
]
