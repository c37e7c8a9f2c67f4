import json
from pathlib import Path

import numpy as np
import pytest

from nashae_data.sets.faces.attributes import attribute_model, draw_attributes
from nashae_data.sets.faces.nuisances import NUISANCES, draw_nuisances


@pytest.fixture(scope="module")
def drawn():
    """40,000 faces: a column of bool for each name."""
    attributes = draw_attributes(40_000, np.random.default_rng(0))
    return dict(zip(attribute_model().names, attributes.T, strict=True))


def test_base_rates_are_those_of_celeba(drawn):
    rates = np.array([column.mean() for column in drawn.values()])
    assert np.abs(rates - attribute_model().rates).max() < 0.01


def test_correlations_are_those_of_celeba(drawn):
    published = json.loads(Path(__file__).with_name("phi.json").read_text())
    assert tuple(published["names"]) == attribute_model().names
    above = np.triu_indices(40, 1)  # row by row, as the file has them
    ours = np.corrcoef(np.array(list(drawn.values()), dtype=np.float64))[above]
    assert np.corrcoef(ours, np.concatenate(published["phi"]))[0, 1] > 0.95


def test_each_face_follows_the_rules(drawn):
    def number(*names):
        return sum(drawn[name].astype(int) for name in names)

    assert number("Black_Hair", "Blond_Hair", "Brown_Hair", "Gray_Hair").max() == 1
    assert number("Straight_Hair", "Wavy_Hair").max() == 1
    assert not (drawn["Bald"] & (number("Bangs", "Straight_Hair", "Wavy_Hair") > 0)).any()
    for name in ("5_o_Clock_Shadow", "Goatee", "Mustache", "Sideburns", "Bald"):
        assert drawn["Male"][drawn[name]].all()
    assert drawn["No_Beard"][~drawn["Male"]].all()
    assert not drawn["No_Beard"][drawn["Goatee"] | drawn["Mustache"]].any()


def test_the_model_is_complete_and_its_latents_have_unit_variance():
    model = attribute_model()
    assert len(set(model.names)) == 40
    assert (model.loadings**2).sum(axis=1).max() < 1.0
    assert {name: round(float(rate) * 202_599) for name, rate in zip(*model[:2], strict=True)}[
        "Male"
    ] == 84_434
    for array in model[1:]:
        assert not array.flags.writeable


def test_nuisances_keep_to_their_ranges():
    drawn = draw_nuisances(5_000, np.random.default_rng(0))
    for column, nuisance in zip(drawn.T, NUISANCES, strict=True):
        assert nuisance.low <= column.min() < column.max() <= nuisance.high
        if nuisance.spread:
            assert abs(column.mean()) < 0.1 * nuisance.spread
            # A little less, for what is outside of the range is moved to its end.
            assert 0.9 * nuisance.spread < column.std() < 1.02 * nuisance.spread


@pytest.mark.parametrize("draw", [draw_attributes, draw_nuisances])
def test_the_same_seed_gives_the_same(draw):
    first, second, other = (draw(50, np.random.default_rng(seed)) for seed in (3, 3, 4))
    np.testing.assert_array_equal(first, second)
    assert (first != other).any()
    with pytest.raises(ValueError, match="n must be at least 1 face; got 0"):
        draw(0, np.random.default_rng(0))
