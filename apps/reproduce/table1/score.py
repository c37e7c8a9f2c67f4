"""A finished run on Beamsynthesis as a row of Table 1."""

import numpy as np

from apps.reproduce.clean import DUTY_CYCLE, FREQUENCY, alignment
from apps.reproduce.learned import counted, own_count, predicted, versions_last
from apps.reproduce.metric_scores import metric_scores
from apps.runs.folder import RunFolder
from apps.runs.rows import Row
from nashae_metrics import beta_vae, mig, tad

# The duty cycle has 120 values with three observations each: too few for a classifier, or for
# information in bins. 12 classes have 30 observations each. The three frequencies are classes.
DUTY_CLASSES = 12


def score(folder: RunFolder) -> Row:
    """The run's record with its scores.

    - `learned`, `rule`: the number of learned latents by the method's own rule; `counts`: by each
      published rule, None for a rule that needs a posterior if the method has none;
    - `mig` (20 bins), `tad` (exact, over `attributes`) and `beta_vae` (`yeats2022-beamsynthesis`,
      drawn by the run's seed), of the learned latents;
    - the fields of `Alignment`, one number for each learned latent, and `clean`;
    - `predictability`: the mean R² of the learned latents (NashAE);
    - `scores`: every metric that applies, of the learned latents, by its standard protocol, with
      the duty cycle in 12 classes. So `mig` and `beta_vae` differ from those above. TAD is the one
      above, because its filter would remove both frequencies.
    """
    codes, (factors, values) = folder.codes["codes"], folder.truth
    learned = own_count(folder)
    row = folder.record | counted(folder, learned)
    aligned = alignment(codes[:, learned.active], factors)
    row["clean"] = aligned.clean
    row |= {name: np.round(numbers, 4).tolist() for name, numbers in aligned._asdict().items()}
    row |= _of_the_paper(codes, factors, learned.active, row["seed"])
    row |= predicted(folder, learned)
    of_all = metric_scores(
        codes,
        values,
        active=learned.active,
        seed=row["seed"],
        factor_bins=DUTY_CLASSES,
        predictions=folder.codes.get("predictions"),
    )
    row["scores"] = {"tad": round(row["tad"], 4)} | of_all
    return versions_last(row)


def _of_the_paper(
    codes: np.ndarray, factors: np.ndarray, active: np.ndarray, seed: int
) -> dict[str, float]:
    rng = np.random.default_rng(seed)
    protocol = "yeats2022-beamsynthesis"
    return {
        "mig": mig(codes, factors, active=active).score,
        "tad": tad(codes, attributes(factors), active=active, max_redundancy=None).score,
        "beta_vae": beta_vae(codes, factors, protocol=protocol, active=active, rng=rng).score,
    }


def attributes(factors: np.ndarray) -> np.ndarray:
    """Binary attributes (n, 3) of Beamsynthesis for TAD: 10 Hz, 20 Hz, a long duty cycle.

    The middle frequency is not among them, because no threshold on a latent that orders the
    frequencies separates it. TAD's filter of redundant attributes is off: it would remove the two
    frequencies, which exclude each other.
    """
    frequency, duty = factors[:, FREQUENCY], factors[:, DUTY_CYCLE]
    return np.stack([frequency == 0, frequency == frequency.max(), duty > np.median(duty)], axis=1)
