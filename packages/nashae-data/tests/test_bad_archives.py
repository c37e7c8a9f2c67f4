import tarfile

import layouts
import numpy as np
import pytest

import nashae_data
from nashae_data.sets import norb


@pytest.mark.parametrize(
    ("im", "message"),
    [
        (None, r"000_mesh.mat' cannot be read: it must hold an array 'im'"),
        (np.zeros((6, 6, 3, 3, 3), dtype=np.uint8), r"must .*; got \(6, 6, 3, 3, 3\) of class 9"),
        (np.zeros((6, 6, 3, 3, 2)), r"must be \(6, 6, 3, 3, 2\) uint8; got .* of class 6"),
        (np.array([{"a": 1}], dtype=object), r"'im' must .*; got \(1, 1\) of class 1"),
        ("text", r"got \(1, 4\) of class 4"),
        (b"no MATLAB file" * 20, "it must be a MATLAB 5 file"),
    ],
)  # fmt: skip
def test_a_car_of_another_kind_is_named(tmp_path, im, message):
    files = layouts.car_files()
    name = "data/cars/000_mesh.mat"
    files[name] = (
        im
        if isinstance(im, bytes)
        else layouts.mat(**({"x": np.zeros(2)} if im is None else {"im": im}))
    )
    layouts.write_cars(tmp_path / "cars.tar.gz", files)
    with pytest.raises(ValueError, match=r"cars.tar.gz .*" + message):
        layouts.read_cars(tmp_path / "cars.tar.gz")


def test_a_car_too_many_twice_or_too_large_is_refused(tmp_path):
    path, files = tmp_path / "cars.tar.gz", layouts.car_files()
    layouts.write_cars(path, files | {"data/cars/zzz.mat": files["data/cars/000_mesh.mat"]})
    with pytest.raises(ValueError, match=r"must hold 4 files data/cars/\*.mat; got 5"):
        layouts.read_cars(path)
    layouts.write_cars(path, files | {"data/cars/000_mesh.mat": bytes(10**6)})
    with pytest.raises(ValueError, match=r"000_mesh.mat must have at most \d+ bytes; got 1000000"):
        layouts.read_cars(path)
    del files["data/cars/003_mesh.mat"]
    layouts.write_cars(path, files | {"./data/cars/000_mesh.mat": files["data/cars/001_mesh.mat"]})
    with pytest.raises(ValueError, match=r"must hold 4 files data/cars/\*.mat; got 4"):
        layouts.read_cars(path)
    with tarfile.open(path, "w:gz") as archive:
        link = tarfile.TarInfo("data/cars/000_mesh.mat")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    with pytest.raises(ValueError, match=r"must hold 4 files .*; got 0"):
        layouts.read_cars(path)


def test_bad_norb_files_are_named(tmp_path):
    folder = tmp_path / "norb"
    layouts.write_toys(folder, packed=False)
    name = layouts.TOY_FILES["training"]
    arrays = layouts.toy_arrays("training")
    info = arrays["info"]
    for kind, content, message in [
        ("dat", layouts.norb_file(arrays["dat"])[:-1], "it is truncated"),
        ("dat", layouts.norb_file(arrays["dat"]) + b"x", "longer than its header says"),
        ("dat", b"", "cannot be read"),
        ("dat", layouts.norb_file(arrays["dat"][:5]), r"must .*; got \(5, 2, 8, 8\)"),
        ("cat", layouts.norb_file(arrays["dat"]), "got type 0x1e3d4c55 and 4 axes"),
        ("cat", layouts.norb_file(arrays["cat"] + 5), "must be from 0 to 4; got . in row ."),
        ("info", layouts.norb_file(info * np.int32(-1)), "must be from 0 to 9; got -. in row 0"),
        ("info", layouts.norb_file(np.repeat(info[:1], len(info), 0)), "must have .* classes"),
        ("info", layouts.norb_file(np.roll(info, 1, axis=0)), "each combination once; got"),
    ]:  # fmt: skip
        layouts.write_toys(folder, packed=False)
        (folder / name.format(kind)).write_bytes(content)
        with pytest.raises(ValueError, match=message) as caught:
            layouts.read_toys(folder)
        assert "norb" in str(caught.value)
    layouts.write_toys(folder, packed=True)
    with pytest.raises(ValueError, match=r"got .*dat.mat and .*dat.mat.gz: keep one"):
        layouts.read_toys(folder)
    with pytest.raises(FileNotFoundError, match=r"must hold \*-training-dat.mat or .mat.gz"):
        nashae_data.read_small_norb(tmp_path)
    with pytest.raises(ValueError, match="part must be one of training, testing, both; got 'all'"):
        norb.read_small_norb.__wrapped__(folder, part="all")
