"""Small files in the true formats of the published data sets, and readers for their sizes."""

import gzip
import io
import struct
import tarfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
import scipy.io

from nashae_data import (
    Dataset,
    PackedImages,
    Provenance,
    beamsynthesis,
    load_dataset,
    render_sprite,
    save_dataset,
)
from nashae_data.records.grids import grid
from nashae_data.sets import cars3d, mpi3d, norb, shapes3d
from nashae_data.sets.dsprites import published

SPRITE_LEVELS = (
    np.ones(1),
    np.arange(1.0, 4.0),
    np.array([0.5, 1.0]),
    np.array([0.0, 1.0]),
    np.array([0.0, 0.5, 1.0]),
    np.array([0.0, 1.0]),
)
ROOM_SIZES = (2, 1, 2, 3, 2, 2)
ROOM_LEVELS = (
    np.array([0.0, 0.9]),
    np.zeros(1),
    np.array([0.1, 0.2]),
    np.array([0.75, 1.0, 1.25]),
    np.array([0.0, 1.0]),
    np.array([-30.0, 30.0]),
)
ARM_SIZES = {8: (2, 1, 1, 1, 1, 2, 2), 12: (3, 1, 1, 1, 1, 2, 2)}
CAR_SIZES, CAR_IMAGE = (2, 3, 4), (6, 6, 3)
TOY_SIZES, TOY_SIDE = (2, 2, 2, 3, 2), 8


def random_images(*shape: int) -> np.ndarray:
    return np.random.default_rng(len(shape) + sum(shape)).integers(0, 256, shape, dtype=np.uint8)


# ---- dSprites ----


def sprite_arrays() -> dict[str, np.ndarray]:
    factors, values = grid(SPRITE_LEVELS)
    imgs = np.stack(
        [
            render_sprite(("square", "ellipse", "heart")[int(shape) - 1], *rest)
            for _, shape, *rest in values
        ]
    )
    return {"imgs": imgs, "latents_classes": factors, "latents_values": values}


def write_sprites_npz(path: Path) -> None:
    # The published file holds a pickle as well.
    metadata = np.array({"title": "dSprites dataset"}, dtype=object)
    np.savez_compressed(path, metadata=metadata, **sprite_arrays())


def write_sprites_h5(path: Path) -> None:
    arrays = sprite_arrays()
    with h5py.File(path, "w") as file:
        file.create_dataset("imgs", data=arrays["imgs"], chunks=(5, 32, 64), compression="gzip")
        file["latents/classes"] = arrays["latents_classes"]
        file["latents/values"] = arrays["latents_values"]


def read_sprites(path: Path) -> Dataset:
    return published.read_levels(path, SPRITE_LEVELS)


# ---- 3D Shapes ----


def write_rooms(path: Path) -> None:
    values = grid(ROOM_LEVELS)[1]
    with h5py.File(path, "w") as file:
        images = random_images(len(values), 64, 64, 3)
        file.create_dataset("images", data=images, chunks=(5, 32, 64, 3), compression="gzip")
        file["labels"] = values


def read_rooms(path: Path) -> Dataset:
    return shapes3d.read_sizes(path, ROOM_SIZES)


# ---- MPI3D ----


def write_arms(path: Path) -> None:
    np.savez(path, images=random_images(12, 64, 64, 3))


def read_arms(path: Path) -> Dataset:
    return mpi3d.read_sizes(path, ARM_SIZES)


# ---- Cars3D ----


def car_images() -> np.ndarray:
    """By car: (128, 128, 3, 24, 4) in the published files."""
    return random_images(CAR_SIZES[2], *CAR_IMAGE, CAR_SIZES[1], CAR_SIZES[0])


def mat(**arrays: np.ndarray) -> bytes:
    stream = io.BytesIO()
    scipy.io.savemat(stream, arrays, do_compression="packed" not in arrays)
    return stream.getvalue()


def car_files() -> dict[str, bytes]:
    cars = {f"data/cars/{at:03d}_mesh.mat": mat(im=im) for at, im in enumerate(car_images())}
    # Not in order, and with other things beside them, as in the published archive.
    others = {"data/cars/list.txt": b"000_mesh\n", "data/sprites/a.mat": mat(im=np.zeros(3))}
    return dict(reversed((cars | others).items()))


