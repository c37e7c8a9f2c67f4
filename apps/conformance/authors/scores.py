"""Scores of the same codes by our metrics and by the authors' functions and notebooks.

The cells of their notebooks are read from the checkout and run unchanged, with codes, factors and a
mock of the plots as their variables.
"""

import contextlib
import io
import re
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple
from unittest import mock

import numpy as np
import torch

from apps.conformance.authors.code import AuthorsCode, double_precision
from apps.conformance.authors.settings import cells
from apps.conformance.representations import IMAGES, factors_of, rotation
from nashae_data import beamsynthesis
from nashae_metrics import beta_vae, learned_latents, predictability, tad
from nashae_metrics.attributes.redundancy import redundancy
from nashae_metrics.intervention.linear_classifier import adagrad_softmax

ROWS = 1000
IMAGES_SCORED = 500  # their loops take 50 ms for each pair of a latent and one of 40 attributes
# The notebooks' β-VAE metrics draw pairs of their own; compared are means over so many seeds.
SEEDS = 2


class Compared(NamedTuple):
    """A score of the same codes. `tolerance` allows for rounding, or for chance in drawn scores."""

    name: str
    theirs: float
    ours: float
    tolerance: float
    remark: str = ""

    @property
    def agrees(self) -> bool:
        """Whether the two are within the tolerance."""
        return bool(abs(self.theirs - self.ours) <= self.tolerance)


def compared_scores(code: AuthorsCode, authors: Path) -> Iterator[Compared]:
    """Every score of the authors, and ours."""
    yield from counts(authors)
    yield from squared_correlations(code, authors)
    yield from tad_scores(code, authors)
    yield from beta_vae_scores(code, authors)


def counts(authors: Path) -> Iterator[Compared]:
    """The learned latents by the rule of each notebook."""
    rng = np.random.default_rng(0)
    codes = (rng.random((ROWS, 10)) * np.linspace(0.05, 0.5, 10)).astype(np.float32)
    means = (rng.normal(size=(ROWS, 10)) * np.linspace(0.05, 1.5, 10)).astype(np.float32)
    deviations = rng.uniform(0.8, 1.2, (ROWS, 10)).astype(np.float32)
    deviations *= np.linspace(0.2, 1.1, 10, dtype=np.float32)
    ours = {
        "nashae": learned_latents(codes).score,
        "beta-vae": learned_latents(means, rule="beta-vae", variances=deviations**2).score,
        "factor-vae": learned_latents(means, rule="factor-vae").score,
    }
    for notebook, marks in {
        "ae_script_beamsynthesis": {"Learned Features": "nashae"},
        "ae_script_dsprites": {"NashAE Count": "nashae"},
        "vae_script_beamsynthesis": {"BetaVAE": "beta-vae", "FactorVAE": "factor-vae"},
        "vae_script_dsprites": {"BetaVAE": "beta-vae", "FactorVAE": "factor-vae"},
    }.items():
        of_nashae = "nashae" in marks.values()
        names = {
            "z_scores": torch.tensor(codes if of_nashae else means),
            "std_scores": torch.tensor(deviations),
            "seed": 0,
        }
        printed = _run(_cell(authors, notebook, r"(Learned Features|Count): \""), names)
        for mark, rule in marks.items():
            match = re.search(rf"{mark}.*?:\s+(\d+)", printed)
            assert match is not None
            yield Compared(f"learned latents, {notebook}, {rule}", int(match[1]), ours[rule], 0)


def squared_correlations(code: AuthorsCode, authors: Path) -> Iterator[Compared]:
    """R² of latents and their predictions, as in the notebooks of NashAE."""
    rng = np.random.default_rng(1)
    for notebook, m, rows in (
        ("ae_script_beamsynthesis", 4, 100),
        ("ae_script_dsprites", 10, ROWS),
        ("ae_script_celeba", 32, ROWS),
    ):
        # Latents from inactive to wide, predictions from good to nearly constant.
        codes = rng.random((rows, m)) * np.geomspace(0.005, 1, m)
        predictions = 0.5 + np.geomspace(0.5, 1e-3, m) * (codes + 0.1 * rng.normal(size=(rows, m)))
        titles = list[str]()
        axis = mock.MagicMock()
        axis.set_title.side_effect = titles.append
        axis.__getitem__.return_value = axis
        names = {
            "z_scores": torch.tensor(codes),
            "z_pred_scores": torch.tensor(predictions),
            "ae": SimpleNamespace(z_dim=m),
            "plt": _plots(axis),
        }
        with _importable(code):
            printed = _run(_cell(authors, notebook, r"rho2 ="), names)
        least = 0.01 if notebook == "ae_script_celeba" else 0.0
        result = predictability(codes, predictions, active="constant", min_deviation=least)
        # Ours is the square of Pearson's correlation; their deviations are over n - 1.
        biased = result.r2 * ((rows - 1) / rows) ** 2
        theirs = [float(title.removeprefix("R2: ")) for title in titles]
        worst = int(np.abs(biased - theirs).argmax())
        remark = "of a latent, printed to 3 digits; ours times ((n − 1)/n)²"
        yield Compared(f"R², {notebook}", theirs[worst], float(biased[worst]), 5.1e-4, remark)
        if least:
            mean = float(biased.mean())
            remark = "mean over all latents; ours times ((n − 1)/n)²"
            yield Compared(f"R², {notebook}", float(printed), mean, 1e-6, remark)


