"""One factor a latent: the axes, which independence leaves open, for a known number of factors.

Independent codes are not yet disentangled: a latent that says "15 Hz or not", beside one that
orders the duty cycles and means another frequency in each half, is as independent as the true pair
and reconstructs as well. Noise on the codes prefers latents that each vary smoothly with one
factor, as long as there is one latent more than factors; so the model is merged down to their
number.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from nashae_core.arguments import check_kind, on_known_device, seeded, whole
from nashae_core.factors.axes import Axes, AxesConfig, AxesProgress, Stage, Try
from nashae_core.factors.checks import check_game, check_networks
from nashae_core.factors.count import too_little
from nashae_core.factors.independence import dependence
from nashae_core.factors.pruning import shrunk, trained
from nashae_core.factors.standard import standard_sample
from nashae_core.factors.surgery import State, fold_latent, remove_latents, with_weights
from nashae_core.kernels.optimizers import adam
from nashae_core.losses import reconstruction_loss
from nashae_core.nashae import NashAE, NashAEConfig, noisy
from nashae_core.observations.access import ObservationsLike, weight_type
from nashae_core.observations.arrays import described
from nashae_core.state import without_about
from nashae_core.training import Progress, Trainable, TrainConfig, Turn, train

SHARES = (-1.0, -0.5, 0.5, 1.0)
# A fit's loss is the mean of its last entries.
LAST = 5


def align_axes(
    build: Callable[[torch.Generator], NashAE],
    observations: ObservationsLike,
    factors: int,
    generator: torch.Generator | int,
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

    All is done on standardised data, as `count_factors` does, so that a·x + b gives what x gives,
    but for rounding; the model that comes of it takes x itself.

    - `build`: a function of a generator that makes a fresh model, with more latents than factors,
      its weights drawn from that generator. Its λ and noise give way to the config's.
    - `factors`: their number, such as `count_factors` finds.
    - `generator`: draws weights, batches and noise; an int seeds one.

    Raises `ValueError` or `TypeError`, all before anything is trained, where `count_factors` does,
    for a `build` that is no such function, `factors` that are no whole number or below 1 and a
    model that has fewer latents.
    """
    config = AxesConfig() if config is None else config
    check_kind(config, AxesConfig, "config", "give AxesConfig(...)")
    # A model is callable as well.
    if isinstance(build, nn.Module) or not callable(build):
        raise TypeError(
            f"build must be a function of a generator that makes a NashAE; got {described(build)}: "
            "the model of each try is a fresh one"
        )
    factors, draws = whole(factors, "factors"), seeded(generator)
    return _Search(build, observations, factors, draws, config, device, on_progress).run()


class _Fork(NamedTuple):
    """A model and the state that it goes on from; its error under noise."""

    model: NashAE
    state: State
    error: float = 0.0


class _Search:
    """The data and the settings of all stages."""

    def __init__(
        self,
        build: Callable[[torch.Generator], NashAE],
        observations: ObservationsLike,
        factors: int,
        generator: torch.Generator,
        config: AxesConfig,
        device: str | torch.device,
        on_progress: Callable[[AxesProgress], None] | None,
    ) -> None:
        self.build, self.factors, self.config = build, factors, config
        self.generator, self.on_progress = generator, on_progress
        self.device = on_known_device(device)
        self.first, self.tries = self._built(), list[Try]()
        self.sample, self.standard = standard_sample(
            observations, self.device, weight_type(self.first)
        )
        check_networks(self.first, self.sample.rows(2))

    def run(self) -> Axes:
        """Tries until one is independent; the best."""
        found: list[tuple[Try, float, NashAE]] = []
        while len(found) < self.config.tries:
            model = self._tried(self._built() if found else self.first)
            depends = dependence(self.sample.codes(model), ranked=False)
            tried = Try(model.predictors.latents, float(depends.max()))
            explained = 1 - self.sample.error(model) / self.standard.variance
            found.append((tried, explained, model.eval()))
            self.tries.append(tried)
            if not self._lacks(tried, explained):
                break
        # More latents come first; there are never more than factors.
        tried, explained, model = min(
            found, key=lambda one: (-one[0].latents, bool(too_little(one[1])), one[0].dependence)
        )
        reason = self._lacks(tried, explained)
        model.standardise(self.standard.shift, self.standard.scale)
        return Axes(model, tuple(self.tries), not reason, explained, reason)

    def _lacks(self, tried: Try, explained: float) -> str:
        """What a try lacks; empty where it is independent."""
        m, most, depends = tried.latents, self.config.most_dependence, tried.dependence
        if m < self.factors:
            return f"the model has learned {m} latents for {self.factors} factors"
        if too_little(explained):
            return too_little(explained)
        return "" if depends <= most else f"two latents depend on each other by {depends:.3f}"

    def _built(self) -> NashAE:
        """A fresh model, as it is at the beginning of a try."""
        model = self.build(self.generator)
        check_game(model, "what build makes")
        m = model.predictors.latents
        if m < self.factors:
            raise ValueError(
                f"the model has {m} latents for {self.factors} factors: "
                "build one with more latents than factors"
            )
        model.standardise()
        return model

    def _tried(self, model: NashAE) -> NashAE:
        """One try, all stages."""
        m = model.predictors.latents
        beyond = range(self.factors + self.config.spare, m)
        if beyond:
            model, _ = remove_latents(model, beyond, model.predictors.weight1.new_zeros(m))
        config = model.config.at_odds(
            self.config.covariance_weight * self.standard.variance, self.config.warm_up
        )
        model.config = _of_stage(config, self.config.first)
        pruning = self.config.pruning
        model, state = shrunk(
            model,
            self.sample,
            self._training(pruning.last),
            self.generator,
            pruning,
            self.device,
            None,
            self._telling("latents form", pruning.last),
        )
        m, rest = model.predictors.latents, self.config.first.steps - pruning.last
        rest_of_first = replace(self.config.first, steps=rest)
        current = self._trained(_Fork(model, state), rest_of_first, f"{m} latents left")
        for left in range(m - 1, self.factors - 1, -1):
            best = self._merged(current)
            current = self._trained(best, self.config.merge, f"merged to {left} latents")
        return self._trained(current, self.config.last, "less noise").model

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
            self.sample.observations,
            self._training(steps),
            generator,
            device=self.device,
            on_record=self._telling(doing, steps),
        )
        error = float(history.terms["reconstruction_loss"][-LAST:].mean())
        return _Fork(model, with_weights(model, state), error)

    def _trained(self, current: _Fork, stage: Stage, doing: str) -> _Fork:
        """The model after a stage."""
        model, first = current.model, int(current.state["step"])
        model.config = _of_stage(model.config, stage)
        state = trained(
            model,
            self.sample.observations,
            self._training(first + stage.steps),
            self.generator,
            self.device,
            without_about(current.state),
            self._telling(doing, stage.steps, first),
        )
        return _Fork(model, state)

    def _training(self, steps: int) -> TrainConfig:
        return TrainConfig(steps, self.config.batch_size, self.config.record_every)

    def _telling(self, doing: str, steps: int, first: int = 0) -> Callable[[Progress], None] | None:
        tell = self.on_progress
        if tell is None:
            return None

        def on_record(progress: Progress) -> None:
            tell(AxesProgress(doing, progress.step - first, steps, tuple(self.tries)))

        return on_record


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
