"""Several NashAE models trained at once, with the overhead of one."""

from collections.abc import Callable, Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

from nashae_core.arguments import check_kind, seeded
from nashae_core.nashae import NashAE
from nashae_core.observations.access import ObservationsLike
from nashae_core.observations.arrays import described
from nashae_core.predictors import Predictors
from nashae_core.run import History, Progress, TrainConfig
from nashae_core.training import train


class SideBySide(nn.Module):
    """The networks of several runs (not copies), each applied to its own batch."""

    def __init__(self, networks: Sequence[nn.Module]) -> None:
        super().__init__()
        self.networks = nn.ModuleList(networks)

    def forward(self, x: Float[Tensor, "runs batch *in_shape"]) -> Float[Tensor, "runs *out_shape"]:
        """Each run's network on its own batch (batch, ...)."""
        return torch.stack([network(rows) for network, rows in zip(self.networks, x, strict=True)])


def train_many(
    models: Sequence[NashAE],
    observations: ObservationsLike,
    config: TrainConfig,
    generators: Sequence[torch.Generator | int],
    *,
    device: str | torch.device = "cpu",
    on_record: Callable[[Progress], object] | None = None,
) -> list[History]:
    """Train each of `models` in place, as `train` would with its own generator, all at once.

    The predictors of all runs become one batch of networks; each run keeps its own encoder and
    decoder, of any kind. A run ends as it does alone, up to rounding, which grows with the steps.

    Args:
        models: NashAE models with equal configs, sizes of predictors, frozen parameters of
            predictors and standardisation, without shared networks and without code noise.
        observations: As for `train`.
        config: As for `train`.
        generators: One per model.
        device: Where to train.
        on_record: As for `train`; terms are (runs,).

    Returns:
        The history of each model.

    Raises:
        ValueError: No model; not one generator per model; models that differ as above.
        TypeError: No list; a model that is no NashAE.

    Example:
        >>> import torch
        >>> from nashae_core import MLP, NashAE, Predictors, TrainConfig, train_many
        >>> models = [NashAE(MLP((6, 3), generator=seed), MLP((3, 6), generator=seed),
        ...                  Predictors(3, generator=seed)) for seed in range(2)]
        >>> x = torch.randn(50, 6, generator=torch.Generator().manual_seed(0))
        >>> len(train_many(models, x, TrainConfig(steps=20), generators=[0, 1]))
        2
    """
    for name, given in (("models", models), ("generators", generators)):
        if not isinstance(given, Sequence):
            raise TypeError(f"{name} must be a list; got {described(given)}: give one for each run")
    if not models or len(models) != len(generators):
        raise ValueError(
            f"give at least one model and a generator for each; got {len(models)} models "
            f"and {len(generators)} generators"
        )
    draws = [seeded(g, name=f"generators[{i}]") for i, g in enumerate(generators)]
    stacked = stack(models)
    try:
        history = train(stacked, observations, config, draws, device=device, on_record=on_record)
    finally:  # also after an interruption: the encoders and decoders have moved as well
        unstack(stacked, models)
    return [
        History(history.steps, {name: values[:, run] for name, values in history.terms.items()})
        for run in range(len(models))
    ]


def stack(models: Sequence[NashAE]) -> NashAE:
    """One model over observations (runs, batch, ...), with the encoders and decoders of `models`.

    Its predictors are copies, which `unstack` copies back.
    """
    _check_alike(models)
    first = models[0]
    sizes = first.predictors.latents, first.predictors.hidden
    predictors = Predictors(*sizes, runs=len(models), generator=torch.Generator())
    for name, parameter in predictors.named_parameters():
        own = [model.predictors.get_parameter(name) for model in models]
        frozen = sum(not p.requires_grad for p in own)
        if frozen not in (0, len(own)):
            raise ValueError(
                "models that are trained at once must have the same parameters of their predictors "
                f"frozen; got {name} frozen in {frozen} of {len(own)}"
            )
        parameter.data = torch.cat([p.detach() for p in own])
        parameter.requires_grad_(not frozen)
    encoder = SideBySide([model.encoder for model in models])
    decoder = SideBySide([model.decoder for model in models])
    stacked = NashAE(encoder, decoder, predictors, first.config)
    stacked.standardise(*first.standardised_by)
    return stacked


def _check_alike(models: Sequence[NashAE]) -> None:
    for i, model in enumerate(models):
        check_kind(model, NashAE, f"models[{i}]", "only these are trained at once")
    first = models[0]
    if any(model.config != first.config for model in models):
        raise ValueError("models that are trained at once must have equal configs")
    if first.config.code_noise:
        raise ValueError("models that are trained at once must have no code_noise")
    if any(model.predictors.runs != 1 for model in models):
        raise ValueError("a stacked model cannot be stacked again")
    parameters = [id(p) for model in models for p in model.parameters()]
    if len(set(parameters)) < len(parameters):
        raise ValueError("models that are trained at once must not share networks")
    sizes = [(model.predictors.latents, model.predictors.hidden) for model in models]
    if any(size != sizes[0] for size in sizes):
        raise ValueError(
            f"models that are trained at once must have predictors of one size; got {sizes}"
        )
    standards = [model.standardised_by for model in models]
    if any(by != standards[0] for by in standards):
        raise ValueError(
            "models that are trained at once must be standardised by the same numbers; "
            f"got {standards}"
        )


@torch.no_grad()
def unstack(stacked: NashAE, models: Sequence[NashAE]) -> None:
    """Copy the predictors of each run of `stacked` into its model, in place."""
    latents = stacked.predictors.latents
    for run, model in enumerate(models):
        for name, parameter in model.predictors.named_parameters():
            nets = stacked.predictors.get_parameter(name)[run * latents : (run + 1) * latents]
            parameter.copy_(nets)
        model.to(nets.device).eval()
