"""Arrays that lie elsewhere: the same bits as in memory, read by batches, in order, ahead."""

import threading
from itertools import product
from pathlib import Path

import numpy as np
import pytest
import torch

import nashae_core
from nashae_core import (
    MLP,
    ImageObservations,
    NashAE,
    NashAEConfig,
    Predictors,
    Pruning,
    StreamedImages,
    TrainConfig,
    encode,
    train,
    train_many,
    train_pruned,
)

INPUTS = 12


class Elsewhere:
    """Rows that are given as HDF5 gives them, which are not in memory; what is asked is noted."""

    def __init__(self, rows, chunk=None):
        self.rows, self.asked, self.seen = rows, [], threading.Condition()
        self.shape, self.dtype = rows.shape, rows.dtype
        if chunk is not None:
            self.chunks = (chunk, *rows.shape[1:])

    def __getitem__(self, index):
        if isinstance(index, slice):
            assert hasattr(self, "chunks")
            index = np.arange(*index.indices(len(self.rows)))
        index = np.asarray(index)
        if index.ndim != 1 or (np.diff(index) <= 0).any() or not len(index):
            raise TypeError("Indexing elements must be in increasing order")
        with self.seen:
            self.asked.append(index)
            self.seen.notify_all()
        return self.rows[index]


def made(dtype="f4", layout="C", n=60, shape=(INPUTS,)):
    rows = np.random.default_rng(0).normal(size=(n, *shape)).astype(dtype)
    if layout == "Fortran":
        return np.asfortranarray(rows)
    if layout == "strided":
        wide = np.zeros((2 * n, *shape), rows.dtype)
        wide[::2] = rows
        return wide[::2]
    if layout == "backwards":
        return rows[::-1].copy()[::-1]
    if layout == "channels last":
        return np.moveaxis(np.ascontiguousarray(np.moveaxis(rows, 1, -1)), -1, 1)
    return rows


def mapped(rows, folder):
    np.save(folder / "rows.npy", rows)
    return np.load(folder / "rows.npy", mmap_mode="r")


def in_hdf5(rows, folder, **options):
    h5py = pytest.importorskip("h5py")
    return h5py.File(folder / "rows.h5", "w").create_dataset("rows", data=rows, **options)


PLACES = {
    "memory map": mapped,
    "view of a map": lambda rows, folder: mapped(np.repeat(rows, 2, 0), folder)[::2],
    "class of one's own": lambda rows, _: Elsewhere(rows),
    "in chunks": lambda rows, _: Elsewhere(rows, 7),
    "HDF5": in_hdf5,
    "HDF5 in chunks": lambda *args: in_hdf5(*args, chunks=(7, 5), compression="gzip"),
}


def game(seed=0):
    generator = torch.Generator().manual_seed(seed)
    return NashAE(
        MLP((INPUTS, 8, 3), generator=generator),
        MLP((3, 8, INPUTS), generator=generator),
        Predictors(3, 4, generator=generator),
        NashAEConfig(predictor_updates=1),
    )


def bits(observations):
    """Of a training, and of the codes at its end."""
    model = game()
    config = TrainConfig(steps=2, batch_size=20, record_every=1)
    history = train(model, observations, config, torch.Generator().manual_seed(1))
    parameters = dict(model.named_parameters())
    return {**history.terms, **parameters, "codes": encode(model, observations, batch_size=25)}


def assert_same(one, other):
    assert one.keys() == other.keys()
    assert all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize("dtype", ["f2", "f4", ">f8"])
@pytest.mark.parametrize("place", PLACES)
def test_training_and_codes_have_the_bits_of_the_rows_in_memory(place, dtype, tmp_path):
    rows = made(dtype)
    plain = torch.from_numpy(rows.astype(rows.dtype.newbyteorder("=")))
    assert_same(bits(PLACES[place](rows, tmp_path)), bits(plain))


