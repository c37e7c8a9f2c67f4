"""NashAE as its authors wrote it.

One module per predictor in a Python loop, two encodings a step, default Adam.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from apps.benchmark.reference.mlp import mlp


class PlainNashAE:
    """An autoencoder and m separate predictors, in a Python loop.

    `networks` are an encoder and a decoder that replace the perceptrons.
    """

    def __init__(
        self,
        latents: int,
        lam: float = 0.2,
        inputs: int = 1000,
        device: str | torch.device = "cpu",
        *,
        hidden: tuple[int, ...] = (200, 80, 40),
        activation: Callable[[], nn.Module] = nn.SELU,
        networks: tuple[nn.Module, nn.Module] | None = None,
    ) -> None:
        self.latents, self.lam = latents, lam
        encoder, self.decoder = networks or (
            mlp(inputs, *hidden, latents, activation=activation),
            mlp(latents, *reversed(hidden), inputs, activation=activation),
        )
        self.encoder = nn.Sequential(encoder, nn.Sigmoid())
        self.predictors = nn.ModuleList(mlp(latents, 40, 40, 1) for _ in range(latents))
        for module in (self.encoder, self.decoder, self.predictors):
            module.to(device)
        autoencoder = [*self.encoder.parameters(), *self.decoder.parameters()]
        self.autoencoder_adam = torch.optim.Adam(autoencoder, lr=1e-3)
        self.predictor_adam = torch.optim.Adam(self.predictors.parameters(), lr=1e-2)

    def predict(self, codes: Tensor) -> Tensor:
        """Each latent predicted from the others, one predictor after another."""
        columns = []
        for i, predictor in enumerate(self.predictors):
            masked = codes.clone()
            masked[:, i] = 0
            columns.append(predictor(masked))
        return torch.cat(columns, dim=1)

    def step(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Five updates of the predictors, then one of the autoencoder, on (batch, inputs)."""
        codes = self.encoder(x).detach()
        for _ in range(5):
            predictor_loss = 0.5 * (self.predict(codes) - codes).square().mean()
            self.predictor_adam.zero_grad()
            predictor_loss.backward()
            self.predictor_adam.step()
        codes = self.encoder(x)
        predictions, truth = self.predict(codes), codes.detach()
        covariance = (predictions * truth).mean(0) - predictions.mean(0) * truth.mean(0)
        reconstruction = 0.5 * (self.decoder(codes) - x).square().mean()
        loss = (1 - self.lam) * reconstruction + self.lam * covariance.sum()
        self.autoencoder_adam.zero_grad()
        loss.backward()
        self.autoencoder_adam.step()
        return reconstruction.detach(), covariance.sum().detach()
