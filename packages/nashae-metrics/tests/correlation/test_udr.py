"""UDR by hand, against scikit-learn's Lasso and scipy's Spearman, and its invariances."""

import numpy as np
import pytest
from scipy.stats import spearmanr
from sklearn.linear_model import Lasso

from nashae_metrics.correlation.udr import lasso_weights, udr

METHODS = ["lasso", "spearman"]


def example(n=300, m=4, models=3, seed=0):
    rng = np.random.default_rng(seed)
    base = rng.normal(size=(n, m))
    return [base + 0.8 * rng.normal(size=(n, m)) @ rng.normal(size=(m, m)) for _ in range(models)]


def standard(codes):
    return (codes - codes.mean(0)) / codes.std(0)


def of_pair(similarity):
    columns = (similarity.max(0) ** 2 / similarity.sum(0)).sum()
    rows = (similarity.max(1) ** 2 / similarity.sum(1)).sum()
    return (columns + rows) / sum(similarity.shape)


def test_two_models_by_hand():
    # The second model has the first latent, and a latent of its own that is uncorrelated to both.
    grid = np.stack(np.meshgrid([0.0, 1], [0.0, 1], [0.0, 1], indexing="ij"), -1).reshape(-1, 3)
    for method, match in (("lasso", 0.9), ("spearman", 1.0)):
        found = udr([grid[:, [0, 1]], grid[:, [0, 2]]], method=method)
        np.testing.assert_allclose(
            found.similarity, match * np.eye(4)[:, [2, 1, 0, 3]] * [1, 0, 1, 0], atol=1e-12
        )
        # One latent of two is matched, in each of both directions.
        assert found.score == pytest.approx(match / 2)
        np.testing.assert_array_equal(found.model, [0, 0, 1, 1])


def test_the_weights_are_scikit_learns():
    first, second = example(models=2)
    second = np.column_stack([second, second[:, 0] + 0.1 * second[:, 1]])
    x, y = standard(second), standard(first)
    expected = Lasso(alpha=0.1, tol=1e-10, max_iter=100_000).fit(x, y).coef_.T
    found = lasso_weights(x.T @ x / len(x), x.T @ y / len(x))
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_a_pair_is_the_mean_of_both_directions_of_the_lasso():
    first, second = example(models=2)
    found = udr([first, second])
    forth, back = (
        np.abs(Lasso(alpha=0.1, tol=1e-10).fit(standard(x), standard(y)).coef_.T)
        for x, y in ((first, second), (second, first))
    )
    np.testing.assert_allclose(found.similarity[:4, 4:], forth, atol=1e-6)
    np.testing.assert_allclose(found.similarity[4:, :4], back, atol=1e-6)
    np.testing.assert_allclose(found.score, (of_pair(forth) + of_pair(back)) / 2)


def test_spearman_is_scipys():
    first, second = example(models=2)
    second = np.round(second)  # ties
    expected = np.abs(spearmanr(first, second).statistic[:4, 4:])
    found = udr([first, second], method="spearman")
    np.testing.assert_allclose(found.similarity[:4, 4:], expected)
    assert found.score == pytest.approx(of_pair(expected))


def test_a_model_has_the_median_of_its_pairs_and_the_score_is_their_mean():
    found = udr(example(models=4))
    np.testing.assert_allclose(found.pairwise, found.pairwise.T)
    expected = [np.median(np.delete(row, i)) for i, row in enumerate(found.pairwise)]
    np.testing.assert_allclose(found.per_model, expected)
    assert found.score == pytest.approx(np.mean(expected))
    assert (found.samples, found.protocol, found.method) == (300, "standard", "lasso")


@pytest.mark.parametrize("method", METHODS)
def test_order_sign_scale_offset_and_dead_latents_do_not_matter(method):
    models = example()
    expected = udr(models, method=method).pairwise
    rng = np.random.default_rng(1)
    changed = []
    for codes in models:
        moved = codes[:, rng.permutation(4)] * rng.choice([-1, 1], 4) * [1, 1e-3, 1e3, 1] + 5
        changed.append(np.insert(moved, rng.integers(5), 0.3, axis=1))
    np.testing.assert_allclose(udr(changed, method=method).pairwise, expected, atol=1e-6)
    offset = [codes + 1e8 for codes in models]
    np.testing.assert_allclose(udr(offset, method=method).pairwise, expected, atol=1e-6)
    order = [2, 0, 1]
    np.testing.assert_allclose(
        udr([models[s] for s in order], method=method).pairwise,
        expected[np.ix_(order, order)],
        atol=1e-12,
    )


def test_equal_independent_models_score_highest():
    codes = np.random.default_rng(0).normal(size=(2000, 4))
    turned = np.linalg.qr(np.random.default_rng(1).normal(size=(4, 4)))[0]
    assert udr([codes, -codes]).score == pytest.approx(0.9, abs=0.01)
    assert udr([codes, codes @ turned]).score < 0.6
    assert udr([codes, np.random.default_rng(2).normal(size=(2000, 4))]).score == 0


def test_models_may_differ_in_their_latents():
    first, second = example(models=2)
    found = udr([first, second[:, :2]], method="spearman")
    expected = np.abs(spearmanr(first, second[:, :2]).statistic[:4, 4:])
    assert found.score == pytest.approx(of_pair(expected))
    np.testing.assert_array_equal(found.model, [0, 0, 0, 0, 1, 1])


@pytest.mark.parametrize("method", METHODS)
def test_a_model_without_active_latents_scores_0(method):
    codes = example(models=1)[0]
    found = udr([codes, np.ones((300, 2)), codes], method=method)
    assert found.per_model[1] == 0
    assert found.active_count == 8
    assert not found.similarity[4:6].any()
    assert udr([np.ones((3, 2))] * 2, method=method).score == 0


@pytest.mark.parametrize("method", METHODS)
def test_masks_leave_latents_out(method):
    models = example(models=2)
    masks = [np.array([True, True, False, True]), np.array([False, True, True, True])]
    found = udr(models, active=masks, method=method)
    kept = udr([c[:, mask] for c, mask in zip(models, masks, strict=True)], method=method)
    assert found.score == pytest.approx(kept.score)
    assert found.rule == "mask"
    np.testing.assert_array_equal(found.active, np.concatenate(masks))


def test_a_constant_latent_that_a_mask_keeps_is_like_no_other():
    codes = example(models=1)[0]
    codes[:, 2] = 0.4
    masks = [np.ones(4, dtype=bool)] * 2
    for method in METHODS:
        found = udr([codes, codes], active=masks, method=method)
        assert not found.similarity[[2, 6]].any()
        assert not found.similarity[:, [2, 6]].any()


@pytest.mark.parametrize(
    ("models", "options", "message"),
    [
        ([np.eye(3)], {}, "codes of two models or more; got 1"),
        ([], {}, "codes of two models or more; got 0"),
        (
            [np.eye(3), np.eye(4)],
            {},
            r"codes_of_seeds\[1\] must have as many rows as codes_of_seeds\[0\], 3; got 4",
        ),
        ([np.eye(3), np.full((3, 1), np.nan)], {}, r"codes_of_seeds\[1\] must be finite; got nan"),
        ([np.eye(3)] * 2, {"method": "pearson"}, r"must be one of .*; got 'pearson'"),
        ([np.eye(3)] * 2, {"active": "alive"}, "rule of active latents must be one of"),
        ([np.eye(3)] * 2, {"active": [np.ones(3, bool)]}, "one mask for each of 2 models; got 1"),
    ],
)
def test_bad_input_is_named(models, options, message):
    with pytest.raises(ValueError, match=message):
        udr(models, **options)
