"""The command `nashae`."""

import sys
from importlib.metadata import version
from typing import Any

import tyro

from apps.console import console, exit_on_error
from apps.figures.__main__ import figures
from apps.own.scores import compare, encode, score
from apps.own.search import axes, count
from apps.own.train import train
from apps.reproduce.__main__ import reproduce

COMMANDS: dict[str, Any] = {
    "train": train,
    "encode": encode,
    "count": count,
    "axes": axes,
    "score": score,
    "compare": compare,
    "figures": figures,
    "reproduce": reproduce,
}


def main() -> None:
    """Read the command line and run one of the commands."""
    exit_on_error(run)


def run() -> None:
    """What `main` runs; a user's error is raised."""
    if sys.argv[1:] == ["--version"]:
        console.print(f"nashae {version('nashae-apps')}")
        return
    tyro.extras.subcommand_cli_from_dict(
        COMMANDS,
        prog="nashae",
        description="Latents of your own data: how many there are, and what each does.",
        config=(tyro.conf.OmitArgPrefixes,),
    )


if __name__ == "__main__":
    main()
