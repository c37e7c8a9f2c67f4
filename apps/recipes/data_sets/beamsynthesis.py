"""Beamsynthesis: computed waveforms with two factors."""

from typing import Any

from torch import Tensor

from apps.recipes.data_set import DataSet, Setting
from apps.recipes.inputs import waveforms
from apps.recipes.networks import Layers, perceptrons
from nashae_baselines import (
    AAEConfig,
    AnnealedVAEConfig,
    BetaTCVAEConfig,
    CovarianceAutoencoderConfig,
    DIPVAEConfig,
    FactorVAEConfig,
    InfoGANConfig,
    VAEConfig,
)
from nashae_core import NashAEConfig, TrainConfig
from nashae_data import BEAMSYNTHESIS_MEAN, BEAMSYNTHESIS_STD, beamsynthesis

WAVEFORMS = 360

BEAMSYNTHESIS = DataSet(
    name="beamsynthesis",
    title="Beamsynthesis",
    load=lambda *_: beamsynthesis(),
    observations=WAVEFORMS,
    inputs=waveforms(BEAMSYNTHESIS_MEAN, BEAMSYNTHESIS_STD),
    networks=perceptrons(1000, Layers((200, 80, 40), "selu"), Layers((40, 80, 200), "selu")),
    latents=4,
    train=TrainConfig(),
    kept=("factors", "values"),
    table="table1",
    settings=(
        Setting(NashAEConfig(lam=0.2), "as the paper's Table 1 and Figure 3 have it"),
        Setting(VAEConfig(beta=100.0, lr=0.01), "as the paper's Table 1 and Figure 3 have it"),
        Setting(
            BetaTCVAEConfig(observations=WAVEFORMS, beta=75.0, lr=0.01),
            "as the paper's Table 1 has it",
        ),
        Setting(FactorVAEConfig(beta=75.0, lr=1e-4), "as the paper's Table 1 has it"),
        Setting(
            DIPVAEConfig(off_diagonal=10.0, diagonal=100.0, kind="i", lr=0.01),
            "with its authors' weights, λ_d = 100",
        ),
        Setting(
            DIPVAEConfig(off_diagonal=10.0, diagonal=10.0, kind="ii", lr=0.01),
            "with its authors' weights, λ_d = 10",
        ),
        Setting(
            AnnealedVAEConfig(capacity=6.0, warm_up=500, lr=5e-4),
            "with a capacity of 6 nats, because log 360 nats identify a waveform",
        ),
        Setting(AAEConfig(beta=75.0, lr=1e-4), "with the weight of FactorVAE there"),
        Setting(InfoGANConfig(lr=1e-3, discriminator_lr=2e-4), "with its authors' settings"),
        Setting(
            CovarianceAutoencoderConfig(lam=0.2),
            "NashAE without its predictors: an ablation with the same weight",
        ),
    ),
)


def normalised(observations: Any) -> Tensor:
    """Waveforms (n, samples) as the networks see them."""
    x = BEAMSYNTHESIS.inputs.of(observations, "cpu")
    assert isinstance(x, Tensor)
    return x
