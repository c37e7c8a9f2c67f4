"""Errors that only a user sees: in the tests the shape and type hook speaks first."""

import subprocess
import sys

import pytest

CASES = """
import torch
from nashae_core import (
    MLP,
    NashAEConfig,
    Predictors,
    TrainConfig,
    covariance_loss,
    predictor_loss,
    reconstruction_loss,
)

three = Predictors(3, generator=torch.Generator())
network = MLP((3, 2), generator=torch.Generator())
a, b = torch.rand(5, 3), torch.rand(5, 1)
pair = "must be of one shape; got (5, 3) and (5, 1)"
for case, message in {
    lambda: NashAEConfig(reconstruction="median"): "must be 'mean' or 'sum'; got 'median'",
    lambda: NashAEConfig(covariance="none"): "'through-predictions' or 'through-both'; got 'none'",
    lambda: TrainConfig(precision="float16"): "must be 'float32' or 'bfloat16'; got 'float16'",
    lambda: three(torch.rand(3)): "codes must be (batch, 3); got (3,)",
    lambda: next(three.rounds(torch.rand(3), 1)): "codes must be (batch, 3); got (3,)",
    lambda: MLP((3, 2), activation="gelu", generator=torch.Generator()): (
        "activation must be 'selu' or 'relu' or 'tanh'; got 'gelu'"
    ),
    lambda: network(torch.rand(3)): "x must be (batch, 3); got (3,)",
    lambda: network(torch.rand(2, 5, 3)): "x must be (batch, 3); got (2, 5, 3)",
    lambda: reconstruction_loss(a, b): "reconstruction and observations " + pair,
    lambda: predictor_loss(a, b): "predictions and codes " + pair,
    lambda: covariance_loss(a, b): "predictions and codes " + pair,
}.items():
    try:
        case()
    except ValueError as error:
        assert message in str(error), error
    else:
        raise AssertionError(message)
print("done")
"""


ELSEWHERE = """
import torch
torch.set_default_device("meta")
from nashae_core import selu
selu(torch.ones(3, device="cpu"))
print("done")
"""


@pytest.mark.parametrize("script", [CASES, ELSEWHERE], ids=["words and shapes", "default device"])
def test_without_the_hook(script):
    """Wrong words and shapes are refused by ourselves; no default device at import matters."""
    command = [sys.executable, "-c", script]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (run.stdout, run.stderr, run.returncode) == ("done\n", "", 0)
