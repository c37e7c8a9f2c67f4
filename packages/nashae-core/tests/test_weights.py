import json
import os
from pathlib import Path

import pytest
import torch
from torch import nn

from nashae_core import load_weights, read_tensors, save_tensors, save_weights


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
