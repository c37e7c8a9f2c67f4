"""The multilayer perceptron."""

import math
from collections.abc import Sequence
from itertools import pairwise

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from nashae_core.arguments import check_choice, check_tensors, check_type, seeded, whole_numbers
from nashae_core.kernels.activations import ACTIVATIONS, ActivationName
from nashae_core.kernels.differentiation import transformed
from nashae_core.kernels.perceptron import perceptron
from nashae_core.kernels.sparse import by_input

# A first layer of at least this many weights is laid out by input, for inputs mostly zero.
LARGE_LAYER = 1_000_000


class MLP(nn.Module):
    """Linear layers with an activation between them: (batch, sizes[0]) to (batch, sizes[-1]).

    Weights are `weights[i]` (outputs, inputs), biases `biases[i]` (outputs,). On the CPU, for
    inputs that are mostly zero, such as dSprites' pixels, the first layer sums columns of its
    weight instead, with the same result up to rounding.

    Args:
        sizes: Of the input, of each hidden layer, and of the output.
        activation: "selu", "relu" or "tanh".
        hidden_gain: The gain of the hidden layers' weights; it is 1 in the last layer.
        generator: Draws weights (kaiming-normal) and biases (uniform within ±1/√fan_in), on its
            device; an int seeds one on the CPU.

    Raises:
        ValueError: Fewer than two sizes, or one below 1; another activation; a gain that is not
            finite and above 0.

    Example:
        >>> import torch
        >>> from nashae_core import MLP
        >>> MLP((64, 32, 8), generator=0)(torch.rand(5, 64)).shape
        torch.Size([5, 8])
    """

    def __init__(
        self,
        sizes: Sequence[int],
        *,
        activation: ActivationName = "selu",
        hidden_gain: float = 1.0,
        generator: torch.Generator | int,
    ) -> None:
        super().__init__()
        sizes, generator = whole_numbers(sizes, "sizes"), seeded(generator)
        if len(sizes) < 2 or min(sizes) < 1:
            raise ValueError(f"sizes must be at least two positive integers; got {tuple(sizes)}")
        check_choice(activation, "activation", ACTIVATIONS)
        if not 0 < hidden_gain < math.inf:
            raise ValueError(f"hidden_gain must be a finite number above 0; got {hidden_gain}")
        self.sizes, self.activation, self.hidden_gain = tuple(sizes), activation, hidden_gain
        weights, biases = list[Tensor](), list[Tensor]()
        for inputs, outputs in pairwise(sizes):
            weight = torch.empty(outputs, inputs, device=generator.device)
            bias = torch.empty(outputs, device=generator.device)
            bound = 1 / math.sqrt(inputs)
            gain = hidden_gain if len(weights) < len(sizes) - 2 else 1.0
            nn.init.normal_(weight, std=gain * bound, generator=generator)
            large = not weights and weight.numel() >= LARGE_LAYER
            weights.append(by_input(weight) if large else weight)
            biases.append(nn.init.uniform_(bias, -bound, bound, generator=generator))
        self.weights, self.biases = nn.ParameterList(weights), nn.ParameterList(biases)

    def forward(self, x: Float[Tensor, "batch inputs"]) -> Float[Tensor, "batch outputs"]:
        """The last layer's output.

        Differentiable once on the CPU; elsewhere, within a transform of `torch.func` and under
        autocast, as often as PyTorch's layers.
        """
        return self._layers(x, len(self.weights))

    def hidden(self, x: Float[Tensor, "batch inputs"]) -> Float[Tensor, "batch hidden"]:
        """The input of the last layer, for the network's input `x`."""
        layers = len(self.weights) - 1
        return ACTIVATIONS[self.activation].plain(self._layers(x, layers)) if layers else x

    def _layers(self, x: Tensor, layers: int) -> Tensor:
        """The output of the first `layers` layers, without a last activation."""
        check_tensors(x=x)
        if x.dim() != 2 or x.shape[1] != self.sizes[0]:
            raise ValueError(f"x must be (batch, {self.sizes[0]}); got {tuple(x.shape)}")
        check_type(x, self.weights[0], "x")
        activation = ACTIVATIONS[self.activation]
        weights, biases = [*self.weights][:layers], [*self.biases][:layers]
        if x.is_cpu and not torch.is_autocast_enabled("cpu") and not transformed():
            return perceptron(activation, x, weights, biases)
        for i, (weight, bias) in enumerate(zip(weights, biases, strict=True)):
            x = F.linear(activation.plain(x) if i else x, weight, bias)
        return x

    def extra_repr(self) -> str:
        """What `repr` says of the network."""
        gain = "" if self.hidden_gain == 1 else f", hidden_gain={self.hidden_gain:.6g}"
        return f"{self.sizes}, activation={self.activation!r}{gain}"
