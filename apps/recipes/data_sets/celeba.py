"""CelebA: photographs of faces with forty attributes, read from disk."""

from apps.recipes.data_set import DataSet, Setting
from apps.recipes.inputs import colour_images
from apps.recipes.networks import convolutions
from nashae_baselines import BetaTCVAEConfig, FactorVAEConfig, VAEConfig
from nashae_core import NashAEConfig, TrainConfig
from nashae_data import celeba

IMAGES = 202_599


def face_settings(observations: int, note: str) -> tuple[Setting, ...]:
    """The paper's settings of Table 3, for so many faces."""
    return (
        Setting(NashAEConfig(lam=0.2), note),
        Setting(VAEConfig(beta=100.0, lr=1e-3), note),
        Setting(BetaTCVAEConfig(observations=observations, beta=15.0, lr=1e-3), note),
        Setting(FactorVAEConfig(beta=15.0, lr=1e-4), note),
    )


CELEBA = DataSet(
    name="celeba",
    title="CelebA",
    load=lambda root, on_faces: celeba(root, on_progress=on_faces),
    observations=IMAGES,
    # The authors' colours, in their crops of 64 × 64 pixels.
    inputs=colour_images((0.5337, 0.4157, 0.3562), (0.2956, 0.2581, 0.2477)),
    networks=convolutions(),
    latents=32,
    train=TrainConfig(steps=4000, batch_size=200, record_every=20, channels_last=True),  # authors'
    kept=("attributes",),
    on_disk=True,
    table="table3",
    settings=face_settings(IMAGES, "as the paper's Table 3 has it"),
)
