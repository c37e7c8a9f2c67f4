import hashlib
import io
import pickle
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nashae_data import beamsynthesis, read_beamsynthesis, save_dataset
from nashae_data.files.foreign import reading

DATA = Path("beamsynthesis") / "data"
ONE = "0.333_12.500.npy"


def same(found, wanted):
    for name in ("observations", "factors", "values"):
        np.testing.assert_array_equal(getattr(found, name), getattr(wanted, name))
    assert (found.names, found.sizes) == (wanted.names, wanted.sizes)


@pytest.fixture
def folder(tmp_path, few):
    """The six waveforms, unpacked."""
    save_dataset(few, tmp_path / "unpacked")
    return tmp_path / "unpacked"


def npy(array, **options) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array, **options)
    return stream.getvalue()


# ---- what it reads ----


def test_the_published_set_comes_back_to_the_bit(tmp_path, published):
    save_dataset(published, tmp_path / "beamsynthesis.zip")
    with zipfile.ZipFile(tmp_path / "beamsynthesis.zip") as archive:
        members = archive.namelist()
        assert len(members) == 360
        assert members == sorted(members)
        assert members[1] == "beamsynthesis/data/0.200_15.000.npy"
        archive.extractall(tmp_path)
    found = read_beamsynthesis(tmp_path / "beamsynthesis.zip")
    same(found, published)  # duty cycles of the file names are the grid's floats again
    for place in (tmp_path, tmp_path / "beamsynthesis", tmp_path / DATA):
        same(read_beamsynthesis(str(place)), published)


def test_other_levels_come_back_too(folder, few):
    same(read_beamsynthesis(folder), few)


def test_rows_are_sorted_by_number_not_by_name(tmp_path):
    wanted = beamsynthesis((5, 10, 100), (0.5,))  # as text, 10.000 is before 5.000
    save_dataset(wanted, tmp_path / "a.zip")
    same(read_beamsynthesis(tmp_path / "a.zip"), wanted)


def test_a_part_of_the_files_is_a_data_set(folder, few):
    (folder / DATA / ONE).unlink()
    found = read_beamsynthesis(folder)
    kept = [0, 1, 3, 4, 5]
    np.testing.assert_array_equal(found.observations, few.observations[kept])
    np.testing.assert_array_equal(found.factors, few.factors[kept])
    (folder / DATA / "0.333_40.000.npy").unlink()
    assert read_beamsynthesis(folder).sizes == (2, 2)  # classes count the levels that occur


def test_files_that_are_not_meant_are_passed_over(tmp_path, folder, few):
    (folder / DATA / ".DS_Store").write_bytes(b"x")
    (folder / DATA / "README.md").write_text("x")
    (folder / "__MACOSX").mkdir()
    same(read_beamsynthesis(folder), few)
    save_dataset(few, tmp_path / "a.zip")
    with zipfile.ZipFile(tmp_path / "a.zip", "a") as archive:
        archive.writestr("__MACOSX/beamsynthesis/data/._0.100_12.500.npy", b"x")
        archive.writestr("beamsynthesis/data/.DS_Store", b"x")
        archive.writestr("beamsynthesis/README", b"x")
    same(read_beamsynthesis(tmp_path / "a.zip"), few)


def test_provenance_tells_the_file(tmp_path, few):
    save_dataset(few, tmp_path / "a.zip")
    provenance = read_beamsynthesis(tmp_path / "a.zip").provenance
    assert provenance.source == "file a.zip"
    assert provenance.sha256 == hashlib.sha256((tmp_path / "a.zip").read_bytes()).hexdigest()
    assert "NashAE" in provenance.citation


# ---- what it refuses ----


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (npy(np.zeros(1000))[:-1], "cannot be read"),
        (npy(np.zeros(1000))[:60], "cannot be read"),
        (b"", "cannot be read"),
        (b"not an array", "cannot be read"),
        (pickle.dumps(np.zeros(1000)), "pickle"),
        (npy(np.array([None] * 1000), allow_pickle=True), "Object arrays cannot be loaded"),
        (npy(np.zeros(999)), r"must be \(1000,\) float64; got \(999,\) float64"),
        (npy(np.zeros((2, 1000))), r"got \(2, 1000\) float64"),
        (npy(np.zeros(1000, dtype=np.float32)), r"got \(1000,\) float32"),
        (npy(np.full(1000, np.nan)), "NaN or infinity"),
        (npy(np.full(1000, np.inf)), "NaN or infinity"),
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_a_bad_waveform_is_named(tmp_path, folder, content, message, packed):
    (folder / DATA / ONE).write_bytes(content)
    path = folder
    if packed:
        path = tmp_path / "packed.zip"
        with zipfile.ZipFile(path, "w") as archive:
            for file in (folder / DATA).iterdir():
                archive.write(file, (DATA / file.name).as_posix())
    with pytest.raises(ValueError, match=message) as caught:
        read_beamsynthesis(path)
    assert ONE in str(caught.value)
    assert path.name in str(caught.value)


