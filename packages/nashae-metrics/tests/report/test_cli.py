"""The command, as a user types it."""

import io
import json
import subprocess
import sys

import h5py
import numpy as np
import pytest

from nashae_metrics.report.catalogue import METRICS
from nashae_metrics.report.cli import main

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
        (["CODES", "--metrics", "mgi"], "got 'mgi'"),
        (["CODES", "--protocol", "mine"], "got 'mine'"),
        (["CODES", "--active", "dead"], "got 'dead'"),
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
    code = "from nashae_metrics.report.cli import main; raise SystemExit(main(['list']))"
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


KEYS = ("codes", "factors", "attributes", "predictions", "factor-names", "attribute-names")


@pytest.mark.parametrize("suffix", ["npz", "csv", "h5", "npy"])
@pytest.mark.parametrize("key", KEYS)
def test_a_key_that_is_given_must_be_there(key, suffix, codes, capsys):
    archive = dict(np.load(codes))
    path = codes.with_suffix(f".{suffix}")
    if suffix == "csv":
        table = np.c_[archive["codes"], archive["factors"]]
        np.savetxt(path, table, delimiter=",", header="codes0,codes1,codes2,factors0,factors1")
    elif suffix == "h5":
        with h5py.File(path, "w") as file:
            file["codes"], file["factors"] = archive["codes"], archive["factors"]
            file["zeta/inner"] = archive["factors"]
    elif suffix == "npy":
        np.save(path, archive["codes"])
    if suffix == "npy" and key == "codes":
        return  # an .npy holds one array, whatever it is called
    page = codes.with_suffix(".html")
    arguments = [str(path), f"--{key}-key", "zeta", "--html", str(page)]
    assert main(["score", *arguments, "--metrics", "mutual_information"]) == 2
    assert "zeta" in capsys.readouterr().err or suffix == "npy"
    assert not page.exists()


def test_a_key_in_a_group_is_found_and_one_of_the_letter_s_takes_no_other_words(
    codes, tmp_path, capsys
):
    archive, out = np.load(codes), tmp_path / "t.json"
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        file["codes"], file["truth/v"] = archive["codes"], archive["factors"]
    few = ["--metrics", "mig", "--json", str(out)]
    assert main(["score", str(path), "--factors-key", "truth/v", *few]) == 0
    expected = scores(out)
    table = np.c_[archive["codes"], archive["factors"], archive["factors"][:, 0]]
    header = "codes0,codes1,codes2,s0,s1,scale"
    np.savetxt(tmp_path / "a.csv", table, delimiter=",", header=header)
    assert main(["score", str(tmp_path / "a.csv"), "--factors-key", "s", *few]) == 0
    assert scores(out) == expected


@pytest.mark.parametrize(
    "arguments",
    [["--metrics", "tad"], ["--protocol", "hsu2023", "--metrics", "mig"], ["--metrics", "udr"]],
)
def test_nothing_scored_is_a_failure(arguments, tmp_path, capsys):
    path, out = tmp_path / "z.npy", tmp_path / "t.csv"
    np.save(path, np.eye(30, 2))
    assert main(["score", str(path), *arguments, "--csv", str(out)]) == 2
    error = capsys.readouterr().err
    assert "no metric applies to" in error
    assert arguments[-1] in error
    assert not out.exists()


@pytest.mark.parametrize(
    "names", [np.array(["a", None], dtype=object), np.arange(300), np.array("ab"), np.eye(2)]
)
def test_names_that_are_none_stop_nothing_unless_they_are_asked_for(names, codes, capsys):
    path, page = codes.with_name("b.npz"), codes.with_suffix(".html")
    np.savez(path, **(dict(np.load(codes)) | {"names": names}))
    for options in ([], ["--html", str(page)]):
        assert main(["score", str(path), "--metrics", "mig", *options]) == 0
    assert "factor 1" in page.read_text()
    page.unlink()
    asked = ["--html", str(page), "--factor-names-key", "names"]
    assert main(["score", str(path), "--metrics", "mig", *asked]) == 2
    assert "names" in capsys.readouterr().err


def test_json_is_json_where_scores_are_infinite(tmp_path, capsys):
    codes = np.random.default_rng(0).normal(size=(50, 1))
    np.save(tmp_path / "z.npy", np.c_[codes, codes])
    out = tmp_path / "t.json"
    metrics = ["--metrics", "total_correlation", "mutual_information"]
    assert main(["score", str(tmp_path / "z.npy"), "--json", str(out), *metrics]) == 0
    found = json.loads(out.read_text(), parse_constant=lambda word: pytest.fail(word))
    assert [row["score"] is None for row in found["metrics"]] == [True, False]
