import sys

import numpy as np
import pytest
from PIL import Image

from nashae_data.sets.faces import tree as face_tree
from nashae_data.sets.faces.dataset import face_partition, synthetic_faces
from nashae_data.sets.faces.drawing import PICTURE, render_faces
from nashae_data.sets.faces.tree import write_celeba_tree


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tree") / "celeba"
    write_celeba_tree(folder, 11, np.random.default_rng(5))
    return folder


@pytest.fixture(scope="module")
def faces():
    return synthetic_faces(11, np.random.default_rng(5))


def test_tables_are_laid_out_as_published(tree, faces):
    lines = (tree / "list_attr_celeba.txt").read_text().split("\n")
    assert lines[0] == "11"
    assert lines[1] == "".join(f"{name} " for name in faces.names)
    assert len(lines) == 14
    assert lines[-1] == ""
    assert {len(line) for line in lines[2:-1]} == {len("000001.jpg") + 40 * 3}
    rows = [line.split() for line in lines[2:-1]]
    assert [row[0] for row in rows] == [f"{number:06d}.jpg" for number in range(1, 12)]
    np.testing.assert_array_equal(
        np.array([row[1:] for row in rows]).astype(int) == 1, faces.attributes
    )
    parts = (tree / "list_eval_partition.txt").read_text().splitlines()
    assert parts == [
        f"{number:06d}.jpg {part}" for number, part in enumerate(face_partition(11), start=1)
    ]


def test_pictures_are_those_of_the_same_seed(tree, faces):
    names = sorted(path.name for path in (tree / "img_align_celeba").iterdir())
    assert names == [f"{number:06d}.jpg" for number in range(1, 12)]
    drawn = render_faces(faces.attributes, faces.nuisances, PICTURE)
    for name, wanted in zip(names, drawn, strict=True):
        with Image.open(tree / "img_align_celeba" / name) as image:
            assert (image.format, image.size) == ("JPEG", (178, 218))
            assert np.abs(np.asarray(image).astype(int) - wanted).mean() < 2.0  # compressed


def test_the_folder_says_what_it_holds(tree):
    text = (tree / "SYNTHETIC_FACES.txt").read_text()
    assert text.startswith("Synthetic faces, not CelebA.")
    assert "The 11 pictures" in text


def test_progress_is_told_and_chunks_do_not_matter(tmp_path, tree, monkeypatch):
    monkeypatch.setattr(face_tree, "CHUNK", 4)
    done = []
    write_celeba_tree(tmp_path / "a", 11, np.random.default_rng(5), on_progress=done.append)
    assert done == [4, 8, 11]
    for path in tree.rglob("*.*"):
        assert (tmp_path / "a" / path.relative_to(tree)).read_bytes() == path.read_bytes()


def test_what_cannot_be_written_is_refused(tmp_path, tree, monkeypatch):
    rng = np.random.default_rng(0)
    with pytest.raises(FileExistsError, match="must be new or an empty folder"):
        write_celeba_tree(tree, 1, rng)
    for n in (0, 1_000_000):
        with pytest.raises(ValueError, match=f"n must be 1 to 999999 faces; got {n}"):
            write_celeba_tree(tmp_path / "a", n, rng)
    with pytest.raises(ValueError, match="quality must be 1 to 100; got 0"):
        write_celeba_tree(tmp_path / "a", 1, rng, quality=0)
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(ValueError, match="pictures need Pillow: pip install"):
        write_celeba_tree(tmp_path / "a", 1, rng)
    assert not list(tmp_path.iterdir())


def test_a_write_that_fails_leaves_nothing(tmp_path):
    def stop(done):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_celeba_tree(tmp_path / "a", 1, np.random.default_rng(0), on_progress=stop)
    assert not list(tmp_path.iterdir())
