"""A recipe to a run folder: what it holds, that it can be cut off, and what it refuses."""

import errno
import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import FrozenInstanceError, asdict, replace
from itertools import pairwise
from multiprocessing import Process
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

import apps.runs.folder
from apps.console import exit_on_error
from apps.figures.runs import learned
from apps.recipes import (
    DATA_SETS,
    RECIPES,
    AnyRecipe,
    DataName,
    method_named,
)
from apps.recipes.data_sets.beamsynthesis import normalised
from apps.runs.folder import RunFolder
from apps.runs.train import train_run
from apps.train.__main__ import main
from nashae_baselines import (
    AAE,
    DIPVAE,
    VAE,
    AnnealedVAE,
    BetaTCVAE,
    CovarianceAutoencoder,
    FactorVAE,
    GaussianCoder,
    InfoGAN,
)
from nashae_core import (
    MLP,
    NashAE,
    NashAEConfig,
    Progress,
    TrainConfig,
    encode,
    read_tensors,
    save_tensors,
)
from nashae_data import Dataset, PackedImages, Provenance, beamsynthesis
from nashae_metrics import beta_vae, learned_latents, predictability, tad

ROOT = Path(__file__).parents[1]
SHORT = TrainConfig(steps=60, batch_size=20, record_every=10)
NASHAE = replace(RECIPES["beamsynthesis-nashae"], train=SHORT)
BETA_VAE = replace(RECIPES["beamsynthesis-beta-vae"], train=SHORT)
CHECKPOINT = "checkpoint.safetensors"
INPUTS: dict[DataName, int] = {"beamsynthesis": 1000, "dsprites": 4096}
FEW = 48
FEW_STEPS = TrainConfig(steps=3, batch_size=20, record_every=1)
SPRITES = replace(RECIPES["dsprites-nashae"], latents=2, train=FEW_STEPS)


def few_dsprites() -> Dataset:
    """A square at each of some positions, packed, in the place of the whole of dSprites."""
    at = np.stack(np.meshgrid(np.arange(8), np.arange(6), indexing="ij"), -1).reshape(FEW, 2)
    images = np.zeros((FEW, 64, 64), np.uint8)
    for image, (y, x) in zip(images, 8 * at, strict=True):
        image[y : y + 9, x : x + 9] = 1
    return Dataset(
        PackedImages(np.packbits(images, axis=-1)),
        factors=at.astype(np.int64),
        values=at / 7,
        names=("posY", "posX"),
        sizes=(8, 6),
        provenance=Provenance("a test"),
    )


@pytest.fixture
def few_sprites(monkeypatch: pytest.MonkeyPatch) -> Dataset:
    monkeypatch.setitem(
        DATA_SETS, "dsprites", replace(DATA_SETS["dsprites"], load=lambda *_: few_dsprites())
    )
    return few_dsprites()