def tad_scores(code: AuthorsCode, authors: Path) -> Iterator[Compared]:
    """AUROC from a grid, the filter of attributes, and TAD, as in the notebook of CelebA."""
    rng = np.random.default_rng(2)
    attributes = rng.random((IMAGES_SCORED, 40)) < rng.uniform(0.05, 0.95, 40)
    # Each of these two predicts the other.
    attributes[:, 3] = attributes[:, 2] ^ (rng.random(IMAGES_SCORED) < 0.1)
    codes = rng.normal(size=(IMAGES_SCORED, 5)) * [1, 1, 1, 1, 0.01]
    codes[:, :4] += np.array([3, -3, 2, 1.5]) * attributes[:, :4]
    squashed = 1 / (1 + np.exp(-4 * codes))  # saturated like NashAE's codes; the last is inactive
    means = codes
    sampled = means + 0.3 * rng.normal(size=means.shape)
    for name, z, own in (
        ("NashAE", squashed, None),
        ("β-VAE", sampled, means),
        ("FactorVAE", sampled, None),
    ):
        z32, own32 = z.astype(np.float32), None if own is None else own.astype(np.float32)
        theirs, (score, counted) = _their_tad(code, authors, z32, own32, attributes)
        ours = tad(z32, attributes, protocol="yeats2022", means=own32)
        apart = np.abs(ours.auroc.T - theirs["au_result"].numpy())
        worst = np.unravel_index(apart.argmax(), apart.shape)
        yield Compared(
            f"AUROC, {name}",
            float(theirs["au_result"][worst]),
            float(ours.auroc.T[worst]),
            1.001 / min(attributes.sum(0).min(), (~attributes).sum(0).min()),
            "the pair of latent and attribute with the largest difference; tolerance: one image",
        )
        yield Compared(f"attributes counted, {name}", counted, int(ours.counted.sum()), 0)
        yield Compared(f"TAD, {name}", score, ours.score, 0.005)
    removed = redundancy(attributes)
    shares = theirs["ent_red_prop"].numpy()
    worst_share = int(np.abs(removed - shares).argmax())
    yield Compared(
        "share of an attribute's entropy that another removes",
        float(shares[worst_share]),
        float(removed[worst_share]),
        1e-4,
        "the attribute with the largest difference",
    )


def _their_tad(
    code: AuthorsCode,
    authors: Path,
    codes: np.ndarray,
    means: np.ndarray | None,
    attributes: np.ndarray,
) -> tuple[dict[str, Any], tuple[float, int]]:
    models = code.models
    # Their code takes the extremes of the means only for `VAE` itself, not for its subclasses.
    ae = models.VAE.__new__(models.VAE if means is not None else models.FACTOR_VAE)
    torch.nn.Module.__init__(ae)
    ae.device, ae.z_dim, ae.forward = "cpu", codes.shape[1], lambda x: x
    ae.z = torch.tensor(codes)
    ae.mu = ae.z if means is None else torch.tensor(means)
    labels = torch.tensor(attributes.astype(np.int64))
    with contextlib.redirect_stdout(io.StringIO()):
        au_result, base_rates, _ = models.aurocs_search([(ae.z, labels)], ae)
    names: dict[str, Any] = {"au_result": au_result, "base_rates": base_rates, "targ": labels}
    names |= {"torch": torch, "tags": models.tags, "plt": _plots(mock.MagicMock())}
    wanted = ("mi_mat =", "aurs_diffs =", "ent_red_thresh =", "aurs_diffs_filt =", "TAD SCORE")
    for pattern in wanted:
        printed = _run(_cell(authors, "celeba_eval", pattern), names)
    match = re.search(r"TAD SCORE:\s+(\S+) Attributes Captured:\s+(\d+)", printed)
    assert match is not None
    return names, (float(match[1]), int(match[2]))


def beta_vae_scores(code: AuthorsCode, authors: Path) -> Iterator[Compared]:
    """The classifier of the β-VAE metric on the same points, and the whole metric by seeds."""
    with double_precision():
        yield _classifier(code)
    rng = np.random.default_rng(3)
    # Noisy enough for a score below 1.
    waves = beamsynthesis()
    frequency, duty = waves.factors.T
    noisy = np.column_stack([frequency / 2, duty / 119]) + 0.5 * rng.normal(size=(360, 2))
    codes = np.column_stack([noisy, 0.3 * noisy.sum(1), np.full(360, 0.5)])
    factors = factors_of(np.arange(IMAGES))
    sprites = 0.15 * (rotation(factors) + rng.normal(size=(IMAGES, 5)))
    for data, run, ours in (
        (
            "beamsynthesis",
            partial(_beamsynthesis_cells, code, authors, codes, waves.values),
            (codes, waves.factors),
        ),
        ("dsprites", partial(_sprite_cells, code, authors, sprites), (sprites, factors)),
    ):
        theirs = []
        for seed in range(SEEDS):
            np.random.seed(seed)  # noqa: NPY002 (their code draws by it)
            torch.manual_seed(seed)
            theirs.append(run())
        result = beta_vae(
            *ours,
            protocol=f"yeats2022-{data}",
            active=np.ones(ours[0].shape[1], dtype=bool),
            rng=np.random.default_rng(0),
            repeats=SEEDS,
        )
        spread = np.var(theirs, ddof=1) + np.var(result.scores, ddof=1)
        yield Compared(
            f"β-VAE metric, ae_script_{data}",
            float(np.mean(theirs)),
            result.score,
            3 * float(np.sqrt(spread / SEEDS)) + 1e-3,
            f"means of {SEEDS} seeds, each with its own pairs; tolerance: three standard errors",
        )


