"""From data to a model in one call: laws over kinds, types and places of the data."""

import subprocess
import sys

import numpy as np
import pytest
import torch
from torch import nn

from nashae_core import MLP, NashAEConfig, TrainConfig, fit
from nashae_core.fitted.rows import moments, normalisation, source_of

FEW = TrainConfig(steps=3, batch_size=8)
RNG = np.random.default_rng(0)
SHAPES = {
    "vector": ((6,), "vector", "none"),
    "small picture": ((8, 8), "vector", "none"),
    "series of channels": ((2, 37), "series", "first"),
    "grey": ((17, 21), "image", "none"),
    "colour": ((3, 16, 20), "image", "first"),
    "colour, channels last": ((16, 20, 3), "image", "last"),
}


def rows(shape, n=30):
    return np.random.default_rng(1).normal(size=(n, *shape))


def fitted(x, latents=3, **options):
    return fit(x, latents, **{"training": FEW, "progress": False} | options)


@pytest.mark.parametrize("name", SHAPES)
def test_networks_are_those_for_the_shape(name):
    shape, kind, channels = SHAPES[name]
    x = rows(shape)
    found = fitted(x)
    assert (found.architecture.kind, found.architecture.channels) == (kind, channels)
    assert found.transform(x).shape == (30, 3)
    assert found.reconstruct(x).shape == x.shape
    assert found.traverse(1, steps=4).shape == (4, *shape)


def test_a_kind_can_be_asked_for():
    assert fitted(rows((40,)), kind="series").architecture.kind == "series"
    assert fitted(rows((17, 21)), kind="vector").architecture.kind == "vector"
    assert fitted(rows((16, 17)), kind="series").architecture.number_of_channels == 16


@pytest.mark.parametrize("dtype", [np.float64, np.float16, np.int16, np.uint8, ">f4", bool])
def test_the_type_of_the_numbers_does_not_matter(dtype):
    x = RNG.integers(0, 2, (30, 5)).astype(dtype)
    expected = fitted(x.astype(np.float64)).transform(x.astype(np.float64))
    torch.testing.assert_close(fitted(x).transform(x), expected, rtol=0, atol=0)


def test_rows_on_disk_give_the_bits_of_rows_in_memory(tmp_path):
    x = RNG.integers(0, 255, (30, 16, 20, 3)).astype(np.uint8)
    np.save(tmp_path / "x.npy", x)
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
    found, expected = fitted(mapped), fitted(x)
    torch.testing.assert_close(found.transform(mapped), expected.transform(x), rtol=0, atol=0)
    assert found.explained_held_out == expected.explained_held_out


@pytest.mark.parametrize("shape", [(6,), (2, 37), (3, 16, 20)])
@pytest.mark.parametrize(("scale", "offset"), [(1e-6, 0.0), (255.0, 127.0), (2.0, 1e6)])
def test_units_do_not_matter(shape, scale, offset):
    x = rows(shape)
    one, other = fitted(x), fitted(x * scale + offset)
    codes = other.transform(x * scale + offset)
    torch.testing.assert_close(codes, one.transform(x), rtol=0, atol=1e-4)
    back = (other.reconstruct(x * scale + offset).double() - offset) / scale
    torch.testing.assert_close(back, one.reconstruct(x).double(), rtol=0, atol=0.2)


def test_features_have_units_of_their_own_and_constant_ones_do_no_harm():
    x = rows((4,))
    units = np.array([1e-3, 1.0, 50.0, 0.0])
    found = fitted(x * units + 5)
    assert np.isfinite(found.reconstruct(x * units + 5).numpy()).all()
    by = found.normalisation
    kept = np.setdiff1d(np.arange(30), found.held_out)
    np.testing.assert_allclose(by.std[:3], (x * units)[kept].std(0)[:3], rtol=1e-9)
    assert by.std[3] == 1


@pytest.mark.parametrize(
    ("how", "axes"), [("feature", (0,)), ("channel", (0, 2, 3)), ("whole", None)]
)
def test_normalised_data_have_mean_0_and_deviation_1(how, axes):
    x = torch.tensor(3 + 5 * rows((3, 4, 5)))
    by = normalisation(moments(source_of(x), torch.arange(30)), how, 0)
    y = by.apply(x).double().numpy()
    np.testing.assert_allclose(y.mean(axes), 0, atol=1e-6)
    np.testing.assert_allclose(y.std(axes), 1, atol=1e-6)
    torch.testing.assert_close(by.undo(by.apply(x)).double(), x, rtol=1e-6, atol=1e-6)


def test_held_out_rows_move_nothing():
    x = rows((5,))
    first = fitted(x, held_out=0.3)
    assert len(first.held_out) == 9
    y = x.copy()
    y[first.held_out] = 1e3
    second = fitted(y, held_out=0.3)
    for name, weight in first.model.state_dict().items():
        assert torch.equal(weight, second.model.state_dict()[name])
    assert second.explained_held_out != first.explained_held_out
    assert fitted(x, held_out=0.0).explained_held_out is None


