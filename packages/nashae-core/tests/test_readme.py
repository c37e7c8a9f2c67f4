import re
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_every_python_block_of_the_readme_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"^```python\n(.*?)^```", (ROOT / "README.md").read_text(), re.M | re.S)
    assert len(blocks) >= 5
    namespace: dict[str, object] = {"__name__": "readme"}
    for at, block in enumerate(blocks, 1):
        exec(compile(block, f"README.md, block {at}", "exec"), namespace)


def test_the_readme_lists_every_deviation_that_the_source_marks():
    marks = sum(
        path.read_text().count("# Differs from the paper:") for path in ROOT.glob("src/**/*.py")
    )
    section = (ROOT / "README.md").read_text().split("## Where it differs from the paper")[1]
    table = [line for line in section.split("\n## ")[0].splitlines() if line.startswith("|")]
    assert len(table) - 2 == marks > 0
