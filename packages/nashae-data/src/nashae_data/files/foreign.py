"""Files from elsewhere, which may be damaged."""

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class UnreadableError(ValueError):
    """What `reading` raises: it names the file."""


@contextmanager
def reading(path: Path | zipfile.Path, key: str = "") -> Iterator[None]:
    """Turn whatever a foreign file's content raises into a `ValueError` that names the file.

    numpy, zipfile and h5py raise errors of a dozen kinds on bytes that they do not expect. One
    `reading` within another adds nothing to the inner message.

    Args:
        path: the file.
        key: the part of the file that is read, if it is one.

    Raises:
        UnreadableError: for every `Exception` but an `OSError` that names another file, such as one
            that is written.
    """
    try:
        yield
    except UnreadableError:
        raise
    except Exception as error:
        if isinstance(error, OSError) and error.filename not in (None, str(path)):
            raise
        place = f"{path} {key!r}" if key else f"{path}"
        raise UnreadableError(f"{place} cannot be read: {error}") from error
