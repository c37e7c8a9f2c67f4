import shutil
import subprocess
import sys
from pathlib import Path

import layouts
import numpy as np
import pytest

from nashae_data import (
    beamsynthesis,
    celeba,
    load_dataset,
    save_dataset,
    synthetic_faces,
    write_celeba_tree,
)
from nashae_data.cli import main


@pytest.mark.parametrize("name", ["set", "set.zip", "set.npz", "set.h5"])
def test_the_whole_set_is_written_and_one_line_says_so(tmp_path, capsys, published, name):
    assert main(["beamsynthesis", "--out", str(tmp_path / name)]) == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    assert printed.out.startswith(f"wrote {tmp_path / name}: observations (360, 1000) float64, ")
    assert printed.out.count("\n") == 1
    assert 2.8 < float(printed.out.split()[-2]) < 3.2  # megabytes
    found = load_dataset(tmp_path / name)
    np.testing.assert_array_equal(found.observations, published.observations)
    np.testing.assert_array_equal(found.values, published.values)


def test_levels_can_be_chosen(tmp_path):
    options = ["--frequencies", "5", "40", "--duty-cycles", "0.3", "0.6"]
    assert main(["beamsynthesis", "--out", str(tmp_path / "set.npz"), *options]) == 0
    wanted = beamsynthesis((5, 40), (0.3, 0.6))
    np.testing.assert_array_equal(
        load_dataset(tmp_path / "set.npz").observations, wanted.observations
    )


@pytest.mark.parametrize(
    ("out", "options", "message"),
    [
        ("set.npz", ["--frequencies", "0"], "frequencies must be above 0 Hz; got 0.0"),
        ("set.npz", ["--frequencies", "nan"], "frequencies must be finite; got nan"),
        ("set.npz", ["--duty-cycles", "0.5", "1.5"], "must be above 0 and below 1; got 1.5"),
        ("set.csv", [], "the suffix chooses the format"),
        ("full", [], "path must be new or an empty folder"),
        ("full/file/set.npz", [], "File exists"),
    ],
)
def test_what_the_user_can_mend_is_one_line_and_status_2(tmp_path, capsys, out, options, message):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").write_text("mine")
    assert main(["beamsynthesis", "--out", str(tmp_path / out), *options]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("nashae-data: error: ")
    assert message in printed.err
    assert printed.err.count("\n") == 1


def test_faces_are_written_as_celeba_is_and_read_back(tmp_path, capsys):
    tree, cache = tmp_path / "faces", tmp_path / "cache.h5"
    assert main(["faces", "--out", str(tree), "--images", "12", "--seed", "3"]) == 0
    assert capsys.readouterr().out == (
        f"wrote {tree}: 12 synthetic faces (not CelebA) of 178 x 218 pixels\n"
    )
    assert main(["celeba", "--root", str(tree), "--cache", str(cache)]) == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    assert printed.out.endswith("images (12, 64, 64, 3) uint8, 40 attributes\n")
    assert printed.out.startswith("synthetic faces, not CelebA")
    assert cache.exists()


def test_a_faces_tree_is_the_drawing_within_jpeg_s_loss(tmp_path):
    write_celeba_tree(tmp_path / "faces", 24, np.random.default_rng(3))
    read, drawn = celeba(tmp_path / "faces"), synthetic_faces(24, np.random.default_rng(3))
    np.testing.assert_array_equal(read.attributes, drawn.attributes)
    np.testing.assert_array_equal(read.partition, drawn.partition)
    assert read.names == drawn.names
    apart = np.abs(read.observations[:].astype(float) - drawn.observations[:])
    assert apart.mean() < 3  # grey levels of 255: JPEG, and a picture made smaller
    assert np.quantile(apart, 0.99) < 25


def test_a_sheet_of_faces(tmp_path, capsys):
    assert main(["sheet", "faces", "--out", str(tmp_path / "f.png"), "--columns", "2"]) == 0
    assert capsys.readouterr().out == f"wrote {tmp_path / 'f.png'}: 16 synthetic faces\n"


@pytest.mark.parametrize("name", ["sprites.npz", "sprites.h5"])
def test_dsprites_are_written_packed(tmp_path, capsys, monkeypatch, name):
    # The set itself takes seconds to write: here a small grid stands for it.
    monkeypatch.setattr("nashae_data.cli.dsprites", layouts.few_sprites)
    assert main(["dsprites", "--out", str(tmp_path / name)]) == 0
    assert "observations (72, 64, 64) uint8" in capsys.readouterr().out
    found, wanted = load_dataset(tmp_path / name), layouts.few_sprites()
    np.testing.assert_array_equal(found.observations.packed, wanted.observations.packed)
    np.testing.assert_array_equal(found.values, wanted.values)
    assert main(["dsprites", "--out", str(tmp_path / "sprites.zip")]) == 2
    assert "the published layout must hold factors" in capsys.readouterr().err


def test_a_sheet_shows_a_computed_or_a_written_set(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("nashae_data.cli.dsprites", layouts.few_sprites)
    save_dataset(layouts.few_sprites(), tmp_path / "sprites.npz")
    for data, out in (("dsprites", "a.png"), (str(tmp_path / "sprites.npz"), "b.png")):
        assert main(["sheet", data, "--out", str(tmp_path / out)]) == 0
        printed = capsys.readouterr().out
        assert printed.endswith(
            "200 x 332 pixels, a row for each of shape, scale, orientation, posX, posY\n"
        )
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    assert main(["sheet", "dsprites", "--out", str(tmp_path / "a.jpg")]) == 2
    assert "out must be a .png file; got" in capsys.readouterr().err
    assert main(["sheet", str(tmp_path / "none.npz"), "--out", str(tmp_path / "a.png")]) == 2
    assert "none.npz, which does not exist" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [[], ["no-such-set"], ["beamsynthesis"], ["sheet"]])
def test_a_command_that_is_not_one_ends_in_status_2(arguments, capsys):
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2


def test_help_tells_options_units_and_formats(capsys):
    with pytest.raises(SystemExit) as caught:
        main(["beamsynthesis", "--help"])
    assert caught.value.code == 0
    shown = " ".join(capsys.readouterr().out.split())
    for text in ("--out", "--frequencies", "10.0 15.0 20.0", "in Hz", "0.2 to 0.795", ".hdf5"):
        assert text in shown


def test_the_installed_command_runs(tmp_path):
    command = shutil.which("nashae-data", path=Path(sys.executable).parent)
    assert command is not None
    options = ["--out", "set.zip", "--frequencies", "10"]
    ran = subprocess.run(
        [command, "beamsynthesis", *options],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.startswith("wrote set.zip: observations (120, 1000) float64")
    assert len(load_dataset(tmp_path / "set.zip")) == 120
