"""Recipes: all that defines a run, by name, so that a table can cite it."""

from apps.recipes.data_set import AnyDataset, DataName, DataSet, OnFaces, Setting, Unlabelled
from apps.recipes.data_sets import DATA_SETS
from apps.recipes.method import Method, Model
from apps.recipes.methods import METHODS, method_named
from apps.recipes.recipes import DESCRIPTIONS, RECIPES, AnyRecipe, Recipe, own_recipe, recipe
from apps.recipes.source import Source, look_at

__all__ = [
    "DATA_SETS",
    "DESCRIPTIONS",
    "METHODS",
    "RECIPES",
    "AnyDataset",
    "AnyRecipe",
    "DataName",
    "DataSet",
    "Method",
    "Model",
    "OnFaces",
    "Recipe",
    "Setting",
    "Source",
    "Unlabelled",
    "look_at",
    "method_named",
    "own_recipe",
    "recipe",
]
