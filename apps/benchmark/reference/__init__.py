"""References of the benchmark: methods in plain PyTorch, metrics as loops of scikit-learn.

Tests check that ours give the same losses, parameters and scores.
"""

from apps.benchmark.reference.beta_tcvae import PlainBetaTCVAE
from apps.benchmark.reference.conv import conv_networks
from apps.benchmark.reference.factor_vae import PlainFactorVAE
from apps.benchmark.reference.nashae import PlainNashAE
from apps.benchmark.reference.vae import PlainGaussianVAE, PlainVAE

__all__ = [
    "PlainBetaTCVAE",
    "PlainFactorVAE",
    "PlainGaussianVAE",
    "PlainNashAE",
    "PlainVAE",
    "conv_networks",
]
