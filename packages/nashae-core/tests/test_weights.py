import json
import os
import random
from contextlib import suppress
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from nashae_core import (
    MLP,
    ImageObservations,
    NashAEConfig,
    load_weights,
    read_tensors,
    save_tensors,
    save_weights,
)


def test_weights_come_back_to_the_bit(make_game, tmp_path):
    path = tmp_path / "model.safetensors"
    saved, loaded = make_game(0), make_game(1)
    save_weights(saved, path)
    load_weights(loaded, path)
    for name, tensor in saved.state_dict().items():
        assert torch.equal(loaded.state_dict()[name], tensor), name
    assert sorted(p.name for p in tmp_path.iterdir()) == ["model.json", "model.safetensors"]


def test_the_json_beside_says_what_they_are(make_game, tmp_path):
    game = make_game(lam=0.3)
    save_weights(game, str(tmp_path / "model.safetensors"), {"recipe": "mine"})
    card = json.loads((tmp_path / "model.json").read_text())
    assert card["model"] == "nashae_core.nashae.NashAE"
    assert card["config"]["lam"] == 0.3
    assert card["config"]["reconstruction"] == "mean"
    assert card["tensors"] == {n: list(t.shape) for n, t in game.state_dict().items()}
    assert card["torch"] == torch.__version__
    assert card["recipe"] == "mine"


def test_tied_and_transposed_weights_are_kept_too(tmp_path):
    model = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 3))
    model[1].weight = model[0].weight
    model[0].weight.data = model[0].weight.data.mT
    save_weights(model, tmp_path / "tied.safetensors")
    other = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 3))
    load_weights(other, tmp_path / "tied.safetensors")
    assert torch.equal(other[0].weight, model[0].weight)
    assert torch.equal(other[1].weight, model[0].weight)