def test_a_short_training_explains_more_than_the_mean():
    x = RNG.normal(size=(200, 2)) @ RNG.normal(size=(2, 12))
    found = fitted(x, training=TrainConfig(steps=150), config=NashAEConfig(lam=0.05))
    assert 0.3 < found.explained_held_out < 1
    assert found.explained == pytest.approx(found.explained_held_out, abs=0.2)


def test_patience_ends_the_training():
    x = rows((5,), 40)
    training = TrainConfig(steps=400, record_every=5, batch_size=8)
    config = NashAEConfig(autoencoder_lr=1e-9)
    found = fitted(x, training=training, config=config, patience=20)
    assert found.history.steps[-1] <= 40


def test_on_record_ends_the_training_too():
    training = TrainConfig(steps=40, record_every=5, batch_size=8)
    found = fitted(rows((5,)), training=training, on_record=lambda now: now.step >= 10)
    assert found.history.steps[-1] == 10


def test_the_same_seed_gives_the_same_bits():
    x = rows((5,))
    one, other, another = (fitted(x, generator=seed).transform(x) for seed in (0, 0, 1))
    assert torch.equal(one, other)
    assert not torch.equal(one, another)


def test_networks_of_ones_own():
    encoder, decoder = MLP((5, 4, 3), generator=0), nn.Linear(3, 5)
    found = fitted(rows((5,)), encoder=encoder, decoder=decoder)
    assert found.architecture is None
    assert found.model.encoder is encoder
    with pytest.raises(ValueError, match="encoder and decoder must come together"):
        fitted(rows((5,)), encoder=encoder)


def test_one_latent_is_an_autoencoder_without_a_game():
    x = rows((5,))
    found = fitted(x, 1)
    assert found.transform(x).shape == (30, 1)


def test_progress_is_a_line_where_there_is_no_terminal(capsys, monkeypatch):
    monkeypatch.setattr("nashae_core.fitted.fit.LINE_EVERY", 0.0)
    training = TrainConfig(steps=20, batch_size=8)
    fit(rows((5,)), 3, training=training)
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 2
    assert "20/20" in lines[-1]
    fit(rows((5,)), 3, training=training, progress=False)
    assert not capsys.readouterr().err


@pytest.mark.parametrize(
    ("x", "options", "text"),
    [
        (rows((5,), 1), {}, "observations must be 2 or more; got 1"),
        (np.zeros(5), {}, r"observations must be real numbers \(n, \.\.\.\)"),
        (np.zeros((5, 3), complex), {}, "observations must be real numbers"),
        (np.full((5, 3), np.nan), {}, "observations must be finite"),
        (np.ones((30, 3)), {}, "observations must differ"),
        (rows((5,)), {"latents": 0}, "latents must be at least 1; got 0"),
        (rows((5,)), {"kind": "image"}, "observations of kind 'image' must have 2 axes"),
        (rows((8, 8)), {"kind": "image"}, "images must have sides of 16 to 256 pixels"),
        (rows((5,)), {"kind": "series"}, "series must have 16 samples or more; got 5"),
        (rows((5,)), {"held_out": 1.0}, r"held_out must be in \[0, 1\); got 1.0"),
        (rows((5,)), {"held_out": 0.0, "patience": 5}, "patience must come with held_out"),
        (rows((5,)), {"device": "abacus"}, "device must be one that PyTorch finds"),
    ],
)
def test_bad_input_is_refused(x, options, text):
    with pytest.raises(ValueError, match=text):
        fitted(x, **options)


LIMITED = """
import resource, sys
import numpy as np
from nashae_core import TrainConfig, fit

options = {"training": TrainConfig(steps=3, batch_size=8), "progress": False}
fit(np.random.default_rng(0).normal(size=(30, 1000)), 3, **options)  # what it takes in any case
(used,) = [line for line in open("/proc/self/status") if line.startswith("VmData")]
limit = int(used.split()[1]) * 1024 + int(sys.argv[2])
resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
x = np.load(sys.argv[1], mmap_mode="r")
try:
    x.copy()
except MemoryError:
    print(fit(x, 3, **options).transform(x[:5]).shape)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the limit is one of Linux")
def test_data_twice_as_large_as_the_memory_train_from_disk(tmp_path):
    limit = 256 << 20
    x = np.lib.format.open_memmap(tmp_path / "x.npy", "w+", np.float32, (2 * limit // 4000, 1000))
    x[::8] = np.arange(1000)  # the rest of the file is a hole, and read as 0
    x.flush()
    command = [sys.executable, "-c", LIMITED, str(tmp_path / "x.npy"), str(limit)]
    ran = subprocess.run(command, capture_output=True, text=True)
    assert ran.stdout == "torch.Size([5, 3])\n", ran.stderr
