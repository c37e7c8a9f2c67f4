"""What is unambiguous is taken, with the result of the plain input; the rest is named in one line.

The hook for shapes and types is off here: it would speak before the package does.
"""

import inspect
from pathlib import Path

import jaxtyping
import numpy as np
import pytest
import torch
from methods import INPUTS, JUDGED, LATENTS, heads
from torch import nn

import nashae_baselines
import nashae_core
from nashae_baselines import (
    VAE,
    BetaTCVAE,
    BetaTCVAEConfig,
    InfoGAN,
    annealed_vae_loss,
    bernoulli_nll,
    beta_vae_loss,
    code_covariance,
    code_nll,
    covariance_penalty,
    dip_penalty,
    discriminator,
    discriminator_loss,
    gaussian_kl,
    gaussian_nll,
    generator_loss,
    kl_terms,
    permuted,
    sampled_kl,
)
from nashae_core import MLP, TrainConfig, encode, train


@pytest.fixture(autouse=True)
def _unhooked(monkeypatch):
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)


N = 20
X = torch.rand(N, INPUTS, generator=torch.Generator().manual_seed(0))
SHORT = TrainConfig(steps=2, batch_size=5, record_every=2)


def networks(method):
    """The networks that a method is made of, by name."""
    found = {
        "encoder": MLP((INPUTS, 5, heads(method)), generator=0),
        "decoder": MLP((LATENTS, 5, INPUTS), generator=1),
    }
    if method in JUDGED:
        found["discriminator"] = discriminator(JUDGED[method], 4, generator=2)
    return found


def made(method, config=None, **changed):
    """A model by a method, with networks or the number of latents exchanged."""
    arguments = networks(method) | ({"latents": LATENTS} if method is InfoGAN else {}) | changed
    if method is BetaTCVAE and config is None:
        config = BetaTCVAEConfig(N)
    return method(**arguments, config=config)


def refused(call, *names):
    """Whether a call is refused by these packages, in one line that names the argument."""
    with pytest.raises((ValueError, TypeError)) as caught:
        call()
    message = str(caught.value)
    assert "\n" not in message
    assert any(name in message for name in names), message
    ours = {Path(package.__file__).parent for package in (nashae_baselines, nashae_core)}
    frames = inspect.getinnerframes(caught.value.__traceback__)
    assert ours & {*Path(frames[-1].filename).parents}, message


def test_what_is_no_network_or_config_is_named(method):
    for wrong in (None, 5, "MLP", MLP, networks(method), X):
        for name in networks(method):
            refused(lambda n=name, w=wrong: made(method, **{n: w}), f"{name} must be an nn.Module")
    for config in (5, {}, "default", SHORT):
        refused(lambda config=config: made(method, config), "config must be")


def test_observations_of_all_kinds_give_what_a_tensor_gives(method):
    found = []
    for given in (X, X.numpy(), X.tolist(), X.numpy().astype(">f8"), [*X]):
        model = made(method)
        train(model, given, SHORT, 0)
        found.append([*model.parameters(), encode(model, given)])
    for other in found[1:]:
        assert all(torch.equal(a, b) for a, b in zip(found[0], other, strict=True))


def test_observations_that_do_not_fit_are_named(method):
    for given in (None, 5, X[:, :3], X[:, 0], X[:, None], X.long(), X.to_sparse(), "x", X[:0]):
        refused(lambda x=given: train(made(method), x, SHORT, 0), "observations")
        refused(lambda x=given: encode(made(method), x), "observations")


class Gives(nn.Module):
    def __init__(self, gives):
        super().__init__()
        self.weight, self.gives = nn.Parameter(torch.zeros(3)), gives

    def forward(self, x):
        return self.gives(x)


def test_networks_that_give_something_else_are_named(method):
    for gives in (
        lambda _: None, lambda x: (x, x), lambda x: x.detach().numpy(), lambda x: x[:, 0],
        lambda x: x @ torch.zeros(99, 3), lambda x: x.view(7, -1),
    ):  # fmt: skip
        for name in networks(method):
            model = made(method, **{name: Gives(gives)})
            refused(lambda m=model: train(m, X, SHORT, 0), name)


