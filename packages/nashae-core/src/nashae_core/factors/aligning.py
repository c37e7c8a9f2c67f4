"""One latent per factor, for a known number of factors.

Independence alone does not fix the axes. A latent that says "15 Hz or not", beside one that orders
the duty cycles but in each half means another frequency, is as independent as the true pair, and
reconstructs as well. Noise on the codes favours latents that each vary smoothly with one factor, if
there is one latent more than factors; so the model is then merged down to their number.
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

# Of a removed latent's logit, added to another's.
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

    A try has three stages, and no labels are used:

    1. Training with strong noise on the codes, and pruning.
    2. Merges, while there are more latents than factors. A candidate is made by removing each
       latent, and by folding the one of least error into each other one (a share of its logit is
       added to the other's). The decoder of each candidate is fitted with the encoder fixed, and
       the candidate of least error under noise is trained on.
    3. Training with less noise.

    If two latents still depend on each other, they mix factors, and another try begins. As in
    `count_factors`, a·x + b gives what x gives, up to rounding.

    Args:
        build: A function of a generator that makes a fresh NashAE with more latents than factors,
            its weights drawn from that generator. Its λ and its noise are replaced.
        observations: (n, ...) floating point, n at least 10, as for `train`.
        factors: Their number, such as `count_factors` finds; at least 1.
        generator: Draws weights, batches and noise; an int seeds one.
        config: The stages.
        device: Where to train.
        on_progress: Called every `config.record_every` steps.

    Returns:
        The best model, whether it is independent, and all tries.

    Raises:
        ValueError: As for `count_factors`; a model of fewer latents than factors; `factors` below
            1. All before anything is trained.
        TypeError: `build` is no such function, or `factors` no whole number.

    Example:
        >>> import torch
        >>> from nashae_core import MLP, AxesConfig, NashAE, Predictors, Pruning, Stage, align_axes
        >>> def build(generator):
        ...     networks = MLP((6, 3), generator=generator), MLP((3, 6), generator=generator)
        ...     return NashAE(*networks, Predictors(3, generator=generator))
        >>> x = torch.randn(50, 6, generator=torch.Generator().manual_seed(0))
        >>> quick = AxesConfig(pruning=Pruning(10, 10), fit_steps=10, tries=1,
        ...                    first=Stage(20, 0.2, 1e-3), merge=Stage(10, 0.1, 5e-4),
        ...                    last=Stage(10, 0.05, 1e-4))
        >>> align_axes(build, x, 2, generator=0, config=quick).model.predictors.latents
        2
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
    """A fresh model for a try."""
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
    """A search, and its tries so far."""

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
        """Tries until one is independent; the result is the best."""
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
        """Why a try is not independent; empty if it is."""
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
        """The candidate of least error with one latent fewer."""
        m, codes, generator = (
            fork.latents,
            self.search.sample.codes(fork.model),
            self.search.generator,
        )
        # All candidates see the same batches and the same noise.
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
        """With its decoder fitted to its codes, which stay fixed, and its error then."""
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
    """The fork with the noise of a stage in its config."""
    config = fork.model.config
    return fork.with_config(
        replace(config, code_noise=stage.code_noise, logit_weight=stage.logit_weight)
    )


class _HeldCodes(Trainable):
    """A NashAE whose decoder alone is trained, on its fixed codes with noise."""

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
