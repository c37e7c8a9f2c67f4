import pytest
import torch
from torch import nn

from nashae_core import (
    MLP,
    NashAE,
    NashAEConfig,
    Predictors,
    TrainConfig,
    add_latent,
    conv_decoder,
    conv_encoder,
    remove_latents,
    train,
)
from nashae_core.factors.fork import Fork
from nashae_core.factors.layers import first_linear, last_linear
from nashae_core.state import TrainingState

INPUTS, M = 12, 5


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def perceptrons():
    generator = seeded()
    encoder = MLP((INPUTS, 9, M), generator=generator)
    return NashAE(encoder, MLP((M, 9, INPUTS), generator=generator), ensemble(generator))


def ensemble(generator):
    return Predictors(M, 7, generator=generator)


def sequential():
    torch.manual_seed(0)
    encoder = nn.Sequential(nn.Linear(INPUTS, 9), nn.Tanh(), nn.Linear(9, M))
    decoder = nn.Sequential(nn.Sequential(nn.Linear(M, 9), nn.Tanh()), nn.Linear(9, INPUTS))
    return NashAE(encoder, decoder, ensemble(seeded()))


MODELS = pytest.mark.parametrize("make", [perceptrons, sequential])
X = torch.randn(30, INPUTS, generator=torch.Generator().manual_seed(3))


def trained(make, steps=6, model=None, resume=None, x=X):
    """A model after some steps, and the state to go on from."""
    model, states = model or make(), []
    config = TrainConfig(steps=steps, batch_size=10, record_every=1)
    train(model, x, config, seeded(1), resume=resume, on_record=lambda p: states.append(p.state()))
    return model, states[-1]


def held(model, latents, x, values):
    """What the model gives where some latents are held at their values."""
    codes = model.encode(x)
    codes[:, latents] = values[latents]
    return model.decode(codes), model.predictors(codes)


@MODELS
@pytest.mark.parametrize("gone", [[0], [4], [1, 3], [3, 1], [0, 1, 2, 3]])
def test_a_removed_latent_is_held_and_no_output_changes(make, gone):
    model, state = trained(make)
    model.double()
    values = torch.rand(M, generator=seeded(2), dtype=torch.float64)
    with torch.no_grad():
        decoded, predicted = held(model, gone, X.double(), values)
        smaller, _ = remove_latents(model, gone, values, state)
        output = smaller(X.double())
    keep = [i for i in range(M) if i not in gone]
    torch.testing.assert_close(output.codes, model.encode(X.double())[:, keep])
    torch.testing.assert_close(output.reconstruction, decoded, atol=1e-12, rtol=1e-12)
    torch.testing.assert_close(output.predictions, predicted[:, keep], atol=1e-12, rtol=1e-12)


@MODELS
def test_a_latent_that_is_constant_is_removed_within_1e_6_in_float32(make):
    model, _ = trained(make)
    weight, bias = last_linear(model.encoder)
    with torch.no_grad():
        weight[2] = 0
        bias[2] = 0.7
        before = model(X)
        smaller, nothing = remove_latents(model, [2], before.codes.mean(0))
        after = smaller(X)
    assert nothing == {}
    torch.testing.assert_close(after.reconstruction, before.reconstruction, atol=1e-6, rtol=0)
    rest = before.predictions[:, [0, 1, 3, 4]]
    torch.testing.assert_close(after.predictions, rest, atol=1e-6, rtol=0)


@MODELS
def test_an_added_latent_changes_no_output(make):
    model, _ = trained(make)
    with torch.no_grad():
        before = model(X)
        larger, nothing = add_latent(model, seeded(5))
        after = larger(X)
    assert nothing == {}
    assert after.codes.shape == (30, M + 1)
    assert torch.equal(after.codes[:, :M], before.codes)
    assert after.codes[:, M].std() > 0
    torch.testing.assert_close(after.reconstruction, before.reconstruction, atol=1e-6, rtol=0)
    torch.testing.assert_close(after.predictions[:, :M], before.predictions, atol=1e-6, rtol=0)
    assert after.predictions[:, M].std() > 0  # its own predictor sees the others
    with torch.no_grad():
        moved = after.codes.clone()
        moved[:, M] += 1
        assert torch.equal(larger.predictors(moved), after.predictions)  # and nobody sees it


