"""What 22,000 randomly damaged files do: pictures, pages, model files, run folders and sets of digits.

Each is read in a process of its own, whose processor time and memory are measured. It must end with an answer or with
one of our errors, within `MAX_SECONDS` of processor time and `MAX_MIB` of memory. Needs a POSIX system.

    python -m benchmarks mutations
    python -m benchmarks mutations --kinds pages   these alone; the rows of all others stay
    python -m benchmarks.mutations KIND SEED       read one again, in this process, with its traceback
"""

from __future__ import annotations

import gzip
import importlib
import io
import multiprocessing
import os
import resource
import select
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import NamedTuple

import numpy as np

import digits
from benchmarks.hostile import save
from benchmarks.mutant_sets import SET_MUTATIONS, sample_sets
from benchmarks.mutants import (
    Mutate,
    mutate_bytes,
    mutate_json,
    mutate_onnx,
    mutate_packed,
    mutate_pdf,
    mutate_picture,
    mutate_safetensors,
    sample_pages,
    sample_pictures,
)
from benchmarks.results import Row
from benchmarks.service import shipped_model
from digits.data import idx_bytes

MAX_SECONDS = 2
"""Processor time that a file may take."""

MAX_MIB = 1024
"""Memory that a process may take, interpreter and libraries included."""

GIVEN_UP_SECONDS = 60
"""Seconds on the clock after which a process is ended; it has failed long before."""

GIVEN_UP_BYTES = 16 * 2**30
"""Addresses after which a process gets no more memory, so that an offender does not take the machine with it."""

OFFENDERS = Path("runs") / "mutations"
"""Folder to which offending files are written."""

FINE = ("read", "refused")
"""The results that a file may have; any other names an exception or a signal."""


class Kind(NamedTuple):
    """A kind of file.

    Attributes
    ----------
    n
        Number of damaged files.
    write
        Writes intact samples into an empty folder, each a file or a folder.
    read
        Reads a sample, as a user's program does.
    mutate
        What damages which files, by a pattern of their names.
    libraries
        What is imported once, before the processes are forked.
    """

    n: int
    write: Callable[[Path], None]
    read: Callable[[Path], object]
    mutate: Mapping[str, Mutate]
    libraries: Sequence[str] = ()


class Outcome(NamedTuple):
    """What a damaged file did, with processor time in seconds and memory in MiB."""

    seed: int
    result: str
    seconds: float
    mib: float

    @property
    def is_offence(self) -> bool:
        """Whether this outcome breaks a claim."""
        return self.result not in FINE or self.seconds > MAX_SECONDS or self.mib > MAX_MIB


# --- kinds ------------------------------------------------------------------------------------------------------------


def _write(folder: Path, files: Mapping[str, bytes]) -> None:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def _write_pictures(folder: Path) -> None:
    _write(folder, sample_pictures())


def _write_pages(folder: Path) -> None:
    _write(folder, sample_pages())


def _read_pages(path: Path) -> None:
    """Read the first pages of a file, also those after a damaged one; the last error counts."""
    readings, refused = digits.read_pages(path), None
    for _ in range(3):
        try:
            next(readings)
        except StopIteration:
            break
        except digits.DigitsError as error:
            refused = error
    if refused:
        raise refused


def _some_digits() -> tuple[np.ndarray, np.ndarray]:
    train = digits.load_mnist().train
    return train.images[:200], train.labels[:200]


def _write_sets(folder: Path) -> None:
    images, labels = _some_digits()
    arrays, text = io.BytesIO(), io.StringIO()
    np.savez_compressed(arrays, images=images, labels=labels)
    header = ",".join(["label", *(f"pixel{index}" for index in range(784))])
    np.savetxt(text, np.column_stack([labels, images.reshape(len(images), -1)]), "%d", ",", header=header, comments="")
    table = text.getvalue().encode()
    _write(folder, {"set.npz": arrays.getvalue(), "set.csv": table})
    for name, array in (("train-images-idx3-ubyte", images), ("train-labels-idx1-ubyte", labels)):
        content = idx_bytes(array)
        _write(folder, {f"idx/{name}": content, f"gzip/{name}.gz": gzip.compress(content)})
    for index, (image, label) in enumerate(zip(images[:50], labels[:50], strict=True)):
        _write(folder, {f"classes/{label}/{index}.png": save(image, "PNG")})


def _write_further_sets(folder: Path) -> None:
    for name, files in sample_sets().items():
        _write(folder if name in files else folder / name, files)


def _write_run(folder: Path) -> None:
    """Train for two of three epochs, and keep what programs read of the run."""
    images, labels = _some_digits()
    file, run = folder.with_suffix(".npz"), folder / "run"
    np.savez(file, images=images, labels=labels)

    def interrupt(done: float, epochs: int, history: Sequence[object]) -> None:
        if len(history) == 2:
            raise KeyboardInterrupt

    digits.train("classic", hidden_sizes=(16,), epochs=3, data=file, out=run, progress=interrupt, notify=_ignore)
    shutil.rmtree(run / "figures", ignore_errors=True)


