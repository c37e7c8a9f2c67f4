import gc
from pathlib import Path

import h5py
import jaxtyping
import numpy as np
import pytest
from layouts import CASES


@pytest.mark.parametrize("reader", ["3dshapes", "mpi3d"])
def test_any_order_of_integers_gives_the_rows_of_an_array(made, reader):
    found = CASES[reader].read(made(reader)).observations
    whole = found[:]
    for index in (
        0, -1, np.int64(3), slice(2, 7), slice(None, None, -2), slice(5, 2), slice(-3, None),
        np.array([3, 1, 1, -1, 4]), np.array([[2, 0], [0, 2]]), np.array([], dtype=np.int64),
        np.array([7], dtype=np.uint8),
    ):  # fmt: skip
        np.testing.assert_array_equal(found[index], whole[index])
    assert found.shape == whole.shape
    assert found.dtype == np.uint8
    found[0][:] = 0  # a copy: the file stays as it is
    np.testing.assert_array_equal(found[0], whole[0])


@pytest.mark.parametrize("reader", ["3dshapes", "mpi3d"])
def test_a_bad_index_names_file_and_key(made, monkeypatch, reader):
    path = made(reader)
    found = CASES[reader].read(path).observations
    key = "images"
    for index in (len(found), -len(found) - 1, np.array([0, 10**12]), np.array([2**64 - 1])):
        with pytest.raises(IndexError, match=f"out of range: .*{path.name} '{key}' holds"):
            found[index]
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)  # it would refuse first
    for index in (np.zeros(len(found), dtype=bool), True, (0, 1), np.array([0.0]), None):
        with pytest.raises(IndexError, match=f"{path.name} '{key}' must be indexed by an integer"):
            found[index]


@pytest.mark.parametrize("reader", ["3dshapes", "mpi3d"])
def test_a_closed_file_says_so_and_is_let_go(made, reader):
    path = made(reader)
    found = CASES[reader].read(path)
    found.observations.close()
    found.observations.close()
    with pytest.raises(ValueError, match=f"{path.name} 'images' must be open; got a closed"):
        found.observations[0]
    assert found.observations.shape == (len(found.factors), 64, 64, 3)
    again = CASES[reader].read(path)
    del again
    gc.collect()
    open_files = {str(link.resolve()) for link in Path("/proc/self/fd").glob("*")}
    assert str(path) not in open_files


def test_damage_that_is_met_later_names_the_file_and_the_key(made):
    path = made("3dshapes")
    content = bytearray(path.read_bytes())
    with h5py.File(path) as file:
        chunk = file["images"].id.get_chunk_info(3)
    content[chunk.byte_offset + 20 : chunk.byte_offset + 60] = bytes(40)
    path.write_bytes(content)
    found = CASES["3dshapes"].read(path)
    with pytest.raises(ValueError, match=r"3dshapes.h5 'images' cannot be read"):
        found.observations[:]
