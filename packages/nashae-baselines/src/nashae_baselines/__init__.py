"""What NashAE is compared with: autoencoders and a generator for disentanglement."""

from importlib.metadata import version

from nashae_baselines.aae import AAE, AAEConfig
from nashae_baselines.annealed_vae import AnnealedVAE, AnnealedVAEConfig
from nashae_baselines.beta_tcvae import BetaTCVAE, BetaTCVAEConfig
from nashae_baselines.covariance_autoencoder import (
    CovarianceAutoencoder,
    CovarianceAutoencoderConfig,
)
from nashae_baselines.decomposition import KLTerms, kl_terms
from nashae_baselines.dip_vae import DIPVAE, DIPVAEConfig
from nashae_baselines.discriminators import discriminator
from nashae_baselines.factor_vae import FactorVAE, FactorVAEConfig
from nashae_baselines.gaussian_coder import GaussianCoder, Posterior
from nashae_baselines.gaussian_vae import GaussianVAE, VAEOutput
from nashae_baselines.info_gan import InfoGAN, InfoGANConfig
from nashae_baselines.losses import (
    annealed_vae_loss,
    bernoulli_nll,
    beta_vae_loss,
    code_covariance,
    code_nll,
    covariance_penalty,
    dip_penalty,
    discriminator_loss,
    gaussian_kl,
    gaussian_nll,
    generator_loss,
    permuted,
    sampled_kl,
)
from nashae_baselines.vae import VAE, VAEConfig

__version__ = version("nashae-baselines")

__all__ = [
    "AAE",
    "DIPVAE",
    "VAE",
    "AAEConfig",
    "AnnealedVAE",
    "AnnealedVAEConfig",
    "BetaTCVAE",
    "BetaTCVAEConfig",
    "CovarianceAutoencoder",
    "CovarianceAutoencoderConfig",
    "DIPVAEConfig",
    "FactorVAE",
    "FactorVAEConfig",
    "GaussianCoder",
    "GaussianVAE",
    "InfoGAN",
    "InfoGANConfig",
    "KLTerms",
    "Posterior",
    "VAEConfig",
    "VAEOutput",
    "annealed_vae_loss",
    "bernoulli_nll",
    "beta_vae_loss",
    "code_covariance",
    "code_nll",
    "covariance_penalty",
    "dip_penalty",
    "discriminator",
    "discriminator_loss",
    "gaussian_kl",
    "gaussian_nll",
    "generator_loss",
    "kl_terms",
    "permuted",
    "sampled_kl",
]
