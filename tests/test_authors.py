"""The comparison with the authors' code, as far as it can be tested without that code."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from apps.conformance import __main__ as app
from apps.conformance.authors.card import METHODS, Found, Row, section
from apps.conformance.authors.code import authors_code, commit_of, in_their_layout
from apps.conformance.authors.scores import Compared
from apps.conformance.authors.steps import QUANTITIES, Comparison, Difference, Draws
from apps.conformance.authors.weights import Layer
from apps.recipes import RECIPES


def test_a_folder_without_their_code_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"nashae-beamsynthesis; got .*, which has no ae_utils_e"):
        authors_code(tmp_path)
    assert commit_of(tmp_path) == "not a git checkout"


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("data", ["beamsynthesis", "dsprites", "synthetic-faces"])
def test_all_weights_are_there_in_their_layout(data: str, method: str) -> None:
    """Weight and bias in turns, of as many outputs; views, so that theirs can be copied in."""
    model: nn.Module = RECIPES[f"{data}-{method}"].build(torch.Generator().manual_seed(0))
    found = in_their_layout(model)
    for weight, bias in zip(found[::2], found[1::2], strict=True):
        assert (weight.dim(), bias.dim()) in ((2, 1), (4, 1))
        assert len(bias) in weight.shape[:2]
    assert sum(p.numel() for p in found) == sum(p.numel() for p in model.parameters())
    for tensor in found:
        tensor.zero_()
    assert not any(p.any() for p in model.parameters())


def test_reversed_draws_are_the_same_observations_with_their_own_noise() -> None:
    generator = torch.Generator().manual_seed(0)
    noise = torch.randn(4, 2, generator=generator)
    order = torch.rand(4, 2, generator=generator).argsort(0)
    batches = torch.arange(4).view(1, 1, 4)
    turned = Draws(batches, [noise], [order]).reversed()
    of_each = {int(i): row for i, row in zip(turned.batches[0, 0], turned.noise[0], strict=True)}
    for row in range(4):
        assert of_each[row].equal(noise[row])
    # The permuted latents are the same rows of numbers, in the opposite order.
    assert noise.flip(0).gather(0, turned.orders[0]).equal(noise.gather(0, order).flip(0))


def comparison(ours: float, control: float) -> Comparison:
    difference = Difference(ours, control)
    return Comparison(
        {name: [difference] * 3 for name in QUANTITIES}, dict.fromkeys(QUANTITIES, difference)
    )


@pytest.mark.parametrize(
    ("ours", "control", "equal"),
    [(1e-12, 0.0, True), (1e-8, 1e-15, False), (0.4, 0.5, True), (0.4, 1e-3, False)],
)
def test_rounding_is_what_the_control_has_too(ours: float, control: float, equal: bool) -> None:
    assert comparison(ours, control).is_rounding == equal


def rows(**changes: Any) -> list[Row]:
    rng = np.random.default_rng(0)
    names = ("enc.0.weight", "enc.0.bias", "dec.0.weight", "dec.0.bias")
    names += ("preds.0.weight", "preds.0.bias", "disc.0.weight", "disc.0.bias")
    layers = [Layer(name, rng.normal(size=50), rng.normal(size=50)) for name in names]
    made = []
    for method in METHODS:
        fields = {"settings": list[str](), "layers": layers, "training": comparison(1e-14, 1e-15)}
        made.append(Row(RECIPES[f"dsprites-{method}"], **{**fields, **changes}))
    return made


def test_the_section_says_what_is_equal_and_what_is_not() -> None:
    scores = [Compared("a score", 0.5, 0.5, 1e-6), Compared("another", 0.5, 0.6, 1e-6)]
    text = section(Found(rows(), scores), "commit 1234567")
    assert text.startswith(app.AUTHORS_HEADING)
    assert text.count("| equal") == 3 * len(METHODS)
    assert text.count("**no**") == 1
    assert "**different**" not in text
    apart = np.random.default_rng(1).normal(3, 1, 50)
    changed = rows(
        settings=["rate: 1 there, 2 here"],
        training=comparison(1e-3, 1e-15),
        layers=[Layer("enc.0.weight", apart, -apart), *rows()[0].layers[1:]],
    )
    text = section(Found(changed, scores), "commit 1234567")
    assert text.count("**different**") == 2 * len(METHODS)
    assert text.count("rate: 1 there, 2 here") == len(METHODS)
    eased = rows(training=comparison(1e-8, 1e-15), without_epsilon=comparison(1e-15, 1e-15))
    assert "equal up to their 1e-8" in section(Found(eased, scores), "")


def test_each_part_of_the_card_leaves_the_other(tmp_path: Path) -> None:
    out = tmp_path / "card.md"
    second = f"{app.AUTHORS_HEADING}\n\nsecond"
    app.write_part(out, "# Conformance\n\nfirst\n", second=False)
    app.write_part(out, second, second=True)
    assert out.read_text() == f"# Conformance\n\nfirst\n\n{second}\n"
    app.write_part(out, "# Conformance\n\nagain", second=False)
    assert out.read_text() == f"# Conformance\n\nagain\n\n{second}\n"
