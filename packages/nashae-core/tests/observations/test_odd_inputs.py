"""What is unambiguous is taken, with the result of the plain input; the rest is named in one line.

The hook for shapes and types is off here: it would speak before the package does.
"""

import inspect
from pathlib import Path

import jaxtyping
import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset, TensorDataset

import nashae_core
from nashae_core import (
    MLP,
    AxesConfig,
    CountConfig,
    ImageObservations,
    NashAE,
    NashAEConfig,
    PackedObservations,
    Predictors,
    Pruning,
    Stage,
    StreamedImages,
    StreamedObservations,
    TrainConfig,
    add_latent,
    align_axes,
    conv_decoder,
    conv_encoder,
    count_factors,
    covariance_loss,
    dependence,
    encode,
    initialise,
    load_weights,
    missing_direction,
    predictor_loss,
    read_tensors,
    reconstruction_loss,
    redundancy,
    remove_latents,
    save_tensors,
    save_weights,
    train,
    train_many,
    train_pruned,
    weighted_loss,
)


@pytest.fixture(autouse=True)
def _unhooked(monkeypatch):
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)


N, INPUTS, LATENTS = 30, 6, 3
# Numbers that all floating-point types have: k/32 of 7 bits.
X = (np.random.default_rng(0).integers(-127, 128, (N, INPUTS)) / 32).astype(np.float32)
Z = np.ascontiguousarray(X[:, :LATENTS]) / 8 + 0.5
SHORT = TrainConfig(steps=2, batch_size=10, record_every=2)
PRUNED = Pruning(2, 2)
COUNTED = CountConfig(
    batch_size=10,
    pruning=PRUNED,
    test_steps=2,
    growth_steps=2,
    growth_warm_up=2,
    record_every=2,
)
ALIGNED = AxesConfig(
    batch_size=10,
    pruning=PRUNED,
    first=Stage(4, 0.2, 0.0),
    merge=Stage(2, 0.1, 0.0),
    last=Stage(2, 0.1, 0.0),
    fit_steps=2,
    tries=1,
    record_every=2,
)


def game(seed=0):
    draw = torch.Generator().manual_seed(seed)
    networks = [
        MLP(sizes, generator=draw) for sizes in ((INPUTS, 5, LATENTS), (LATENTS, 5, INPUTS))
    ]
    return NashAE(*networks, Predictors(LATENTS, 4, generator=draw))


def drawing(generator):
    """A model that is drawn, for `align_axes`."""
    return game(int(torch.randint(9, (), generator=generator)))


def seed():
    return torch.Generator().manual_seed(0)


def state(model):
    return [*model.state_dict().values()]


def seeds():
    return [seed(), seed()]


def trained(x, generator=None, make=game, config=SHORT):
    model = make()
    train(model, x, config, seed() if generator is None else generator)
    return state(model)


def trained_many(x, generators=None, make=lambda: [game(0), game(1)]):
    models = make()
    train_many(models, x, SHORT, seeds() if generators is None else generators)
    return [tensor for model in models for tensor in state(model)]


def pruned(x, generator=None, make=game, config=SHORT):
    generator = seed() if generator is None else generator
    return state(train_pruned(make(), x, config, generator, PRUNED)[0])


def counted(x, generator=None, make=game, config=COUNTED):
    generator = seed() if generator is None else generator
    return state(count_factors(make(), x, generator, config).model)


def aligned(x, generator=None, build=drawing, config=ALIGNED):
    generator = seed() if generator is None else generator
    return state(align_axes(build, x, 2, generator, config).model)


TAKES_OBSERVATIONS = {
    "train": trained,
    "train_many": trained_many,
    "train_pruned": pruned,
    "count_factors": counted,
    "align_axes": aligned,
    "encode": lambda x: [encode(game(), x)],
}
TAKES_ROWS = {"missing_direction": lambda x: [*missing_direction(game(), x)]}
TAKES_CODES = {
    "dependence": lambda z: [dependence(z)],
    "redundancy": lambda z: [redundancy(z)],
}


# What arrays are given as.


class Frame:
    """As pandas' and polars' frames, which are indexed by column."""

    def __init__(self, array):
        self.array, self.shape, self.columns = array, array.shape, [*range(array.shape[1])]

    def __len__(self):
        return len(self.array)

    def __getitem__(self, column):
        return self.array[:, column]

    def to_numpy(self):
        return self.array

    def __array__(self, dtype=None, copy=None):
        return self.array


