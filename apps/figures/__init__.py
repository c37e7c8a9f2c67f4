"""Figures of runs: each function takes run folders or rows and returns a matplotlib figure."""

from apps.figures.attribute_traversal import draw_attribute_traversals
from apps.figures.factor_map import draw_factor_map, factor_map
from apps.figures.files import write_figure
from apps.figures.image_traversal import draw_image_traversal
from apps.figures.latent_counts import draw_latent_counts
from apps.figures.latent_space import latent_space
from apps.figures.learning_curves import learning_curves
from apps.figures.tad_over_images import draw_tad_over_images
from apps.figures.traversal import traversal
from apps.figures.true_against_predicted import true_against_predicted
from apps.figures.weight_scan import draw_weight_scan

__all__ = [
    "draw_attribute_traversals",
    "draw_factor_map",
    "draw_image_traversal",
    "draw_latent_counts",
    "draw_tad_over_images",
    "draw_weight_scan",
    "factor_map",
    "latent_space",
    "learning_curves",
    "traversal",
    "true_against_predicted",
    "write_figure",
]
