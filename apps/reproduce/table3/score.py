"""A finished run on faces as a row of Table 3."""

from typing import Any

import numpy as np

from apps.reproduce.learned import counted, own_count, predicted, versions_last
from apps.runs.folder import RunFolder
from apps.runs.rows import Row
from nashae_metrics import TADScore, tad

DRAWN, REAL = "synthetic faces", "CelebA"
DIGITS = 4


def face_data(folder: RunFolder) -> str:
    """The faces of a run: drawn ones are never called CelebA, wherever they were read from."""
    return DRAWN if "synthetic" in folder.record["source"] else REAL


def score_faces(folder: RunFolder) -> Row:
    """The run's record with its scores, from the codes of all images.

    - `learned`, `rule`: the number of learned latents by the method's own rule; `counts`: by each;
    - `tad_yeats2022`: TAD by the authors' protocol: 1000 images drawn by the run's seed, AUROC from
      a grid, sampled codes of VAEs; the grid of a β-VAE lies over its posterior means;
    - `tad`: exact, on all images, of the learned latents, posterior means of VAEs;
    - both with `score`, its 95 % `interval` over images, the numbers of `captured` and `counted`
      attributes, and the `floor` (mean, 95 % quantile) of as many random latents;
    - `attributes`: for each the exact AUROC of the `best` and of the `second` latent, and the index
      of the best `latent`;
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
    # As in the authors' code: only the grid of a β-VAE lies over posterior means.
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
    """The codes as the authors score them: one sample of each posterior if there is one."""
    codes, variances = folder.codes["codes"], folder.codes.get("variances")
    if variances is None:
        return codes
    noise = rng.standard_normal(codes.shape, dtype=codes.dtype)
    return np.asarray(codes + np.sqrt(variances) * noise)


def _fields(result: TADScore) -> dict[str, Any]:
    floor, interval = result.noise_floor, result.interval
    return {
        "score": round(result.score, DIGITS),
        "interval": None
        if interval is None
        else [round(interval.low, DIGITS), round(interval.high, DIGITS)],
        "captured": int(result.captured.sum()),
        "counted": int(result.counted.sum()),
        "floor": floor and [round(floor.score, DIGITS), round(floor.score_high, DIGITS)],
    }
