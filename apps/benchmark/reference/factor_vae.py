"""FactorVAE in plain PyTorch."""

import torch
from torch import Tensor
from torch.nn import functional as F

from apps.benchmark.reference.mlp import mlp
from apps.benchmark.reference.vae import PlainGaussianVAE, update


class PlainFactorVAE(PlainGaussianVAE):
    """nll + KL + β·(mean logit of a discriminator), which is trained on another batch."""

    def __init__(
        self,
        latents: int,
        beta: float,
        noise_seed: int = 0,
        device: str | torch.device = "cpu",
    ) -> None:
        super().__init__(latents, beta, noise_seed, device)
        self.discriminator = mlp(latents, 1024, 1024, 1024, 1).to(device)
        self.autoencoder_adam = torch.optim.Adam(self.autoencoder, lr=1e-4)
        self.discriminator_adam = torch.optim.Adam(
            self.discriminator.parameters(), lr=1e-4, betas=(0.5, 0.9)
        )

    def permute(self, codes: Tensor) -> Tensor:
        """Permute each latent separately over the batch."""
        keys = torch.rand(
            codes.shape, generator=self.noise, device=codes.device, dtype=torch.float32
        )
        order = keys.argsort(0)
        return torch.stack([codes[order[:, i], i] for i in range(self.latents)], dim=1)

    def step(self, x: Tensor, others: Tensor) -> dict[str, Tensor]:
        """One update of the autoencoder on `x`, then one of the discriminator on `others`."""
        mean, log_variance, sample = self.posterior(x)
        nll, kl = self.nll(sample, x), self.kl(sample, mean, log_variance)
        tc = self.discriminator(sample).mean()  # log D/(1 − D) is the logit
        update(self.autoencoder_adam, nll + kl + self.beta * tc)

        with torch.no_grad():
            _, _, joint = self.posterior(others)
            product = self.permute(joint)
        true, false = self.discriminator(joint), self.discriminator(product)
        discriminator_loss = 0.5 * (
            F.binary_cross_entropy_with_logits(true, torch.ones_like(true))
            + F.binary_cross_entropy_with_logits(false, torch.zeros_like(false))
        )
        update(self.discriminator_adam, discriminator_loss)
        terms = {"nll": nll, "kl": kl, "tc": tc, "discriminator_loss": discriminator_loss}
        return {name: term.detach() for name, term in terms.items()}
