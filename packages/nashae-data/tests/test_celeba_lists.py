import numpy as np
import pytest
from celeba_trees import (
    NAMES,
    attribute_csv,
    attribute_text,
    attributes,
    file_names,
    partition,
    partition_text,
)

from nashae_data.sets.celeba.lists import read_attributes, read_partition

FILES = tuple(file_names(5))


@pytest.fixture
def written(tmp_path):
    """Writes a list and gives its path."""

    def write(content: str | bytes, suffix: str = ".txt"):
        path = tmp_path / f"list{suffix}"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_attributes_of_either_form_are_the_same(written, end, mark):
    for text, suffix in ((attribute_text(5), ".txt"), (attribute_csv(5), ".csv")):
        found = read_attributes(written(mark + text.replace("\n", end), suffix))
        assert found.files == FILES
        assert found.names == NAMES
        assert len(found.names) == 40  # not 41, for all the space at the line's end
        np.testing.assert_array_equal(found.attributes, attributes(5))


def test_a_partition_of_either_form_is_the_same_in_any_order(written):
    lines = partition_text(5).splitlines()
    for order in (lines, lines[::-1]):
        text = written("\n".join(order))
        np.testing.assert_array_equal(read_partition(text, FILES), partition(5))
        table = written("\n".join(["image_id,partition", *order]).replace(" ", ","), ".csv")
        np.testing.assert_array_equal(read_partition(table, FILES), partition(5))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "line 1: wanted the number of images"),
        ("\n\n", "line 1: wanted the number of images"),
        ("0\nBald Male\n", "names no image"),
        ("1\n\na.jpg\n", "has the attributes .*, wanted names that all differ"),
        ("one\nBald\na.jpg 1\n", "line 1: wanted the number of images"),
        ("-1\nBald\na.jpg 1\n", "line 1: wanted the number of images"),
        ("1 2\nBald\na.jpg 1\n", "line 1: wanted the number of images"),
        ("3\nBald\na.jpg 1\nb.jpg 1\n", "line 1: 3 images, but 2 follow"),
        ("1\nBald\na.jpg 1\nb.jpg 1\n", "line 1: 1 images, but 2 follow"),
        ("1\nBald Bald\na.jpg 1 1\n", r"has the attributes \['Bald', 'Bald'\]"),
        ("2\nBald\na.jpg 1\nb.jpg 0\n", "line 4: '0', wanted -1 or 1"),
        ("2\nBald\na.jpg 1\nb.jpg 2\n", "line 4: '2', wanted -1 or 1"),
        ("2\nBald\na.jpg 1\nb.jpg 1.0\n", "line 4: '1.0', wanted -1 or 1"),
        ("2\nBald\na.jpg 1\nb.jpg\n", "line 4: 0 values after the file name, wanted 1"),
        ("2\nBald\na.jpg 1\nb.jpg 1 1\n", "line 4: 2 values after the file name, wanted 1"),
        ("3\nBald\na.jpg 1\n\nb.jpg 1\n", "line 4: 0 values after the file name, wanted 1"),
        ("2\nBald\na.jpg 1\na.jpg 1\n", "line 4: a.jpg stands above already"),
        ("1\nBald\n../a.jpg 1\n", "line 3: '../a.jpg', wanted a file name alone"),
        ("1\nBald\n.. 1\n", "line 3: '..', wanted a file name alone"),
        ("1\nBald\n/etc/passwd 1\n", "line 3: '/etc/passwd', wanted a file name alone"),
        ("1\nBald\nx\\a.jpg 1\n", "wanted a file name alone"),
        ("1\nBald\nC:a.jpg 1\n", "wanted a file name alone"),
        (b"1\nBald\n\xff\xfe.jpg 1\n", "is not text: "),
    ],
)
def test_a_bad_list_of_attributes_is_named_with_its_line(written, content, message):
    path = written(content)
    with pytest.raises(ValueError, match=message) as caught:
        read_attributes(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "line 1: begins with ''"),
        ("000001.jpg,1\n", "line 1: begins with '000001.jpg', wanted image_id"),
        ("image_id,Bald\n", "names no image"),
        ("image_id\na.jpg\n", "has the attributes"),
        ("image_id,Bald,\na.jpg,1,1\n", "has the attributes"),
        ("image_id,Bald\na.jpg,1,1\n", "line 2: 2 values after the file name, wanted 1"),
        ("image_id,Bald\na.jpg;1\n", "line 2: 0 values"),
        ("image_id,Bald\na.jpg,\n", "line 2: '', wanted -1 or 1"),
        ("image_id,lefteye_x\na.jpg,69\n", "line 2: '69', wanted -1 or 1"),
        ('image_id,Bald\n"a.jpg",1\n', "line 2: .*wanted a file name alone"),
    ],
)
def test_a_bad_table_of_attributes_is_named_with_its_line(written, content, message):
    path = written(content, ".csv")
    with pytest.raises(ValueError, match=message) as caught:
        read_attributes(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    ("suffix", "content", "message"),
    [
        (".txt", "", "line 1: 0 values after the file name, wanted 1"),
        (".txt", "a.jpg 0\n", "has no part for b.jpg, which the attribute list names"),
        (".txt", "a.jpg 0\nb.jpg 1\nc.jpg 2\n", "names c.jpg, which the attribute list does not"),
        (".txt", "a.jpg 0\nb.jpg 3\n", "line 2: '3', wanted 0 or 1 or 2"),
        (".txt", "a.jpg 0\nb.jpg -1\n", "line 2: '-1', wanted 0 or 1 or 2"),
        (".txt", "a.jpg 0\na.jpg 0\nb.jpg 0", "line 2: a.jpg stands above already"),
        (".csv", "a.jpg,0\nb.jpg,0\n", "line 1: begins with 'a.jpg', wanted image_id,partition"),
        (".csv", "image_id,part,more\na.jpg,0,0\n", "line 1: 3 columns, wanted 2"),
        (".csv", "image_id,partition\n", "names no image"),
    ],
)
def test_a_bad_partition_is_named_with_its_line(written, suffix, content, message):
    path = written(content, suffix)
    with pytest.raises(ValueError, match=message) as caught:
        read_partition(path, ("a.jpg", "b.jpg"))
    assert str(path) in str(caught.value)
