"""NashAE without its predictors: the covariances of the codes themselves are lowered."""

from apps.recipes.method import Method, autoencoder
from nashae_baselines import CovarianceAutoencoder, CovarianceAutoencoderConfig

COVARIANCE = Method(
    "covariance",
    "Covariance",
    CovarianceAutoencoderConfig,
    autoencoder(CovarianceAutoencoder),
    counting_rule="nashae",
    weight_name="lam",
    symbol="λ",
)
