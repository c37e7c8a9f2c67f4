"""Train one recipe into a run folder."""

from apps.train.run import train_run

__all__ = ["train_run"]
