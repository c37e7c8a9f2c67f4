"""One factor a latent: the axes, which independence leaves open, for a known number of factors.

Independent codes are not yet disentangled: a latent that says "15 Hz or not", beside one that
orders the duty cycles and means another frequency in each half, is as independent as the true pair
and reconstructs as well. Noise on the codes prefers latents that each vary smoothly with one
factor, as long as there is one latent more than factors; so the model is merged down to their
number.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import torch
from torch import Tensor
from torch.optim import Optimizer

from nashae_core.independence import dependence
from nashae_core.losses import reconstruction_loss
from nashae_core.nashae import NashAE, NashAEConfig, noisy
from nashae_core.observations import Observations
from nashae_core.optimizers import adam
from nashae_core.pruning import Pruning, shrunk, trained
from nashae_core.sample import DataSample
from nashae_core.surgery import State, fold_latent, remove_latents, with_weights
from nashae_core.training import Progress, Trainable, TrainConfig, Turn, train

SHARES = (-1.0, -0.5, 0.5, 1.0)
# A fit's loss is the mean of its last entries.
LAST = 5


@dataclass(frozen=True)
class Stage:
    """So many steps with noise on the codes (`NashAEConfig.code_noise` and `logit_weight`)."""

    steps: int
    code_noise: float
    logit_weight: float


@dataclass(frozen=True)
class AxesConfig:
    """How a model is trained with noise, merged and judged.

    Set on Beamsynthesis, on seeds that no published number is of.
    """

    batch_size: int = 100
    """Observations a batch, drawn with replacement."""
    covariance_weight: float = 0.9
    """λ/(1 − λ) in units of the data's variance, as in `CountConfig`."""
    warm_up: int = 50
    """Steps over which λ rises from 0 at the start."""
    spare: int = 6
    """Latents more than factors with which a try begins, at most; those of the model beyond are
    taken out before. The more there are, the fewer of them the first stage leaves to be merged."""
    pruning: Pruning = field(default_factory=Pruning)
    """When latents that die in the first stage are taken out."""
    first: Stage = Stage(1000, 0.2, 1e-3)
    """Strong noise, under which the latents form."""
    merge: Stage = Stage(450, 0.1, 5e-4)
    """After each merge."""
    last: Stage = Stage(400, 0.05, 1e-4)
    """At the end, for a sharper reconstruction."""
    fit_steps: int = 200
    """Steps for which the decoder of each candidate of a merge is trained, its encoder held."""
    most_dependence: float = 0.03
    """Where two latents depend on each other more than this, another try is made."""
    tries: int = 3
    """Tries at most."""
    record_every: int = 10
    """Steps between two calls of `on_progress`."""

    def __post_init__(self) -> None:
        for name in ("batch_size", "spare", "fit_steps", "tries", "record_every"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1; got {getattr(self, name)}")
        if not 0 < self.most_dependence <= 1:
            raise ValueError(f"most_dependence must be in (0, 1]; got {self.most_dependence}")
        if not self.covariance_weight >= 0:
            raise ValueError(
                f"covariance_weight must not be negative; got {self.covariance_weight}"
            )
        if self.first.steps < self.pruning.last or self.pruning.every % self.record_every:
            raise ValueError(
                f"first.steps must be at least pruning.last, and pruning.every a multiple of "
                f"record_every; got {self.first.steps}, {self.pruning.last}, {self.pruning.every} "
                f"and {self.record_every}"
            )


class Try(NamedTuple):
    """One try: its latents, and the most that two of them depend on each other.

    That is `dependence` of the codes, not of their ranks.
    """

    latents: int
    dependence: float


class Axes(NamedTuple):
    """The trained `model`, of all `tries` that with the least dependence.

    `independent`: whether it has the latents that were asked for, and they depend on each other no
    more than is allowed. One that is not has probably mixed its factors.
    """

    model: NashAE
    tries: tuple[Try, ...]
    independent: bool


class AxesProgress(NamedTuple):
    """What is being done, in words; its steps done and in all."""

    doing: str
    step: int
    steps: int


def align_axes(
    build: Callable[[torch.Generator], NashAE],
    observations: Tensor | Observations,
    factors: int,
    generator: torch.Generator,
    config: AxesConfig | None = None,
    *,
    device: str | torch.device = "cpu",
    on_progress: Callable[[AxesProgress], None] | None = None,
) -> Axes:
    """Train models on data with a known number of factors until each latent carries one.

    A try has three stages. Noise on the codes while the latents form, with pruning. Merges, while
    there are more latents than factors: each latent is dropped, and the one that is missed least is
    also folded into each other one, by a share of its logit; of all these that one goes on whose
    decoder, fitted while the encoder is held, has the least error under noise. Less noise at the
    end. Latents that then still depend on each other have mixed the factors: another try begins.
    No label is used.

    - `build`: a fresh model, with more latents than factors, its weights drawn from the generator
      that it is given. Its λ and noise give way to the config's.
    - `factors`: their number, such as `count_factors` finds.
    - `generator`: draws weights, batches and noise.

    Raises `ValueError` where `count_factors` does, for `factors` below 1 and a model that has fewer
    latents.
    """
    search = _Search(observations, factors, generator, config or AxesConfig(), device, on_progress)
    return search.run(build)


class _Fork(NamedTuple):
    """A model and the state that it goes on from; its error under noise."""

    model: NashAE
    state: State
    error: float = 0.0


class _Search:
    """The data and the settings of all stages."""

    def __init__(
        self,
        observations: Tensor | Observations,
        factors: int,
        generator: torch.Generator,
        config: AxesConfig,
        device: str | torch.device,
        on_progress: Callable[[AxesProgress], None] | None,
    ) -> None:
        if factors < 1:
            raise ValueError(f"factors must be at least 1; got {factors}")
        self.observations, self.factors, self.config = observations, factors, config
        self.generator, self.device, self.on_progress = generator, torch.device(device), on_progress
        self.sample = DataSample(observations, self.device)
        odds = config.covariance_weight * self.sample.variance()
        self.lam = odds / (1 + odds)

    def run(self, build: Callable[[torch.Generator], NashAE]) -> Axes:
        """Tries until one is independent; the best."""
        tries, best = list[Try](), None
        while len(tries) < self.config.tries:
            model = self._tried(build(self.generator))
            m = model.predictors.latents
            depends = dependence(self.sample.codes(model), ranked=False)
            tries.append(Try(m, float(depends.max())))
            # More latents come first; there are never more than factors.
            if best is None or _rank(tries[-1]) < _rank(best[0]):
                best = tries[-1], model.eval()
            if self._independent(best[0]):
                break
        assert best is not None
        return Axes(best[1], tuple(tries), self._independent(best[0]))

    def _independent(self, tried: Try) -> bool:
        enough = tried.latents == self.factors
        return enough and tried.dependence <= self.config.most_dependence

    def _tried(self, model: NashAE) -> NashAE:
        """One try, all stages."""
        m = model.predictors.latents
        if m < self.factors:
            raise ValueError(
                f"the model has {m} latents for {self.factors} factors: "
                "build one with more latents than factors"
            )
        beyond = range(self.factors + self.config.spare, m)
        if beyond:
            model, _ = remove_latents(model, beyond, model.predictors.weight1.new_zeros(m))
        config = replace(model.config, lam=self.lam, warm_up=self.config.warm_up, warm_up_from=0)
        model.config = _of_stage(config, self.config.first)
        steps = self.config.first.steps
        model, state = shrunk(
            model,
            self.observations,
            self._training(steps),
            self.generator,
            self.config.pruning,
            self.device,
            None,
            self._telling("latents form", steps),
        )
        current = self._trained(_Fork(model, state), self.config.first, steps, "latents form")
        while (m := current.model.predictors.latents) > self.factors:
            best = self._merged(current)
            current = self._trained(best, self.config.merge, None, f"merged to {m - 1} latents")
        return self._trained(current, self.config.last, None, "less noise").model

    def _merged(self, current: _Fork) -> _Fork:
        """The best of all ways to do with one latent less."""
        m, codes = current.model.predictors.latents, self.sample.codes(current.model)
        # All candidates are given the same batches and the same noise.
        seed = int(torch.randint(2**62, (), generator=self.generator, device=self.generator.device))
        state = {**current.state, "generator/0": self.generator.get_state()}
        dropped = [
            self._fitted(
                *remove_latents(current.model, [latent], codes.mean(0), state),
                seed,
                f"latent {latent + 1} of {m} dropped",
            )
            for latent in range(m)
        ]
        least = min(range(m), key=lambda latent: dropped[latent].error)
        folded = [
            self._fitted(
                *fold_latent(current.model, least, into, share, codes, state),
                seed,
                f"latent {least + 1} of {m} folded into {into + 1}",
            )
            for into in range(m)
            if into != least
            for share in SHARES
        ]
        return min([dropped[least], *folded], key=lambda fork: fork.error)

    def _fitted(self, model: NashAE, state: State, seed: int, doing: str) -> _Fork:
        """The decoder fitted to codes that stay, and its error."""
        steps = self.config.fit_steps
        fit = _HeldCodes(model, self.config.merge.code_noise)
        generator = torch.Generator(self.generator.device).manual_seed(seed)
        history = train(
            fit,
            self.observations,
            self._training(steps),
            generator,
            device=self.device,
            on_record=self._telling(doing, steps),
        )
        error = float(history.terms["reconstruction_loss"][-LAST:].mean())
        return _Fork(model, with_weights(model, state), error)

    def _trained(self, current: _Fork, stage: Stage, until: int | None, doing: str) -> _Fork:
        """The model after a stage, or after so many steps in all."""
        model = current.model
        model.config = _of_stage(model.config, stage)
        first = int(current.state["step"])
        last = first + stage.steps if until is None else until
        state = trained(
            model,
            self.observations,
            self._training(last),
            self.generator,
            self.device,
            current.state,
            self._telling(doing, last),
        )
        return _Fork(model, state)

    def _training(self, steps: int) -> TrainConfig:
        return TrainConfig(steps, self.config.batch_size, self.config.record_every)

    def _telling(self, doing: str, steps: int) -> Callable[[Progress], None] | None:
        tell = self.on_progress
        if tell is None:
            return None
        return lambda progress: tell(AxesProgress(doing, progress.step, steps))


class _HeldCodes(Trainable):
    """A game of which the decoder alone is trained: the codes stay as they are, but for noise."""

    def __init__(self, model: NashAE, code_noise: float) -> None:
        super().__init__()
        self.model, self.code_noise = model, code_noise

    def optimizers(self) -> Mapping[str, Optimizer]:
        return {"decoder": adam(self.model.decoder.parameters(), self.model.config.autoencoder_lr)}

    def turns(
        self,
        batches: Sequence[Tensor],
        step: int,  # noqa: ARG002
        generator: torch.Generator,
    ) -> Iterator[Turn]:
        (x,) = batches
        with torch.no_grad():
            codes = noisy(self.model.encode(x), self.code_noise, generator)
        loss = reconstruction_loss(self.model.decode(codes), x)
        yield Turn("decoder", loss, {"reconstruction_loss": loss.detach()})


def _of_stage(config: NashAEConfig, stage: Stage) -> NashAEConfig:
    return replace(config, code_noise=stage.code_noise, logit_weight=stage.logit_weight)


def _rank(tried: Try) -> tuple[int, float]:
    """The better, the smaller."""
    return -tried.latents, tried.dependence
