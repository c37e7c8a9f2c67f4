"""The look at the observations before training: what it refuses, what it warns of, what it lets."""

import math
import warnings

import numpy as np
import pytest
import torch

from nashae_core import (
    ImageObservations,
    NashAE,
    PackedObservations,
    Predictors,
    StreamedImages,
    TrainConfig,
    conv_decoder,
    conv_encoder,
    train,
)
from nashae_core.observations.inspection import Demands, inspect
from nashae_core.observations.streams import StreamedObservations

CPU = torch.device("cpu")
NORMAL = torch.randn(300, 12, generator=torch.Generator().manual_seed(0))
BYTES = np.random.default_rng(0).integers(0, 256, (20, 64, 64, 3), dtype=np.uint8)


class Own:
    """Observations of a class of the caller's."""

    def __init__(self, rows):
        self.rows = rows

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, index):
        return self.rows[index]


KINDS = {"tensor": lambda x: x, "stream": lambda x: StreamedObservations(x.numpy()), "own": Own}


def look(rows, demands=Demands(), model=None):  # noqa: B008
    inspect(rows, model or torch.nn.Linear(1, 1), demands, CPU)


def convolutional(seeded):
    networks = conv_encoder(2, generator=seeded(0)), conv_decoder(2, generator=seeded(1))
    return NashAE(*networks, Predictors(2, 4, generator=seeded(2)))


@pytest.mark.parametrize("kind", KINDS)
def test_all_that_is_outside_of_what_the_model_takes_is_refused(kind):
    within = Demands((0.0, 1.0), "scale them")
    with pytest.raises(ValueError, match=r"must be in \[0, 1\]; got -.*: scale them"):
        look(KINDS[kind](NORMAL), within)
    look(KINDS[kind](NORMAL.sigmoid()), within)


@pytest.mark.parametrize("kind", KINDS)
def test_observations_that_are_all_the_same_are_refused_where_they_must_differ(kind):
    same = torch.ones(3000, 4)
    with pytest.raises(ValueError, match="must differ; got 3000 that are all the same"):
        look(KINDS[kind](same), Demands(varied=True))
    look(KINDS[kind](same))
    same[1234, 2] = 2.0  # in no sample
    look(KINDS[kind](same), Demands(varied=True))


def test_one_element_of_many_rows_is_seen_in_memory():
    rows = torch.full((20_000, 3), 0.5)
    rows[12_345, 1] = 1.5
    with pytest.raises(ValueError, match=r"got 0\.5 \.\.\. 1\.5"):
        look(rows, Demands((0.0, 1.0), "scale them"))


def test_nan_is_counted_and_its_first_rows_are_named(make_game, seeded):
    rows = NORMAL.double().clone()
    rows[[3, 40, 77, 99], 2] = math.nan
    with pytest.raises(ValueError, match=r"first in row 3, 40, 77, 4 in 4 rows: leave out"):
        train(make_game(), rows, TrainConfig(steps=1), seeded(0))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (lambda x: x * 1000, "deviation of about 1; got"),
        (lambda x: x / 1000, "deviation of about 1; got"),
        (lambda x: x + 500, "deviation of about 1; got"),
        (lambda x: (x.sigmoid() * 255).round(), "look like bytes, whole numbers"),
        (lambda x: torch.cat([x[:, :1], x.new_zeros(300, 60)], 1) * 9, "constant in 60 of 61 col"),
    ],
    ids=["large", "small", "offset", "bytes", "constant"],
)
def test_what_is_likely_wrong_is_told_with_its_cure(kind, changed, message):
    with pytest.warns(UserWarning, match=message):
        look(KINDS[kind](changed(NORMAL)[: 300 if kind != "own" else 16]))


@pytest.mark.parametrize("factor", [1.0, 5.0, 0.2])
def test_what_is_well_is_let(factor):
    for rows in (NORMAL * factor, NORMAL.sigmoid(), NORMAL[:1], (NORMAL > 2).float()):
        look(rows, Demands(varied=True))
    look(PackedObservations(torch.randint(0, 256, (50, 8), dtype=torch.uint8)))
    look(ImageObservations(BYTES, (0.5,) * 3, (0.29,) * 3))


def test_a_model_that_standardises_them_itself_takes_any_scale(make_game, rows, seeded):
    config, own = TrainConfig(steps=1, batch_size=5), rows * 1000 + 500
    model = make_game()
    with pytest.warns(UserWarning, match="deviation of about 1; got"):
        train(model, own, config, seeded(0))
    model.standardise(float(own.mean()), float(own.std()))
    train(model, own, config, seeded(0))


@pytest.mark.parametrize("kind", KINDS)
def test_images_with_their_channels_last_are_refused_before_a_convolution(seeded, kind):
    last = torch.randn(20, 64, 64, 3, generator=seeded(0))
    with pytest.raises(ValueError, match=r"channels first; got \(n, 64, 64, 3\): give .*permute"):
        look(KINDS[kind](last), model=convolutional(seeded))
    look(KINDS[kind](last))  # a perceptron minds no order
    look(KINDS[kind](last.permute(0, 3, 1, 2).contiguous()), model=convolutional(seeded))


def test_an_encoder_that_permutes_them_itself_is_let(seeded):
    class Permuting(torch.nn.Sequential):
        def forward(self, x):
            return super().forward(x.permute(0, 3, 1, 2))

    model = convolutional(seeded).train()
    model.encoder = Permuting(*model.encoder)
    look(torch.randn(20, 64, 64, 3, generator=seeded(0)), model=model)
    assert model.training
    assert model.encoder.training


@pytest.mark.parametrize("kind", [ImageObservations, StreamedImages])
@pytest.mark.parametrize("numbers", [((127.0,) * 3, (60.0,) * 3), ((0.5,) * 3, (60.0,) * 3)])
def test_a_mean_or_deviation_of_bytes_is_refused(kind, numbers):
    with pytest.raises(ValueError, match=r"numbers 0 \.\.\. 1; got .* divide those of bytes by"):
        kind(BYTES, *numbers)


def test_a_look_takes_nothing_from_a_run_and_is_not_repeated_when_it_goes_on(
    make_game, rows, seeded
):
    states = []
    config = TrainConfig(steps=2, batch_size=5, record_every=1)
    train(make_game(), rows, config, seeded(1), on_record=lambda p: states.append(p.state()))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        other = {name: t for name, t in states[-1].items() if name != "about"}
        train(make_game(), rows * 40, config, seeded(1), resume=other)
