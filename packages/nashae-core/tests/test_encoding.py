import pytest
import torch
from torch import nn

from nashae_core import encode


@pytest.mark.parametrize("batch_size", [1, 7, 60, 1000])
def test_codes_come_in_order_whatever_the_batch(make_game, rows, batch_size):
    game = make_game()
    codes = encode(game, rows, batch_size=batch_size)
    torch.testing.assert_close(codes, game.encode(rows), atol=1e-14, rtol=0)
    assert not codes.requires_grad
    assert not game.training


def test_observations_are_brought_to_the_models_type(make_game, rows):
    game = make_game().float()
    codes = encode(game, rows.numpy())
    assert codes.dtype == torch.float32
    assert torch.equal(codes, encode(game, rows.float()))


def test_a_model_without_encode_is_refused(rows):
    with pytest.raises(TypeError, match="Linear has no method encode"):
        encode(nn.Linear(12, 4), rows)


def test_a_model_without_parameters_is_refused(rows):
    class Identity(nn.Module):
        def encode(self, x):
            return x

    with pytest.raises(ValueError, match="Identity has no parameters"):
        encode(Identity(), rows)


def test_a_batch_of_nothing_is_refused(make_game, rows):
    with pytest.raises(ValueError, match="batch_size must be at least 1; got 0"):
        encode(make_game(), rows, batch_size=0)


@pytest.mark.parametrize(
    ("spoilt", "message"),
    [
        (lambda x: x[:0], "observations must be at least one"),
        (lambda x: x.long(), "must be floating point; got torch.int64"),
        (lambda x: x / 0, "must be finite"),
    ],
    ids=["empty", "integer", "not finite"],
)
def test_observations_that_are_none_are_refused(make_game, rows, spoilt, message):
    with pytest.raises(ValueError, match=message):
        encode(make_game(), spoilt(rows))