def write_cars(path: Path, files: dict[str, bytes] | None = None) -> None:
    with tarfile.open(path, "w:gz") as archive:
        for name, content in (car_files() if files is None else files).items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))


def read_cars(path: Path) -> Dataset:
    return cars3d.read_sizes(path, CAR_SIZES, CAR_IMAGE)


# ---- smallNORB ----


def norb_file(array: np.ndarray) -> bytes:
    magic = {"uint8": 0x1E3D4C55, "int32": 0x1E3D4C54}[array.dtype.name]
    sizes = [*array.shape, 1, 1][: max(3, array.ndim)]
    return struct.pack(f"<{2 + len(sizes)}i", magic, array.ndim, *sizes) + array.tobytes()


def toy_arrays(part: str) -> dict[str, np.ndarray]:
    labels = grid([np.arange(float(size)) for size in TOY_SIZES])[0].astype(np.int32)
    labels = np.random.default_rng(len(part)).permutation(labels)
    labels[:, 1] = np.array({"training": (4, 6), "testing": (0, 1)}[part])[labels[:, 1]]
    labels[:, 3] *= 2  # azimuths are stored as 0, 2, 4, ...
    number = len(labels)
    return {
        "dat": random_images(number, 2, TOY_SIDE, TOY_SIDE) ^ np.uint8(len(part)),
        "cat": labels[:, 0].copy(),
        "info": labels[:, 1:].copy(),
    }


TOY_FILES = {"training": "smallnorb-5x46789x9x18x6x2x96x96-training-{}.mat", "testing": (
    "smallnorb-5x01235x9x18x6x2x96x96-testing-{}.mat")}  # fmt: skip


def write_toys(folder: Path, packed: bool = True) -> None:
    folder.mkdir(exist_ok=True)
    for part, name in TOY_FILES.items():
        for kind, array in toy_arrays(part).items():
            content = norb_file(array)
            if packed:
                (folder / (name.format(kind) + ".gz")).write_bytes(gzip.compress(content, mtime=0))
            else:
                (folder / name.format(kind)).write_bytes(content)


def read_toys(folder: Path, part: str = "both", camera: int = 0) -> Dataset:
    return norb.read_sizes(folder, norb.PARTS[part], camera, TOY_SIZES, TOY_SIDE)


# ---- ours ----


def few_waveforms() -> Dataset:
    return beamsynthesis(frequencies=(12.5, 40), duty_cycles=(0.1, 0.333))


def few_sprites() -> Dataset:
    arrays = sprite_arrays()
    return Dataset(
        PackedImages(np.packbits(arrays["imgs"], axis=-1)),
        arrays["latents_classes"],
        arrays["latents_values"],
        ("color", "shape", "scale", "orientation", "posX", "posY"),
        tuple(len(level) for level in SPRITE_LEVELS),
        Provenance("a small grid"),
    )


@dataclass(frozen=True)
class Case:
    """A reader: the name of its file or folder, what writes a true one and what reads it."""

    name: str
    write: Callable[[Path], None]
    read: Callable[[Path], Dataset]


CASES = {
    "dsprites-npz": Case("sprites.npz", write_sprites_npz, read_sprites),
    "dsprites-h5": Case("sprites.h5", write_sprites_h5, read_sprites),
    "3dshapes": Case("3dshapes.h5", write_rooms, read_rooms),
    "mpi3d": Case("mpi3d_toy.npz", write_arms, read_arms),
    "cars3d": Case("cars.tar.gz", write_cars, read_cars),
    "small-norb": Case("norb", write_toys, read_toys),
    "beamsynthesis": Case(
        "waves.zip", lambda path: save_dataset(few_waveforms(), path), load_dataset
    ),
    "saved-npz": Case("set.npz", lambda path: save_dataset(few_waveforms(), path), load_dataset),
    "saved-h5": Case("set.h5", lambda path: save_dataset(few_waveforms(), path), load_dataset),
    "packed-npz": Case("bits.npz", lambda path: save_dataset(few_sprites(), path), load_dataset),
    "packed-h5": Case("bits.h5", lambda path: save_dataset(few_sprites(), path), load_dataset),
}