def _classifier(code: AuthorsCode) -> Compared:
    rng = np.random.default_rng(4)
    points = rng.random((500, 1, 6)) * np.linspace(0.1, 1, 6)
    classes = rng.integers(4, size=500)
    points[np.arange(500), 0, classes] *= 0.3
    theirs = code.models.DisentanglementMetric(6, 4, lr=1.0)
    with torch.no_grad():
        for parameter in theirs.parameters():
            parameter.zero_()
    for step, (point, factor) in enumerate(zip(points, classes, strict=True)):
        if step == 400:
            theirs.set_lr(0.05)
        theirs.fit_batch(int(factor), torch.tensor(point))
    weights = adagrad_softmax(points[:, 0], classes, number=4, phases=((1.0, 0.8), (0.05, 0.2)))
    plain = np.column_stack([theirs.w.weight.detach(), theirs.w.bias.detach()])
    worst = np.unravel_index(np.abs(plain - weights).argmax(), plain.shape)
    return Compared(
        "β-VAE metric, the classifier's weights after 500 points",
        float(plain[worst]),
        float(weights[worst]),
        1e-9,
        "from 0 on the same points; theirs starts at random, ours at 0",
    )


def _beamsynthesis_cells(
    code: AuthorsCode, authors: Path, codes: np.ndarray, values: np.ndarray
) -> float:
    names: dict[str, Any] = {"n_lat": codes.shape[1], "latent": codes, "torch": torch}
    # The duty cycle as read from the decimals in a file's name.
    frequency, duty = values[:, 0], np.round(values[:, 1], 3)
    names |= {"param1": frequency, "param2": duty, "plt": _plots(mock.MagicMock())}
    return _accuracy(code, authors, "ae_script_beamsynthesis", names)


def _sprite_cells(code: AuthorsCode, authors: Path, codes: np.ndarray) -> float:
    with _importable(code), mock.patch.dict(sys.modules, {"matplotlib": mock.MagicMock()}):
        from dsprites import DSPRITES  # type: ignore[import-not-found]
    # Its images are indices, by which the encoder looks up codes.
    data = DSPRITES.__new__(DSPRITES)
    data.imgs, data.latents_values = np.arange(IMAGES), np.empty(IMAGES)
    data.latents_sizes = np.array([1, 3, 6, 40, 32, 32])
    data.latents_bases = np.concatenate([data.latents_sizes[::-1].cumprod()[::-1][1:], [1]])
    data.transform = torch.from_numpy
    table = torch.tensor(codes, dtype=torch.float32)

    def same(x: torch.Tensor) -> torch.Tensor:
        return x

    ae = SimpleNamespace(inp_norm=same, z_act=same, enc=lambda images: table[images])
    names: dict[str, Any] = {"n_lat": codes.shape[1], "dataset": data, "ae": ae, "torch": torch}
    names |= {"device": "cpu", "plt": _plots(mock.MagicMock())}
    return _accuracy(code, authors, "ae_script_dsprites", names)


def _accuracy(code: AuthorsCode, authors: Path, notebook: str, names: dict[str, Any]) -> float:
    with _importable(code):
        for pattern in (r"dm = DM\(", r"losses\[i\] = loss", r"print\(\"Acc"):
            printed = _run(_cell(authors, notebook, pattern), names)
    return float(printed.split("Acc: ")[1]) / 100


def _cell(authors: Path, notebook: str, pattern: str) -> str:
    for cell in cells(authors, notebook):
        if re.search(pattern, cell):
            return cell
    raise ValueError(f"authors must hold {notebook}.ipynb with a cell of {pattern!r}; it has none")


def _run(cell: str, names: dict[str, Any]) -> str:
    """Run a cell; returns what it prints."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(cell, "<their cell>", "exec"), names)
    return printed.getvalue()


@contextlib.contextmanager
def _importable(code: AuthorsCode) -> Iterator[None]:
    """Make their modules importable by the names that the notebooks use."""
    folder = str(Path(code.models.__file__).parent)
    sys.path.insert(0, folder)
    try:
        yield
    finally:
        sys.path.remove(folder)


def _plots(axis: Any) -> Any:
    plots = mock.MagicMock()
    plots.subplots.return_value = (mock.MagicMock(), axis)
    return plots
