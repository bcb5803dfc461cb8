"""Whether reading and the service became slower: this code and former commits', in turn, on the same computer.

All services run all the time, and the others wait while one answers. Needs the repository's history.

    python -m benchmarks since
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import onnxruntime
from PIL import Image

import digits
from benchmarks.results import ROOT, Row, elapsed, summarize
from benchmarks.service import draw_requests, serve
from benchmarks.serving import send
from digits.synthesis import synthesize

FORMER, BOUNDED = "b58e028", "d3cd27f"
"""What is compared with: the last commit before pictures and models from outside were opened in bounded processes, and
one in which they were, with the same networks and otherwise the same reader."""

COMMITS = {"former": FORMER, "bounded": BOUNDED}

ROUNDS, REQUESTS = 15, 500
"""How often all are measured, and requests to a service each time."""

ALONE = 1000
"""Digits for which a network is run alone."""

REQUESTED = {
    f"drawn digits, {REQUESTS} × `POST /api/read?single=true`": "/api/read?single=true",
    "the same with `mlp`": "/api/read?single=true&model=mlp",
    f"live updates, {REQUESTS} × `POST /api/explain`, two models": "/api/explain?model=cnn&model=mlp",
}

Job = Callable[[str], object]
"""Does something with one of the codes, by its name."""


def measure() -> Iterator[Row]:
    """Time all in every round; each ratio is that of one round."""
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        codes = {each: stack.enter_context(_check_out(commit)) for each, commit in COMMITS.items()}
        codes["now"] = ROOT / "src"
        services = {each: stack.enter_context(_serve(Path(name, each), code)) for each, code in codes.items()}
        for case, job in (_commands(Path(name), codes) | _networks(codes) | _requests(services)).items():
            yield from _compare(case, job, list(codes))


def _networks(codes: Mapping[str, Path]) -> dict[str, Job]:
    """Run the networks alone: what of a difference is theirs, since they were trained anew."""

    def run(name: str) -> Job:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        files = {which: code / "digits" / "pretrained" / f"{name}.onnx" for which, code in codes.items()}
        sessions = {which: onnxruntime.InferenceSession(file, options) for which, file in files.items()}
        images = synthesize(ALONE).images
        return lambda which: sessions[which].run(None, {sessions[which].get_inputs()[0].name: images})

    return {f"`{name}` alone, {ALONE:,} digits, one thread": run(name) for name in ("cnn", "mlp")}


def _commands(folder: Path, codes: Mapping[str, Path]) -> dict[str, Job]:
    digit, table = folder / "digit.png", folder / "digits.csv"
    images = digits.load_mnist().test.images
    Image.fromarray(255 - images[0]).resize((280, 280)).save(digit)
    table.write_text("\n".join(",".join(map(str, image.ravel())) for image in images) + "\n", encoding="utf-8")

    def run(*words: object) -> Job:
        return lambda which: subprocess.run(
            [sys.executable, "-m", "digits", "read", *map(str, words)],
            env=os.environ | {"PYTHONPATH": str(codes[which])},
            check=True,
            capture_output=True,
        )

    first = draw_requests(next(iter(REQUESTED.values())), 1)

    def start(which: str) -> None:
        with _serve(folder / "started", codes[which]) as port:
            send(first, 1, port, connections=1)

    return {
        "`digits read digit.png --single`": run(digit, "--single"),
        f"`digits read digits.csv`, {len(images):,} rows": run(table, "-o", folder / "read.csv"),
        "the same with `--model mlp`": run(table, "--model", "mlp", "-o", folder / "read.csv"),
        "start and end of the service, and one answer": start,
    }


def _requests(ports: Mapping[str, int]) -> dict[str, Job]:
    def ask(path: str) -> Job:
        requests = draw_requests(path, REQUESTS)
        return lambda which: send(requests, REQUESTS, ports[which])

    return {case: ask(path) for case, path in REQUESTED.items()}


def _compare(case: str, job: Job, codes: list[str]) -> Iterator[Row]:
    seconds: dict[str, list[float]] = {which: [] for which in codes}
    for number in range(ROUNDS + 1):  # in the first one, caches are empty: it does not count
        for which in codes[:: 1 if number % 2 else -1]:
            took = elapsed(lambda which=which: job(which))
            seconds[which] += [took] * (number > 0)
    for which, values in seconds.items():
        yield Row(case=case, variant=which, metric="time", unit="s", **summarize(values))
    for which in codes[1:]:
        ratios = [value / former for former, value in zip(seconds["former"], seconds[which], strict=True)]
        yield Row(case=case, variant=which, metric="ratio", unit="×", **summarize(ratios, 2))


@contextmanager
def _serve(folder: Path, code: Path) -> Iterator[int]:
    with serve(folder, before=f"import sys; sys.path.insert(0, {str(code)!r})") as (address, _):
        yield int(address.rpartition(":")[2])


@contextmanager
def _check_out(commit: str) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:
        folder, git = Path(name, commit), ("git", "-C", str(ROOT), "worktree")
        subprocess.run([*git, "add", "--detach", str(folder), commit], check=True, capture_output=True)
        try:
            yield folder / "src"
        finally:
            subprocess.run([*git, "remove", "--force", str(folder)], check=True, capture_output=True)
