import tracemalloc

import numpy as np
import pytest

import nashae_metrics as nm
from nashae_metrics.ground.arrays import (
    attributes_array,
    codes_array,
    factor_values,
)
from nashae_metrics.ground.factor_classes import factor_classes

ATTRIBUTES = np.array([[0, 1], [1, 1], [0, 0], [1, 0]])
FACTORS = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
METRICS = {
    "auroc": lambda codes: nm.auroc(codes, ATTRIBUTES),
    "tad": lambda codes: nm.tad(codes, ATTRIBUTES),
    "beta_vae": lambda codes: nm.beta_vae(codes, FACTORS, rng=np.random.default_rng(0)),
    "learned_latents": nm.learned_latents,
    "predictability": lambda codes: nm.predictability(codes, codes),
}
BAD_CODES = {
    r"codes must be finite; got nan in row 1, column 0": [[0.0], [np.nan], [1.0], [2.0]],
    r"codes must be finite; got -inf in row 3, column 0": [[0.0], [1.0], [1.0], [-np.inf]],
    r"codes must have two rows .* got shape \(0, 3\)": np.zeros((0, 3)),
    r"codes must have two rows .* got shape \(1, 3\)": np.zeros((1, 3)),
    r"codes must have two rows and one column at least; got shape \(4, 0\)": np.zeros((4, 0)),
    r"codes must have shape \(samples, latents\); got \(4,\): .*reshape\(-1, 1\)": np.arange(4.0),
    r"codes must have shape \(samples, latents\); got \(4, 1, 1\)": np.zeros((4, 1, 1)),
    r"codes must be real numbers; got dtype complex128": np.zeros((4, 1), dtype=complex),
    r"codes must be real numbers; got dtype <U1": [["a"], ["b"], ["c"], ["d"]],
    r"codes must be real numbers; got dtype object": np.array([[None]] * 4),
}


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("message", BAD_CODES)
def test_every_metric_says_what_is_wrong_with_the_codes(metric, message):
    with pytest.raises(ValueError, match=message):
        METRICS[metric](BAD_CODES[message])


@pytest.mark.parametrize("metric", ["auroc", "tad", "beta_vae"])
def test_lengths_that_differ_are_both_named(metric):
    with pytest.raises(ValueError, match="as many rows as codes, 3; got 4"):
        METRICS[metric](np.zeros((3, 2)))


def test_ragged_codes_are_named():
    with pytest.raises(ValueError, match="codes must be an array; got list"):
        codes_array([[1.0, 2.0], [3.0]])


@pytest.mark.parametrize(
    ("attributes", "message"),
    [
        ([[0], [1], [2], [1]], "got 2 in row 2, column 0"),
        ([[0], [1], [-1], [1]], "got 0 in row 0, column 0"),
        ([[0.0], [1.0], [0.5], [1.0]], "got 0.5 in row 2, column 0"),
        ([[0.0], [1.0], [np.nan], [1.0]], "got nan in row 2, column 0"),
        ([[0, 1], [1, 1], [0, 1], [1, 1]], "column 1 is constant in the data"),
        ([[-1, 1], [-1, 1], [-1, -1], [-1, 1]], "column 0 is constant in the data"),
        ([0, 1, 0, 1], r"attributes must have shape \(samples, attributes\); got \(4,\)"),
        ([["a"], ["b"], ["a"], ["b"]], "attributes must be real numbers"),
    ],
)
def test_bad_attributes_are_named(attributes, message):
    for metric in (nm.auroc, nm.tad):
        with pytest.raises(ValueError, match=message):
            metric(np.arange(4.0)[:, None], attributes)


@pytest.mark.parametrize("dtype", [bool, np.int8, np.uint8, np.int64, np.float32])
def test_binary_attributes_are_the_same_in_every_dtype(dtype):
    np.testing.assert_array_equal(attributes_array(ATTRIBUTES.astype(dtype), rows=4), ATTRIBUTES)


