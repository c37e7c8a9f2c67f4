import os
import sys
import warnings
import zipfile

import numpy as np
import pytest
from celeba_trees import (
    LAYOUTS,
    NAMES,
    attributes,
    file_names,
    packed,
    paper_image,
    paper_images,
    partition,
    photograph,
    write_tree,
    write_zip,
)

from nashae_data import AttributeDataset
from nashae_data.sets.celeba import images as celeba_images
from nashae_data.sets.celeba.folder import celeba
from nashae_data.sets.celeba.images import paper_crop

FOLDER = "img_align_celeba"


def check_is_whole(found: AttributeDataset, n: int = 12) -> None:
    np.testing.assert_array_equal(found.observations[:], paper_images(n))
    np.testing.assert_array_equal(found.attributes, attributes(n))
    assert found.names == NAMES


def rezip(path, change):
    """The zip file with its members changed."""
    with zipfile.ZipFile(path) as archive:
        files = {name.split("/")[-1]: archive.read(name) for name in archive.namelist()}
    change(files)
    write_zip(path, files)


# ---- what is read ----


@pytest.mark.parametrize("layout", LAYOUTS)
def test_each_layout_gives_the_same(tmp_path, layout):
    found = celeba(write_tree(tmp_path, layout=layout))
    check_is_whole(found)
    assert found.observations.dtype == np.uint8
    np.testing.assert_array_equal(found.partition, partition(12))
    assert found.nuisances.shape == (12, 0)


def test_the_crop_is_the_formula_written_out():
    for number in range(20):
        np.testing.assert_array_equal(
            paper_crop(photograph(number)), paper_image(photograph(number))
        )


def test_a_grey_image_is_read_as_grey(tmp_path):
    grey = packed(np.random.default_rng(0).integers(0, 256, (218, 178), dtype=np.uint8))
    found = paper_crop(grey)
    assert found.shape == (64, 64, 3)
    assert (found == found[..., :1]).all()


def test_the_list_says_which_images_in_which_order(tmp_path):
    root = write_tree(tmp_path)
    names = [file_names(12)[at] for at in (7, 2, 11)]
    lines = [f"{name} 1 -1" for name in names]
    (root / "list_attr_celeba.txt").write_text("\n".join(["3", "Bald Male", *lines]))
    (root / "list_eval_partition.txt").write_text(f"{names[2]} 2\n{names[0]} 1\n{names[1]} 0\n")
    found = celeba(root)
    np.testing.assert_array_equal(found.observations[:], paper_images(12)[[7, 2, 11]])
    np.testing.assert_array_equal(found.attributes, [[True, False]] * 3)
    assert found.names == ("Bald", "Male")
    assert found.partition.tolist() == [1, 0, 2]
    np.testing.assert_array_equal(found.part("test").observations[0], paper_images(12)[11])


def test_without_a_partition_all_are_train(tmp_path):
    root = write_tree(tmp_path)
    (root / "list_eval_partition.txt").unlink()
    assert celeba(root).partition.tolist() == [0] * 12


def test_provenance_says_celeba_or_synthetic(tmp_path):
    root = write_tree(tmp_path / "faces")
    found = celeba(root).provenance
    assert found.source == "CelebA, folder faces"
    assert "Deep Learning Face Attributes in the Wild" in found.citation
    (root / "SYNTHETIC_FACES.txt").write_text("drawn")
    found = celeba(root).provenance
    assert found.source == "synthetic faces, not CelebA, folder faces"
    assert found.citation == ""


# ---- the cache ----


def test_images_are_read_once_and_again_when_they_change(tmp_path):
    root, calls = write_tree(tmp_path), []
    kept = celeba(root, on_progress=lambda *call: calls.append(call))
    assert calls == [(12, 12)]
    check_is_whole(celeba(root, on_progress=lambda *call: calls.append(call)))
    assert len(calls) == 1
    image = root / FOLDER / "000003.jpg"
    image.write_bytes(photograph(100))
    os.utime(image, ns=(10**18, 10**18))
    found = celeba(root, on_progress=lambda *call: calls.append(call))
    assert len(calls) == 2
    np.testing.assert_array_equal(found.observations[2], paper_image(photograph(100)))
    # Whoever has the old file open keeps what was in it.
    check_is_whole(kept)


