"""Scores of disentangled representations: codes (n, m) and the truth in, a frozen result back."""

from importlib.metadata import version

from nashae_metrics.active_latents import ActiveLatents
from nashae_metrics.auroc import auroc
from nashae_metrics.beta_vae import BetaVAEProtocol, BetaVAEScore, beta_vae
from nashae_metrics.learned_latents import LearnedLatents, learned_latents
from nashae_metrics.mig import MIGScore, mig
from nashae_metrics.predictability import Predictability, predictability
from nashae_metrics.tad import TADScore, tad

__version__ = version("nashae-metrics")

__all__ = [
    "ActiveLatents",
    "BetaVAEProtocol",
    "BetaVAEScore",
    "LearnedLatents",
    "MIGScore",
    "Predictability",
    "TADScore",
    "auroc",
    "beta_vae",
    "learned_latents",
    "mig",
    "predictability",
    "tad",
]
