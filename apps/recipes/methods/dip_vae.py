"""DIP-VAE I and II, which differ by whose covariances they penalise."""

from dataclasses import replace

from apps.recipes.method import Method
from nashae_baselines import DIPVAE, DIPVAEConfig

DIP_VAE_I = Method(
    name="dip-vae-i",
    family="DIP-VAE I",
    config=DIPVAEConfig,
    build=lambda config, networks, m, generator: DIPVAE(
        *networks.variational(m, generator), config
    ),
    counting_rule="beta-vae",
    weight_name="off_diagonal",
    symbol="λ",
    fixed={"kind": "i"},
)
DIP_VAE_II = replace(DIP_VAE_I, name="dip-vae-ii", family="DIP-VAE II", fixed={"kind": "ii"})
