import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from nashae_metrics import auroc


def example(seed=0, n=400, m=6, k=5):
    rng = np.random.default_rng(seed)
    codes = rng.normal(size=(n, m))
    attributes = codes[:, :k] + rng.normal(size=(n, k)) > np.linspace(0, 2, k)
    attributes[0], attributes[1] = True, False
    return codes, attributes


def reference(codes, attributes):
    areas = np.array(
        [[roc_auc_score(label, latent) for label in attributes.T] for latent in codes.T]
    )
    return np.maximum(areas, 1 - areas)


def test_four_samples_by_hand():
    codes = np.array([[0.1, 5.0], [0.4, 5.0], [0.35, 5.0], [0.8, 5.0]])
    attributes = np.array([[0], [0], [1], [1]])
    # Of the four pairs of a positive and a negative three are in order; the second latent is dead.
    np.testing.assert_array_equal(auroc(codes, attributes), [[0.75], [0.5]])


def test_a_tie_counts_half():
    codes = np.array([[0.0], [1.0], [1.0]])
    np.testing.assert_array_equal(auroc(codes, [[0], [0], [1]]), [[0.75]])


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.int8])
def test_scikit_learn_agrees_on_ties_rare_classes_and_a_dead_latent(dtype):
    codes, attributes = example()
    codes = np.round(codes * 4)
    codes[:, 1] = 0.0
    codes[:, 2] = np.clip(codes[:, 2], 0, 1)
    codes = codes.astype(dtype)
    rare = np.zeros((len(codes), 2), dtype=bool)
    rare[7, 0] = True
    rare[:-1, 1] = True
    attributes = np.hstack([attributes, rare])
    np.testing.assert_allclose(
        auroc(codes, attributes), reference(codes, attributes), rtol=0, atol=1e-12
    )


def test_two_rows_suffice():
    np.testing.assert_array_equal(auroc([[2.0, 1.0], [1.0, 1.0]], [[0], [1]]), [[1.0], [0.5]])


def test_a_large_offset_costs_nothing():
    codes, attributes = example()
    codes = 1e8 + codes
    np.testing.assert_allclose(
        auroc(codes, attributes), reference(codes, attributes), rtol=0, atol=1e-12
    )


def test_monotone_transforms_of_latents_and_of_either_sign_change_no_bit():
    codes, attributes = example()
    codes = np.round(codes, 2)
    expected = auroc(codes, attributes)
    for transform in (lambda z: 3 * z + 7, lambda z: z**3, np.exp, lambda z: 1e-6 * z):
        np.testing.assert_array_equal(auroc(transform(codes), attributes), expected)
    np.testing.assert_allclose(auroc(-codes, attributes), expected, rtol=0, atol=1e-15)
    np.testing.assert_allclose(auroc(codes, ~attributes), expected, rtol=0, atol=1e-15)


def test_each_pair_stands_alone():
    codes, attributes = example()
    latents, labels = [4, 0, 5, 2, 1, 3], [2, 0, 4, 1, 3]
    np.testing.assert_array_equal(
        auroc(codes[:, latents], attributes[:, labels]),
        auroc(codes, attributes)[np.ix_(latents, labels)],
    )
