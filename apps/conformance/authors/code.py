"""The authors' modules and models, read from a checkout of their repository.

Nothing of theirs is in this repository: github.com/ericyeats/nashae-beamsynthesis.
"""

import importlib
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from apps.recipes import AnyRecipe, DataName
from apps.recipes.data_sets.synthetic_faces import COLOURS
from nashae_baselines import FactorVAE, GaussianVAE
from nashae_core import NashAE, NashAEConfig


class AuthorsCode(NamedTuple):
    """Their two modules: models, losses and scores; and networks."""

    models: Any
    networks: Any


class _Networks(NamedTuple):
    encoder: str
    gaussian_encoder: str
    decoder: str
    gaussian_decoder: str
    options: dict[str, int]


_FACES = _Networks(
    "enc_celeba_small",
    "enc_celeba_small_vae",
    "dec_celeba_small",
    "dec_celeba_small",
    {"inp_chan": 3},
)
# Their classes for each data set.
NETWORKS: dict[DataName, _Networks] = {
    "beamsynthesis": _Networks(
        "enc_beamform", "enc_beamform_vae", "dec_beamform", "dec_beamform", {}
    ),
    "dsprites": _Networks(
        "enc_dsprites_fc",
        "enc_dsprites_vae_fc",
        "dec_dsprites_fc",
        "dec_dsprites_vae_fc",
        {},
    ),
    "synthetic-faces": _FACES,
    "celeba": _FACES,
}
MODELS = {"beta-vae": "VAE", "beta-tcvae": "B_TCVAE", "factor-vae": "FACTOR_VAE"}


def authors_code(path: Path) -> AuthorsCode:
    """The authors' modules, from the checkout at `path`.

    Raises `ValueError` if the folder does not contain them.
    """
    names = ("ae_utils_exp", "architectures")  # the second imports the first, and the first it
    for name in names:
        if not (path / f"{name}.py").is_file():
            raise ValueError(
                f"authors must be a checkout of github.com/ericyeats/nashae-beamsynthesis; "
                f"got {path}, which has no {name}.py: clone it there"
            )
    sys.path.insert(0, str(path.absolute()))
    try:
        return AuthorsCode(*(importlib.import_module(name) for name in names))
    finally:
        sys.path.remove(str(path.absolute()))


def commit_of(path: Path) -> str:
    """The commit of the checkout at `path`, in words."""
    git = ("git", "-C", str(path), "rev-parse", "--show-toplevel", "HEAD")
    answer = subprocess.run(git, capture_output=True, text=True, check=False)
    top, _, commit = answer.stdout.strip().partition("\n")
    if answer.returncode or Path(top).resolve() != path.resolve():
        return "not a git checkout"
    return f"commit {commit[:7]}"


def normaliser(code: AuthorsCode, data: DataName) -> Any:
    """What their notebook for `data` applies to observations before the encoder."""
    if data == "dsprites":
        return nn.Identity()
    if data == "beamsynthesis":
        return code.models.beam_s2s2_norm
    if data == "celeba":
        return code.models.celeba_norm
    # Their class, with the colours of our synthetic faces.
    return code.models.Normalize(*COLOURS)


def authors_model(code: AuthorsCode, recipe: AnyRecipe) -> Any:
    """Their model for the method, data and latents of `recipe`, freshly drawn.

    The parameters come from PyTorch's global generator, like all that their code draws.
    """
    networks, m = NETWORKS[recipe.data], recipe.latents
    norm = normaliser(code, recipe.data)
    options: dict[str, Any] = {"z_dim": m, "inp_inorm": norm}
    if isinstance(recipe.method, NashAEConfig):
        names = (networks.encoder, networks.decoder)
        kind = code.models.AutoEncoder
    else:
        names = (networks.gaussian_encoder, networks.gaussian_decoder)
        kind = getattr(code.models, MODELS[recipe.method_name])
        options["rec_dstr"] = "bernoulli" if recipe.data == "dsprites" else "gaussian"
    encoder = getattr(code.networks, names[0])(lat=m, **networks.options)
    decoder = getattr(code.networks, names[1])(lat=m, **networks.options)
    return kind(norm, encoder, decoder, torch.device("cpu"), **options)


@contextmanager
def double_precision() -> Iterator[None]:
    """Make float64 the default, also of optimisers' states."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


def layers(network: nn.Module) -> list[tuple[Tensor, Tensor]]:
    """The weights and biases of a network's layers, in order, however it stores them."""
    parameters = list(network.parameters())
    weights = [p for p in parameters if p.dim() > 1]
    biases = [p for p in parameters if p.dim() == 1]
    return list(zip(weights, biases, strict=True))


def in_their_layout(model: nn.Module, *, gradients: bool = False) -> list[Tensor]:
    """The parameters of one of our models, or their gradients, as views in the layout of theirs.

    In the order of their `parameters()`: a VAE's two heads are one layer here and two there, and
    our predictors are stacked.
    """
    assert isinstance(model, NashAE | GaussianVAE)

    def of(parameter: Tensor) -> Tensor:
        if not gradients:
            return parameter.detach()
        assert parameter.grad is not None
        return parameter.grad

    tensors = list[Tensor]()
    encoder = [(of(w), of(b)) for w, b in layers(model.encoder)]
    if isinstance(model, GaussianVAE):
        weight, bias = encoder.pop()
        encoder += zip(weight.chunk(2), bias.chunk(2), strict=True)
    for weight, bias in encoder + [(of(w), of(b)) for w, b in layers(model.decoder)]:
        tensors += [weight, bias]
    if isinstance(model, FactorVAE):
        tensors += [of(p) for pair in layers(model.discriminator) for p in pair]
    if isinstance(model, NashAE):
        p = model.predictors
        stacks = ((p.weight1, p.bias1), (p.weight2, p.bias2), (p.weight3, p.bias3))
        for net in range(p.latents):
            for weight, bias in stacks:
                tensors += [of(weight)[net].mT, of(bias)[net, 0]]
    return tensors
