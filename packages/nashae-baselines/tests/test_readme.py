import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_every_python_block_of_the_readme_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"^```python\n(.*?)^```", README, re.M | re.S)
    assert len(blocks) >= 2
    namespace: dict[str, object] = {"__name__": "readme"}
    for at, block in enumerate(blocks, 1):
        exec(compile(block, f"README.md, block {at}", "exec"), namespace)


def test_the_first_block_trains_in_ten_lines():
    block = re.findall(r"^```python\n(.*?)^```", README, re.M | re.S)[0]
    lines = [line for line in block.splitlines() if line.strip()]
    imports = [line for line in lines if line.startswith(("import ", "from "))]
    assert len(lines) - len(imports) <= 10


def test_the_readme_lists_every_deviation_that_the_source_marks():
    sources = [path.read_text(encoding="utf-8") for path in ROOT.glob("src/**/*.py")]
    marks = sum(source.count("# Differs from the paper:") for source in sources)
    section = README.split("## Where the authors' training differs from the papers")[1]
    table = [line for line in section.split("\n## ")[0].splitlines() if line.startswith("|")]
    assert len(table) - 2 == marks > 0
