import tracemalloc

import h5py
import layouts
import numpy as np
import pytest
from layouts import CASES

import nashae_data
from nashae_data import DiskImages, PackedImages
from nashae_data.records.grids import grid
from nashae_data.sets import mpi3d
from nashae_data.sets.dsprites import published as sprite_files


@pytest.mark.parametrize("reader", ["dsprites-npz", "dsprites-h5"])
def test_dsprites_come_back_packed_with_the_values_of_the_file(made, reader):
    path, arrays = made(reader), layouts.sprite_arrays()
    found = CASES[reader].read(path)
    assert isinstance(found.observations, PackedImages)
    np.testing.assert_array_equal(found.observations[:], arrays["imgs"])
    np.testing.assert_array_equal(found.factors, arrays["latents_classes"])
    np.testing.assert_array_equal(found.values, arrays["latents_values"])
    assert found.names == ("color", "shape", "scale", "orientation", "posX", "posY")
    assert found.sizes == (1, 3, 2, 2, 3, 2)
    assert found.provenance.source == f"file {path.name}"
    assert len(found.provenance.sha256) == 64


def test_dsprites_are_never_unpacked_whole(tmp_path, monkeypatch):
    levels = (*layouts.SPRITE_LEVELS[:4], np.linspace(0, 1, 32), np.linspace(0, 1, 8))
    factors, values = grid(levels)
    imgs = np.zeros((len(factors), 64, 64), dtype=np.uint8)  # 12.6 MB
    np.savez_compressed(
        tmp_path / "a.npz", imgs=imgs, latents_classes=factors, latents_values=values
    )
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("imgs", data=imgs, compression="gzip")
        file["latents/classes"], file["latents/values"] = factors, values
    monkeypatch.setattr(sprite_files, "ROWS", 64)
    del imgs
    for name in ("a.npz", "a.h5"):
        tracemalloc.start()
        found = sprite_files.read_levels(tmp_path / name, levels)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < 2 * found.observations.packed.nbytes + 3e6


def test_3dshapes_come_back_and_stay_on_disk(made):
    path = made("3dshapes")
    found = CASES["3dshapes"].read(path)
    with h5py.File(path) as file:
        images, labels = file["images"][()], file["labels"][()]
    with found.observations as observations:
        assert isinstance(observations, DiskImages)
        np.testing.assert_array_equal(np.asarray(observations), images)
    np.testing.assert_array_equal(found.values, labels)
    np.testing.assert_array_equal(found.factors, grid(layouts.ROOM_LEVELS)[0])
    assert found.names == (
        "floor_hue", "wall_hue", "object_hue", "scale", "shape", "orientation",
    )  # fmt: skip
    assert found.sizes == layouts.ROOM_SIZES


def test_mpi3d_is_mapped_and_its_grid_inferred_from_the_count(tmp_path, made):
    path = made("mpi3d")
    found = CASES["mpi3d"].read(path)
    images = np.load(path)["images"]
    assert isinstance(found.observations._array, np.memmap)
    np.testing.assert_array_equal(found.observations[:], images)
    assert found.sizes == (3, 1, 1, 1, 1, 2, 2)
    np.testing.assert_array_equal(found.factors[5], [1, 0, 0, 0, 0, 0, 1])
    np.testing.assert_array_equal(found.values, found.factors)
    np.savez(path, images=images[:8])
    assert CASES["mpi3d"].read(path).sizes == (2, 1, 1, 1, 1, 2, 2)
    np.save(tmp_path / "alone.npy", images)
    np.testing.assert_array_equal(
        CASES["mpi3d"].read(tmp_path / "alone.npy").observations[:], images
    )


def test_compressed_mpi3d_is_unpacked_once_to_a_file_of_the_users_choice(tmp_path):
    images, path = layouts.random_images(12, 64, 64, 3), tmp_path / "mpi3d.npz"
    np.savez_compressed(path, images=images)
    with pytest.raises(ValueError, match=r"mpi3d.npz cannot be read: 'images' must be stored .*"):
        layouts.read_arms(path)
    unpacked = tmp_path / "images.npy"
    found = mpi3d.read_sizes(path, layouts.ARM_SIZES, unpacked)
    np.testing.assert_array_equal(found.observations[:], images)
    np.testing.assert_array_equal(np.load(unpacked, mmap_mode="r"), images)
    np.testing.assert_array_equal(layouts.read_arms(unpacked).observations[:], images)
    with pytest.raises(ValueError, match=r"unpack_to must be a .npy file; got .*images.txt"):
        mpi3d.read_sizes(path, layouts.ARM_SIZES, tmp_path / "images.txt")
    assert sorted(file.name for file in tmp_path.iterdir()) == ["images.npy", "mpi3d.npz"]


@pytest.mark.parametrize("packed", [False, True])
def test_cars3d_come_back_by_elevation_azimuth_and_name(tmp_path, packed):
    cars = layouts.car_images()
    files = layouts.car_files()
    if packed is False:  # as MATLAB's -v6 writes
        plain = {f"data/cars/{at:03d}_mesh.mat": car for at, car in enumerate(cars)}
        files = {name: layouts.mat(packed=np.zeros(2), im=car) for name, car in plain.items()}
    path = tmp_path / "cars.tar.gz"
    layouts.write_cars(path, files)
    found = layouts.read_cars(path)
    assert (found.names, found.sizes) == (("elevation", "azimuth", "object"), (2, 3, 4))
    for row, (elevation, azimuth, car) in enumerate(found.factors):
        np.testing.assert_array_equal(found.observations[row], cars[car, ..., azimuth, elevation])


@pytest.mark.parametrize("packed", [False, True])
def test_small_norb_comes_back_in_degrees(tmp_path, packed):
    layouts.write_toys(tmp_path / "norb", packed)
    both = layouts.read_toys(tmp_path / "norb")
    assert both.names == ("category", "instance", "elevation", "azimuth", "lighting")
    assert both.sizes == (2, 4, 2, 3, 2)
    assert len(both) == 96
    for camera in (0, 1):
        for part in ("training", "testing"):
            arrays = layouts.toy_arrays(part)
            found = layouts.read_toys(tmp_path / "norb", part, camera)
            np.testing.assert_array_equal(found.observations, arrays["dat"][:, camera])
            np.testing.assert_array_equal(found.values[:, 0], arrays["cat"])
            stored = arrays["info"]
            np.testing.assert_array_equal(found.values[:, 1], stored[:, 0])
            np.testing.assert_array_equal(found.values[:, 2], 30 + 5 * stored[:, 1])
            np.testing.assert_array_equal(found.values[:, 3], 10 * stored[:, 2])
            np.testing.assert_array_equal(found.factors[:, 3], stored[:, 2] // 2)
            assert found.sizes == (2, 2, 2, 3, 2)
    assert {*both.values[:48, 1]} == {4.0, 6.0}  # training first
    assert {*both.factors[:48, 1]} == {2, 3}


def test_the_public_readers_want_the_published_counts(made):
    for name, reader in [
        ("read_dsprites", "dsprites-npz"),
        ("read_dsprites", "dsprites-h5"),
        ("read_3dshapes", "3dshapes"),
        ("read_mpi3d", "mpi3d"),
        ("read_cars3d", "cars3d"),
        ("read_small_norb", "small-norb"),
    ]:
        path = made(reader)
        counts = r"737280|480000|460800.*1036800|must hold 183|24300"
        with pytest.raises(ValueError, match=counts) as caught:
            getattr(nashae_data, name)(path)
        assert path.name in str(caught.value)
