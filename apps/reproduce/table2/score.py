"""A finished run on dSprites as a row of Table 2."""

import numpy as np

from apps.reproduce.learned import counted, own_count, predicted, versions_last
from apps.reproduce.metric_scores import metric_scores
from apps.runs.folder import RunFolder
from apps.runs.rows import Row
from nashae_metrics import beta_vae, mig

# The factors that vary: the last columns of the data. The first is the color, always white.
FACTORS = ("shape", "scale", "orientation", "x", "y")
# The β-VAE metric is over these four, without the shape, as in the authors' code.
SCORED = (1, 2, 3, 4)
DIGITS = 4


def score_sprites(folder: RunFolder) -> Row:
    """The run's record with its scores, from the codes of all images (of VAEs posterior means).

    - `learned`, `rule`: the number of learned latents by the method's own rule; `counts`: by each;
    - `beta_vae`: by the paper's protocol (`yeats2022-dsprites`), of all m latents, drawn by the
      run's seed: a classifier that takes one step for each point of 100 pairs;
    - `beta_vae_standard`: the same with a converged logistic regression on points of 64 pairs;
    - `information`: (m, 5), the share I/H of each of `FACTORS` in each latent, in 20 bins;
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
    return beta_vae(
        codes, factors, protocol=protocol, columns=SCORED, active="constant", rng=rng
    ).score
