"""The number of independent factors of a data set: a NashAE is pruned, tested and grown.

Training alone does not keep spurious latents small: they regrow, the faster the larger m. No
statistic of a latent tells it from a factor; an ablation does: train on without it and compare the
errors.
"""

from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import replace
from functools import partial

import torch
from jaxtyping import Float
from torch import Tensor

from nashae_core.arguments import check_kind, seeded
from nashae_core.factors.checks import check_game
from nashae_core.factors.count import (
    TINY,
    Count,
    CountConfig,
    CountProgress,
    Decision,
    Kind,
    assured,
)
from nashae_core.factors.count_state import CountState
from nashae_core.factors.fork import Fork
from nashae_core.factors.independence import dependence, redundancy
from nashae_core.factors.missing import missing_direction
from nashae_core.factors.search import LAST, Search
from nashae_core.factors.standard import Standard
from nashae_core.nashae import NashAE
from nashae_core.observations.access import ObservationsLike
from nashae_core.run import History, Progress
from nashae_core.state import TrainingState

# A latent of a smaller ratio is removed at once, the others untested.
UNMISSED = 1.05
# The range below which an added latent is inactive.
DEAD = 0.05
# Observations from which an added latent's weights are computed.
MOST_PAIRS = 2000


def count_factors(
    model: NashAE,
    observations: ObservationsLike,
    generator: torch.Generator | int,
    config: CountConfig | None = None,
    *,
    device: str | torch.device = "cpu",
    resume: Mapping[str, Tensor] | None = None,
    on_progress: Callable[[CountProgress], None] | None = None,
) -> Count:
    """Estimate the number of independent factors of a data set, by training copies of `model`.

    1. Pruning: training that removes inactive latents (`train_pruned`), λ rising at first.
    2. Removal: from the narrowest latent on, a copy without each is trained beside one with it. Of
       the latents that fail their test the one of smallest ratio is removed, and the others are
       tested again, except those that would pass however far they depend on others. A latent whose
       ratio is below 1.05 is removed at once.
    3. Growth: when all latents pass, a copy with one more, which starts from what the codes do not
       explain (`missing_direction`), is trained beside one without. It is kept if it stays active
       and lowers the error; then the next is tried. If it is inactive as soon as λ is back, the
       search ends at once.

    All is done on (x − shift)/scale, of mean 0 and deviation 1, so that a·x + b gives what x gives,
    up to rounding.

    Args:
        model: A NashAE with more latents than the data can have factors; its encoder ends, and its
            decoder begins, with a linear layer with a bias. Its λ and its standardisation are
            replaced.
        observations: (n, ...) floating point, n at least 10, as for `train`.
        generator: Draws the batches, and the predictor of an added latent; an int seeds one.
        config: The stages and the thresholds.
        device: Where to train.
        resume: A `CountProgress.state()` of an earlier call with equal arguments; the search ends
            with the bits of one that was not interrupted (same machine, CPU).
        on_progress: Called every `config.record_every` steps.

    Returns:
        The number of latents that passed, the model, which takes x as given, and every test.

    Raises:
        ValueError: As for `train`; fewer than ten observations, or all equal; networks that cannot
            lose a latent or do not take the observations; a state of something else. All before
            anything is trained.
        TypeError: `model` is no NashAE.

    Example:
        >>> import torch
        >>> from nashae_core import MLP, CountConfig, NashAE, Predictors, Pruning, count_factors
        >>> model = NashAE(MLP((6, 4), generator=0), MLP((4, 6), generator=0),
        ...                Predictors(4, generator=0))
        >>> x = torch.randn(50, 6, generator=torch.Generator().manual_seed(0))
        >>> quick = CountConfig(pruning=Pruning(10, 10), test_steps=10, growth_steps=10,
        ...                     growth_warm_up=10)
        >>> found = count_factors(model, x, generator=0, config=quick)
        >>> found.latents == found.model.predictors.latents
        True
    """
    config = CountConfig() if config is None else config
    check_kind(config, CountConfig, "config", "give CountConfig(...)")
    check_game(model)
    generator, model = seeded(generator), deepcopy(model)
    model.standardise()
    search = Search(model, observations, config, generator, device)
    state = None if resume is None else CountState.from_tensors(resume)
    return _Counting(search, config, on_progress).run(model, state)


