"""The learned latents of a run, by its method's rule and by every published one; row fields."""

from apps.recipes import method_named
from apps.runs.folder import RunFolder
from apps.runs.rows import Row
from nashae_metrics import LearnedLatents, learned_latents, predictability

# The published counting rules. FactorVAE's rule is β-TCVAE's as well.
COUNTING_RULES = ("nashae", "beta-vae", "factor-vae")


def own_count(folder: RunFolder) -> LearnedLatents:
    """The learned latents by the rule of the run's method."""
    # Differs from the paper: the authors count over 100 random observations (1000 of dSprites); the
    # whole data set gives the same number in almost every run and does not depend on a draw.
    rule = method_named(folder.record["method"]).counting_rule
    arrays = folder.codes
    return learned_latents(arrays["codes"], rule=rule, variances=arrays.get("variances"))


def counts(folder: RunFolder) -> dict[str, int | None]:
    """The number by each rule; None if it needs a posterior that the method does not have."""
    codes, variances = folder.codes["codes"], folder.codes.get("variances")
    return {
        rule: None
        if rule == "beta-vae" and variances is None
        else learned_latents(codes, rule=rule, variances=variances).score
        for rule in COUNTING_RULES
    }


def counted(folder: RunFolder, learned: LearnedLatents) -> dict[str, object]:
    """The fields of a row that count latents: `learned` and `rule` of the method, all `counts`."""
    return {"learned": learned.score, "rule": learned.rule, "counts": counts(folder)}


def predicted(folder: RunFolder, learned: LearnedLatents) -> dict[str, float]:
    """The field `predictability` of a row, the mean R² of the learned latents (NashAE alone)."""
    if "predictions" not in folder.codes:
        return {}
    codes, predictions = folder.codes["codes"], folder.codes["predictions"]
    result = predictability(codes, predictions, active=learned.active, bootstrap=None)
    return {"predictability": result.score}


def versions_last(row: Row) -> Row:
    """The row with its versions at the end."""
    versions = row.pop("versions")
    return {**row, "versions": versions}
