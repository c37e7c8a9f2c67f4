"""One factor a latent: the axes, which independence leaves open, for a known number of factors.

Independent codes are not yet disentangled: a latent that says "15 Hz or not", beside one that
orders the duty cycles and means another frequency in each half, is as independent as the true pair
and reconstructs as well. Noise on the codes prefers latents that each vary smoothly with one
factor, as long as there is one latent more than factors; so the model is merged down to their
number.
"""

from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import replace

import torch
from torch import nn
from torch.optim import Optimizer

from nashae_core.arguments import check_kind, seeded, whole
from nashae_core.factors.axes import Axes, AxesConfig, AxesProgress, Stage, Try
from nashae_core.factors.checks import check_game
from nashae_core.factors.count import too_little
from nashae_core.factors.fork import Fork
from nashae_core.factors.independence import dependence
from nashae_core.factors.search import LAST, Search
from nashae_core.kernels.optimizers import adam
from nashae_core.losses import reconstruction_loss
from nashae_core.nashae import NashAE, noisy
from nashae_core.observations.access import ObservationsLike
from nashae_core.observations.arrays import described
from nashae_core.run import Progress
from nashae_core.trainable import Batches, Trainable, Turn, Turns
from nashae_core.training import train

SHARES = (-1.0, -0.5, 0.5, 1.0)


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
    factors, generator = whole(factors, "factors"), seeded(generator)

    def fresh() -> NashAE:
        return _built(build, factors, generator)

    first = fresh()
    search = Search(first, observations, config, generator, device)
    return _Aligning(search, fresh, factors, config, on_progress).run(first)


def _built(
    build: Callable[[torch.Generator], NashAE], factors: int, generator: torch.Generator
) -> NashAE:
    """A fresh model, as a try begins with."""
    model = build(generator)
    check_game(model, "what build makes")
    if (m := model.predictors.latents) < factors:
        raise ValueError(
            f"the model has {m} latents for {factors} factors: "
            "build one with more latents than factors"
        )
    model.standardise()
    return model


