"""Training by our code and by theirs, from the same parameters, with the same draws."""

import contextlib
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple
from unittest import mock

import torch
from torch import Tensor

from apps.conformance.authors.code import (
    AuthorsCode,
    authors_model,
    double_precision,
    in_their_layout,
    normaliser,
)
from apps.recipes import AnyRecipe
from nashae_baselines import BetaTCVAE, FactorVAE, Posterior, permuted
from nashae_baselines.gaussian_coder import drawn
from nashae_core import NashAEConfig, Progress, train


@dataclass(frozen=True)
class Snapshot:
    """Parameters and their gradients by their name in the authors' model, after a step."""

    weights: dict[str, Tensor]
    gradients: dict[str, Tensor]


@dataclass(frozen=True)
class Training:
    """The result of a training: losses by name and step; snapshots after some steps."""

    losses: dict[str, Tensor]
    snapshots: dict[int, Snapshot]

    def after(self, step: int) -> dict[str, dict[str, Tensor]]:
        """The `QUANTITIES` after a step."""
        return {
            "losses": {name: loss[step - 1] for name, loss in self.losses.items()},
            "gradients": self.snapshots[step].gradients,
            "weights": self.snapshots[step].weights,
        }


@dataclass(frozen=True)
class Draws:
    """All that is random in a training, in our order of use.

    batches (steps, batches a step, batch): indices of observations. noise: of each sample of a
    posterior, (batch, m). orders: of each permutation of a batch's latents, (batch, m).
    """

    batches: Tensor
    noise: list[Tensor]
    orders: list[Tensor]

    def reversed(self) -> "Draws":
        """The same batches with their observations in the opposite order: only rounding differs."""
        last = self.batches.shape[2] - 1
        return Draws(
            self.batches.flip(2),
            [noise.flip(0) for noise in self.noise],
            [last - order.flip(0) for order in self.orders],
        )


class _Noted:
    """Observations that record which indices were requested."""

    def __init__(self, rows: Tensor) -> None:
        self.rows, self.seen = rows, list[Tensor]()

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: Tensor) -> Tensor:
        self.seen.append(index)
        return self.rows[index]


class _Numbered:
    """A data set of the size that β-TCVAE expects, of which few observations exist."""

    def __init__(self, rows: Tensor, size: int) -> None:
        self.rows, self.size = rows, size

    def __len__(self) -> int:
        return self.size

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        return self.rows[index], 0


def our_training(
    code: AuthorsCode, recipe: AnyRecipe, raw: Tensor, at: Sequence[int], start: list[Tensor]
) -> tuple[Training, Draws]:
    """Train ours from the parameters `start` by `nashae_core.train`; also the draws it made."""
    model = recipe.build(torch.Generator().manual_seed(0)).to(raw.dtype)
    for ours, given in zip(in_their_layout(model), start, strict=True):
        ours.copy_(given)
    names = [name for name, _ in authors_model(code, recipe).named_parameters()]
    snapshots = dict[int, Snapshot]()

    def note(progress: Progress) -> None:
        if progress.step in at:
            snapshots[progress.step] = Snapshot(
                *(
                    {
                        name: tensor.clone(memory_format=torch.contiguous_format)
                        for name, tensor in zip(names, tensors, strict=True)
                    }
                    for tensors in (in_their_layout(model), in_their_layout(model, gradients=True))
                )
            )

    x = normaliser(code, recipe.data)(raw)
    noted = _Noted(x.flatten(1) if recipe.data == "dsprites" else x)
    config = replace(recipe.train, steps=max(at), record_every=1)
    history = train(model, noted, config, torch.Generator().manual_seed(0), on_record=note)
    t = history.terms
    if isinstance(recipe.method, NashAEConfig):
        losses = {"reconstruction": t["reconstruction_loss"], "covariance": t["covariance_loss"]}
    elif isinstance(model, BetaTCVAE):
        kl = t["mi"] + model.config.beta * t["tc"] + t["dimension_wise_kl"]
        losses = {"nll": t["nll"], "kl": kl}
    else:
        losses = {"nll": t["nll"], "kl": t["kl"]}
    # `train` looks at the data before its first step.
    seen = noted.seen[-config.steps * model.batches_per_step :]
    batches = torch.stack(seen).view(config.steps, model.batches_per_step, -1)
    # `train` draws the seed of the model's noise before all else.
    noise = torch.Generator().manual_seed(
        int(torch.randint(2**62, (), generator=torch.Generator().manual_seed(0)))
    )
    draws, nothing = Draws(batches, [], []), torch.zeros(config.batch_size, recipe.latents)
    rows = torch.arange(config.batch_size, dtype=raw.dtype)[:, None].expand(nothing.shape)
    if not isinstance(recipe.method, NashAEConfig):
        for _ in range(config.steps):
            for _ in range(model.batches_per_step):
                draws.noise.append(drawn(Posterior(nothing, nothing), noise))
            if isinstance(model, FactorVAE):
                draws.orders.append(permuted(rows, noise).long())
    return Training(losses, snapshots), draws


