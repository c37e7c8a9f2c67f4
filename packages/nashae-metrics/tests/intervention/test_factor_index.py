import numpy as np
import pytest

from nashae_metrics.intervention.factor_index import factor_index


def column(*values):
    return np.array(values)[:, None]


def drawn(values, *, distinct, points=2000, pairs=3, seed=0):
    index = factor_index(column(*values), 0)
    return index.pairs(points, pairs, distinct=distinct, rng=np.random.default_rng(seed))


@pytest.mark.parametrize("distinct", [True, False])
def test_both_rows_of_a_pair_share_the_value(distinct):
    values = np.random.default_rng(1).integers(-3, 9, size=200)
    first, second = drawn(values, distinct=distinct)
    assert first.shape == second.shape == (2000, 3)
    np.testing.assert_array_equal(values[first], values[second])


def test_distinct_rows_are_distinct_and_otherwise_a_row_may_meet_itself():
    values = [5, 7, 5, 7, 7]
    first, second = drawn(values, distinct=True)
    assert (first != second).all()
    first, second = drawn(values, distinct=False)
    assert (first == second).any()


def test_a_value_that_occurs_once_is_never_drawn():
    for distinct in (True, False):
        first, second = drawn([4, 9, 4, 1, 4], distinct=distinct)
        assert set(first.ravel()) == set(second.ravel()) == {0, 2, 4}


@pytest.mark.parametrize("distinct", [True, False])
def test_the_draw_is_uniform(distinct):
    values = [0, 0, 1, 1, 1]
    first, second = drawn(values, distinct=distinct, points=30_000, pairs=4)
    # The first row is uniform over the five; the second over its value's rows, itself among them
    # or not. Five standard errors of 120,000 draws.
    table = np.zeros((5, 5))
    np.add.at(table, (first.ravel(), second.ravel()), 1 / first.size)
    same = np.equal.outer(values, values) & ~(distinct * np.eye(5, dtype=bool))
    expected = same / same.sum(1, keepdims=True) / 5
    np.testing.assert_allclose(table, expected, rtol=0, atol=5 * np.sqrt(0.1 / first.size))


def test_several_calls_draw_what_one_would():
    index = factor_index(column(0, 1, 0, 1, 0), 0)
    whole = index.pairs(10, 4, distinct=True, rng=np.random.default_rng(3))
    rng = np.random.default_rng(3)
    parts = [index.pairs(points, 4, distinct=True, rng=rng) for points in (3, 7)]
    for side in (0, 1):
        np.testing.assert_array_equal(np.concatenate([part[side] for part in parts]), whole[side])


def test_a_factor_without_a_pair_is_named():
    with pytest.raises(
        ValueError, match=r"factors column 0 must have a value that two rows share; got 3 val"
    ):
        factor_index(column(1, 2, 3), 0)


def test_a_factor_without_a_pair_is_named_as_asked():
    with pytest.raises(ValueError, match="factors column 7"):
        factor_index(column(1, 2, 3), 0, name=7)


def test_a_strict_protocol_refuses_a_value_that_occurs_once():
    values = column(4, 9, 4, 1, 4)
    assert factor_index(values, 0).single == 2
    with pytest.raises(
        ValueError, match=r"protocol 'strict' each value of factors column 0 .* got 2 of 3 values"
    ):
        factor_index(values, 0, strict="strict")
    assert factor_index(column(4, 9, 4, 9), 0, strict="strict").single == 0


def test_values_far_apart_index_as_their_ranks_do():
    ranks = np.random.default_rng(1).integers(9, size=300)
    far = (ranks * 10**15 - 4 * 10**15)[:, None]
    near, index = factor_index(ranks[:, None], 0), factor_index(far, 0)
    for field in ("rows", "group", "start", "size"):
        np.testing.assert_array_equal(getattr(index, field), getattr(near, field))


def batches(values, *, points=2000, rows=3, seed=0):
    return factor_index(column(*values), 0).batches(points, rows, rng=np.random.default_rng(seed))


def test_the_rows_of_a_batch_share_the_value():
    values = np.random.default_rng(1).integers(-3, 9, size=200)
    found = batches(values, rows=64)
    assert found.shape == (2000, 64)
    assert (values[found] == values[found[:, :1]]).all()
    assert len(set(found[0])) > 1


def test_a_batch_has_no_value_that_occurs_once():
    assert set(batches([4, 9, 4, 1, 4, 9]).ravel()) == {0, 1, 2, 4, 5}


def test_batches_are_uniform_in_their_value_by_its_rows_and_in_each_row():
    values = [0, 0, 1, 1, 1]
    found = batches(values, points=40_000, rows=2)
    table = np.zeros((5, 5))
    np.add.at(table, (found[:, 0], found[:, 1]), 1 / len(found))
    same = np.equal.outer(values, values)
    expected = same / same.sum(1, keepdims=True) / 5
    np.testing.assert_allclose(table, expected, rtol=0, atol=5 * np.sqrt(0.1 / len(found)))


def test_several_calls_draw_the_batches_that_one_would():
    index = factor_index(column(0, 1, 0, 1, 0), 0)
    whole = index.batches(10, 4, rng=np.random.default_rng(3))
    rng = np.random.default_rng(3)
    parts = [index.batches(points, 4, rng=rng) for points in (3, 7)]
    np.testing.assert_array_equal(np.concatenate(parts), whole)


def test_an_incomplete_grid_is_drawn_from_the_rows_that_are_there():
    rng = np.random.default_rng(2)
    values = np.concatenate([np.repeat(5, 30), np.repeat(8, 2), [1]])
    rng.shuffle(values)
    found = batches(values, points=20_000, rows=2)
    assert (values[found] == values[found[:, :1]]).all()
    share = (values[found[:, 0]] == 8).mean()
    assert share == pytest.approx(2 / 32, abs=5 * np.sqrt(2 / 32 / 20_000))
