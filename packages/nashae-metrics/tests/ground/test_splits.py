"""Which rows a protocol takes."""

import numpy as np
import pytest

from nashae_metrics.ground.splits import SplitSizes, drawn_rows, split_rows


def test_rows_are_drawn_once_each_and_by_the_seed():
    rows = drawn_rows(50, 20, np.random.default_rng(0), protocol="p")
    assert len(set(rows.tolist())) == 20
    assert set(rows.tolist()) <= set(range(50))
    np.testing.assert_array_equal(rows, drawn_rows(50, 20, np.random.default_rng(0), protocol="p"))
    assert sorted(drawn_rows(5, 5, np.random.default_rng(0), protocol="p")) == list(range(5))


def test_every_row_is_drawn_equally_often():
    rng = np.random.default_rng(0)
    drawn = np.concatenate([drawn_rows(10, 3, rng, protocol="p") for _ in range(2000)])
    counts = np.bincount(drawn, minlength=10)
    assert np.abs(counts - 600).max() < 5 * np.sqrt(600)


def test_too_few_rows_or_no_generator_are_refused():
    with pytest.raises(ValueError, match="protocol 'p' takes 6 samples; got 5"):
        drawn_rows(5, 6, np.random.default_rng(0), protocol="p")
    with pytest.raises(ValueError, match=r"rng must be a generator to draw 5 of 6 rows"):
        drawn_rows(6, 5, None, protocol="p")
    with pytest.raises(ValueError, match="give rng="):
        split_rows(6, SplitSizes(2, 1), None, protocol="p")


@pytest.mark.parametrize(
    ("rows", "sizes", "expected"),
    [
        (40, SplitSizes(20, 10), (20, 10)),  # enough: as asked, the rest is left
        (30, SplitSizes(20, 10, strict=True), (20, 10)),
        (15, SplitSizes(20, 10), (10, 5)),  # fewer: in proportion, all of them
        (100, SplitSizes(), (67, 33)),
        (3, SplitSizes(), (2, 1)),
        (4, SplitSizes(1, 100), (2, 2)),  # two to learn from and one to test at least
        (4, SplitSizes(100, 1), (3, 1)),
    ],
)
def test_a_split_has_the_sizes_and_no_row_twice(rows, sizes, expected):
    train, test = split_rows(rows, sizes, np.random.default_rng(0), protocol="p")
    assert (len(train), len(test)) == expected
    both = np.concatenate([train, test])
    assert len(set(both.tolist())) == len(both)
    assert both.min() >= 0
    assert both.max() < rows
    again = split_rows(rows, sizes, np.random.default_rng(0), protocol="p")
    np.testing.assert_array_equal(both, np.concatenate(again))


def test_sizes_that_cannot_be_had_are_refused():
    with pytest.raises(ValueError, match="'p' takes 20 train and 10 test samples; got 29"):
        split_rows(29, SplitSizes(20, 10, strict=True), np.random.default_rng(0), protocol="p")
    with pytest.raises(ValueError, match="samples must be 3 or more"):
        split_rows(2, SplitSizes(), np.random.default_rng(0), protocol="p")
    with pytest.raises(ValueError, match="train and test must be 1 or more; got 0 and 5"):
        SplitSizes(0, 5)
    with pytest.raises(ValueError, match="train and test must be 1 or more; got 5 and 0"):
        SplitSizes(5, 0)
