"""The methods: one record each, in a file of its own."""

from typing import Any

from apps.recipes.method import Config, Method
from apps.recipes.methods.aae import AAE_METHOD
from apps.recipes.methods.annealed_vae import ANNEALED_VAE
from apps.recipes.methods.beta_tcvae import BETA_TCVAE
from apps.recipes.methods.beta_vae import BETA_VAE
from apps.recipes.methods.covariance import COVARIANCE
from apps.recipes.methods.dip_vae import DIP_VAE_I, DIP_VAE_II
from apps.recipes.methods.factor_vae import FACTOR_VAE
from apps.recipes.methods.info_gan import INFO_GAN
from apps.recipes.methods.nashae import NASHAE

METHODS: dict[str, Method[Any]] = {
    method.name: method
    for method in (
        NASHAE,
        BETA_VAE,
        BETA_TCVAE,
        FACTOR_VAE,
        DIP_VAE_I,
        DIP_VAE_II,
        ANNEALED_VAE,
        AAE_METHOD,
        INFO_GAN,
        COVARIANCE,
    )
}


def method_named(name: str) -> Method[Any]:
    """The method of that name; `ValueError` lists all if there is none."""
    if name not in METHODS:
        raise ValueError(f"unknown method {name!r}; there are {sorted(METHODS)}")
    return METHODS[name]


def method_of(config: Config) -> Method[Any]:
    """The method that a config is of."""
    return next(method for method in METHODS.values() if method.has(config))
