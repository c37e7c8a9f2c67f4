"""How many independent factors data have: a NashAE that is pruned, tested and grown.

The game alone has no force that keeps a small latent down, so strays grow back, the more the larger
m. Nothing that is measured on a latent, neither its range nor its R² nor the loss, tells a stray
from a factor; training on without it does: a stray is not missed, a factor is.
"""

import math
from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from functools import partial
from itertools import groupby
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from nashae_core.arguments import check_kind, on_known_device, seeded
from nashae_core.factors.checks import check_game, check_networks
from nashae_core.factors.count import TINY, Count, CountConfig, CountProgress, Decision, Kind
from nashae_core.factors.independence import dependence, redundancy
from nashae_core.factors.missing import missing_direction
from nashae_core.factors.pruning import shrunk, trained
from nashae_core.factors.standard import Standard, standard_sample
from nashae_core.factors.surgery import State, add_latent, remove_latents, resized_like
from nashae_core.nashae import NashAE
from nashae_core.observations.access import ObservationsLike, weight_type
from nashae_core.state import below, without_about
from nashae_core.training import History, Progress, TrainConfig

KINDS: tuple[Kind, ...] = ("remove", "add")
# A test takes the mean of the last errors of each side.
LAST = 5
# A latent whose ratio is below this is not missed at all, and goes without a look at the others.
UNMISSED = 1.05
# The range of a latent that the game has killed, when one is put in.
DEAD = 0.05
# Observations from which the latent to put in is worked out.
MOST_PAIRS = 2000
# Of a state: what the pruning, or the tests at hand, go on from.
PRUNING, TESTS = "pruning", "tests"
# Of a state: the moments of the data.
DATA = "data"


def count_factors(
    model: NashAE,
    observations: ObservationsLike,
    generator: torch.Generator | int,
    config: CountConfig | None = None,
    *,
    device: str | torch.device = "cpu",
    resume: State | None = None,
    on_progress: Callable[[CountProgress], None] | None = None,
) -> Count:
    """Find the number of independent factors of data by training copies of `model` on them.

    1. Training with pruning (`train_pruned`), λ rising at first.
    2. Removal: each latent in turn, the narrowest first, is taken out of a copy, which is trained
       on beside one that keeps it. Of those that are not worth their place the one that is missed
       least stays out, and the rest are tried again, but for those that were missed so much that
       they would have stayed whatever they depend on; one that is not missed at all goes at once.
    3. Growth: when all are missed, a copy with one latent more, of what the codes do not tell
       (`missing_direction`), is trained on beside one without. It is kept where the game does not
       kill it and it lowers the error, and the next one is tried; one that is dead as soon as λ is
       back ends the search at once.

    All is done on (x − shift)/scale, two numbers that give the data a mean of 0 and a deviation of
    1, so that a·x + b gives what x gives, but for rounding. The model that comes of it takes x
    itself (`NashAE.standardise`).

    - `model`: with more latents than there may be factors. Its λ gives way to
      `config.covariance_weight`, and what it is standardised by to the data's numbers.
    - `generator`: draws the batches, and the predictor of a latent that is put in; an int
      seeds one.
    - `resume`: a `CountProgress.state()` of an earlier call with equal arguments; the search ends
      with the bits of one that was not interrupted (same machine, CPU).

    Raises `ValueError`, all before anything is trained, where `train` does, for fewer than ten
    observations or such as are all the same, for a model that is no NashAE, networks that
    `remove_latents` refuses and such as do not take the observations, and for a state that is not a
    search's or of other observations.
    """
    config = CountConfig() if config is None else config
    check_kind(config, CountConfig, "config", "give CountConfig(...)")
    check_game(model)
    search = _Search(model, observations, config, seeded(generator), device, on_progress)
    return search.run(resume)


class _Fork(NamedTuple):
    """A model at some step, the state that it goes on from, and its error on the way there."""

    model: NashAE
    state: State
    error: float = math.nan


