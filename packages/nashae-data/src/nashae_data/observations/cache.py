"""Images kept in one file: made once, resumed if cut off, checked when opened.

The file is HDF5 with one array, `images`, in one piece at its end, so that it can be mapped. HDF5
leaves the bytes before its own to the user: a marker, twice, and a table of digests. The first
digest is of all bytes before the images and of what they are made from; the others are of the
images, block by block. A file that is being made is finished when all blocks are right.
"""

import hashlib
import io
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import h5py  # type: ignore[import-untyped]
import numpy as np
import numpy.typing as npt

from nashae_data.files.atomic import named
from nashae_data.observations.disk import DiskImages

MARKER = b"nashae-data image cache"
TABLE = 512  # where the digests begin: at the end of the smallest block that HDF5 leaves free
DIGEST = 32  # bytes
LONGEST_HEAD = 4096  # bytes of HDF5's own head, which needs about 500
Progress = Callable[[int, int], object]


@dataclass(frozen=True)
class ImageRecipe:
    """What the images of a cache are and how one is made.

    Args:
        shape: (n, h, w, channels), uint8.
        source: what they are made from and how; changes if the images do.
        make: gives image `row`, from 0 to n - 1; it is called from many threads at once.
        block: the number of images that are written together, the most that a thread can lose.
    """

    shape: tuple[int, int, int, int]
    source: str
    make: Callable[[int], npt.NDArray[np.uint8]]
    block: int = 1000

    @property
    def blocks(self) -> int:
        """The number of blocks; the last may be shorter."""
        return -(-self.shape[0] // self.block)

    @property
    def nbytes(self) -> int:
        """The bytes of all images."""
        return int(np.prod(self.shape, dtype=np.int64))

    def rows(self, number: int) -> range:
        """The images of a block."""
        return range(self.shape[0])[number * self.block : (number + 1) * self.block]

    def place(self, number: int) -> tuple[int, int]:
        """The first byte of a block among all images, and its length."""
        rows, image = self.rows(number), self.nbytes // self.shape[0]
        return rows.start * image, len(rows) * image


def cached_images(path: Path, recipe: ImageRecipe, on_progress: Progress | None) -> DiskImages:
    """The images of a recipe, from the file at `path`, which is made if it is not there.

    A file that is damaged, or of another recipe, is made anew: in `.NAME.part`, whose right blocks
    are kept when the process is ended or the disk is full. A second process waits.

    Args:
        path: the file.
        recipe: of the images.
        on_progress: called in this thread with the number of images made and of all.

    Raises:
        ValueError: `path` is another kind of file, which is left alone, or filelock is not
            installed.
        OSError: the disk refuses. Errors of `recipe.make` pass.
    """
    images = _open(path, recipe)
    if images is None:
        path.parent.mkdir(parents=True, exist_ok=True)
        with _lock(path):
            images = _open(path, recipe)  # another process may have made it meanwhile
            if images is None:
                part = _beside(path, "part")
                with named(part, part):
                    _make(part, recipe, on_progress)
                    part.replace(path)
                images = _open(path, recipe)
    if images is None:
        raise OSError(f"{path} must hold what was written to it; got other bytes: check the disk")
    return images


def _open(path: Path, recipe: ImageRecipe) -> DiskImages | None:
    """The images of a file that is whole and of this recipe; else None."""
    try:
        stream = path.open("rb")
    except FileNotFoundError:
        return None
    with stream:  # checked and mapped by one handle: the file at `path` may change meanwhile
        head = stream.read(TABLE)
        if not (head.startswith(MARKER) or head.endswith(MARKER) or MARKER.startswith(head)):
            raise ValueError(
                f"path must be a cache of images that this package made; got {path}: remove it or "
                "name another"
            )
        start = _start(stream, recipe)
        if start is None or not all(_right_blocks(stream, start, recipe)):
            return None
        images = np.memmap(stream, np.uint8, mode="r", offset=start, shape=recipe.shape)
    return DiskImages(images, path, "images")


def _beside(path: Path, suffix: str) -> Path:
    return path.parent / f".{path.name}.{suffix}"


def _lock(path: Path) -> AbstractContextManager[Any]:
    try:
        import filelock
    except ImportError as error:
        message = "a cache of images needs filelock: pip install 'nashae-data[images]'"
        raise ValueError(message) from error
    return filelock.FileLock(_beside(path, "lock"))


def _start(stream: BinaryIO, recipe: ImageRecipe) -> int | None:
    """The first byte of the images; None if the head is not right, or of another recipe."""
    start = stream.seek(0, os.SEEK_END) - recipe.nbytes
    if not _table_end(recipe) <= start <= 2 * _table_end(recipe) + LONGEST_HEAD:
        return None
    stream.seek(0)
    head = stream.read(start)
    return start if _head_digest(head, recipe) == head[TABLE : TABLE + DIGEST] else None


def _table_end(recipe: ImageRecipe) -> int:
    return TABLE + DIGEST * (1 + recipe.blocks)


def _head_digest(head: bytes, recipe: ImageRecipe) -> bytes:
    """The digest of all before the images but the table, and of what the images are made from."""
    text = repr((recipe.source, recipe.shape, recipe.block)).encode()
    return _digest(text + head[:TABLE] + head[_table_end(recipe) :])


def _right_blocks(stream: BinaryIO, start: int, recipe: ImageRecipe) -> list[bool]:
    """Whether each block has its digest."""
    stream.seek(TABLE + DIGEST)
    digests = stream.read(DIGEST * recipe.blocks)
    reading = threading.Lock()

    def is_right(number: int) -> bool:
        place, size = recipe.place(number)
        with reading:
            # Not mapped: on a full disk, to touch a gap in a mapped file ends the process.
            stream.seek(start + place)
            images = stream.read(size)
        return _digest(images) == digests[DIGEST * number : DIGEST * (number + 1)]

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(is_right, range(recipe.blocks)))