def _ignore(note: str) -> None:
    """Log nothing."""


def _write_models(folder: Path) -> None:
    with tempfile.TemporaryDirectory() as name:
        _write_run(Path(name) / "small")
        small = (Path(name) / "small" / "run" / "model.onnx").read_bytes()
    _write(folder, {"mlp.onnx": shipped_model(), "small.onnx": small})


def _write_weights(folder: Path) -> None:
    with tempfile.TemporaryDirectory() as name:
        _write_run(Path(name) / "small")
        _write(folder, {"small.safetensors": (Path(name) / "small" / "run" / "model.safetensors").read_bytes()})


def _read_model(path: Path) -> None:
    model = digits.load_model(path)
    digits.Reader(path).read(np.pad(np.full((12, 3), 255, np.uint8), 20))
    repr(model)


def _read_weights(path: Path) -> None:
    from digits.training import load_network, predict_logits

    network, _, _ = load_network(path)
    predict_logits(network, np.zeros((2, 28, 28), np.uint8))


class _TrainingBegins(BaseException):  # no error: the files are read
    pass


def _resume(run: Path) -> None:
    def stop(*_: object) -> None:
        raise _TrainingBegins

    with suppress(_TrainingBegins):
        digits.resume(run, progress=stop, notify=_ignore)


READING = ("cv2", "onnxruntime", "PIL.Image", "pillow_heif")
TRAINING = ("torch", "safetensors.torch", "onnx", "digits.training.run.train", "digits.synthesis")

KINDS = {
    "pictures": Kind(10_000, _write_pictures, digits.read, {"*": mutate_picture}, READING),
    "pages": Kind(2000, _write_pages, _read_pages, {"*.pdf": mutate_pdf, "*.tif": mutate_picture}, READING),
    "sets of digits": Kind(1500, _write_sets, digits.load_dataset, {
        "*.npz": mutate_packed, "*.csv": mutate_bytes, "*.gz": mutate_packed, "*-ubyte": mutate_bytes,
        "*.png": mutate_picture,
    }),
    "sets in further formats": Kind(
        5000, _write_further_sets, digits.load_dataset, SET_MUTATIONS, ("pyarrow.parquet", "scipy.io", *READING)
    ),
    "model files": Kind(1500, _write_models, _read_model, {"*.onnx": mutate_onnx}, READING),
    "weights": Kind(700, _write_weights, _read_weights, {"*.safetensors": mutate_safetensors}, TRAINING),
    "configurations": Kind(700, _write_run, _resume, {"*.json": mutate_json}, TRAINING),
    "checkpoints": Kind(600, _write_run, _resume, {"checkpoint.safetensors": mutate_safetensors}, TRAINING),
}  # fmt: skip


# --- damage -----------------------------------------------------------------------------------------------------------


def damage(kind: Kind, samples: Path, seed: int, folder: Path) -> Path:
    """Copy a sample into a folder and damage one of its files."""
    random = Random(seed)
    chosen = sorted(samples.iterdir())
    sample = chosen[seed % len(chosen)]
    copy = folder / sample.name
    folder.mkdir(parents=True, exist_ok=True)
    (shutil.copytree if sample.is_dir() else shutil.copyfile)(sample, copy)
    found = sorted((path, change) for pattern, change in kind.mutate.items() for path in _files(copy, pattern))
    path, change = random.choice(found)
    path.write_bytes(change(path.read_bytes(), random))
    return copy


def _files(place: Path, pattern: str) -> Iterable[Path]:
    return place.rglob(pattern) if place.is_dir() else [place] * place.match(pattern)


def run(kind: Kind, samples: Path, seeds: Iterable[int]) -> Iterator[Outcome]:
    """Read damaged files, each in a process, as many at the same time as there are cores for this one."""
    running: dict[int, tuple[int, int]] = {}
    waiting = iter(seeds)
    cores = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
    while True:
        while len(running) < cores and (seed := next(waiting, None)) is not None:
            pid, pipe = _fork(kind, samples, seed)
            running[pipe] = (seed, pid)
        if not running:
            return
        # a pipe is readable when its process writes or ends; waiting for any process would reap others' children
        [pipe, *_], _, _ = select.select(running, [], [])
        seed, pid = running.pop(pipe)
        with os.fdopen(pipe) as file:
            written = file.read()
        _, status, used = os.wait4(pid, 0)
        result, _, seconds = written.rpartition(" ")
        if os.WIFSIGNALED(status):
            result = signal.Signals(os.WTERMSIG(status)).name
        unit = 1 if sys.platform == "darwin" else 1024
        memory = used.ru_maxrss * unit / 2**20
        yield Outcome(seed, result or "ended early", float(seconds or used.ru_utime + used.ru_stime), memory)


