import dataclasses

import numpy as np
import pytest

from nashae_data import face_sheet
from nashae_data.sets.faces.attributes import attribute_model
from nashae_data.sets.faces.dataset import face_partition, synthetic_faces
from nashae_data.sets.faces.drawing import render_faces
from nashae_data.sets.faces.nuisances import NUISANCE_NAMES


@pytest.fixture(scope="module")
def faces():
    return synthetic_faces(12, np.random.default_rng(1))


def test_faces_come_with_all_that_made_them(faces):
    assert faces.observations.shape == (12, 64, 64, 3)
    assert faces.observations.dtype == np.uint8
    assert faces.names == attribute_model().names
    assert faces.nuisance_names == NUISANCE_NAMES
    np.testing.assert_array_equal(
        render_faces(faces.attributes, faces.nuisances), faces.observations
    )


def test_they_do_not_pass_for_celeba(faces):
    assert faces.provenance.source.startswith("synthetic faces")
    assert "not CelebA" in faces.provenance.source
    assert faces.provenance.citation == ""


def test_the_same_seed_gives_the_same_faces(faces):
    done = []
    again = synthetic_faces(12, np.random.default_rng(1), on_progress=done.append)
    np.testing.assert_array_equal(again.observations, faces.observations)
    assert done == [12]
    other = synthetic_faces(12, np.random.default_rng(2))
    assert (other.observations != faces.observations).any(axis=(1, 2, 3)).all()


def test_the_partition_is_celebas():
    whole = face_partition(202_599)
    assert np.bincount(whole).tolist() == [162_770, 19_867, 19_962]
    assert (np.diff(whole) >= 0).all()
    shares = np.bincount(face_partition(1_000)) / 1_000
    np.testing.assert_allclose(shares, np.bincount(whole) / 202_599, atol=0.001)
    for make in (face_partition, lambda n: synthetic_faces(n, np.random.default_rng(0))):
        with pytest.raises(ValueError, match="n must be at least 1 face; got 0"):
            make(0)


def test_a_sheet_shows_the_first_faces_row_by_row(faces):
    sheet = face_sheet(faces, rows=2, columns=3, gap=1)
    assert sheet.shape == (1 + 2 * 65, 1 + 3 * 65, 3)
    np.testing.assert_array_equal(sheet[66:130, 1:65], faces.observations[3])
    assert (sheet[0] == 128).all()
    wide = face_sheet(faces, rows=2, columns=8, gap=0)
    assert (wide[64:, 4 * 64 :] == 128).all()  # there are only 12


def test_what_cannot_be_shown_is_refused(faces):
    with pytest.raises(ValueError, match=r"must be at least 1 .*; got rows 0, columns 8, gap 2"):
        face_sheet(faces, rows=0)
    grey = dataclasses.replace(faces, observations=faces.observations[..., 0])
    with pytest.raises(ValueError, match=r"observations must be images .*; got uint8 \(64, 64\)"):
        face_sheet(grey)
