"""The command line of `apps/conformance`."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import msgspec
import numpy as np
import tyro
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from apps.conformance.authors.card import compare_authors, section
from apps.conformance.authors.code import commit_of
from apps.conformance.representations import (
    IMAGES,
    REPRESENTATIONS,
    Codes,
    Factors,
    factors_of,
)
from apps.console import console, exit_on_error, progress_bar
from nashae_data import atomic_file
from nashae_metrics import Row, evaluate

SEEDS = 5
# The second part of the card begins with it.
AUTHORS_HEADING = "## Beside the authors' own code"


class Reference(msgspec.Struct, frozen=True):
    """A value of the reference library, of a `field` of our result, and its tolerance if set."""

    metric: str
    field: str
    representation: str
    value: float | None
    sd: float | None
    tolerance: float | None
    seconds: float
    protocol: str


class References(msgspec.Struct, frozen=True):
    """The values and their source."""

    source: str
    values: tuple[Reference, ...]


@dataclass(frozen=True)
class Compared:
    """Our mean, standard deviation over seeds and seconds of one, and the reference."""

    reference: Reference
    ours: float
    sd: float
    seconds: float

    @property
    def verdict(self) -> str:
        """Whether ours is within the tolerance, if there is one."""
        if self.reference.value is None:
            return "the reference has no value"
        if self.reference.tolerance is None:
            return "–"
        within = abs(self.ours - self.reference.value) <= self.reference.tolerance
        return "yes" if within else "**no**"


def main(
    out: Path = Path("docs/conformance.md"),
    seeds: int = SEEDS,
    dci: bool = True,
    authors: Path | None = None,
) -> None:
    """Score three representations of dSprites' factors under `locatello2019`, and write the card.

    With `authors`, compare our models, trainings and scores with the authors' own code instead.
    Each of the two writes its own part of the card.

    Args:
        out: The card, in Markdown.
        seeds: How many the means are over; DCI takes one, as the reference did.
        dci: Whether to include DCI, which takes most of the time.
        authors: A checkout of github.com/ericyeats/nashae-beamsynthesis; takes half an hour.
    """
    if authors is not None:
        with progress_bar() as bar:
            task = bar.add_task("beside the authors' code", total=None, note="")
            found = compare_authors(authors, lambda note: bar.update(task, note=note))
        write_part(out, section(found, commit_of(authors)), second=True)
        return
    references = msgspec.json.decode(
        (Path(__file__).parent / "reference.json").read_bytes(), type=References
    )
    metrics = [m for m in dict.fromkeys(r.metric for r in references.values) if dci or m != "dci"]
    compared = compare([r for r in references.values if r.metric in metrics], seeds)
    write_part(out, card(compared, references.source, seeds), second=False)


def write_part(out: Path, text: str, *, second: bool) -> None:
    """Write one of the two parts of the card, and keep the other."""
    old = out.read_text(encoding="utf-8") if out.exists() else ""
    first, heading, rest = old.partition(AUTHORS_HEADING)
    parts = (first, text) if second else (text, heading + rest)
    whole = "\n\n".join(stripped for part in parts if (stripped := part.strip()))
    with atomic_file(out) as temporary:
        temporary.write_text(whole + "\n", encoding="utf-8")
    console.print(f"wrote {out}")


def compare(references: list[Reference], seeds: int) -> list[Compared]:
    """Score every representation with every seed."""
    asked = list(dict.fromkeys((reference.protocol, reference.metric) for reference in references))
    factors = factors_of(np.arange(IMAGES))
    scores: dict[tuple[str, str], list[tuple[float, float]]] = {}
    with progress_bar() as bar:
        task = bar.add_task("scoring", total=seeds * len(REPRESENTATIONS), note="")
        for name, represent in REPRESENTATIONS.items():
            codes = represent(factors)
            for seed in range(seeds):
                bar.update(task, description=f"{name}, seed {seed}")
                wanted = [pair for pair in asked if pair[1] != "dci" or seed == 0]
                for row in _rows(codes, factors, wanted, seed, partial(bar.update, task)):
                    for field in {r.field for r in references if r.metric == row.metric}:
                        number = float(getattr(row.result, field))
                        cell = scores.setdefault((name, f"{row.metric}.{field}"), [])
                        cell.append((number, row.seconds))
                bar.advance(task)
    compared = []
    for reference in references:
        numbers = scores.get((reference.representation, f"{reference.metric}.{reference.field}"))
        if numbers:
            ours, seconds = np.array(numbers).T
            spread = float(ours.std(ddof=1)) if len(ours) > 1 else float("nan")
            compared.append(Compared(reference, float(ours.mean()), spread, float(seconds.min())))
    return compared


def _rows(
    codes: Codes,
    factors: Factors,
    wanted: list[tuple[str, str]],
    seed: int,
    show: Callable[..., None],
) -> Iterator[Row]:
    for protocol in dict.fromkeys(protocol for protocol, _ in wanted):
        yield from evaluate(
            codes,
            factors,
            metrics=[metric for own, metric in wanted if own == protocol],
            protocol=protocol,
            bootstrap=None,
            repeats=1,
            rng=np.random.default_rng(seed),
            on_progress=lambda metric, _done, _of: show(note=metric),
        ).rows


def card(compared: list[Compared], source: str, seeds: int) -> str:
    """The comparison in Markdown."""
    from tabulate import tabulate  # type: ignore[import-untyped]

    rows = [
        {
            "metric": r.metric if r.field == "score" else f"{r.metric}, {r.field}",
            "codes": r.representation,
            "reference": "–" if r.value is None else f"{r.value:.4f}",
            "ours": f"{line.ours:.4f}",
            "tolerance": "–" if r.tolerance is None else f"{r.tolerance:g}",
            "within": line.verdict,
            "seconds there": f"{r.seconds:.2f}",
            "seconds here": f"{line.seconds:.3f}",
        }
        for line in compared
        for r in (line.reference,)
    ]
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent), undefined=StrictUndefined, autoescape=False
    )
    text = environment.get_template("card.md.j2").render(
        source=source,
        seeds=seeds,
        table=tabulate(rows, "keys", tablefmt="pipe", disable_numparse=True),
    )
    return text + "\n"


if __name__ == "__main__":
    exit_on_error(lambda: tyro.cli(main, prog="python -m apps.conformance"))
