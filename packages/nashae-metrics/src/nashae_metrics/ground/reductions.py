"""Reductions of scores that have a value where there is nothing to reduce."""

import numpy as np
from jaxtyping import Float64


def two_best(
    values: Float64[np.ndarray, "*draws rows columns"],
) -> tuple[Float64[np.ndarray, "*draws columns"], Float64[np.ndarray, "*draws columns"]]:
    """The two largest rows of each column; 0 in place of a missing or negative one."""
    zeros = np.zeros((*values.shape[:-2], 2, values.shape[-1]))
    ordered = np.partition(np.concatenate([zeros, values], axis=-2), (-2, -1), axis=-2)
    return ordered[..., -1, :], ordered[..., -2, :]


def gaps(
    values: Float64[np.ndarray, "*draws rows columns"],
) -> Float64[np.ndarray, "*draws columns"]:
    """The largest less the second largest row of each column."""
    best, second = two_best(values)
    difference: Float64[np.ndarray, "*draws columns"] = best - second
    return difference


def shares(
    part: Float64[np.ndarray, "*all"], whole: Float64[np.ndarray, "*all2"]
) -> Float64[np.ndarray, "*all"]:
    """Part / whole, 0 where the whole is 0: in a resample a factor may have one value only."""
    empty = whole <= 0
    result: Float64[np.ndarray, "*all"] = np.where(empty, 0.0, part / np.where(empty, 1.0, whole))
    return result


def mean(values: Float64[np.ndarray, "*draws a"]) -> Float64[np.ndarray, "*draws"]:
    """The mean over the last axis; 0 if it is empty."""
    return np.asarray(values.sum(-1) / max(values.shape[-1], 1))
