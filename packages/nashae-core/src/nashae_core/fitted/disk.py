"""A fitted model on disk: a folder that any machine with nashae-core reads, and that runs no code.

`weights.safetensors` has the tensors, `model.json` the rest, `README.md` is the model card, and
`SHA256SUMS` has a checksum of each, as `sha256sum --check` reads it.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load as load_tensors
from safetensors.torch import save as dump_tensors
from torch import Tensor, nn

from nashae_core.arguments import as_path
from nashae_core.fitted.architecture import Architecture
from nashae_core.fitted.model import FittedNashAE
from nashae_core.fitted.rows import Normalisation
from nashae_core.nashae import NashAE, NashAEConfig
from nashae_core.predictors import Predictors
from nashae_core.run import History, TrainConfig

FORMAT = 1
WEIGHTS, DESCRIPTION, CARD, SUMS = "weights.safetensors", "model.json", "README.md", "SHA256SUMS"


def save(fitted: FittedNashAE, path: str | Path) -> None:
    """Write a model to a new folder, whole or not at all."""
    path = as_path(path)
    if path.exists():
        raise ValueError(f"path must be new; got {path}, which is there: give another")
    files = {
        WEIGHTS: dump_tensors({k: t.contiguous() for k, t in _tensors(fitted).items()}),
        DESCRIPTION: (json.dumps(_described(fitted), indent=2) + "\n").encode(),
        CARD: _card(fitted).encode(),
    }
    sums = [f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, content in files.items()]
    files[SUMS] = "".join(sums).encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir()
    try:
        for name, content in files.items():
            with (partial / name).open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        partial.rename(path)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def load(path: str | Path, *, encoder: nn.Module | None, decoder: nn.Module | None) -> FittedNashAE:
    """Read what `save` wrote."""
    path = as_path(path)
    files = _checked_files(path)
    tensors = load_tensors(files[WEIGHTS])
    try:
        about = json.loads(files[DESCRIPTION])
        if about["format"] != FORMAT:
            raise ValueError(
                f"{path} must be of format {FORMAT}; got {about['format']}: read it by the version "
                f"that wrote it, nashae-core {about['versions']['nashae-core']}"
            )
        return _built(about, tensors, path, encoder, decoder)
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{path} holds no model of this format: {error!r}") from error


def _tensors(fitted: FittedNashAE) -> dict[str, Tensor]:
    return {
        **{f"model/{name}": t.detach().cpu() for name, t in fitted.model.state_dict().items()},
        **{f"normalisation/{name}": t for name, t in fitted.normalisation._asdict().items()},
        **{f"history/{name}": t for name, t in fitted.history.terms.items()},
        "steps": fitted.history.steps,
        "held_out": fitted.held_out,
        **{f"codes/{name}": getattr(fitted, name) for name in ("low", "mean", "high")},
    }


def _described(fitted: FittedNashAE) -> dict[str, Any]:
    networks = fitted.architecture
    return {
        "format": FORMAT,
        "architecture": None if networks is None else asdict(networks),
        "shape": fitted.shape,
        "latents": fitted.latents,
        "config": asdict(fitted.model.config),
        "training": asdict(fitted.training),
        "explained": fitted.explained,
        "explained_held_out": fitted.explained_held_out,
        "versions": {"nashae-core": version("nashae-core"), "torch": str(torch.__version__)},
    }


def _checked_files(path: Path) -> dict[str, bytes]:
    """The files of the folder, each of which has its checksum.

    Raises:
        FileNotFoundError: where there is no such folder.
        ValueError: where a file is missing, damaged or changed.
    """
    if not path.is_dir():
        raise FileNotFoundError(f"{path} must be a folder that save wrote; there is none")
    found = {}
    for name in (SUMS, WEIGHTS, DESCRIPTION, CARD):
        try:
            found[name] = (path / name).read_bytes()
        except FileNotFoundError as error:
            raise ValueError(f"{path} must hold {name}; it does not: take another copy") from error
    lines = found.pop(SUMS).decode("ascii", errors="replace").splitlines()
    sums = dict(line.split("  ", 1)[::-1] for line in lines if "  " in line)
    for name, content in found.items():
        if sums.get(name) != hashlib.sha256(content).hexdigest():
            raise ValueError(
                f"{path / name} must be as it was written; its sha256 is not that of {SUMS}: it is "
                "damaged or changed, take another copy"
            )
    return found


def _built(
    about: Mapping[str, Any],
    tensors: Mapping[str, Tensor],
    path: Path,
    encoder: nn.Module | None,
    decoder: nn.Module | None,
) -> FittedNashAE:
    def of(prefix: str) -> dict[str, Tensor]:
        start = f"{prefix}/"
        return {n.removeprefix(start): t for n, t in tensors.items() if n.startswith(start)}

    config = NashAEConfig(**about["config"])
    generator = torch.Generator().manual_seed(0)
    networks: Architecture | None = None
    if about["architecture"] is not None:
        if encoder is not None or decoder is not None:
            raise ValueError(f"{path} has networks of its own: leave out encoder and decoder")
        described = about["architecture"]
        networks = Architecture(**described | {"shape": tuple(described["shape"])})
        model = networks.build(generator, config)
    else:
        if encoder is None or decoder is None:
            raise ValueError(
                f"{path} was fitted with networks of one's own: give encoder= and decoder=, built "
                "as they were then"
            )
        model = NashAE(encoder, decoder, Predictors(about["latents"], generator=generator), config)
    try:
        model.load_state_dict(of("model"))
    except RuntimeError as error:
        raise ValueError(f"{path} holds the weights of other networks: {error}") from error
    return FittedNashAE(
        model=model.eval(),
        architecture=networks,
        shape=tuple(about["shape"]),
        normalisation=Normalisation(**of("normalisation")),
        training=TrainConfig(**about["training"]),
        history=History(tensors["steps"], of("history")),
        **of("codes"),
        explained=about["explained"],
        explained_held_out=about["explained_held_out"],
        held_out=tensors["held_out"],
    )


def _card(fitted: FittedNashAE) -> str:
    """The model card: what the model is, what it was trained on, how well, and how to use it."""
    networks = fitted.architecture
    held_out = fitted.explained_held_out
    shape = ", ".join(map(str, ("n", *fitted.shape)))
    explained = f"{fitted.explained:.1%} of the training observations' variance"
    if held_out is not None:
        explained += f", {held_out:.1%} of that of {len(fitted.held_out)} held-out observations"
    return f"""---
library_name: nashae-core
tags: [disentanglement, representation-learning, NashAE]
---

# A NashAE

An autoencoder whose latents were made independent by adversarial covariance minimisation
(Yeats et al., ECCV 2022, https://arxiv.org/abs/2209.10677).

- Observations: ({shape}). Networks: {"one's own" if networks is None else networks.kind}.
- Latents: {fitted.latents}; active, with a range above 0.2: {int(fitted.active.sum())}.
- Training: λ = {fitted.model.config.lam:g}, {int(fitted.history.steps[-1])} steps of
  {fitted.training.batch_size} observations.
- Explained: {explained}.

```python
from nashae_core import FittedNashAE

fitted = FittedNashAE.load("this folder")
codes = fitted.transform(observations)
```
"""
