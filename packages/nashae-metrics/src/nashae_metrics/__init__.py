"""Scores of disentangled representations: codes (n, m) and the truth in, a frozen result back."""

from importlib.metadata import version

from nashae_metrics.attributes.auroc import auroc
from nashae_metrics.attributes.noise_floor import NoiseFloor
from nashae_metrics.attributes.tad import TADScore, tad
from nashae_metrics.correlation.mcc import MCCScore, mcc
from nashae_metrics.correlation.predictability import Predictability, predictability
from nashae_metrics.correlation.total_correlation import TotalCorrelationScore, total_correlation
from nashae_metrics.correlation.udr import UDRScore, udr
from nashae_metrics.correlation.wasserstein_correlation import (
    WassersteinCorrelationScore,
    wasserstein_correlation,
)
from nashae_metrics.ground.active_latents import ActiveLatents
from nashae_metrics.ground.intervals import Bootstrap, Interval
from nashae_metrics.ground.learned_latents import LearnedLatents, learned_latents
from nashae_metrics.ground.metric import Metric
from nashae_metrics.ground.not_applicable import NotApplicable
from nashae_metrics.ground.score import Score
from nashae_metrics.ground.splits import SplitSizes
from nashae_metrics.information.dcimig import DCIMIGScore, dcimig
from nashae_metrics.information.infomec import InfoMECScore, infomec
from nashae_metrics.information.jemmig import JEMMIGScore, jemmig
from nashae_metrics.information.mig import MIGScore, mig
from nashae_metrics.information.mig_sup import MIGSupScore, mig_sup
from nashae_metrics.information.modularity import ModularityScore, modularity
from nashae_metrics.information.mutual_information import MutualInformationScore, mutual_information
from nashae_metrics.information.rmig import RMIGScore, rmig
from nashae_metrics.intervention.beta_vae import BetaVAEScore, beta_vae, upper_half
from nashae_metrics.intervention.beta_vae_protocols import BetaVAEProtocol
from nashae_metrics.intervention.factor_vae import FactorVAEScore, factor_vae
from nashae_metrics.intervention.factor_vae_protocols import FactorVAEProtocol
from nashae_metrics.intervention.irs import IRSScore, irs
from nashae_metrics.prediction.dci import DCIScore, dci
from nashae_metrics.prediction.dci_es import DCIESScore, dci_es
from nashae_metrics.prediction.explicitness import ExplicitnessScore, explicitness
from nashae_metrics.prediction.sap import SAPScore, sap
from nashae_metrics.report.catalogue import METRICS
from nashae_metrics.report.evaluate import evaluate
from nashae_metrics.report.evaluation import Evaluation, Row

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