def their_training(
    code: AuthorsCode,
    recipe: AnyRecipe,
    raw: Tensor,
    at: Sequence[int],
    start: list[Tensor],
    draws: Draws,
) -> Training:
    """Train theirs from the same weights by their own `fit`, with the same draws.

    Their FactorVAE moves the discriminator before the VAE, ours after it: theirs gets our batches,
    less the first move of its discriminator, so that both play the same game.
    """
    model = authors_model(code, recipe).to(raw.dtype)
    names = dict(model.named_parameters())
    with torch.no_grad():
        for theirs, given in zip(names.values(), start, strict=True):
            theirs.copy_(given)
    steps = max(at)
    index = draws.batches
    noise, orders = list(draws.noise), list(draws.orders)
    shifted = recipe.method_name == "factor-vae"
    if shifted:
        # Ours: v1 d1 v2 d2 …; theirs: (d0) v1 d1 v2 d2 …, of which d0 is not taken.
        flat = index.flatten(0, 1)
        index = torch.cat([flat[:1], flat, flat[:1]]).view(steps + 1, 2, -1)
        noise = [noise[0], *noise, noise[0]]
        orders = [orders[0], *orders]
    snapshots = {step: Snapshot({}, {}) for step in at}
    model.init_optim_objects(*_rates(recipe))
    players = {"ae_optim": 1, "preds_optim": 5, "disc_optim": 1}
    for optimiser, turns in players.items():
        if hasattr(model, optimiser):
            skipped = int(optimiser == "disc_optim")
            _watch(getattr(model, optimiser), names, snapshots, turns, skipped)
    options: dict[str, Any] = {"batch_per_group": 1, "batch_size": index.shape[-1]}
    options["ar" if isinstance(recipe.method, NashAEConfig) else "beta"] = recipe.weight
    data = _Numbered(raw, getattr(recipe.method, "observations", len(raw)))
    with _handed(index, noise, orders):
        losses = model.fit(data, steps + shifted, **options)
    # The third loss, the predictors', is a mean over five turns there and of the last turn here.
    titles = ("reconstruction", "covariance") if options.get("ar") is not None else ("nll", "kl")
    named = {name: loss[:steps] for name, loss in zip(titles, losses, strict=False)}
    return Training(named, snapshots)


def _rates(recipe: AnyRecipe) -> tuple[float, ...]:
    method = recipe.method
    if isinstance(method, NashAEConfig):
        return (method.autoencoder_lr, method.predictor_lr)
    return (method.lr,)


def _watch(
    optimiser: Any,
    names: dict[str, Tensor],
    snapshots: dict[int, Snapshot],
    turns: int,
    skipped: int,
) -> None:
    """Record the parameters of `optimiser` after its steps; the first `skipped` are not taken."""
    owned = {id(p) for group in optimiser.param_groups for p in group["params"]}
    plain, calls = optimiser.step, 0

    def step() -> None:
        nonlocal calls
        calls += 1
        if calls <= skipped:
            return
        plain()
        done, rest = divmod(calls - skipped, turns)
        if not rest and done in snapshots:
            for name, p in names.items():
                if id(p) in owned:
                    assert p.grad is not None
                    snapshots[done].weights[name] = p.detach().clone()
                    snapshots[done].gradients[name] = p.grad.clone()

    optimiser.step = step