@MODELS
def test_what_is_added_and_removed_again_leaves_the_model_as_it_was(make):
    model, state = trained(make)
    larger, more = add_latent(model, seeded(5), state)
    back, less = remove_latents(larger, [M], torch.zeros(M + 1), more)
    assert less.keys() == state.keys()
    for name, tensor in state.items():
        assert torch.equal(less[name], tensor), name
    for (name, a), b in zip(model.named_parameters(), back.parameters(), strict=True):
        assert torch.equal(a, b), name


@MODELS
@pytest.mark.parametrize(("latent", "into"), [(3, 1), (0, 4)])
def test_a_folded_latent_lives_on_in_another(make, latent, into):
    model, state = trained(make)
    model.double()
    with torch.no_grad():
        codes = model.encode(X.double())
        fork = Fork(model, TrainingState.from_tensors(state)).folded(latent, into, -0.5, codes)
        folded, changed = fork.model, fork.state.to_tensors()
        logits = torch.logit(codes)
        logits[:, into] -= 0.5 * (logits[:, latent] - logits[:, latent].mean())
        keep = [i for i in range(M) if i != latent]
        torch.testing.assert_close(folded.encode(X.double()), logits.sigmoid()[:, keep])
        # The other players see the removed one at its mean.
        expected, _ = held(model, [latent], X.double(), codes.mean(0))
        bare, _ = remove_latents(model, [latent], codes.mean(0))
        torch.testing.assert_close(bare.decode(codes[:, keep]), expected)
        assert torch.equal(folded.decode(codes[:, keep]), bare.decode(codes[:, keep]))
    weights = folded.state_dict()
    assert all(torch.equal(changed[f"model/{name}"], t) for name, t in weights.items())
    _, removed = remove_latents(model, [latent], codes.mean(0), state)
    moments = [name for name in removed if name.startswith("optimizer/")]
    assert all(torch.equal(changed[name], removed[name]) for name in moments)


@pytest.mark.parametrize("into", [2, -1, M])
def test_a_latent_is_folded_into_another_one(into):
    model, _ = trained(perceptrons)
    with pytest.raises(ValueError, match=r"into must be one of 0 \.\.\. 4 other than 2"):
        Fork(model).folded(2, into, 1.0, torch.full((3, M), 0.5))


@MODELS
def test_the_moments_of_what_stays_are_kept(make):
    model, state = trained(make)
    _, less = remove_latents(model, [1], torch.zeros(M), state)
    keep = torch.tensor([0, 2, 3, 4])
    at = {
        id(p): i for i, p in enumerate([*model.encoder.parameters(), *model.decoder.parameters()])
    }
    rows = {at[id(p)] for p in last_linear(model.encoder)}
    column = at[id(first_linear(model.decoder)[0])]
    moments = [name for name in state if name.startswith("optimizer/") and state[name].dim()]
    assert len(moments) == 2 * (8 + 6)  # two of each parameter
    for name in moments:
        _, player, i, _ = name.split("/")
        before, after = state[name], less[name]
        if player == "predictors":
            wanted = before[keep][:, keep] if i == "0" else before[keep]
        elif int(i) in rows:
            wanted = before[keep]
        else:
            wanted = before[:, keep] if int(i) == column else before
        assert torch.equal(after, wanted), name