@pytest.mark.parametrize("layout", ["C", "Fortran", "strided", "backwards"])
@pytest.mark.parametrize("dtype", ["f4", ">f8", "g"])
def test_no_layout_and_no_type_of_an_array_changes_a_bit(layout, dtype, tmp_path):
    rows = made(dtype, layout)
    plain = bits(torch.from_numpy(np.ascontiguousarray(rows, dtype="f8")))
    assert_same(bits(rows), plain)
    assert_same(bits(mapped(rows, tmp_path)), plain)
    assert_same(bits(Elsewhere(rows)), plain)


@pytest.mark.parametrize("layout", ["C", "Fortran", "channels last"])
def test_rows_of_more_axes_keep_their_bits(layout, tmp_path):
    rows = made("f4", layout, shape=(3, 64, 64), n=6)
    encoder = nashae_core.conv_encoder(3, generator=torch.Generator().manual_seed(0))
    decoder = nashae_core.conv_decoder(3, generator=torch.Generator().manual_seed(0))
    model = NashAE(encoder, decoder, Predictors(3, generator=torch.Generator()))
    wanted = encode(model, rows)
    assert torch.equal(encode(model, mapped(rows, tmp_path)), wanted)
    assert torch.equal(encode(model, Elsewhere(rows)), wanted)


INDICES = {
    "unsorted": [5, 3, 59, 0],
    "repeated": [7, 7, 2, 7],
    "from the end": [-1, 0, -60, 30],
    "of two runs": [[1, 9], [9, 0]],
    "neighbours": [*range(3, 40)],
    "one": [4],
}


@pytest.mark.parametrize(("index", "place"), [*product(INDICES, PLACES)])
def test_rows_are_those_of_the_array_at_any_index(index, place, tmp_path):
    rows = made("f8")
    index = torch.tensor(INDICES[index])
    streamed = nashae_core.StreamedObservations(PLACES[place](rows, tmp_path), dtype=torch.float64)
    assert torch.equal(streamed[index], torch.from_numpy(rows)[index])
    images = np.random.default_rng(0).integers(0, 256, (60, 4, 5, 3), dtype=np.uint8)
    numbers = (0.1, 0.2, 0.3), (0.4, 0.5, 0.6)
    plain = ImageObservations(images, *numbers)[index]
    assert torch.equal(StreamedImages(Elsewhere(images, 7), *numbers)[index], plain)
    for outside in (60, -61):
        with pytest.raises(IndexError, match=rf"index {outside} is out of range"):
            streamed[torch.tensor([0, outside])]


def test_what_draws_and_measures_in_other_ways_sees_the_same(tmp_path):
    rows = made("f4", n=40)
    images = np.random.default_rng(0).integers(0, 256, (40, 2, 2, 3), dtype=np.uint8)
    config, found = TrainConfig(steps=4, batch_size=10, record_every=2), []
    for place in (lambda x: x, Elsewhere, lambda x: mapped(x, tmp_path)):
        histories = train_many(
            [game(0), game(1)], place(rows), config, [torch.Generator() for _ in range(2)]
        )
        generator = torch.Generator().manual_seed(0)
        pruned, _ = train_pruned(game(), place(rows), config, generator, Pruning(2, 2))
        found.append([*(h.terms["predictor_loss"] for h in histories), *pruned.parameters()])
    assert all(
        torch.equal(a, b) for other in found[1:] for a, b in zip(found[0], other, strict=True)
    )
    # Images, of which each run has its own batch, stand in the same place of either's rows.
    kinds = [kind(images, (0.5,) * 3, (0.2,) * 3) for kind in (ImageObservations, StreamedImages)]
    index = torch.tensor([[3, 1], [0, 3]])
    alone = torch.stack([kinds[0][i] for i in index])
    assert all(torch.equal(rows[index], alone) for rows in kinds)


