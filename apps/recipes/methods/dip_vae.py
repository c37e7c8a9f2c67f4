"""DIP-VAE I and II, which differ by whose covariances they penalise."""

from dataclasses import replace

from apps.recipes.method import Method, variational
from nashae_baselines import DIPVAE, DIPVAEConfig

_DIP_VAE = Method(
    "dip-vae",
    "DIP-VAE",
    DIPVAEConfig,
    variational(DIPVAE),
    counting_rule="beta-vae",
    weight_name="off_diagonal",
    symbol="λ",
)
DIP_VAE_I = replace(_DIP_VAE, name="dip-vae-i", family="DIP-VAE I", fixed={"kind": "i"})
DIP_VAE_II = replace(_DIP_VAE, name="dip-vae-ii", family="DIP-VAE II", fixed={"kind": "ii"})
