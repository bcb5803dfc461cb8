"""``digits read``: any pictures, folders of them, or sets of digits → text, JSON or CSV."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from digits.cli.arguments import parse
from digits.cli.terminal import escape, remark
from digits.options import option

if TYPE_CHECKING:
    from digits.errors import DataError
    from digits.inference import Reader, Reading

    Job = Callable[[], Reading]

STDIN = "-"

Stream = Any
"""What text is written to: a file, the terminal, or what a test puts in its place."""


MODEL = "cnn, the more accurate; mlp, the classic 784-256-128-10; a model file or a run folder."
FINDER = "What finds digits on pages: a finder's file or run folder."
"""What the flags --model and --finder of all commands that read pages name."""


@dataclass(frozen=True)
class _Arguments:
    inputs: tuple[str, ...] = option(
        (),
        "Pictures, PDFs (all pages, or one: scan.pdf#3), folders, patterns such as 'scans/*.jpg', a set of digits "
        "(CSV, IDX, NPZ, Parquet, …), or - for stdin.",
        positional=True, metavar="INPUT …",
    )  # fmt: skip
    single: bool = option(False, "Each picture is one digit.")
    upright: bool = option(False, "Pages are upright; skip orientation detection.")
    printed: bool = option(False, "Read printed digits too, not handwriting only.")
    digits_only: bool = option(False, "Leave out signs such as decimal points in text and CSV; JSON has both.")
    model: str = option("cnn", MODEL, metavar="MODEL")
    finder: str = option("finder", FINDER, metavar="FINDER")
    transpose: bool = option(False, "Swap rows and columns of the images of a set of digits, as EMNIST needs.")
    json: bool = option(False, "Print everything: positions, confidences, alternatives.")
    csv: bool = option(False, "Print one row per picture; for a set of digits, ImageId,Label as Kaggle expects.")
    explain: Path | None = option(
        None, "Draw every step from the picture to the answer; for one picture.", metavar="OUT.png"
    )
    out: Path | None = option(None, "Write the answer to this file.", flags=("-o", "--out"), metavar="FILE")


def read(words: list[str]) -> None:
    """Read handwritten digits in pictures: text, JSON or CSV.

    INPUT is a picture, a PDF, a folder of these, or a set of digits. Needs no torch.
    """
    call = parse(read, _Arguments, words)
    from digits.errors import DataError, UsageError
    from digits.files import write_output
    from digits.inference import Reader

    if not call.inputs:
        raise UsageError("name what to read: digits read PICTURE, a folder, a CSV, or - for standard input")
    if call.json and call.csv:
        raise UsageError("--json and --csv cannot be combined")
    files = list(list_files(call.inputs))
    digit_set = files[0] if len(files) == 1 and files[0] and _is_set(files[0]) else None
    if call.explain and (digit_set or len(files) != 1):
        raise UsageError("--explain draws the steps of one picture: name one")
    if call.transpose and not digit_set:
        raise UsageError("--transpose is for one set of digits, such as a CSV, IDX or NPZ file: name one")
    reader = Reader(call.model, finder=call.finder)
    stream: Stream = io.StringIO() if call.out else sys.stdout
    work = _Work(len(files))
    if digit_set:
        entries = _read_set(digit_set, reader, transpose=call.transpose)
        (_write_json if call.json else _write_submission)(entries, stream)
    else:
        readings = _read_pictures(files, reader, call, work)
        if call.json:
            _write_json((reading.to_dict() for reading in readings), stream)
        elif call.csv:
            _write_csv(readings, stream, has_signs=not call.digits_only)
        else:
            unnamed = _name(files[0]) if len(files) == 1 else ""
            _write_text(readings, stream, has_signs=not call.digits_only, unnamed=unnamed)
    if call.out:
        write_output(call.out, stream.getvalue().encode())
    if work.errors and work.total > 1:
        kind = "files" if work.total == len(files) else "pages"
        raise DataError(f"{len(work.errors):,} of {work.total:,} {kind} could not be read; the others were")
    if work.errors:
        sys.exit(1)


def _is_set(file: Path) -> bool:
    """Whether a file is a set of digits; pictures are known by their names, so that reading one needs no more code."""
    from digits.preprocessing.opening import READABLE_SUFFIXES

    if file.suffix.lower().partition("#")[0] in READABLE_SUFFIXES:
        return False
    from digits.data import is_digit_set

    return is_digit_set(file)


def list_files(inputs: tuple[str, ...]) -> Iterator[Path | None]:
    """List the files to read, folders and patterns resolved; None is standard input."""
    from glob import glob

    from digits.files import expand_home

    for word in inputs:
        path = expand_home(word)
        if word == STDIN:
            yield None
        elif path.exists():
            yield from _pictures_in(path)
        else:
            for match in sorted(glob(str(path), recursive=True)) or [str(path)]:  # noqa: PTH207
                yield from _pictures_in(Path(match))


def _pictures_in(path: Path) -> list[Path]:
    """List the pictures and PDFs in a folder and below; any other path, and a folder without any, stays as it is."""
    if not path.is_dir():
        return [path]
    from digits.preprocessing.opening import READABLE_SUFFIXES

    found = (file for file in path.rglob("*") if file.suffix.lower() in READABLE_SUFFIXES)
    return sorted(file for file in found if not file.name.startswith(".")) or [path]


def _read_set(path: Path, reader: Reader, *, transpose: bool) -> Iterator[dict[str, Any]]:
    """Yield the answer for every digit of a set, which is read batch by batch."""
    from tqdm import tqdm

    from digits.data import read_unlabelled

    number = rejected = 0
    with tqdm(desc="digits", unit="", delay=2, disable=None, leave=False) as bar:
        for batch in read_unlabelled(path, transpose=transpose):
            for digit in reader.describe_digits(batch):
                number += 1
                rejected += not digit.accepted
                yield {"id": number, **digit.to_dict()}
            bar.update(len(batch))
    if rejected:
        remark(f"digits: {path}: {rejected:,} of {number:,} rejected; --json says why")


@dataclass
class _Work:
    """How much there is to read, as far as that is known, and what could not be."""

    total: int
    errors: list[DataError] = field(default_factory=list)


def _name(file: Path | None) -> str:
    return "standard input" if file is None else str(file)


def _read_pictures(files: list[Path | None], reader: Reader, call: _Arguments, work: _Work) -> Iterator[Reading]:
    """Read files on all cores, in order and a few pages at a time; report what was rejected, and collect the errors."""
    from digits.errors import DataError

    def attempt(get: Job) -> list[Reading]:
        try:
            reading = get()
        except DataError as error:
            remark(f"digits: {error}")
            work.errors.append(error)
            return []
        if reading.notice:
            remark(f"digits: {reading.file}: {reading.notice}")
        return [reading]

    jobs = _list_jobs(files, reader, call, work)
    first = next(jobs)
    if work.total == 1:  # for one page, starting workers takes longer than reading
        yield from attempt(first)
        return
    from collections import deque
    from concurrent.futures import Future, ThreadPoolExecutor
    from itertools import chain

    from tqdm import tqdm

    cores = os.cpu_count() or 1
    with (
        ThreadPoolExecutor(min(cores, work.total)) as workers,
        tqdm(total=work.total, desc="pictures", unit="", delay=2, disable=None, leave=False) as bar,
    ):
        waiting: deque[Future[Reading]] = deque()
        for job in chain([first], jobs, [None]):
            if job:
                waiting.append(workers.submit(job))
            while waiting and (len(waiting) > 4 * cores or job is None):
                with tqdm.external_write_mode():
                    readings = attempt(waiting.popleft().result)
                yield from readings
                bar.total = work.total
                bar.update()


def _list_jobs(files: list[Path | None], reader: Reader, call: _Arguments, work: _Work) -> Iterator[Job]:
    """Yield a function for each page that reads it; a file is opened here only if it may have several."""
    from digits.errors import DataError, UsageError
    from digits.inference.inputs import read_stream
    from digits.inference.pages import SourcePages, has_pages

    ways: dict[str, Any] = {"single": call.single, "upright": call.upright, "printed": call.printed}

    def read_page(pages: SourcePages, page: int) -> Reading:
        decoded, name, source = pages.decode(page), pages.name(page), pages.source(page)
        return reader.read_decoded(decoded, name=name, source=source, **ways)

    def read_file(source: Any, name: str) -> Reading:
        if isinstance(source, Path) and source.is_dir():
            raise DataError(f"{name} cannot be read: it is a folder without pictures; name another")
        if isinstance(source, Path) and len(files) > 1 and _is_set(source):
            raise DataError(f"{name} is a table or a set of digits, not a picture: read it alone")
        reading: Reading = reader.read(source, name=name, **ways)
        if call.explain:
            from digits.inference.explain import explain

            explain(reading, call.explain)
        return reading

    for file in files:
        source: Any = sys.stdin.buffer if file is None else file
        name, pages = _name(file), None
        with suppress(DataError):  # which reading it raises again
            source = read_stream(source, name)
            pages = SourcePages(source, name) if has_pages(source) else None
        if pages is None or len(pages) == 1:
            yield partial(read_file, source, name)
            continue
        if call.explain:
            raise UsageError(f"{name} has {len(pages)} pages: --explain draws the steps of one, such as {name}#1")
        work.total += len(pages) - 1
        yield from (partial(read_page, pages, page) for page in range(1, len(pages) + 1))


def _write_text(readings: Iterator[Reading], stream: Stream, *, has_signs: bool, unnamed: str) -> None:
    """Write every line of text, after the name of its picture or page unless that is `unnamed`, the only one."""
    for reading in readings:
        prefix, empty = (f"{escape(reading.file)}: ", ("",)) if reading.file != unnamed else ("", ())
        lines = reading.lines if has_signs else reading.digit_lines
        stream.write("".join(f"{prefix}{line}\n" for line in lines or empty))


def _write_csv(readings: Iterator[Reading], stream: Stream, *, has_signs: bool) -> None:
    """Write one row per picture; the lines of its text are separated by line feeds within the cell."""
    import csv

    rows = csv.writer(stream, lineterminator="\n")
    rows.writerow(("file", "text", "digits", "lowest_confidence", "rejected", "notice"))
    for reading in readings:
        accepted = [digit.confidence for digit in reading.digits if digit.accepted]
        lowest = f"{min(accepted):.4f}" if accepted else ""
        rejected = len(reading.digits) - len(accepted)
        text = reading.text if has_signs else "\n".join(reading.digit_lines)
        rows.writerow((escape(reading.file), text, len(accepted), lowest, rejected, reading.notice))


def _write_submission(entries: Iterator[dict[str, Any]], stream: Stream) -> None:
    """Write the class of every digit as Kaggle expects."""
    for entry in entries:
        stream.write(("ImageId,Label\n" if entry["id"] == 1 else "") + f"{entry['id']},{entry['value']}\n")


def _write_json(entries: Iterator[dict[str, Any]], stream: Stream) -> None:
    """Write one list with an object per picture or digit, as they come."""
    import json

    before = "["
    for entry in entries:
        stream.write(f"{before}\n{json.dumps(entry)}")
        before = ","
    stream.write("[]\n" if before == "[" else "\n]\n")
