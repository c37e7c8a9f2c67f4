"""A finished run as one row of the tables."""

from typing import Any

from apps.run_folder import RunFolder
from nashae_metrics import learned_latents, predictability

Row = dict[str, Any]


def score(folder: RunFolder) -> Row:
    """The run's record with its scores.

    `learned` counts the learned latents under the authors' rule for the method, over the whole data
    set; `predictability` is the mean R² over the learned latents (NashAE).
    """
    # Differs from the paper: the authors count over 100 random observations; the whole data set
    # gives the same number in almost every run and does not depend on a draw.
    arrays = folder.codes
    row = dict(folder.record)
    learned = learned_latents(
        arrays["codes"], rule=row["method"], variances=arrays.get("variances")
    )
    row["learned"], row["rule"] = learned.score, learned.rule
    if "predictions" in arrays:
        row["predictability"] = predictability(
            arrays["codes"], arrays["predictions"], active=learned.active
        ).score
    versions = row.pop("versions")
    return {**row, "versions": versions}
