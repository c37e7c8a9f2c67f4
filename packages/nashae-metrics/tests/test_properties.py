"""Laws that every metric keeps, on ordinary and on ugly data."""

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import nashae_metrics
from nashae_metrics import METRICS
from nashae_metrics.prediction import predictors

OF_FACTORS = [name for name, metric in METRICS.items() if metric.needs == "factors"]
OF_CODES = [name for name, metric in METRICS.items() if metric.needs == "codes"]
ALL = [*OF_FACTORS, *OF_CODES, "tad"]
SLOW = {"dci", "dci_es", "explicitness", "infomec", "sap"}
# Their rows, pairs or groups are others where there are more rows.
OF_DRAWS = {"beta_vae", "factor_vae", "explicitness", "sap", "dci", "dci_es", "mcc"}
HIGHEST = {"rmig": 10.0, "total_correlation": np.inf, "wasserstein_correlation": np.inf}
HIGHEST |= {"mutual_information": np.log(20), "learned_latents": 10, "tad": 3.0}
# A count by a range of .2, and distances in the codes' own unit, are of one scale by definition.
OF_ONE_SCALE = {"learned_latents", "wasserstein_correlation"}
# Trees meet the latents in their order, and a split that two of them offer alike goes to the first.
quick = settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)


@pytest.fixture(scope="module", autouse=True)
def few_trees() -> Iterator[None]:
    """DCI by 8 trees a class instead of 100: the laws hold of any number."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(predictors, "STAGES", (1, 2, 4, 8))
        yield


def scored(name, codes, factors, **options):
    metric = METRICS[name]
    function = getattr(nashae_metrics, name)
    if name == "learned_latents":
        return function(codes, rule="constant")
    if metric.needs == "codes":
        return function(codes, **options)
    if name == "tad":
        labels = np.asarray(factors) > np.median(factors, axis=0)
        return function(codes, labels, **options)
    return function(codes, factors, rng=np.random.default_rng(0), **options)


def ordinary(n=600, seed=0):
    """Two factors on a grid that is not complete, two latents of them and one of noise."""
    rng = np.random.default_rng(seed)
    factors = rng.integers(0, [3, 5], (n, 2))
    noise = rng.normal(size=(n, 3))
    codes = np.column_stack([factors[:, 0], factors[:, 0] + factors[:, 1], np.zeros(n)])
    return codes + 0.3 * noise, factors


@pytest.mark.parametrize("name", ALL)
def test_a_dead_latent_changes_nothing_wherever_it_stands(name):
    codes, factors = ordinary()
    plain = scored(name, codes, factors).score
    for place in (0, 1, 3):
        with_dead = np.insert(codes, place, 7.5, axis=1)
        result = scored(name, with_dead, factors)
        assert result.score == pytest.approx(plain, abs=1e-9)
        assert result.active_count == 3
        assert not result.active[place]


@pytest.mark.parametrize("name", ALL)
def test_the_order_of_latents_changes_nothing(name):
    codes, factors = ordinary()
    tolerance = 0.02 if name in ("dci", "dci_es") else 1e-6
    plain = scored(name, codes, factors).score
    assert scored(name, codes[:, [2, 0, 1]], factors).score == pytest.approx(plain, abs=tolerance)


@pytest.mark.parametrize("name", [name for name in ALL if name not in OF_ONE_SCALE])
def test_sign_scale_and_offset_of_a_latent_change_nothing(name):
    codes, factors = ordinary()
    changed = codes * np.array([-4.0, 0.25, 1024.0]) + np.array([3.0, -100.0, 0.0])
    tolerance = 0.02 if name in ("dci", "dci_es") else 1e-4
    plain = scored(name, codes, factors).score
    assert scored(name, changed, factors).score == pytest.approx(plain, abs=tolerance)


@pytest.mark.parametrize("name", ALL)
def test_a_huge_offset_leaves_the_score_as_it_is(name):
    codes, factors = ordinary()
    plain = scored(name, codes, factors).score
    assert scored(name, codes + 1e8, factors).score == pytest.approx(plain, abs=0.01)


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize(
    "layout",
    [
        np.asfortranarray,
        lambda codes: np.repeat(codes, 2, axis=0)[::2],
        lambda codes: np.lib.stride_tricks.as_strided(codes, writeable=False),
    ],
    ids=["fortran", "strided", "read-only"],
)
def test_the_layout_in_memory_changes_nothing(name, layout):
    codes, factors = ordinary(200)
    before = codes.copy()
    expected = scored(name, codes, factors).score
    assert scored(name, layout(codes), factors).score == pytest.approx(expected, abs=1e-9)
    np.testing.assert_array_equal(codes, before)


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("dtype", [np.float32, np.float16])
def test_narrower_floats_give_the_score_to_their_precision(name, dtype):
    codes, factors = ordinary()
    rounded = codes.astype(dtype)
    expected = scored(name, rounded.astype(np.float64), factors).score
    tolerance = 0.02 if name in ("dci", "dci_es") else 2e-3
    assert scored(name, rounded, factors).score == pytest.approx(expected, abs=tolerance)


@pytest.mark.parametrize("name", [name for name in ALL if name not in OF_DRAWS])
def test_repeated_rows_change_nothing(name):
    codes, factors = ordinary(200)
    plain = scored(name, codes, factors).score
    tiled = scored(name, np.tile(codes, (5, 1)), np.tile(factors, (5, 1))).score
    # The IRS takes a high quantile of small groups, which lies between two of their rows.
    assert tiled == pytest.approx(plain, abs=0.05 if name == "irs" else 5e-3)


@pytest.mark.parametrize("name", ALL)
def test_no_active_latent_and_one_have_a_score(name):
    codes, factors = ordinary(200)
    for active in (np.zeros(3, bool), np.array([True, False, False])):
        options = {} if name == "learned_latents" else {"active": active}
        result = scored(name, codes, factors, **options)
        assert np.isfinite(result.score)


@pytest.mark.parametrize("name", ALL)
def test_the_same_seed_gives_the_same_score(name):
    codes, factors = ordinary(300)
    assert scored(name, codes, factors).score == scored(name, codes, factors).score


@pytest.mark.parametrize("name", ALL)
def test_a_result_names_what_it_depends_on(name):
    codes, factors = ordinary(200)
    result = scored(name, codes, factors)
    assert result.protocol == METRICS[name].protocols[0]
    assert result.rule == "constant"
    assert result.samples > 0
    assert result.seed == (None if METRICS[name].needs == "codes" or name == "tad" else 0)


@st.composite
def ugly_data(draw):
    """Few rows, ties, one-value latents, rare classes, integers, huge numbers."""
    n, m, k = draw(st.integers(2, 40)), draw(st.integers(1, 4)), draw(st.integers(1, 3))
    rng = np.random.default_rng(draw(st.integers(0, 2**16)))
    codes = rng.normal(size=(n, m)) * draw(st.sampled_from([1e-6, 1.0, 1e6]))
    ties = draw(st.booleans())
    codes = np.round(codes, 1) if ties else codes
    codes[:, draw(st.integers(0, m - 1))] *= draw(st.sampled_from([0.0, 1.0]))
    codes += draw(st.sampled_from([0.0, 1e8]))
    factors = rng.integers(0, draw(st.sampled_from([2, 5, 40])), (n, k))
    if draw(st.booleans()):
        factors[1:] = factors[1]  # one row has a class of its own, or all are alike
    kind = draw(st.sampled_from([np.float64, np.float32, np.int64]))
    return codes.astype(kind), factors


@pytest.mark.parametrize("name", ALL)
@quick
@given(data=ugly_data())
def test_ugly_data_has_a_score_in_range_or_an_error_that_says_why(name, data):
    codes, factors = data
    try:
        result = scored(name, codes, factors)
    except ValueError:  # any other exception, or a warning, fails
        return
    lowest = -1.0 if name == "dci_es" else 0.0
    assert lowest - 1e-9 <= result.score <= HIGHEST.get(name, 1.0) + 1e-9
    assert not np.isnan(result.score)
