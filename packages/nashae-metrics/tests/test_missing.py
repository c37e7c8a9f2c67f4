"""What is not there: masked entries, missing labels, rows whose names differ."""

import numpy as np
import pytest

import nashae_metrics
from nashae_metrics import evaluate
from nashae_metrics.ground.arrays import check_unmasked
from nashae_metrics.report.catalogue import METRICS

NEEDS = ("factors", "attributes", "predictions")
OF_LABELS = [name for name, metric in METRICS.items() if metric.needs in ("factors", "attributes")]
CODES = [name for name in METRICS if name != "udr"]
ROWS = 90


class Frame:
    """A data frame as far as an array and the names of its rows go."""

    def __init__(self, array, index=None):
        self.array = np.asarray(array)
        self.index = Index(range(len(self.array)) if index is None else index)

    def __array__(self, dtype=None, copy=None):
        return self.array


class Index(list):
    """The names of rows, as pandas has them."""

    def equals(self, other):
        return list(self) == list(other)


def data():
    rng = np.random.default_rng(0)
    factors = rng.integers(0, [3, 2], (ROWS, 2))
    codes = factors + 0.3 * rng.normal(size=(ROWS, 2))
    truth = {"factors": factors, "attributes": factors > 0, "predictions": codes + 0.1}
    return codes, truth


def scored(name, codes, truth, **options):
    needs = METRICS[name].needs
    if name == "learned_latents":
        return nashae_metrics.learned_latents(codes)
    if name in ("dci", "dci_es"):
        options["active"] = np.zeros(2, dtype=bool)  # without trees, which take their time
    arguments = [codes] if needs == "codes" else [codes, truth[needs]]
    rng = np.random.default_rng(0)
    return getattr(nashae_metrics, name)(*arguments, rng=rng, **options)


def masked(array, rows=(3, 7)):
    mask = np.zeros(array.shape, dtype=bool)
    mask[list(rows), 1] = True
    return np.ma.array(array, mask=mask)


class Lazy:
    """A variable of a file, which gives a masked array when it is read."""

    def __init__(self, array):
        self.array = array

    def __array__(self, dtype=None, copy=None):
        return self.array


KINDS = {"array": lambda array: array, "lazy": Lazy}


@pytest.mark.parametrize("name", CODES)
def test_masked_entries_are_refused_and_how_to_leave_them_out_is_said(name):
    codes, truth = data()
    if name == "learned_latents":
        codes, truth = codes + 0.0, {}
    for kind in KINDS.values():
        with pytest.raises(
            ValueError, match=r"codes must have no masked entries; got 2: .*\[rows\]"
        ):
            scored(name, kind(masked(codes)), truth)
        for key in truth if METRICS[name].needs in truth else ():
            if key == METRICS[name].needs:
                hidden = truth | {key: kind(masked(truth[key]))}
                with pytest.raises(ValueError, match=rf"{key} must have no masked entries; got 2"):
                    scored(name, codes, hidden)
    rows = ~np.ma.getmaskarray(masked(codes)).any(axis=1)
    kept = {key: array[rows] for key, array in truth.items()}
    assert np.isfinite(scored(name, masked(codes)[rows], kept).score)


@pytest.mark.parametrize("kind", [list, tuple])
def test_rows_that_are_masked_arrays_are_refused(kind):
    with pytest.raises(ValueError, match="codes must have no masked entries; got 2"):
        check_unmasked(kind(masked(data()[0])), "codes")


@pytest.mark.parametrize("key", ["codes", *NEEDS])
def test_evaluate_and_the_rest_refuse_masked_entries_too(key):
    codes, truth = data()
    given = {"codes": codes, **truth}
    given[key] = masked(given[key])
    with pytest.raises(ValueError, match=f"{key} must have no masked entries"):
        evaluate(**given, metrics=["mig"], rng=np.random.default_rng(0))


def test_masks_of_other_arguments_are_refused():
    codes, truth = data()
    hidden = masked(np.ones_like(codes))
    with pytest.raises(ValueError, match="variances must have no masked entries"):
        nashae_metrics.learned_latents(codes, rule="beta-vae", variances=hidden)
    with pytest.raises(ValueError, match="means must have no masked entries"):
        nashae_metrics.tad(codes, truth["attributes"], protocol="yeats2022", means=hidden)
    with pytest.raises(ValueError, match="active must have no masked entries"):
        nashae_metrics.mig(codes, truth["factors"], active=np.ma.array([True, True], mask=[0, 1]))
    with pytest.raises(ValueError, match=r"codes_of_seeds\[1\] must have no masked entries"):
        nashae_metrics.udr([codes, hidden])
    with pytest.raises(ValueError, match="attributes must have no masked entries"):
        nashae_metrics.auroc(codes, masked(truth["attributes"]))


