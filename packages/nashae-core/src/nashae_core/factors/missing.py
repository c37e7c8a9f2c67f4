"""A latent for what a model's codes do not explain."""

import torch
from jaxtyping import Float
from torch import Tensor

from nashae_core.arguments import as_rows, check_kind
from nashae_core.factors.layers import last_hidden
from nashae_core.nashae import NashAE
from nashae_core.observations.arrays import NumbersLike

NEIGHBOURS = 8
RIDGE = 1e-3
TINY = 1e-12
# Of the latent's logits over the observations.
DEVIATION = 1.5


@torch.no_grad()
def missing_direction(
    model: NashAE, x: Float[Tensor, "n ..."] | NumbersLike
) -> tuple[Float[Tensor, " hidden"], Float[Tensor, ""]]:
    """The row of the encoder's last layer, weight and bias, of a latent for what the codes miss.

    A factor missing from the codes still shows in the residuals x − x′ and in the encoder's last
    hidden layer h. From both we subtract the mean over the 8 nearest neighbours in code space,
    which is what the codes explain. The row is the w that maximises ‖wᵀC‖² / wᵀ Cov(h) w, C being
    the cross-covariance of the two remainders. Cov(h) is that of h as a whole: training makes a
    latent inactive that the codes predict. Over `x` the row's logits have mean 0 and deviation 1.5.

    Args:
        model: A NashAE whose encoder ends with a linear layer with a bias.
        x: (n, ...), observations as the model takes them, n at least 10; all pairwise distances are
            computed. An array, a data frame or a list is brought to the model's type and device.

    Returns:
        The weight (hidden,) and the bias (), as `add_latent` takes them.

    Raises:
        ValueError: Fewer observations; not floating point and finite; a last layer that is not
            linear.
        TypeError: `model` is no NashAE, or `x` no array.

    Example:
        >>> import torch
        >>> from nashae_core import MLP, NashAE, Predictors, missing_direction
        >>> model = NashAE(MLP((6, 5, 2), generator=0), MLP((2, 6), generator=0),
        ...                Predictors(2, generator=0))
        >>> weight, bias = missing_direction(model, torch.rand(50, 6))
        >>> weight.shape, bias.shape
        (torch.Size([5]), torch.Size([]))
    """
    check_kind(model, NashAE, "model", "give a NashAE")
    x = as_rows(x, "x", model.predictors.weight1)
    if len(x) <= NEIGHBOURS + 1:
        raise ValueError(f"x must be at least {NEIGHBOURS + 2} observations; got {len(x)}")
    codes = model.encode(x)
    residuals = (x - model.decode(codes)).flatten(1)
    hidden = last_hidden(model.encoder, model.standardised(x))
    distances = torch.cdist(codes, codes).fill_diagonal_(torch.inf)
    near = distances.topk(NEIGHBOURS, largest=False).indices
    unexplained, missing = (_less_neighbours(values, near) for values in (hidden, residuals))
    # The largest ‖wᵀC‖² for wᵀ S w = 1, S = Cov(h).
    cross = (unexplained.mT @ missing).double() / len(x)
    covariance = torch.cov(hidden.mT.double())
    covariance += (RIDGE * covariance.trace() / len(covariance)).clamp(min=TINY) * torch.eye(
        len(covariance), dtype=covariance.dtype, device=covariance.device
    )
    root = torch.linalg.cholesky(covariance)
    whitened = torch.linalg.solve_triangular(root, cross, upper=False)
    first = torch.linalg.eigh(whitened @ whitened.mT).eigenvectors[:, -1:]
    weight = torch.linalg.solve_triangular(root.mT, first, upper=True)[:, 0].to(hidden)
    logits = hidden @ weight
    scale = DEVIATION / logits.std().clamp(min=TINY)
    return scale * weight, -scale * logits.mean()


def _less_neighbours(values: Tensor, near: Tensor) -> Tensor:
    """Each row of (n, d) less the mean of its neighbours (n, k)."""
    total = sum((values[column] for column in near.mT), torch.zeros_like(values))
    return values - total / near.shape[1]