def _digest(data: bytes | memoryview) -> bytes:
    return hashlib.blake2b(data, digest_size=DIGEST).digest()


def _make(part: Path, recipe: ImageRecipe, on_progress: Progress | None) -> None:
    """Fill the file at `part`, whose right blocks are kept."""
    part.touch()
    with part.open("r+b") as stream:
        start = _start(stream, recipe) or _lay_out(stream, recipe)
        right = _right_blocks(stream, start, recipe)
        todo = [number for number in range(recipe.blocks) if not right[number]]
        _fill(stream, start, recipe, todo, on_progress)
        os.fsync(stream.fileno())


def _fill(
    stream: BinaryIO, start: int, recipe: ImageRecipe, todo: list[int], on_progress: Progress | None
) -> None:
    """Make the blocks `todo`, with all cores, and write each with its digest."""
    done = recipe.shape[0] - sum(len(recipe.rows(number)) for number in todo)
    writing = threading.Lock()

    def make_block(number: int) -> int:
        rows = recipe.rows(number)
        images = np.stack([recipe.make(row) for row in rows])
        with writing:
            _write(stream, start + recipe.place(number)[0], images.data)
            _write(stream, TABLE + DIGEST * (1 + number), _digest(images.data))
        return len(rows)

    pool = ThreadPoolExecutor(os.cpu_count())
    try:
        # In order, so that the first of several bad images is the one that is named.
        for rows in pool.map(make_block, todo):
            done += rows
            if on_progress is not None:
                on_progress(done, recipe.shape[0])
    finally:
        pool.shutdown(cancel_futures=True)


def _lay_out(stream: BinaryIO, recipe: ImageRecipe) -> int:
    """Write all but the images and their digests, which are zeros; the first byte of the images."""
    head = bytearray(_hdf5_head(recipe))
    for place in (0, TABLE - len(MARKER)):
        head[place : place + len(MARKER)] = MARKER
    head[TABLE : TABLE + DIGEST] = _head_digest(bytes(head), recipe)
    stream.truncate(0)
    _write(stream, 0, bytes(head))
    stream.truncate(len(head) + recipe.nbytes)
    return len(head)


def _hdf5_head(recipe: ImageRecipe) -> bytes:
    """What HDF5 writes before the images: to memory, as on a full disk it may end the process.

    The images take no memory: they are never written here.
    """
    free, memory = TABLE, io.BytesIO()
    while free < _table_end(recipe):
        free *= 2
    layout = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    layout.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
    layout.set_fill_time(h5py.h5d.FILL_TIME_NEVER)
    layout.set_obj_track_times(False)
    # Since version 1.8 the format has all of its own before the images, with check sums.
    with h5py.File(memory, "w", libver=("v108", "v108"), userblock_size=free) as file:
        shape = h5py.h5s.create_simple(recipe.shape)
        images = h5py.h5d.create(file.id, b"images", h5py.h5t.STD_U8LE, shape, layout)
        start = int(images.get_offset())
    assert len(memory.getvalue()) <= start  # nothing comes after the images
    return memory.getvalue().ljust(start, b"\0")


def _write(stream: BinaryIO, place: int, data: bytes | memoryview) -> None:
    try:
        stream.seek(place)
        stream.write(data)
        stream.flush()
    except OSError as error:
        reason = f"{error.strerror}: what was made is kept"
        raise OSError(error.errno, reason, stream.name) from error
