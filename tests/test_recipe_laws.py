"""Laws over every recipe, in the memory layout and the precision that it asks for.

Each once was broken without any other test seeing it: the convolutions of half of Table 3's recipes
stayed at their first values, and dSprites' VAEs began with other weights than the authors'.
"""

import doctest
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, get_args

import pytest
import torch
from torch import Tensor, nn
from torch.optim import Optimizer

import apps.recipes.recipes
from apps.recipes import DATA_SETS, METHODS, RECIPES, Method, Recipe
from apps.recipes.method import variational
from apps.runs.folder import RunFolder
from apps.runs.train import train_run
from nashae_baselines import VAE, VAEConfig
from nashae_core import Precision, Trainable, TrainConfig, train

HAS_RECONSTRUCTIONS = [name for name in RECIPES if "info-gan" not in name]


def few_observations(data: str, n: int = 8) -> Tensor:
    """Observations as the networks of a data set see them, which hang on two factors."""
    generator = torch.Generator().manual_seed(7)
    first, second = torch.rand(2, n, 1, 1, generator=generator)
    axis = torch.linspace(-1, 1, 64)
    across, down = (axis - first + 0.5).square(), (axis - second + 0.5).square()
    images = (across + down.mT < 0.2).float()  # a disc, here and there
    if DATA_SETS[data].on_disk:  # faces
        return (images[:, None] - 0.5) * torch.tensor([2.0, -1.0, 1.5])[:, None, None]
    if data == "dsprites":
        return images.flatten(1)
    return torch.sin(torch.linspace(0, 6, 1000) * (1 + 3 * first[:, 0])) * (0.5 + second[:, 0])


def watched(model: Trainable, moved: dict[str, set[str]]) -> Callable[[], Mapping[str, Optimizer]]:
    """The model's optimisers, each step of which writes down what it moved, by player."""
    made = model.optimizers()

    def watching(player: str, step: Callable[[], Any]) -> Callable[[], Any]:
        def watched_step() -> None:
            before = {name: p.detach().clone() for name, p in model.named_parameters()}
            step()
            moved[player] |= {n for n, p in model.named_parameters() if not p.equal(before[n])}

        return watched_step

    for player, optimizer in made.items():
        moved[player] = set()
        optimizer.step = watching(player, optimizer.step)  # type: ignore[method-assign]
    return lambda: made


@pytest.mark.filterwarnings("ignore:.* must fall in training")  # the first steps of Adagrad rise
@pytest.mark.parametrize("precision", get_args(Precision))
@pytest.mark.parametrize("name", RECIPES)
def test_after_three_steps_a_player_has_moved_all_that_it_owns_and_nothing_else(
    name: str, precision: Precision, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = RECIPES[name]
    model = recipe.build(torch.Generator().manual_seed(0))
    # In place before the optimisers are made, as `train` has it.
    if recipe.train.channels_last:
        model.to(memory_format=torch.channels_last)
    moved: dict[str, set[str]] = {}
    monkeypatch.setattr(model, "optimizers", watched(model, moved))
    names = {id(p): n for n, p in model.named_parameters()}
    owned = {
        player: {names[id(p)] for group in optimizer.param_groups for p in group["params"]}
        for player, optimizer in model.optimizers().items()
    }
    config = replace(recipe.train, steps=3, batch_size=8, record_every=3, precision=precision)
    train(model, few_observations(recipe.data), config, torch.Generator().manual_seed(1))
    assert moved == owned
    assert set.union(*owned.values()) == set(names.values())


@pytest.mark.filterwarnings("ignore:.* must fall in training")  # few steps
@pytest.mark.parametrize("name", HAS_RECONSTRUCTIONS)
def test_a_short_training_beats_the_mean_observation(name: str) -> None:
    """At no weight, which leaves the reconstruction to itself."""
    recipe = RECIPES[name]
    method = recipe.method_name
    changed: dict[str, Any] = {
        "gamma" if method == "annealed-vae" else recipe.method_record.weight_name: 0.0
    }
    if method in ("factor-vae", "aae"):
        changed["lr"] = 1e-3  # ten times theirs, or a short training is not one
    model: Any = replace(recipe, method=replace(recipe.method, **changed)).build(
        torch.Generator().manual_seed(0)
    )
    observations = few_observations(recipe.data)
    steps = 60 if name == "dsprites-nashae" else 30  # it falls to the mean image first
    config = replace(recipe.train, steps=steps, batch_size=8, record_every=steps)
    train(model, observations, config, torch.Generator().manual_seed(1))
    with torch.no_grad():
        error = (model.decode(model.encode(observations)) - observations).square().mean()
    of_the_mean = (observations - observations.mean(0)).square().mean()
    assert error < 0.95 * of_the_mean


def hidden_gains(network: nn.Module) -> list[float]:
    """The deviation of each layer's weights, times √fan_in."""
    return [
        float(weight.std()) * math.sqrt(nn.init._calculate_correct_fan(weight, "fan_in"))
        for weight in (p.detach() for p in network.parameters() if p.dim() > 1)
    ]


@pytest.mark.parametrize("name", RECIPES)
def test_weights_begin_with_the_authors_gains(name: str) -> None:
    """1 throughout, except the perceptrons of dSprites' VAEs: √2 for ReLU and 5/3 for tanh."""
    recipe = RECIPES[name]
    model: Any = recipe.build(torch.Generator().manual_seed(0))
    vae_of_sprites = recipe.data == "dsprites" and recipe.method_name != "nashae"
    for network, gain in ((model.encoder, math.sqrt(2)), (model.decoder, 5 / 3)):
        *hidden, last = hidden_gains(network)
        wanted = gain if vae_of_sprites else 1.0
        assert hidden == pytest.approx([wanted] * len(hidden), rel=0.05)
        assert last == pytest.approx(1, rel=0.15)  # of few weights


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_names_its_learning_rates(name: str) -> None:
    """What a config leaves out depends on the networks, and may change with the library."""
    method = RECIPES[name].method
    rates = [value for field, value in vars(method).items() if field.endswith("lr")]
    assert rates
    assert None not in rates


@dataclass(frozen=True)
class ToyConfig(VAEConfig):
    """The settings of a method that only this test has."""


@pytest.mark.filterwarnings("ignore:.* must fall in training")  # few steps
def test_a_method_is_one_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    toy = Method("toy", "Toy", ToyConfig, variational(VAE), counting_rule="beta-vae")
    monkeypatch.setitem(METHODS, "toy", toy)
    few = TrainConfig(steps=2, batch_size=10, record_every=1)
    recipe = Recipe(ToyConfig(beta=2.0, lr=1e-3), latents=2, train=few)
    assert (recipe.label, recipe.title) == ("beamsynthesis-toy-2-m2-seed0", "Toy β = 2")
    train_run(recipe, tmp_path)
    assert RunFolder(tmp_path).recipe == recipe
    assert type(RunFolder(tmp_path).model()) is VAE


def test_the_examples_run() -> None:
    assert doctest.testmod(apps.recipes.recipes).failed == 0
