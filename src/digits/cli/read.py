"""``digits read``: any pictures, folders of them, or sets of digits → text, JSON or CSV."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from digits.cli.terminal import parse, remark

if TYPE_CHECKING:
    from digits.inference import Reader, Reading

STDIN = "-"

Stream = Any
"""What text is written to: a file, the terminal, or what a test puts in its place."""

PHONES = {".avif", ".heic", ".heif"}
"""Kinds of pictures beside those that labelled sets have."""


@dataclass(frozen=True)
class Read:
    """Read handwritten digits in pictures, folders of pictures, or sets of digits (CSV, IDX, NPZ). Needs no torch."""

    inputs: tuple[str, ...]
    """Pictures, folders, patterns such as 'scans/*.jpg', a CSV, IDX or NPZ of digits, or - for standard input."""
    single: bool = False
    """Each picture is one digit."""
    model: str = "cnn"
    """cnn, the most accurate; mlp, the classic 784-256-128-10; or a model file or run folder of your own."""
    json: bool = False
    """Print everything that was read as JSON: places, confidences, other answers."""
    csv: bool = False
    """Print a row a picture; of a set of digits, ImageId,Label as Kaggle wants it."""
    explain: Path | None = None
    """Write a picture of every step: what was seen, cut, centred and believed (one input picture)."""
    out: Path | None = None
    """Write the answer to this file instead of to the terminal; -o for short."""


def read(words: list[str]) -> None:
    """Read handwritten digits in pictures: text, JSON or CSV."""
    call = parse(Read, "read", ["--out" if word == "-o" else word for word in words])
    from digits.inference import Reader
    from digits.spec import DataError, UsageError

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

    from digits.spec import DataError

    for word in inputs:
        path = Path(word).expanduser()
        if word == STDIN:
            yield None
        elif path.is_dir():
            from digits.data.pictures import PICTURES

            kinds = PICTURES | PHONES
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
    from digits.spec import replacing

    out.parent.mkdir(parents=True, exist_ok=True)
    with replacing(out) as temporary, temporary.open("w", encoding="utf-8", newline="") as stream:
        yield stream


def _read_set(path: Path, reader: "Reader", call: Read, stream: Stream) -> int:
    """Name the digits of a set, a batch at a time."""
    import json

    from tqdm import tqdm

    from digits.data.unlabelled import read_unlabelled

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
    from collections import deque
    from concurrent.futures import Future, ThreadPoolExecutor

    from tqdm import tqdm

    from digits.spec import DataError

    def one(file: Path | None) -> "Reading":
        if file is None:
            content = sys.stdin.buffer.read()
            reading = reader.read(content, single=call.single, name="standard input")
        else:
            content = b""
            reading = reader.read(file, single=call.single)
        if call.explain:
            from digits.inference.explain import explain

            explain(content or file, reading, call.explain)
        return reading

    with (
        ThreadPoolExecutor(min(os.cpu_count() or 1, len(files))) as workers,
        tqdm(total=len(files), desc="pictures", unit="", delay=2, disable=None, leave=False) as bar,
    ):
        waiting: deque[Future[Reading]] = deque()
        for number, file in enumerate(files):
            waiting.append(workers.submit(one, file))
            while waiting and (len(waiting) > 4 * (os.cpu_count() or 1) or number == len(files) - 1):
                try:
                    yield waiting.popleft().result()
                except DataError as error:
                    with tqdm.external_write_mode():
                        remark(f"digits: {error}")
                    yield None
                bar.update()


def _as_text(readings: "Iterator[Reading | None]", stream: Stream) -> int:
    """Write the lines of one picture."""
    failed = 0
    for reading in readings:
        failed += reading is None
        if reading:
            stream.write(f"{reading.text}\n" if reading.text else "")
    return failed


def _as_lines(readings: "Iterator[Reading | None]", stream: Stream) -> int:
    """Write the name of each picture before each of its lines."""
    failed = 0
    for reading in readings:
        failed += reading is None
        if reading:
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
        if reading:
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
        if reading:
            stream.write(f"{before}\n{json.dumps(reading.as_json())}")
            before = ","
    stream.write("[]\n" if before == "[" else "\n]\n")
    return failed


_WRITERS: "dict[str, Callable[[Iterator[Reading | None], Stream], int]]" = {
    "text": _as_text,
    "lines": _as_lines,
    "csv": _as_csv,
    "json": _as_json,
}
