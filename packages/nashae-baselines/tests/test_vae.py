import copy
import dataclasses
import math
from itertools import product

import pytest
import torch
from torch import Tensor, nn
from torch.distributions import Bernoulli, Normal
from torch.utils._python_dispatch import TorchDispatchMode

from nashae_baselines import VAE, VAEConfig
from nashae_core import TrainConfig, conv_decoder, conv_encoder, encode, train

OBJECTIVES = list(product(["sampled", "closed"], ["gaussian", "bernoulli"]))


class Fixed(nn.Module):
    """An encoder that gives every observation the same means and log-variances."""

    def __init__(self, mean: list[float], log_variance: list[float]) -> None:
        super().__init__()
        self.heads = nn.Parameter(torch.tensor([*mean, *log_variance], dtype=torch.float64))

    def forward(self, x: Tensor) -> Tensor:
        return self.heads.expand(len(x), -1)


def the_turn(model: VAE, x: Tensor, generator: torch.Generator):
    (turn,) = model.turns([x], 0, generator)
    return turn


# What a forward pass makes.


def test_forward_gives_the_posterior_a_sample_and_its_decoding(make_vae, rows, seeded):
    model = make_vae()
    (mean, log_variance), sample, reconstruction = model(rows, seeded(0))
    assert mean.shape == log_variance.shape == sample.shape == (60, 3)
    assert reconstruction.shape == rows.shape
    assert torch.equal(torch.cat([mean, log_variance], 1), model.encoder(rows))
    assert torch.equal(reconstruction, model.decoder(sample))


def test_codes_are_the_posterior_means(make_vae, rows):
    model = make_vae()
    assert torch.equal(model.encode(rows), model.posterior(rows).mean)
    assert torch.equal(model.encode(rows), model.encoder(rows)[:, :3])
    torch.testing.assert_close(encode(model, rows, batch_size=7), model.encode(rows).detach())


def test_one_generator_state_gives_one_sample(make_vae, rows, seeded):
    model = make_vae()
    assert torch.equal(model(rows, seeded(4)).sample, model(rows, seeded(4)).sample)
    assert not torch.equal(model(rows, seeded(4)).sample, model(rows, seeded(5)).sample)
    generator = seeded(4)
    assert not torch.equal(model(rows, generator).sample, model(rows, generator).sample)


def test_samples_have_the_posteriors_mean_and_variance_and_are_independent(seeded):
    n, mean, log_variance = 100_000, [0.0, -3.0, 40.0], [0.0, -4.0, 2.0]
    model = VAE(Fixed(mean, log_variance), nn.Linear(3, 1).double())
    sample = model(torch.zeros(n, 1, dtype=torch.float64), seeded(0)).sample.detach()
    standard = (sample - torch.tensor(mean)) / torch.tensor(log_variance).div(2).exp()
    # Standard errors of a mean, a variance and a correlation of standard normal numbers.
    assert (standard.mean(0).abs() < 4 / math.sqrt(n)).all()
    assert ((standard.var(0) - 1).abs() < 4 * math.sqrt(2 / n)).all()
    correlation = torch.corrcoef(standard.T) - torch.eye(3)
    assert (correlation.abs() < 4 / math.sqrt(n)).all()


def test_with_bernoulli_decode_gives_the_probabilities_of_forwards_logits(make_vae, rows, seeded):
    model = make_vae(likelihood="bernoulli")
    output = model(rows, seeded(0))
    pixels = model.decode(output.sample)
    assert ((pixels > 0) & (pixels < 1)).all()
    torch.testing.assert_close(pixels, Bernoulli(logits=output.reconstruction).mean)


def test_with_gaussian_decode_gives_the_decoders_mean(make_vae, rows):
    model = make_vae()
    codes = model.encode(rows)
    assert torch.equal(model.decode(codes), model.decoder(codes))


# A step.


