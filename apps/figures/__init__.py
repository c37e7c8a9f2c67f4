"""Run folders to pictures: each function takes runs and gives a matplotlib figure."""

from apps.figures.files import write_figure
from apps.figures.latent_space import latent_space
from apps.figures.learning_curves import learning_curves
from apps.figures.traversal import traversal
from apps.figures.true_against_predicted import true_against_predicted

__all__ = [
    "latent_space",
    "learning_curves",
    "traversal",
    "true_against_predicted",
    "write_figure",
]
