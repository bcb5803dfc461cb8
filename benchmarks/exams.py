"""The number on exam pages by several readers: nine digits in boxes, on scans of real exams.

A reader of whole pages is right if the number is among the digits that it reads on the page.

    DIGITS_PEERS=peers/bin/python python -m benchmarks exams
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import digits
from benchmarks.documents import PEERS, all_look_alikes, read_with_peer
from benchmarks.fields import LENGTH
from benchmarks.handwriting import Document, documents
from benchmarks.peers.box_contours import read_number
from benchmarks.results import Row
from digits.preprocessing import MAX_PAGE_SIDE, as_grey, decode


def measure() -> Iterator[Row]:
    """Read the number of each exam page with each reader."""
    exams = [document for document in documents("forms") if document.is_exam]
    if not exams:
        return
    model, right = digits.load_model("cnn"), 0
    for exam in exams:
        picture = decode(exam.file.read_bytes(), exam.file.name, max_side=MAX_PAGE_SIDE).picture
        right += read_number(as_grey(picture, MAX_PAGE_SIDE), model.predict) == exam.lines[0]
    yield _row("contours of boxes, each to `cnn`", right, exams)
    found = [digits.read_fields(str(exam.file), f"id:{LENGTH}").rows[0].answers[0].number for exam in exams]
    right = sum(number == exam.lines[0] for number, exam in zip(found, exams, strict=True))
    yield _row("`cnn`", right, exams)
    python = os.environ.get("DIGITS_PEERS", "")
    for peer, settings in PEERS.items() if python else ():
        _, answers = read_with_peer(peer, settings[0].argument, python, exams)
        read = {exam.file: "".join(map(all_look_alikes, answers[exam.file].lines)) for exam in exams}
        yield _row(peer, sum(exam.lines[0] in read[exam.file] for exam in exams), exams)


def _row(reader: str, right: int, exams: list[Document]) -> Row:
    return Row(case=reader, metric="numbers right", value=right / len(exams), unit="of 100", n=len(exams))
