"""Recipes: what a run is."""

from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any, Generic, Self, TypeVar

import torch

from apps.recipes.data_set import DataName, DataSet
from apps.recipes.data_sets import DATA_SETS
from apps.recipes.method import Config, Method, Model
from apps.recipes.methods import method_named, method_of
from apps.recipes.own import own_data_set
from apps.recipes.source import Source
from nashae_core import NashAEConfig, TrainConfig
from nashae_core.fitted.fit import own_data_config

C = TypeVar("C", bound=Config, covariant=True)


@dataclass(frozen=True)
class Recipe(Generic[C]):
    """A run: a method's settings, a data set, a number of latents, a seed and a training.

    The settings decide the method, so its name cannot disagree with them.

    Raises:
        ValueError: Fewer than two latents, a negative seed, or settings for another number of
            observations than the data set has.
    """

    method: C
    """The method's own settings."""
    data: DataName = "beamsynthesis"
    """The data set."""
    latents: int = 4
    """m: the number of latents that the model starts with."""
    seed: int = 0
    """Draws the parameters, the batches and the noise."""
    train: TrainConfig = field(default_factory=TrainConfig)
    """Steps and batches."""
    source: Source | None = None
    """Where the data are, if they are one's own."""

    # Differs from the paper: the authors' trials share one order of batches and differ by their
    # first parameters alone; here the seed draws both.

    def __post_init__(self) -> None:
        if self.latents < 2:
            raise ValueError(f"latents must be at least 2; got {self.latents}")
        if (self.data == "own") != (self.source is not None):
            raise ValueError(f"source must come with data 'own' alone; got {self.data!r}")
        if self.seed < 0:
            raise ValueError(f"seed must be at least 0; got {self.seed}")
        given, n = getattr(self.method, "observations", None), self.data_set.observations
        if given not in (None, n):
            raise ValueError(f"observations must be {n}, those of {self.data}; got {given}")

    @property
    def data_set(self) -> DataSet:
        """The record of the data set."""
        return DATA_SETS[self.data] if self.source is None else own_data_set(self.source)

    @property
    def method_record(self) -> Method[Any]:
        """The record of the method."""
        return method_of(self.method)

    @property
    def method_name(self) -> str:
        """The method as rows name it."""
        return self.method_record.name

    @property
    def name(self) -> str:
        """The data set and the method."""
        data = self.data if self.source is None else self.source.stem
        return f"{data}-{self.method_name}"

    def as_dict(self) -> dict[str, Any]:
        """What a run folder keeps: all fields, of data of one's own alone the source."""
        return {k: v for k, v in asdict(self).items() if k != "source" or v is not None}

    @property
    def weight(self) -> float:
        """λ or β: what the tables vary."""
        return float(getattr(self.method, self.method_record.weight_name))

    @property
    def title(self) -> str:
        """The method and its weight as the paper writes them."""
        return self.method_record.title(self.weight)

    @property
    def label(self) -> str:
        """A name for the run's folder."""
        return f"{self.name}-{self.weight:g}-m{self.latents}-seed{self.seed}"

    def with_weight(self, weight: float) -> Self:
        """The same recipe at another λ or β."""
        changed: dict[str, Any] = {self.method_record.weight_name: weight}
        return replace(self, method=replace(self.method, **changed))

    def build(self, generator: torch.Generator) -> Model:
        """A fresh model, its parameters drawn from `generator`."""
        return self.method_record.build(
            self.method, self.data_set.networks, self.latents, generator
        )


AnyRecipe = Recipe[Any]

RECIPES: dict[str, AnyRecipe] = {}
DESCRIPTIONS: dict[str, str] = {}  # a sentence on each
for _data in DATA_SETS.values():
    for _config, _note in _data.settings:
        _made = Recipe(_config, _data.name, _data.latents, train=_data.train)
        _method = _made.method_record
        RECIPES[_made.name] = _made
        DESCRIPTIONS[_made.name] = (
            f"{_method.family} on {_data.title}, {_note} ({_method.symbol} = {_made.weight:g})."
        )


def recipe(
    method_name: str, weight: float, latents: int, seed: int, data: DataName = "beamsynthesis"
) -> AnyRecipe:
    """The recipe of a method on a data set, with another weight, number of latents and seed.

    Raises `ValueError` for a method that does not exist or has no recipe on the data set.

    Example:
        >>> recipe("nashae", 0.3, latents=8, seed=1).label
        'beamsynthesis-nashae-0.3-m8-seed1'
    """
    # Differs from the paper: "to convergence" there. Here every run has the steps of the authors'
    # code, 1000 on Beamsynthesis and 4000 on dSprites, whatever the method.
    name = f"{data}-{method_named(method_name).name}"
    if name not in RECIPES:
        raise ValueError(f"there is no recipe {name}; there are {list(RECIPES)}")
    return replace(RECIPES[name].with_weight(weight), latents=latents, seed=seed)


def own_recipe(
    source: Source,
    method: str = "nashae",
    weight: float | None = None,
    latents: int = 10,
    seed: int = 0,
    train: TrainConfig | None = None,
) -> AnyRecipe:
    """A recipe for data of one's own, with a method's default settings.

    Raises `ValueError` for an unknown method and numbers out of range.
    """
    record = method_named(method)
    names = {field.name for field in fields(record.config)}
    given = {"observations": len(source.rows[0])} if "observations" in names else {}
    steps = (train or TrainConfig()).steps
    config: Config = record.config(**record.fixed, **given)
    if record.config is NashAEConfig:
        config = own_data_config(steps)
    made: AnyRecipe = Recipe(config, "own", latents, seed, train or TrainConfig(), source)
    return made if weight is None else made.with_weight(weight)
