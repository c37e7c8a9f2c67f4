"""What every result says of itself."""

import dataclasses

import numpy as np
import pytest

from nashae_metrics.ground.score import Score, seed_of


def test_a_score_counts_its_active_latents_and_is_frozen():
    found = Score(
        score=0.5, active=np.array([True, False, True]), rule="mask", samples=7, protocol="standard"
    )
    assert found.active_count == 2
    assert found.interval is None
    assert found.seed is None
    with pytest.raises(dataclasses.FrozenInstanceError):
        found.score = 1.0


def test_a_seed_is_named_where_it_alone_gives_the_generator():
    assert seed_of(np.random.default_rng(5)) == 5
    assert seed_of(np.random.Generator(np.random.MT19937(7))) == 7
    assert isinstance(seed_of(np.random.default_rng()), int)


def test_no_seed_is_named_where_one_number_does_not_give_the_generator():
    assert seed_of(None) is None
    assert seed_of(np.random.default_rng([1, 2])) is None
    assert seed_of(np.random.default_rng(np.random.SeedSequence(5).spawn(1)[0])) is None