def test_a_zip_file_that_changes_is_read_again(tmp_path):
    root = write_tree(tmp_path, layout="zip")
    celeba(root)
    rezip(root / f"{FOLDER}.zip", lambda files: files.update({"000003.jpg": photograph(100)}))
    np.testing.assert_array_equal(celeba(root).observations[2], paper_image(photograph(100)))


def test_two_trees_may_not_believe_each_others_cache(tmp_path):
    one, two = write_tree(tmp_path / "one"), write_tree(tmp_path / "two", n=13)
    cache = tmp_path / "shared.h5"
    check_is_whole(celeba(one, cache=cache))
    check_is_whole(celeba(two, cache=cache), 13)
    check_is_whole(celeba(one, cache=cache))


def test_with_a_cache_elsewhere_nothing_is_written_into_the_tree(tmp_path):
    root = write_tree(tmp_path / "tree")
    before = sorted(root.rglob("*"))
    check_is_whole(celeba(root, cache=tmp_path / "new" / "folder" / "kept.h5"))
    assert sorted(root.rglob("*")) == before
    celeba(root)
    assert (root / "nashae-celeba-64.h5").exists()


def test_a_whole_cache_needs_neither_pillow_nor_filelock(tmp_path, monkeypatch):
    root = write_tree(tmp_path)
    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, "PIL", None)
        with pytest.raises(ValueError, match=r"000001.jpg.*pip install 'nashae-data\[images\]'"):
            celeba(root)
    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, "filelock", None)
        with pytest.raises(
            ValueError, match=r"needs filelock: pip install 'nashae-data\[images\]'"
        ):
            celeba(root)
    check_is_whole(celeba(root))  # the helper too needs Pillow, once
    monkeypatch.setitem(sys.modules, "PIL", None)
    monkeypatch.setitem(sys.modules, "filelock", None)
    check_is_whole(celeba(root))


# ---- what is refused ----


def test_what_is_not_there_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"must be the folder of CelebA; got .*none"):
        celeba(tmp_path / "none")
    with pytest.raises(FileNotFoundError, match=r"must hold one of list_attr_celeba.txt, "):
        celeba(tmp_path)
    root = write_tree(tmp_path / "tree", layout="zip")
    (root / f"{FOLDER}.zip").unlink()
    with pytest.raises(FileNotFoundError, match=r"must hold one of .*img_align_celeba.zip"):
        celeba(root)


@pytest.mark.parametrize("layout", ["official", "zip"])
def test_missing_images_are_counted_and_the_first_is_named(tmp_path, layout):
    root = write_tree(tmp_path, layout=layout)
    gone = ("000010.jpg", "000004.jpg", "000005.jpg")
    if layout == "zip":
        rezip(root / f"{FOLDER}.zip", lambda files: [files.pop(name) for name in gone])
    else:
        for name in gone:
            (root / FOLDER / name).unlink()
        (root / FOLDER / gone[0]).mkdir()
    with pytest.raises(
        FileNotFoundError, match=r"all 12 listed images; got none for 3, the first 000004"
    ):
        celeba(root)


@pytest.mark.parametrize("layout", ["official", "zip"])
@pytest.mark.parametrize(
    ("content", "message"),
    [
        (photograph(4)[:3000], "truncated"),
        (photograph(4)[:40], "'000005.jpg' cannot be read: "),
        (b"", "it must be a JPEG"),
        (b"\xff\xd8\xff" + bytes(500), "'000005.jpg' cannot be read: "),
        (b"<html>not found</html>", "it must be a JPEG"),
        (photograph(4, kind="PNG"), "it must be a JPEG"),
        (photograph(4, 178, 217), "it must be 178 x 218 pixels; got 178 x 217"),
        (photograph(4, 218, 178), "it must be 178 x 218 pixels; got 218 x 178"),
        (photograph(4) + bytes(1 << 20), "must have at most 1048576 bytes; got 10[0-9]+"),
    ],
)
def test_a_bad_image_is_named(tmp_path, layout, content, message):
    root = write_tree(tmp_path, layout=layout)
    if layout == "zip":
        rezip(root / f"{FOLDER}.zip", lambda files: files.update({"000005.jpg": content}))
    else:
        (root / FOLDER / "000005.jpg").write_bytes(content)
    with pytest.raises(ValueError, match=message) as caught:
        celeba(root)
    assert "000005.jpg" in str(caught.value)
    assert FOLDER in str(caught.value)
    assert not (root / "nashae-celeba-64.h5").exists()


