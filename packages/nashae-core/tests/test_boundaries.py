"""Errors that only a user sees: in the tests the shape and type hook speaks first."""

import subprocess
import sys

CASES = """
import torch
from nashae_core import NashAEConfig, Predictors, TrainConfig

three = Predictors(3, generator=torch.Generator())
for case, message in {
    lambda: NashAEConfig(reconstruction="median"): "must be mean or sum; got 'median'",
    lambda: NashAEConfig(covariance="none"): "'through predictions' or 'through both'; got 'none'",
    lambda: TrainConfig(precision="float16"): "must be float32 or bfloat16; got 'float16'",
    lambda: three(torch.rand(3)): "codes must be (batch, 3); got (3,)",
    lambda: three.gradients(torch.rand(3)): "codes must be (batch, 3); got (3,)",
}.items():
    try:
        case()
    except ValueError as error:
        assert message in str(error), error
    else:
        raise AssertionError(message)
print("done")
"""


def test_without_the_hook_wrong_words_and_shapes_are_refused_by_ourselves():
    run = subprocess.run([sys.executable, "-c", CASES], capture_output=True, text=True, check=False)
    assert (run.stdout, run.stderr, run.returncode) == ("done\n", "", 0)
