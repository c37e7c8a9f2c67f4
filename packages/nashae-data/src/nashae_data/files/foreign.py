"""Files of others, which may be damaged."""

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def reading(path: Path | zipfile.Path, key: str = "") -> Iterator[None]:
    """Turn whatever is raised on a foreign file's content into a `ValueError` that names the file.

    numpy, zipfile and h5py raise errors of a dozen kinds on bytes that they do not expect. `key` is
    the part of the file that is read, if it is one. An `OSError` that names another file, such as
    one that is written, passes.
    """
    try:
        yield
    except Exception as error:
        if isinstance(error, OSError) and error.filename not in (None, str(path)):
            raise
        place = f"{path} {key!r}" if key else f"{path}"
        raise ValueError(f"{place} cannot be read: {error}") from error