def _fork(kind: Kind, samples: Path, seed: int) -> tuple[int, int]:
    """Read a damaged file in a new process; give its id, and the pipe to which it writes its result and seconds."""
    reading, writing = os.pipe()
    if pid := os.fork():
        os.close(writing)
        return pid, reading
    try:
        _read_damaged(kind, samples, seed, writing)
    finally:  # whatever happened, this process must not go on as a second one of the measurement
        os._exit(0)


def _read_damaged(kind: Kind, samples: Path, seed: int, writing: int) -> None:
    signal.alarm(GIVEN_UP_SECONDS)
    resource.setrlimit(resource.RLIMIT_CPU, (GIVEN_UP_SECONDS, GIVEN_UP_SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (GIVEN_UP_BYTES, GIVEN_UP_BYTES))
    silence = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(silence, stream)
    with tempfile.TemporaryDirectory() as folder:
        sample = damage(kind, samples, seed, Path(folder))
        start = time.process_time()
        result = attempt(kind, sample)
        os.write(writing, f"{result} {time.process_time() - start}".encode())


def attempt(kind: Kind, sample: Path) -> str:
    """Read a file; give the result: ``read``, ``refused``, or the name of the exception that must not happen."""
    try:
        kind.read(sample)
    except digits.DigitsError:
        return "refused"
    except BaseException as error:
        traceback.print_exc()
        return type(error).__name__
    return "read"


# --- results ----------------------------------------------------------------------------------------------------------


def measure(kinds: Sequence[str] = ()) -> Iterator[Row]:
    """Read all damaged files, or those of some kinds, print the offenders and keep them."""
    chosen = list(kinds or KINDS)
    with tempfile.TemporaryDirectory() as folder:
        write_samples(chosen, Path(folder))
        for name in chosen:
            yield from summarize(name, list(read_damaged(name, Path(folder) / name)))


def read_damaged(name: str, samples: Path, n: int | None = None) -> Iterator[Outcome]:
    """Damage samples of a kind and read them, as many as the kind says by default."""
    kind = KINDS[name]
    for library in kind.libraries:
        importlib.import_module(library)
    for outcome in run(kind, samples, range(n or kind.n)):
        if outcome.is_offence:
            kept = damage(kind, samples, outcome.seed, OFFENDERS / f"{name.replace(' ', '-')}-{outcome.seed}")
            print(f"{kept}: {outcome.result}, {outcome.seconds:.1f} s, {outcome.mib:.0f} MiB", file=sys.stderr)
        yield outcome


def write_samples(names: Sequence[str], folder: Path) -> None:
    """Write intact samples of some kinds, each kind into a folder of its name.

    They are written in another process, since threads that training starts would not survive the forks.
    """
    process = multiprocessing.get_context("spawn").Process(target=_write_samples, args=(names, folder))
    process.start()
    process.join()
    if process.exitcode:
        raise RuntimeError("the intact samples could not be written")


def _write_samples(names: Sequence[str], folder: Path) -> None:
    for name in names:
        (folder / name).mkdir()
        KINDS[name].write(folder / name)


def summarize(name: str, outcomes: Sequence[Outcome]) -> Iterator[Row]:
    """Give the rows of a kind of file."""
    n = len(outcomes)
    counts = Counter(each.result if each.result in FINE else "failed" for each in outcomes)
    for result in (*FINE, "failed"):
        yield Row(case=name, metric=result, value=counts[result] / n, unit="share", n=n)
    yield Row(case=name, metric="processor time", value=max(each.seconds for each in outcomes), unit="s", n=n)
    yield Row(case=name, metric="memory", value=max(each.mib for each in outcomes), unit="MiB", n=n)


def missed(rows: Sequence[Row]) -> list[str]:
    """Give a sentence for every claim that these rows do not support."""
    limits = {"failed": 0, "processor time": MAX_SECONDS, "memory": MAX_MIB}
    sentences = []
    for row in rows:
        value = row.value or 0
        if value > limits.get(row.metric, 1):
            found = f"{100 * value:.2g} %" if row.unit == "share" else f"{value:.4g} {row.unit}"
            sentences.append(f"damaged {row.case}: {row.metric} {found}; we claim at most {limits[row.metric]}")
    return sentences


def main(name: str, seed: str) -> None:
    """Read one damaged file in this process, with its traceback."""
    kind = KINDS[name]
    with tempfile.TemporaryDirectory() as folder:
        write_samples([name], Path(folder))
        print(attempt(kind, damage(kind, Path(folder) / name, int(seed), Path(folder) / "damaged")))


if __name__ == "__main__":
    main(*sys.argv[1:])