class _Search:
    """A search at work: the data and the settings of all its parts, and how far it is."""

    def __init__(
        self,
        model: NashAE,
        observations: ObservationsLike,
        config: CountConfig,
        generator: torch.Generator,
        device: str | torch.device,
        on_progress: Callable[[CountProgress], None] | None,
    ) -> None:
        self.config, self.generator = config, generator
        self.device, self.on_progress = on_known_device(device), on_progress
        self.sample, self.standard = standard_sample(observations, self.device, weight_type(model))
        self.decisions, self.growing = list[Decision](), False
        self.model = deepcopy(model).to(self.device)
        self.model.standardise()
        check_networks(self.model, self.sample.rows(2))

    def run(self, resume: State | None) -> Count:
        """All stages, or those that are left."""
        model = self.model
        if resume is not None:
            self._take_standard(resume)
        odds = self.config.covariance_weight * self.standard.variance
        model.config = model.config.at_odds(odds, self.config.warm_up)
        if resume is not None and TESTS in resume:
            current = self._resumed(model, resume)
        else:
            current = self._pruned(model, resume)
        while True:
            self.current, self.settled = current, tuple(self.decisions)
            reference = self._trained(current, "nothing changed", self.config.test_steps)
            changed = None if self.growing else self._removed(current, reference)
            if changed is None:
                self.growing = True
                reference, changed = self._grown(current, reference)
            if changed is None:
                break
            current = changed
        model, decisions = reference.model, tuple(self.decisions)
        every, steps = self.config.record_every, int(reference.state["step"])
        history = History(
            torch.arange(every, steps + 1, every, device="cpu"), below("history", reference.state)
        )
        m, error = model.predictors.latents, self.sample.error(model)
        shift, scale, variance = self.standard
        model.standardise(shift, scale)
        explained = 1 - error / variance
        return Count(model.eval(), m, decisions, scale**2 * error, history, explained)

    def _pruned(self, model: NashAE, resume: State | None) -> _Fork:
        """The first stage."""
        pruning = self.config.pruning

        def on_record(progress: Progress) -> None:
            def copied() -> dict[str, Tensor]:
                return {**_under(PRUNING, progress.state()), DATA: self._data()}

            self._tell("pruning", progress.step, pruning.last, copied)

        model, state = shrunk(
            model,
            self.sample,
            self._training(pruning.last),
            self.generator,
            pruning,
            self.device,
            None if resume is None else below(PRUNING, resume),
            on_record,
        )
        return _Fork(model, state)

    def _removed(self, current: _Fork, reference: _Fork) -> _Fork | None:
        """The model without the latent that is missed least; None where all are missed."""
        codes = self.sample.codes(current.model)
        mean, order = codes.mean(0), codes.var(0).argsort().tolist()
        m, forks, tests = len(mean), dict[int, _Fork](), list[Decision]()
        codes = self.sample.codes(reference.model)
        depends = self._dependence(codes, self.config.most_redundancy) if m > 1 else []
        assured = self._assured() if m > 1 else range(m)
        for latent in (latent for latent in order if latent not in assured):
            without = _Fork(*remove_latents(current.model, [latent], mean, current.state))
            doing = f"latent {latent + 1} of {m} taken out"
            forks[latent] = fork = self._trained(without, doing, self.config.test_steps)
            test = self._tested("remove", latent, depends[latent], m, fork, reference)
            tests.append(test)
            if test.ratio < UNMISSED:
                break
        unworthy = [test for test in tests if test.worth < 1]
        least = min(unworthy, key=lambda test: test.ratio, default=None)
        self.decisions += [test._replace(adopted=test is least) for test in tests]
        return None if least is None else forks[least.latent]

    def _assured(self) -> set[int]:
        """The latents that an earlier round found missed in any case, as they are numbered now.

        They would have stayed whatever they depend on. With a latent less they are missed no less,
        so they are not tested again.
        """
        config, found = self.config, set[int]()
        share = max(config.least_share, config.dependent_share)
        for _, tests in groupby(self.decisions, lambda test: test.step):
            for test in (ordered := list(tests)):
                if test.ratio >= 2 * config.removal_ratio and test.share >= share:
                    found.add(test.latent)
            for test in ordered:
                if test.adopted:
                    found = {i - (i > test.latent) for i in found if i != test.latent}
        return found

    def _grown(self, current: _Fork, reference: _Fork) -> tuple[_Fork, _Fork | None]:
        """The reference, as far as it was trained; the model with one more where that is worth it.

        The first look is when λ is back: a latent that is dead by then stays so.
        """
        row = missing_direction(current.model, self.sample.rows(MOST_PAIRS))
        # The batches' generator as it was here, so that a state needs no other.
        drawing = torch.Generator(self.generator.device)
        drawing.set_state(current.state["generator/0"])
        model, state = add_latent(current.model, drawing, current.state, row)
        warm_up, step = self.config.growth_warm_up, int(state["step"])
        model.config = replace(model.config, warm_up=warm_up, warm_up_from=step)
        m = model.predictors.latents
        fork, learned = _Fork(model, without_about(state)), 0.0
        for steps in (max(self.config.test_steps, warm_up), self.config.growth_steps):
            reference = self._trained(reference, "nothing changed", steps)
            fork = self._trained(fork, f"latent {m} put in", steps)
            codes = self.sample.codes(fork.model)
            learned = float(codes[:, -1].amax() - codes[:, -1].amin())
            if learned < DEAD:
                break
        depends = self._dependence(codes, self.config.growth_redundancy)
        test = self._tested("add", m - 1, depends[-1], m, reference, fork)
        worth = min(test.worth, learned / self.config.pruning.least_range)
        self.decisions.append(test._replace(worth=worth, adopted=worth >= 1))
        return reference, fork if worth >= 1 else None

    def _trained(self, start: _Fork, doing: str, steps: int) -> _Fork:
        """A copy of a model, so many steps after the current one; its mean error over the last."""
        model, first = deepcopy(start.model), int(self.current.state["step"])
        last, errors = first + steps, list[float]()
        if int(start.state["step"]) == last:
            return start

        def on_record(progress: Progress) -> None:
            if progress.step > last - LAST * self.config.record_every:
                errors.append(self.sample.error(model))
            # As it is now: the search goes on, and what is kept of this moment may be asked later.
            state = partial(self._state, self.current, self.settled)
            self._tell(doing, progress.step - first, steps, state)

        state = trained(
            model,
            self.sample.observations,
            self._training(last),
            torch.Generator(self.generator.device),  # set by the state
            self.device,
            start.state,
            on_record,
        )
        return _Fork(model, state, sum(errors) / len(errors))

    def _training(self, steps: int) -> TrainConfig:
        return TrainConfig(steps, self.config.batch_size, self.config.record_every)

    def _dependence(self, codes: Float[Tensor, "n m"], most_redundancy: float) -> list[float]:
        """Of each latent how far it depends on the others; 1 is the most that is allowed."""
        if codes.shape[1] == 2:
            found = dependence(codes).amax(1) / self.config.most_dependence
        else:
            found = redundancy(codes) / most_redundancy
        depends: list[float] = found.tolist()
        return depends

    def _tested(
        self, kind: Kind, latent: int, depends: float, latents: int, without: _Fork, with_it: _Fork
    ) -> Decision:
        """What a latent is worth, by the models without it and with it; nothing decided yet."""
        config = self.config
        ratio = without.error / max(with_it.error, TINY)
        share = (without.error - with_it.error) / self.standard.variance
        if kind == "remove":
            enough, least = ratio / config.removal_ratio, share / config.least_share
        else:
            enough, least = ratio / config.growth_ratio, share / config.growth_share
        # What a latent has to show that depends on the others.
        more = share / config.dependent_share if latents == 2 else enough / 2
        worth = min(enough, least, max(more, 1 / max(depends, TINY)))
        step, measured = int(self.current.state["step"]), (ratio, share, depends, worth)
        return Decision(kind, step, latent, latents, *measured, adopted=False)

    def _tell(
        self, doing: str, step: int, steps: int, state: Callable[[], dict[str, Tensor]]
    ) -> None:
        if self.on_progress is not None:
            self.on_progress(CountProgress(doing, step, steps, tuple(self.decisions), state))

    def _state(self, current: _Fork, settled: tuple[Decision, ...]) -> dict[str, Tensor]:
        """The beginning of the tests at hand, and what was decided before them."""
        model = current.model
        rows = [(KINDS.index(kind), *rest) for kind, *rest in settled]
        return {
            DATA: self._data(),
            TESTS: torch.tensor(rows, dtype=torch.float64, device="cpu").reshape(len(rows), 9),
            "growing": torch.tensor(bool(settled) and settled[-1].kind == "add", device="cpu"),
            "warm_up": torch.tensor(
                [model.config.warm_up_from, model.config.warm_up], device="cpu"
            ),
            **_under("run", {name: t.clone() for name, t in current.state.items()}),
        }

    def _data(self) -> Tensor:
        """What tells the data of a state."""
        return torch.tensor(self.standard, dtype=torch.float64, device="cpu")

    def _take_standard(self, resume: State) -> None:
        """The moments of the state, bit for bit, where they are those of these observations."""
        if DATA not in resume:
            raise ValueError(
                "the state to resume from is not of a search for the number of factors"
            )
        shift, scale, variance = resume[DATA].tolist()
        found = Standard(shift, scale, variance)
        # Another machine may add up in another order.
        near = 1e-6 * abs(scale), 1e-6 * abs(scale), 1e-6
        if any(abs(a - b) > most for a, b, most in zip(found, self.standard, near, strict=True)):
            raise ValueError(
                f"the state to resume from is of other observations: {found} there, "
                f"{self.standard} here"
            )
        self.standard = found

    def _resumed(self, model: NashAE, resume: State) -> _Fork:
        """What `_state` gave."""
        for row in resume[TESTS].tolist():
            kind, step, latent, latents = map(int, row[:4])
            ratio, share, depends, worth, adopted = row[4:]
            measured = ratio, share, depends, worth
            self.decisions.append(
                Decision(KINDS[kind], step, latent, latents, *measured, bool(adopted))
            )
        self.growing = bool(resume["growing"])
        state = below("run", resume)
        model = resized_like(model, state)
        warm_up_from, warm_up = resume["warm_up"].tolist()
        model.config = replace(model.config, warm_up_from=warm_up_from, warm_up=warm_up)
        model.load_state_dict(below("model", state))
        return _Fork(model, state)


def _under(prefix: str, state: State) -> dict[str, Tensor]:
    return {f"{prefix}/{name}": tensor for name, tensor in state.items()}
