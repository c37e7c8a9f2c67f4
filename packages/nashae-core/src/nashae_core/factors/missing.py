"""What a model's reconstructions lack, as a latent that could be put in."""

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from nashae_core.arguments import as_rows, check_kind
from nashae_core.factors.layers import last_hidden
from nashae_core.nashae import NashAE
from nashae_core.observations.arrays import NumbersLike

NEIGHBOURS = 8
RIDGE = 1e-3
TINY = 1e-12
# Of the logits of the latent over the observations.
DEVIATION = 1.5


@torch.no_grad()
def missing_direction(
    model: NashAE, x: Float[Tensor, "n ..."] | NumbersLike
) -> tuple[Float[Tensor, " hidden"], Float[Tensor, ""]]:
    """A row for the encoder's last layer, weight and bias: a latent of what the codes do not tell.

    A factor that no latent carries shows in the residuals x − x′, and in the encoder's last hidden
    layer, which had no reason to drop it. So of both, what the codes tell is taken out: of each
    observation the mean of the 8 that are nearest to it in code. The row is the direction of the
    hidden layer whose rest covaries most with the residuals' rest, for its own whole variance: one
    that the codes tell besides has more of that, and the predictors would have it killed. Over `x`
    its logits have mean 0 and standard deviation 1.5.

    `x`: observations as the model sees them, at least 10; the distances of all pairs are worked
    out. An array, a data frame or a list is brought to the model's type and device.

    Raises `ValueError` for fewer, for such as are not floating point and finite, and where the
    encoder's last layer is not linear; `TypeError` where `model` is no NashAE or `x` no array.
    """
    check_kind(model, NashAE, "model", "give a NashAE")
    x = as_rows(x, "x", model.predictors.weight1)
    if len(x) <= NEIGHBOURS + 1:
        raise ValueError(f"x must have at least {NEIGHBOURS + 2} rows; got {len(x)}")
    codes = model.encode(x)
    residuals = (x - model.decode(codes)).flatten(1)
    hidden = last_hidden(model.encoder, model.standardised(x))
    apart = torch.cdist(codes, codes).fill_diagonal_(torch.inf)
    near = apart.topk(NEIGHBOURS, largest=False).indices
    rest, lacking = (_less_neighbours(t, near) for t in (hidden, residuals))
    # The largest ‖wᵀ C‖² for wᵀ S w = 1.
    covariance = (rest.mT @ lacking).double() / len(x)
    scatter = torch.cov(hidden.mT.double())
    scatter += (RIDGE * scatter.trace() / len(scatter)).clamp(min=TINY) * torch.eye(
        len(scatter), dtype=scatter.dtype, device=scatter.device
    )
    root = torch.linalg.cholesky(scatter)
    whitened = torch.linalg.solve_triangular(root, covariance, upper=False)
    first = torch.linalg.eigh(whitened @ whitened.mT).eigenvectors[:, -1:]
    weight = torch.linalg.solve_triangular(root.mT, first, upper=True)[:, 0].to(hidden)
    logits = hidden @ weight
    scale = DEVIATION / logits.std().clamp(min=TINY)
    return scale * weight, -scale * logits.mean()


def _less_neighbours(
    values: Float[Tensor, "n d"], near: Int64[Tensor, "n k"]
) -> Float[Tensor, "n d"]:
    """Each row less the mean of its neighbours."""
    total = sum((values[column] for column in near.mT), torch.zeros_like(values))
    return values - total / near.shape[1]
