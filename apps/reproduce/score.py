"""A finished run as one row of the tables."""

from typing import Any

import numpy as np

from apps.recipes import recipe_class
from apps.reproduce.alignment import DUTY_CYCLE, FREQUENCY, alignment
from apps.run_folder import RunFolder
from nashae_metrics import beta_vae, learned_latents, mig, predictability, tad

Row = dict[str, Any]

# The published counting rules: each method's own, and what it gives for the others. FactorVAE's
# rule is β-TCVAE's too.
COUNTING_RULES = ("nashae", "beta-vae", "factor-vae")


def score(folder: RunFolder) -> Row:
    """The run's record with its scores.

    - `learned`: the learned latents under the authors' rule for the method, over the whole data
      set; `counts`: under each published rule, None where a rule needs a posterior that the method
      has not;
    - `mig` (20 bins), `tad` (exact, over `attributes`) and `beta_vae` (`yeats2022-beamsynthesis`,
      drawn by the run's seed), of the learned latents;
    - one number a learned latent: the fields of `Alignment`; and `clean`, by its definition;
    - `predictability`: the mean R² over the learned latents (NashAE).
    """
    # Differs from the paper: the authors count over 100 random observations; the whole data set
    # gives the same number in almost every run and does not depend on a draw.
    arrays = folder.codes
    codes, factors, variances = arrays["codes"], arrays["factors"], arrays.get("variances")
    row = dict(folder.record)
    own_rule = recipe_class(row["method"]).counting_rule
    learned = learned_latents(codes, rule=own_rule, variances=variances)
    row["learned"], row["rule"] = learned.score, learned.rule
    row["counts"] = {
        rule: None
        if rule == "beta-vae" and variances is None
        else learned_latents(codes, rule=rule, variances=variances).score
        for rule in COUNTING_RULES
    }
    aligned = alignment(codes[:, learned.active], factors)
    row["clean"] = aligned.clean
    row |= {name: np.round(numbers, 4).tolist() for name, numbers in aligned._asdict().items()}
    row["mig"] = mig(codes, factors, active=learned.active).score
    row["tad"] = tad(codes, attributes(factors), active=learned.active, max_redundancy=None).score
    row["beta_vae"] = beta_vae(
        codes,
        factors,
        protocol="yeats2022-beamsynthesis",
        active=learned.active,
        rng=np.random.default_rng(row["seed"]),
    ).score
    if "predictions" in arrays:
        row["predictability"] = predictability(
            codes, arrays["predictions"], active=learned.active
        ).score
    versions = row.pop("versions")
    return {**row, "versions": versions}


def attributes(factors: np.ndarray) -> np.ndarray:
    """Binary attributes (n, 3) of Beamsynthesis for TAD: 10 Hz, 20 Hz, a long duty cycle.

    The middle frequency is none, because no threshold on a latent that orders the frequencies tells
    it. The two frequencies exclude each other, so TAD's filter of redundancy would leave out both:
    it is off.
    """
    frequency, duty = factors[:, FREQUENCY], factors[:, DUTY_CYCLE]
    return np.stack([frequency == 0, frequency == frequency.max(), duty > np.median(duty)], axis=1)
