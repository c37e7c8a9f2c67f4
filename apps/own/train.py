"""Train a method on data of one's own."""

from dataclasses import dataclass
from pathlib import Path

from apps.figures.__main__ import figures
from apps.own.options import Data, Machine
from apps.own.results import result
from apps.recipes import AnyRecipe, Source, own_recipe
from apps.runs.train import train_run
from nashae_core import Progress, TrainConfig


@dataclass(frozen=True)
class Training:
    """How long to train, and from how many latents."""

    latents: int = 10
    """More than there can be factors."""
    steps: int = 1000
    """Of training."""
    batch_size: int = 100
    """Observations a step."""

    def recipe(
        self, source: Source, method: str, weight: float | None = None, seed: int = 0
    ) -> AnyRecipe:
        """The recipe of a method."""
        train = TrainConfig(self.steps, self.batch_size)
        return own_recipe(source, method, weight, self.latents, seed, train)


def train(
    data: Data,
    method: str = "nashae",
    weight: float | None = None,
    seed: int = 0,
    training: Training = Training(),
    out: Path | None = None,
    machine: Machine = Machine(),  # noqa: B008
) -> None:
    """Train a model on data of your own into a run folder, and draw it.

    Example: nashae train waves.npz --latents 8

    Args:
        data: What to train on.
        method: NashAE, or a method that it is compared with, such as beta-vae.
        weight: The method's λ or β; by default its own.
        seed: Draws the parameters and the batches.
        training: How long.
        out: The run folder; by default runs/ and a name made of the data and the method.
        machine: Where.
    """
    source = data.look_at()
    device = machine.prepare(source.kind)
    recipe = training.recipe(source, method, weight, seed)
    path = out or Path("runs") / recipe.label
    bar, update = machine.bar(f"training {recipe.label}", recipe.train.steps)

    def show(progress: Progress) -> None:
        update(completed=progress.step)

    with bar:
        folder = train_run(recipe, path, device=device, on_progress=show, quiet=machine.json)
        update(completed=recipe.train.steps)
    found = result(folder)
    folder.write_json("result.json", found)
    if not machine.json:
        figures((path,), out=path / "figures")
    machine.show(found)
