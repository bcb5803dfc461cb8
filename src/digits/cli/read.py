"""``digits read``: any pictures, folders of them, or sets of digits → text, JSON or CSV."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from digits.cli.terminal import remark

if TYPE_CHECKING:
    from digits.inference import Reader, Reading

STDIN = "-"

Stream = Any
"""What text is written to: a file, the terminal, or what a test puts in its place."""

PHONES = {".avif", ".heic", ".heif"}
"""Kinds of pictures beside those that labelled sets have."""


@dataclass(frozen=True)
class Read:
    """A call of the command."""

    inputs: tuple[str, ...]
    single: bool = False
    upright: bool = False
    model: str = "cnn"
    json: bool = False
    csv: bool = False
    explain: Path | None = None
    out: Path | None = None


def _parsed(words: list[str]) -> Read:
    """Read the arguments, by the standard library: what the other commands use takes a fifth of a cold start."""
    import argparse

    parser = argparse.ArgumentParser(
        prog="digits read",
        description="Read handwritten digits in pictures, folders of pictures, or sets of digits. Needs no torch.",
    )
    parser.add_argument(
        "inputs", nargs="*", metavar="PICTURE|FOLDER|CSV|IDX|NPZ|-",
        help="pictures, folders, patterns such as 'scans/*.jpg', a set of digits, or - for standard input",
    )  # fmt: skip
    parser.add_argument("--single", action="store_true", help="each picture is one digit")
    parser.add_argument("--upright", action="store_true", help="no page lies on its side, which saves trying")
    parser.add_argument(
        "--model", default="cnn", metavar="cnn|mlp|FILE",
        help="cnn, the more accurate (the default); mlp, the classic 784-256-128-10; or a model file or run folder",
    )  # fmt: skip
    parser.add_argument(
        "--json", action="store_true", help="print everything that was read: places, confidences, other answers"
    )
    parser.add_argument(
        "--csv", action="store_true", help="print a row a picture; of a set of digits, ImageId,Label as Kaggle wants it"
    )
    parser.add_argument(
        "--explain", type=Path, metavar="OUT.png",
        help="write a picture of every step: what was seen, cut, centred and believed (one input picture)",
    )  # fmt: skip
    parser.add_argument("-o", "--out", type=Path, metavar="FILE", help="write the answer to this file")
    values = vars(parser.parse_args(words))
    return Read(**values | {"inputs": tuple(values["inputs"])})


def read(words: list[str]) -> None:
    """Read handwritten digits in pictures: text, JSON or CSV."""
    call = _parsed(words)
    from digits.errors import DataError, UsageError
    from digits.inference import Reader

    if not call.inputs:
        raise UsageError("name what to read: digits read PICTURE, a folder, a CSV, or - for standard input")
    if call.json and call.csv:
        raise UsageError("--json and --csv: only one of them can be meant")
    files = list(_files(call.inputs))
    sets = [file for file in files if isinstance(file, Path) and _holds_digits(file)]
    if sets and len(files) > 1:
        raise UsageError(f"{sets[0]} is a set of digits: read it alone")
    if call.explain and (sets or len(files) != 1):
        raise UsageError("--explain shows the steps of one picture: name one")
    reader = Reader(call.model)
    with _answers(call.out) as stream:
        failed = _read_set(sets[0], reader, call, stream) if sets else _read_pictures(files, reader, call, stream)
    if failed and len(files) > 1:
        raise DataError(f"{failed} of {len(files)} files could not be read; the rest was")
    if failed:
        sys.exit(1)


def _holds_digits(file: Path) -> bool:
    """Tell whether a file is a set of digits rather than a picture, by its name or its beginning."""
    if file.suffix.lower() in (".csv", ".npz") or "idx3" in file.name or not file.is_file():
        return file.is_file()
    with file.open("rb") as stream:
        return stream.read(4) == b"\0\0\x08\x03"


def _files(inputs: tuple[str, ...]) -> Iterator[Path | None]:
    """List what is to be read, folders and patterns resolved; None is standard input."""
    from glob import glob

    from digits.errors import DataError

    for word in inputs:
        path = Path(word).expanduser()
        if word == STDIN:
            yield None
        elif path.is_dir():
            from digits.data.formats.class_folders import PICTURE_SUFFIXES

            kinds = PICTURE_SUFFIXES | PHONES
            found = sorted(
                file for file in path.rglob("*") if file.suffix.lower() in kinds and not file.name.startswith(".")
            )
            if not found:
                raise DataError(f"{path} holds no pictures ({', '.join(sorted(kinds))})")
            yield from found
        elif not path.exists() and (matches := sorted(glob(str(path), recursive=True))):  # noqa: PTH207
            yield from map(Path, matches)
        else:
            yield path


@contextmanager
def _answers(out: Path | None) -> Iterator[Stream]:
    """Give where the answer goes: a file that takes its name when it is whole, or the terminal."""
    if out is None:
        yield sys.stdout
        return
    from digits.files import replace_atomically

    out.parent.mkdir(parents=True, exist_ok=True)
    with replace_atomically(out) as temporary, temporary.open("w", encoding="utf-8", newline="") as stream:
        yield stream


def _read_set(path: Path, reader: "Reader", call: Read, stream: Stream) -> int:
    """Name the digits of a set, a batch at a time."""
    import json

    from tqdm import tqdm

    from digits.data import read_unlabelled

    number = 0
    with tqdm(desc="digits", unit="", delay=2, disable=None, leave=False) as bar:
        for batch in read_unlabelled(path):
            believed = reader.read_digits(batch)
            labels, confidences = believed.argmax(1), believed.max(1)
            if call.json:
                accepted = confidences >= reader.threshold
                told = zip(labels.tolist(), confidences.round(4).tolist(), accepted.tolist(), strict=True)
                for index, (value, confidence, fine) in enumerate(told, number + 1):
                    entry = {"id": index, "value": value, "confidence": confidence, "accepted": fine}
                    stream.write(f"{',' if index > 1 else '['}\n{json.dumps(entry)}")
            else:
                rows = (f"{index},{label}\n" for index, label in enumerate(labels.tolist(), number + 1))
                stream.write(("" if number else "ImageId,Label\n") + "".join(rows))
            number += len(batch)
            bar.update(len(batch))
    if call.json:
        stream.write("\n]\n")
    return 0


def _read_pictures(files: list[Path | None], reader: "Reader", call: Read, stream: Stream) -> int:
    """Read pictures one after the other, tell what cannot be read, and go on; count those."""
    write = _WRITERS["json" if call.json else "csv" if call.csv else "lines" if len(files) > 1 else "text"]
    readings = _all_read(files, reader, call)
    return write(readings, stream)


def _all_read(files: list[Path | None], reader: "Reader", call: Read) -> "Iterator[Reading | None]":
    """Read files on all cores, in order and few at a time; None for one that could not be read."""
    from digits.errors import DataError

    def one(file: Path | None) -> "Reading":
        content = sys.stdin.buffer.read() if file is None else b""
        name = "standard input" if file is None else ""
        reading = reader.read(content if file is None else file, single=call.single, upright=call.upright, name=name)
        if call.explain:
            from digits.inference.explain import explain

            explain(reading, call.explain)
        return reading

    def told(get: "Callable[[], Reading]") -> "Reading | None":
        try:
            return get()
        except DataError as error:
            remark(f"digits: {error}")
            return None

    if len(files) == 1:  # for which no pool of workers is worth its time to begin
        yield told(lambda: one(files[0]))
        return
    from collections import deque
    from concurrent.futures import Future, ThreadPoolExecutor

    from tqdm import tqdm

    cores = os.cpu_count() or 1
    with (
        ThreadPoolExecutor(min(cores, len(files))) as workers,
        tqdm(total=len(files), desc="pictures", unit="", delay=2, disable=None, leave=False) as bar,
    ):
        waiting: deque[Future[Reading]] = deque()
        for number, file in enumerate(files):
            waiting.append(workers.submit(one, file))
            while waiting and (len(waiting) > 4 * cores or number == len(files) - 1):
                with tqdm.external_write_mode():
                    reading = told(waiting.popleft().result)
                yield reading
                bar.update()


def _as_text(readings: "Iterator[Reading | None]", stream: Stream) -> int:
    """Write the lines of one picture."""
    failed = 0
    for reading in readings:
        failed += reading is None
        if reading is not None:
            stream.write(f"{reading.text}\n" if reading.text else "")
    return failed


def _as_lines(readings: "Iterator[Reading | None]", stream: Stream) -> int:
    """Write the name of each picture before each of its lines."""
    failed = 0
    for reading in readings:
        failed += reading is None
        if reading is not None:
            stream.write("".join(f"{reading.file}: {line}\n" for line in reading.lines or ("",)))
    return failed


def _as_csv(readings: "Iterator[Reading | None]", stream: Stream) -> int:
    """Write a row a picture; the lines of its text are parted by line feeds within the cell."""
    import csv

    failed = 0
    rows = csv.writer(stream, lineterminator="\n")
    rows.writerow(("file", "text", "digits", "lowest_confidence", "rejected"))
    for reading in readings:
        failed += reading is None
        if reading is not None:
            accepted = [digit.confidence for digit in reading.digits if digit.accepted]
            lowest = f"{min(accepted):.4f}" if accepted else ""
            rows.writerow((reading.file, reading.text, len(accepted), lowest, len(reading.digits) - len(accepted)))
    return failed


def _as_json(readings: "Iterator[Reading | None]", stream: Stream) -> int:
    """Write one list, an object a picture, as they come."""
    import json

    failed, before = 0, "["
    for reading in readings:
        failed += reading is None
        if reading is not None:
            stream.write(f"{before}\n{json.dumps(reading.to_dict())}")
            before = ","
    stream.write("[]\n" if before == "[" else "\n]\n")
    return failed


_WRITERS: "dict[str, Callable[[Iterator[Reading | None], Stream], int]]" = {
    "text": _as_text,
    "lines": _as_lines,
    "csv": _as_csv,
    "json": _as_json,
}
