"""Scores of disentangled representations: codes (n, m) and the truth in, a frozen result back."""

from importlib.metadata import version

from nashae_metrics.active_latents import ActiveLatents
from nashae_metrics.auroc import auroc
from nashae_metrics.beta_vae import BetaVAEScore, beta_vae, upper_half
from nashae_metrics.beta_vae_protocols import BetaVAEProtocol
from nashae_metrics.catalogue import METRICS, Metric
from nashae_metrics.dci import DCIScore, dci
from nashae_metrics.dci_es import DCIESScore, dci_es
from nashae_metrics.dcimig import DCIMIGScore, dcimig
from nashae_metrics.evaluate import evaluate
from nashae_metrics.evaluation import Evaluation, Row
from nashae_metrics.explicitness import ExplicitnessScore, explicitness
from nashae_metrics.factor_vae import FactorVAEProtocol, FactorVAEScore, factor_vae
from nashae_metrics.infomec import InfoMECScore, infomec
from nashae_metrics.intervals import Bootstrap, Interval
from nashae_metrics.irs import IRSScore, irs
from nashae_metrics.jemmig import JEMMIGScore, jemmig
from nashae_metrics.learned_latents import LearnedLatents, learned_latents
from nashae_metrics.mcc import MCCScore, mcc
from nashae_metrics.mig import MIGScore, mig
from nashae_metrics.mig_sup import MIGSupScore, mig_sup
from nashae_metrics.modularity import ModularityScore, modularity
from nashae_metrics.mutual_information import MutualInformationScore, mutual_information
from nashae_metrics.noise_floor import NoiseFloor
from nashae_metrics.not_applicable import NotApplicable
from nashae_metrics.predictability import Predictability, predictability
from nashae_metrics.rmig import RMIGScore, rmig
from nashae_metrics.sap import SAPScore, sap
from nashae_metrics.score import Score
from nashae_metrics.splits import SplitSizes
from nashae_metrics.tad import TADScore, tad
from nashae_metrics.total_correlation import TotalCorrelationScore, total_correlation
from nashae_metrics.udr import UDRScore, udr
from nashae_metrics.wasserstein_correlation import (
    WassersteinCorrelationScore,
    wasserstein_correlation,
)

__version__ = version("nashae-metrics")

__all__ = [
    "METRICS",
    "ActiveLatents",
    "BetaVAEProtocol",
    "BetaVAEScore",
    "Bootstrap",
    "DCIESScore",
    "DCIMIGScore",
    "DCIScore",
    "Evaluation",
    "ExplicitnessScore",
    "FactorVAEProtocol",
    "FactorVAEScore",
    "IRSScore",
    "InfoMECScore",
    "Interval",
    "JEMMIGScore",
    "LearnedLatents",
    "MCCScore",
    "MIGScore",
    "MIGSupScore",
    "Metric",
    "ModularityScore",
    "MutualInformationScore",
    "NoiseFloor",
    "NotApplicable",
    "Predictability",
    "RMIGScore",
    "Row",
    "SAPScore",
    "Score",
    "SplitSizes",
    "TADScore",
    "TotalCorrelationScore",
    "UDRScore",
    "WassersteinCorrelationScore",
    "auroc",
    "beta_vae",
    "dci",
    "dci_es",
    "dcimig",
    "evaluate",
    "explicitness",
    "factor_vae",
    "infomec",
    "irs",
    "jemmig",
    "learned_latents",
    "mcc",
    "mig",
    "mig_sup",
    "modularity",
    "mutual_information",
    "predictability",
    "rmig",
    "sap",
    "tad",
    "total_correlation",
    "udr",
    "upper_half",
    "wasserstein_correlation",
]
