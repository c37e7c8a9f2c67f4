"""The comparison with the authors' code as a section in Markdown."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from unittest import mock

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from torch import Tensor

from apps.conformance.authors.code import AuthorsCode, authors_code
from apps.conformance.authors.data import raw_observations
from apps.conformance.authors.scores import Compared, compared_scores
from apps.conformance.authors.settings import optimisers, our_settings, their_settings
from apps.conformance.authors.steps import QUANTITIES, STEPS, Comparison, compared_training
from apps.conformance.authors.weights import Layer, Numbers, initial_layers, moments
from apps.recipes import RECIPES, AnyRecipe, DataName

# Batch sizes of the compared trainings; those of the recipes are larger.
BATCHES: dict[DataName, int] = {"beamsynthesis": 100, "dsprites": 50, "synthetic-faces": 20}
METHODS = ("nashae", "beta-vae", "beta-tcvae", "factor-vae")
# The significance level of a comparison; each of its tests has an equal share (Bonferroni).
LEVEL = 0.01


@dataclass(frozen=True)
class Row:
    """The comparison of one method on one data set.

    `settings` lists the numbers that differ between notebook and recipe. `without_epsilon` is the
    training of FactorVAE with their 1e-8 in log D/(1 − D + 1e-8) set to 0.
    """

    recipe: AnyRecipe
    settings: list[str]
    layers: list[Layer]
    training: Comparison
    without_epsilon: Comparison | None = None

    @property
    def title(self) -> str:
        """The method and the data."""
        return f"{self.recipe.method_record.family}, {self.recipe.data}"

    @property
    def same_start(self) -> bool:
        """Whether no test distinguishes the initial parameters of the two sides."""
        return min(layer.p for layer in self.layers) > LEVEL / len(self.layers)


@dataclass
class Found:
    """All comparisons."""

    rows: list[Row] = field(default_factory=list)
    scores: list[Compared] = field(default_factory=list)


def compare_authors(authors: Path, show: Callable[[str], None]) -> Found:
    """Compare every method and data set, and every score; `show` is called with what is next."""
    code, found = authors_code(authors), Found()
    for data, batch in BATCHES.items():
        raw = raw_observations(data)
        for method in METHODS:
            recipe = RECIPES[f"{data}-{method}"]
            show(f"{recipe.method_record.family}, {data}")
            small = replace(recipe, train=replace(recipe.train, batch_size=batch))
            found.rows.append(
                Row(
                    recipe,
                    _settings(code, authors, recipe),
                    initial_layers(code, recipe),
                    compared_training(code, small, raw),
                    _without_epsilon(code, small, raw) if method == "factor-vae" else None,
                )
            )
    show("scores")
    found.scores.extend(compared_scores(code, authors))
    return found


def _without_epsilon(code: AuthorsCode, recipe: AnyRecipe, raw: Tensor) -> Comparison:
    with mock.patch.object(code.models, "_fvae_eps", 0.0):
        return compared_training(code, recipe, raw)


def _settings(code: AuthorsCode, authors: Path, recipe: AnyRecipe) -> list[str]:
    theirs, ours = their_settings(code, authors, recipe), our_settings(recipe)
    different = [
        f"{name}: {value:g} there, {ours[name]:g} here"
        for name, value in theirs.items()
        if value != ours[name]
    ]
    return different + optimisers(code, recipe)


def section(found: Found, commit: str) -> str:
    """The section; `commit` says which of their code was compared."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent), undefined=StrictUndefined, autoescape=False
    )
    text = environment.get_template("section.md.j2").render(
        commit=commit,
        level=LEVEL,
        overview=_table(("method, data", *OVERVIEW), map(_overview, found.rows)),
        trainings=_table(
            ("method, data", "of", *(f"{n} steps" for n in STEPS), "1 more, restarted"),
            (line for row in found.rows for line in _trainings(row)),
        ),
        weights=_table(("data, network", *WEIGHTS), _networks(found.rows)),
        scores=_table(
            ("score", "there", "here", "tolerance", "agrees", ""), map(_score, found.scores)
        ),
        settings=[(row.title, line) for row in found.rows for line in row.settings],
    )
    return text + "\n"


OVERVIEW = ("first weights", "1, 10 and 100 steps", "settings")
WEIGHTS = (
    "weights' gains there",
    "here",
    "largest excess kurtosis, without its sign",
    "biases' deviation there",
    "here",
    "smallest p (tests)",
)


PARTS = {"enc": "encoder", "dec": "decoder", "preds": "predictors", "disc": "discriminator"}


def _overview(row: Row) -> tuple[str, ...]:
    if row.training.is_rounding:
        steps = "equal"
    elif row.without_epsilon is not None and row.without_epsilon.is_rounding:
        steps = "equal up to their 1e-8"
    else:
        steps = "**different**"
    return (
        row.title,
        "equal" if row.same_start else "**different**",
        steps,
        "; ".join(row.settings) or "equal",
    )


def _trainings(row: Row) -> list[tuple[str, ...]]:
    kinds = [(row.title, row.training)]
    if row.without_epsilon is not None:
        kinds.append((f"{row.title}, without their 1e-8", row.without_epsilon))
    return [
        (
            title if not index else "",
            name,
            *(f"{d.ours:.0e} ({d.control:.0e})" for d in [*kind.steps[name], kind.again[name]]),
        )
        for title, kind in kinds
        for index, name in enumerate(QUANTITIES)
    ]


def _networks(rows: Sequence[Row]) -> list[tuple[str, ...]]:
    """The networks of each data set; all VAEs have the same encoder and decoder."""
    lines = list[tuple[str, ...]]()
    for row in rows:
        parts = {
            "nashae": ("enc", "dec", "preds"),
            "beta-vae": ("enc", "dec"),
            "factor-vae": ("disc",),
        }
        for part in parts.get(row.recipe.method_name, ()):
            layers = [layer for layer in row.layers if layer.name.startswith(f"{part}.")]
            weights = [layer for layer in layers if layer.name.endswith("weight")]
            biases = [layer for layer in layers if layer.name.endswith("bias")]
            of = {"disc": "FactorVAE's"}.get(
                part, "NashAE's" if row.recipe.method_name == "nashae" else "VAEs'"
            )
            kurtoses = [
                abs(moments(side)[2]) for layer in weights for side in (layer.theirs, layer.ours)
            ]
            lines.append(
                (
                    f"{row.recipe.data}, {of} {PARTS[part]}",
                    _deviations(layer.theirs for layer in weights),
                    _deviations(layer.ours for layer in weights),
                    f"{max(kurtoses):.2f}",
                    _deviations(layer.theirs for layer in biases),
                    _deviations(layer.ours for layer in biases),
                    f"{min(layer.p for layer in layers):.3f} ({len(layers)})",
                )
            )
    return lines


def _deviations(sides: Iterable[Numbers]) -> str:
    return " ".join(f"{moments(numbers)[1]:.3f}" for numbers in sides)


def _score(score: Compared) -> tuple[str, ...]:
    return (
        score.name,
        f"{score.theirs:.6g}",
        f"{score.ours:.6g}",
        f"{score.tolerance:.1g}",
        "yes" if score.agrees else "**no**",
        score.remark,
    )


def _table(headers: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    from tabulate import tabulate  # type: ignore[import-untyped]

    return str(tabulate(list(rows), headers, tablefmt="pipe", disable_numparse=True))