@pytest.mark.parametrize("missing", [-1, 9, np.nan, 0.5])
@pytest.mark.parametrize("name", OF_LABELS)
def test_rows_with_a_missing_label_are_left_out(name, missing):
    codes, truth = data()
    key = METRICS[name].needs
    labels = truth[key].astype(np.int64 if isinstance(missing, int) else np.float64)
    labels[4, 0] = labels[[11, 12], 1] = missing
    rows = (labels != missing).all(1) & ~np.isnan(labels).any(1)
    assert rows.sum() == ROWS - 3
    known = {key: truth[key][rows]}
    expected = scored(name, codes[rows], known)
    found = scored(name, codes, {key: labels}, missing=missing)
    assert (found.score, found.samples) == (expected.score, ROWS - 3)
    both = [
        evaluate(c, **v, metrics=[name], rng=np.random.default_rng(0), active=[False, False], **o)
        for c, v, o in ((codes[rows], known, {}), (codes, {key: labels}, {"missing": missing}))
    ]
    assert both[0][name].score == both[1][name].score


def test_missing_labels_of_factors_leave_the_other_metrics_their_rows():
    codes, truth = data()
    truth["factors"] = np.where(np.arange(ROWS)[:, None] < 5, -1, truth["factors"])
    found = evaluate(
        codes,
        **truth,
        missing=-1,
        metrics=["mig", "tad", "predictability", "mutual_information"],
        rng=np.random.default_rng(0),
    )
    samples = {row.metric: row.result.samples for row in found.rows}
    assert samples.pop("mig") == ROWS - 5
    assert set(samples.values()) == {ROWS}
    means = nashae_metrics.tad(
        codes,
        np.where(np.arange(ROWS)[:, None] < 5, -1, truth["attributes"]),
        protocol="yeats2022",
        means=codes,
        missing=-1,
    )
    assert means.samples == ROWS - 5


def test_too_few_rows_with_labels_are_an_error():
    codes, truth = data()
    with pytest.raises(ValueError, match="factors must have two rows or more without the missing"):
        nashae_metrics.mig(codes, np.full_like(truth["factors"], -1), missing=-1)


@pytest.mark.parametrize("name", [name for name in CODES if METRICS[name].needs in NEEDS])
def test_frames_whose_rows_differ_in_name_are_refused(name):
    codes, truth = data()
    key = METRICS[name].needs
    plain = scored(name, codes, truth).score
    turned = np.random.default_rng(1).permutation(ROWS)
    for index in (turned, range(1, ROWS + 1), [f"row {n}" for n in range(ROWS)]):
        with pytest.raises(ValueError, match=rf"{key} must have the index of codes.*\.loc\["):
            scored(name, Frame(codes), truth | {key: Frame(truth[key], index)})
        given = {key: Frame(truth[key], index)}
        with pytest.raises(ValueError, match=f"{key} must have the index of codes"):
            evaluate(Frame(codes), **given, metrics=[name], rng=np.random.default_rng(0))
    same = Frame(codes, turned), truth | {key: Frame(truth[key], turned)}
    assert scored(name, *same).score == plain
    assert scored(name, codes, truth | {key: Frame(truth[key], turned)}).score == plain


def test_frames_of_other_arguments_are_held_together_too():
    codes, truth = data()
    other = Frame(np.ones_like(codes), range(5, ROWS + 5))
    with pytest.raises(ValueError, match="variances must have the index of codes"):
        nashae_metrics.learned_latents(Frame(codes), rule="beta-vae", variances=other)
    with pytest.raises(ValueError, match="means must have the index of codes"):
        nashae_metrics.tad(Frame(codes), truth["attributes"], protocol="yeats2022", means=other)
    with pytest.raises(ValueError, match=r"codes_of_seeds\[1\] must have the index"):
        nashae_metrics.udr([Frame(codes), other])
    with pytest.raises(ValueError, match="attributes must have the index of codes"):
        nashae_metrics.auroc(Frame(codes), other)
