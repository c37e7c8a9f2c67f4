"""The discriminators of the adversarial games, and what they say."""

from collections.abc import Mapping
from functools import partial

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.optim import Optimizer

from nashae_baselines.gaussian_vae import GaussianVAE
from nashae_baselines.rates import OF_ADAM, default_rate
from nashae_core import MLP, adam
from nashae_core.arguments import applied, whole


def discriminator(latents: int, hidden: int = 1024, *, generator: torch.Generator | int) -> MLP:
    """The discriminator of the NashAE authors: m-1024-1024-1024-1 with SELU, to one logit.

    Drawn from `generator`, on its device; an int seeds one on the CPU.

    Raises `ValueError` where `latents` or `hidden` is below 1.
    """
    latents, hidden = whole(latents, "latents"), whole(hidden, "hidden")
    # Differs from the paper: Kim & Mnih 2018 have six layers of 1000 with leaky ReLU.
    return MLP((latents, hidden, hidden, hidden, 1), generator=generator)


def logits_of(
    discriminator: nn.Module, inputs: Float[Tensor, "batch *shape"], *, constant: bool = False
) -> Float[Tensor, " batch"]:
    """The discriminator's logit for each of `inputs`, with its weights held constant or not.

    Constant weights spare their gradient, a third of the pass, where another player moves.

    Raises `ValueError` where the discriminator does not give (batch, 1).
    """
    weights: dict[str, Tensor] = dict(discriminator.named_parameters())
    if constant:
        weights = {name: weight.detach() for name, weight in weights.items()}
    logits = applied(
        partial(torch.func.functional_call, discriminator, weights),
        inputs,
        "the discriminator",
        "inputs",
    )
    if logits.shape != (len(inputs), 1):
        raise ValueError(
            f"the discriminator gave {tuple(logits.shape)} for inputs {tuple(inputs.shape)}; "
            f"it must be ({len(inputs)}, 1)"
        )
    # Under autocast a logit comes in 8 bits: too coarse for the small differences that are learned.
    return logits[:, 0].to(inputs.dtype)


def adversaries(
    vae: GaussianVAE, discriminator: nn.Module, lr: float | None, discriminator_lr: float
) -> Mapping[str, Optimizer]:
    """Adam for the autoencoder, as player "vae", and with betas 0.5 and 0.9 for "discriminator"."""
    autoencoder = [*vae.encoder.parameters(), *vae.decoder.parameters()]
    return {
        "vae": adam(autoencoder, lr or default_rate(1e-4, autoencoder, OF_ADAM)),
        "discriminator": adam(discriminator.parameters(), discriminator_lr, (0.5, 0.9)),
    }
