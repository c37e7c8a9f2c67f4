"""The numbers that the README states of our own code."""

import re
import tomllib
from pathlib import Path

from nashae_data import beamsynthesis, dsprites
from nashae_data.sets.beamsynthesis.beam import DARK_CURRENT

FOLDER = Path(__file__).parents[1]
FLAT = " ".join((FOLDER / "README.md").read_text(encoding="utf-8").split())


def stated(pattern):
    """What the README states at the one group of a pattern, which it must have."""
    found = re.search(pattern, FLAT)
    assert found, pattern
    return found[1]


def test_what_it_installs_is_what_it_declares():
    project = tomllib.loads((FOLDER / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    declared = [re.split(r"[ >=\[]", requirement)[0] for requirement in project["dependencies"]]
    assert re.split(r", | and ", stated(r"installs (.*?), not torch")) == sorted(declared)


def test_sizes_in_memory_are_theirs():
    waves, sprites = beamsynthesis(), dsprites()
    assert float(stated(r"in memory, ([\d.]+) MB")) == round(waves.observations.nbytes / 1e6, 1)
    packed = round(sprites.observations.packed.nbytes / 1e6)
    assert int(stated(r"in memory, packed, (\d+) MB")) == packed
    assert int(stated(r"a bit for each pixel, (\d+) MB")) == packed
    assert f"{len(sprites.observations):,}" == stated(r"\*\*dSprites\*\*: ([\d,]+) images")


def test_the_range_and_the_dark_current_are_theirs():
    highest = beamsynthesis().observations.max()
    assert float(stated(r"signal range 0 to ([\d.]+)")) == round(float(highest), 2)
    assert float(stated(r"dark current of ([\d.]+\d)")) == DARK_CURRENT