def test_an_archive_in_place_of_an_array_is_named(folder):
    with (folder / DATA / ONE).open("wb") as file:
        np.savez(file, waveform=np.zeros(1000))
    with pytest.raises(ValueError, match=rf"{ONE} cannot be read: .* got an archive of arrays"):
        read_beamsynthesis(folder)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_damaged_waveform_is_read_or_refused_never_worse(folder, data):
    content = bytearray(npy(np.zeros(1000)))
    for _ in range(data.draw(st.integers(1, 8))):
        content[data.draw(st.integers(0, 140))] = data.draw(st.integers(0, 255))
    (folder / DATA / ONE).write_bytes(content)
    try:
        assert np.isfinite(read_beamsynthesis(folder).observations).all()
    except ValueError as error:
        assert ONE in str(error)  # noqa: PT017  either end is right


@pytest.mark.parametrize(
    "name",
    ["waveform.npy", "0.333.npy", "0.3_1e1.npy", "notes.txt", "-0.1_10.0.npy", "1.2_10.0.npy"],
)
def test_a_foreign_name_is_named(folder, name):
    (folder / DATA / name).write_bytes(npy(np.zeros(1000)))
    with pytest.raises(ValueError, match=f"must be named like waveforms, .*; got .*{name}"):
        read_beamsynthesis(folder)


def test_two_names_of_one_waveform_are_refused(folder):
    (folder / DATA / "0.333_12.5.npy").write_bytes(npy(np.zeros(1000)))
    with pytest.raises(ValueError, match="got the same levels: remove one"):
        read_beamsynthesis(folder)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_members_of_one_name_are_refused(tmp_path, few):
    save_dataset(few, tmp_path / "a.zip")
    with zipfile.ZipFile(tmp_path / "a.zip", "a") as archive:
        archive.writestr((DATA / ONE).as_posix(), npy(np.zeros(1000)))
    with pytest.raises(ValueError, match=r"a.zip must .*; got two of one name"):
        read_beamsynthesis(tmp_path / "a.zip")


def test_no_waveform_at_all_is_said(tmp_path):
    with pytest.raises(ValueError, match=r"must hold waveforms, beamsynthesis/data/.*; got none"):
        read_beamsynthesis(tmp_path)
    with zipfile.ZipFile(tmp_path / "empty.zip", "w"):
        pass
    with pytest.raises(ValueError, match=r"empty.zip.* must hold waveforms"):
        read_beamsynthesis(tmp_path / "empty.zip")


def test_a_truncated_or_foreign_zip_file_is_named(tmp_path, few):
    save_dataset(few, tmp_path / "a.zip")
    for content in ((tmp_path / "a.zip").read_bytes()[:5000], b"", b"hello"):
        (tmp_path / "b.zip").write_bytes(content)
        with pytest.raises(ValueError, match=r"b.zip cannot be read: File is not a zip file"):
            read_beamsynthesis(tmp_path / "b.zip")


def test_a_flipped_bit_in_a_zip_file_is_found(tmp_path, few):
    save_dataset(few, tmp_path / "a.zip")
    content = bytearray((tmp_path / "a.zip").read_bytes())
    content[4000] ^= 1
    (tmp_path / "a.zip").write_bytes(content)
    with pytest.raises(ValueError, match=r"0.100_12.500.npy cannot be read: Bad CRC-32"):
        read_beamsynthesis(tmp_path / "a.zip")


def test_nothing_there_is_a_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"nowhere.zip"):
        read_beamsynthesis(tmp_path / "nowhere.zip")


def test_an_interrupt_is_not_taken_for_a_bad_file(tmp_path):
    with pytest.raises(KeyboardInterrupt), reading(tmp_path):
        raise KeyboardInterrupt


# ---- whose waveforms they are ----


@pytest.mark.parametrize("suffix", ["", ".zip"])
def test_other_waveforms_in_the_published_layout_do_not_cite_the_authors(tmp_path, suffix, few):
    def read(change, levels=few):
        rows = levels.observations.copy()
        change(rows)
        place = tmp_path / f"set{len(list(tmp_path.iterdir()))}{suffix}"
        save_dataset(replace(levels, observations=rows), place)
        return read_beamsynthesis(place).provenance

    def nothing(rows):
        pass

    def rounded(rows):  # as far as the published ones are from the computed
        rows += 4e-7

    def noise(rows):
        rows += np.random.default_rng(0).normal(scale=1e-5, size=rows.shape)

    def zeros(rows):
        rows[:] = 0

    def swapped(rows):
        rows[[0, 1]] = rows[[1, 0]]

    def one_number(rows):
        rows[3, 500] += 1e-6

    for same_as_computed in (nothing, rounded):
        assert "Yeats" in read(same_as_computed).citation
    for change, number in ((noise, 6), (zeros, 6), (swapped, 2), (one_number, 1)):
        found = read(change)
        assert found.citation == ""
        assert f"with other waveforms: {number} of 6 differ from those computed" in found.source
    # Levels that no computed waveform has.
    impossible = replace(few, values=few.values * (100, 1))
    found = read(nothing, impossible)
    assert found.citation == ""
    assert "6 of 6 differ" in found.source
