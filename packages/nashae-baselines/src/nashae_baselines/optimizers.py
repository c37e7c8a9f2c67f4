"""The optimisers of the methods, and the learning rates where a config names none."""

from collections.abc import Iterable

from torch import Tensor
from torch.nn.parameter import is_lazy
from torch.optim import Optimizer

from nashae_core import adagrad, adam

# The most by which one step may move a layer's outputs for inputs of 1. Tried on the convolutional
# networks and on perceptrons of up to 12,288 inputs: at 1 some runs began with likelihoods hundreds
# of times too low. Adagrad's steps shrink, Adam's do not.
REACH_OF_ADAGRAD, REACH_OF_ADAM = 0.5, 0.25


def adagrad_for(parameters: Iterable[Tensor], lr: float | None) -> Optimizer:
    """Adagrad with learning rate `lr`; None: 0.01, or less for wide networks."""
    trained = list(parameters)
    return adagrad(trained, lr or default_rate(0.01, trained, REACH_OF_ADAGRAD))


def adam_for(
    parameters: Iterable[Tensor],
    lr: float | None,
    default: float,
    betas: tuple[float, float] = (0.9, 0.999),
) -> Optimizer:
    """Adam with learning rate `lr`; None: `default`, or less for wide networks."""
    trained = list(parameters)
    return adam(trained, lr or default_rate(default, trained, REACH_OF_ADAM), betas)


def default_rate(most: float, parameters: Iterable[Tensor], reach: float) -> float:
    """The smaller of `most` and `reach` / (inputs of the widest layer that is trained).

    The first steps of Adagrad and Adam move each weight by the learning rate, whatever its
    gradient, and the moves of a layer's inputs can add up: at 0.01 and 1024 inputs its outputs move
    by 10, the log-variances among them, and their exponentials overflow within five steps.
    """
    # Differs from the paper: NashAE's authors and those of the models have one rate a data set,
    # whatever the networks' width; to have theirs, give it as the config's `lr`.
    trained = [p for p in parameters if p.requires_grad and not is_lazy(p) and p.dim() > 1]
    return min([most, *(reach / max(1, p.shape[1:].numel()) for p in trained)])
