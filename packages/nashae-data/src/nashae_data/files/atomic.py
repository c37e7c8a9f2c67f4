"""Atomic writes: a file or a folder appears whole or not at all."""

import hashlib
import os
import re
import secrets
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

LONGEST = 60  # letters of a file's name in that of its temporary: systems have 255 bytes for both


@contextmanager
def atomic_file(path: Path) -> Iterator[Path]:
    """Give a temporary path to write to; when the block ends well, it takes the place of `path`.

    When the block raises, the temporary file is removed and whatever was at `path` stays; what
    processes of this machine that were killed left of it is removed at the next write.
    Raises `IsADirectoryError` if `path` is a folder, and `OSError`, which names `path`, where the
    disk refuses.
    """
    if path.is_dir():
        raise IsADirectoryError(f"{path} is a folder: give the path of a file")
    temporary = _beside(path)
    try:
        with named(path, temporary):
            yield temporary
            _flush(temporary)
            temporary.replace(path)
            _flush(path.parent)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def atomic_folder(path: Path) -> Iterator[Path]:
    """Give a temporary folder to fill; when the block ends well, it takes the place of `path`.

    When the block raises, the temporary folder is removed, and what killed processes of this
    machine left of it at the next write. Raises `FileExistsError` if `path` is there already,
    unless it is an empty folder, and `OSError`, which names `path`, where the disk refuses.
    """
    if path.exists() and not (path.is_dir() and next(path.iterdir(), None) is None):
        raise FileExistsError(f"{path} is there and not an empty folder: remove it or give another")
    temporary = _beside(path)
    try:
        with named(path, temporary):
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


@contextmanager
def named(path: Path, temporary: Path) -> Iterator[None]:
    """Make an `OSError` that names no file, or one that will be gone, name the file at `path`.

    - `temporary`: the file or folder that is written in its stead.
    """
    try:
        yield
    except OSError as error:
        culprit = Path(error.filename) if isinstance(error.filename, str) else None
        if culprit is None:
            culprit = path
        elif culprit.is_relative_to(temporary):
            culprit = path / culprit.relative_to(temporary)
        else:  # it names another file, such as one that is read
            raise
        if error.errno is None:
            raise type(error)(f"{culprit} cannot be written: {error}") from error
        reason = error.strerror or ""
        if not reason or temporary.name in reason:  # HDF5 tells all that it knows of its file
            reason = os.strerror(error.errno)
        raise OSError(error.errno, reason, str(culprit)) from error


def _beside(path: Path) -> Path:
    # Not from tempfile, whose files only their owner may read. In the same folder, because a rename
    # is atomic within one file system only. The suffix stays: numpy.savez appends a missing one.
    path.parent.mkdir(parents=True, exist_ok=True)
    _clear(path)
    return (
        path.parent / f".{_machine()}-{os.getpid()}-{secrets.token_hex(4)}-{path.name[-LONGEST:]}"
    )


def _machine() -> str:
    """Where the numbers of processes are those of this one: the machine, and its container."""
    space = Path("/proc/self/ns/pid")
    where = f"{socket.gethostname()} {space.readlink() if space.exists() else ''}"
    return hashlib.blake2b(where.encode(), digest_size=4).hexdigest()


def _clear(path: Path) -> None:
    """Remove what processes that were killed while they wrote to `path` left beside it.

    Only where the name says that the process is of this machine and there is none of its number.
    """
    name = re.compile(rf"\.{_machine()}-(\d+)-[0-9a-f]{{8}}-{re.escape(path.name[-LONGEST:])}")
    for left in path.parent.iterdir():
        match = name.fullmatch(left.name)
        if match is None or _is_running(int(match[1])):
            continue
        if left.is_dir():
            shutil.rmtree(left, ignore_errors=True)
        else:
            left.unlink(missing_ok=True)


def _is_running(process: int) -> bool:
    if os.name == "nt":  # where there is no asking that does not end it
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:  # it is somebody else's
        return True
    return True


def _flush(path: Path) -> None:
    """Wait until the disk has it: else a power cut after the rename could leave an empty file."""
    if path.is_dir() and os.name == "nt":  # Windows opens no folders
        return
    handle = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
