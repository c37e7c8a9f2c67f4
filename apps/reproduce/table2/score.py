"""A finished run of dSprites as one row of Table 2."""

import numpy as np

from apps.reproduce.learned import counted, own_count, predicted, versions_last
from apps.reproduce.metric_scores import metric_scores
from apps.runs.folder import RunFolder
from apps.runs.rows import Row
from nashae_metrics import beta_vae, mig

# The factors that vary, in the order of the last columns of the data; the first is the color, which
# is white in all images.
FACTORS = ("shape", "scale", "orientation", "x", "y")
# The β-VAE metric tells these four, as in the authors' code; the shape it leaves out.
TOLD = (1, 2, 3, 4)
DIGITS = 4


def score_sprites(folder: RunFolder) -> Row:
    """The run's record with its scores, from the codes of all images (of VAEs posterior means).

    - `learned`, `rule`: the learned latents by the method's own rule; `counts`: by each;
    - `beta_vae`: the paper's protocol (`yeats2022-dsprites`), of all m latents as there, drawn by
      the run's seed; `beta_vae_standard`: the same four factors told by a logistic regression that
      has converged, from points of 64 pairs, where the protocol's classifier takes one step a point
      and its points have 100 pairs;
    - `information`: for each latent, in the order of the codes, the share I/H of each of `FACTORS`
      that it has, in 20 bins: which factors the code carries;
    - `predictability`: the mean R² of the learned latents (NashAE);
    - `scores`: every metric that has the protocol `locatello2019`, of the learned latents.
    """
    codes, factors = folder.codes["codes"], folder.truth[0][:, -len(FACTORS) :]
    learned = own_count(folder)
    row = folder.record | counted(folder, learned)
    row["beta_vae"] = _beta_vae(codes, factors, "yeats2022-dsprites", row["seed"])
    row["beta_vae_standard"] = _beta_vae(codes, factors, "standard", row["seed"])
    information = mig(codes, factors, bootstrap=None).information
    row["information"] = np.round(information, DIGITS).tolist()
    row |= predicted(folder, learned)
    row["scores"] = metric_scores(
        codes, factors, active=learned.active, seed=row["seed"], protocol="locatello2019"
    )
    return versions_last(row)


def _beta_vae(codes: np.ndarray, factors: np.ndarray, protocol: str, seed: int) -> float:
    rng = np.random.default_rng(seed)
    found = beta_vae(codes, factors, protocol=protocol, columns=TOLD, active="constant", rng=rng)
    return found.score
