"""The layers through which latents leave an encoder and enter a decoder."""

from torch import Tensor, nn

from nashae_core.mlp import MLP


def last_linear(network: nn.Module) -> tuple[Tensor, Tensor]:
    """The weight (outputs, inputs) and bias of the layer that makes a network's output.

    Raises `ValueError` where that is no linear layer with a bias.
    """
    return _linear(network, -1)


def first_linear(network: nn.Module) -> tuple[Tensor, Tensor]:
    """The weight (outputs, inputs) and bias of the layer that takes a network's input.

    Raises `ValueError` where that is no linear layer with a bias.
    """
    return _linear(network, 0)


def last_hidden(network: nn.Module, x: Tensor) -> Tensor:
    """The input of a network's last layer (n, hidden), where the network's own is `x`.

    Raises `ValueError` where that is no linear layer with a bias.
    """
    last_linear(network)
    layer, inputs = _layer(network, -1), list[Tensor]()
    hook = layer.register_forward_pre_hook(lambda _, given: inputs.append(given[0]))
    try:
        network(x)
    finally:
        hook.remove()
    return layer.hidden(inputs[-1]) if isinstance(layer, MLP) else inputs[-1]


def record_latents(encoder: nn.Module, decoder: nn.Module, m: int) -> None:
    """Update the sizes that the layers keep, after their weights were changed to m latents."""
    for network, end in ((encoder, -1), (decoder, 0)):
        layer = _layer(network, end)
        if isinstance(layer, MLP):
            sizes = list(layer.sizes)
            sizes[end] = m
            layer.sizes = tuple(sizes)
        elif isinstance(layer, nn.Linear):
            setattr(layer, "out_features" if end else "in_features", m)


def _linear(network: nn.Module, end: int) -> tuple[Tensor, Tensor]:
    layer = _layer(network, end)
    if isinstance(layer, MLP):
        return layer.weights[end], layer.biases[end]
    if isinstance(layer, nn.Linear) and layer.bias is not None:
        return layer.weight, layer.bias
    which = "first" if end == 0 else "last"
    raise ValueError(
        f"the {which} layer of {type(network).__name__} must be an nn.Linear with a bias, as in "
        f"MLP or nn.Sequential, to add or remove latents there; got {type(layer).__name__}"
    )


def _layer(network: nn.Module, end: int) -> nn.Module:
    """The first (0) or the last (−1) layer of a network."""
    while isinstance(network, nn.Sequential) and len(network):
        network = network[end]
    return network
