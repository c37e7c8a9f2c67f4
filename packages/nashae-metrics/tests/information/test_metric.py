"""The tables of information that several metrics share."""

import numpy as np

from nashae_metrics import evaluate
from nashae_metrics.ground.intervals import Bootstrap
from nashae_metrics.ground.sample import checked_sample
from nashae_metrics.information.metric import information_tables
from nashae_metrics.information.table import BinnedCodes


def table(rows=200):
    rng = np.random.default_rng(0)
    return rng.normal(size=(rows, 3)), rng.integers(0, [2, 5], (rows, 2))


def test_the_information_is_that_of_the_active_latents():
    codes, factors = table()
    sample = checked_sample(codes * [1, 0, 1], factors)
    tables = information_tables(sample, rng=np.random.default_rng(0), bootstrap=Bootstrap(20))
    expected = BinnedCodes(codes[:, [0, 2]], 20).information(factors, [2, 5])
    np.testing.assert_array_equal(tables.whole.mutual, expected.mutual)
    assert tables.drawn.mutual.shape == (20, 2, 2)


def test_resamples_need_a_generator_and_a_bootstrap():
    sample = checked_sample(*table())
    rng = np.random.default_rng(0)
    for options in ({"rng": None, "bootstrap": Bootstrap()}, {"rng": rng, "bootstrap": None}):
        assert information_tables(sample, **options)[1:] == (None, None)


def test_evaluate_counts_once_for_all_metrics(monkeypatch):
    counted = []
    information = BinnedCodes.information

    def watched(*arguments):
        counted.append(arguments)
        return information(*arguments)

    monkeypatch.setattr(BinnedCodes, "information", watched)
    metrics = ["mig", "rmig", "jemmig", "mig_sup", "dcimig", "modularity"]
    evaluation = evaluate(*table(), metrics=metrics, rng=np.random.default_rng(0))
    assert [row.metric for row in evaluation.rows] == metrics
    assert len(counted) == 2  # the sample, and its resamples
