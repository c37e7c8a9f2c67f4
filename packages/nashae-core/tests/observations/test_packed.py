import numpy as np
import pytest
import torch

from nashae_core import Observations, PackedObservations, TrainConfig, encode, train


@pytest.fixture
def bits(seeded):
    return (torch.rand(7, 6, 16, generator=seeded(0)) < 0.3).to(torch.uint8).numpy()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_rows_are_the_bits_that_numpy_packed(bits, dtype):
    rows = PackedObservations(np.packbits(bits, axis=-1), dtype)
    assert isinstance(rows, Observations)
    assert len(rows) == 7
    expected = torch.tensor(bits.reshape(7, 96))
    for index in (torch.tensor([3, 0, 3]), torch.tensor([[1, -1], [6, 2]])):
        got = rows[index]
        assert got.dtype == rows.dtype == dtype
        assert torch.equal(got, expected[index].to(dtype))


def test_every_byte_is_unpacked_by_its_most_significant_bit_first():
    every = torch.arange(256, dtype=torch.uint8)[:, None]
    got = PackedObservations(every)[torch.arange(256)]
    assert np.array_equal(got.numpy(), np.unpackbits(every.numpy(), axis=1))


def test_the_bytes_are_shared_and_may_be_read_only(bits):
    packed = np.packbits(bits, axis=-1)
    packed.flags.writeable = False
    rows = PackedObservations(packed)
    assert rows.packed.data_ptr() == packed.ctypes.data
    moved = rows.to("cpu", torch.float64)
    assert moved.packed.data_ptr() == packed.ctypes.data
    assert moved.dtype == torch.float64


def test_train_and_encode_take_them_as_they_take_the_rows(make_game, seeded):
    bits = torch.rand(60, 16, generator=seeded(1)) < 0.3
    packed = PackedObservations(np.packbits(bits.numpy(), axis=-1))
    rows = bits.double()
    codes = []
    for observations in (packed, rows):
        game = make_game(inputs=16)
        train(game, observations, TrainConfig(steps=4, batch_size=10), seeded(2))
        codes.append(encode(game, observations, batch_size=7))
    assert torch.equal(*codes)


@pytest.mark.parametrize("index", [7, -8])
def test_an_index_out_of_range_is_refused(bits, index):
    with pytest.raises(IndexError):
        PackedObservations(np.packbits(bits, axis=-1))[torch.tensor([index])]


@pytest.mark.parametrize("packed", [torch.zeros(4, 2), torch.zeros(4, dtype=torch.uint8)])
def test_what_is_not_packed_is_refused(packed):
    with pytest.raises(ValueError, match=r"packed must be uint8 \(n, \.\.\., elements / 8\); got"):
        PackedObservations(packed)


def test_a_type_that_is_not_floating_point_is_refused():
    with pytest.raises(ValueError, match=r"dtype must be floating point; got torch\.int64"):
        PackedObservations(torch.zeros(4, 2, dtype=torch.uint8), torch.int64)


def test_no_rows_are_refused(make_game):
    with pytest.raises(ValueError, match="observations must be at least one"):
        encode(make_game(), PackedObservations(torch.zeros(0, 2, dtype=torch.uint8)))


def test_rows_and_columns_may_run_backwards(bits):
    packed = np.packbits(bits, axis=-1)
    for view in (packed[::-1], packed[:, ::-1], packed[..., ::-1], packed[::2]):
        kept = view.copy()
        got = PackedObservations(view)[torch.arange(len(view))]
        assert np.array_equal(got.numpy(), np.unpackbits(view, axis=-1).reshape(len(view), -1))
        assert np.array_equal(view, kept)


@pytest.mark.parametrize("of", [np.asarray, torch.from_numpy])
def test_bytes_stay_on_their_device_whatever_the_default(bits, of):
    packed = np.packbits(bits, axis=-1)
    index = torch.arange(7)
    with torch.device("meta"):
        rows = PackedObservations(of(packed))
        got = rows[index]
    assert rows.packed.data_ptr() == packed.ctypes.data
    assert np.array_equal(got.numpy(), bits.reshape(7, 96))
