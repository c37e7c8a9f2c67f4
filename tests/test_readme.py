"""What the README shows runs."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", README, re.DOTALL)


def test_there_are_blocks() -> None:
    assert len(BLOCKS) == 3


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.splitlines()[0])
def test_a_block_runs_alone(block: str, capsys: pytest.CaptureFixture[str]) -> None:
    exec(compile(block, "README.md", "exec"), {})
    assert capsys.readouterr().out


@pytest.mark.nightly
def test_the_searches_of_nashae_core_s_readme_run_whole() -> None:
    """There they are run by few steps."""
    text = (ROOT / "packages" / "nashae-core" / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    searches = [b for b in blocks if "count_factors" in b or "align_axes" in b]
    assert len(searches) == 2
    exec(compile("\n".join([blocks[0], *searches]), "README.md", "exec"), {})


def test_the_blocks_are_as_short_as_they_say() -> None:
    lines = [[x for x in b.splitlines() if x and "import" not in x] for b in BLOCKS]
    assert all(len(block) <= limit for block, limit in zip(lines, (5, 3, 10), strict=True))


def test_every_file_that_is_linked_is_there() -> None:
    targets = re.findall(r"\]\(([^)#]+)\)", README)
    assert targets
    assert not [t for t in targets if "://" not in t and not (ROOT / t).exists()]
