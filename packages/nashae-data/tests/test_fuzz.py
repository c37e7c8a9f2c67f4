"""Damaged files: a few of each kind here, ten thousand in `nox -s fuzz` (MUTATIONS=10000)."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from layouts import CASES

MUTATIONS = int(os.environ.get("MUTATIONS", "100"))
SEED = int(os.environ.get("SEED", "0"))


@pytest.mark.skipif(sys.platform != "linux", reason="memory and time are limited as Linux does")
@pytest.mark.parametrize("reader", CASES)
def test_a_damaged_file_is_read_or_refused_never_worse(reader):
    command = [sys.executable, str(Path(__file__).with_name("fuzz.py")), reader]
    ran = subprocess.run(
        [*command, str(MUTATIONS), str(SEED)], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    found = json.loads(ran.stdout)
    assert not found["failures"], found
    assert found.get("refused", 0) + found.get("read", 0) == MUTATIONS
    assert found["refused"] > MUTATIONS // 4  # the damage was not in vain