def test_an_int_is_the_seed_of_a_generator():
    def draws(generator):
        model = made(VAE)
        yield from model(X, generator())
        yield model.sample(X, generator())
        yield permuted(X, generator())
        yield from discriminator(3, 4, generator=generator()).parameters()

    plain = [*draws(lambda: torch.Generator().manual_seed(3))]
    for given in (3, np.int64(3)):
        for a, b in zip(draws(lambda given=given: given), plain, strict=True):
            assert torch.equal(torch.cat(a), torch.cat(b)) if isinstance(a, tuple) else a.equal(b)
    for wrong in (None, True, 1.5, "0", -1, 2**64, np.random.default_rng(0), {}):
        for call in (
            lambda g: made(VAE)(X, g),
            lambda g: made(VAE).sample(X, g),
            lambda g: permuted(X, g),
            lambda g: discriminator(3, generator=g),
        ):
            refused(lambda f=call, g=wrong: f(g), "generator must be")


def test_sizes_of_another_kind_are_named():
    for size in (None, "3", 2.5, True, 0, -1, [3]):
        refused(lambda size=size: discriminator(size, generator=0), "latents must be")
        refused(lambda size=size: discriminator(3, size, generator=0), "hidden must be")
        refused(lambda size=size: made(InfoGAN, latents=size), "latents must be")
        refused(lambda size=size: kl_terms(X, X, X, size), "observations must be")


ONE, MANY = torch.zeros(()), X[:, 0]
LOSSES = {
    "reconstruction": lambda t: gaussian_nll(t, X),
    "observations": lambda t: gaussian_nll(X, t),
    "logits": lambda t: bernoulli_nll(t, X),
    "observations, 2": lambda t: bernoulli_nll(X, t),
    "mean": lambda t: gaussian_kl(t, X),
    "log_variance": lambda t: gaussian_kl(X, t),
    "sample": lambda t: sampled_kl(t, X, X),
    "mean, 2": lambda t: sampled_kl(X, t, X),
    "log_variance, 2": lambda t: sampled_kl(X, X, t),
    "kl": lambda t: beta_vae_loss(ONE, t, 4.0),
    "kl, 2": lambda t: annealed_vae_loss(ONE, t, 4.0, 1.0),
    "codes": code_covariance,
    "covariance": lambda t: dip_penalty(t, 1.0, 1.0),
    "codes, 2": covariance_penalty,
    "sample, 2": lambda t: kl_terms(t, X, X, N),
    "mean, 3": lambda t: kl_terms(X, t, X, N),
    "log_variance, 3": lambda t: kl_terms(X, X, t, N),
    "codes, 3": lambda t: permuted(t, 0),
    "joint": lambda t: discriminator_loss(t, MANY),
    "product": lambda t: discriminator_loss(MANY, t),
    "made": generator_loss,
    "codes, 4": lambda t: code_nll(t, X, X),
    "mean, 4": lambda t: code_nll(X, t, X),
    "log_variance, 4": lambda t: code_nll(X, X, t),
}
NO_TENSORS = {
    "None": None,
    "an int": 5,
    "an array": X.numpy(),
    "a list": X.tolist(),
    "no axis": ONE,
    "three axes": X[:, None],
    "whole numbers": X.long(),
    "complex": X.cfloat(),
    "bool": X > 0.5,
}
ANOTHER_SHAPE = {"narrow": X[:, :1], "short": X[:1], "one axis": MANY}
OF_ONE_TENSOR = ("kl", "codes", "codes, 2", "codes, 3")


@pytest.mark.parametrize("entry", LOSSES)
def test_tensors_that_do_not_fit_are_named(entry):
    call, name = LOSSES[entry], entry.split(",")[0]
    wrong = NO_TENSORS | ANOTHER_SHAPE
    if name in ("joint", "product", "made"):
        wrong = NO_TENSORS | {"narrow": X[:, :1], "two axes": X}
    elif entry in (*OF_ONE_TENSOR, "kl, 2"):
        wrong = NO_TENSORS | {"one axis": MANY}
    for tensor in wrong.values():
        refused(lambda tensor=tensor: call(tensor), name)


def test_a_likelihood_is_one_number():
    for loss in (
        lambda nll: beta_vae_loss(nll, X, 4.0),
        lambda nll: annealed_vae_loss(nll, X, 4.0, 1.0),
    ):
        for nll in (None, 5.0, MANY, X):
            refused(lambda f=loss, nll=nll: f(nll), "nll must be")
