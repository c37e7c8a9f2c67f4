"""The discriminators of the adversarial methods: the network, its logits, its turn."""

from functools import partial

import torch
from jaxtyping import Float
from torch import Tensor, nn

from nashae_baselines.checks import matrix_from
from nashae_baselines.losses import discriminator_loss
from nashae_core import MLP, Turn
from nashae_core.arguments import whole


def discriminator(latents: int, hidden: int = 1024, *, generator: torch.Generator | int) -> MLP:
    """The discriminator of NashAE's authors: a perceptron m-1024-1024-1024-1 with SELU.

    Args:
        latents: m ≥ 1, the width of its inputs.
        hidden: the width of its three hidden layers, at least 1.
        generator: draws the weights, on its device; an int seeds one on the CPU.

    Returns:
        A network from inputs (batch, m) to one logit each (batch, 1).

    Raises:
        ValueError: `latents` or `hidden` is below 1.

    Source: the code of Yeats et al. 2022, https://arxiv.org/abs/2209.10677.

    Example:
        >>> discriminator(4, hidden=16, generator=0).sizes
        (4, 16, 16, 16, 1)
    """
    latents, hidden = whole(latents, "latents"), whole(hidden, "hidden")
    # Differs from the paper: Kim & Mnih 2018 have six layers of 1000 with leaky ReLU.
    return MLP((latents, hidden, hidden, hidden, 1), generator=generator)


def logits_of(
    discriminator: nn.Module, inputs: Float[Tensor, "batch *shape"], *, constant: bool = False
) -> Float[Tensor, " batch"]:
    """The discriminator's logit for each of the inputs.

    Args:
        discriminator: any module from inputs (batch, ...) to one logit each (batch, 1).
        inputs: (batch, ...).
        constant: hold its weights constant, which spares their gradient, a third of the pass, when
            another player moves.

    Raises:
        ValueError: the discriminator gives another shape.
    """
    weights: dict[str, Tensor] = dict(discriminator.named_parameters())
    if constant:
        weights = {name: weight.detach() for name, weight in weights.items()}
    return matrix_from(
        partial(torch.func.functional_call, discriminator, weights),
        inputs,
        "the discriminator",
        f"({len(inputs)}, 1)",
        lambda *shape: shape == (len(inputs), 1),
        "inputs",
    )[:, 0]


def discriminator_turn(
    discriminator: nn.Module,
    real: Float[Tensor, "batch *shape"],
    made: Float[Tensor, "batch *shape"],
) -> Turn:
    """The turn in which the discriminator learns to tell `real` from `made` (both constant)."""
    logits = logits_of(discriminator, torch.cat([real, made]))
    loss = discriminator_loss(*logits.chunk(2))
    return Turn("discriminator", loss, {"discriminator_loss": loss.detach()})
