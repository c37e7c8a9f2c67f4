"""Randomly damaged lists and zip files: refused, or read as the images that they name."""

import numpy as np
import pytest
from celeba_trees import file_names, paper_images, write_tree
from fuzz import damage

from nashae_data.sets.celeba.folder import celeba
from nashae_data.sets.celeba.lists import read_attributes

FILES = {
    "official": ("list_attr_celeba.txt", "list_eval_partition.txt"),
    "kaggle": ("list_attr_celeba.csv", "list_eval_partition.csv"),
    "zip": ("img_align_celeba.zip",),
}
EACH = [(layout, name) for layout, names in FILES.items() for name in names]
MUTATIONS = 300


@pytest.mark.parametrize(("layout", "name"), EACH)
def test_a_damaged_file_is_refused_or_gives_the_images_that_the_list_names(tmp_path, layout, name):
    n = 5
    root = write_tree(tmp_path, n, layout)
    target, listed = root / name, root / FILES[layout][0]
    whole, wanted = target.read_bytes(), dict(zip(file_names(n), paper_images(n), strict=True))
    refused = 0
    for number in range(MUTATIONS):
        target.write_bytes(damage(whole, np.random.default_rng([len(name), number])))
        try:
            found = celeba(root)
        except (ValueError, OSError):
            refused += 1
            continue
        files = read_attributes(listed).files if layout != "zip" else tuple(file_names(n))
        for file, image in zip(files, found.observations[:], strict=True):
            np.testing.assert_array_equal(image, wanted[file])
    assert refused > MUTATIONS // 4  # the damage was not in vain
