"""Fitted models on the Hugging Face hub (`pip install nashae-core[hub]`)."""

import tempfile
from pathlib import Path

from huggingface_hub import HfApi, snapshot_download

from nashae_core.fitted.model import FittedNashAE


def push_to_hub(fitted: FittedNashAE, repo_id: str, *, private: bool = False) -> str:
    """Upload a model to a repository, which is created if it does not exist.

    Args:
        fitted: the model; its folder is what `FittedNashAE.save` writes.
        repo_id: "owner/name".
        private: whether a new repository is.

    Returns:
        The address of the commit.
    """
    api = HfApi()
    api.create_repo(repo_id, private=private, exist_ok=True)
    with tempfile.TemporaryDirectory() as parent:
        folder = Path(parent) / "model"
        fitted.save(folder)
        return str(api.upload_folder(repo_id=repo_id, folder_path=folder))


def pull_from_hub(repo_id: str, *, revision: str | None = None) -> FittedNashAE:
    """Download a model and load it, its checksums compared. No code in it is run.

    Args:
        repo_id: "owner/name", or a folder on this machine.
        revision: a branch, a tag or a commit; None for the newest.

    Raises:
        ValueError: where it is no such model, or damaged.
    """
    if Path(repo_id).is_dir():
        return FittedNashAE.load(repo_id)
    return FittedNashAE.load(snapshot_download(repo_id, revision=revision))
