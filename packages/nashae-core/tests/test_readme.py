import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
# The searches' stages, by few steps.
SHORT = """
from functools import partial
import nashae_core as core
pruning = core.Pruning(every=20, until=20)
count = core.CountConfig(pruning=pruning, test_steps=10, growth_steps=10, growth_warm_up=10)
core.count_factors = partial(core.count_factors, config=count)
stages = {"first": core.Stage(40, 0.2, 1e-3), "merge": core.Stage(10, 0.1, 5e-4)}
stages["last"] = core.Stage(10, 0.05, 1e-4)
core.AxesConfig = partial(core.AxesConfig, pruning=pruning, fit_steps=10, **stages)
"""


def test_every_python_block_of_the_readme_runs(tmp_path):
    """As its reader runs it: in a process of its own, where no shapes are checked."""
    blocks = re.findall(r"^```python\n(.*?)^```", (ROOT / "README.md").read_text(), re.M | re.S)
    assert len(blocks) >= 5
    script = tmp_path / "readme.py"
    script.write_text("\n".join([SHORT, *blocks]))
    ran = subprocess.run(
        [sys.executable, "-W", "error", script], cwd=tmp_path, capture_output=True, text=True
    )
    assert ran.returncode == 0, ran.stderr


def test_the_readme_lists_every_deviation_that_the_source_marks():
    marks = sum(
        path.read_text().count("# Differs from the paper:") for path in ROOT.glob("src/**/*.py")
    )
    section = (ROOT / "README.md").read_text().split("## Where it differs from the paper")[1]
    table = [line for line in section.split("\n## ")[0].splitlines() if line.startswith("|")]
    assert len(table) - 2 == marks > 0
