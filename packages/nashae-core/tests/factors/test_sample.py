"""The observations on which a model is measured while it is trained."""

import pytest
import torch

from nashae_core.factors.sample import DataSample

CPU = torch.device("cpu")


@pytest.mark.parametrize(("n", "most", "expected"), [(60, 100, 60), (60, 60, 60), (99, 60, 60)])
def test_rows_are_evenly_spaced_and_no_more_than_asked_for(n, most, expected):
    x = torch.arange(n, dtype=torch.float64)[:, None].expand(n, 12)
    rows = DataSample.of(x, CPU, torch.float64).rows(most)
    assert rows.shape == (expected, 12)
    assert rows.dtype == torch.float64
    assert (rows[0, 0], rows[-1, 0]) == (0, n - 1)
    gaps = rows[:, 0].diff()
    assert gaps.max() - gaps.min() <= 1
    assert (gaps.min() == gaps.max()) == (n <= most)
