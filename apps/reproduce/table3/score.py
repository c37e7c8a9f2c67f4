"""A finished run on faces as one row of Table 3."""

from typing import Any

import numpy as np

from apps.reproduce.learned import counted, own_count, predicted, versions_last
from apps.runs.folder import RunFolder
from apps.runs.rows import Row
from nashae_metrics import TADScore, tad

DRAWN, REAL = "synthetic faces", "CelebA"
DIGITS = 4


def face_data(folder: RunFolder) -> str:
    """What the faces of a run are: drawn ones are never called CelebA, wherever they lie."""
    return DRAWN if "synthetic" in folder.record["source"] else REAL


def score_faces(folder: RunFolder) -> Row:
    """The run's record with its scores, from the codes of all images.

    - `learned`, `rule`: the learned latents by the method's own rule; `counts`: by each;
    - `tad_yeats2022`: TAD as the authors' code has it: 1000 images drawn by the run's seed, AUROC
      from a grid, of VAEs the sampled codes, which for the β-VAE lies over its posterior means;
    - `tad`: exact, on all images, of the learned latents, of VAEs the posterior means;
    - both as `score`, its 95 % `interval` over images, `captured` and `counted` attributes, and
      the `floor` (mean, 95 % quantile) that as many random latents have;
    - `attributes`: for each of them by exact AUROC the `best` and the `second` latent's, and which
      the best `latent` is;
    - `predictability`: the mean R² of the learned latents (NashAE).
    """
    arrays, row = folder.codes, dict(folder.record)
    codes, attributes, names = arrays["codes"], arrays["attributes"], arrays["names"].tolist()
    rng = np.random.default_rng(row["seed"])
    row["data"] = face_data(folder)
    row["images"] = len(codes)
    learned = own_count(folder)
    row |= counted(folder, learned)
    sampled = sampled_codes(folder, rng)
    # As in their code: the grid of a β-VAE lies over its means, that of all others over the codes.
    means = codes if row["method"] == "beta-vae" else None
    row["tad_yeats2022"] = _fields(
        tad(sampled, attributes, protocol="yeats2022", means=means, rng=rng)
    )
    exact = tad(codes, attributes, active=learned.active, rng=rng)
    row["tad"] = _fields(exact)
    row["attributes"] = {
        name: {"best": best, "second": second, "latent": latent}
        for name, best, second, latent in zip(
            names,
            exact.best.round(DIGITS).tolist(),
            exact.second.round(DIGITS).tolist(),
            exact.best_latent.tolist(),
            strict=True,
        )
    }
    row |= predicted(folder, learned)
    return versions_last(row)


def sampled_codes(folder: RunFolder, rng: np.random.Generator) -> np.ndarray:
    """The codes as the authors score them: of a posterior one sample each, else as they are."""
    codes, variances = folder.codes["codes"], folder.codes.get("variances")
    if variances is None:
        return codes
    noise = rng.standard_normal(codes.shape, dtype=codes.dtype)
    return np.asarray(codes + np.sqrt(variances) * noise)


def _fields(found: TADScore) -> dict[str, Any]:
    floor, interval = found.noise_floor, found.interval
    return {
        "score": round(found.score, DIGITS),
        "interval": None
        if interval is None
        else [round(interval.low, DIGITS), round(interval.high, DIGITS)],
        "captured": int(found.captured.sum()),
        "counted": int(found.counted.sum()),
        "floor": floor and [round(floor.score, DIGITS), round(floor.score_high, DIGITS)],
    }
