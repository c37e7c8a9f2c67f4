"""A fitted model: what its methods give, and that it comes back from disk as it was."""

import hashlib
import json

import numpy as np
import pytest
import torch

from nashae_core import MLP, FittedNashAE, TrainConfig, fit

X = np.random.default_rng(0).normal(3, 2, size=(40, 3, 16, 20))


@pytest.fixture(scope="module")
def fitted():
    return fit(X, 3, training=TrainConfig(steps=3, batch_size=8), progress=False)


@pytest.fixture(scope="module")
def vectors():
    x = X[:, 0, 0]
    networks = {"encoder": MLP((20, 4, 3), generator=0), "decoder": MLP((3, 4, 20), generator=0)}
    return fit(x, 3, training=TrainConfig(steps=3, batch_size=8), progress=False, **networks)


def test_codes_are_in_0_1_and_within_the_bounds_that_are_kept(fitted):
    codes = fitted.transform(X)
    trained = np.setdiff1d(np.arange(40), fitted.held_out)
    assert ((codes > 0) & (codes < 1)).all()
    assert torch.equal(fitted.low, codes[trained].amin(0))
    assert torch.equal(fitted.high, codes[trained].amax(0))
    assert torch.equal(fitted.active, fitted.high - fitted.low > 0.2)


def test_a_traversal_moves_its_own_latent_alone(fitted):
    around = torch.tensor([0.3, 0.4, 0.6])
    codes = around.repeat(5, 1)
    codes[:, 2] = torch.linspace(float(fitted.low[2]), float(fitted.high[2]), 5)
    pictures = fitted.traverse(2, steps=5, around=around)
    torch.testing.assert_close(pictures, fitted.inverse_transform(codes), rtol=0, atol=0)
    codes = fitted.mean.repeat(2, 1)
    codes[:, 0] = torch.stack([fitted.low[0], fitted.high[0]])
    ends = fitted.traverse(0, steps=2)
    torch.testing.assert_close(ends, fitted.inverse_transform(codes), rtol=0, atol=0)


def test_what_was_explained_is_worked_out_from_reconstructions(fitted):
    trained = np.setdiff1d(np.arange(40), fitted.held_out)
    std = fitted.normalisation.std.numpy()
    for indices, explained in (
        (trained, fitted.explained),
        (fitted.held_out.numpy(), fitted.explained_held_out),
    ):
        error = (fitted.reconstruct(X[indices]).numpy() - X[indices]) / std
        spread = (X[indices] - X[trained].mean(0)) / std
        share = 1 - (error**2).sum() / (spread**2).sum()
        assert share == pytest.approx(explained, abs=1e-5)


def test_it_comes_back_from_disk_as_it_was(fitted, tmp_path):
    fitted.save(tmp_path / "models" / "mine")
    again = FittedNashAE.load(tmp_path / "models" / "mine")
    assert torch.equal(again.transform(X), fitted.transform(X))
    assert torch.equal(again.reconstruct(X), fitted.reconstruct(X))
    assert torch.equal(again.traverse(1), fitted.traverse(1))
    assert torch.equal(again.held_out, fitted.held_out)
    assert again.architecture == fitted.architecture
    assert again.model.config == fitted.model.config
    assert again.training == fitted.training
    assert again.explained_held_out == fitted.explained_held_out
    assert torch.equal(
        again.history.terms["reconstruction_loss"], fitted.history.terms["reconstruction_loss"]
    )
    assert sorted(p.name for p in (tmp_path / "models").iterdir()) == ["mine"]


def test_the_checksums_are_those_of_sha256sum(fitted, tmp_path):
    fitted.save(tmp_path / "mine")
    for line in (tmp_path / "mine" / "SHA256SUMS").read_text().splitlines():
        digest, name = line.split("  ")
        assert hashlib.sha256((tmp_path / "mine" / name).read_bytes()).hexdigest() == digest


@pytest.mark.parametrize("name", ["weights.safetensors", "model.json", "README.md", "SHA256SUMS"])
@pytest.mark.parametrize("at", [0, 0.5, -1])
def test_a_flipped_bit_in_any_file_is_refused(fitted, tmp_path, name, at):
    fitted.save(tmp_path / "mine")
    content = bytearray((tmp_path / "mine" / name).read_bytes())
    place = int(at * len(content)) if at >= 0 else len(content) - 2
    content[place] ^= 4
    (tmp_path / "mine" / name).write_bytes(content)
    with pytest.raises(ValueError, match="must be as it was written"):
        FittedNashAE.load(tmp_path / "mine")


def test_what_is_missing_there_already_or_of_another_format_is_refused(fitted, tmp_path):
    with pytest.raises(FileNotFoundError, match="must be a folder that save wrote"):
        FittedNashAE.load(tmp_path / "mine")
    fitted.save(tmp_path / "mine")
    with pytest.raises(ValueError, match="path must be new"):
        fitted.save(tmp_path / "mine")
    description = tmp_path / "mine" / "model.json"
    about = json.loads(description.read_text())
    for change, text in (
        ({"format": 2}, "must be of format 1; got 2"),
        ({"config": {"x": 1}}, "x"),
    ):
        description.write_text(json.dumps(about | change))
        sums = tmp_path / "mine" / "SHA256SUMS"
        lines = [line for line in sums.read_text().splitlines() if "model.json" not in line]
        digest = hashlib.sha256(description.read_bytes()).hexdigest()
        sums.write_text("\n".join([*lines, f"{digest}  model.json"]) + "\n")
        with pytest.raises(ValueError, match=text):
            FittedNashAE.load(tmp_path / "mine")
    (tmp_path / "mine" / "README.md").unlink()
    with pytest.raises(ValueError, match=r"must hold README\.md"):
        FittedNashAE.load(tmp_path / "mine")


def test_a_save_that_fails_leaves_nothing(fitted, tmp_path, monkeypatch):
    def full(_):
        raise OSError("no space left")

    monkeypatch.setattr("nashae_core.fitted.disk.os.fsync", full)
    with pytest.raises(OSError, match="no space left"):
        fitted.save(tmp_path / "mine")
    assert not list(tmp_path.iterdir())


def test_networks_of_ones_own_are_given_again(vectors, tmp_path):
    vectors.save(tmp_path / "mine")
    with pytest.raises(ValueError, match="give encoder= and decoder="):
        FittedNashAE.load(tmp_path / "mine")
    fresh = {"encoder": MLP((20, 4, 3), generator=1), "decoder": MLP((3, 4, 20), generator=1)}
    again = FittedNashAE.load(tmp_path / "mine", **fresh)
    x = X[:, 0, 0]
    assert torch.equal(again.transform(x), vectors.transform(x))
    other = fresh | {"encoder": MLP((20, 5, 3), generator=1)}
    with pytest.raises(ValueError, match="holds the weights of other networks"):
        FittedNashAE.load(tmp_path / "mine", **other)


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda f: f.transform(X[:, :2]), r"observations must be \(n, 3, 16, 20\)"),
        (lambda f: f.inverse_transform([[0.5, 0.5]]), r"codes must be \(n, 3\)"),
        (lambda f: f.traverse(3), "latent must be 0 ... 2; got 3"),
        (lambda f: f.traverse(0, steps=1), "steps must be at least 2; got 1"),
        (lambda f: f.traverse(0, around=[0.5]), r"around must be one code \(3,\)"),
    ],
)
def test_bad_input_is_refused(fitted, call, text):
    with pytest.raises(ValueError, match=text):
        call(fitted)
