"""NashAE without its predictors: the covariances of the codes themselves are lowered."""

from apps.recipes.method import Method
from nashae_baselines import CovarianceAutoencoder, CovarianceAutoencoderConfig

COVARIANCE = Method(
    name="covariance",
    family="Covariance",
    config=CovarianceAutoencoderConfig,
    build=lambda config, networks, m, generator: CovarianceAutoencoder(
        *networks.autoencoder(m, generator), config
    ),
    counting_rule="nashae",
    weight_name="lam",
    symbol="λ",
)
