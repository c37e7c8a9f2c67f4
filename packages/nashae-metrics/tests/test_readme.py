import re
import tomllib
from inspect import signature
from pathlib import Path

import numpy as np
import pytest
from tabulate import tabulate

from nashae_metrics import METRICS, auroc, mig, tad
from nashae_metrics.attributes.grid_auroc import THRESHOLDS, grid_auroc
from nashae_metrics.ground.active_latents import RULES
from nashae_metrics.ground.intervals import BOOTSTRAP

FOLDER = Path(__file__).parents[1]
README = (FOLDER / "README.md").read_text(encoding="utf-8")
FLAT = " ".join(README.split())


def stated(pattern):
    """What the README states at the groups of a pattern, which it must have."""
    found = re.search(pattern, FLAT)
    assert found, pattern
    return found.groups()


def rounded(value, text):
    """A number as the README writes numbers: without the zero, to as many digits."""
    return f"{value:.{len(text.partition('.')[2])}f}".removeprefix("0" if "." in text else "")


def test_what_it_installs_is_what_it_declares():
    project = tomllib.loads((FOLDER / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    declared = [requirement.split()[0] for requirement in project["dependencies"]]
    (listed,) = stated(r"It installs (.*?), never torch")
    assert re.split(r", | and ", listed) == sorted(declared)


def test_the_number_of_metrics_is_theirs():
    assert stated(r"(Twenty-two) metrics")
    assert len(METRICS) == 22


def test_mig_of_a_perfect_code_of_dsprites():
    """On a complete grid a latent knows nothing of other factors, so two factors at a time do."""
    sizes, *texts = stated(
        r"grid \(([\d ×]*)\) has a MIG of ([\d.]*), ([\d.]*), ([\d.]*) and ([\d.]*) at 5, 10, 20"
    )
    sizes = [int(size) for size in sizes.split("×")]
    assert sizes == [3, 6, 40, 32, 32]
    for bins, text in zip((5, 10, 20, 40), texts, strict=True):
        grids = [np.stack(np.meshgrid(range(size), range(2)), -1).reshape(-1, 2) for size in sizes]
        gaps = [mig(grid.astype(float), grid, bins=bins).gaps[0] for grid in grids]
        assert rounded(np.mean(gaps), text) == text


def test_what_a_grid_of_thresholds_gives():
    assert int(*stated(r"AUROC from (\d+) thresholds")) == THRESHOLDS
    binary = stated(r"a binary latent scores (\.\d+) for (\.\d+)")
    low = stated(r"samples at its minimum (\.\d+) for (\.\d+)")
    high = stated(r"at its maximum (\.\d+) for (\.\d+)")
    turned = stated(r"and only there, (\d) for (\d)")
    cases = [  # rows of each class, and in how many of them the latent is 1
        (binary, 100, 72, 500, 77),
        (low, 1000, 119, 1000, 89),
        (high, 100, 93, 100, 91),
        (turned, 100, 0, 100, 100),
    ]
    for texts, positives, true, negatives, false in cases:
        latent = np.repeat([1.0, 0.0, 1.0, 0.0], [true, positives - true, false, negatives - false])
        label = np.repeat([True, False], [positives, negatives])[:, None]
        found = grid_auroc(latent[:, None], label)[0, 0], auroc(latent[:, None], label)[0, 0]
        assert tuple(map(rounded, found, texts)) == texts


def test_defaults_are_those_of_the_code():
    assert int(*stated(r"from (\d+) bootstrap resamples")) == BOOTSTRAP.resamples
    captured, removed = stated(
        r"AUROC ≥ ([\d.]+)\) and independent .*? more than ([\d.]+) of their"
    )
    defaults = {name: option.default for name, option in signature(tad).parameters.items()}
    assert (float(captured), float(removed)) == (
        defaults["min_auroc"],
        defaults["max_redundancy"],
    )


@pytest.mark.parametrize("name", RULES)
def test_the_rules_of_active_latents_are_those_of_the_code(name):
    (row,) = [
        line for line in README.splitlines() if line.startswith("| `") and f"`{name}`" in line
    ][-1:]
    statistic = {
        "range": "max − min",
        "deviation": "standard deviation",
        "posterior variance": "mean posterior variance",
    }
    relation = {">": ">", ">=": "≥", "<=": "≤"}
    rule = RULES[name]
    threshold = f"{rule.threshold:g}"
    assert f"| {statistic[rule.statistic]} {relation[rule.relation]} {threshold} |" in row


def test_the_blocks_run(capsys):
    blocks = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)
    assert blocks
    names = {}
    for block in blocks:
        exec(block, names)
    assert capsys.readouterr().out


def test_the_table_of_metrics_is_the_catalogue():
    headers = ("function", "what", "source", "range", "better", "seconds", "protocols")
    rows = [
        (
            f"`{metric.name}`",
            metric.summary if metric.needs == "factors" else f"{metric.summary} ({metric.needs})",
            metric.source,
            metric.range,
            metric.better,
            f"{metric.cost:g}",
            ", ".join(f"`{protocol}`" for protocol in metric.protocols),
        )
        for metric in METRICS.values()
    ]
    assert tabulate(rows, headers, tablefmt="github", disable_numparse=True) in README
