import errno
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest

from nashae_data.observations import cache as image_cache
from nashae_data.observations.cache import ImageRecipe, cached_images

SHAPE = (7, 8, 8, 3)


def image(row: int) -> np.ndarray:
    return np.random.default_rng(row).integers(0, 256, SHAPE[1:], dtype=np.uint8)


IMAGES = np.stack([image(row) for row in range(SHAPE[0])])


def recipe(**changed) -> ImageRecipe:
    fields = {"shape": SHAPE, "source": "numbered noise", "make": image, "block": 2}
    return ImageRecipe(**(fields | changed))


def counting(made: list[int]) -> ImageRecipe:
    def make(row: int) -> np.ndarray:
        made.append(row)
        return image(row)

    return recipe(make=make)


@pytest.fixture
def path(tmp_path) -> Path:
    return tmp_path / "kept.h5"


@pytest.fixture
def whole(path) -> bytes:
    """What a finished file holds; it is at `path`."""
    cached_images(path, recipe(), None)
    return path.read_bytes()


def check_is_whole(path: Path) -> None:
    """What others read; the bytes before it may hold the time where HDF5 is old."""
    with h5py.File(path) as file:
        np.testing.assert_array_equal(file["images"][:], IMAGES)


# ---- a file that is right ----


def test_the_images_are_what_was_made_and_made_once(path):
    made: list[int] = []
    for _ in range(2):
        found = cached_images(path, counting(made), None)
        np.testing.assert_array_equal(found[:], IMAGES)
        np.testing.assert_array_equal(found[np.array([5, 0, 5])], IMAGES[[5, 0, 5]])
        assert sorted(made) == list(range(7))
    with pytest.raises(ValueError, match="read-only"):
        np.asarray(found._array)[0] = 0


def test_hdf5_finds_the_same_images_and_no_more(path, whole):
    check_is_whole(path)
    with h5py.File(path) as file:
        assert list(file) == ["images"]


def test_others_may_read_it_at_once(path, whole):
    code = f"import h5py; print(h5py.File({str(path)!r})['images'][3].sum())"
    mine = cached_images(path, recipe(), None)
    with h5py.File(path) as file:
        ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
        assert ran.stdout == f"{IMAGES[3].sum()}\n", ran.stderr
        np.testing.assert_array_equal(file["images"][3], mine[3])


def test_nothing_is_left_beside_it_but_the_lock(path, whole):
    assert {file.name for file in path.parent.iterdir()} <= {"kept.h5", ".kept.h5.lock"}


@pytest.mark.parametrize("rows", [1, 2, 3, 100])
@pytest.mark.parametrize("block", [1, 3, 1000])
def test_any_number_of_images_in_blocks_of_any_size(path, rows, block):
    wanted = np.stack([image(row) for row in range(rows)])
    for _ in range(2):
        found = cached_images(path, recipe(shape=(rows, *SHAPE[1:]), block=block), None)
        np.testing.assert_array_equal(found[:], wanted)
    with h5py.File(path) as file:
        np.testing.assert_array_equal(file["images"][:], wanted)


def test_progress_counts_images_block_by_block(path):
    calls: list[tuple[int, int]] = []
    cached_images(path, recipe(), lambda done, total: calls.append((done, total)))
    assert calls == [(2, 7), (4, 7), (6, 7), (7, 7)]


# ---- a file that is wrong ----


def test_no_flipped_bit_is_believed(path, whole):
    # Of what is ours each byte, of HDF5's and of the images each fifth.
    for place in {*range(30), *range(480, 680), *range(0, len(whole), 5)}:
        content = bytearray(whole)
        content[place] ^= 1 << place % 8
        path.write_bytes(content)
        assert image_cache._open(path, recipe()) is None


def test_no_other_length_is_believed(path, whole):
    for length in range(0, len(whole), 7):
        path.write_bytes(whole[:length])
        assert image_cache._open(path, recipe()) is None
    path.write_bytes(whole + b"\0")
    assert image_cache._open(path, recipe()) is None


