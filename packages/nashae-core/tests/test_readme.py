import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_every_python_block_of_the_readme_runs(tmp_path):
    """As its reader runs it: in a process of its own, where no shapes are checked."""
    blocks = re.findall(r"^```python\n(.*?)^```", (ROOT / "README.md").read_text(), re.M | re.S)
    assert len(blocks) >= 5
    script = tmp_path / "readme.py"
    script.write_text("\n".join(blocks))
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
