"""Count the factors of data of one's own, and give each a latent."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from apps.figures import write_figure
from apps.own.options import Data, Machine, write_json
from apps.recipes import AnyRecipe, own_recipe
from apps.reproduce.factors.pictures import ratios
from nashae_core import NashAE, Observations, align_axes, count_factors, save_weights


def count(
    data: Data,
    latents: int = 10,
    seed: int = 0,
    out: Path | None = None,
    machine: Machine = Machine(),  # noqa: B008
) -> None:
    """Count the factors of data of your own, and say how sure that is.

    Example: nashae count waves.npz --latents 8

    Args:
        data: What to count in.
        latents: How many the search begins with: more than there can be factors.
        seed: Draws the parameters and the batches.
        out: The folder for count.json, count.png and the weights; by default counts/ and a name.
        machine: Where.
    """
    recipe, observations = _searched(data, latents, seed)
    device = machine.prepare(_kind(recipe))
    generator = torch.Generator().manual_seed(seed)
    model = _built(recipe, generator)
    bar, update = machine.bar("counting")

    def show(progress: Any) -> None:
        update(completed=progress.step, total=progress.steps, note=progress.doing)

    with bar:
        found = count_factors(model, observations, generator, device=device, on_progress=show)
    path = out or Path("counts") / recipe.label
    result: dict[str, Any] = {
        "factors": found.latents,
        "sure": not found.near,
        "reason": found.reason,
        "explained": round(found.explained, 4),
        "folder": str(path),
    }
    decisions = [decision._asdict() for decision in found.decisions]
    _write(path, "count", result | {"decisions": decisions}, found.model, recipe)
    write_figure(ratios([{"decisions": decisions}]), path / "count.png")
    machine.show(result)


def axes(
    data: Data,
    number: int,
    seed: int = 0,
    out: Path | None = None,
    machine: Machine = Machine(),  # noqa: B008
) -> None:
    """Give each factor a latent of its own.

    Example: nashae axes waves.npz --number 2

    Args:
        data: What to search in.
        number: Of factors, as `nashae count` finds it.
        seed: Draws the parameters and the batches.
        out: The folder for axes.json and the weights; by default axes/ and a name.
        machine: Where.
    """
    recipe, observations = _searched(data, number + 6, seed)
    device = machine.prepare(_kind(recipe))
    bar, update = machine.bar("aligning")

    def show(progress: Any) -> None:
        update(completed=progress.step, total=progress.steps, note=progress.doing)

    with bar:
        found = align_axes(
            lambda generator: _built(recipe, generator),
            observations,
            number,
            torch.Generator().manual_seed(seed),
            device=device,
            on_progress=show,
        )
    path = out or Path("axes") / recipe.label
    result: dict[str, Any] = {
        "latents": number,
        "independent": found.independent,
        "reason": found.reason,
        "explained": round(found.explained, 4),
        "tries": [[tried.latents, round(tried.dependence, 4)] for tried in found.tries],
        "folder": str(path),
    }
    _write(path, "axes", result, found.model, recipe)
    machine.show(result)


def _searched(data: Data, latents: int, seed: int) -> tuple[AnyRecipe, torch.Tensor | Observations]:
    """A recipe for the networks, and all observations; the searches hold out what they need."""
    recipe = own_recipe(replace(data, held_out=0.0).look_at(), "nashae", None, latents, seed)
    dataset = recipe.data_set.load(Path(), None)
    return recipe, recipe.data_set.inputs.of(dataset.observations, "cpu")


def _kind(recipe: AnyRecipe) -> str:
    assert recipe.source is not None
    return recipe.source.kind


def _built(recipe: AnyRecipe, generator: torch.Generator) -> NashAE:
    model = recipe.build(generator)
    assert isinstance(model, NashAE)
    return model


def _write(path: Path, name: str, result: dict[str, Any], model: NashAE, recipe: AnyRecipe) -> None:
    path.mkdir(parents=True, exist_ok=True)
    save_weights(model, path / "weights.safetensors", {"recipe": recipe.as_dict()})
    write_json(path / f"{name}.json", result)
