import copy

import pytest
import torch
from torch import Tensor, nn

from nashae_core import Predictors, adam, predictor_loss
from nashae_core.kernels.ensemble import CHUNK, scratch

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


def one_round(predictors: Predictors, codes: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
    (found,) = predictors.rounds(codes, 1)
    return found


def each_run(codes: Tensor) -> Tensor:
    return codes if codes.dim() == 3 else codes[None]


@pytest.mark.parametrize(("latents", "runs"), SIZES)
def test_losses_and_weights_are_the_loops_after_50_updates(latents, runs):
    predictors = double(latents, runs)
    loops = [Loop(predictors, run) for run in range(runs)]
    ours = adam(predictors.parameters(), 1e-2)
    theirs = [torch.optim.Adam(loop.parameters(), 1e-2) for loop in loops]
    updates = (
        (codes, *found)
        for codes in (some_codes(latents, runs, seed=seed) for seed in range(10))
        for found in predictors.rounds(codes, 5)
    )
    for codes, loss, gradients in updates:
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
    loss, gradients = one_round(predictors, codes)
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


def test_the_gradient_in_the_codes_passes_gradcheck():
    # Which asks one graph for several gradients.
    for latents, runs in ((3, 1), (3, 2)):
        predictors, codes = double(latents, runs), some_codes(latents, runs)[..., :4, :]
        assert torch.autograd.gradcheck(predictors, codes.requires_grad_())


def test_the_graph_gives_its_gradient_as_often_as_it_is_asked():
    predictors, codes = double(3, 1), some_codes(3, 1).requires_grad_()
    loss = predictors(codes).square().sum()
    first, second = (torch.autograd.grad(loss, codes, retain_graph=True)[0] for _ in range(2))
    assert torch.equal(first, second)


def test_what_comes_between_a_forward_and_its_backward_pass_does_not_change_its_gradient():
    predictors = double(4, 2)
    one, two = (some_codes(4, 2, seed).requires_grad_() for seed in (1, 2))
    expected = [torch.autograd.grad(predictors(z).square().sum(), z)[0] for z in (one, two)]
    first, second = (predictors(z).square().sum() for z in (one, two))
    list(predictors.rounds(some_codes(4, 2, 3), 2))
    gradients = [torch.autograd.grad(loss, z)[0] for loss, z in ((first, one), (second, two))]
    for gradient, alone in zip(gradients, expected, strict=True):
        assert torch.equal(gradient, alone)


@pytest.mark.parametrize("number", [0, 1, 3])
def test_there_are_as_many_rounds_as_were_asked_for(number):
    assert len(list(double(3, 1).rounds(some_codes(3, 1), number))) == number


def test_a_round_works_with_the_weights_that_it_finds():
    predictors, codes = double(5, 3), some_codes(5, 3)
    for seed, (loss, gradients) in enumerate(predictors.rounds(codes, 3)):
        fresh = double(5, 3)
        fresh.load_state_dict(predictors.state_dict())
        expected_loss, expected = one_round(fresh, codes)
        assert torch.equal(loss, expected_loss)
        assert all(torch.equal(a, b) for a, b in zip(gradients, expected, strict=True))
        predictors.load_state_dict(double(5, 3, seed=seed + 10).state_dict())


def test_rounds_that_leave_the_weights_alone_are_equal():
    (one, first), (two, second) = (
        (loss, [g.clone() for g in gradients])
        for loss, gradients in double(5, 3).rounds(some_codes(5, 3), 2)
    )
    assert torch.equal(one, two)
    assert all(torch.equal(a, b) for a, b in zip(first, second, strict=True))


def test_gradients_are_buffers_that_the_next_round_overwrites_and_losses_are_not():
    found = list(double(5, 1).rounds(some_codes(5, 1), 2))
    assert all(a is b for a, b in zip(found[0][1], found[1][1], strict=True))
    assert found[0][0].data_ptr() != found[1][0].data_ptr()


def test_memory_is_used_again_and_no_model_holds_it():
    first, again = (scratch(torch.empty(5, 10, 5), 4) for _ in range(2))
    assert [part.data_ptr() for part in first] == [part.data_ptr() for part in again]
    assert len({part.data_ptr() for part in first}) == 4
    predictors = double(5, 1)
    before = dict(vars(predictors))
    one_round(predictors, some_codes(5, 1, 1))
    assert vars(predictors) == before


@pytest.mark.parametrize(("latents", "runs"), [(5, 1), (12, 5)])
def test_batches_of_other_sizes_in_turn_each_get_their_own_gradients(latents, runs):
    predictors, codes = double(latents, runs), some_codes(latents, runs)
    for batch in (20, 7, 20, 1, 13):
        some = codes[..., :batch, :]
        loss, gradients = one_round(predictors, some)
        expected_loss, expected = one_round(double(latents, runs), some)
        assert torch.equal(loss, expected_loss)
        assert all(torch.equal(a, b) for a, b in zip(gradients, expected, strict=True))
        # The definition, too, so that both are not wrong in the same way.
        for run in range(runs):
            z = each_run(some)[run]
            definition = predictor_loss(Loop(predictors, run)(z), z)
            assert abs(loss.reshape(-1)[run] - definition) < 1e-14


def test_rounds_work_in_inference_mode_and_out_of_it_again():
    predictors, codes = double(5, 1), some_codes(5, 1)
    with torch.inference_mode():
        loss, gradients = one_round(predictors, codes.clone())
    for _ in range(2):
        again, same = one_round(predictors, codes)
        assert torch.equal(again, loss)
        assert all(torch.equal(a, b) for a, b in zip(gradients, same, strict=True))


def test_a_copy_taken_between_two_rounds_works_in_a_room_of_its_own():
    predictors, codes = double(5, 1), some_codes(5, 1)
    expected = [g.clone() for g in one_round(double(5, 1), codes)[1]]
    rounds = predictors.rounds(codes, 2)
    next(rounds)
    _, of_copy = one_round(copy.deepcopy(predictors), codes[:7])
    of_fewer = one_round(double(5, 1), codes[:7])[1]
    assert all(torch.equal(a, b) for a, b in zip(next(rounds)[1], expected, strict=True))
    assert all(torch.equal(a, b) for a, b in zip(of_copy, of_fewer, strict=True))


def test_rounds_leave_the_graph_of_the_codes_alone():
    predictors, leaf = double(4, 1), some_codes(4, 1).requires_grad_()
    codes = leaf.square()
    kept = codes.detach().clone()
    found = list(predictors.rounds(codes, 2))
    assert torch.equal(codes, kept)
    assert not any(t.requires_grad for loss, gradients in found for t in (loss, *gradients))
    codes.sum().backward()
    assert torch.equal(leaf.grad, 2 * leaf)
    assert all(parameter.grad is None for parameter in predictors.parameters())


def test_rounds_are_in_the_weights_type_under_autocast():
    predictors, codes = Predictors(4, generator=torch.Generator()), some_codes(4, 1).float()
    expected_loss, expected = one_round(predictors, codes)
    expected = [gradient.clone() for gradient in expected]
    with torch.autocast("cpu", dtype=torch.bfloat16):
        loss, gradients = one_round(predictors, codes)
    assert torch.equal(loss, expected_loss)
    assert all(torch.equal(a, b) for a, b in zip(gradients, expected, strict=True))


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
        _, gradients = one_round(predictors, some_codes(4, 3))
        for parameter, gradient in zip(predictors.parameters(), gradients, strict=True):
            parameter.grad = gradient
        optimizer.step()
    blind = torch.eye(4, dtype=torch.bool).repeat(3, 1)
    assert (predictors.weight1[blind] == 0).all()
    assert (predictors.weight1[~blind] != 0).all()


def test_runs_side_by_side_are_each_run_alone():
    beside, codes = double(5, 4), some_codes(5, 4)
    loss, gradients = one_round(beside, codes)
    predictions = beside(codes)
    for run in range(4):
        alone = double(5, 1, seed=7)
        for mine, theirs in zip(alone.parameters(), beside.parameters(), strict=True):
            mine.data = theirs.data[run * 5 : (run + 1) * 5]
        loss_alone, gradients_alone = one_round(alone, codes[run])
        torch.testing.assert_close(loss[run], loss_alone, atol=1e-14, rtol=0)
        torch.testing.assert_close(predictions[run], alone(codes[run]), atol=1e-14, rtol=0)
        for mine, theirs in zip(gradients_alone, gradients, strict=True):
            part = theirs[run * 5 : (run + 1) * 5]
            torch.testing.assert_close(mine, part, atol=1e-14, rtol=0)


def test_rounds_work_after_the_weights_change_their_type():
    predictors = Predictors(3, generator=torch.Generator())
    codes = some_codes(3, 1)
    one_round(predictors, codes)
    _, gradients = one_round(predictors.double(), codes)
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
        ({"latents": 0}, "latents must be at least 1; got 0"),
        ({"latents": 4, "hidden": 0}, "hidden and runs must be at least 1; got 0 and 1"),
        ({"latents": 4, "runs": 0}, "hidden and runs must be at least 1; got 40 and 0"),
    ],
)
def test_an_ensemble_that_cannot_be_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        Predictors(**arguments, generator=torch.Generator())


@pytest.mark.parametrize("shape", [(3, 4), (2, 6, 3), (1, 2, 6, 3)])
@pytest.mark.parametrize("use", [Predictors.forward, one_round])
def test_codes_of_another_shape_are_refused(shape, use):
    predictors = Predictors(3, generator=torch.Generator())
    with pytest.raises(ValueError, match=r"codes must be \(batch, 3\).*got"):
        use(predictors, torch.rand(shape))


def test_codes_of_stacked_runs_must_say_so():
    predictors = Predictors(3, runs=2, generator=torch.Generator())
    with pytest.raises(ValueError, match=r"codes must be \(2, batch, 3\); got \(10, 3\)"):
        predictors(torch.rand(10, 3))
