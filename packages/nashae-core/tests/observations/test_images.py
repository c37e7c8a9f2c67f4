import threading

import numpy as np
import pytest
import torch

from nashae_core import (
    ImageObservations,
    NashAE,
    Observations,
    Predictors,
    StreamedImages,
    TrainConfig,
    conv_decoder,
    conv_encoder,
    encode,
    train,
)

MEAN, STD = (0.5, 0.4, 0.3), (0.3, 0.25, 0.2)


@pytest.fixture
def images():
    made = np.random.default_rng(0).integers(0, 256, (40, 64, 64, 3), dtype=np.uint8)
    made.flags.writeable = False
    return made


def game():
    generator = torch.Generator().manual_seed(1)
    return NashAE(
        conv_encoder(4, generator=generator),
        conv_decoder(4, generator=generator),
        Predictors(4, generator=generator),
    )


def plain(images):
    scaled = (images / 255 - np.array(MEAN)) / np.array(STD)
    return torch.from_numpy(scaled.transpose(0, 3, 1, 2))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("kind", [ImageObservations, StreamedImages])
def test_rows_are_the_images_normalised(images, kind, dtype):
    rows = kind(images, MEAN, STD, dtype=dtype)
    index = torch.tensor([3, 0, 39, 3])
    assert isinstance(rows, Observations)
    assert len(rows) == 40
    assert rows[index].dtype == dtype
    tolerance = 1e-5 if dtype == torch.float32 else 1e-13
    torch.testing.assert_close(
        rows[index].double(), plain(images)[index], atol=tolerance, rtol=tolerance
    )
    assert rows[index].is_contiguous(memory_format=torch.channels_last)


def test_the_bytes_are_shared(images):
    rows = ImageObservations(images, MEAN, STD)
    assert rows.images.numpy().base is images or np.shares_memory(rows.images.numpy(), images)
    assert np.shares_memory(rows.to("cpu", torch.float64).images.numpy(), images)


@pytest.mark.parametrize("kind", [ImageObservations, StreamedImages])
def test_train_and_encode_take_them_as_they_take_the_rows(images, kind):
    config = TrainConfig(steps=3, batch_size=8, record_every=2)
    trained = []
    rows = ImageObservations(images, MEAN, STD)[torch.arange(40)]
    for observations in (kind(images, MEAN, STD), rows):
        model = game()
        train(model, observations, config, torch.Generator().manual_seed(0))
        trained.append(encode(model, observations, batch_size=16))
    assert torch.equal(*trained)


class Counted:
    """Images that count how many reads have begun."""

    def __init__(self, images):
        self.images, self.reads, self.seen = images, 0, threading.Condition()
        self.shape, self.dtype = images.shape, images.dtype

    def __getitem__(self, index):
        with self.seen:
            self.reads += 1
            self.seen.notify_all()
        return self.images[index]


def test_batches_are_read_ahead_and_come_in_order(images):
    counted = Counted(images)
    streamed = StreamedImages(counted, MEAN, STD)
    index = torch.arange(40).reshape(10, 4)
    batches = streamed.read_ahead(index)
    first = next(batches)
    with counted.seen:  # while nobody asks for the next one
        assert counted.seen.wait_for(lambda: counted.reads == 4, timeout=10)
    assert torch.equal(torch.cat([first, *batches]), streamed[torch.arange(40)])
    assert counted.reads == 11


def test_a_read_that_fails_is_raised_where_its_batch_is_asked_for(images):
    class Damaged(Counted):
        def __getitem__(self, index):
            if index[0] == 8:
                raise ValueError("the file is damaged")
            return super().__getitem__(index)

    batches = StreamedImages(Damaged(images), MEAN, STD).read_ahead(torch.arange(40).reshape(10, 4))
    assert len([next(batches), next(batches)]) == 2
    with pytest.raises(ValueError, match="the file is damaged"):
        next(batches)


def test_channels_last_changes_the_memory_and_not_the_result(images):
    rows = ImageObservations(images, MEAN, STD, torch.float64)
    losses = []
    for channels_last in (False, True):
        model = game().double()
        config = TrainConfig(steps=3, batch_size=8, record_every=1, channels_last=channels_last)
        history = train(model, rows, config, torch.Generator().manual_seed(0))
        losses.append(history.terms["reconstruction_loss"])
        weight = model.decoder[5].weight
        assert weight.is_contiguous(memory_format=torch.channels_last) == channels_last
    torch.testing.assert_close(*losses, atol=1e-12, rtol=1e-12)


@pytest.mark.parametrize("kind", [ImageObservations, StreamedImages])
@pytest.mark.parametrize(
    ("shape", "dtype", "mean", "std", "error"),
    [
        ((4, 8, 8, 3), np.float32, MEAN, STD, "uint8"),
        ((8, 8, 3), np.uint8, MEAN, STD, r"got shape \(8, 8, 3\)"),
        ((4, 8, 8, 1), np.uint8, MEAN, STD, "1 channels: give as many numbers"),
        ((4, 8, 8, 3), np.uint8, MEAN, STD[:2], "got 3 and 2"),
        ((4, 8, 8, 3), np.uint8, MEAN, (0.1, 0.0, 0.1), "std above 0"),
        ((4, 8, 8, 3), np.uint8, (0.1, float("nan"), 0.1), STD, "mean must be finite"),
    ],
)
def test_what_is_no_images_is_refused(kind, shape, dtype, mean, std, error):
    with pytest.raises(ValueError, match=error):
        kind(np.zeros(shape, dtype), mean, std)


def test_a_type_that_is_not_floating_point_is_refused(images):
    with pytest.raises(ValueError, match="dtype must be floating point"):
        ImageObservations(images, MEAN, STD, torch.int32)


def test_no_images_are_refused():
    with pytest.raises(ValueError, match="must be at least one"):
        encode(game(), ImageObservations(np.zeros((0, 64, 64, 3), np.uint8), MEAN, STD))
