"""The β-VAE in plain PyTorch, and what all plain VAEs share."""

import math

import torch
from torch import Tensor

from apps.benchmark.reference.mlp import mlp

LOG_2PI = math.log(2 * math.pi)


def log_normal(x: Tensor, mean: Tensor, log_variance: Tensor) -> Tensor:
    """The log-density of a Gaussian, elementwise."""
    return -0.5 * (log_variance + (x - mean) ** 2 / log_variance.exp() + LOG_2PI)


def log_standard_normal(x: Tensor) -> Tensor:
    """The log-density of a standard Gaussian, elementwise."""
    return -0.5 * (x**2 + LOG_2PI)


def update(optimizer: torch.optim.Optimizer, loss: Tensor) -> None:
    """One step of an optimiser down a loss."""
    optimizer.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    optimizer.step()


class PlainGaussianVAE:
    """A Gaussian encoder, a decoder and the noise between; subclasses define the step."""

    def __init__(
        self,
        latents: int,
        beta: float,
        noise_seed: int = 0,
        device: str | torch.device = "cpu",
    ) -> None:
        hidden = (200, 80, 40)
        self.latents, self.beta = latents, beta
        self.encoder = mlp(1000, *hidden, 2 * latents).to(device)
        self.decoder = mlp(latents, *reversed(hidden), 1000).to(device)
        self.autoencoder = [*self.encoder.parameters(), *self.decoder.parameters()]
        self.noise = torch.Generator(device).manual_seed(noise_seed)
        self.adagrad = torch.optim.Adagrad(self.autoencoder, lr=0.01)

    def posterior(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The posterior's mean and log-variance, and a sample of it, each (batch, latents)."""
        mean, log_variance = self.encoder(x).chunk(2, dim=1)
        noise = torch.randn(mean.shape, generator=self.noise, device=x.device, dtype=x.dtype)
        return mean, log_variance, mean + noise * torch.exp(0.5 * log_variance)

    def nll(self, sample: Tensor, x: Tensor) -> Tensor:
        """−log p(x|z): Gaussian of unit variance, summed over elements, mean over the batch."""
        return -log_standard_normal(x - self.decoder(sample)).sum(1).mean()

    def kl(self, sample: Tensor, mean: Tensor, log_variance: Tensor) -> Tensor:
        """The sampled KL, log q(z|x) − log p(z), summed over latents, mean over the batch."""
        log_ratio = log_normal(sample, mean, log_variance) - log_standard_normal(sample)
        return log_ratio.sum(1).mean()


class PlainVAE(PlainGaussianVAE):
    """β-VAE: nll + β·KL."""

    def step(self, x: Tensor) -> dict[str, Tensor]:
        """One update of the whole on (batch, 1000)."""
        mean, log_variance, sample = self.posterior(x)
        nll, kl = self.nll(sample, x), self.kl(sample, mean, log_variance)
        loss = nll + self.beta * kl
        update(self.adagrad, loss)
        return {"nll": nll.detach(), "kl": kl.detach()}