def plain_step(
    model: VAE, sums: list[Tensor], x: Tensor, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """A step written out with torch.distributions and Adagrad by hand; nll and KL."""
    config = model.config
    mean, log_variance = model.encoder(x).chunk(2, 1)
    q, p = Normal(mean, torch.exp(log_variance / 2)), Normal(0.0, 1.0)
    z = q.mean + q.stddev * torch.randn(mean.shape, generator=generator, dtype=torch.float64)
    decoded = model.decoder(z)
    if config.likelihood == "gaussian":
        nll = -Normal(decoded, 1.0).log_prob(x).sum(1).mean()
    else:
        nll = nn.functional.binary_cross_entropy(torch.sigmoid(decoded), x, reduction="sum")
        nll = nll / len(x)
    if config.kl == "closed":
        kl = torch.distributions.kl_divergence(q, p)
    else:
        kl = q.log_prob(z) - p.log_prob(z)
    kl = kl.sum(1).mean()
    parameters = list(model.parameters())
    gradients = torch.autograd.grad(nll + config.beta * kl, parameters)
    with torch.no_grad():
        for parameter, total, gradient in zip(parameters, sums, gradients, strict=True):
            total += gradient**2
            parameter -= config.lr * gradient / (total.sqrt() + 1e-10)
    return nll.detach(), kl.detach()


@pytest.mark.parametrize(("kl", "likelihood"), OBJECTIVES)
def test_steps_equal_those_written_out_with_torch_distributions(
    make_vae, rows, seeded, kl, likelihood
):
    model = make_vae(beta=3.0, kl=kl, likelihood=likelihood, lr=0.01)
    plain = copy.deepcopy(model)
    (optimizer,) = model.optimizers().values()
    sums = [torch.zeros_like(p) for p in plain.parameters()]
    generator, plain_generator = seeded(1), seeded(1)
    for x in rows.split(20):
        turn = the_turn(model, x, generator)
        optimizer.zero_grad()
        turn.loss.backward()
        optimizer.step()
        expected = plain_step(plain, sums, x, plain_generator)
        torch.testing.assert_close(
            (turn.terms["nll"], turn.terms["kl"]), expected, rtol=1e-12, atol=0
        )
    for found, wanted in zip(model.parameters(), plain.parameters(), strict=True):
        torch.testing.assert_close(found, wanted, atol=1e-11, rtol=0)


@pytest.mark.parametrize(("kl", "likelihood"), OBJECTIVES)
def test_a_step_moves_every_parameter_of_encoder_and_decoder(
    make_vae, rows, seeded, kl, likelihood
):
    model = make_vae(kl=kl, likelihood=likelihood)
    before = {name: p.detach().clone() for name, p in model.named_parameters()}
    train(model, rows, TrainConfig(steps=1, batch_size=30), seeded(1))
    assert {name.split(".")[0] for name in before} == {"encoder", "decoder"}
    for name, parameter in model.named_parameters():
        assert (parameter != before[name]).any(), name


@pytest.mark.parametrize("kl", ["sampled", "closed"])
def test_at_beta_0_the_loss_is_the_likelihoods_and_moves_both_networks(make_vae, rows, seeded, kl):
    model = make_vae(beta=0.0, kl=kl)
    turn = the_turn(model, rows, seeded(1))
    turn.loss.backward()
    assert torch.equal(turn.loss.detach(), turn.terms["nll"])
    assert all(parameter.grad.any() for parameter in model.parameters())


def gradients(model: VAE, network: nn.Module, x: Tensor, generator: torch.Generator) -> Tensor:
    loss = the_turn(model, x, generator).loss
    return torch.cat([g.flatten() for g in torch.autograd.grad(loss, [*network.parameters()])])


@pytest.mark.parametrize("kl", ["sampled", "closed"])
def test_the_kl_moves_the_encoder_alone(make_vae, rows, seeded, kl):
    with_kl, without = make_vae(beta=5.0, kl=kl), make_vae(beta=0.0, kl=kl)
    encoders = [gradients(m, m.encoder, rows, seeded(1)) for m in (with_kl, without)]
    decoders = [gradients(m, m.decoder, rows, seeded(1)) for m in (with_kl, without)]
    assert not torch.allclose(*encoders)
    assert torch.equal(*decoders)


def test_the_sampled_and_the_closed_objective_agree_in_expectation(make_vae, rows, seeded):
    # With the same noise the likelihood is the same, so only the estimates of the KL differ:
    # in value, and in the gradient of each encoder bias.
    sampled, closed = make_vae(beta=2.0, kl="sampled"), make_vae(beta=2.0, kl="closed")
    differences = []
    for seed in range(400):
        pair = []
        for model in (sampled, closed):
            loss = the_turn(model, rows, seeded(seed)).loss
            biases = [p for name, p in model.encoder.named_parameters() if "bias" in name]
            gradients = torch.autograd.grad(loss, biases)
            pair.append(torch.cat([loss.detach()[None], *gradients]))
        differences.append(pair[0] - pair[1])
    difference = torch.stack(differences)
    standard_error = difference.std(0) / math.sqrt(len(difference))
    assert (standard_error > 0).all()
    assert (difference.mean(0).abs() < 4 * standard_error).all()


class NoWaiting(TorchDispatchMode):
    """Refuses what makes the host wait for a device: reading a number of a tensor."""

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        assert func is not torch.ops.aten._local_scalar_dense.default
        assert func is not torch.ops.aten.nonzero.default
        return func(*args, **(kwargs or {}))


@pytest.mark.parametrize(("kl", "likelihood"), OBJECTIVES)
def test_a_turn_reads_no_number_from_the_device(make_vae, rows, seeded, kl, likelihood):
    model = make_vae(kl=kl, likelihood=likelihood)
    with NoWaiting():
        the_turn(model, rows, seeded(0)).loss.backward()


@pytest.mark.parametrize("kl", ["sampled", "closed"])
def test_in_bfloat16_the_kl_is_still_that_of_the_posterior(seeded, kl):
    # Rounded to 8 bits a sample within .01 of a mean of 2 would be the mean itself, and log q
    # the density at the peak: a KL too large by ½ a latent.
    encoder = nn.Linear(1, 4)
    encoder.weight.data.zero_()
    encoder.bias.data = torch.tensor([2.0, -2.0, -9.0, -9.0])
    model = VAE(encoder, nn.Linear(2, 1), VAEConfig(kl=kl))
    x = torch.zeros(5000, 1)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = the_turn(model, x, seeded(0)).terms["kl"]
    expected = the_turn(model, x, seeded(0)).terms["kl"]
    assert found.dtype == torch.float32
    torch.testing.assert_close(found, expected, atol=1e-3, rtol=0)


# Training.


def test_training_lowers_the_loss(make_vae, rows, seeded):
    history = train(make_vae(), rows, TrainConfig(steps=300, batch_size=30), seeded(1))
    loss = history.terms["nll"] + history.terms["kl"]
    assert history.terms.keys() == {"nll", "kl"}
    assert loss[-3:].mean() < loss[0] - 0.5


def test_a_larger_beta_leaves_a_smaller_kl(make_vae, rows, seeded):
    kl = {}
    for beta in (1.0, 100.0):
        model = make_vae(beta=beta, kl="closed")
        history = train(model, rows * 5, TrainConfig(steps=300, batch_size=30), seeded(1))
        kl[beta] = history.terms["kl"][-3:].mean().item()
    assert 0 <= kl[100.0] < 0.1 * kl[1.0]


CONFIG = TrainConfig(steps=30, batch_size=20, record_every=10)


def test_the_noise_goes_on_where_it_was(make_vae, rows, seeded):
    states = []
    train(make_vae(), rows, CONFIG, seeded(1), on_record=lambda p: states.append(p.state()))
    assert any(name.startswith("optimizer/vae/") for name in states[0])
    # The batches are drawn by the first generator, the noise by the second.
    other_noise = states[0] | {"generator/1": seeded(9).get_state()}
    resumed = []
    keep = lambda progress: resumed.append(progress.state())  # noqa: E731
    train(make_vae(), rows, CONFIG, seeded(1), resume=other_noise, on_record=keep)
    assert torch.equal(resumed[-1]["generator/0"], states[-1]["generator/0"])
    weight = "model/decoder.weights.0"
    assert not torch.equal(resumed[-1][weight], states[-1][weight])


def test_the_papers_convolutions_train_on_images_and_give_codes(seeded):
    images = torch.rand(24, 3, 64, 64, generator=seeded(0))
    encoder, decoder = conv_encoder(8, generator=seeded(1)), conv_decoder(4, generator=seeded(2))
    model = VAE(encoder, decoder, VAEConfig(likelihood="bernoulli", lr=1e-3))
    history = train(model, images, TrainConfig(steps=12, batch_size=8, record_every=3), seeded(3))
    assert encode(model, images).shape == (24, 4)
    assert model.decode(torch.zeros(2, 4)).shape == (2, 3, 64, 64)
    assert history.terms["nll"][-1] < history.terms["nll"][0]


def test_ones_own_networks_train_on_observations_of_any_shape(seeded):
    torch.manual_seed(0)
    encoder = nn.Sequential(nn.BatchNorm2d(2), nn.Flatten(), nn.Linear(30, 6))
    decoder = nn.Sequential(nn.Linear(3, 30), nn.Tanh(), nn.Unflatten(1, (2, 3, 5)))
    model = VAE(encoder, decoder)
    observations = torch.rand(40, 2, 3, 5, generator=seeded(0))
    history = train(model, observations, TrainConfig(steps=50, batch_size=20), seeded(1))
    assert history.terms["nll"][-1] < history.terms["nll"][0]
    assert encode(model, observations).shape == (40, 3)


# What is refused.


class Reshaped(nn.Module):
    """An encoder that gives this shape, whatever it gets."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.shape = shape

    def forward(self, x: Tensor) -> Tensor:
        return x.new_zeros(self.shape)


@pytest.mark.parametrize("shape", [(5, 7), (5, 0), (5, 2, 4), (5,)])
def test_an_encoder_that_does_not_give_two_heads_is_refused(seeded, shape):
    model, x = VAE(Reshaped(shape), nn.Linear(3, 12)), torch.zeros(5, 12)
    message = rf"encoder must give \(batch, 2m\), .*; got \({', '.join(map(str, shape))},?\) for"
    for call in (model.posterior, model.encode, lambda x: model(x, seeded(0))):
        with pytest.raises(ValueError, match=message + r" observations \(5, 12\)"):
            call(x)


@pytest.mark.parametrize("likelihood", ["gaussian", "bernoulli"])
def test_a_decoder_that_does_not_give_the_observations_shape_is_refused(seeded, likelihood):
    model = VAE(nn.Linear(12, 6), nn.Linear(3, 11), VAEConfig(likelihood=likelihood))
    config = TrainConfig(steps=1, batch_size=5)
    with pytest.raises(ValueError, match=r"decoder .*\(5, 11\).*\(5, 12\)"):
        train(model, torch.rand(60, 12, generator=seeded(1)), config, seeded(0))


@pytest.mark.parametrize("beta", [-0.1, math.inf, -math.inf, math.nan])
def test_a_beta_that_is_no_weight_is_refused(beta):
    with pytest.raises(ValueError, match=f"beta must be a finite number .*; got {beta}$"):
        VAEConfig(beta=beta)


@pytest.mark.parametrize("lr", [0.0, -0.01, math.inf, math.nan])
def test_a_learning_rate_that_is_none_is_refused(lr):
    with pytest.raises(ValueError, match=f"lr must be a finite number above 0; got {lr}$"):
        VAEConfig(lr=lr)


def test_a_config_is_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        VAEConfig().beta = 2.0


def test_training_that_diverges_names_the_term(make_vae, rows, seeded):
    with pytest.raises(FloatingPointError, match="nll is not finite"):
        train(make_vae(lr=1e6), rows, CONFIG, seeded(1))
