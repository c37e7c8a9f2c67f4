"""Errors that only a user sees: in the tests the shape and type hook speaks first."""

import subprocess
import sys

CASES = """
import torch

from nashae_baselines import (
    AAEConfig, AnnealedVAEConfig, BetaTCVAEConfig, DIPVAEConfig, VAEConfig, kl_terms
)

z = torch.zeros(2, 3)

for case, message in {
    lambda: VAEConfig(kl="exact"): "kl must be sampled or closed; got 'exact'",
    lambda: VAEConfig(likelihood="poisson"): "must be gaussian or bernoulli; got 'poisson'",
    lambda: BetaTCVAEConfig(9, sampling="all"): "must be weighted or stratified; got 'all'",
    lambda: DIPVAEConfig(kind="iii"): "kind must be i or ii; got 'iii'",
    lambda: DIPVAEConfig(likelihood="x"): "must be gaussian or bernoulli; got 'x'",
    lambda: AnnealedVAEConfig(likelihood="x"): "must be gaussian or bernoulli; got 'x'",
    lambda: AAEConfig(likelihood="x"): "must be gaussian or bernoulli; got 'x'",
    lambda: kl_terms(z, z, z, 9, sampling="all"): "must be weighted or stratified; got 'all'",
}.items():
    try:
        case()
    except ValueError as error:
        assert message in str(error), error
    else:
        raise AssertionError(message)
VAEConfig(beta=4)  # a whole number is a number
print("done")
"""


def test_without_the_hook_unknown_words_are_refused_by_ourselves():
    run = subprocess.run([sys.executable, "-c", CASES], capture_output=True, text=True, check=False)
    assert (run.stdout, run.stderr, run.returncode) == ("done\n", "", 0)
