"""Information by nearest neighbours against scikit-learn, the plug-in value and known answers."""

import numpy as np
import pytest
from scipy.special import digamma
from sklearn.feature_selection import mutual_info_classif
from sklearn.metrics import mutual_info_score

from nashae_metrics.information.neighbours import neighbour_information


def _case(seed, smallest=1):
    rng = np.random.default_rng(seed)
    n, size = int(rng.integers(5, 300)), int(rng.integers(2, 12))
    factor = rng.choice(size, n, p=rng.dirichlet(np.ones(size)))
    factor = np.append(factor, np.repeat(np.arange(size), smallest))
    return rng.normal(size=len(factor)) + rng.normal() * factor, factor, size


def _by_loops(latent, factor, neighbours):
    """Ross's estimator, distance by distance."""
    shared = np.bincount(factor)[factor] > 1
    latent, factor = latent[shared], factor[shared]
    away = np.abs(latent[:, None] - latent)
    terms = []
    for row, distances in enumerate(away):
        mates = np.sort(distances[factor == factor[row]])[1:]
        k = min(neighbours, len(mates))
        inside = np.count_nonzero(distances < mates[k - 1])
        terms.append(digamma(k) - digamma(len(mates) + 1) - digamma(inside))
    return max(0.0, digamma(len(latent)) + np.mean(terms))


@pytest.mark.parametrize("seed", range(40))
def test_without_ties_it_is_scikit_learns(seed):
    """In classes below twice the neighbours scikit-learn's distances are rounded: the next test."""
    neighbours = 1 + seed % 12
    latent, factor, size = _case(seed, 2 * neighbours + 2)
    found = neighbour_information(latent[:, None], factor[:, None], (size,), neighbours=neighbours)
    expected = mutual_info_classif(
        latent[:, None], factor, discrete_features=False, n_neighbors=neighbours, random_state=0
    )
    np.testing.assert_allclose(found[0], expected, atol=1e-12)


@pytest.mark.parametrize("seed", range(30))
def test_small_classes_count_as_a_loop_counts_them(seed):
    latent, factor, size = _case(seed)
    found = neighbour_information(latent[:, None], factor[:, None], (size,))
    assert found[0, 0] == pytest.approx(_by_loops(latent, factor, 10), abs=1e-12)


def test_four_rows_by_hand():
    """One neighbour: reach 1 in each class, inside it 1 of the class and 1, 2, 2, 1 of all."""
    latent, factor = np.array([[0.0], [1.0], [1.9], [2.9]]), np.array([[0], [0], [1], [1]])
    found = neighbour_information(latent, factor, (2,), neighbours=1)
    expected = digamma(4) + digamma(1) - digamma(2) - (digamma(1) + digamma(2)) / 2
    np.testing.assert_allclose(found, [[expected]], atol=1e-12)


def test_ties_count_as_scikit_learns_noise_counts_on_average():
    rng = np.random.default_rng(0)
    factor = rng.integers(0, 4, 600)
    latent = (factor // 2 + rng.integers(0, 2, 600)).astype(float)
    noisy = [
        mutual_info_classif(
            latent[:, None], factor, discrete_features=False, n_neighbors=10, random_state=seed
        )[0]
        for seed in range(20)
    ]
    found = neighbour_information(latent[:, None], factor[:, None], (4,))[0, 0]
    assert found == pytest.approx(np.mean(noisy), abs=3 * np.std(noisy) + 0.005)


def test_few_values_have_the_information_of_their_table():
    rng = np.random.default_rng(0)
    factor = rng.integers(0, 3, 5000)
    latent = (factor + rng.integers(0, 2, 5000)) % 3
    found = neighbour_information(latent[:, None].astype(float), factor[:, None], (3,))[0, 0]
    assert found == pytest.approx(mutual_info_score(latent, factor), abs=1e-3)


def test_a_lattice_does_not_depend_on_rounding():
    """Steps of 0.1 are not exact in float64, whole steps are."""
    rng = np.random.default_rng(0)
    factor = rng.integers(0, 4, 500)
    whole = (5 * factor + rng.integers(0, 30, 500)).astype(float)
    expected = neighbour_information(whole[:, None], factor[:, None], (4,))
    for changed in (0.1 * whole, 7.3 - 0.1 * whole, (0.1 * whole).astype(np.float32), 1e8 + whole):
        np.testing.assert_allclose(
            neighbour_information(changed[:, None], factor[:, None], (4,)), expected, atol=1e-12
        )


def test_sign_offset_scale_and_order_do_not_matter():
    latent, factor, size = _case(7)
    expected = neighbour_information(latent[:, None], factor[:, None], (size,))
    turn = np.random.default_rng(0).permutation(len(latent))
    for changed, classes in ((-3e5 * latent + 1e6, factor), (latent[turn], factor[turn])):
        found = neighbour_information(changed[:, None], classes[:, None], (size,))
        np.testing.assert_allclose(found, expected, atol=1e-9)


def test_classes_of_one_row_are_left_out():
    latent, factor = np.arange(6.0)[:, None], np.array([0, 0, 0, 1, 1, 1])
    expected = neighbour_information(latent, factor[:, None], (2,))
    more = np.append(latent, [[2.5]], axis=0), np.append(factor, 2)[:, None]
    np.testing.assert_array_equal(neighbour_information(*more, (3,)), expected)
    assert neighbour_information(latent[:3], np.arange(3)[:, None], (3,)) == 0


def test_neighbours_below_1_are_refused():
    with pytest.raises(ValueError, match="neighbours must be 1 or more; got 0"):
        neighbour_information(np.zeros((3, 1)), np.zeros((3, 1), dtype=int), (1,), neighbours=0)


@pytest.mark.parametrize("seed", range(6))
def test_repeated_rows_change_nothing(seed):
    latent, factor, size = _case(seed, smallest=2)
    expected = neighbour_information(latent[:, None], factor[:, None], (size,))
    twice = neighbour_information(np.tile(latent, 3)[:, None], np.tile(factor, 3)[:, None], (size,))
    np.testing.assert_allclose(twice, expected, atol=1e-12)
    jittered = np.repeat(latent, 4) * (1 + 2e-16 * np.tile(range(4), len(latent)))
    found = neighbour_information(jittered[:, None], np.repeat(factor, 4)[:, None], (size,))
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_rows_that_are_repeated_unequally_have_their_weight():
    """Near-perfect: all of the entropy, whatever the weights."""
    rng = np.random.default_rng(0)
    factor = rng.integers(0, 3, 200)
    latent = factor + 0.01 * rng.normal(size=200)
    rows = rng.choice(200, 5000, p=rng.dirichlet(np.ones(200)))
    shares = np.bincount(factor[rows]) / 5000
    found = neighbour_information(latent[rows, None], factor[rows, None], (3,))[0, 0]
    assert found == pytest.approx(-(shares * np.log(shares)).sum(), abs=0.02)
