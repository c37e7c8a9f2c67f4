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
        ("", "line 1 must be the number of images"),
        ("\n\n", "line 1 must be the number of images"),
        ("0\nBald Male\n", "must name at least one image; got none"),
        ("1\n\na.jpg\n", "names of attributes .* must all differ"),
        ("one\nBald\na.jpg 1\n", "line 1 must be the number of images"),
        ("-1\nBald\na.jpg 1\n", "line 1 must be the number of images"),
        ("1 2\nBald\na.jpg 1\n", "line 1 must be the number of images"),
        ("3\nBald\na.jpg 1\nb.jpg 1\n", "line 1 must be .*, 2; got 3"),
        ("1\nBald\na.jpg 1\nb.jpg 1\n", "line 1 must be .*, 2; got 1"),
        ("1\nBald Bald\na.jpg 1 1\n", r"must all differ; got \['Bald', 'Bald'\]"),
        ("2\nBald\na.jpg 1\nb.jpg 0\n", "line 4 must have values -1 or 1; got '0'"),
        ("2\nBald\na.jpg 1\nb.jpg 2\n", "line 4 must have values -1 or 1; got '2'"),
        ("2\nBald\na.jpg 1\nb.jpg 1.0\n", "line 4 must have values -1 or 1; got '1.0'"),
        ("2\nBald\na.jpg 1\nb.jpg\n", "line 4 must have 1 values after the file name; got 0"),
        ("2\nBald\na.jpg 1\nb.jpg 1 1\n", "line 4 must have 1 values after the file name; got 2"),
        ("3\nBald\na.jpg 1\n\nb.jpg 1\n", "line 4 must have 1 values after the file name; got 0"),
        ("2\nBald\na.jpg 1\na.jpg 1\n", "line 4 must name another image; got a.jpg again"),
        ("1\nBald\n../a.jpg 1\n", "line 3 must begin with a file name alone; got '../a.jpg'"),
        ("1\nBald\n.. 1\n", "line 3 must begin with a file name alone; got '..'"),
        ("1\nBald\n/etc/passwd 1\n", "line 3 must begin with a file name alone; got '/etc/passwd'"),
        ("1\nBald\nx\\a.jpg 1\n", "must begin with a file name alone"),
        ("1\nBald\nC:a.jpg 1\n", "must begin with a file name alone"),
        (b"1\nBald\n\xff\xfe.jpg 1\n", "cannot be read: .utf-8. codec"),
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
        ("", "line 1 must be image_id.*; got ''"),
        ("000001.jpg,1\n", "line 1 must be image_id.*; got '000001.jpg'"),
        ("image_id,Bald\n", "must name at least one image; got none"),
        ("image_id\na.jpg\n", "names of attributes .* must all differ"),
        ("image_id,Bald,\na.jpg,1,1\n", "names of attributes .* must all differ"),
        ("image_id,Bald\na.jpg,1,1\n", "line 2 must have 1 values after the file name; got 2"),
        ("image_id,Bald\na.jpg;1\n", "line 2 must have 1 values .*; got 0"),
        ("image_id,Bald\na.jpg,\n", "line 2 must have values -1 or 1; got ''"),
        ("image_id,lefteye_x\na.jpg,69\n", "line 2 must have values -1 or 1; got '69'"),
        ('image_id,Bald\n"a.jpg",1\n', "line 2 must begin with a file name alone"),
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
        (".txt", "", "line 1 must have 1 values after the file name; got 0"),
        (".txt", "a.jpg 0\n", "must name each image .*; got none for b.jpg"),
        (".txt", "a.jpg 0\nb.jpg 1\nc.jpg 2\n", "must name images of .* alone; got c.jpg"),
        (".txt", "a.jpg 0\nb.jpg 3\n", "line 2 must have values 0 or 1 or 2; got '3'"),
        (".txt", "a.jpg 0\nb.jpg -1\n", "line 2 must have values 0 or 1 or 2; got '-1'"),
        (".txt", "a.jpg 0\na.jpg 0\nb.jpg 0", "line 2 must name another image; got a.jpg again"),
        (".csv", "a.jpg,0\nb.jpg,0\n", "line 1 must be image_id,partition.*; got 'a.jpg'"),
        (".csv", "image_id,part,more\na.jpg,0,0\n", "line 1 must have 2 columns; got 3"),
        (".csv", "image_id,partition\n", "must name at least one image; got none"),
    ],
)
def test_a_bad_partition_is_named_with_its_line(written, suffix, content, message):
    path = written(content, suffix)
    with pytest.raises(ValueError, match=message) as caught:
        read_partition(path, ("a.jpg", "b.jpg"))
    assert str(path) in str(caught.value)
