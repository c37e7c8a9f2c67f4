"""The learning rates that hold where a config names none."""

from collections.abc import Iterable

from torch import Tensor
from torch.nn.parameter import is_lazy

# The most by which one step may move what a layer gives for inputs of 1. Tried on the convolutional
# networks and on perceptrons of up to 12,288 inputs: at 1 some runs began with likelihoods hundreds
# of times too low. Adagrad's steps shrink, Adam's do not.
OF_ADAGRAD, OF_ADAM = 0.5, 0.25


def default_rate(most: float, parameters: Iterable[Tensor], reach: float) -> float:
    """`most`, or `reach` over the inputs of the widest layer that is trained, where that is less.

    The first steps of Adagrad and Adam move every weight by the rate, whatever its gradient is, and
    what they do to a layer's inputs can add up: at 0.01 and 1024 inputs its outputs move by 10, the
    log-variances with them, and what is exponential in these overflows within five steps.
    """
    # Differs from the paper: NashAE's authors and those of the models have one rate a data set,
    # whatever the networks' width; to have theirs, give it as the config's `lr`.
    trained = [p for p in parameters if p.requires_grad and not is_lazy(p) and p.dim() > 1]
    return min([most, *(reach / max(1, p.shape[1:].numel()) for p in trained)])
