"""How well whole documents are read: other people's pages and forms, by the shipped models and by other readers.

Every reader gives lines of digits for a picture, as it was given; the other readers get it upright where it lies on its
side, since they do not turn pages. They run if ``$DIGITS_PEERS`` names the Python that has them (see
`benchmarks.document_peers`), each with the setting that has the fewest errors on the seen half.

    DIGITS_REAL=FOLDER DIGITS_PEERS=PYTHON python -m benchmarks documents
    DIGITS_REAL=FOLDER python -m benchmarks documents --only digits --half seen     keeps all other rows

Two figures are of the same digits. Of *digit errors* every digit that nobody wrote by hand is one, a printed one as
well. *Written digits missed* are those not read in their line and in order; what else was read does not count, since
other readers cannot tell print from handwriting. A long line of print has many digits in any order, so that the second
figure flatters who reads everything.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from time import perf_counter, process_time
from typing import NamedTuple

import digits
from benchmarks import handwriting
from benchmarks.handwriting import Document
from benchmarks.reading import count_errors, count_missing
from benchmarks.results import Row, shares, summarize

MODELS = ("cnn", "mlp")
CASES = {
    "pages": ("pages",),
    "pages2": ("pages2",),
    "pages and pages2": ("pages", "pages2"),
    "forms": ("forms",),
}
"""What is scored together: names of kinds of handwriting."""

LOOK_ALIKE = str.maketrans("OolI|SBZ", "00111582")
"""Letters that are taken for digits, and which."""


class Answer(NamedTuple):
    """What was read in a picture: digits of each line, none of them empty; and how long it took, decoding included."""

    lines: list[str]
    seconds: float
    processor: float


Answers = dict[Path, Answer]


def only_digits(line: str) -> str:
    """Leave out all but digits."""
    return "".join(letter for letter in line if letter in "0123456789")


def numbers_with_look_alikes(line: str) -> str:
    """Count look-alike letters as digits in words that have a digit and no other letters."""
    return "".join(only_digits(word.translate(LOOK_ALIKE) if is_number(word) else word) for word in line.split())


def all_look_alikes(line: str) -> str:
    """Count look-alike letters as digits wherever they are."""
    return only_digits(line.translate(LOOK_ALIKE))


def is_number(word: str) -> bool:
    """Tell whether a word is a number in which some digits may have been read as letters."""
    return any(map(str.isdecimal, word)) and not any(map(str.isalpha, word.translate(LOOK_ALIKE)))


class Setting(NamedTuple):
    """A way to use a peer: what rows say of it, the argument of its program, and what makes digits of its lines."""

    name: str
    argument: str
    to_digits: Callable[[str], str]


PEERS = {
    "RapidOCR": (
        Setting("digits only", "default", only_digits),
        Setting("look-alike letters in numbers are digits", "default", numbers_with_look_alikes),
        Setting("all look-alike letters are digits", "default", all_look_alikes),
    ),
    "EasyOCR": (Setting("text found in 1,280 pixels", "1280", only_digits),),
    "Tesseract": (Setting("psm 11", "11", only_digits), Setting("psm 6", "6", only_digits)),
}
"""Each peer's settings. EasyOCR's usual 2,560 pixels take four times as long: minutes a page on a busy processor."""


def measure(only: str = "", half: str = "") -> Iterator[Row]:
    """Score all readers, or only ``digits``, ``peers`` or one of these, on one half or both (empty)."""
    if only not in ("", "digits", "peers", *PEERS):
        sys.exit(f"--only {only} names no reader: choose digits, peers, {', '.join(PEERS)}")
    halves = (half,) if half else handwriting.HALVES
    documents = handwriting.documents(*handwriting.DOCUMENTS)
    yield from _sources(documents)
    if only in ("", "digits"):
        asked = [document for document in documents if document.half in halves]
        for model in MODELS:
            answers = _read(digits.Reader(model, threads=int(os.environ.get("OMP_NUM_THREADS", "0"))), asked)
            yield from score(f"`{model}`", f"digits {digits.__version__}", asked, answers)
    python = os.environ.get("DIGITS_PEERS", "")
    if not python and only not in ("", "digits"):
        sys.exit("$DIGITS_PEERS is not set: it names the Python that has the other readers, see document_peers.py")
    for peer in PEERS if python and documents else ():
        if only in ("", "peers", peer):
            setting, version, answers = _best(peer, python, documents)
            asked = [document for document in documents if document.half in halves]
            yield from score(peer, f"{version}, {setting}", asked, answers)


def _sources(documents: Sequence[Document]) -> Iterator[Row]:
    for case, half, chosen in _cases(documents):
        names = sorted({document.source for document in chosen})
        yield Row(case=f"{case}, {half}", metric="sources", value=len(names), n=len(chosen), note=", ".join(names))


def _cases(documents: Sequence[Document]) -> Iterator[tuple[str, str, list[Document]]]:
    for case, kinds in CASES.items():
        for half in handwriting.HALVES:
            chosen = [each for each in documents if each.half == half and each.file.parent.name in kinds]
            if chosen:
                yield case, half, chosen


def _read(reader: digits.Reader, documents: Sequence[Document]) -> Answers:
    answers = {}
    for document in [*documents[:1], *documents]:  # the first once more, warm
        start, used = perf_counter(), process_time()
        lines = reader.read(document.file, printed=document.is_print).lines
        answers[document.file] = Answer(_keep(only_digits, lines), perf_counter() - start, process_time() - used)
    return answers


def _keep(to_digits: Callable[[str], str], lines: Iterable[str]) -> list[str]:
    return [line for line in map(to_digits, lines) if line]


def _best(peer: str, python: str, documents: Sequence[Document]) -> tuple[str, str, Answers]:
    """Give the name of the setting with the fewest errors on the seen half, the peer's version, and the answers."""
    arguments = dict.fromkeys(setting.argument for setting in PEERS[peer])
    read = {argument: read_with_peer(peer, argument, python, documents) for argument in arguments}
    found = []
    for setting in PEERS[peer]:
        version, raw = read[setting.argument]
        answers = {file: each._replace(lines=_keep(setting.to_digits, each.lines)) for file, each in raw.items()}
        errors = sum(_errors(document, answers) for document in documents if document.half == "seen")
        found.append((errors, setting.name, version, answers))
    _, name, version, answers = min(found, key=lambda each: each[0])
    return name, version, answers


