"""A NashAE of standardised observations takes the observations themselves."""

import warnings

import pytest
import torch

from nashae_core import (
    TrainConfig,
    add_latent,
    encode,
    load_weights,
    missing_direction,
    remove_latents,
    save_weights,
    train,
    train_many,
)
from nashae_core.factors.standard import standard_sample

CPU = torch.device("cpu")
SHIFT, SCALE = 30.0, -5.0
CONFIG = TrainConfig(steps=6, batch_size=20, record_every=2)


@pytest.fixture
def pair(make_game):
    """Two equal models: one of x, and one of SCALE·x + SHIFT."""
    plain, model = make_game(code_noise=0.1), make_game(code_noise=0.1)
    model.standardise(SHIFT, SCALE)
    return plain, model


def raw(x):
    return SCALE * x + SHIFT


def equal_weights(one, other):
    for a, b in zip(one.parameters(), other.parameters(), strict=True):
        torch.testing.assert_close(a, b)


def test_codes_and_reconstructions(pair, rows):
    plain, model = pair
    for one, other in zip(model(raw(rows)), plain(rows), strict=True):
        expected = raw(other) if other.shape == rows.shape else other
        torch.testing.assert_close(one, expected)


def test_training_is_that_of_the_standardised_observations(pair, rows, seeded):
    plain, model = pair
    states = []
    expected = train(plain, rows, CONFIG, seeded(1))
    history = train(
        model, raw(rows), CONFIG, seeded(1), on_record=lambda p: states.append(p.state())
    )
    equal_weights(model, plain)
    for name, terms in expected.terms.items():
        torch.testing.assert_close(history.terms[name], terms)
    # A state knows by what it is standardised, whatever model goes on from it.
    for other in pair:
        train(other, raw(rows), CONFIG, seeded(9), resume=states[0])
        assert other.standardised_by == (SHIFT, SCALE)
        equal_weights(other, model)


def test_models_at_once(make_game, rows, seeded):
    models = [make_game(seed) for seed in (0, 1)]
    expected = [make_game(seed) for seed in (0, 1)]
    for model in models:
        model.standardise(SHIFT, SCALE)
    train_many(models, raw(rows), CONFIG, [seeded(1), seeded(2)])
    train_many(expected, rows, CONFIG, [seeded(1), seeded(2)])
    for one, other in zip(models, expected, strict=True):
        equal_weights(one, other)


def test_surgery_keeps_it_and_a_missing_latent_is_the_same(pair, rows, seeded):
    plain, model = pair
    with torch.no_grad():
        row, expected = missing_direction(model, raw(rows)), missing_direction(plain, rows)
        # A direction has no sign.
        torch.testing.assert_close(row[0] * row[0][0].sign(), expected[0] * expected[0][0].sign())
        values = model.encode(raw(rows)).mean(0)
        smaller, less = (remove_latents(m, [1], values)[0] for m in pair)
        torch.testing.assert_close(less.decode(less.encode(raw(rows))), raw(smaller(rows)[1]))
        larger, more = (add_latent(m, seeded(3))[0] for m in pair)
        torch.testing.assert_close(more.encode(raw(rows)), larger.encode(rows))


def test_weights_on_disk(make_game, pair, rows, tmp_path):
    paths = [tmp_path / f"{name}.safetensors" for name in ("plain", "model")]
    for model, path in zip(pair, paths, strict=True):
        save_weights(model, path)
    codes = [encode(model, raw(rows)) for model in pair]
    for order in ((0, 1), (1, 0)):
        other = make_game(7, code_noise=0.1)
        for i in order:
            load_weights(other, paths[i])
            assert torch.equal(encode(other, raw(rows)), codes[i])
    assert "data_shift" not in pair[0].state_dict()


def test_it_goes_where_the_model_goes(pair):
    model = pair[1]
    assert model.data_scale.dtype == torch.float64
    assert model.float().data_scale.dtype == torch.float32
    assert model.to("meta").data_shift.device.type == "meta"
    pair[0].standardise(2.0)
    assert pair[0].standardised_by == (2, 1)
    pair[0].standardise()
    assert pair[0].data_scale is None


@pytest.mark.parametrize("by", [(0.0, 0.0), (float("nan"), 1.0), (0.0, float("inf"))])
def test_numbers_that_cannot_be_are_refused(make_game, by):
    with pytest.raises(ValueError, match="must be finite, and scale not 0"):
        make_game().standardise(*by)


def test_a_standard_sample_has_no_mean_and_a_deviation_of_1():
    x = 40 * torch.rand(50, 3, 4, generator=torch.Generator().manual_seed(0)).double() - 90
    sample, standard = standard_sample(x, CPU, torch.float64)
    assert standard.shift == pytest.approx(float(x.mean()))
    assert abs(standard.scale) == pytest.approx(float(x.std(correction=0)))
    rows = sample.rows(50)
    torch.testing.assert_close(rows, (x - standard.shift) / standard.scale)
    assert standard.variance == pytest.approx(float((rows - rows.mean(0)).square().mean()) / 2)
    # Of an exponential distribution the long tail is above.
    tail = -(x / 40 + 2.25).log()
    assert standard_sample(tail, CPU, torch.float64)[1].scale > 0
    assert standard_sample(-tail, CPU, torch.float64)[1].scale < 0


def test_data_as_far_below_their_mean_as_above_have_a_sign():
    half = torch.randn(20, 6, generator=torch.Generator().manual_seed(1)).double()
    x = torch.cat([half, -half])
    scales = [standard_sample(a * x, CPU, torch.float64)[1].scale for a in (1.0, -1.0, 100.0)]
    assert scales[0] == pytest.approx(-scales[1])
    assert scales[2] == pytest.approx(100 * scales[0])


@pytest.mark.parametrize(
    ("x", "shift", "own", "rounded"),
    [
        (torch.float64, 1e4, torch.float32, False),
        (torch.float64, 1e7, torch.float32, True),
        (torch.float64, 1e7, torch.float64, False),
        (torch.float64, -1e9, torch.float32, True),
        (torch.float32, 1e6, torch.float32, True),
        (torch.float32, 1e3, torch.bfloat16, True),
    ],
)
def test_an_offset_that_the_models_type_rounds_off_is_warned_of(x, shift, own, rounded):
    """The search sees the data's own numbers all the same."""
    data = torch.randn(50, 6, generator=torch.Generator().manual_seed(0)).to(x) + shift
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        sample, standard = standard_sample(data, CPU, own)
    assert [w.category for w in warned] == [UserWarning] * rounded
    assert all(f"subtract {standard.shift:.3g} from them" in str(w.message) for w in warned)
    expected = (data.double() - standard.shift) / standard.scale
    torch.testing.assert_close(sample.rows(50), expected.to(own))


@pytest.mark.parametrize("value", [0.0, 0.1, -1e9, 1e-30])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_constants_are_no_data_whatever_their_mean_is_rounded_to(value, dtype):
    with pytest.raises(ValueError, match="observations must differ"):
        standard_sample(torch.full((3001, 7), value, dtype=dtype), CPU, torch.float32)