@pytest.mark.parametrize("place", [0, 100, 513, 600, 1200, -1])
def test_a_damaged_file_is_made_anew(path, whole, place):
    content = bytearray(whole)
    content[place] ^= 255
    path.write_bytes(content)
    np.testing.assert_array_equal(cached_images(path, recipe(), None)[:], IMAGES)
    check_is_whole(path)


def test_a_file_of_another_recipe_is_not_believed(path, whole):
    other = {
        "source": {"source": "other noise"},
        "block": {"block": 3},
        "shape": {"shape": (7, 8, 4, 6), "make": lambda row: image(row).reshape(8, 4, 6)},
        "rows": {"shape": (6, 8, 8, 3)},
    }
    for changed in other.values():
        path.write_bytes(whole)
        assert image_cache._open(path, recipe(**changed)) is None
        found = cached_images(path, recipe(**changed), None)
        np.testing.assert_array_equal(found[0].ravel(), IMAGES[0].ravel())
        assert path.read_bytes() != whole


def foreign_hdf5() -> bytes:
    stream = io.BytesIO()
    with h5py.File(stream, "w") as file:
        file["images"] = IMAGES
    return stream.getvalue()


@pytest.mark.parametrize("content", [b"my notes", bytes(10_000), foreign_hdf5()])
def test_a_file_of_others_is_left_as_it_is(path, content):
    path.write_bytes(content)
    with pytest.raises(
        ValueError, match=r"must be a cache .* that this package made; got .*kept.h5"
    ):
        cached_images(path, recipe(), None)
    assert path.read_bytes() == content


def test_a_folder_at_its_place_is_an_os_error(path):
    path.mkdir()
    with pytest.raises(OSError, match=r"kept.h5"):
        cached_images(path, recipe(), None)


def test_randomly_damaged_files_are_made_anew_or_refused(path, whole):
    from fuzz import damage

    part = path.with_name(".kept.h5.part")
    refused = 0
    for number in range(300):
        content = damage(whole, np.random.default_rng(number))
        path.unlink(missing_ok=True)
        (path if number % 2 else part).write_bytes(content)
        try:
            found = cached_images(path, recipe(), None)
        except ValueError:
            refused += 1
        else:
            np.testing.assert_array_equal(found[:], IMAGES)
            check_is_whole(path)
    assert refused < 60  # where the first 512 bytes are no longer like ours


# ---- a file that is being made ----


def test_an_error_passes_through_and_what_was_made_is_kept(path, whole):
    path.unlink()

    def make(row: int) -> np.ndarray:
        if row in (4, 6):
            raise ValueError(f"image {row} is bad")
        return image(row)

    for _ in range(5):
        with pytest.raises(ValueError, match="image 4 is bad"):  # the first, on any machine
            cached_images(path, recipe(make=make), None)
        assert not path.exists()
    made: list[int] = []
    cached_images(path, counting(made), None)
    assert {0, 1, 2, 3}.isdisjoint(made)
    check_is_whole(path)


def test_damage_in_an_unfinished_file_costs_one_block(path, whole):
    path.unlink()
    content = bytearray(whole)
    content[-3 * 8 * 8 * 3] ^= 1  # in image 4
    path.with_name(".kept.h5.part").write_bytes(content)
    made: list[int] = []
    cached_images(path, counting(made), None)
    assert sorted(made) == [4, 5]
    check_is_whole(path)


class FullDisk(io.BufferedRandom):
    """A file on a disk that has room for `left` more bytes."""

    left = 0

    def write(self, data) -> int:
        size = memoryview(data).nbytes
        if size > FullDisk.left:
            super().write(bytes(memoryview(data).cast("B"))[: FullDisk.left])
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        FullDisk.left -= size
        return super().write(data)


def test_a_full_disk_is_an_os_error_and_what_was_made_is_kept(path, whole, monkeypatch):
    plain, fewer = Path.open, 0

    def opened(self, mode="r", *rest, **named):
        return FullDisk(io.FileIO(self, "r+")) if mode == "r+b" else plain(self, mode, *rest)

    for room in range(0, len(whole) + 4 * 32, 100):
        for file in path.parent.iterdir():
            file.unlink()
        FullDisk.left = room
        with monkeypatch.context() as patch:
            patch.setattr(Path, "open", opened)
            with pytest.raises(OSError, match=r"No space left on device.*kept.h5.part"):
                cached_images(path, recipe(), None)
        assert not path.exists()
        made: list[int] = []
        np.testing.assert_array_equal(cached_images(path, counting(made), None)[:], IMAGES)
        check_is_whole(path)
        fewer += len(made) < 7
    assert fewer > 5