def spoil(path: Path, kind: str) -> None:
    content = path.read_bytes()
    path.write_bytes(
        {
            "truncated": content[: len(content) // 2],
            "cut header": content[:20],
            "empty": b"",
            "foreign": b"PK\x03\x04 something else altogether, and long enough",
        }[kind]
    )


@pytest.mark.parametrize("kind", ["truncated", "cut header", "empty", "foreign"])
def test_a_file_that_is_not_whole_is_named_and_the_model_left_as_it_was(make_game, tmp_path, kind):
    path = tmp_path / "model.safetensors"
    save_weights(make_game(0), path)
    spoil(path, kind)
    game, same = make_game(1), make_game(1)
    with pytest.raises(ValueError, match=r"model\.safetensors is not a whole safetensors file"):
        load_weights(game, path)
    assert all(torch.equal(t, same.state_dict()[n]) for n, t in game.state_dict().items())


@pytest.mark.parametrize(
    ("tensors", "message"),
    [
        ({}, "absent in the file"),
        ({"more": torch.zeros(2)}, r"1 tensors differ.*'more', \(2,\) in the file, absent in the"),
        (
            {"encoder.weights.0": torch.zeros(9, 12)},
            r"1 tensors.*\(9, 12\) in the file, \(10, 12\)",
        ),
    ],
    ids=["fewer", "more", "other shape"],
)
def test_weights_of_another_model_are_named_and_the_model_left_as_it_was(
    make_game, tmp_path, tensors, message
):
    path = tmp_path / "model.safetensors"
    game, same = make_game(1), make_game(1)
    save_tensors((make_game(0).state_dict() | tensors) if tensors else {}, path)
    with pytest.raises(ValueError, match=rf"model\.safetensors holds another model.*{message}"):
        load_weights(game, path)
    assert all(torch.equal(t, same.state_dict()[n]) for n, t in game.state_dict().items())


@pytest.mark.parametrize("act", [save_weights, load_weights])
def test_another_suffix_is_refused(make_game, tmp_path, act):
    with pytest.raises(ValueError, match=r"kept as \.safetensors; got .*model\.pt"):
        act(make_game(), tmp_path / "model.pt")


def fails(*_: object, **__: object) -> None:
    raise OSError(28, "No space left on device")


@pytest.mark.parametrize(("owner", "name"), [(os, "fsync"), (Path, "replace")])
def test_a_write_that_fails_leaves_the_old_file_and_no_other(
    make_game, tmp_path, monkeypatch, owner, name
):
    path = tmp_path / "model.safetensors"
    save_weights(make_game(0), path)
    before = {p.name: p.read_bytes() for p in tmp_path.iterdir()}
    monkeypatch.setattr(owner, name, fails)
    with pytest.raises(OSError, match="No space left"):
        save_weights(make_game(1), path)
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == before


def test_a_card_that_is_no_json_is_refused_before_anything_is_written(make_game, tmp_path):
    with pytest.raises(TypeError, match="not JSON serializable"):
        save_weights(make_game(), tmp_path / "model.safetensors", {"when": object()})
    assert list(tmp_path.iterdir()) == []


def test_tensors_of_every_type_of_a_training_state_come_back(tmp_path):
    state = {
        "step": torch.tensor(3),
        "generator/0": torch.Generator().get_state(),
        "optimizer/a/0/exp_avg": torch.rand(3, 2, dtype=torch.float64),
    }
    save_tensors(state, tmp_path / "state.safetensors")
    back = read_tensors(tmp_path / "state.safetensors")
    assert back.keys() == state.keys()
    assert all(torch.equal(back[name], tensor) for name, tensor in state.items())


# Another model with the same tensors


class Scaled(nn.Module):
    """A module of the user's, with what no tensor shows."""

    def __init__(self, factor=2.0, act=torch.tanh, sizes=(3, 3)):
        super().__init__()
        self.linear = nn.Linear(*sizes)
        self.factor, self.act, self.sizes = factor, act, sizes

    def forward(self, x):
        return self.act(self.factor * self.linear(x))


class Twice(nn.Sequential):
    """A module with a repr of its own."""

    def __init__(self, times):
        super().__init__(nn.Linear(3, 3))
        self._times = times

    def extra_repr(self):
        return f"times={self._times}"


def seeded_mlp(**options):
    return MLP((3, 5, 2), generator=torch.Generator().manual_seed(0), **options)


PAIRS = {
    "activation": (lambda: seeded_mlp(activation="selu"), lambda: seeded_mlp(activation="tanh")),
    "Sequential": (
        lambda: nn.Sequential(nn.Linear(3, 3), nn.ReLU()),
        lambda: nn.Sequential(nn.Linear(3, 3), nn.Tanh()),
    ),
    "slope": (
        lambda: nn.Sequential(nn.Linear(3, 3), nn.LeakyReLU(0.1)),
        lambda: nn.Sequential(nn.Linear(3, 3), nn.LeakyReLU(0.2)),
    ),
    "stride": (lambda: nn.Conv2d(1, 2, 3, stride=1), lambda: nn.Conv2d(1, 2, 3, stride=2)),
    "padding": (lambda: nn.Conv2d(1, 2, 3), lambda: nn.Conv2d(1, 2, 3, padding=1)),
    "layer more": (
        lambda: nn.Sequential(nn.Linear(3, 3)),
        lambda: nn.Sequential(nn.Linear(3, 3), nn.Sigmoid()),
    ),
    "own number": (Scaled, lambda: Scaled(3.0)),
    "own function": (Scaled, lambda: Scaled(act=torch.relu)),
    "own repr": (lambda: Twice(1), lambda: Twice(2)),
}


@pytest.mark.parametrize("pair", PAIRS)
def test_a_model_that_differs_in_no_tensor_is_refused(tmp_path, pair):
    path = tmp_path / "model.safetensors"
    saved, other = (make() for make in PAIRS[pair])
    save_weights(saved, path)
    before = {name: tensor.clone() for name, tensor in other.state_dict().items()}
    with pytest.raises(ValueError, match=r"another model: modules(\.\w+)? is .* in the file, "):
        load_weights(other, path)
    assert all(torch.equal(other.state_dict()[name], tensor) for name, tensor in before.items())
    load_weights(PAIRS[pair][0](), path)


@pytest.mark.parametrize("field", [f.name for f in fields(NashAEConfig)])
def test_every_field_of_a_config_is_compared(make_game, tmp_path, field):
    texts = {"reconstruction": "sum", "covariance": "through-both"}
    given = texts.get(field) or (0.5 if isinstance(getattr(NashAEConfig(), field), float) else 3)
    save_weights(make_game(), tmp_path / "model.safetensors")
    with pytest.raises(
        ValueError, match=rf"config\.{field} is .* in the file, {given} in the"
    ) as e:
        load_weights(make_game(**{field: given}), tmp_path / "model.safetensors")
    assert len(str(e.value)) < 300


def test_a_field_that_came_with_a_later_release_had_its_default(make_game, tmp_path):
    path = tmp_path / "model.safetensors"
    save_weights(make_game(), path)
    card = json.loads(path.with_suffix(".json").read_text())
    del card["config"]["logit_weight"]
    path.with_suffix(".json").write_text(json.dumps(card))
    load_weights(make_game(), path)
    with pytest.raises(ValueError, match=r"config\.logit_weight is 0\.0 in the file"):
        load_weights(make_game(logit_weight=1.0), path)
    # Release 0.1.0 kept no modules, and other programs keep no JSON at all.
    path.with_suffix(".json").write_text(json.dumps({"config": card["config"]}))
    load_weights(make_game(), path)
    path.with_suffix(".json").unlink()
    assert load_weights(make_game(lam=0.9), path) == {}


def test_the_scale_of_the_observations_comes_back(make_game, tmp_path):
    path = tmp_path / "model.safetensors"
    save_weights(make_game(), path, {"mean": 0.25, "std": [1.5, 2]})
    found = load_weights(make_game(), path)
    assert (found["mean"], found["std"]) == (0.25, [1.5, 2])
    assert "normalisation" not in found
    images = np.zeros((2, 3, 3, 1), np.uint8)
    save_weights(make_game(), path, observations=ImageObservations(images, (0.5,), (0.25,)))
    assert load_weights(make_game(), path)["normalisation"] == {"mean": [0.5], "std": [0.25]}


# Flipped bytes


@pytest.mark.parametrize("kind", ["weights", "state"])
def test_a_flipped_byte_is_seen_wherever_it_is(make_game, tmp_path, kind):
    path = tmp_path / "model.safetensors"
    if kind == "weights":
        save_weights(make_game(), path)
    else:
        save_tensors(make_game().state_dict(), path)
    whole, draw = path.read_bytes(), random.Random(0)
    tensors, header = read_tensors(path), 8 + int.from_bytes(whole[:8], "little")
    for at in [draw.randrange(header, len(whole)) for _ in range(20)] + [header, len(whole) - 1]:
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1 << draw.randrange(8)]) + whole[at + 1 :])
        with pytest.raises(ValueError, match=r"model\.safetensors is damaged: .*sha256"):
            read_tensors(path)
        with pytest.raises(ValueError, match=r"model\.safetensors"):
            load_weights(make_game(), path)
    # In the header: noticed, or nothing but the text that goes with the tensors.
    for at in range(0, header, 7):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 4]) + whole[at + 1 :])
        with suppress(ValueError):
            found = read_tensors(path)
            assert found.keys() == tensors.keys()
            assert all(torch.equal(t, found[name]) for name, t in tensors.items())


