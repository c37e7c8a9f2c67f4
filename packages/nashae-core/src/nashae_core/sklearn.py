"""NashAE as a scikit-learn transformer (`pip install nashae-core[sklearn]`)."""

import numpy as np
import numpy.typing as npt
import torch
from sklearn.base import (  # type: ignore[import-untyped]
    BaseEstimator,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
)
from sklearn.utils import check_random_state  # type: ignore[import-untyped]
from sklearn.utils.validation import check_is_fitted, validate_data  # type: ignore[import-untyped]

from nashae_core.fitted.fit import fit
from nashae_core.nashae import NashAEConfig
from nashae_core.run import TrainConfig


class NashAETransformer(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Independent latents of rows of numbers, for pipelines and searches.

    Args:
        n_components: latents, 1 or more; those not needed become inactive.
        lam: λ in [0, 1), the weight of the latents' independence against the reconstruction.
        max_iter: training steps, 1 or more.
        batch_size: rows a step, 1 or more.
        device: "auto" is a GPU where there is one.
        random_state: an int, a numpy RandomState, or None for other networks at each fit.

    Attributes:
        fitted_: the `FittedNashAE`, of a perceptron on standardised features.
        n_features_in_: columns seen in `fit`.
        n_iter_: steps trained.

    Example:
        >>> from sklearn.datasets import load_iris
        >>> x = load_iris().data
        >>> NashAETransformer(n_components=2, max_iter=50, random_state=0).fit_transform(x).shape
        (150, 2)

    Source: Yeats et al. 2022 (https://arxiv.org/abs/2209.10677).
    """

    def __init__(
        self,
        n_components: int = 10,
        *,
        lam: float = 0.2,
        max_iter: int = 1000,
        batch_size: int = 100,
        device: str = "auto",
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.n_components = n_components
        self.lam = lam
        self.max_iter = max_iter
        self.batch_size = batch_size
        self.device = device
        self.random_state = random_state

    def fit(self, X: npt.ArrayLike, y: object = None) -> "NashAETransformer":  # noqa: ARG002
        """Train on X (n, d), n of 2 or more; y is ignored."""
        x = validate_data(self, X, dtype=[np.float64, np.float32], ensure_min_samples=2)
        seed = int(check_random_state(self.random_state).randint(2**31))
        self.n_iter_ = self.max_iter
        self.fitted_ = fit(
            x,
            self.n_components,
            config=NashAEConfig(lam=self.lam),
            training=TrainConfig(steps=self.max_iter, batch_size=self.batch_size),
            kind="vector",
            held_out=0.0,
            generator=torch.Generator().manual_seed(seed),
            device=self.device,
            progress=False,
        )
        # In float32 a row's code depends, in its last digits, on how many rows are beside it.
        self.fitted_.model.double()
        return self

    def transform(self, X: npt.ArrayLike) -> npt.NDArray[np.floating]:
        """The codes (n, n_components) of X (n, d), in (0, 1)."""
        check_is_fitted(self)
        x = validate_data(self, X, dtype=[np.float64, np.float32], reset=False)
        return self.fitted_.transform(x).numpy().astype(x.dtype)

    def inverse_transform(self, X: npt.ArrayLike) -> npt.NDArray[np.floating]:
        """The rows (n, d) that codes (n, n_components) stand for."""
        check_is_fitted(self)
        codes = np.asarray(X)
        return self.fitted_.inverse_transform(codes).numpy()

    def score(self, X: npt.ArrayLike, y: object = None) -> float:  # noqa: ARG002
        """The share of X's variance that reconstructions explain, in standardised features."""
        check_is_fitted(self)
        x = validate_data(self, X, dtype=[np.float64, np.float32], reset=False)
        by = self.fitted_.normalisation
        rows, again = (by.apply(torch.as_tensor(r)) for r in (x, self.fitted_.reconstruct(x)))
        error, total = (rows - again).square().sum(), (rows - rows.mean(0)).square().sum()
        return float(1 - error / total) if total > 0 else 0.0

    @property
    def _n_features_out(self) -> int:
        return self.fitted_.latents
