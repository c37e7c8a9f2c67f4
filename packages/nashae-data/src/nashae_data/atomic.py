"""Atomic writes: a file or a folder appears whole or not at all."""

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def atomic_file(path: Path) -> Iterator[Path]:
    """Give a temporary path to write to; when the block ends well, it takes the place of `path`.

    When the block raises, the temporary file is removed and whatever was at `path` stays.
    Raises `IsADirectoryError` if `path` is a folder, and `OSError` where the disk refuses.
    """
    if path.is_dir():
        raise IsADirectoryError(f"{path} is a folder: give the path of a file")
    temporary = _beside(path)
    try:
        yield temporary
        _flush(temporary)
        temporary.replace(path)
        _flush(path.parent)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def atomic_folder(path: Path) -> Iterator[Path]:
    """Give a temporary folder to fill; when the block ends well, it takes the place of `path`.

    When the block raises, the temporary folder is removed. Raises `FileExistsError` if `path` is
    there already, unless it is an empty folder, and `OSError` where the disk refuses.
    """
    if path.exists() and not (path.is_dir() and next(path.iterdir(), None) is None):
        raise FileExistsError(f"{path} is there and not an empty folder: remove it or give another")
    temporary = _beside(path)
    try:
        temporary.mkdir()
        yield temporary
        for part in (*temporary.rglob("*"), temporary):
            _flush(part)
        if path.exists():
            path.rmdir()  # fails if it has been filled meanwhile
        temporary.replace(path)
        _flush(path.parent)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _beside(path: Path) -> Path:
    # Not from tempfile, whose files only their owner may read. In the same folder, because a rename
    # is atomic within one file system only. The suffix stays: numpy.savez appends a missing one.
    path.parent.mkdir(parents=True, exist_ok=True)
    return path.parent / f".{secrets.token_hex(4)}-{path.name}"


def _flush(path: Path) -> None:
    """Wait until the disk has it: else a power cut after the rename could leave an empty file."""
    if path.is_dir() and os.name == "nt":  # Windows opens no folders
        return
    handle = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
