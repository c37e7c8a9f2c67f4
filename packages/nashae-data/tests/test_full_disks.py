"""What a full disk or a killed process leaves, for everything that the package writes."""

import re
import resource
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from celeba_trees import write_tree
from layouts import random_images

from nashae_data import (
    Dataset,
    PackedImages,
    Provenance,
    beamsynthesis,
    celeba,
    save_dataset,
    write_celeba_tree,
)
from nashae_data.files.atomic import atomic_file, atomic_folder
from nashae_data.sets import mpi3d
from nashae_data.sheet import write_png


@contextmanager
def room(size: int):
    """Files may have `size` bytes: more is an error of the system, as on a full disk."""
    old = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, old[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, old)


def images() -> Dataset:
    packed, zeros = random_images(500, 16, 2), np.zeros((500, 1), np.int64)
    made = Provenance("made")
    return Dataset(PackedImages(packed), zeros, zeros * 1.0, ("one",), (1,), made)


def waves() -> Dataset:
    return beamsynthesis((10, 20), (0.3, 0.5))


def saving(make):
    return lambda folder, name, size: saved(make(), folder / name, size)


def saved(dataset: Dataset, path: Path, size: int) -> None:
    with room(size):
        save_dataset(dataset, path)


def unpack(folder: Path, name: str, size: int) -> None:
    np.savez_compressed(folder / "source.npz", images=random_images(12, 64, 64, 3))
    with room(size):
        mpi3d.read_sizes(folder / "source.npz", {12: (3, 1, 1, 1, 1, 2, 2)}, folder / name)


def cache(folder: Path, name: str, size: int) -> None:
    pytest.importorskip("filelock")
    tree = write_tree(folder / "tree")
    with room(size):
        celeba(tree, cache=folder / name)


def faces(folder: Path, name: str, size: int) -> None:
    with room(size):
        write_celeba_tree(folder / name, 2, np.random.default_rng(0))


def picture(folder: Path, name: str, size: int) -> None:
    with room(size):
        write_png(random_images(64, 64), folder / name)


WRITERS = {
    "set.npz": saving(waves),
    "set.h5": saving(waves),
    "set.zip": saving(waves),
    "set": saving(waves),
    "bits.npz": saving(images),
    "bits.h5": saving(images),
    "unpacked.npy": unpack,
    "cache.h5": cache,
    "faces": faces,
    "sheet.png": picture,
}


@pytest.mark.parametrize("size", [0, 1000, 2500])
@pytest.mark.parametrize("name", WRITERS)
def test_where_there_is_no_room_the_message_names_the_file(name, size, tmp_path):
    pytest.importorskip("PIL")
    with pytest.raises(OSError, match=re.escape(name)) as caught:
        WRITERS[name](tmp_path, name, size)
    shown = str(caught.value)
    assert "too large" in shown
    # The temporary name would say nothing: it is removed.
    assert not re.search(rf"\.[0-9a-f-]+-{re.escape(name)}", shown), shown
    assert not (tmp_path / name).exists()
    left = {file.name for file in tmp_path.iterdir()} - {"source.npz", "tree"}
    assert left <= {".cache.h5.part", ".cache.h5.lock"}


# A child that is killed while it writes, beside one that goes on.
WRITING = """
import sys, time
from pathlib import Path
from nashae_data.files.atomic import atomic_file, atomic_folder

path = Path(sys.argv[2])
with {"file": atomic_file, "folder": atomic_folder}[sys.argv[1]](path) as temporary:
    if sys.argv[1] == "folder":
        (temporary / "part").write_bytes(b"half")
    else:
        temporary.write_bytes(b"half")
    print("writing", flush=True)
    sys.stdin.read()
"""


def test_a_name_may_be_as_long_as_the_system_has_room_for(tmp_path):
    for name in ("n" * 250 + ".npz", "größe" * 35 + ".h5"):
        save_dataset(waves(), tmp_path / name)
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_what_a_killed_process_left_goes_at_the_next_write_and_no_other(kind, tmp_path):
    path = tmp_path / "a.b-[1]"  # all of it stands for itself
    command = [sys.executable, "-c", WRITING, kind]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    asked = [path, path, tmp_path / "other"]
    children = [subprocess.Popen([*command, str(at)], **pipes) for at in asked]
    try:
        for child in children:
            assert child.stdout.readline() == b"writing\n"
        for child in (children[0], children[2]):
            child.kill()
            child.wait()
        mine = {".0a1b2c3d-a.b-[1]", ".hidden", ".01234567-1-01234567-a.b-[1]", "x-a.b-[1]"}
        for name in mine:
            (tmp_path / name).write_bytes(b"mine")
        assert len(list(tmp_path.iterdir())) == 3 + len(mine)
        if kind == "file":
            with atomic_file(path) as temporary:
                temporary.write_bytes(b"whole")
        else:
            with atomic_folder(path) as temporary:
                (temporary / "part").write_bytes(b"whole")
        left = {file.name for file in tmp_path.iterdir()} - mine - {path.name}
        # One that still writes, and one that was written to another path.
        assert sorted(name.split("-")[1] for name in left) == sorted(
            str(child.pid) for child in children[1:]
        )
        assert all((tmp_path / name).read_bytes() == b"mine" for name in mine)
    finally:
        for child in children:
            child.kill()
            child.communicate()
