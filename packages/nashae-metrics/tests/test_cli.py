"""The command, as a user types it."""

import io
import json
import subprocess
import sys

import h5py
import numpy as np
import pytest

from nashae_metrics.catalogue import METRICS
from nashae_metrics.cli import main

FEW = ["--metrics", "mig", "irs", "total_correlation"]


@pytest.fixture
def codes(tmp_path):
    rng = np.random.default_rng(0)
    factors = rng.integers(0, [3, 5], (300, 2))
    codes = np.column_stack([factors + 0.3 * rng.normal(size=(300, 2)), np.full(300, 0.5)])
    path = tmp_path / "codes.npz"
    names = np.array(["shape", "scale"])
    np.savez(path, codes=codes, factors=factors, attributes=factors > 1, names=names)
    return path


def scores(path):
    return {row["metric"]: row["score"] for row in json.loads(path.read_text())["metrics"]}


def test_score_prints_the_table(codes, capsys):
    assert main(["score", str(codes), *FEW]) == 0
    out = capsys.readouterr().out
    for word in ("metric", "mig", "irs", "300 samples, 2 of 3 latents active"):
        assert word in out


def test_the_table_is_written_in_every_form(codes, tmp_path, capsys):
    files = {name: tmp_path / "deep" / f"t.{name}" for name in ("json", "csv", "markdown", "latex")}
    page = tmp_path / "t.html"
    arguments = [part for name, path in files.items() for part in (f"--{name}", str(path))]
    wanted = ["--metrics", "mig", "tad", "sap"]
    assert main(["score", str(codes), *wanted, *arguments, "--html", str(page)]) == 0
    record = json.loads(files["json"].read_text())
    assert {row["metric"] for row in record["metrics"]} == {"mig", "tad", "sap"}
    assert record["samples"] == 300
    assert record["active"] == [True, True, False]
    assert files["csv"].read_text().splitlines()[0].startswith("metric,score,low,high,interval")
    assert files["markdown"].read_text().startswith("| metric")
    assert "\\toprule" in files["latex"].read_text()
    text = page.read_text()
    assert "<title>codes.npz: scores</title>" in text
    for word in ("Mutual information", "AUROC", "shape", "scale", 'class="inactive"'):
        assert word in text
    assert "http" not in text  # offline
    assert not list(tmp_path.rglob(".*"))


def test_every_kind_of_file_gives_the_same_scores(codes, tmp_path, capsys):
    archive = np.load(codes)
    np.save(tmp_path / "z.npy", archive["codes"])
    np.save(tmp_path / "v.npy", archive["factors"])
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["codes"], file["truth"] = archive["codes"], archive["factors"]
    table = np.column_stack([archive["codes"], archive["factors"]])
    header = "codes_0,codes_1,codes_2,factors_0,factors_1"
    np.savetxt(tmp_path / "a.csv", table, delimiter=",", header=header, comments="", fmt="%.17g")
    forms = {
        "npz": [str(codes)],
        "npy": [str(tmp_path / "z.npy"), "--truth", str(tmp_path / "v.npy")],
        "h5": [str(tmp_path / "a.h5"), "--factors-key", "truth"],
        "csv": [str(tmp_path / "a.csv")],
    }
    found = []
    for name, arguments in forms.items():
        out = tmp_path / f"{name}.json"
        assert main(["score", *arguments, "--metrics", "mig", "irs", "--json", str(out)]) == 0
        found.append(scores(out))
    assert found[0]
    assert all(one == found[0] for one in found)


def test_codes_alone_are_scored_without_labels(codes, tmp_path, capsys):
    np.save(tmp_path / "z.npy", np.load(codes)["codes"])
    out = tmp_path / "t.json"
    assert main(["score", str(tmp_path / "z.npy"), "--json", str(out)]) == 0
    assert set(scores(out)) == {name for name, m in METRICS.items() if m.needs == "codes"}
    assert "mig: needs factors" in capsys.readouterr().out