class _Aligning:
    """A search at work, and the tries so far."""

    def __init__(
        self,
        search: Search,
        fresh: Callable[[], NashAE],
        factors: int,
        config: AxesConfig,
        on_progress: Callable[[AxesProgress], None] | None,
    ) -> None:
        self.search, self.fresh, self.factors, self.config = search, fresh, factors, config
        self.on_progress, self.tries = on_progress, list[Try]()

    def run(self, model: NashAE) -> Axes:
        """Tries until one is independent; the best."""
        results: list[tuple[Try, float, NashAE]] = []
        sample = self.search.sample
        while True:
            model = self._tried(model)
            depends = dependence(sample.codes(model), ranked=False)
            tried = Try(model.predictors.latents, float(depends.max()))
            explained = self.search.explained(sample.error(model))
            results.append((tried, explained, model))
            self.tries.append(tried)
            if not self._lacks(tried, explained) or len(results) == self.config.tries:
                break
            model = self.fresh()
        # More latents come first; there are never more than factors.
        tried, explained, model = min(
            results, key=lambda one: (-one[0].latents, bool(too_little(one[1])), one[0].dependence)
        )
        reason = self._lacks(tried, explained)
        model = self.search.finished(model)
        return Axes(model, tuple(self.tries), not reason, explained, reason)

    def _lacks(self, tried: Try, explained: float) -> str:
        """What a try lacks; empty where it is independent."""
        m, most, depends = tried.latents, self.config.most_dependence, tried.dependence
        if m < self.factors:
            return f"the model has learned {m} latents for {self.factors} factors"
        if too_little(explained):
            return too_little(explained)
        return "" if depends <= most else f"two latents depend on each other by {depends:.3f}"

    def _tried(self, model: NashAE) -> NashAE:
        """One try, all stages."""
        fork = self.search.begun(model)
        if beyond := range(self.factors + self.config.spare, fork.latents):
            fork = fork.without(beyond, torch.zeros(fork.latents, device="cpu"))
        first, last = self.config.first, self.config.pruning.last
        fork = self.search.pruned(_at(fork, first), self._telling("latents form", last))
        m, rest = fork.latents, replace(first, steps=first.steps - last)
        fork = self._trained(fork, rest, f"{m} latents left")
        for left in range(m - 1, self.factors - 1, -1):
            fork = self._trained(self._merged(fork), self.config.merge, f"merged to {left} latents")
        return self._trained(fork, self.config.last, "less noise").model

    def _merged(self, fork: Fork) -> Fork:
        """The best of all ways to do with one latent less."""
        m, codes, generator = (
            fork.latents,
            self.search.sample.codes(fork.model),
            self.search.generator,
        )
        # All candidates are given the same batches and the same noise.
        seed = int(torch.randint(2**62, (), generator=generator, device=generator.device))
        assert fork.state is not None
        drawing = [generator.get_state(), *fork.state.generators[1:]]
        fork = replace(fork, state=replace(fork.state, generators=drawing))
        dropped = [
            self._fitted(
                fork.without([latent], codes.mean(0)), seed, f"latent {latent + 1} of {m} dropped"
            )
            for latent in range(m)
        ]
        least = min(range(m), key=lambda latent: dropped[latent].error)
        folded = [
            self._fitted(
                fork.folded(least, into, share, codes),
                seed,
                f"latent {least + 1} of {m} folded into {into + 1}",
            )
            for into in range(m)
            if into != least
            for share in SHARES
        ]
        return min([dropped[least], *folded], key=lambda candidate: candidate.error)

    def _fitted(self, fork: Fork, seed: int, doing: str) -> Fork:
        """With the decoder fitted to codes that do not change, and its error."""
        steps, model = self.config.fit_steps, deepcopy(fork.model)
        history = train(
            _HeldCodes(model, self.config.merge.code_noise),
            self.search.sample.observations,
            self.search.train_config(steps),
            torch.Generator(self.search.generator.device).manual_seed(seed),
            device=self.search.device,
            on_record=self._telling(doing, steps),
        )
        error = float(history.terms["reconstruction_loss"][-LAST:].mean())
        return replace(fork.with_weights_of(model), error=error)

    def _trained(self, fork: Fork, stage: Stage, doing: str) -> Fork:
        """The fork after a stage."""
        tell = self._telling(doing, stage.steps, fork.step)
        return self.search.trained(
            _at(fork, stage), fork.step + stage.steps, lambda progress, _: tell(progress)
        )

    def _telling(self, doing: str, steps: int, first: int = 0) -> Callable[[Progress], None]:
        def tell(progress: Progress) -> None:
            if self.on_progress is not None:
                done = progress.step - first
                self.on_progress(AxesProgress(doing, done, steps, tuple(self.tries)))

        return tell


def _at(fork: Fork, stage: Stage) -> Fork:
    """The fork with the noise of a stage."""
    config = fork.model.config
    return fork.with_config(
        replace(config, code_noise=stage.code_noise, logit_weight=stage.logit_weight)
    )


class _HeldCodes(Trainable):
    """A game of which the decoder alone is trained: the codes stay as they are, but for noise."""

    def __init__(self, model: NashAE, code_noise: float) -> None:
        super().__init__()
        self.model, self.code_noise = model, code_noise

    def optimizers(self) -> Mapping[str, Optimizer]:
        return {"decoder": adam(self.model.decoder.parameters(), self.model.config.autoencoder_lr)}

    def turns(self, batches: Batches, step: int, generator: torch.Generator) -> Turns:  # noqa: ARG002
        (x,) = batches
        with torch.no_grad():
            codes = noisy(self.model.encode(x), self.code_noise, generator)
        loss = reconstruction_loss(self.model.decode(codes), x)
        yield Turn("decoder", loss, {"reconstruction_loss": loss.detach()})
