"""The command line of `apps/train`."""

from functools import reduce
from operator import or_
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import torch
import tyro

from apps.console import console, exit_on_error, progress_bar, shown_faces
from apps.recipes import DESCRIPTIONS, RECIPES, Recipe
from apps.runs.memory import keep_memory
from apps.runs.train import train_run
from nashae_core import Progress

if TYPE_CHECKING:
    from apps.recipes import AnyRecipe as NamedRecipe
else:
    NamedRecipe = reduce(
        or_,
        (
            Annotated[
                Recipe[type(recipe.method)],
                tyro.conf.subcommand(name, default=recipe, description=DESCRIPTIONS[name]),
            ]
            for name, recipe in RECIPES.items()
        ),
    )


def train(
    recipe: NamedRecipe,
    out: Path | None = None,
    root: Path = Path("data"),
    device: Literal["cpu", "cuda"] = "cpu",
    threads: int = 2,
) -> None:
    """Train one recipe into a run folder.

    The folder holds the config, the weights, the history, and the codes of the whole data set. A
    run that was cut off goes on where it was; a finished one is left as it is.

    Args:
        recipe: What to train.
        out: The run folder. By default runs/ and a name made of the recipe.
        root: The folder of CelebA, or where the synthetic faces are kept once they are drawn.
        device: Where to train.
        threads: Threads on the CPU.
    """
    torch.set_num_threads(threads)
    keep_memory()
    path = out or Path("runs") / recipe.label
    with progress_bar() as bar:
        task = bar.add_task(f"training {recipe.label}", total=recipe.train.steps, note="")

        def show(progress: Progress) -> None:
            terms = {name: float(value) for name, value in progress.terms.items()}
            note = "  ".join(f"{name} {value:.4g}" for name, value in terms.items())
            bar.update(task, completed=progress.step, note=note)

        folder = train_run(
            recipe, path, root=root, device=device, on_faces=shown_faces(bar), on_progress=show
        )
        bar.update(task, completed=recipe.train.steps)
    done = f"{folder.path}: {folder.record['seconds']} s of training"
    console.print(done, markup=False, soft_wrap=True)


def main() -> None:
    """Read the command line and train."""
    config = (
        tyro.conf.CascadeSubcommandArgs,
        tyro.conf.OmitArgPrefixes,
        tyro.conf.OmitSubcommandPrefixes,
    )
    tyro.cli(train, prog="python -m apps.train", config=config)


if __name__ == "__main__":
    exit_on_error(main)
