"""Weights and states of every model are of one config: each of its fields is compared."""

from dataclasses import fields

import pytest
import torch

from nashae_core import TrainConfig, load_weights, save_weights, train

CONFIG = TrainConfig(steps=2, batch_size=4, record_every=1)
TEXTS = {"likelihood": "bernoulli", "kind": "ii", "kl": "sampled", "penalty": "through-both"}


def others(config):
    """Configs that differ from `config` in one field each, where such are allowed."""
    for field in fields(config):
        value = getattr(config, field.name)
        for other in (TEXTS.get(field.name), 0.5, 2.0, 3):
            if other is None or other == value or not isinstance(other, type(value)):
                continue
            yield field.name, other
            break


def test_every_field_of_every_config_is_compared(make_model, rows, seeded, method, tmp_path):
    path, states = tmp_path / "model.safetensors", []
    saved = make_model(method)
    save_weights(saved, path)
    train(saved, rows, CONFIG, seeded(0), on_record=lambda p: states.append(p.state()))
    load_weights(make_model(method), path)
    compared = [*others(saved.config)]
    assert len(compared) >= 2
    for name, value in compared:
        if name in ("observations", "noise"):  # one is given by the fixture, one changes a shape
            continue
        other = make_model(method, **{name: value})
        before = {n: t.clone() for n, t in other.state_dict().items()}
        with pytest.raises(ValueError, match=rf"holds another model: config\.{name} is"):
            load_weights(other, path)
        with pytest.raises(ValueError, match=rf"another run: config\.{name} is"):
            train(other, rows, CONFIG, seeded(0), resume=states[0])
        assert all(torch.equal(other.state_dict()[n], t) for n, t in before.items())
