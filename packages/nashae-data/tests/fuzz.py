"""Reads randomly damaged files: `python tests/fuzz.py READER MUTATIONS [SEED]`.

Each must give a `Dataset` whose observations can be read, or `ValueError`, `OSError` or
`IndexError`. Prints one line of JSON: how many did what, and each failure with its number, which
with the seed makes the file again. Every file is read in a forked process with 1 GiB of memory and
30 s, so that a crash or an endless loop in a C library is seen, and counted as a failure.
"""

import contextlib
import gzip
import io
import json
import os
import resource
import shutil
import signal
import sys
import tarfile
import tempfile
import warnings
import zipfile
from collections import Counter
from pathlib import Path

import numpy as np
from layouts import CASES, Case

MEMORY = 1 << 30  # bytes above what the process has at its start
SECONDS = 30
GROWN = 400_000  # KiB of resident memory that no reader of these small files may need


def damage(content: bytes, rng: np.random.Generator) -> bytes:
    """Bytes flipped, cut off, moved, repeated, removed, or set to a large or small number."""
    data = bytearray(content)
    kind = rng.integers(6)
    near = rng.integers(3)  # headers are at the start or the end

    def place() -> int:
        length = max(1, len(data))
        span = min(length, 600)
        return int(
            [rng.integers(length), rng.integers(span), length - 1 - rng.integers(span)][near]
        )

    if kind == 0:
        del data[place() :]
        return bytes(data)
    for _ in range(rng.integers(1, 9)):
        at, size = place(), int(rng.choice([1, 2, 4, 8, 64, 1000]))
        if kind == 1 and data:
            data[at] ^= 1 << int(rng.integers(8))
        elif kind == 2 and data:
            data[at] = int(rng.integers(256))
        elif kind == 3:
            data[at : at + min(size, 8)] = bytes([int(rng.choice([0, 1, 127, 255]))]) * min(size, 8)
        elif kind == 4:
            source = place()
            data[at : at + size] = data[source : source + size]
        else:
            source = place()
            data[at:at] = data[source : source + size]
    return bytes(data)


def damage_members(members: dict[str, bytes], rng: np.random.Generator) -> dict[str, bytes]:
    """One member damaged, removed or renamed, or two swapped."""
    one, other = (str(name) for name in rng.choice(list(members), 2))
    kind = rng.integers(5)
    if kind == 0:
        members[one], members[other] = members[other], members[one]
    elif kind == 1:
        members[one + "x"] = members.pop(one)
    elif kind == 2:
        del members[one]
    else:
        members[one] = damage(members[one], rng)
    return members


def zip_members(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def zip_of(members: dict[str, bytes], kind: int) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", kind) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return stream.getvalue()


def tar_members(content: bytes) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        return {member.name: archive.extractfile(member).read() for member in archive}


def tar_of(members: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return stream.getvalue()


def mutate(path: Path, content: bytes, rng: np.random.Generator) -> bytes:
    """The file damaged as it is, or inside of what packs it, so that its check sums are right."""
    inside = rng.integers(3)
    if path.name.endswith((".npz", ".zip")) and inside:
        kind = zipfile.ZIP_STORED if rng.integers(2) else zipfile.ZIP_DEFLATED
        return zip_of(damage_members(zip_members(content), rng), kind)
    if path.name.endswith(".tar.gz") and inside == 2:
        return gzip.compress(tar_of(damage_members(tar_members(content), rng)), 1)
    if path.name.endswith(".gz") and inside:
        return gzip.compress(damage(gzip.decompress(content), rng), 1)
    return damage(content, rng)


def try_one(case: Case, place: Path, target: Path, content: bytes) -> str:
    target.write_bytes(content)
    try:
        dataset = case.read(place)
        rows = np.arange(len(dataset))
        assert len(dataset.observations[rows]) == len(dataset.factors)
    except (ValueError, OSError, IndexError) as error:
        cause: BaseException | None = error
        while cause is not None:
            if isinstance(cause, MemoryError):
                return f"failed: {cause!r}"
            cause = cause.__cause__
        return "refused"
    except BaseException as error:
        return f"failed: {error!r}"
    return "read"


def work(case: Case, folder: Path, numbers: range, seed: int, report: int) -> None:
    """In the forked process: one line for each file, before it and after it."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    limit = pages * os.sysconf("SC_PAGE_SIZE") + MEMORY
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    warnings.simplefilter("error")
    true, place = folder / "true" / case.name, folder / case.name
    files = {file: file.read_bytes() for file in sorted(true.rglob("*")) if file.is_file()}
    files = files or {true: true.read_bytes()}
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    if true.is_dir():
        place.mkdir(exist_ok=True)
    for number in numbers:
        rng = np.random.default_rng([seed, number])
        chosen = list(files)[rng.integers(len(files))]
        for file, content in files.items():
            if true.is_dir():
                (place / file.name).write_bytes(content)
        target = place / chosen.name if true.is_dir() else place
        content = mutate(target, files[chosen], rng)
        signal.alarm(SECONDS)
        outcome = try_one(case, place, target, content)
        signal.alarm(0)
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        os.write(report, (json.dumps([number, outcome, grown]) + "\n").encode())


def run(reader: str, mutations: int, seed: int = 0) -> dict[str, object]:
    case, counts = CASES[reader], Counter[str]()
    failures: list[str] = []
    most = 0
    folder = Path(tempfile.mkdtemp(prefix="fuzz-"))
    try:
        (folder / "true").mkdir()
        case.write(folder / "true" / case.name)
        start = 0
        while start < mutations:
            out, into = os.pipe()
            child = os.fork()
            if child == 0:
                with contextlib.suppress(BaseException):
                    work(case, folder, range(start, mutations), seed, into)
                    os._exit(0)
                os._exit(1)
            os.close(into)
            with os.fdopen(out) as lines:
                for line in lines:
                    number, outcome, memory = json.loads(line)
                    counts[outcome.split(":")[0]] += 1
                    most, start = max(most, memory), number + 1
                    if outcome.startswith("failed"):
                        failures.append(f"{number} {outcome}")
            status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
            if status != 0:
                counts["failed"] += 1
                failures.append(f"{start} ended the process: {status}")
                start += 1
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if most > GROWN:
        failures.append(f"resident memory grew by {most} KiB")
    return {"reader": reader, "seed": seed, **counts, "grown_kib": most, "failures": failures}


if __name__ == "__main__":
    found = run(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) > 3 else 0)
    print(json.dumps(found))  # noqa: T201  a program
