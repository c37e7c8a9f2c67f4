"""InfoM, InfoC and InfoE against scikit-learn, known answers and invariances."""

import numpy as np
import pytest
from sklearn.feature_selection import mutual_info_classif
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss

from nashae_metrics.ground.sample import checked_sample
from nashae_metrics.information.infomec import infomec, infomec_of


def _data(n=600):
    rng = np.random.default_rng(1)
    factors = rng.integers(0, [3, 2, 5], (n, 3))
    codes = factors @ rng.normal(size=(3, 4)) + 0.5 * rng.normal(size=(n, 4))
    return codes, factors


def _entropies(factors):
    shares = [np.bincount(v)[np.bincount(v) > 0] / len(v) for v in factors.T]
    return np.array([-(p * np.log(p)).sum() for p in shares])


def test_all_three_are_the_papers_formulas_on_scikit_learns_estimates():
    codes, factors = _data()
    found = infomec(codes, factors)
    entropies = _entropies(factors)
    shares = (
        np.column_stack(
            [
                mutual_info_classif(
                    codes, v, discrete_features=False, n_neighbors=10, random_state=0
                )
                for v in factors.T
            ]
        )
        / entropies
    )
    np.testing.assert_allclose(found.information, shares, atol=1e-12)
    one = (np.mean(shares.max(1) / shares.sum(1)) - 1 / 3) / (1 - 1 / 3)
    other = (np.mean(shares.max(0) / shares.sum(0)) - 1 / 4) / (1 - 1 / 4)
    assert found.score == found.modularity == pytest.approx(one)
    assert found.compactness == pytest.approx(other)
    scaled = (codes - codes.mean(0)) / codes.std(0)
    losses = [
        log_loss(
            v, LogisticRegression(C=np.inf, max_iter=1000).fit(scaled, v).predict_proba(scaled)
        )
        for v in factors.T
    ]
    np.testing.assert_allclose(found.explicit, 1 - losses / entropies, atol=2e-3)


def test_one_latent_a_factor_scores_1():
    rng = np.random.default_rng(2)
    factors = rng.integers(0, 4, (2000, 2))
    found = infomec(factors + 0.01 * rng.normal(size=(2000, 2)), factors)
    assert found.modularity == pytest.approx(1.0, abs=0.01)
    assert found.compactness == pytest.approx(1.0, abs=0.01)
    assert found.explicitness == pytest.approx(1.0, abs=0.01)


def test_codes_of_few_values_need_no_noise():
    factors = np.random.default_rng(2).integers(0, 4, (2000, 2))
    found = infomec(factors.astype(float), factors)
    assert found.modularity == pytest.approx(1.0, abs=0.01)
    np.testing.assert_allclose(found.information.diagonal(), 1.0, atol=0.01)


def test_a_factor_in_two_latents_is_modular_and_half_compact():
    rng = np.random.default_rng(3)
    factors = rng.integers(0, 3, (2000, 2))
    found = infomec(factors[:, [0, 0, 1]] + 0.01 * rng.normal(size=(2000, 3)), factors)
    assert found.modularity == pytest.approx(1.0, abs=0.02)
    np.testing.assert_allclose(found.compact, [0.25, 1.0], atol=0.02)


def test_neither_order_sign_scale_nor_dead_latents_change_it():
    codes, factors = _data()
    expected = infomec(codes, factors)
    dead = np.full((600, 1), 0.5)
    changed = np.hstack([dead, 4 * codes[:, [3, 1]], dead, -codes[:, [2]], codes[:, [0]] / 8])
    found = infomec(changed, factors)
    for name in ("modularity", "compactness", "explicitness"):
        assert getattr(found, name) == pytest.approx(getattr(expected, name), abs=2e-3)
    assert found.modularity == pytest.approx(expected.modularity, abs=1e-12)
    assert found.compactness == pytest.approx(expected.compactness, abs=1e-12)
    assert np.isnan(found.latents[[0, 3]]).all()


def test_no_active_latent_scores_0_thrice():
    _, factors = _data()
    for protocol in ("standard", "hsu2023"):
        found = infomec(np.ones((600, 2)), factors, protocol=protocol)
        assert (found.modularity, found.compactness, found.explicitness) == (0, 0, 0)


def test_one_active_latent_is_compact():
    codes, factors = _data()
    found = infomec(codes[:, :1], factors)
    np.testing.assert_array_equal(found.compact, found.information[0] > 0)
    assert infomec(np.hstack([codes[:, :1], np.ones((600, 1))]), factors).score == found.score


def test_one_factor_cannot_be_mixed():
    codes, factors = _data()
    found = infomec(codes, factors[:, [2]])
    np.testing.assert_array_equal(found.latents, found.information[:, 0] > 0)