class Convertible:
    def __init__(self, array):
        self.array = array

    def __array__(self, dtype=None, copy=None):
        return self.array


class Sparse:
    """As scipy's matrices."""

    def __init__(self, array):
        self.array, self.shape, self.dtype = array, array.shape, array.dtype

    def __getitem__(self, index):
        return self.array[index]

    def toarray(self):
        return self.array


def on_disk(array):
    path = Path(f"{array.dtype.str[1:]}.npy")
    np.save(path, array)
    return np.load(path, mmap_mode="r")


def of_own(kind):
    """A data frame of a library that may be absent."""

    def made(array):
        return pytest.importorskip(kind).DataFrame(array)

    return made


TAKEN = {
    "an array": lambda x: x,
    "a list of lists": lambda x: x.tolist(),
    "a list of arrays": list,
    "a list of tensors": lambda x: [torch.from_numpy(row) for row in x],
    "a tuple": tuple,
    "a frame": Frame,
    "a frame of pandas": of_own("pandas"),
    "a frame of polars": of_own("polars"),
    "what has __array__": Convertible,
    "foreign byte order": lambda x: x.astype(">f4"),
    "float16": lambda x: x.astype(np.float16),
    "float64": lambda x: x.astype(np.float64),
    "foreign float64": lambda x: x.astype(">f8"),
    "long double": lambda x: x.astype(np.longdouble),
    "backwards": lambda x: x[::-1].copy()[::-1],
    "columns backwards": lambda x: x[:, ::-1].copy()[:, ::-1],
    "by column": np.asfortranarray,
    "strided": lambda x: np.repeat(x, 2, 0)[::2],
    "read-only": lambda x: np.frombuffer(x.tobytes(), x.dtype).reshape(x.shape),
    "on disk": on_disk,
    "masked nowhere": np.ma.masked_invalid,
    "a subclass of ndarray": lambda x: x.view(np.matrix) if x.ndim == 2 else x,
    "bfloat16": lambda x: torch.from_numpy(x).bfloat16(),
    "with a gradient": lambda x: torch.from_numpy(x).requires_grad_(),
    "a parameter": lambda x: nn.Parameter(torch.from_numpy(x)),
    "not contiguous": lambda x: torch.from_numpy(x.T.copy()).T,
    "expanded": lambda x: torch.from_numpy(x)[None].expand(2, *x.shape)[1],
}
WHOLE = {  # of codes, which may be levels
    "int64": lambda z: np.round(4 * z).astype(np.int64),
    "uint8": lambda z: np.abs(np.round(4 * z)).astype(np.uint8),
    "a list of int": lambda z: np.round(4 * z).astype(int).tolist(),
    "bool": lambda z: z > 0.5,
}


class Items(Dataset):
    def __len__(self):
        return N

    def __getitem__(self, index):
        return {"x": torch.zeros(INPUTS), "i": index}


class ItemsOfOne(Items):
    def __getitem__(self, index):
        return torch.zeros(INPUTS) + int(index)


class Other:
    """Rows that are not where the model is, or no tensors."""

    def __init__(self, gives):
        self.gives = gives

    def __len__(self):
        return N

    def __getitem__(self, index):
        return self.gives(index)


def text(x):
    return x.astype(str)


