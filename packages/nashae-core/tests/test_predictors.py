import pytest
import torch
from torch import Tensor, nn

from nashae_core import Predictors, adam, predictor_loss
from nashae_core.predictors import CHUNK

HIDDEN = 6
# (latents, runs): one chunk, several, a last one that is smaller, and one model above the chunk.
SIZES = [(2, 1), (5, 1), (5, 3), (12, 5), (CHUNK + 1, 1), (CHUNK + 1, 2)]


class Loop(nn.Module):
    """The definition: m networks in a Python loop, the i-th on codes whose entry i is set to 0."""

    def __init__(self, predictors: Predictors, run: int) -> None:
        super().__init__()
        m = predictors.latents
        self.networks = nn.ModuleList()
        for net in range(run * m, (run + 1) * m):
            linear = []
            for layer in (1, 2, 3):
                weight = predictors.get_parameter(f"weight{layer}")[net].detach()
                linear.append(nn.Linear(*weight.shape, dtype=weight.dtype))
                linear[-1].weight.data = weight.mT.clone()
                linear[-1].bias.data = (
                    predictors.get_parameter(f"bias{layer}")[net, 0].detach().clone()
                )
            # What the masked entry would be multiplied by does not matter.
            linear[0].weight.data[:, net % m] = 7.0
            one, two, three = linear
            self.networks.append(nn.Sequential(one, nn.SELU(), two, nn.SELU(), three))

    def forward(self, codes: Tensor) -> Tensor:
        keep = 1 - torch.eye(codes.shape[1], dtype=codes.dtype)
        return torch.cat([net(codes * keep[i]) for i, net in enumerate(self.networks)], 1)

    def stacked(self) -> list[Tensor]:
        """Weights and biases as `Predictors` holds them, the masked column as zero."""
        result = []
        for at in (0, 2, 4):
            weight = torch.stack([net[at].weight.mT for net in self.networks]).detach()
            if at == 0:
                weight[range(len(weight)), range(len(weight))] = 0
            result += [weight, torch.stack([net[at].bias[None] for net in self.networks])]
        return result


def double(latents: int, runs: int, seed: int = 0) -> Predictors:
    generator = torch.Generator().manual_seed(seed)
    return Predictors(latents, HIDDEN, runs=runs, generator=generator).double()


def some_codes(latents: int, runs: int, seed: int = 1) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    shape = (runs, 20, latents) if runs > 1 else (20, latents)
    return torch.rand(shape, dtype=torch.float64, generator=generator)


def each_run(codes: Tensor) -> Tensor:
    return codes if codes.dim() == 3 else codes[None]