class _Counting:
    """A search, and how far it is."""

    def __init__(
        self,
        search: Search,
        config: CountConfig,
        on_progress: Callable[[CountProgress], None] | None,
    ) -> None:
        self.search, self.config, self.on_progress = search, config, on_progress
        self.sample, self.decisions = search.sample, list[Decision]()

    def run(self, model: NashAE, resume: CountState | None) -> Count:
        """All stages, or those that remain."""
        if resume is not None:
            self._take_standard(resume.standard)
        begun = self.search.begun(model)
        if resume is None or resume.decisions is None:
            if resume is not None:
                begun = Fork.resumed(begun.model, resume.run)
            current = self.search.pruned(begun, self._tell_pruning)
        else:
            self.decisions = [*resume.decisions]
            current = self._resumed(begun.model, resume)
        while True:
            self.current, self.settled = current, tuple(self.decisions)
            reference = self._trained(current, "nothing changed", self.config.test_steps)
            growing = bool(self.decisions) and self.decisions[-1].kind == "add"
            changed = None if growing else self._removed(current, reference)
            if changed is None:
                reference, changed = self._grown(current, reference)
            if changed is None:
                return self._count(reference)
            current = changed

    def _count(self, fork: Fork) -> Count:
        every, error = self.config.record_every, self.sample.error(fork.model)
        history = History(
            torch.arange(every, fork.step + 1, every, device="cpu"),
            {} if fork.state is None else fork.state.history,
        )
        return Count(
            self.search.finished(fork.model),
            fork.latents,
            tuple(self.decisions),
            self.search.standard.scale**2 * error,
            history,
            self.search.explained(error),
        )

    def _removed(self, current: Fork, reference: Fork) -> Fork | None:
        """The fork without the latent of smallest ratio that fails; None where all pass."""
        codes = self.sample.codes(current.model)
        mean, order = codes.mean(0), codes.var(0).argsort().tolist()
        m, forks, tests = current.latents, dict[int, Fork](), list[Decision]()
        codes = self.sample.codes(reference.model)
        depends = self._dependence(codes, self.config.most_redundancy) if m > 1 else []
        skipped = assured(self.decisions, self.config) if m > 1 else range(m)
        for latent in (latent for latent in order if latent not in skipped):
            without = current.without([latent], mean)
            doing = f"latent {latent + 1} of {m} removed"
            forks[latent] = fork = self._trained(without, doing, self.config.test_steps)
            test = self._tested("remove", latent, depends[latent], m, fork, reference)
            tests.append(test)
            if test.ratio < UNMISSED:
                break
        unworthy = [test for test in tests if test.worth < 1]
        least = min(unworthy, key=lambda test: test.ratio, default=None)
        self.decisions += [test._replace(adopted=test is least) for test in tests]
        return None if least is None else forks[least.latent]

    def _grown(self, current: Fork, reference: Fork) -> tuple[Fork, Fork | None]:
        """The reference, as far as it was trained; the fork with one latent more if that passes.

        A latent that is inactive as soon as λ is back stays inactive.
        """
        row = missing_direction(current.model, self.sample.rows(MOST_PAIRS))
        # The generator of the batches as it was here, so that a state needs no other.
        drawing = torch.Generator(self.search.generator.device)
        assert current.state is not None
        drawing.set_state(current.state.generators[0])
        warm_up, fork = self.config.growth_warm_up, current.with_latent(drawing, row)
        fork = fork.with_config(
            replace(fork.model.config, warm_up=warm_up, warm_up_from=current.step)
        )
        m, width = fork.latents, 0.0
        for steps in (max(self.config.test_steps, warm_up), self.config.growth_steps):
            reference = self._trained(reference, "nothing changed", steps)
            fork = self._trained(fork, f"latent {m} added", steps)
            codes = self.sample.codes(fork.model)
            width = float(codes[:, -1].amax() - codes[:, -1].amin())
            if width < DEAD:
                break
        depends = self._dependence(codes, self.config.growth_redundancy)
        test = self._tested("add", m - 1, depends[-1], m, reference, fork)
        worth = min(test.worth, width / self.config.pruning.least_range)
        self.decisions.append(test._replace(worth=worth, adopted=worth >= 1))
        return reference, fork if worth >= 1 else None

    def _trained(self, start: Fork, doing: str, steps: int) -> Fork:
        """Trained until `steps` after the current fork, with the mean of its last errors."""
        first, errors = self.current.step, list[float]()
        last = first + steps
        if start.step == last:
            return start
        # Bound now: the state of this moment may be asked for when the search has moved on.
        state = partial(self._state, self.current, self.settled)

        def on_record(progress: Progress, model: NashAE) -> None:
            if progress.step > last - LAST * self.config.record_every:
                errors.append(self.sample.error(model))
            self._tell(doing, progress.step - first, steps, state)

        generator = torch.Generator(self.search.generator.device)  # set by the state
        fork = self.search.trained(start, last, on_record, generator)
        return replace(fork, error=sum(errors) / len(errors))

    def _dependence(self, codes: Float[Tensor, "n m"], most_redundancy: float) -> list[float]:
        """How far each latent depends on the others; 1 is the most allowed."""
        pair = codes.shape[1] == 2
        values = dependence(codes).amax(1) if pair else redundancy(codes)
        relative: list[float] = (
            values / (self.config.most_dependence if pair else most_redundancy)
        ).tolist()
        return relative

    def _tested(
        self, kind: Kind, latent: int, depends: float, latents: int, without: Fork, with_it: Fork
    ) -> Decision:
        """The test of a latent, by the forks without it and with it; not decided yet."""
        config = self.config
        ratio = without.error / max(with_it.error, TINY)
        share = (without.error - with_it.error) / self.search.standard.variance
        if kind == "remove":
            enough, least = ratio / config.removal_ratio, share / config.least_share
        else:
            enough, least = ratio / config.growth_ratio, share / config.growth_share
        # The threshold of a latent that depends on the others.
        more = share / config.dependent_share if latents == 2 else enough / 2
        worth = min(enough, least, max(more, 1 / max(depends, TINY)))
        measured = ratio, share, depends, worth
        return Decision(kind, self.current.step, latent, latents, *measured, adopted=False)

    def _tell(
        self, doing: str, step: int, steps: int, state: Callable[[], dict[str, Tensor]]
    ) -> None:
        if self.on_progress is not None:
            self.on_progress(CountProgress(doing, step, steps, tuple(self.decisions), state))

    def _tell_pruning(self, progress: Progress) -> None:
        def state() -> dict[str, Tensor]:
            run = TrainingState.from_tensors(progress.state())
            return CountState(self.search.standard, run).to_tensors()

        self._tell("pruning", progress.step, self.config.pruning.last, state)

    def _state(self, current: Fork, settled: tuple[Decision, ...]) -> dict[str, Tensor]:
        """The state at the beginning of the current tests."""
        config, run = current.model.config, current.state
        assert run is not None  # the pruning has trained it
        warm_up = config.warm_up_from, config.warm_up
        return CountState(self.search.standard, run, settled, warm_up).to_tensors()

    def _take_standard(self, saved: Standard) -> None:
        """Take the moments of a state, bit for bit, if they are those of these observations."""
        given = self.search.standard
        # Another machine may add in another order.
        near = 1e-6 * abs(saved.scale), 1e-6 * abs(saved.scale), 1e-6
        if any(abs(a - b) > most for a, b, most in zip(saved, given, near, strict=True)):
            raise ValueError(
                f"the state to resume from is of other observations: {saved} there, {given} here"
            )
        self.search.standard = saved

    def _resumed(self, model: NashAE, resume: CountState) -> Fork:
        """The fork at the beginning of the tests that were interrupted."""
        fork = Fork.resumed(model, resume.run)
        warm_up_from, warm_up = resume.warm_up
        fork.model.config = replace(fork.model.config, warm_up_from=warm_up_from, warm_up=warm_up)
        fork.model.load_state_dict(resume.run.model)
        return fork
