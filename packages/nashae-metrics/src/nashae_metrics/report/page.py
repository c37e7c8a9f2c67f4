"""An evaluation as one page of HTML that needs no other file."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float64

from nashae_metrics.report.evaluation import Evaluation
from nashae_metrics.report.tables import HEADERS, caption, cells


@dataclass(frozen=True, eq=False)
class _HeatMap:
    title: str
    note: str
    columns: Sequence[str]
    values: list[list[float]]  # latent × column
    shades: list[list[float]]  # of the cells, 0 ... 1
    active: list[bool]  # latents


def _heat_map(
    title: str,
    note: str,
    columns: Sequence[str],
    values: Float64[np.ndarray, "m k"],
    shades: Float64[np.ndarray, "m k"],
    active: Bool[np.ndarray, " m"],
) -> _HeatMap:
    clipped = np.clip(shades, 0, 1).tolist()
    return _HeatMap(title, note, columns, values.tolist(), clipped, active.tolist())


def html_page(
    evaluation: Evaluation,
    *,
    title: str,
    factor_names: Sequence[str] | None = None,
    attribute_names: Sequence[str] | None = None,
) -> str:
    """The table, why metrics were skipped, and heat maps of what each latent represents.

    A map (latent × factor) shows mutual information, AUROC or importance, if the evaluation has
    `mig`, `tad` or `dci`.

    Args:
        evaluation: what `evaluate` returns.
        title: of the page.
        factor_names: one for each column of the factors that were given, constant ones included.
        attribute_names: one for each attribute.

    Raises:
        ValueError: there is another number of names.
    """
    from jinja2 import Environment, PackageLoader

    template = Environment(loader=PackageLoader("nashae_metrics.report", "."), autoescape=True)
    return template.get_template("page.html.j2").render(
        title=title,
        caption=caption(evaluation),
        headers=HEADERS,
        rows=[cells(row) for row in evaluation.rows],
        skipped=evaluation.skipped,
        maps=_heat_maps(evaluation, factor_names, attribute_names),
    )


def _heat_maps(
    evaluation: Evaluation,
    factor_names: Sequence[str] | None,
    attribute_names: Sequence[str] | None,
) -> list[_HeatMap]:
    results = {row.metric: row.result for row in evaluation.rows}
    maps = []
    if "mig" in results:
        shares = results["mig"].information  # type: ignore[attr-defined]
        names = _factor_names(evaluation, factor_names)
        note = "share of each factor's entropy that the latent alone removes, I/H"
        maps.append(
            _heat_map("Mutual information", note, names, shares, shares, results["mig"].active)
        )
    if "dci" in results:
        importance = results["dci"].importance  # type: ignore[attr-defined]
        names = _factor_names(evaluation, factor_names)
        highest = importance.max() or 1.0
        note = "importance of the latent in the predictor of each factor (DCI)"
        maps.append(
            _heat_map(
                "Importance", note, names, importance, importance / highest, results["dci"].active
            )
        )
    if "tad" in results:
        areas = results["tad"].auroc  # type: ignore[attr-defined]
        names = _attribute_names(attribute_names, areas.shape[1])
        note = "the latent as a detector of each attribute, either direction; .5 is chance"
        maps.append(_heat_map("AUROC", note, names, areas, 2 * areas - 1, results["tad"].active))
    return maps


def _factor_names(evaluation: Evaluation, names: Sequence[str] | None) -> Sequence[str]:
    if names is None:
        return [f"factor {column}" for column in evaluation.columns]
    if evaluation.columns[-1] >= len(names):
        raise ValueError(
            f"factor_names must be {evaluation.columns[-1] + 1} names or more; got {len(names)}"
        )
    return [names[column] for column in evaluation.columns]


def _attribute_names(names: Sequence[str] | None, number: int) -> Sequence[str]:
    if names is None:
        return [f"attribute {column}" for column in range(number)]
    if len(names) != number:
        raise ValueError(f"attribute_names must be {number} names; got {len(names)}")
    return names