@contextlib.contextmanager
def _handed(index: Tensor, noise: list[Tensor], orders: list[Tensor]) -> Iterator[None]:
    """Replace what their code draws at random: batches, noise and permutations."""
    noises = iter(noise)
    columns = iter([column for order in orders for column in order.unbind(1)])
    with (
        mock.patch.object(torch.utils.data, "RandomSampler", return_value=index.flatten().tolist()),
        mock.patch.object(torch.distributions.normal, "_standard_normal", side_effect=noises),
        mock.patch.object(torch, "randperm", side_effect=columns),
        contextlib.redirect_stdout(io.StringIO()),
    ):
        yield


class Difference(NamedTuple):
    """The difference of ours from theirs, and of theirs from itself with reversed batches."""

    ours: float
    control: float

    @property
    def is_rounding(self) -> bool:
        """Whether ours is no further from theirs than rounding takes either.

        Where rounding grows, in a training that is chaotic, `control` has grown as well.
        """
        return self.ours <= max(1e-10, 100 * self.control)


QUANTITIES = ("losses", "gradients", "weights")
STEPS = (1, 10, 100)


@dataclass(frozen=True)
class Comparison:
    """The differences of each of `QUANTITIES`: after each of `STEPS` steps, and `again`.

    Again: after one step more, both from the weights that theirs has after the last of `STEPS`, so
    that what has grown until then does not count.
    """

    steps: dict[str, list[Difference]]
    again: dict[str, Difference]

    @property
    def is_rounding(self) -> bool:
        """Whether all of it is rounding."""
        return all(
            d.is_rounding for found in (*self.steps.values(), self.again.values()) for d in found
        )


def compared_training(
    code: AuthorsCode, recipe: AnyRecipe, raw: Tensor, steps: Sequence[int] = STEPS
) -> Comparison:
    """Train `recipe` on both sides, in float64, from weights that theirs draws."""
    with double_precision():
        torch.manual_seed(1)
        start = [p.detach().clone() for p in authors_model(code, recipe).parameters()]
        if isinstance(recipe.method, NashAEConfig):
            # A predictor's own latent is 0 among its inputs there, its weight 0 here.
            first = start[-6 * recipe.latents :: 6]
            for latent, weight in enumerate(first):
                weight[:, latent] = 0
        differences, last = _differences(code, recipe, raw, steps, start)
        again, _ = _differences(code, recipe, raw, [1], last)
    return Comparison(differences, {name: one for name, (one,) in again.items()})


def _differences(
    code: AuthorsCode, recipe: AnyRecipe, raw: Tensor, steps: Sequence[int], start: list[Tensor]
) -> tuple[dict[str, list[Difference]], list[Tensor]]:
    """The differences after so many steps, and their last weights."""
    ours, draws = our_training(code, recipe, raw, steps, start)
    theirs, control = (
        their_training(code, recipe, raw, steps, start, d) for d in (draws, draws.reversed())
    )
    differences: dict[str, list[Difference]] = {name: [] for name in QUANTITIES}
    for step in steps:
        plain, *others = (side.after(step) for side in (theirs, ours, control))
        for name in QUANTITIES:
            differences[name].append(
                Difference(*(_largest(side[name], plain[name]) for side in others))
            )
    weights = theirs.snapshots[max(steps)].weights
    names = [name for name, _ in authors_model(code, recipe).named_parameters()]
    return differences, [weights[name] for name in names]


def _largest(some: dict[str, Tensor], plain: dict[str, Tensor]) -> float:
    """The largest of |a − b| / |b| over tensors, by their Euclidean norms."""
    assert some.keys() == plain.keys()
    return max(
        float((some[name] - b).norm()) / (float(b.norm()) or 1.0) for name, b in plain.items()
    )
