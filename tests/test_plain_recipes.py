"""Every recipe of the paper trains as its method written out in plain PyTorch does.

The same weights, batches and noise, in float64, in the memory layout that the recipe asks for. What
is plain: PyTorch's layers, distributions and optimisers, a loop over predictors, no shortcut.
"""

import copy
import math
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.distributions import Bernoulli, Normal
from torch.nn import functional as F
from torch.optim import Adagrad, Adam

from apps.recipes import DATA_SETS, RECIPES
from nashae_core import MLP, SELU, Predictors, train

METHODS = ("nashae", "beta-vae", "beta-tcvae", "factor-vae")
DATA = ("beamsynthesis", "dsprites", "synthetic-faces")
ACTIVATIONS = {"selu": nn.SELU, "relu": nn.ReLU, "tanh": nn.Tanh}
STEPS, BATCH = 3, 5


@pytest.fixture(autouse=True)
def float64() -> Iterator[None]:
    """All that is made is in float64: optimisers make their sums with the weights."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(before)


class Noted:
    """Observations that note which batches they were asked for."""

    def __init__(self, rows: Tensor) -> None:
        self.rows, self.batches = rows, list[Tensor]()

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: Tensor) -> Tensor:
        self.batches.append(self.rows[index])
        return self.batches[-1]


def observations(data: str) -> Tensor:
    generator = torch.Generator().manual_seed(3)
    if data == "dsprites":
        return (torch.rand(20, 4096, generator=generator) < 0.04).double()
    return torch.randn(
        20, *((3, 64, 64) if DATA_SETS[data].inputs.images else (1000,)), generator=generator
    )


def plain(network: nn.Module) -> nn.Sequential:
    """The same function in PyTorch's own layers, with copies of the weights."""
    if not isinstance(network, MLP):
        layers = [
            nn.SELU() if isinstance(n, SELU) else copy.deepcopy(n) for n in network.children()
        ]
        return nn.Sequential(*layers).to(memory_format=torch.contiguous_format)
    made = list[nn.Module]()
    for sizes, weight, bias in zip(
        pairwise(network.sizes), network.weights, network.biases, strict=True
    ):
        made += [nn.Linear(*sizes), ACTIVATIONS[network.activation]()]
        with torch.no_grad():
            made[-2].weight.copy_(weight)
            made[-2].bias.copy_(bias)
    return nn.Sequential(*made[:-1])


def plain_predictors(predictors: Predictors) -> nn.ModuleList:
    made = nn.ModuleList()
    m = predictors.latents
    for net in range(m):
        network = nn.Sequential(
            nn.Linear(m, 40), nn.SELU(), nn.Linear(40, 40), nn.SELU(), nn.Linear(40, 1)
        )
        with torch.no_grad():
            for layer, number in zip(network[::2], "123", strict=True):
                layer.weight.copy_(predictors.get_parameter(f"weight{number}")[net].mT)
                layer.bias.copy_(predictors.get_parameter(f"bias{number}")[net, 0])
        made.append(network)
    return made


def weights_of(network: nn.Module) -> list[Tensor]:
    """Weights, first layer first, then biases, whichever way the network holds them."""
    parameters = [p.detach() for p in network.parameters()]
    return [p for p in parameters if p.dim() > 1] + [p for p in parameters if p.dim() == 1]


def moved(optimizer: torch.optim.Optimizer, loss: Tensor) -> None:
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


def predicted(predictors: nn.ModuleList, codes: Tensor) -> Tensor:
    blind = [codes * (torch.arange(codes.shape[1]) != i) for i in range(codes.shape[1])]
    return torch.cat([net(z) for net, z in zip(predictors, blind, strict=True)], 1)


def plain_nashae(model: Any, batches: list[Tensor]) -> list[nn.Module]:
    encoder, decoder = plain(model.encoder), plain(model.decoder)
    predictors = plain_predictors(model.predictors)
    autoencoder_adam = Adam([*encoder.parameters(), *decoder.parameters()], lr=1e-3)
    predictor_adam = Adam(predictors.parameters(), lr=1e-2)
    lam = model.config.lam
    for x in batches:
        codes = encoder(x).sigmoid().detach()
        for _ in range(5):
            moved(predictor_adam, 0.5 * F.mse_loss(predicted(predictors, codes), codes))
        codes = encoder(x).sigmoid()
        predictions, truth = predicted(predictors, codes), codes.detach()
        covariances = (predictions * truth).mean(0) - predictions.mean(0) * truth.mean(0)
        reconstruction = 0.5 * F.mse_loss(decoder(codes), x)
        moved(autoencoder_adam, (1 - lam) * reconstruction + lam * covariances.sum())
    return [encoder, decoder, *predictors]


