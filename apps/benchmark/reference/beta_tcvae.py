"""β-TCVAE in plain PyTorch, with minibatch-weighted sampling."""

import math

import torch
from torch import Tensor

from apps.benchmark.reference.vae import PlainGaussianVAE, log_normal, log_standard_normal, update

OBSERVATIONS = 360  # of Beamsynthesis


class PlainBetaTCVAE(PlainGaussianVAE):
    """nll + mutual information + β·total correlation + dimension-wise KL."""

    def step(self, x: Tensor) -> dict[str, Tensor]:
        """One update of the whole on (batch, 1000)."""
        mean, log_variance, sample = self.posterior(x)
        nll = self.nll(sample, x)
        log_p = log_standard_normal(sample).sum(1)
        log_q_given_x = log_normal(sample, mean, log_variance).sum(1)
        # log q(z_i | x_j) of each latent: (i, j, latents)
        log_q = log_normal(sample[:, None], mean[None], log_variance[None])
        log_nm = math.log(OBSERVATIONS * len(x))
        joint = torch.logsumexp(log_q.sum(2), dim=1) - log_nm
        marginals = (torch.logsumexp(log_q, dim=1) - log_nm).sum(1)
        mi, tc = (log_q_given_x - joint).mean(), (joint - marginals).mean()
        dimension_wise_kl = (marginals - log_p).mean()
        loss = nll + mi + self.beta * tc + dimension_wise_kl
        update(self.adagrad, loss)
        terms = {"nll": nll, "mi": mi, "tc": tc, "dimension_wise_kl": dimension_wise_kl}
        return {name: term.detach() for name, term in terms.items()}
