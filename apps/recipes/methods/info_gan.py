"""InfoGAN."""

from apps.recipes.method import Method
from nashae_baselines import InfoGAN, InfoGANConfig

INFO_GAN = Method(
    "info-gan",
    "InfoGAN",
    InfoGANConfig,
    lambda config, networks, m, generator: InfoGAN(
        networks.gaussian_encoder(2 * m, generator),
        networks.gaussian_decoder(m + config.noise, generator),
        networks.gaussian_encoder(1, generator),
        m,
        config,
    ),
    counting_rule="std",
    weight_name="lam",
    symbol="λ",
)