@MODELS
def test_training_goes_on_as_if_the_latent_had_never_been_there(make):
    # The latent is dead and unseen: with it and without it the others are trained alike.
    model, state = trained(make)
    larger, more = add_latent(model, seeded(5), state)
    weight, bias = last_linear(larger.encoder)
    with torch.no_grad():
        weight[M], bias[M] = 0, 0
        larger.predictors.bias3[M] = 0.5
    more |= {f"model/{n}": t.detach().clone() for n, t in larger.state_dict().items()}
    smaller, less = remove_latents(larger, [M], torch.full((M + 1,), 0.5), more)
    without, _ = trained(make, 8, model, state)
    again, _ = trained(make, 8, smaller, less)
    for (name, a), b in zip(without.named_parameters(), again.parameters(), strict=True):
        torch.testing.assert_close(a, b, atol=1e-6, rtol=1e-6, msg=name)


@MODELS
def test_the_original_is_left_as_it_was(make):
    model, state = trained(make)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    kept = {name: tensor.clone() for name, tensor in state.items()}
    for other, others in (
        add_latent(model, seeded(), state),
        remove_latents(model, [0], torch.ones(M), state),
    ):
        trained(make, 8, other, others)
    assert all(torch.equal(before[name], t) for name, t in model.state_dict().items())
    assert all(torch.equal(kept[name], t) for name, t in state.items())


def test_convolutional_networks_can_take_part():
    generator = seeded()
    encoder, decoder = conv_encoder(M, generator=generator), conv_decoder(M, generator=generator)
    model = NashAE(encoder, decoder, ensemble(generator))
    x = torch.randn(4, 3, 64, 64, generator=generator)
    with torch.no_grad():
        codes = model.encode(x)
        codes[:, 1] = 0.3
        smaller, _ = remove_latents(model, [1], torch.full((M,), 0.3))
        after = smaller(x)
        torch.testing.assert_close(after.reconstruction, model.decode(codes), atol=1e-5, rtol=1e-5)
        assert add_latent(model, generator)[0](x).codes.shape == (4, M + 1)


def test_down_to_one_latent_and_back():
    model, state = trained(perceptrons)
    one, less = remove_latents(model, [0, 1, 2, 3], torch.full((M,), 0.5), state)
    one, less = trained(perceptrons, 9, one, less)
    with torch.no_grad():
        predicted = one(X).predictions
    assert torch.equal(predicted, predicted[:1].expand_as(predicted))  # from nothing: a constant
    two, more = add_latent(one, seeded(), less)
    two, _ = trained(perceptrons, 12, two, more)
    assert two.encode(X).shape == (30, 2)
    assert (two.encoder.sizes, two.decoder.sizes) == ((12, 9, 2), (2, 9, 12))


class Convolutional(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(INPUTS, M)

    def forward(self, x):
        return self.layer(x)


@pytest.mark.parametrize(
    ("encoder", "decoder", "error"),
    [
        (
            Convolutional(),
            nn.Linear(M, INPUTS),
            "last layer of Convolutional .* got Conv",
        ),
        (
            nn.Linear(INPUTS, M),
            nn.Sequential(nn.Tanh()),
            "first layer of Sequential .* got Tanh",
        ),
        (nn.Linear(INPUTS, M, bias=False), nn.Linear(M, INPUTS), "an nn.Linear with a bias"),
        (nn.Linear(INPUTS, M), nn.Sequential(), "the first layer of Sequential"),
    ],
)
def test_networks_that_cannot_take_part_are_named(encoder, decoder, error):
    model = NashAE(encoder, decoder, ensemble(seeded()), NashAEConfig())
    with pytest.raises(ValueError, match=error):
        remove_latents(model, [0], torch.zeros(M))
    with pytest.raises(ValueError, match=error):
        add_latent(model, seeded())


@pytest.mark.parametrize("latents", [[], [0, 0], [5], [-1], [0, 1, 2, 3, 4]])
def test_latents_that_cannot_be_removed_are_refused(latents):
    with pytest.raises(ValueError, match=r"latents must be some of 0 ... 4"):
        remove_latents(perceptrons(), latents, torch.zeros(M))


def test_a_value_is_wanted_of_each_latent():
    with pytest.raises(ValueError, match=r"values must be \(5,\)"):
        remove_latents(perceptrons(), [0], torch.zeros(1))