def test_weights_and_card_are_of_one_another(make_game, tmp_path):
    save_weights(make_game(0), tmp_path / "one.safetensors")
    save_weights(make_game(1), tmp_path / "two.safetensors")
    (tmp_path / "two.json").replace(tmp_path / "one.json")
    with pytest.raises(ValueError, match=r"one\.safetensors must be the file that one\.json desc"):
        load_weights(make_game(), tmp_path / "one.safetensors")
    for content in ("{", "[]", "\xff"):
        (tmp_path / "one.json").write_bytes(content.encode("latin-1"))
        with pytest.raises(ValueError, match=r"one\.json is damaged"):
            load_weights(make_game(), tmp_path / "one.safetensors")


def test_a_file_that_another_program_wrote_is_read(tmp_path):
    save_file({"a": torch.ones(2)}, tmp_path / "a.safetensors", {"format": "pt"})
    assert torch.equal(read_tensors(str(tmp_path / "a.safetensors"))["a"], torch.ones(2))
    for tensor in (torch.zeros(0, 3), torch.tensor(2), torch.ones(2, dtype=torch.bfloat16)):
        save_tensors({"a": tensor}, str(tmp_path / "b.safetensors"))
        assert torch.equal(read_tensors(tmp_path / "b.safetensors")["a"], tensor)
