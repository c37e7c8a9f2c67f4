import errno

import pytest

from nashae_data import atomic_file
from nashae_data.files.atomic import atomic_folder


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space left"), KeyboardInterrupt()])
def test_half_a_file_is_removed(tmp_path, error):
    def write():
        with atomic_file(tmp_path / "a.bin") as temporary:
            temporary.write_bytes(b"half")
            raise error

    (tmp_path / "a.bin").write_bytes(b"old")
    with pytest.raises(type(error)):
        write()
    assert [file.name for file in tmp_path.iterdir()] == ["a.bin"]
    assert (tmp_path / "a.bin").read_bytes() == b"old"


def test_a_file_is_old_until_it_is_whole(tmp_path):
    (tmp_path / "a.bin").write_bytes(b"old")
    with atomic_file(tmp_path / "a.bin") as temporary:
        temporary.write_bytes(b"new")
        assert (tmp_path / "a.bin").read_bytes() == b"old"
    assert (tmp_path / "a.bin").read_bytes() == b"new"


def test_a_folder_that_is_filled_meanwhile_is_not_touched(tmp_path):
    def write():
        with atomic_folder(tmp_path / "full"):
            (tmp_path / "full").mkdir()
            (tmp_path / "full" / "mine.txt").write_text("mine")

    with pytest.raises(OSError, match="not empty"):
        write()
    assert [file.name for file in tmp_path.iterdir()] == ["full"]
    assert (tmp_path / "full" / "mine.txt").read_text() == "mine"
