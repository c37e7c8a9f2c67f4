"""TAD against the number of images, by protocol."""

import numpy as np
from matplotlib.figure import Figure

from apps.figures.runs import code_array, learned
from apps.figures.style import PALETTE, styled
from apps.runs.folder import RunFolder
from nashae_metrics import tad

COUNTS = (500, 1000, 2000, 5000, 10_000, 20_000, 50_000, 100_000, 200_000)
DRAWS = 20
PROTOCOLS = {"exact": "exact AUROC", "yeats2022": "the authors' grid"}


@styled
def draw_tad_over_images(run: RunFolder) -> Figure:
    """TAD of one run against the number of images, by the exact and by the authors' AUROC.

    Each point is the mean of 20 draws without replacement, with a band of one standard deviation;
    the dashed line is the exact score of all images. Scored are the learned latents, of VAEs by
    their posterior means.

    Raises `ValueError` for a run on data without attributes, or with fewer than 1000 images.
    """
    codes, attributes = code_array(run, "codes"), code_array(run, "attributes")
    counts = [n for n in COUNTS if n < len(codes)]
    if len(counts) < 2:
        raise ValueError(f"{run.path} has {len(codes)} images: more than 1000 are needed")
    active, rng = learned(run).active, np.random.default_rng(0)
    figure = Figure(figsize=(4.2, 2.8))
    axis = figure.subplots()
    for colour, (protocol, label) in zip(PALETTE, PROTOCOLS.items(), strict=False):
        scores = np.array(
            [
                [
                    tad(
                        codes,
                        attributes,
                        protocol=protocol,
                        active=active,
                        samples=n,
                        rng=rng,
                        bootstrap=None,
                        noise_repetitions=0,
                    ).score
                    for _ in range(DRAWS)
                ]
                for n in counts
            ]
        )
        mean, deviation = scores.mean(1), scores.std(1, ddof=1)
        axis.plot(counts, mean, marker="o", markersize=3, color=colour, label=label)
        axis.fill_between(
            counts, mean - deviation, mean + deviation, color=colour, alpha=0.2, linewidth=0
        )
    whole = tad(codes, attributes, active=active, bootstrap=None).score
    axis.axhline(whole, color="black", linestyle="--", linewidth=0.8, label="exact, all images")
    axis.set(xscale="log", xlabel="images", ylabel="TAD", ylim=(0, None))
    axis.set_xticks(counts, [f"{n:,}" for n in counts], rotation=30)
    axis.minorticks_off()
    axis.legend()
    figure.suptitle(run.recipe.title)
    return figure