REFUSED = {
    "None": lambda _: None,
    "an int": lambda _: 5,
    "a float": lambda _: 2.5,
    "a bool": lambda _: True,
    "a str": lambda _: "data.npy",
    "bytes": lambda _: b"data",
    "a dict": lambda x: {"x": x},
    "a set": lambda _: {1.0, 2.0},
    "an iterator": lambda x: iter(x),
    "a range": lambda _: range(N),
    "an object": lambda _: object(),
    "a function": lambda _: text,
    "a class": lambda _: NashAE,
    "a model": lambda _: game(),
    "a DataLoader": lambda x: DataLoader(torch.from_numpy(x), 5),
    "a TensorDataset": lambda x: TensorDataset(torch.from_numpy(x)),
    "a Dataset": lambda _: Items(),
    "a Dataset by int": lambda _: ItemsOfOne(),
    "a data set": lambda x: type("Data", (), {"observations": x, "__len__": lambda _: N})(),
    "no axis": lambda _: np.array(3.0),
    "a tensor without axis": lambda _: torch.tensor(3.0),
    "no rows": lambda x: x[:0],
    "an empty list": lambda _: [],
    "an empty frame": lambda x: Frame(x[:0]),
    "ragged": lambda x: [row[: 1 + i % 3] for i, row in enumerate(x)],
    "ragged tensors": lambda x: [torch.from_numpy(row[: 1 + i % 3]) for i, row in enumerate(x)],
    "a list of text": lambda x: text(x).tolist(),
    "a list of None": lambda _: [None] * N,
    "text": text,
    "a frame of text": lambda x: Frame(text(x).astype(object)),
    "objects": lambda x: x.astype(object),
    "dates": lambda x: x.astype("M8[s]"),
    "complex": lambda x: x.astype(np.complex64),
    "a complex tensor": lambda x: torch.from_numpy(x).cfloat(),
    "masked": lambda x: np.ma.masked_greater(x, 0),
    "sparse": Sparse,
    "a sparse tensor": lambda x: torch.from_numpy(x).to_sparse(),
    "nested": lambda x: torch.nested.nested_tensor([torch.from_numpy(x)] * 2, layout=torch.jagged),
    "of no memory": lambda x: torch.from_numpy(x).to("meta"),
    "NaN": lambda x: np.where(x == x[7, 1], np.nan, x),
    "infinite": lambda x: torch.from_numpy(np.where(x == x[7, 1], np.inf, x)),
    "beyond float32": lambda x: x.astype(np.float64) * 1e200,
}
REFUSED_ROWS = REFUSED | {
    "int64": lambda x: x.astype(np.int64),
    "uint8": lambda x: x.astype(np.uint8),
    "a list of int": lambda x: x.astype(int).tolist(),
    "bool": lambda x: x > 0,
    "one axis": lambda x: x[:, 0],
    "three axes": lambda x: x[:, None],
    "too narrow": lambda x: x[:, :-1],
    "too wide": lambda x: np.repeat(x, 2, 1),
    "no columns": lambda x: x[:, :0],
    "a matrix of another shape": lambda x: x.T.copy(),
}
REFUSED_OBSERVATIONS = REFUSED_ROWS | {
    "rows of arrays": lambda x: Other(lambda i: x[i.numpy()]),
    "rows that fail": lambda x: Other(lambda i: x[i.nothing]),
    "one row for many": lambda x: Other(lambda _: torch.from_numpy(x)[0]),
    "rows elsewhere": lambda x: Other(lambda i: torch.from_numpy(x)[i].to("meta")),
    "rows in pairs": lambda x: Other(lambda i: (torch.from_numpy(x)[i], i)),
}
REFUSED_CODES = {kind: REFUSED[kind] for kind in REFUSED if kind != "beyond float32"} | {
    "one axis": lambda z: z[:, 0],
    "three axes": lambda z: z[:, None],
}


def refused(call, *names):
    """Whether a call is refused by this package, in one line that names the argument."""
    with pytest.raises((ValueError, TypeError)) as caught:
        call()
    message = str(caught.value)
    assert "\n" not in message
    assert any(name in message for name in names), message
    frames = inspect.getinnerframes(caught.value.__traceback__)
    assert Path(nashae_core.__file__).parent in Path(frames[-1].filename).parents, message
    return message


PLAIN = {}


def plain(name, function, array):
    if name not in PLAIN:
        PLAIN[name] = function(torch.from_numpy(array))
    return PLAIN[name]


def assert_plain(found, wanted):
    assert len(found) == len(wanted)
    assert all(torch.equal(a, b) for a, b in zip(found, wanted, strict=True))


