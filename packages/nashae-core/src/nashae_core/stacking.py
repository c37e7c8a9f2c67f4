"""Several NashAE models of one shape trained as one batch of models, with the overhead of one."""

from collections.abc import Callable, Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

from nashae_core.nashae import NashAE
from nashae_core.observations import Observations
from nashae_core.predictors import Predictors
from nashae_core.training import History, Progress, TrainConfig, train


class StackedLinear(nn.Module):
    """Linear layers of several runs as one product, (runs, batch, inputs) to (..., outputs)."""

    def __init__(self, layers: Sequence[nn.Linear]) -> None:
        super().__init__()
        # One set of contiguous (inputs, outputs) matrices, as the batched product reads them.
        self.weight = nn.Parameter(torch.stack([layer.weight.detach().mT for layer in layers]))
        self.bias = nn.Parameter(torch.stack([layer.bias.detach()[None] for layer in layers]))

    def forward(self, x: Float[Tensor, "runs batch inputs"]) -> Float[Tensor, "runs batch outputs"]:
        """Each run's layer on its own batch."""
        return torch.baddbmm(self.bias, x, self.weight)

    @torch.no_grad()
    def copy_to(self, layers: Sequence[nn.Linear]) -> None:
        """Write each run's weights back into its layer."""
        for layer, weight, bias in zip(layers, self.weight, self.bias, strict=True):
            layer.weight.copy_(weight.mT)
            layer.bias.copy_(bias[0])


def train_many(
    models: Sequence[NashAE],
    observations: Tensor | Observations,
    config: TrainConfig,
    generators: Sequence[torch.Generator],
    *,
    device: str | torch.device = "cpu",
    on_record: Callable[[Progress], None] | None = None,
) -> list[History]:
    """Train each of `models` in place, as `train` would with its own generator, all at once.

    The models differ in their weights only: equal configs, and encoders and decoders that are
    `nn.Sequential` of linear layers (with bias) and activations, of equal sizes. A run ends as it
    does alone within rounding; in float32 rounding grows with the steps, as it does between any two
    machines.

    Raises `ValueError` where the models cannot be stacked; train them one by one then.
    """
    if not models or len(models) != len(generators):
        raise ValueError(
            f"give at least one model and a generator for each; got {len(models)} models "
            f"and {len(generators)} generators"
        )
    stacked = stack(models)
    history = train(
        stacked, observations, config, list(generators), device=device, on_record=on_record
    )
    unstack(stacked, models)
    return [
        History(history.steps, {name: values[:, run] for name, values in history.terms.items()})
        for run in range(len(models))
    ]


def stack(models: Sequence[NashAE]) -> NashAE:
    """One model over observations (runs, batch, n), its runs copies of `models`."""
    first = models[0]
    if any(model.config != first.config for model in models):
        raise ValueError("models that are stacked must have equal configs")
    if any(model.predictors.runs != 1 for model in models):
        raise ValueError("a stacked model cannot be stacked again")
    shapes = [{name: p.shape for name, p in model.named_parameters()} for model in models]
    if any(shape != shapes[0] for shape in shapes):
        raise ValueError("models that are stacked must have networks of equal shape")
    predictors = Predictors(
        first.predictors.latents,
        first.predictors.bias1.shape[-1],
        runs=len(models),
        generator=torch.Generator(),
    )
    for name, parameter in predictors.named_parameters():
        parameter.data = torch.cat([m.predictors.get_parameter(name).detach() for m in models])
    encoder = _stack_layers([model.encoder for model in models])
    decoder = _stack_layers([model.decoder for model in models])
    return NashAE(encoder, decoder, predictors, first.config)


@torch.no_grad()
def unstack(stacked: NashAE, models: Sequence[NashAE]) -> None:
    """Copy the weights of each run of `stacked` into its model, in place."""
    for run, model in enumerate(models):
        nets = slice(run * model.predictors.latents, (run + 1) * model.predictors.latents)
        for name, parameter in model.predictors.named_parameters():
            parameter.copy_(stacked.predictors.get_parameter(name)[nets])
    for part in ("encoder", "decoder"):
        for i, layer in enumerate(getattr(stacked, part)):
            if isinstance(layer, StackedLinear):
                layer.copy_to([getattr(model, part)[i] for model in models])


def _stack_layers(networks: Sequence[nn.Module]) -> nn.Sequential:
    layers: list[nn.Module] = []
    if not all(isinstance(network, nn.Sequential) for network in networks):
        raise ValueError("only encoders and decoders that are nn.Sequential can be stacked")
    for position in zip(*networks, strict=True):
        if all(type(layer) is nn.Linear and layer.bias is not None for layer in position):
            layers.append(StackedLinear(position))
        elif len({repr(layer) for layer in position}) == 1 and not position[0].state_dict():
            layers.append(position[0])
        else:
            raise ValueError(
                f"only linear layers with bias and activations can be stacked; got {position[0]}"
            )
    return nn.Sequential(*layers)
