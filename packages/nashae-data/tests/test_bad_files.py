import io
import pickle
import struct
import tracemalloc
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest
from layouts import CASES

NPZ = ["dsprites-npz", "mpi3d", "saved-npz", "packed-npz"]
H5 = ["dsprites-h5", "3dshapes", "saved-h5", "packed-h5"]


class Payload:
    """Touches a file if it is unpickled."""

    def __init__(self, path: Path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


def members(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def rewrite(path: Path, content: dict[str, bytes]) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in content.items():
            archive.writestr(name, data)


def npy(array: np.ndarray, **options) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array, **options)
    return stream.getvalue()


@pytest.mark.parametrize("reader", [name for name in CASES if name != "small-norb"])
def test_a_truncated_foreign_or_missing_file_is_named(made, reader):
    path = made(reader)
    whole = path.read_bytes()
    for content in (whole[: len(whole) // 2], whole[:-30], whole[:10], b"", b"hello"):
        path.write_bytes(content)
        with pytest.raises(ValueError, match=rf"{path.name}.* cannot be read"):
            CASES[reader].read(path).observations[:]
    path.unlink()
    with pytest.raises(FileNotFoundError, match=path.name):
        CASES[reader].read(path)


@pytest.mark.parametrize("reader", NPZ)
def test_each_array_of_an_npz_file_must_be_there_once_and_plain(made, tmp_path, reader):
    path = made(reader)
    content = members(path)
    for name in content:
        if name in ("metadata.npy", "packing.npy"):
            continue
        key = name.removesuffix(".npy")
        rewrite(path, content | {name: npy(np.array([Payload(tmp_path / "ran")] * 3))})
        with pytest.raises(ValueError, match=f"{path.name} .*{key}.* pickled; got Object arrays"):
            CASES[reader].read(path)
        rewrite(path, content | {name: pickle.dumps(Payload(tmp_path / "ran"))})
        with pytest.raises(ValueError, match=f"{path.name} .*{key}"):
            CASES[reader].read(path)
        rewrite(path, {other: data for other, data in content.items() if other != name})
        with pytest.raises(ValueError, match=f"{path.name} .*must hold one array '{key}'; got 0"):
            CASES[reader].read(path)
        rewrite(path, content | {name: npy(np.zeros((2, 2), dtype="M8[s]"))})
        with pytest.raises(ValueError, match=f"{path.name} .*{key}.*must hold numbers or text"):
            CASES[reader].read(path)
        assert not (tmp_path / "ran").exists()


def test_the_payload_would_have_run(tmp_path):
    pickle.loads(pickle.dumps(Payload(tmp_path / "ran")))
    assert (tmp_path / "ran").exists()


def test_the_pickled_metadata_of_dsprites_is_never_loaded(made, tmp_path):
    path = made("dsprites-npz")
    content = members(path)
    rewrite(path, content | {"metadata.npy": npy(np.array(Payload(tmp_path / "ran")))})
    assert len(CASES["dsprites-npz"].read(path)) == 72
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("reader", NPZ)
def test_a_header_that_claims_too_much_is_refused_before_memory_is_taken(made, reader):
    path = made(reader)
    content = members(path)
    for name, data in content.items():
        if name in ("metadata.npy", "packing.npy"):
            continue
        text = b"{'descr': '|u1', 'fortran_order': False, 'shape': (1000000000000, 64, 64), }"
        header = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text
        for claim in (header, header.replace(b"|u1", b"<U0"), header.replace(b" 64,", b" 0,")):
            rewrite(path, content | {name: claim + data[128:]})
            tracemalloc.start()
            with pytest.raises(ValueError, match=path.name):
                CASES[reader].read(path)
            _, peak = tracemalloc.get_traced_memory()
            tracemalloc.stop()
            assert peak < 1e7


def test_a_zip_member_that_claims_too_much_is_refused(made):
    path = made("saved-npz")
    content = bytearray(path.read_bytes())
    central = content.index(b"PK\x01\x02")
    content[central + 20 : central + 28] = struct.pack("<II", 2**31, 2**31)
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"set.npz cannot be read: "):
        CASES["saved-npz"].read(path)


@pytest.mark.parametrize("reader", H5)
def test_each_array_of_an_hdf5_file_must_be_there_and_in_it(made, tmp_path, reader):
    path = made(reader)
    whole = path.read_bytes()
    with h5py.File(path) as file:
        keys: list[str] = []
        file.visititems(lambda name, what: keys.append(name) if hasattr(what, "shape") else None)
    (tmp_path / "other.h5").write_bytes(whole)
    for key in keys:
        if key == "packing":
            continue
        for change in ("missing", "soft", "external", "group", "huge", "objects", "longer"):
            path.write_bytes(whole)
            with h5py.File(path, "a") as file:
                shape, dtype = file[key].shape, file[key].dtype
                file.move(key, "elsewhere")
                if change == "soft":
                    file[key] = h5py.SoftLink("/elsewhere")
                elif change == "external":
                    file[key] = h5py.ExternalLink("other.h5", key)
                elif change == "group":
                    file.create_group(key)
                elif change == "huge":
                    file.create_dataset(key, (10**12, *shape[1:]), dtype, chunks=True)
                elif change == "objects":
                    file[key] = np.array(["a", "b"], dtype=object)
                elif change == "longer":
                    file[key] = np.zeros((2, *shape), dtype=np.uint8)
            with pytest.raises(ValueError, match=f"{path.name} cannot be read: .*"):
                CASES[reader].read(path)


@pytest.mark.parametrize(
    ("reader", "key", "column", "value", "message"),
    [
        ("dsprites-npz", "latents_values", 2, np.nan, "latents_values', .* 'scale', .*; got nan"),
        ("dsprites-npz", "latents_values", 4, 1.5, "'posX', must be .* in row 7; got 1.5"),
        ("dsprites-npz", "latents_classes", 1, 9, "latents_classes', .* 'shape', must .*; got 9"),
        ("dsprites-h5", "latents/values", 2, np.inf, "latents/values', .* 'scale', .*; got inf"),
        ("dsprites-h5", "latents/classes", 5, -1, "latents/classes', .* 'posY', must .*; got -1"),
        ("3dshapes", "labels", 3, np.nan, "labels', .* 'scale', must .*; got nan in row 7"),
        ("3dshapes", "labels", 5, 31.0, "must be from -30.0 to 30.0; got 31.0 in row 7"),
        ("3dshapes", "labels", 0, 0.5, "must be 0.0 in row 7; got 0.5: give rows in"),
        ("saved-npz", "values", 1, np.nan, "'duty_cycle' must be finite; got nan in row 3"),
        ("saved-h5", "factors", 1, 77, "'duty_cycle' must .* from 0 to 1, .*; got 0 to 77"),
    ],
)  # fmt: skip
def test_a_factor_out_of_range_is_named(made, reader, key, column, value, message):
    path = made(reader)
    row = 3 if reader.startswith("saved") else 7
    if path.suffix == ".npz":
        content = members(path)
        array = np.load(io.BytesIO(content[f"{key}.npy"]))
        array[row, column] = value
        rewrite(path, content | {f"{key}.npy": npy(array)})
    else:
        with h5py.File(path, "a") as file:
            file[key][row, column] = value
    with pytest.raises(ValueError, match=message) as caught:
        CASES[reader].read(path)
    assert path.name in str(caught.value)


def test_a_pixel_that_is_not_binary_is_named(made):
    path = made("dsprites-npz")
    content = members(path)
    imgs = np.load(io.BytesIO(content["imgs.npy"]))
    imgs[50, 3, 3] = 255
    rewrite(path, content | {"imgs.npy": npy(imgs)})
    with pytest.raises(ValueError, match=r"sprites.npz .*'imgs' must hold .*; got a pixel of 255"):
        CASES["dsprites-npz"].read(path)


def test_a_flipped_bit_of_the_images_is_found_by_its_check_sum(made):
    path = made("saved-npz")
    content = bytearray(path.read_bytes())
    content[5000] ^= 1
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"set.npz cannot be read: Bad CRC-32"):
        CASES["saved-npz"].read(path)