@pytest.mark.parametrize("kind", TAKEN)
def test_arrays_of_all_kinds_give_what_a_tensor_gives(kind, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, function in (TAKES_OBSERVATIONS | TAKES_ROWS).items():
        assert_plain(function(TAKEN[kind](X)), plain(name, function, X))
    for name, function in TAKES_CODES.items():
        assert_plain(function(TAKEN[kind](Z)), plain(name, function, Z))


@pytest.mark.parametrize("kind", WHOLE)
def test_codes_may_be_whole_numbers(kind):
    for function in TAKES_CODES.values():
        codes = WHOLE[kind](Z)
        assert_plain(function(codes), function(torch.tensor(codes).double()))


@pytest.mark.parametrize("kind", REFUSED_OBSERVATIONS)
def test_what_is_no_array_of_observations_is_named(kind, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for function in TAKES_OBSERVATIONS.values():
        refused(lambda f=function: f(REFUSED_OBSERVATIONS[kind](X)), "observations")


@pytest.mark.parametrize("kind", REFUSED_ROWS)
def test_what_is_no_array_of_rows_is_named(kind, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for function in TAKES_ROWS.values():
        refused(lambda f=function: f(REFUSED_ROWS[kind](X)), "x must", "observations must")


@pytest.mark.parametrize("kind", REFUSED_CODES)
def test_what_is_no_array_of_codes_is_named(kind, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for function in TAKES_CODES.values():
        refused(lambda f=function: f(REFUSED_CODES[kind](Z)), "codes")


# Generators

DRAWS = {
    "MLP": lambda g: MLP((4, 3, 2), generator=g).parameters(),
    "Predictors": lambda g: Predictors(3, 4, generator=g).parameters(),
    "conv_encoder": lambda g: conv_encoder(2, channels=1, generator=g).parameters(),
    "conv_decoder": lambda g: conv_decoder(2, channels=1, generator=g).parameters(),
    "initialise": lambda g: initialised(nn.Linear(3, 2), g),
    "train": lambda g: trained(X, g),
    "train, runs": lambda g: trained_many(X, [g, g] if isinstance(g, int | np.integer) else two(g)),
    "train_pruned": lambda g: pruned(X, g),
    "count_factors": lambda g: counted(X, g),
    "align_axes": lambda g: aligned(X, g),
    "add_latent": lambda g: add_latent(game(), g)[0].parameters(),
}


def two(generator):
    """The same twice, as two generators."""
    if not isinstance(generator, torch.Generator):
        return [generator, generator]
    return [generator, torch.Generator().manual_seed(generator.initial_seed())]


def initialised(network, generator):
    initialise(network, generator)
    return network.parameters()


@pytest.mark.parametrize("entry", DRAWS)
def test_an_int_is_the_seed_of_a_generator(entry):
    wanted = [*DRAWS[entry](torch.Generator().manual_seed(7))]
    for given in (7, np.int64(7)):
        assert_plain([*DRAWS[entry](given)], wanted)


@pytest.mark.parametrize("entry", DRAWS)
def test_what_is_no_generator_is_named(entry):
    for given in (None, True, 1.5, "0", -1, 2**64, np.random.default_rng(0), torch.tensor(3), {}):
        if given is not None or entry not in DEFAULTED:
            refused(lambda g=given: DRAWS[entry](g), "generator")


# What None stands for here, in these tests alone.
DEFAULTED = {"train", "train, runs", "train_pruned", "count_factors", "align_axes"}


# Models and networks

MODELS = {
    "train": lambda model: trained(X, make=lambda: model),
    "train_many": lambda model: trained_many(X, make=lambda: [game(), model]),
    "train_many, alone": lambda model: trained_many(X, make=lambda: model),
    "train_pruned": lambda model: pruned(X, make=lambda: model),
    "encode": lambda model: encode(model, X),
    "missing_direction": lambda model: missing_direction(model, X),
    "remove_latents": lambda model: remove_latents(model, [0], Z[0]),
    "add_latent": lambda model: add_latent(model, 0),
    "save_weights": lambda model: save_weights(model, "a.safetensors"),
    "load_weights": lambda model: load_weights(model, "a.safetensors"),
}
NO_MODELS = {
    "None": None,
    "an int": 5,
    "a str": "NashAE",
    "an array": X,
    "the class": NashAE,
    "a function": drawing,
    "weights": game().state_dict(),
}


@pytest.mark.parametrize("kind", NO_MODELS)
def test_what_is_no_model_is_named(kind):
    for call in MODELS.values():
        refused(lambda f=call: f(NO_MODELS[kind]), "model")
    for call in (
        lambda net: NashAE(net, game().decoder, game().predictors),
        lambda net: NashAE(game().encoder, net, game().predictors),
        lambda net: initialise(net, 0),
    ):
        refused(lambda f=call: f(NO_MODELS[kind]), "encoder must", "decoder must", "network must")


def test_a_network_that_is_no_such_model_is_named():
    linear = nn.Linear(INPUTS, LATENTS)
    for entry in set(MODELS) - {"save_weights", "load_weights"}:
        refused(lambda entry=entry: MODELS[entry](linear), "model")
    refused(lambda: NashAE(linear, linear, linear), "predictors must be a Predictors; got Linear")


def test_configs_of_another_kind_are_named():
    for config in (5, {}, NashAEConfig, "default", seed(), Pruning()):
        for call in (
            lambda c: trained(X, config=c),
            lambda c: pruned(X, config=c),
            lambda c: counted(X, config=c),
            lambda c: aligned(X, config=c),
            lambda c: NashAE(game().encoder, game().decoder, game().predictors, c),
        ):
            refused(lambda f=call, c=config: f(c), "config")
    refused(lambda: train_pruned(game(), X, SHORT, 0, 5), "pruning must be a Pruning; got 5")


class Gives(nn.Module):
    """A model with parameters whose `encode` is of no use."""

    def __init__(self, gives):
        super().__init__()
        self.weight, self.gives = nn.Parameter(torch.zeros(3)), gives

    def encode(self, x):
        return self.gives(x)

    forward = encode


GIVES = {
    "None": lambda _: None,
    "a pair": lambda x: (x, x),
    "an array": lambda x: x.detach().numpy(),
    "one axis": lambda x: x[:, 0],
    "one row": lambda x: x[:1],
    "a product": lambda x: x @ torch.zeros(99, 3),
    "a view": lambda x: x.view(7, -1),
}


@pytest.mark.parametrize("kind", GIVES)
def test_networks_that_give_something_else_are_named(kind):
    gives = GIVES[kind]
    refused(lambda: encode(Gives(gives), X), "model must", "Gives.encode", "observations must")
    for networks in ([Gives(gives), game().decoder], [game().encoder, Gives(gives)]):
        model = NashAE(*networks, Predictors(LATENTS, 4, generator=0))
        refused(lambda m=model: trained(X, make=lambda: m), "encoder", "decoder")


# Shapes

CONV = conv_encoder(2, generator=0), conv_decoder(2, generator=0)
SHAPES = {
    "MLP": (lambda t: MLP((INPUTS, 2), generator=0)(t), "x"),
    "Predictors": (lambda t: Predictors(INPUTS, 4, generator=0)(t), "codes"),
    "rounds": (lambda t: next(Predictors(INPUTS, 4, generator=0).rounds(t, 1)), "codes"),
    "conv_encoder": (lambda t: CONV[0](t), "images"),
    "conv_decoder": (lambda t: CONV[1](t), "codes"),
    "reconstruction_loss": (lambda t: reconstruction_loss(t, torch.from_numpy(X)), "reconstr"),
    "observations": (lambda t: reconstruction_loss(torch.from_numpy(X), t), "observations"),
    "predictor_loss": (lambda t: predictor_loss(t, torch.from_numpy(X)), "predictions"),
    "codes": (lambda t: predictor_loss(torch.from_numpy(X), t), "codes"),
    "covariance_loss": (lambda t: covariance_loss(t, torch.from_numpy(X)), "predictions"),
    "codes, covariance": (lambda t: covariance_loss(torch.from_numpy(X), t), "codes"),
    "weighted_loss": (lambda t: weighted_loss(t, torch.zeros(()), 0.2), "reconstruction"),
    "covariance": (lambda t: weighted_loss(torch.zeros(()), t, 0.2), "covariance"),
}
NO_SHAPES = {
    "None": None,
    "an int": 5,
    "an array": X,
    "a list": X.tolist(),
    "no axis": torch.zeros(()),
    "one axis": torch.zeros(N),
    "three axes": torch.zeros(2, N, 5),
    "narrow": torch.zeros(N, INPUTS - 1),
    "short": torch.zeros(N - 1, 1),
    "whole numbers": torch.zeros(N, INPUTS, dtype=torch.int64),
    "complex": torch.zeros(N, INPUTS, dtype=torch.complex64),
    "bool": torch.zeros(N, INPUTS, dtype=torch.bool),
    "50 × 70": torch.zeros(2, 3, 50, 70),
    "channels last": torch.zeros(2, 64, 64, 3),
    "float64": torch.zeros(2, 3, 64, 64, dtype=torch.float64),
}


@pytest.mark.parametrize("kind", NO_SHAPES)
def test_tensors_of_another_kind_are_named(kind):
    for entry, (call, name) in SHAPES.items():
        if kind == "no axis" and entry in ("weighted_loss", "covariance"):
            continue
        refused(lambda f=call: f(NO_SHAPES[kind]), name)


def test_both_ends_of_a_loss_of_no_codes_are_looked_at():
    one = torch.zeros(N)
    for runs in (-1, 1, 2):
        refused(lambda runs=runs: reconstruction_loss(one, one, runs=runs), "runs must")
    refused(lambda: reconstruction_loss(one, one, reduction="median"), "reduction must be")
    refused(lambda: reconstruction_loss(one[0], one[0]), "runs must")
    for loss in (predictor_loss, covariance_loss):
        refused(lambda f=loss: f(one, one), "predictions must be")


@pytest.mark.parametrize("shape", [(3, 50, 70), (64, 64, 3), (1, 64, 64), (64, 64), (3, 32, 32)])
def test_images_that_the_networks_do_not_take_are_named(shape):
    networks = conv_encoder(3, generator=0), conv_decoder(3, generator=0)
    model = NashAE(*networks, Predictors(3, 4, generator=0))
    x = np.random.default_rng(0).standard_normal((4, *shape), np.float32)
    for call in (lambda x: trained(x, make=lambda: model), lambda x: encode(model, x)):
        message = refused(lambda f=call: f(x), "observations must")
        assert "images must be (batch, 3, 64, 64)" in message or "channels first" in message


SIZES = {
    "MLP": (lambda size: MLP((3, size), generator=0), "sizes"),
    "MLP, all": (lambda size: MLP(size, generator=0), "sizes"),
    "Predictors": (lambda size: Predictors(size, generator=0), "latents"),
    "hidden": (lambda size: Predictors(3, size, generator=0), "hidden"),
    "runs": (lambda size: Predictors(3, runs=size, generator=0), "runs"),
    "conv_encoder": (lambda size: conv_encoder(size, generator=0), "outputs"),
    "channels": (lambda size: conv_encoder(3, channels=size, generator=0), "channels"),
    "conv_decoder": (lambda size: conv_decoder(size, generator=0), "latents"),
    "batch_size": (lambda size: encode(game(), X, batch_size=size), "batch_size"),
    "steps": (lambda size: TrainConfig(steps=size), "steps"),
    "latents": (lambda size: remove_latents(game(), [size], Z[0]), "latents"),
    "latents, all": (lambda size: remove_latents(game(), size, Z[0]), "latents"),
    "values": (lambda size: remove_latents(game(), [0], size), "values"),
}


@pytest.mark.parametrize("entry", SIZES)
def test_numbers_of_another_kind_are_named(entry):
    call, name = SIZES[entry]
    for size in (None, "3", 2.5, True, -1, torch.ones(3, dtype=torch.bool), [[1, 2]], np.ones(2)):
        refused(lambda size=size: call(size), name)


def test_latents_and_values_may_be_of_any_kind_of_numbers():
    wanted = state(remove_latents(game(), [0, 2], torch.from_numpy(Z[0]))[0])
    for latents in (
        (0, 2),
        range(0, 3, 2),
        np.array([2, 0]),
        torch.tensor([0, 2], dtype=torch.uint8),
    ):
        for values in (Z[0], Z[0].tolist(), torch.from_numpy(Z[0]).double(), Z[0].astype(">f8")):
            assert_plain(state(remove_latents(game(), latents, values)[0]), wanted)
    for row in ((torch.zeros(4), torch.zeros(())), (torch.zeros(()), torch.zeros(())), (1, 2, 3)):
        refused(lambda row=row: add_latent(game(), 0, row=row), "row must be")


def test_a_device_that_is_not_here_is_named():
    for device in ("gpu", "cpu:x", None, 3.5, "hip:77"):
        for call in (
            lambda d: train(game(), X, SHORT, 0, device=d),
            lambda d: encode(game(), X, device=d),
            lambda d: train_pruned(game(), X, SHORT, 0, PRUNED, device=d),
            lambda d: count_factors(game(), X, 0, COUNTED, device=d),
            lambda d: align_axes(drawing, X, 2, 0, ALIGNED, device=d),
            lambda d: train_many([game()], X, SHORT, [0], device=d),
        ):
            refused(lambda f=call, d=device: f(d), "device must be")


# Images and bits

BYTES = np.random.default_rng(0).integers(0, 256, (5, 4, 6, 3), dtype=np.uint8)
COLOURS = (0.5, 0.4, 0.3), (0.2, 0.3, 0.4)


@pytest.mark.parametrize(
    "kind", ["backwards", "by column", "strided", "read-only", "a list of tensors", "on disk"]
)
def test_images_and_bits_of_all_kinds_give_what_bytes_give(kind, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    index, given = torch.tensor([4, 0, 4]), TAKEN[kind](BYTES)
    wanted = ImageObservations(torch.from_numpy(BYTES), *COLOURS)[index]
    assert torch.equal(ImageObservations(given, *map(np.array, COLOURS))[index], wanted)
    if not isinstance(given, list):
        assert torch.equal(StreamedImages(given, *map(torch.tensor, COLOURS))[index], wanted)
    wanted = PackedObservations(torch.from_numpy(BYTES))[index]
    assert torch.equal(PackedObservations(given)[index], wanted)
    holder = type("PackedImages", (), {"packed": BYTES, "__array__": lambda *_: 1 / 0})()
    assert torch.equal(PackedObservations(holder)[index], wanted)


NO_IMAGES = [
    (np.moveaxis(BYTES, 3, 1), "channels first"),
    (BYTES[..., 0], "no axis of channels"),
    (BYTES / 255, "float64"),
    (BYTES.astype(np.int64), "int64"),
    (torch.from_numpy(BYTES).float(), "of torch.float32"),
    (BYTES[0], "no axis of channels"),
    (np.array(3, np.uint8), "got shape ()"),
    (None, "got None"),
    (5, "got 5"),
    ("faces", "got 'faces'"),
    ({"x": BYTES}, "images['x']"),
    (iter(BYTES), "give list(images)"),
    (BYTES.astype(str), "images must be"),
    (BYTES.astype(object), "images must be"),
]


@pytest.mark.parametrize("kind", [ImageObservations, StreamedImages])
def test_what_is_no_images_is_named(kind):
    for images, says in NO_IMAGES:
        assert says in refused(lambda images=images: kind(images, *COLOURS), "images must be")


@pytest.mark.parametrize("kind", [ImageObservations, StreamedImages])
def test_colours_and_types_of_another_kind_are_named(kind):
    for wrong in (None, 0.5, "grey", ("a", "b", "c"), (None,) * 3):
        refused(lambda wrong=wrong: kind(BYTES, wrong, COLOURS[1]), "mean")
        refused(lambda wrong=wrong: kind(BYTES, COLOURS[0], wrong), "std")
    for dtype in (np.float32, "float32", torch.int32, None):
        refused(lambda dtype=dtype: kind(BYTES, *COLOURS, dtype=dtype), "dtype must be")


def test_what_is_no_bits_is_named():
    for packed in (
        None,
        5,
        "bits",
        {"x": BYTES},
        iter(BYTES),
        X,
        X > 0,
        BYTES[0, 0, 0],
        [],
        object(),
    ):
        refused(lambda packed=packed: PackedObservations(packed), "packed must be")
    refused(lambda: PackedObservations(BYTES, np.float32), "dtype must be")
    refused(lambda: StreamedObservations(BYTES), "observations must be floating point")
    for array in (None, 5, X.tolist(), {"x": X}):
        refused(lambda array=array: StreamedObservations(array), "observations must be")


# Paths


def test_paths_may_be_text(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    model, other = game(), game(1)
    for kind in (str, Path):
        save_weights(model, kind("a.safetensors"))
        load_weights(other, kind("a.safetensors"))
        assert_plain(state(other), state(model))
        save_tensors({"x": torch.from_numpy(X), "y": X.T, "z": [1.0, 2.0]}, kind("b.safetensors"))
        found = read_tensors(kind("b.safetensors"))
        assert_plain([found["x"], found["y"].T], [torch.from_numpy(X)] * 2)


def test_what_is_no_path_and_no_tensors_is_named():
    for path in (None, 5, b"a.safetensors", X, ["a.safetensors"], 2.5):
        for call in (
            lambda p: save_weights(game(), p),
            lambda p: load_weights(game(), p),
            lambda p: save_tensors({}, p),
            read_tensors,
        ):
            refused(lambda f=call, p=path: f(p), "path must be")
    for tensors in (
        None,
        5,
        [X],
        X,
        {5: torch.zeros(3)},
        {"x": None},
        {"x": "text"},
        {"x": text(X)},
    ):
        refused(lambda t=tensors: save_tensors(t, "a.safetensors"), "tensors")
    refused(lambda: save_tensors({"x": torch.eye(3).to_sparse()}, "a.safetensors"), "tensors")