def read_with_peer(peer: str, argument: str, python: str, documents: Sequence[Document]) -> tuple[str, Answers]:
    """Let a peer read documents in a process of its own; gives its version and its lines, letters and all."""
    print(f"{peer} ({argument}) reads {len(documents)} pictures", file=sys.stderr)
    jobs = json.dumps([(str(document.file), document.turned) for document in documents])
    program = Path(__file__).with_name("document_peers.py")
    try:
        run = subprocess.run([python, program, peer, argument], input=jobs, capture_output=True, text=True, check=True)
    except OSError as error:
        sys.exit(f"$DIGITS_PEERS is {python}, which cannot be started: {error.strerror}")
    except subprocess.CalledProcessError as error:
        reason = error.stderr.strip().rpartition("\n")[2]
        sys.exit(f"{peer} does not run in {python}, see document_peers.py for what to install: {reason}")
    first, *answers = map(json.loads, run.stdout.splitlines())
    return first["version"], {
        Path(each["file"]): Answer(each["lines"], each["seconds"], each["processor"]) for each in answers
    }


def score(variant: str, note: str, documents: Sequence[Document], answers: Answers) -> Iterator[Row]:
    """Score what was read in documents: a row per figure and case."""
    note = f"{note}, threads: {os.environ.get('OMP_NUM_THREADS', 'all')}"
    for case, half, chosen in _cases(documents):
        for row in _figures(chosen, answers):
            yield Row(**{**vars(row), "case": f"{case}, {half}", "variant": variant, "note": note})


def _figures(documents: Sequence[Document], answers: Answers) -> Iterator[Row]:
    written = sum(map(len, (line for document in documents for line in document.lines)))
    errors = [_errors(document, answers) for document in documents]
    lines = {document.file: answers[document.file].lines for document in documents}
    missed = [count_missing(lines[each.file], each.lines, any_order=each.in_any_order) for each in documents]
    unordered = [_unordered_errors(lines[each.file], each.lines) for each in documents]
    for metric, count in (
        ("digit errors", errors),
        ("written digits missed", missed),
        ("digits missed or invented, in any order", unordered),
    ):
        if written:
            yield Row(case="", metric=metric, value=sum(count) / written, unit="of 100", n=written)
    yield Row(case="", metric="pages without an error", **shares(errors.count(0), len(documents)))
    if exams := [document for document in documents if document.is_exam]:
        alone = sum(exam.lines[0] in lines[exam.file] for exam in exams)
        inside = sum(exam.lines[0] in "".join(lines[exam.file]) for exam in exams)
        yield Row(case="", metric="exam numbers right, alone in a line", **shares(alone, len(exams)))
        yield Row(case="", metric="exam numbers right, among other digits", **shares(inside, len(exams)))
    if empty := [document for document in documents if not document.lines]:
        found = sum(map(len, (line for document in empty for line in lines[document.file])))
        yield Row(case="", metric="digits found on pages without handwriting", value=found, n=len(empty))
    for metric, times in (
        ("time", [answers[document.file].seconds for document in documents]),
        ("processor time", [answers[document.file].processor for document in documents]),
    ):
        yield Row(case="", metric=metric, unit="s", **summarize(times))


def _errors(document: Document, answers: Answers) -> int:
    return count_errors(answers[document.file].lines, document.lines, any_order=document.in_any_order)


def _unordered_errors(lines: Iterable[str], wanted: Iterable[str]) -> int:
    found, there = Counter("".join(lines)), Counter("".join(wanted))
    return (found - there).total() + (there - found).total()