@pytest.fixture(scope="module")
def nashae(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    return train_run(NASHAE, tmp_path_factory.mktemp("runs") / "nashae")


@pytest.fixture(scope="module")
def vae(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    return train_run(BETA_VAE, tmp_path_factory.mktemp("runs") / "vae")


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    recipe = replace(RECIPES["beamsynthesis-nashae"], train=TrainConfig(steps=400))
    return train_run(recipe, tmp_path_factory.mktemp("runs") / "trained")


def results(run: RunFolder) -> dict[str, bytes]:
    """What has to be the same, to the bit, where two runs are the same."""
    names = ("weights.safetensors", "history.npz", "codes.npz")
    return {name: (run.path / name).read_bytes() for name in names}


def visible(path: Path) -> dict[str, tuple[bytes, int]]:
    files = (file for file in path.iterdir() if not file.name.startswith("."))
    return {file.name: (file.read_bytes(), file.stat().st_mtime_ns) for file in files}


def stop_at(step: int) -> Callable[[Progress], None]:
    def on_progress(progress: Progress) -> None:
        if progress.step == step:
            raise KeyboardInterrupt

    return on_progress


def copied(run: RunFolder, path: Path) -> RunFolder:
    path.mkdir()
    for name, (content, _) in visible(run.path).items():
        (path / name).write_bytes(content)
    return RunFolder(path)


def run_main(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    """The exit status of the command, run in this process."""
    monkeypatch.setattr(sys, "argv", ["train", *arguments])
    with pytest.raises(SystemExit) as stopped:
        exit_on_error(main)
    return int(stopped.value.code or 0)


# What a folder holds


def documented_files() -> set[str]:
    bullets = re.findall(r"^- (.*?):", apps.runs.folder.__doc__ or "", re.MULTILINE)
    return {name for bullet in bullets for name in re.findall(r"`([^`]+)`", bullet)}


def test_a_finished_folder_holds_the_documented_files(nashae: RunFolder, vae: RunFolder) -> None:
    for run in (nashae, vae):
        found = {path.name for path in run.path.iterdir()}
        # The system may keep the lock's file or not.
        assert found | {".lock"} == documented_files() - {CHECKPOINT, "row.json", "stale-0.1.0"}


def test_the_arrays_are_of_the_documented_shapes_and_without_pickle(
    nashae: RunFolder, vae: RunFolder
) -> None:
    data = beamsynthesis()
    n, m, k = len(data.observations), NASHAE.latents, len(data.names)
    for run, extra in ((nashae, "predictions"), (vae, "variances")):
        with np.load(run.path / "codes.npz", allow_pickle=False) as arrays:
            shapes = {name: arrays[name].shape for name in arrays}
            np.testing.assert_array_equal(arrays["factors"], data.factors)
            np.testing.assert_array_equal(arrays["values"], data.values)
            assert tuple(arrays["names"]) == data.names
        truth = {"factors": (n, k), "values": (n, k), "names": (k,)}
        assert shapes == {"codes": (n, m), extra: (n, m), **truth}
        with np.load(run.path / "history.npz", allow_pickle=False) as arrays:
            assert arrays["steps"].tolist() == [10, 20, 30, 40, 50, 60]
            assert {arrays[name].shape for name in arrays} == {(6,)}
            assert len(list(arrays)) > 1


def test_the_recipe_is_read_back(nashae: RunFolder, vae: RunFolder) -> None:
    assert RunFolder(nashae.path).recipe == NASHAE
    assert RunFolder(vae.path).recipe == BETA_VAE


def test_the_record_is_the_run_as_one_row(nashae: RunFolder) -> None:
    record = nashae.record
    assert {name: record[name] for name in ("method", "data", "weight", "latents", "seed")} == {
        "method": "nashae",
        "data": "beamsynthesis",
        "weight": 0.2,
        "latents": 4,
        "seed": 0,
    }
    assert record["steps"] == SHORT.steps
    # Fewer entries than the last ten: the mean over all of them.
    for name in ("predictor_loss", "reconstruction_loss", "covariance_loss"):
        assert record[name] == pytest.approx(nashae.history[name].mean(), rel=1e-6)
    assert record["seconds"] > 0
    assert record["versions"].keys() >= {"python", "torch", "nashae-core"}


def test_the_record_keeps_the_mean_of_the_last_ten_entries(trained: RunFolder) -> None:
    assert len(trained.history["steps"]) == 40
    last = trained.history["reconstruction_loss"][-10:].mean()
    assert trained.record["reconstruction_loss"] == pytest.approx(last, rel=1e-6)


@pytest.mark.parametrize("recipe", [NASHAE, BETA_VAE], ids=["nashae", "vae"])
def test_the_model_of_a_folder_is_the_trained_one(
    recipe: AnyRecipe, nashae: RunFolder, vae: RunFolder
) -> None:
    run = nashae if recipe is NASHAE else vae
    model, x = run.model(), normalised(beamsynthesis().observations)
    assert not model.training
    codes = encode(model, x)
    np.testing.assert_array_equal(codes.numpy(), run.codes["codes"])
    with torch.no_grad():
        if isinstance(model, NashAE):
            ours, kept = model.predictors(codes), run.codes["predictions"]
        else:
            ours, kept = model.posterior(x.float()).log_variance.exp(), run.codes["variances"]
    np.testing.assert_array_equal(ours.numpy(), kept)


# The same run


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path, nashae: RunFolder) -> None:
    assert results(train_run(NASHAE, tmp_path / "again")) == results(nashae)


def test_another_seed_gives_another_run(tmp_path: Path, nashae: RunFolder) -> None:
    other = results(train_run(replace(NASHAE, seed=1), tmp_path / "other"))
    assert all(other[name] != content for name, content in results(nashae).items())


@pytest.mark.parametrize("recipe", [NASHAE, BETA_VAE], ids=["nashae", "vae"])
def test_a_run_cut_off_twice_ends_like_one_that_was_not(
    tmp_path: Path, recipe: AnyRecipe, nashae: RunFolder, vae: RunFolder
) -> None:
    path = tmp_path / "run"
    for step in (10, 40):
        with pytest.raises(KeyboardInterrupt):
            train_run(recipe, path, on_progress=stop_at(step), checkpoint_seconds=0)
        assert not RunFolder(path).finished
        assert (path / CHECKPOINT).exists()
    seen: list[int] = []
    run = train_run(recipe, path, on_progress=lambda p: seen.append(p.step))
    assert seen == [50, 60]  # it went on, and did not begin again
    assert run.finished
    assert not (path / CHECKPOINT).exists()
    assert results(run) == results(nashae if recipe is NASHAE else vae)


def test_a_run_cut_off_before_its_first_checkpoint_begins_again(
    tmp_path: Path, nashae: RunFolder
) -> None:
    def fail(progress: Progress) -> None:
        if progress.step == 30:
            raise RuntimeError

    with pytest.raises(RuntimeError):  # no Ctrl-C, which keeps a checkpoint
        train_run(NASHAE, tmp_path, on_progress=fail)
    assert not (tmp_path / CHECKPOINT).exists()
    assert results(train_run(NASHAE, tmp_path)) == results(nashae)


@pytest.fixture
def _interruptible() -> Iterator[None]:
    """SIGINT as it comes from a terminal: the tests may run in the background, where it is not."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("_interruptible")
@pytest.mark.parametrize("step", [10, 30, 60])
@pytest.mark.parametrize("how", ["raised", "SIGINT", "SIGTERM", "returned"])
def test_an_interrupted_run_keeps_a_checkpoint(
    tmp_path: Path, nashae: RunFolder, how: str, step: int
) -> None:
    handlers = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]

    def interrupt(progress: Progress) -> bool:
        if progress.step == step:
            if how == "raised":
                raise KeyboardInterrupt
            if how != "returned":
                signal.raise_signal(getattr(signal, how))
        return how == "returned" and progress.step == step

    if how == "returned":
        assert train_run(NASHAE, tmp_path, on_progress=interrupt).finished == (step == 60)
    else:
        with pytest.raises(KeyboardInterrupt):
            train_run(NASHAE, tmp_path, on_progress=interrupt)
        assert not RunFolder(tmp_path).finished
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == handlers
    seen: list[int] = []
    run = train_run(NASHAE, tmp_path, on_progress=lambda p: seen.append(p.step))
    assert seen == list(range(step + 10, 61, 10))
    assert results(run) == results(nashae)


@pytest.mark.parametrize("fails", ["build", "train", "data"])
def test_a_start_that_failed_leaves_nothing_and_can_be_made_again(
    tmp_path: Path, nashae: RunFolder, monkeypatch: pytest.MonkeyPatch, fails: str
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise ValueError(fails)

    with monkeypatch.context() as patch:
        if fails == "build":
            patch.setattr(type(NASHAE), "build", refuse)
        elif fails == "train":
            patch.setattr("apps.runs.train.train", refuse)
        else:
            no_data = replace(DATA_SETS["beamsynthesis"], load=refuse)
            patch.setitem(DATA_SETS, "beamsynthesis", no_data)
        with pytest.raises(ValueError, match=fails):
            train_run(NASHAE, tmp_path)
    assert not visible(tmp_path)
    assert results(train_run(NASHAE, tmp_path)) == results(nashae)


def test_an_ignored_interrupt_stays_ignored(tmp_path: Path, nashae: RunFolder) -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        run = train_run(NASHAE, tmp_path, on_progress=lambda _: signal.raise_signal(signal.SIGINT))
        assert signal.getsignal(signal.SIGINT) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)
    assert results(run) == results(nashae)


@pytest.mark.usefixtures("_interruptible")
def test_a_second_interrupt_is_not_held_back(tmp_path: Path) -> None:
    reached = []

    def twice(_: Progress) -> None:
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)
        reached.append("after both")

    with pytest.raises(KeyboardInterrupt):
        train_run(NASHAE, tmp_path, on_progress=twice)
    assert not reached


def test_a_run_that_diverges_keeps_no_checkpoint_of_that(tmp_path: Path) -> None:
    fast = replace(NASHAE, method=replace(NASHAE.method, autoencoder_lr=1e30))
    with pytest.raises(FloatingPointError, match=r"diverged: .*: likely causes .*learning rate"):
        train_run(fast, tmp_path, checkpoint_seconds=0)
    assert not RunFolder(tmp_path).finished
    assert not (tmp_path / "weights.safetensors").exists()
    if (tmp_path / CHECKPOINT).exists():
        state = read_tensors(tmp_path / CHECKPOINT)
        assert all(t.isfinite().all() for t in state.values() if t.is_floating_point())


def test_checkpoints_take_no_more_than_two_percent_of_a_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Time is counted by hand: an entry of the history takes 3 s, a checkpoint 1 s."""
    now, kept = 0.0, list[float]()

    def step(_: Progress) -> None:
        nonlocal now
        now += 3

    def keep(*_: object) -> None:
        nonlocal now
        kept.append(now)
        now += 1

    monkeypatch.setattr("apps.runs.checkpoints.time", SimpleNamespace(monotonic=lambda: now))
    monkeypatch.setattr("apps.runs.checkpoints.save_tensors", keep)
    recipe = replace(NASHAE, train=TrainConfig(steps=100, batch_size=20, record_every=1))
    train_run(recipe, tmp_path, on_progress=step, checkpoint_seconds=20)
    assert kept[0] == 21  # what a checkpoint takes is known from the first
    assert len(kept) > 3
    assert all(50 <= after - before - 1 < 53 for before, after in pairwise(kept))


def test_seconds_count_the_time_before_the_cut(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 0.0
    monkeypatch.setattr("apps.runs.checkpoints.time", SimpleNamespace(monotonic=lambda: now))

    def slow(progress: Progress) -> None:
        nonlocal now
        now += 3
        stop_at(20)(progress)

    with pytest.raises(KeyboardInterrupt):
        train_run(NASHAE, tmp_path, on_progress=slow, checkpoint_seconds=0)
    # One of the two pauses was before the last checkpoint.
    assert train_run(NASHAE, tmp_path).record["seconds"] >= 3


KILLED = """
import signal
import torch
from apps.runs.train import train_run
torch.set_num_threads(1)
recipe, path = arguments
def stay(progress):
    if progress.step == 20:
        signal.pause()
train_run(recipe, path, checkpoint_seconds=0, on_progress=stay)
"""


def test_a_killed_run_goes_on_and_ends_like_one_that_was_not(
    tmp_path: Path, forked: Callable[..., Process]
) -> None:
    path = tmp_path / "run"
    recipe = replace(RECIPES["beamsynthesis-nashae"], train=TrainConfig(steps=40))
    process = forked(KILLED, recipe, path)
    try:
        while process.is_alive() and not (path / CHECKPOINT).exists():
            time.sleep(0.005)
        with pytest.raises(ValueError, match=f"{path} is being written by another process"):
            train_run(recipe, path)
    finally:
        process.kill()
        process.join()
    assert not RunFolder(path).finished
    assert (path / CHECKPOINT).exists()
    train_run(recipe, path)
    whole = train_run(recipe, tmp_path / "whole")
    assert results(RunFolder(path)) == results(whole)
    assert visible(path).keys() == visible(whole.path).keys()


def test_a_finished_run_is_left_as_it_is(nashae: RunFolder) -> None:
    before = visible(nashae.path)
    steps: list[int] = []
    train_run(NASHAE, nashae.path, on_progress=lambda p: steps.append(p.step))
    assert not steps
    assert visible(nashae.path) == before


def test_a_full_disk_leaves_nothing_half_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = replace(NASHAE, train=replace(SHORT, steps=20))
    reference = results(train_run(recipe, tmp_path / "reference"))
    flush, left = os.fsync, 0

    def full(handle: int) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        flush(handle)

    at, failed = 0, True
    while failed:  # the disk is full at the first write, at the second, ... until all fit
        run, left = RunFolder(tmp_path / str(at)), at
        with monkeypatch.context() as disk:
            disk.setattr(os, "fsync", full)
            try:
                train_run(recipe, run.path, checkpoint_seconds=0)
            except OSError:
                pass
            else:
                failed = False
        if run.finished:
            assert results(run) == reference
        for file in run.path.glob("*.npz"):
            with np.load(file) as arrays:
                assert dict(arrays)
        for file in run.path.glob("*.json"):
            assert json.loads(file.read_text())
        names = {path.name for path in run.path.iterdir()}
        assert names <= documented_files()  # no temporary file is left either
        assert results(train_run(recipe, run.path)) == reference
        at += 1
    assert at > 8  # config, checkpoint, weights, history, codes, record


# What is refused


def test_a_folder_of_another_recipe_is_named(tmp_path: Path, nashae: RunFolder) -> None:
    before = visible(nashae.path)
    for other in (replace(NASHAE, seed=1), BETA_VAE, replace(NASHAE, train=TrainConfig())):
        with pytest.raises(ValueError, match=f"{nashae.path} holds another run.*another folder"):
            train_run(other, nashae.path)
    assert visible(nashae.path) == before


def test_a_folder_that_is_being_written_is_named(tmp_path: Path) -> None:
    with (
        RunFolder(tmp_path).claimed(),
        pytest.raises(ValueError, match=f"{tmp_path} is being written by another process"),
    ):
        train_run(NASHAE, tmp_path)
    assert train_run(NASHAE, tmp_path).finished  # it was let go


@pytest.mark.parametrize("name", ["notes.txt", "record.json", "weights.safetensors"])
def test_a_foreign_folder_is_named_and_left_as_it_is(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("{}")
    with pytest.raises(ValueError, match=f"{tmp_path} holds {name} but no config.json"):
        train_run(NASHAE, tmp_path)
    assert (tmp_path / name).read_text() == "{}"
    assert set(visible(tmp_path)) == {name}


def test_a_file_in_the_place_of_the_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "run").write_text("")
    with pytest.raises(OSError, match=str(tmp_path / "run")):
        train_run(NASHAE, tmp_path / "run")


READ: dict[str, Callable[[RunFolder], object]] = {
    "config.json": lambda run: run.recipe,
    "record.json": lambda run: run.record,
    "codes.npz": lambda run: run.codes,
    "history.npz": lambda run: run.history,
    "weights.safetensors": lambda run: run.model(),
}
DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "cut": lambda content: content[: len(content) // 2],
    "empty": lambda _: b"",
    "foreign": lambda content: b"GIF89a" + content,
    "not UTF-8": lambda _: b'{"a": "\xff\xfe"}',
}


@pytest.mark.parametrize("damage", DAMAGE)
@pytest.mark.parametrize("name", READ)
def test_a_damaged_file_is_named(tmp_path: Path, nashae: RunFolder, name: str, damage: str) -> None:
    run = copied(nashae, tmp_path / "run")
    file = run.path / name
    # A zip archive may have anything in front of it: there the middle is changed.
    if (name, damage) in {("codes.npz", "foreign"), ("history.npz", "foreign")}:
        content = bytearray(file.read_bytes())
        content[len(content) // 2] ^= 255
        file.write_bytes(content)
    else:
        file.write_bytes(DAMAGE[damage](file.read_bytes()))
    with pytest.raises(ValueError, match=str(file)):
        READ[name](run)


@pytest.mark.parametrize("name", ["codes.npz", "history.npz", "weights.safetensors"])
def test_changed_bytes_are_noticed_wherever_they_are(
    tmp_path: Path, nashae: RunFolder, name: str
) -> None:
    run, draw = copied(nashae, tmp_path / "run"), random.Random(name)
    whole = (run.path / name).read_bytes()
    header = 0 if name.endswith(".npz") else 8 + int.from_bytes(whole[:8], "little")
    for changes in (1, 1, 1, 1, 20_000):
        content = bytearray(whole)
        for at in draw.sample(range(header, len(whole)), min(changes, len(whole) - header)):
            content[at] ^= draw.randrange(1, 256)
        (run.path / name).write_bytes(content)
        with pytest.raises(ValueError, match=str(run.path / name)):
            READ[name](RunFolder(run.path))
    # A whole file of another run is none of this one's either.
    if name.endswith(".npz"):
        np.savez(run.path / name, **{k: v * 0 for k, v in nashae.history.items()})
        with pytest.raises(ValueError, match=f"{name} is damaged: its sha256 is"):
            READ[name](RunFolder(run.path))


@pytest.mark.parametrize("name", READ)
def test_an_absent_file_is_named(tmp_path: Path, nashae: RunFolder, name: str) -> None:
    run = copied(nashae, tmp_path / "run")
    (run.path / name).unlink()
    with pytest.raises(ValueError, match=f"{run.path} holds no finished run: there is no {name}"):
        READ[name](run)


def test_pickled_arrays_are_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "codes.npz", codes=np.array([{}], dtype=object))
    with pytest.raises(ValueError, match=r"codes.npz is damaged: .*allow_pickle"):
        _ = RunFolder(tmp_path).codes


def test_one_array_is_no_archive(tmp_path: Path) -> None:
    with (tmp_path / "codes.npz").open("wb") as file:
        np.save(file, np.zeros(3))
    with pytest.raises(ValueError, match=r"codes\.npz is damaged"):
        _ = RunFolder(tmp_path).codes


@pytest.mark.parametrize(
    ("config", "why"),
    [
        ({}, "recipe"),
        ({"recipe": asdict(NASHAE)}, "method"),
        (
            {"method": "pca", "recipe": {}},
            r"unknown method 'pca'.*'beta-vae'.*'factor-vae'.*'nashae'",
        ),
        (
            {"method": "nashae", "recipe": {"method": {}, "latents": 1}},
            "latents must be .* 2; got 1",
        ),
        ({"method": "nashae", "recipe": {"method": {"lam": 2}}}, "lam"),
        (
            {"method": "dip-vae-i", "recipe": {"method": {"kind": "ii"}}},
            "its settings are those of dip-vae-ii, not of dip-vae-i",
        ),
        ({"method": "nashae", "recipe": {"train": {"steps": "many"}}}, "steps"),
    ],
)
def test_a_config_that_is_no_run_s_is_named(
    tmp_path: Path, config: dict[str, object], why: str
) -> None:
    RunFolder(tmp_path).write_json("config.json", config)
    for read in (lambda: RunFolder(tmp_path).recipe, lambda: train_run(NASHAE, tmp_path)):
        with pytest.raises(
            ValueError, match=rf"{tmp_path / 'config.json'} is not a run's: .*{why}"
        ):
            read()


def test_a_damaged_checkpoint_is_named_with_the_way_out(tmp_path: Path, nashae: RunFolder) -> None:
    with pytest.raises(KeyboardInterrupt):
        train_run(NASHAE, tmp_path, on_progress=stop_at(30), checkpoint_seconds=0)
    checkpoint = tmp_path / CHECKPOINT
    whole = checkpoint.read_bytes()
    for content in (whole[:-1], b"", b"{}"):
        checkpoint.write_bytes(content)
        with pytest.raises(ValueError, match=f"{checkpoint} .*; remove it to train from the start"):
            train_run(NASHAE, tmp_path)
    save_tensors({"step": torch.tensor(3)}, checkpoint)
    with pytest.raises(ValueError, match=f"{checkpoint} .*remove it to train from the start"):
        train_run(NASHAE, tmp_path)
    checkpoint.write_bytes(whole[:-9] + bytes([whole[-9] ^ 1]) + whole[-8:])
    with pytest.raises(ValueError, match=f"{checkpoint} is damaged.*remove it to train from the"):
        train_run(NASHAE, tmp_path)
    checkpoint.unlink()
    assert results(train_run(NASHAE, tmp_path)) == results(nashae)


# Recipes


MODELS = {
    "nashae": NashAE,
    "beta-vae": VAE,
    "beta-tcvae": BetaTCVAE,
    "factor-vae": FactorVAE,
    "dip-vae-i": DIPVAE,
    "dip-vae-ii": DIPVAE,
    "annealed-vae": AnnealedVAE,
    "aae": AAE,
    "info-gan": InfoGAN,
    "covariance": CovarianceAutoencoder,
}


@pytest.mark.parametrize("data", INPUTS)
def test_every_recipe_builds_the_model_of_its_method(data: DataName) -> None:
    for named in RECIPES.values():
        method = named.method
        if hasattr(method, "observations"):
            method = replace(method, observations=DATA_SETS[data].observations)
        recipe = replace(named, method=method, data=data)
        model = recipe.build(torch.Generator().manual_seed(0))
        assert type(model) is MODELS[recipe.method_name]
        assert isinstance(recipe.method, method_named(recipe.method_name).config)
        codes = encode(model, torch.zeros(3, INPUTS[data]))
        assert codes.shape == (3, recipe.latents)
        if hasattr(model, "decode"):
            assert model.decode(codes).shape == (3, INPUTS[data])


@pytest.mark.filterwarnings("ignore:.* must fall in training")  # the first steps of Adagrad rise
@pytest.mark.usefixtures("few_sprites")
@pytest.mark.parametrize("name", [n for n, r in RECIPES.items() if r.data in INPUTS])
def test_every_recipe_trains_into_a_folder_that_is_read_back(tmp_path: Path, name: str) -> None:
    recipe = replace(RECIPES[name], train=TrainConfig(steps=3, batch_size=20, record_every=1))
    folder = train_run(recipe, tmp_path / "run")
    read = RunFolder(folder.path)
    assert read.recipe == recipe
    n = {"beamsynthesis": 360, "dsprites": FEW}[recipe.data]
    assert read.codes["codes"].shape == (n, recipe.latents)
    assert read.record["weight"] == recipe.weight
    assert ("variances" in read.codes) == isinstance(read.model(), GaussianCoder)
    assert learned(read).rule == recipe.method_record.counting_rule


@pytest.mark.parametrize("name", [name for name in RECIPES if "dsprites" in name])
def test_the_recipes_for_dsprites_are_the_papers(name: str) -> None:
    recipe = RECIPES[name]
    assert (recipe.data, recipe.latents) == ("dsprites", 10)
    assert (recipe.train.steps, recipe.train.batch_size) == (4000, 200)
    model = recipe.build(torch.Generator().manual_seed(0))
    encoder, decoder = model.encoder, model.decoder
    assert isinstance(encoder, MLP)
    assert isinstance(decoder, MLP)
    nashae = name == "dsprites-nashae"
    assert (encoder.sizes, encoder.activation) == ((4096, 1200, 1200, 10 if nashae else 20), "relu")
    if nashae:
        assert (decoder.sizes, decoder.activation) == ((10, 1200, 1200, 4096), "relu")
    else:
        assert (decoder.sizes, decoder.activation) == ((10, 1200, 1200, 1200, 4096), "tanh")
        assert getattr(recipe.method, "likelihood") == "bernoulli"  # noqa: B009 - of several types
    groups = [group for o in model.optimizers().values() for group in o.param_groups]
    rates = {"nashae": {1e-3, 1e-2}, "factor-vae": {1e-4}}.get(recipe.method_name, {1e-3})
    assert {group["lr"] for group in groups} == rates


@pytest.fixture(scope="module")
def sprites(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(
            DATA_SETS, "dsprites", replace(DATA_SETS["dsprites"], load=lambda *_: few_dsprites())
        )
        return train_run(SPRITES, tmp_path_factory.mktemp("runs") / "sprites")


def test_a_folder_of_dsprites_holds_codes_and_no_factors(
    sprites: RunFolder, few_sprites: Dataset
) -> None:
    arrays = RunFolder(sprites.path).codes
    assert arrays.keys() == {"codes", "predictions", "names"}
    assert arrays["codes"].dtype == arrays["predictions"].dtype == np.float32
    assert tuple(arrays["names"]) == few_sprites.names
    factors, values = sprites.truth
    np.testing.assert_array_equal(factors, few_sprites.factors)
    np.testing.assert_array_equal(values, few_sprites.values)


def test_the_truth_of_beamsynthesis_is_in_its_folder(nashae: RunFolder) -> None:
    factors, values = nashae.truth
    assert factors is nashae.codes["factors"]
    assert values is nashae.codes["values"]


@pytest.mark.usefixtures("few_sprites")
def test_codes_of_dsprites_are_those_of_its_pixels(tmp_path: Path, few_sprites: Dataset) -> None:
    vae = replace(RECIPES["dsprites-beta-vae"], latents=2, train=FEW_STEPS)
    for recipe in (SPRITES, vae):
        run = train_run(recipe, tmp_path / recipe.label)
        pixels = torch.tensor(few_sprites.observations[:]).flatten(1).float()
        model = run.model()
        with torch.no_grad():
            expected = [model.encode(pixels)]
            if isinstance(model, NashAE):
                expected.append(model.predictors(expected[0]))
            else:
                assert isinstance(model, VAE)
                expected.append(model.posterior(pixels).log_variance.exp())
        kept = [
            run.codes[name] for name in ("codes", "predictions", "variances") if name in run.codes
        ]
        assert len(kept) == 2
        for ours, theirs in zip(kept, expected, strict=True):
            np.testing.assert_allclose(ours, theirs.numpy(), rtol=1e-5, atol=1e-6)


@pytest.mark.usefixtures("few_sprites")
def test_a_run_on_dsprites_cut_off_ends_like_one_that_was_not(
    tmp_path: Path, sprites: RunFolder
) -> None:
    with pytest.raises(KeyboardInterrupt):
        train_run(SPRITES, tmp_path, on_progress=stop_at(2), checkpoint_seconds=0)
    assert (tmp_path / CHECKPOINT).exists()
    assert results(train_run(SPRITES, tmp_path)) == results(sprites)


def test_the_generator_draws_the_weights() -> None:
    for recipe in RECIPES.values():
        a, b, c = (
            recipe.build(torch.Generator().manual_seed(seed)).state_dict() for seed in (0, 0, 1)
        )
        assert all(torch.equal(a[name], b[name]) for name in a)
        assert any(not torch.equal(a[name], c[name]) for name in a)


def test_a_label_tells_all_that_the_tables_vary() -> None:
    recipes = [
        replace(recipe, latents=latents, seed=seed)
        for recipe in (
            *RECIPES.values(),
            replace(RECIPES["beamsynthesis-nashae"], method=NashAEConfig(lam=0.3)),
        )
        for latents in (4, 32)
        for seed in (0, 1)
    ]
    assert len({recipe.label for recipe in recipes}) == len(recipes)
    assert all("/" not in recipe.label for recipe in recipes)


def test_recipes_are_frozen() -> None:
    for recipe in RECIPES.values():
        with pytest.raises(FrozenInstanceError):
            recipe.seed = 1
        assert hash(recipe) == hash(replace(recipe))


def test_recipes_refuse_what_cannot_be() -> None:
    for named in RECIPES.values():
        with pytest.raises(ValueError, match="latents must be at least 2; got 1"):
            replace(named, latents=1)
        with pytest.raises(ValueError, match="seed must be at least 0; got -1"):
            replace(named, seed=-1)
    with pytest.raises(ValueError, match="observations must be 737280, those of dsprites; got 360"):
        replace(RECIPES["beamsynthesis-beta-tcvae"], data="dsprites")
    with pytest.raises(ValueError, match="there is no recipe dsprites-aae"):
        apps.recipes.recipe("aae", 1.0, 4, 0, "dsprites")
    known = re.escape(str(sorted(MODELS)))
    with pytest.raises(ValueError, match=f"unknown method 'pca'; there are {known}"):
        method_named("pca")


def test_decoded_waveforms_are_in_their_own_unit() -> None:
    waveforms = beamsynthesis().observations[:]
    x = normalised(waveforms)
    np.testing.assert_allclose(NASHAE.data_set.inputs.decoded(x), waveforms, rtol=0, atol=1e-12)
    assert x.mean().abs() < 0.1
    assert 0.9 < x.std() < 1.1


# Scores of a run that was really trained


def test_learned_latents_of_a_trained_run(trained: RunFolder, vae: RunFolder) -> None:
    codes = trained.codes["codes"]
    learned = learned_latents(codes, rule="nashae")
    assert learned.score == (np.ptp(codes, axis=0) > 0.2).sum()
    assert 1 <= learned.score <= trained.recipe.latents
    variances = vae.codes["variances"]
    learned = learned_latents(vae.codes["codes"], rule="beta-vae", variances=variances)
    assert 0 <= learned.score <= vae.recipe.latents


def test_predictability_of_a_trained_run(trained: RunFolder) -> None:
    codes, predictions = trained.codes["codes"], trained.codes["predictions"]
    found = predictability(codes, predictions)
    assert 0 <= found.score <= 1
    for latent in np.flatnonzero(found.active):
        expected = np.corrcoef(codes[:, latent], predictions[:, latent])[0, 1] ** 2
        assert found.r2[latent] == pytest.approx(expected, abs=1e-4)


def test_tad_of_a_trained_run(trained: RunFolder) -> None:
    frequency = trained.codes["factors"][:, :1] == np.arange(3)
    found = tad(trained.codes["codes"], frequency, active="nashae", max_redundancy=None)
    assert 0 <= found.score <= 3 / 2
    assert found.auroc.shape == (trained.recipe.latents, 3)
    assert (found.auroc >= 0.5).all()
    assert (found.auroc <= 1).all()
    assert found.best.max() > 0.75  # training finds the frequency


def test_beta_vae_score_of_a_trained_run(trained: RunFolder) -> None:
    codes, factors = trained.codes["codes"], trained.codes["factors"]
    found, again = (beta_vae(codes, factors, rng=np.random.default_rng(0)) for _ in range(2))
    assert 0.6 < found.score <= 1  # chance is 0.5
    assert found.score == again.score


# The command line


@pytest.mark.parametrize("app", [["-m", "apps.train"], [str(ROOT / "apps" / "train")]])
def test_the_command_trains_from_any_folder(tmp_path: Path, app: list[str]) -> None:
    changes = {"lam": 0.3, "steps": 20, "latents": 5, "seed": 3, "threads": 1}
    options = [word for name, value in changes.items() for word in (f"--{name}", str(value))]
    expected = replace(
        RECIPES["beamsynthesis-nashae"],
        latents=5,
        seed=3,
        train=TrainConfig(steps=20),
        method=NashAEConfig(lam=0.3),
    )
    # Without --out: a folder named by the recipe.
    by_name = app[0] != "-m"
    path = tmp_path / ("runs/" + expected.label if by_name else "a [folder]/run")
    out = [] if by_name else ["--out", str(path)]
    command = [sys.executable, *app, "beamsynthesis-nashae", *options, *out]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert not done.stderr
    run = RunFolder(path)
    assert run.finished
    assert run.recipe == expected
    assert run.codes["codes"].shape == (360, 5)
    assert f"{path.relative_to(tmp_path) if by_name else path}: " in done.stdout


def test_help_lists_the_recipes_and_their_options(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_main(monkeypatch, "--help") == 0
    said = capsys.readouterr().out
    assert all(name in said for name in (*RECIPES, "--out", "--device"))
    for name, weight in (("beamsynthesis-nashae", "--lam"), ("beamsynthesis-beta-vae", "--beta")):
        assert run_main(monkeypatch, name, "--help") == 0
        said = capsys.readouterr().out
        assert all(option in said for option in (weight, "--steps", "--latents", "--seed"))


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["pca"], ("pca", *RECIPES)),
        (["beamsynthesis-nashae", "--lam", "1.3"], ("lam", "[0, 1)", "1.3")),
        (["beamsynthesis-nashae", "--latents", "1"], ("latents must be at least 2", "1")),
        (["beamsynthesis-nashae", "--steps", "0"], ("steps must be at least 1", "0")),
        (["beamsynthesis-nashae", "--steps", "many"], ("--steps", "many")),
        (["beamsynthesis-nashae", "--threads", "0"], ("thread", "positive")),
    ],
)
def test_bad_input_ends_the_command_with_a_clear_word(
    arguments: list[str],
    why: tuple[str, ...],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run_main(monkeypatch, *arguments) == 2
    said = capsys.readouterr().err
    assert all(word in said for word in why), said
    assert "Traceback" not in said
    assert not list(tmp_path.iterdir())


def test_bad_input_ends_the_process_with_status_2(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "apps.train", "beamsynthesis-nashae", "--lam", "1.3"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_a_folder_of_another_run_ends_the_command_with_one_line(
    nashae: RunFolder, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_main(monkeypatch, "beamsynthesis-nashae", "--out", str(nashae.path)) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"error: {nashae.path} holds another run")


def test_an_error_is_printed_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    def failing() -> None:
        raise ValueError("[red]out[/]/[a] holds [1, 2]")

    with pytest.raises(SystemExit) as stopped:
        exit_on_error(failing)
    assert stopped.value.code == 2
    assert capsys.readouterr().err == "error: [red]out[/]/[a] holds [1, 2]\n"


def test_ctrl_c_says_how_to_go_on(capsys: pytest.CaptureFixture[str]) -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    with pytest.raises(SystemExit) as stopped:
        exit_on_error(interrupted)
    assert stopped.value.code == 130
    assert "run the same command" in capsys.readouterr().err