def test_no_more_is_read_than_the_batches_hold():
    rows = Elsewhere(made("f4", n=500))
    config = TrainConfig(steps=5, batch_size=20, record_every=5)
    train(game(), rows, config, torch.Generator().manual_seed(0))
    trained = rows.asked[2:]  # the look before training asks twice, once for a single row
    assert len(trained) == 5
    assert max(map(len, trained)) <= 20
    rows.asked.clear()
    encode(game(), rows, batch_size=50)
    assert [len(index) for index in rows.asked] == [50] * 10


def test_a_chunk_is_read_once_for_a_batch():
    rows = Elsewhere(made("f4", n=100), chunk=10)
    index = torch.tensor([31, 2, 4, 38, 2, 99, 55, 56, 60])
    assert torch.equal(
        nashae_core.StreamedObservations(rows)[index], torch.from_numpy(rows.rows)[index]
    )
    asked = [(index[0], index[-1]) for index in rows.asked]
    assert asked == [(2, 4), (31, 38), (55, 56), (60, 60), (99, 99)]


def memory_of_ones_own():
    """Bytes that this process holds, mapped files left out."""
    lines = Path("/proc/self/status").read_text().splitlines()
    (anonymous,) = (line.split() for line in lines if line.startswith("RssAnon"))
    return 1024 * int(anonymous[1])


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="Linux says it")
def test_a_memory_map_takes_no_memory_of_its_size(tmp_path):
    rows = np.lib.format.open_memmap(tmp_path / "a.npy", "w+", np.float64, (2**20, INPUTS))
    rows[:] = np.random.default_rng(0).normal(size=rows.shape)
    model, config = game(), TrainConfig(steps=2, batch_size=50, record_every=1)
    train(model, rows[:50].copy(), config, torch.Generator())  # what the first run takes
    before, taken = memory_of_ones_own(), []
    for observations in (rows, rows[1::2], rows.view(np.ndarray)):
        train(
            model,
            observations,
            config,
            torch.Generator(),
            on_record=lambda _: taken.append(memory_of_ones_own() - before),
        )
    assert max(taken) < rows.nbytes / 8


def test_a_type_may_be_said_in_words():
    rows = Elsewhere(made("f4"), chunk=7)
    rows.dtype = "float32"
    assert_same(bits(rows), bits(rows.rows))


def test_an_array_in_memory_is_shared():
    rows = made("f4")
    rows.flags.writeable = False
    shared = nashae_core.observations.access.as_observations(rows)
    assert np.shares_memory(shared.numpy(), rows)


def test_batches_are_read_ahead_by_one_thread():
    rows = Elsewhere(made("f4"))
    batches = nashae_core.StreamedObservations(rows).read_ahead(torch.arange(60).reshape(12, 5))
    first = next(batches)
    with rows.seen:  # while nobody asks for the next one
        assert rows.seen.wait_for(lambda: len(rows.asked) == 4, timeout=10)
    assert torch.equal(torch.cat([first, *batches]), torch.from_numpy(rows.rows))


def test_numbers_of_another_kind_are_refused_before_any_is_read():
    for dtype in (np.uint8, np.int64, np.bool_, np.complex64):
        rows = Elsewhere(np.ones((9, INPUTS), dtype))
        with pytest.raises(ValueError, match="observations must be floating point; got"):
            train(game(), rows, TrainConfig(), torch.Generator())
        assert not rows.asked


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_row_that_is_not_finite_is_named(bad, tmp_path):
    rows = made("f4")
    rows[17, 3] = bad
    for observations in (rows, mapped(rows, tmp_path), Elsewhere(rows)):
        with pytest.raises(ValueError, match=r"observations must be finite; got .* row 17"):
            encode(game(), observations, batch_size=5)


def test_rows_of_another_shape_than_was_said_are_refused():
    class Turned(Elsewhere):
        def __getitem__(self, index):
            return super().__getitem__(index).T

    with pytest.raises(ValueError, match=r"must give a row of \(12,\) for each index; got \(12, 5"):
        encode(game(), Turned(made("f4", n=5)))
