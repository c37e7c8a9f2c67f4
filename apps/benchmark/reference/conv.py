"""The convolutional networks of the plain references."""

from itertools import pairwise

from torch import nn

CHANNELS = (3, 32, 32, 64, 64)


def conv_networks(latents: int) -> tuple[nn.Module, nn.Module]:
    """The paper's encoder and decoder of 64 × 64 images in PyTorch's own layers."""
    down: list[nn.Module] = []
    for inputs, outputs in pairwise(CHANNELS):
        down += [nn.Conv2d(inputs, outputs, 4, stride=2, padding=1), nn.SELU()]
    head = (nn.Flatten(), nn.Linear(1024, 256), nn.SELU(), nn.Linear(256, latents))
    up: list[nn.Module] = []
    for inputs, outputs in pairwise(reversed(CHANNELS)):
        up += [nn.SELU(), nn.ConvTranspose2d(inputs, outputs, 4, stride=2, padding=1)]
    foot = (nn.Linear(latents, 256), nn.SELU(), nn.Linear(256, 1024), nn.Unflatten(1, (64, 4, 4)))
    return nn.Sequential(*down, *head), nn.Sequential(*foot, *up)
