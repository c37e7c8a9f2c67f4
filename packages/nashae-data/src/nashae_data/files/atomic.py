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

LONGEST = 60  # letters of a file's name in its temporary's: systems allow 255 bytes for the whole


@contextmanager
def atomic_file(path: Path) -> Iterator[Path]:
    """Write a file whole or not at all: a context that gives a temporary path to write to.

    When the block ends well, the temporary file takes the place of `path`, on the disk and not only
    in its cache. When it raises, the temporary file is removed, and the file at `path` stays as it
    was. Temporaries that killed processes of this machine left are removed at the next write to the
    same path. Missing parent folders are made.

    Args:
        path: the file to write.

    Raises:
        IsADirectoryError: `path` is a folder.
        OSError: the disk refuses; `path` is named.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "scores.txt"
        >>> with atomic_file(path) as temporary:
        ...     _ = temporary.write_text("0.5")
        >>> path.read_text()
        '0.5'
    """
    if path.is_dir():
        raise IsADirectoryError(f"path must be a file; got {path}, which is a folder")
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
    """Write a folder whole or not at all: a context that gives a temporary folder to fill.

    As `atomic_file`. Raises `FileExistsError` if `path` is there and not an empty folder.
    """
    if path.exists() and not (path.is_dir() and next(path.iterdir(), None) is None):
        raise FileExistsError(
            f"path must be new or an empty folder; got {path}: remove it or give another"
        )
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
    """Make an `OSError` name the file at `path`, if it names no file or the temporary.

    Args:
        path: the file that is meant.
        temporary: the file or folder that is written in its place.
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
        if not reason or temporary.name in reason:  # HDF5's own report of its file
            reason = os.strerror(error.errno)
        raise OSError(error.errno, reason, str(culprit)) from error


def _beside(path: Path) -> Path:
    # Not from tempfile, whose files only their owner may read. In the same folder, as a rename is
    # atomic only within one file system. The suffix stays: numpy.savez appends a missing one.
    path.parent.mkdir(parents=True, exist_ok=True)
    _clear(path)
    return (
        path.parent / f".{_machine()}-{os.getpid()}-{secrets.token_hex(4)}-{path.name[-LONGEST:]}"
    )


def _machine() -> str:
    """A digest of the machine and its container, within which process numbers are unique."""
    space = Path("/proc/self/ns/pid")
    where = f"{socket.gethostname()} {space.readlink() if space.exists() else ''}"
    return hashlib.blake2b(where.encode(), digest_size=4).hexdigest()


def _clear(path: Path) -> None:
    """Remove temporaries of `path` that were left by killed processes of this machine."""
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
    if os.name == "nt":  # there os.kill would end the process
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:  # another user's
        return True
    return True


def _flush(path: Path) -> None:
    """Wait until it is on the disk: a power cut after the rename could leave an empty file."""
    if path.is_dir() and os.name == "nt":  # Windows opens no folders
        return
    handle = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