def test_attributes_in_an_npy(codes, tmp_path, capsys):
    np.save(tmp_path / "a.npy", np.load(codes)["attributes"])
    out = tmp_path / "t.json"
    arguments = ["--truth", str(tmp_path / "a.npy"), "--factors-key", "", "--metrics", "tad"]
    assert main(["score", str(codes), *arguments, "--json", str(out)]) == 0
    assert set(scores(out)) == {"tad"}


def test_list_shows_every_metric(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "240")
    assert main(["list"]) == 0
    out = capsys.readouterr().out
    for name, metric in METRICS.items():
        assert name in out
        assert metric.source in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["none.npz"], "none.npz is not there"),
        (["CODES", "--codes-key", "z"], "has no array 'z': it has"),
        (["CODES", "--metrics", "mgi"], "unknown metrics ['mgi']"),
        (["CODES", "--protocol", "mine"], "unknown protocol 'mine'"),
        (["CODES", "--active", "dead"], "unknown rule of active latents 'dead'"),
    ],
)
def test_a_users_error_is_one_line_and_status_2(codes, arguments, message, capsys):
    arguments = [str(codes) if part == "CODES" else part for part in arguments]
    assert main(["score", *arguments]) == 2
    error = capsys.readouterr().err
    assert error.startswith("nashae-metrics: error: ")
    assert message in error
    assert error.count("\n") == 1


def test_what_was_on_disk_stays_when_scoring_fails(codes, tmp_path, capsys):
    kept = tmp_path / "t.json"
    kept.write_text("kept")
    assert main(["score", str(codes), "--metrics", "mgi", "--json", str(kept)]) == 2
    assert kept.read_text() == "kept"


def test_the_command_runs_in_a_process_of_its_own():
    code = "from nashae_metrics.cli import main; raise SystemExit(main(['list']))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert "factor_vae" in done.stdout


def test_a_terminal_sees_what_is_being_computed(codes, capsys, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")  # rich takes that for a terminal
    assert main(["score", str(codes), *FEW]) == 0
    assert "2/3" in capsys.readouterr().err  # the last of the three is being computed


ENCODINGS = ("utf-8", "cp1252", "cp932", "cp437", "latin-1", "ascii")


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (["list"], 0),
        (["score", "CODES", *FEW, "predictability"], 0),
        (["score", "λ\u2212.npz"], 2),
        (["--help"], 0),
        (["score", "--help"], 0),
    ],
    ids=["list", "score", "error", "help", "help of score"],
)
def test_output_of_every_encoding_is_written(arguments, status, encoding, codes, monkeypatch):
    monkeypatch.setenv("COLUMNS", "240")
    streams = {name: io.TextIOWrapper(io.BytesIO(), encoding) for name in ("stdout", "stderr")}
    for name, stream in streams.items():
        monkeypatch.setattr(sys, name, stream)
    try:
        found = main([str(codes) if part == "CODES" else part for part in arguments])
    except SystemExit as end:  # of --help
        found = end.code
    texts = {}
    for name, stream in streams.items():
        stream.flush()
        texts[name] = stream.buffer.getvalue().decode(encoding)
    assert found == status
    assert texts["stderr" if status else "stdout"]
    assert "codec" not in "".join(texts.values())
    if encoding == "utf-8" and arguments == ["list"]:
        assert "Hyvärinen" in texts["stdout"]
        assert "0 … 1" in texts["stdout"]


def test_names_are_whole_in_a_pipe_and_in_a_narrow_terminal(codes, capsys, monkeypatch):
    monkeypatch.delenv("COLUMNS", raising=False)
    out = codes.parent / "t.csv"
    metrics = ["wasserstein_correlation", "learned_latents", "beta_vae", "mutual_information"]
    arguments = ["score", str(codes), "--metrics", *metrics, "--csv", str(out)]
    for columns in (None, "80"):
        if columns:
            monkeypatch.setenv("COLUMNS", columns)
        assert main(["list"]) == 0
        listed = capsys.readouterr().out
        assert main(arguments) == 0
        scored = capsys.readouterr().out
        assert all(name in listed for name in METRICS)
        assert all(name in scored for name in metrics)
    assert max(len(line) for line in listed.splitlines()) <= 80