def test_a_latent_without_information_counts_0():
    rng = np.random.default_rng(4)
    factors = rng.permutation(np.repeat([[0, 0], [0, 1], [1, 0], [1, 1]], 100, axis=0))
    codes = np.column_stack([factors[:, 0], np.tile([0.0, 1.0], 200)])
    found = infomec(codes, factors)
    known = found.information.sum(1) > 0
    assert (found.latents[~known] == 0).all()


def test_the_authors_rules_prune_narrow_latents_and_weigh_classes_alike():
    rng = np.random.default_rng(5)
    factors = rng.choice(3, (900, 1), p=[0.7, 0.2, 0.1])
    codes = factors + 0.5 * rng.normal(size=(900, 2))
    codes[:, 1] /= 1000
    found = infomec(codes, factors, protocol="hsu2023")
    np.testing.assert_array_equal(found.active, [True, False])
    assert found.rule == "constant, range > max/20"
    scaled = (codes - codes.mean(0)) / codes.std(0)
    model = LogisticRegression(C=np.inf, class_weight="balanced").fit(scaled, factors[:, 0])
    loss = log_loss(factors[:, 0], model.predict_proba(scaled))
    assert found.explicitness == pytest.approx(1 - loss / np.log(3), abs=1e-4)
    assert infomec(codes, factors).active_count == 2


def test_large_samples_are_drawn_from_and_have_an_interval():
    rng = np.random.default_rng(6)
    factors = rng.integers(0, 2, (10_500, 2))
    codes = factors + 0.5 * rng.normal(size=(10_500, 2))
    found = infomec(codes, factors, rng=np.random.default_rng(0), repeats=2)
    assert found.samples == 10_000
    assert found.interval.low <= found.score <= found.interval.high
    again = infomec_of(checked_sample(codes, factors), rng=np.random.default_rng(0), repeats=2)
    assert again.score == found.score
    with pytest.raises(ValueError, match="give rng"):
        infomec(codes, factors)


def test_a_factor_that_the_rows_drawn_do_not_vary_counts_0():
    factors = np.zeros((25_000, 1), dtype=int)
    factors[0] = 1
    codes = np.random.default_rng(0).normal(size=(25_000, 1))
    found = infomec(codes, factors, rng=np.random.default_rng(1))  # which leaves out row 0
    assert (found.modularity, found.compactness, found.explicitness) == (0, 0, 0)


def test_few_rows_float32_and_rare_classes_are_scored():
    codes = np.array([[0.1], [0.2], [0.4]], dtype=np.float32)
    for labels in ([[0], [1], [2]], [[0], [0], [1]]):
        found = infomec(codes, labels)
        assert 0 <= found.score <= 1
        assert 0 <= found.explicitness <= 1


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        (
            {"protocol": "locatello2019"},
            r"protocol of infomec must be one of .*; got 'locatello2019'",
        ),
        ({"repeats": 0}, "repeats must be 1 or more; got 0"),
        ({"neighbours": 0}, "neighbours must be 1 or more; got 0"),
        ({"active": "few"}, r"rule of active latents must be one of .*; got 'few'"),
    ],
)
def test_bad_input_is_refused(changes, text):
    codes, factors = _data()
    with pytest.raises(ValueError, match=text):
        infomec(codes, factors, **changes)


def _table(noise=0.02):
    """A near-perfect code of 360 combinations: every row differs in every latent."""
    rng = np.random.default_rng(7)
    factors = np.stack(np.meshgrid(*map(np.arange, (3, 10, 12)), indexing="ij"), -1).reshape(-1, 3)
    return factors + noise * rng.normal(size=factors.shape), factors


@pytest.mark.parametrize("protocol", ["standard", "hsu2023"])
@pytest.mark.parametrize("kind", ["replacement", "tile", "repeat", "float32", "a latent of noise"])
def test_rows_that_are_repeated_leave_the_score_as_it_is(kind, protocol):
    codes, factors = _table()
    rng = np.random.default_rng(8)
    rows = {
        "tile": np.tile(np.arange(360), 9),
        "repeat": np.repeat(np.arange(360), 9),
    }.get(kind, rng.integers(0, 360, 3000))
    drawn = codes[rows].astype(np.float32 if kind == "float32" else np.float64)
    if kind == "a latent of noise":  # so that no row is another's equal
        codes = np.c_[codes, rng.normal(size=360)]
        drawn = np.c_[drawn, rng.normal(size=len(rows))]
    expected = infomec(codes, factors, protocol=protocol)
    found = infomec(drawn, factors[rows], protocol=protocol)
    np.testing.assert_allclose(found.latents[:3], expected.latents[:3], atol=0.02)
    assert expected.latents[:3].min() > 0.95
    if kind != "a latent of noise":  # which knows of the factors by chance, and of more rows less
        assert found.modularity == pytest.approx(expected.modularity, abs=0.01)
        assert found.compactness == pytest.approx(expected.compactness, abs=0.01)