def plain_vae(model: Any, batches: list[Tensor], method: str) -> list[nn.Module]:
    networks = [plain(model.encoder), plain(model.decoder)]
    encoder, decoder = networks
    config, prior = model.config, Normal(0.0, 1.0)
    both = [*encoder.parameters(), *decoder.parameters()]
    # `train` draws the seed of the model's noise before all else.
    noise_seed = int(torch.randint(2**62, (), generator=torch.Generator().manual_seed(0)))
    noise = torch.Generator().manual_seed(noise_seed)

    def sampled(x: Tensor) -> tuple[Normal, Tensor]:
        mean, log_variance = encoder(x).chunk(2, dim=1)
        posterior = Normal(mean, torch.exp(0.5 * log_variance))
        drawn = torch.randn(mean.shape, generator=noise)
        return posterior, posterior.mean + posterior.stddev * drawn

    def nll(x: Tensor, z: Tensor) -> Tensor:
        out = decoder(z)
        of_x = Bernoulli(logits=out) if config.likelihood == "bernoulli" else Normal(out, 1.0)
        return -of_x.log_prob(x).flatten(1).sum(1).mean()

    if method != "factor-vae":
        adagrad = Adagrad(both, lr=config.lr)
        for x in batches:
            q, z = sampled(x)
            log_q, log_p = q.log_prob(z).sum(1), prior.log_prob(z).sum(1)
            if method == "beta-vae":
                penalty = config.beta * (log_q - log_p)
            else:
                of_all = Normal(q.mean[None], q.stddev[None]).log_prob(z[:, None])
                log_nm = math.log(config.observations * len(x))
                joint = of_all.sum(2).logsumexp(1) - log_nm
                marginals = (of_all.logsumexp(1) - log_nm).sum(1)
                penalty = log_q - joint + config.beta * (joint - marginals) + marginals - log_p
            moved(adagrad, nll(x, z) + penalty.mean())
        return networks

    networks.append(discriminator := plain(model.discriminator))
    vae_adam = Adam(both, lr=config.lr)
    discriminator_adam = Adam(discriminator.parameters(), lr=1e-4, betas=(0.5, 0.9))
    for x, others in zip(batches[::2], batches[1::2], strict=True):
        q, z = sampled(x)
        kl = (q.log_prob(z) - prior.log_prob(z)).sum(1).mean()
        moved(vae_adam, nll(x, z) + kl + config.beta * discriminator(z).mean())
        with torch.no_grad():
            _, joint = sampled(others)
            order = torch.rand(joint.shape, generator=noise, dtype=torch.float32).argsort(0)
            product = torch.stack(
                [column[o] for column, o in zip(joint.T, order.T, strict=True)], 1
            )
        true, false = discriminator(joint), discriminator(product)
        ones, zeros = torch.ones_like(true), torch.zeros_like(false)
        cross_entropy = F.binary_cross_entropy_with_logits
        moved(discriminator_adam, 0.5 * (cross_entropy(true, ones) + cross_entropy(false, zeros)))
    return networks


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("data", DATA)
def test_a_recipe_trains_as_its_method_written_out(data: str, method: str) -> None:
    recipe: Any = replace(RECIPES[f"{data}-{method}"], latents=3)
    recipe = recipe.with_weight(0.3 if method == "nashae" else 2.0)  # a large β: rounding grows
    model: Any = recipe.build(torch.Generator().manual_seed(1)).double()
    before, noted = copy.deepcopy(model), Noted(observations(data))
    config = replace(recipe.train, steps=STEPS, batch_size=BATCH, record_every=1)
    train(model, noted, config, torch.Generator().manual_seed(0))
    batches = noted.batches[-STEPS * model.batches_per_step :]
    if method == "nashae":
        networks = plain_nashae(before, batches)
        predictors = [
            plain(n) if isinstance(n, MLP) else n for n in plain_predictors(model.predictors)
        ]
        ours = [model.encoder, model.decoder, *predictors]
    else:
        networks = plain_vae(before, batches, method)
        ours = [model.encoder, model.decoder, *([model.discriminator] if len(networks) > 2 else [])]
    for network, reference in zip(ours, networks, strict=True):
        for found, expected in zip(weights_of(network), weights_of(reference), strict=True):
            torch.testing.assert_close(found, expected, rtol=0, atol=1e-9)
