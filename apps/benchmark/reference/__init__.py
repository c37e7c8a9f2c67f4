"""The methods in plain PyTorch: what our steps are timed against.

The benchmark times them, and the tests check that ours give the same losses and weights.
"""

from apps.benchmark.reference.beta_tcvae import PlainBetaTCVAE
from apps.benchmark.reference.factor_vae import PlainFactorVAE
from apps.benchmark.reference.nashae import PlainNashAE
from apps.benchmark.reference.vae import PlainGaussianVAE, PlainVAE

__all__ = ["PlainBetaTCVAE", "PlainFactorVAE", "PlainGaussianVAE", "PlainNashAE", "PlainVAE"]