def test_a_disk_that_does_not_keep_what_is_written_is_named(path, monkeypatch):
    write = image_cache._write

    def forget(stream, place, data) -> None:
        if len(data) != 1:  # the last block has one image
            write(stream, place, data)

    monkeypatch.setattr(image_cache, "_write", forget)
    with pytest.raises(OSError, match=r"kept.h5 must hold what was written to it"):
        cached_images(path, recipe(), None)


TWO = """
import os, sys
import numpy as np
from pathlib import Path
from nashae_data.observations.cache import ImageRecipe, cached_images

reading, writing = os.pipe()

def make(row):
    os.read(reading, 1)  # comes back when every process has begun
    with open(sys.argv[2], "ab", 0) as made:
        made.write(b".")
    return np.full((8, 8, 3), row, np.uint8)

children = []
for _ in range(3):
    child = os.fork()
    if child == 0:
        os.close(writing)
        found = cached_images(Path(sys.argv[1]), ImageRecipe((50, 8, 8, 3), "rows", make, 4), None)
        os._exit(int(not (found[:, 0, 0, 0] == np.arange(50)).all()))
    children.append(child)
os.close(writing)
sys.exit(sum(os.waitpid(child, 0)[1] for child in children))
"""

KILLS = """
import json, os, random, signal, sys
from pathlib import Path
from nashae_data.observations import cache as image_cache
from nashae_data.sets.celeba.folder import read_tree

root, cache = Path(sys.argv[1]), Path(sys.argv[2])
part = cache.with_name("." + cache.name + ".part")
rng, kills, resumed, write = random.Random(0), 0, 0, image_cache._write

def build():
    read_tree(root, cache, None, 1)

def killed(left):
    def half(stream, place, data):
        nonlocal left
        left -= 1
        if left < 0:
            write(stream, place, bytes(data)[: rng.randrange(len(bytes(data)) + 1)])
            stream.flush()
            os.kill(os.getpid(), signal.SIGKILL)
        write(stream, place, data)
    return half

while kills < 20:
    before = part.exists() and any(part.read_bytes()[544:1000])
    # After a drawn number of writes, and a part of the next.
    moment = rng.randrange(24)
    child = os.fork()
    if child == 0:
        image_cache._write = killed(moment)
        build()
        os._exit(0)
    if os.WIFSIGNALED(os.waitpid(child, 0)[1]):
        kills, resumed = kills + 1, resumed + before
    if cache.exists():
        cache.unlink()
build()
print(json.dumps({"kills": kills, "resumed": resumed}))
"""


def run(code: str, *arguments: Path) -> str:
    command = [sys.executable, "-c", code, *map(str, arguments)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the processes are forked")
def test_of_processes_that_want_it_one_makes_it_and_the_others_wait(path):
    made = path.with_name("made")
    run(TWO, path, made)
    assert len(made.read_bytes()) == 50


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the processes are forked")
def test_killed_twenty_times_it_is_as_if_it_had_never_been_cut_off(tmp_path):
    from celeba_trees import write_tree

    from nashae_data.sets.celeba.folder import read_tree

    root = write_tree(tmp_path / "tree", n=40)
    found = json.loads(run(KILLS, root, tmp_path / "killed.h5"))
    assert found["kills"] == 20
    assert found["resumed"] > 0  # the kills did not all come too early
    whole = tmp_path / "whole.h5"
    read_tree(root, whole, None, 1)
    with h5py.File(tmp_path / "killed.h5") as killed, h5py.File(whole) as uninterrupted:
        np.testing.assert_array_equal(killed["images"][:], uninterrupted["images"][:])
    assert not list(tmp_path.glob(".*.part"))
