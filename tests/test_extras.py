"""What nashae-core's extras give: a scikit-learn transformer, ONNX files, models on a hub."""

import pickle
import warnings
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import check_estimator

from nashae_core import TrainConfig, fit, hub
from nashae_core.onnx import export_onnx
from nashae_core.sklearn import NashAETransformer

FEW = TrainConfig(steps=3, batch_size=8)
ROWS = {
    "vector": np.random.default_rng(0).normal(3, 2, (40, 9)),
    "series": np.random.default_rng(1).normal(size=(40, 2, 37)),
    "image": np.random.default_rng(2).integers(0, 255, (40, 16, 21, 3), dtype=np.uint8),
}


def test_the_transformer_passes_every_check_of_scikit_learn() -> None:
    estimator = NashAETransformer(n_components=2, max_iter=5, batch_size=20)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of data that the checks make strange on purpose
        results = check_estimator(estimator, on_fail=None, on_skip=None)
    failed = {r["check_name"]: r["exception"] for r in results if r["status"] not in OKAY}
    assert not failed
    assert len(results) > 30


OKAY = ("passed", "skipped")  # skipped: array API, of which a setting of the process decides


def test_the_transformer_works_in_a_pipeline_and_a_search() -> None:
    x, y = load_digits(return_X_y=True)
    x, y = x[:200] + 1e-3 * np.random.default_rng(0).normal(size=(200, 64)), y[:200]
    codes = NashAETransformer(n_components=4, max_iter=20, random_state=0)
    pipeline = make_pipeline(codes, LogisticRegression())
    search = GridSearchCV(pipeline, {"nashaetransformer__lam": [0.0, 0.2]}, cv=2).fit(x, y)
    assert search.best_score_ > 0.15  # chance is .1
    fitted = codes.fit(x)
    again = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(again.transform(x), fitted.transform(x))
    assert fitted.score(x) < fitted.set_params(max_iter=200).fit(x).score(x) < 1
    assert list(fitted.get_feature_names_out())[:1] == ["nashaetransformer0"]


@pytest.mark.parametrize("name", ROWS)
@pytest.mark.filterwarnings("ignore")  # of the exporter
def test_onnx_gives_what_the_model_gives(name: str, tmp_path: Path) -> None:
    x = ROWS[name]
    fitted = fit(x, 3, training=FEW, progress=False)
    encoder, decoder = tmp_path / "encoder.onnx", tmp_path / "decoder.onnx"
    export_onnx(fitted, encoder, decoder)
    given = {"observations": x[:7].astype(np.float32)}
    (codes,) = onnxruntime.InferenceSession(encoder).run(None, given)
    np.testing.assert_allclose(codes, fitted.transform(x[:7]), atol=1e-4)
    (back,) = onnxruntime.InferenceSession(decoder).run(None, {"codes": codes})
    expected = fitted.reconstruct(x[:7]).numpy()
    np.testing.assert_allclose(back, expected, atol=1e-4 * max(1.0, expected.std()))


class Folder:
    """A hub that is a folder of this machine, with the calls of huggingface_hub's."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def create_repo(self, repo_id: str, *, private: bool, exist_ok: bool) -> None:  # noqa: ARG002
        (self.root / repo_id).mkdir(parents=True, exist_ok=exist_ok)

    def upload_folder(self, *, repo_id: str, folder_path: Path) -> str:
        for file in folder_path.iterdir():
            (self.root / repo_id / file.name).write_bytes(file.read_bytes())
        return str(self.root / repo_id)


def test_a_model_goes_to_a_hub_and_comes_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fitted = fit(ROWS["vector"], 3, training=FEW, progress=False)
    monkeypatch.setattr(hub, "HfApi", lambda: Folder(tmp_path))
    monkeypatch.setattr(hub, "snapshot_download", lambda repo_id, **_: str(tmp_path / repo_id))
    hub.push_to_hub(fitted, "owner/mine")
    for place in ("owner/mine", str(tmp_path / "owner" / "mine")):
        again = hub.pull_from_hub(place)
        assert torch.equal(again.transform(ROWS["vector"]), fitted.transform(ROWS["vector"]))
    weights = tmp_path / "owner" / "mine" / "weights.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"!")
    with pytest.raises(ValueError, match="must be as it was written"):
        hub.pull_from_hub("owner/mine")