@pytest.mark.parametrize(("latents", "runs"), SIZES)
def test_losses_and_weights_are_the_loops_after_50_updates(latents, runs):
    predictors = double(latents, runs)
    loops = [Loop(predictors, run) for run in range(runs)]
    ours = adam(predictors.parameters(), 1e-2)
    theirs = [torch.optim.Adam(loop.parameters(), 1e-2) for loop in loops]
    for update in range(50):
        codes = some_codes(latents, runs, seed=update // 5)
        loss, gradients = predictors.gradients(codes)
        for parameter, gradient in zip(predictors.parameters(), gradients, strict=True):
            parameter.grad = gradient
        ours.step()
        for run, (loop, optimizer) in enumerate(zip(loops, theirs, strict=True)):
            z = each_run(codes)[run]
            expected = 0.5 * (loop(z) - z).square().mean()
            optimizer.zero_grad()
            expected.backward()
            optimizer.step()
            assert abs(loss.reshape(-1)[run] - expected) < 1e-10
    stacked = [torch.cat(parts) for parts in zip(*(loop.stacked() for loop in loops), strict=True)]
    for parameter, expected in zip(predictors.parameters(), stacked, strict=True):
        torch.testing.assert_close(parameter.data, expected, atol=1e-10, rtol=0)


@pytest.mark.parametrize(("latents", "runs"), SIZES)
def test_gradients_are_autograds(latents, runs):
    predictors, codes = double(latents, runs), some_codes(latents, runs)
    loss, gradients = predictors.gradients(codes)
    loops = [Loop(predictors, run) for run in range(runs)]
    for run, loop in enumerate(loops):
        z = each_run(codes)[run]
        expected = predictor_loss(loop(z), z)
        expected.backward()
        assert abs(loss.reshape(-1)[run] - expected) < 1e-14
        for at, gradient in enumerate(gradients):
            linear = [net[2 * (at // 2)] for net in loop.networks]
            autograds = torch.stack(
                [layer.bias.grad[None] if at % 2 else layer.weight.grad.mT for layer in linear]
            )
            mine = gradient[run * latents : (run + 1) * latents]
            torch.testing.assert_close(mine, autograds, atol=1e-14, rtol=0)


@pytest.mark.parametrize(("latents", "runs"), SIZES)
def test_predictions_and_their_gradient_in_the_codes_are_the_loops(latents, runs, seeded):
    predictors = double(latents, runs)
    codes = some_codes(latents, runs).requires_grad_()
    cotangent = torch.randn(codes.shape, dtype=torch.float64, generator=seeded(5))
    ours = predictors(codes)
    theirs = torch.stack(
        [Loop(predictors, run)(z) for run, z in enumerate(each_run(codes))]
    ).view_as(ours)
    torch.testing.assert_close(ours, theirs, atol=1e-13, rtol=0)
    gradients = [torch.autograd.grad(out, codes, cotangent)[0] for out in (ours, theirs)]
    torch.testing.assert_close(*gradients, atol=1e-13, rtol=0)


def test_forward_has_no_gradient_in_the_weights_and_none_of_second_order():
    predictors, codes = double(3, 1), some_codes(3, 1).requires_grad_()
    (first,) = torch.autograd.grad(predictors(codes).square().sum(), codes, create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        first.sum().backward()
    predictors(codes).sum().backward()
    assert all(parameter.grad is None for parameter in predictors.parameters())


@pytest.mark.parametrize("latent", range(4))
def test_a_prediction_does_not_hang_on_its_own_latent(latent):
    predictors, codes = double(4, 1), some_codes(4, 1)
    before = predictors(codes)
    codes[:, latent] = 100 * codes[:, latent].flip(0)
    after = predictors(codes)
    assert torch.equal(before[:, latent], after[:, latent])
    others = [i for i in range(4) if i != latent]
    assert (before[:, others] != after[:, others]).all()


def test_the_blind_weights_stay_exactly_zero_in_training():
    predictors = double(4, 3)
    optimizer = adam(predictors.parameters(), 1e-1)
    for _ in range(20):
        _, gradients = predictors.gradients(some_codes(4, 3))
        for parameter, gradient in zip(predictors.parameters(), gradients, strict=True):
            parameter.grad = gradient
        optimizer.step()
    blind = torch.eye(4, dtype=torch.bool).repeat(3, 1)
    assert (predictors.weight1[blind] == 0).all()
    assert (predictors.weight1[~blind] != 0).all()


def test_runs_side_by_side_are_each_run_alone():
    beside, codes = double(5, 4), some_codes(5, 4)
    loss, gradients = beside.gradients(codes)
    predictions = beside(codes)
    for run in range(4):
        alone = double(5, 1, seed=7)
        for mine, theirs in zip(alone.parameters(), beside.parameters(), strict=True):
            mine.data = theirs.data[run * 5 : (run + 1) * 5]
        loss_alone, gradients_alone = alone.gradients(codes[run])
        torch.testing.assert_close(loss[run], loss_alone, atol=1e-14, rtol=0)
        torch.testing.assert_close(predictions[run], alone(codes[run]), atol=1e-14, rtol=0)
        for mine, theirs in zip(gradients_alone, gradients, strict=True):
            part = theirs[run * 5 : (run + 1) * 5]
            torch.testing.assert_close(mine, part, atol=1e-14, rtol=0)


def test_gradients_work_after_the_weights_change_their_type():
    predictors = Predictors(3, generator=torch.Generator())
    codes = some_codes(3, 1)
    predictors.gradients(codes)
    _, gradients = predictors.double().gradients(codes)
    assert {gradient.dtype for gradient in gradients} == {torch.float64}


def test_weights_come_from_the_generator_alone_and_leave_the_global_one_alone(seeded):
    first = Predictors(4, generator=seeded(3)).state_dict()
    torch.manual_seed(123)
    before = torch.random.get_rng_state()
    second = Predictors(4, generator=seeded(3)).state_dict()
    other = Predictors(4, generator=seeded(4)).state_dict()
    assert torch.equal(before, torch.random.get_rng_state())
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert not any(torch.equal(first[name], other[name]) for name in first)


def test_weights_are_kaiming_normal_with_gain_1_and_biases_within_their_bound(seeded):
    predictors = Predictors(50, 64, generator=seeded(0))
    seen = predictors.weight1[~torch.eye(50, dtype=torch.bool)]
    for weight, fan_in in ((seen, 50), (predictors.weight2, 64), (predictors.weight3, 64)):
        assert weight.var().item() == pytest.approx(1 / fan_in, rel=0.06)
        assert weight.mean().abs().item() < 0.05 / fan_in**0.5
    for bias, fan_in in ((predictors.bias1, 50), (predictors.bias2, 64)):
        assert bias.abs().max().item() <= fan_in**-0.5
        assert bias.var().item() == pytest.approx(1 / (3 * fan_in), rel=0.06)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"latents": 0}, "latents must be at least 2.*got 0"),
        ({"latents": 1}, "latents must be at least 2.*got 1"),
        ({"latents": 4, "hidden": 0}, "hidden and runs must be at least 1; got 0 and 1"),
        ({"latents": 4, "runs": 0}, "hidden and runs must be at least 1; got 40 and 0"),
    ],
)
def test_an_ensemble_that_cannot_be_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        Predictors(**arguments, generator=torch.Generator())


@pytest.mark.parametrize("shape", [(3, 4), (2, 6, 3), (1, 2, 6, 3)])
@pytest.mark.parametrize("method", ["forward", "gradients"])
def test_codes_of_another_shape_are_refused(shape, method):
    predictors = Predictors(3, generator=torch.Generator())
    with pytest.raises(ValueError, match=r"codes must be \(batch, 3\).*got"):
        getattr(predictors, method)(torch.rand(shape))


def test_codes_of_stacked_runs_must_say_so():
    predictors = Predictors(3, runs=2, generator=torch.Generator())
    with pytest.raises(ValueError, match=r"codes must be \(2, batch, 3\); got \(10, 3\)"):
        predictors(torch.rand(10, 3))
