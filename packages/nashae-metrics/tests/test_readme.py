import re
from pathlib import Path

from tabulate import tabulate

from nashae_metrics import METRICS

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")


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