def huge(width: int, height: int) -> bytes:
    """A photograph whose header claims another size."""
    data = bytearray(photograph(4))
    at = data.index(b"\xff\xc0") + 5
    data[at : at + 4] = height.to_bytes(2, "big") + width.to_bytes(2, "big")
    return bytes(data)


@pytest.mark.parametrize("side", [12_000, 65_000])
def test_a_decompression_bomb_is_refused_before_it_goes_off(side):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(Exception, match=r"decompression bomb|must be .*; got 12000 x 12000"):
            paper_crop(huge(side, side))


def test_a_bomb_in_a_tree_is_a_value_error(tmp_path):
    root = write_tree(tmp_path)
    (root / FOLDER / "000005.jpg").write_bytes(huge(12_000, 12_000))
    with pytest.raises(ValueError, match=r"'000005.jpg' cannot be read: .*exceeds limit"):
        celeba(root)


def damaged_zip(path, kind: str) -> None:
    content = bytearray(path.read_bytes())
    local, central = content.index(b"PK\x03\x04"), content.index(b"PK\x01\x02")
    if kind == "bad check sum":
        content[local + 600] ^= 1
    elif kind == "encrypted":
        content[local + 6] |= 1
        content[central + 8] |= 1
    elif kind == "truncated":
        del content[len(content) // 2 :]
    elif kind == "no zip":
        content[:] = b"not a zip file"
    elif kind == "claims":
        content[central + 24 : central + 28] = (1 << 31).to_bytes(4, "little")
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("bad check sum", "'000001.jpg' cannot be read: Bad CRC-32"),
        ("encrypted", "'img_align_celeba/000001.jpg' must be readable; got an encrypted"),
        ("truncated", "cannot be read: File is not a zip file"),
        ("no zip", "cannot be read: File is not a zip file"),
        ("claims", "'000001.jpg' must have at most 1048576 bytes; got 2147483648"),
    ],
)
def test_a_damaged_zip_file_is_named(tmp_path, kind, message):
    root = write_tree(tmp_path, layout="zip")
    damaged_zip(root / f"{FOLDER}.zip", kind)
    with pytest.raises(ValueError, match=message) as caught:
        celeba(root)
    assert f"{FOLDER}.zip" in str(caught.value)


@pytest.mark.parametrize(
    ("member", "message"),
    [
        ("../000099.jpg", "members must stay within it"),
        ("/img_align_celeba/000099.jpg", "members must stay within it"),
        ("img_align_celeba/..\\000099.jpg", "members must stay within it"),
        ("000001.jpg", "must hold each image once; got '000001.jpg' twice"),
    ],
)
def test_names_in_a_zip_file_may_not_mislead(tmp_path, member, message):
    root = write_tree(tmp_path, layout="zip")
    with zipfile.ZipFile(root / f"{FOLDER}.zip", "a") as archive:
        archive.writestr(member, b"")
    with pytest.raises(ValueError, match=message):
        celeba(root)


def test_other_packings_of_a_zip_file_are_refused(tmp_path):
    root = write_tree(tmp_path, layout="zip")
    with zipfile.ZipFile(root / f"{FOLDER}.zip", "a", zipfile.ZIP_LZMA) as archive:
        archive.writestr("000099.jpg", b"")
    with pytest.raises(ValueError, match=r"'000099.jpg' must be stored or deflated"):
        celeba(root)


def test_members_beside_the_images_are_passed_over(tmp_path):
    root = write_tree(tmp_path, layout="zip")
    with zipfile.ZipFile(root / f"{FOLDER}.zip", "a") as archive:
        archive.writestr("__MACOSX/img_align_celeba/._000001.jpg", b"x")
        archive.writestr("elsewhere/000001.jpg", b"x")
        archive.mkdir("img_align_celeba")
    check_is_whole(celeba(root))


def test_nothing_is_read_of_images_while_the_cache_is_right(tmp_path, monkeypatch):
    root = write_tree(tmp_path)
    celeba(root)

    def never(data: bytes) -> None:
        raise AssertionError

    monkeypatch.setattr(celeba_images, "paper_crop", never)
    check_is_whole(celeba(root))