def test_minus_one_means_absent():
    np.testing.assert_array_equal(attributes_array(2 * ATTRIBUTES - 1, rows=4), ATTRIBUTES == 1)


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (0.5, r"factors must be integers .* row 2, column 1"),
        (1e300, r"factors must be integers .* row 2, column 1"),
        (np.nan, "factors must be finite; got nan in row 2, column 1"),
        (np.inf, "factors must be finite; got inf in row 2, column 1"),
    ],
)
def test_factors_that_are_not_whole_numbers_are_named(bad, message):
    factors = FACTORS.astype(float)
    factors[2, 1] = bad
    with pytest.raises(ValueError, match=message):
        factor_classes(factor_values(factors, rows=4), None)


def test_whole_floats_are_factors():
    values = factor_values(FACTORS.astype(np.float32), rows=4)
    assert factor_classes(values, None)[0].dtype == np.int64


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (np.float16, np.float32),
        (np.float32, np.float32),
        (np.float64, np.float64),
        (np.int8, np.float64),
        (bool, np.float64),
        (">f4", np.float64),
    ],
)
def test_codes_keep_a_dtype_that_can_be_sorted_and_scaled(given, kept):
    assert codes_array(np.eye(3).astype(given)).dtype == kept


class Foreign:
    """An array of another library, known only by its array interface."""

    def __init__(self, array):
        self.array = array

    def __array__(self, dtype=None, copy=None):
        return self.array if dtype is None else self.array.astype(dtype)


def layouts(array):
    frozen = array.copy()
    frozen.setflags(write=False)
    spread = np.repeat(array, 2, axis=1)[:, ::2]
    return [np.asfortranarray(array), frozen, spread, array.tolist(), Foreign(array)]


def test_layout_and_container_change_nothing_and_inputs_are_left_alone():
    rng = np.random.default_rng(0)
    codes = rng.random((60, 3))
    attributes = (rng.random((60, 2)) < 0.5).astype(np.int64)
    factors = rng.integers(0, 3, size=(60, 2))
    small = nm.BetaVAEProtocol("small", 5, 50, 50, "logistic-regression")
    metrics = [
        lambda c, a, _: nm.auroc(c, a),
        lambda c, a, _: nm.tad(c, a).auroc,
        lambda c, a, _: nm.tad(c, a, protocol="yeats2022").auroc,
        lambda c, _, f: nm.beta_vae(c, f, rng=np.random.default_rng(1), protocol=small).confusion,
        lambda c, *_: nm.learned_latents(c).measured,
        lambda c, *_: nm.predictability(c, c).r2,
    ]
    before = codes.copy(), attributes.copy(), factors.copy()
    for metric in metrics:
        expected = metric(codes, attributes, factors)
        for c, a, f in zip(*map(layouts, (codes, attributes, factors)), strict=True):
            np.testing.assert_allclose(metric(c, a, f), expected, rtol=1e-12)
    for array, copy in zip((codes, attributes, factors), before, strict=True):
        np.testing.assert_array_equal(array, copy)


def test_a_memory_map_is_checked_in_chunks_and_not_copied(tmp_path, monkeypatch):
    monkeypatch.setattr("nashae_metrics.ground.arrays.CHUNK", 7)
    path = tmp_path / "codes.npy"
    codes = np.random.default_rng(0).normal(size=(50, 3)).astype(np.float32)
    np.save(path, codes)
    mapped = np.load(path, mmap_mode="r")
    assert np.shares_memory(codes_array(mapped), mapped)
    codes[[49, 17], [0, 2]] = np.nan, np.inf
    np.save(path, codes)
    message = r"codes must be finite; got inf in row 17, column 2 \(2 such entries\)"
    with pytest.raises(ValueError, match=message):
        codes_array(np.load(path, mmap_mode="r"))


def test_no_copy_of_a_large_array_is_made():
    codes = np.zeros((2_000_000, 4), dtype=np.float32)
    tracemalloc.start()
    codes_array(codes)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < codes.nbytes / 8


def test_factors_are_taken_by_their_array_interface():
    np.testing.assert_array_equal(factor_values(Foreign(FACTORS), rows=4), FACTORS)


def test_an_array_that_cannot_leave_its_device_is_named():
    class OnDevice:
        def __array__(self, dtype=None, copy=None):
            raise TypeError("can't convert cuda:0 device type tensor to numpy")

    with pytest.raises(
        ValueError, match="codes must be an array; got OnDevice: can't convert cuda:0"
    ):
        codes_array(OnDevice())
