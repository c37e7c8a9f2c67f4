"""What NashAE is compared with: variational autoencoders for disentanglement."""

from importlib.metadata import version

from nashae_baselines.beta_tcvae import BetaTCVAE, BetaTCVAEConfig
from nashae_baselines.factor_vae import FactorVAE, FactorVAEConfig, discriminator
from nashae_baselines.gaussian_vae import GaussianVAE, Posterior, VAEOutput
from nashae_baselines.losses import (
    KLTerms,
    bernoulli_nll,
    beta_vae_loss,
    discriminator_loss,
    gaussian_kl,
    gaussian_nll,
    kl_terms,
    permuted,
    sampled_kl,
)
from nashae_baselines.vae import VAE, VAEConfig

__version__ = version("nashae-baselines")

__all__ = [
    "VAE",
    "BetaTCVAE",
    "BetaTCVAEConfig",
    "FactorVAE",
    "FactorVAEConfig",
    "GaussianVAE",
    "KLTerms",
    "Posterior",
    "VAEConfig",
    "VAEOutput",
    "bernoulli_nll",
    "beta_vae_loss",
    "discriminator",
    "discriminator_loss",
    "gaussian_kl",
    "gaussian_nll",
    "kl_terms",
    "permuted",
    "sampled_kl",
]
