import dataclasses

import layouts
import numpy as np
import pytest

from nashae_data import Observations, color_dsprites, noisy_dsprites

VARIANTS = [color_dsprites, noisy_dsprites]


@pytest.fixture(scope="module")
def few_sprites():
    return layouts.few_sprites()


@pytest.mark.parametrize("variant", VARIANTS)
def test_an_image_is_the_same_in_any_order_and_company(few_sprites, variant):
    images = variant(few_sprites, seed=5).observations
    assert isinstance(images, Observations)
    assert images.shape == (72, 64, 64, 3)
    whole = images[:]
    assert whole.dtype == images.dtype == np.float32
    np.testing.assert_array_equal(np.asarray(variant(few_sprites, seed=5).observations), whole)
    for index in (3, -1, slice(5, None, 9), np.array([[7, 7], [-1, 0]])):
        np.testing.assert_array_equal(images[index], whole[index])
    for other in (variant(few_sprites, seed=6), variant(few_sprites)):
        assert (other.observations[0] != whole[0]).any()
    with pytest.raises(IndexError, match="index 72 is out of range: the data set holds 72"):
        images[72]


def test_a_coloured_sprite_has_one_colour_on_black(few_sprites):
    found = color_dsprites(few_sprites).observations[:]
    masks = few_sprites.observations[:].astype(bool)
    assert not found[~masks].any()
    colors = np.stack([image[mask].max(axis=0) for image, mask in zip(found, masks, strict=True)])
    for image, mask, color in zip(found, masks, colors, strict=True):
        assert (image[mask] == color).all()
    assert colors.min() >= 0.5
    assert colors.max() < 1.0
    assert abs(colors.mean() - 0.75) < 5 * 0.5 / np.sqrt(12 * colors.size)
    assert len(np.unique(colors)) == colors.size


def test_noise_is_uniform_and_sprites_are_white_on_it(few_sprites):
    found = noisy_dsprites(few_sprites).observations[:]
    masks = few_sprites.observations[:].astype(bool)
    assert (found[masks] == 1.0).all()
    noise = found[~masks].ravel()
    assert noise.min() >= 0.0
    assert noise.max() < 1.0
    counts = np.histogram(noise, bins=16, range=(0, 1))[0]
    expected = noise.size / 16
    assert ((counts - expected) ** 2 / expected).sum() < 44  # chi2, 15 degrees: p = 1e-4
    first, second = found[0][~masks[0] & ~masks[1]], found[1][~masks[0] & ~masks[1]]
    assert abs(np.corrcoef(first.ravel(), second.ravel())[0, 1]) < 0.05


@pytest.mark.parametrize("variant", VARIANTS)
def test_factors_and_provenance_are_kept(few_sprites, variant):
    found = variant(few_sprites, seed=2**64 - 1)
    np.testing.assert_array_equal(found.values, few_sprites.values)
    np.testing.assert_array_equal(found.factors, few_sprites.factors)
    assert f"seed {2**64 - 1}, of: a small grid" in found.provenance.source
    assert found.observations[0].max() <= 1.0


@pytest.mark.parametrize("variant", VARIANTS)
def test_what_is_no_sprite_or_no_seed_is_refused(few_sprites, variant):
    for seed in (-1, 2**64):
        with pytest.raises(ValueError, match=r"seed must be from 0 to 2\*\*64 - 1"):
            variant(few_sprites, seed)
    colored = color_dsprites(few_sprites)
    with pytest.raises(ValueError, match=r"must be binary images .*; got \(72, 64, 64, 3\)"):
        variant(colored)
    grey = dataclasses.replace(few_sprites, observations=few_sprites.observations[:] * 255)
    with pytest.raises(ValueError, match="must hold 0 and 1 alone; got 0 to 255"):
        variant(grey).observations[0]
