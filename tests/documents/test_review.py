"""Reviews: every keystroke is kept, whatever happens next, and what people said is in the checked answers."""

from __future__ import annotations

import csv
import io
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from digits.data import load_labelled
from digits.documents import FieldAnswer, FieldRow, FieldTable, Form, FormPage, Roster, Run
from digits.documents.forms.boxes import FieldBoxes
from digits.documents.forms.form import Numbers
from digits.documents.review import ReviewJob, ReviewWriter, list_reviewed, write_labelled
from digits.documents.runs import RunPage
from digits.errors import DataError, DataNotFoundError, StorageError, UsageError
from digits.inference.finder import Marks
from digits.inference.page import Page

FORM = Form({"field": [{"name": "id", "digits": 3, "unique": True}, {"name": "mark", "digits": 2, "range": [0, 60]}]})
ROSTER = Roster(("407", "192", "555"), ({"name": "Ann"}, {"name": "Bo"}, {"name": "Cy"}))
NO, NONE = np.zeros(0, np.float32), np.zeros((0, 10), np.float32)
MARKS = Marks(NONE[:, :4], NO, NO, NONE, NONE[:, :3], NO, NO)
NOTHING = Page(MARKS, np.zeros((0, 28, 28), np.uint8), NO, NONE, (9, 9), "0")
PICTURE = bytes(cv2.imencode(".png", np.full((12, 40), 200, np.uint8))[1])


def fill(text: str, sure: float = 1.0) -> FieldBoxes:
    """Fill boxes with digits, of which the last is as sure as told; an underscore is ink that was not read."""
    places = [place for place, each in enumerate(text) if each != "_"]
    classes = np.full((len(places), 10), 1e-4)
    for row, place in enumerate(places):
        classes[row, int(text[place])] = sure if row == len(places) - 1 else 1.0
    read = text.replace("_", "")
    run = Run(classes, np.zeros(len(places)), read, tuple(range(len(places))), (0.0, 0.0, 9.0, 9.0), read)
    images = np.stack([np.full((28, 28), 0 if each == "_" else 20 * int(each) + 9, np.uint8) for each in text])
    found = RunPage([run], NOTHING, (9, 9))
    seen = tuple("?" if each == "_" else each for each in text)
    certain = np.array([0.0 if each == "_" else 1.0 for each in text])
    certain[places[-1]] = sure
    filled, there = tuple(range(len(text))), np.ones(len(text))
    return FieldBoxes(found, filled, 0, (0, 0, 9, 9), (), seen, (), images, PICTURE, there, certain)


@pytest.fixture
def answers(tmp_path: Path) -> Path:
    """A reading of three pages: two that want 407, and one that cannot be read; one mark is doubtful."""
    pages = [
        FormPage("1.png", {0: fill("407", 0.8), 1: fill("3_")}),
        FormPage("2.png", {0: fill("401", 0.7), 1: fill("55")}),
        FormPage("3.png", error="3.png: the page is blank"),
    ]
    first = FieldAnswer("id", "407", "407", 0.8, {"name": "Ann"}, (), None, ("competes with 2.png",))
    second = FieldAnswer("id", "401", "407", 0.6, {"name": "Ann"}, (("192", 0.3),), None, ("401 was read",))
    rows = (
        FieldRow("1.png", (first, FieldAnswer("mark", "3", "", 0.0, notices=("1 digit read, not 2",)))),
        FieldRow("2.png", (second, FieldAnswer("mark", "55", "55", 1.0))),
        FieldRow("3.png", (FieldAnswer("id"), FieldAnswer("mark")), "3.png: the page is blank"),
    )
    file = tmp_path / "answers.csv"
    with ReviewWriter(tmp_path / "answers.review") as writer:
        light = [writer.add(page) for page in pages]
        assert not any(boxes.picture or len(boxes.images) for page in light for boxes in page.boxes.values())
        numbers = Numbers(FORM.fields, (ROSTER, None), (None, None))
        assert writer.finish(FORM, light, FieldTable(FORM.fields, rows, ("name",)), numbers) == 3
    assert [each.name for each in tmp_path.iterdir()] == ["answers.review"]
    return file


@pytest.fixture
def job(answers: Path) -> Iterator[ReviewJob]:
    opened = ReviewJob(answers)
    yield opened
    opened.close()


def test_what_resolves_most_comes_first(job: ReviewJob) -> None:
    first, second, third = job.claim("ann", 8)
    assert (first.page, first.field, first.boxes, first.doubts) == ("1.png", "mark", ("3", "?"), (1,))
    # two pages want 407, so that a look at either settles both
    assert (second.page, second.boxes, second.read, second.doubts) == ("2.png", tuple("407"), tuple("401"), (2,))
    assert (third.page, third.boxes, third.picture) == ("1.png", tuple("407"), PICTURE)
    assert job.progress() == (4, 3, 3, 0, 0)


def test_people_get_cells_of_their_own(job: ReviewJob, answers: Path) -> None:
    other = ReviewJob(answers)
    (mine,) = job.claim("ann", 1)
    theirs = other.claim("bob", 8)
    other.close()
    assert mine.id not in {each.id for each in theirs}
    assert len(theirs) == 2
    assert [each.id for each in job.claim("ann", 8)] == [mine.id]


def test_skipped_cells_come_last(job: ReviewJob) -> None:
    first = job.claim("ann", 3)[0]
    assert [each.id for each in job.claim("ann", 3, (first.id,))][-1] == first.id


def decide(job: ReviewJob, cells: dict[str, str]) -> None:
    """Decide on the cells of pages and fields, such as ``2.png id``."""
    for cell in job.claim("ann", 8):
        job.type(cell.id, "ann", "Enter", tuple(cells[f"{cell.page} {cell.field}"].split(",")), is_decided=True)


def rows_of(job: ReviewJob) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(job.checked().to_csv())))


def test_checked_answers_have_what_was_read_made_and_said(job: ReviewJob) -> None:
    before = rows_of(job)
    assert (before[0]["id review"], before[0]["flag"]) == ("open", "id: competes with 2.png; mark: 1 digit read, not 2")
    decide(job, {"1.png id": "4,0,7", "1.png mark": "3,4", "2.png id": "1,9,2"})
    first, second, third = rows_of(job)
    assert [second[f"id{each}"] for each in (" read", " made", "", " review")] == ["401", "407", "192", "corrected"]
    assert (first["id"], first["id review"], first["name"], second["name"]) == ("407", "accepted", "Ann", "Bo")
    assert (first["mark"], second["mark"], second["mark review"]) == ("34", "55", "")
    assert (first["flag"], second["flag"], third["flag"]) == ("", "", "3.png: the page is blank")
    assert (job.checked().corrected, job.checked().left) == (2, 0)


def test_people_err_too(job: ReviewJob) -> None:
    decide(job, {"1.png id": "5,5,5", "1.png mark": "9,?", "2.png id": "5,5,5"})
    assert rows_of(job)[0]["flag"] == "id: on 2 pages; mark: cannot be read"
    decide(replace_claims(job), {"1.png id": "1,2,3", "1.png mark": "9,9", "2.png id": "5,,5"})
    assert (
        rows_of(job)[0]["flag"] == "id: on 2 pages; mark: cannot be read"
    )  # all were decided, and nothing is handed out


def replace_claims(job: ReviewJob) -> ReviewJob:
    assert job.claim("bob", 8) == []
    return job


def test_numbers_outside_of_rules_say_so(job: ReviewJob) -> None:
    decide(job, {"1.png id": "1,2,3", "1.png mark": "9,9", "2.png id": "5,,5"})
    first, second, _ = rows_of(job)
    assert (first["flag"], second["flag"]) == ("id: not in the list; mark: is above 60", "id: not 3 digits")


KILLED = """
import os, signal, sys
from pathlib import Path
from digits.documents.review import ReviewJob
job = ReviewJob(Path(sys.argv[1]))
for key in "12345":
    job.type(int(sys.argv[2]), "ann", key, ("4", "0", key), is_decided=key == "5")
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_nothing_is_lost_when_the_program_is_killed(job: ReviewJob, answers: Path) -> None:
    cell = job.claim("ann", 8)[2].id
    done = subprocess.run([sys.executable, "-c", KILLED, str(answers), str(cell)], check=False)
    assert done.returncode == -signal.SIGKILL
    again = ReviewJob(answers)
    assert again.progress() == (4, 3, 2, 5, 1)
    assert again.find(cell).boxes == ("4", "0", "5")
    last = again.last_decided("ann")
    again.close()
    assert last is not None
    assert last.id == cell


def test_a_full_disk_is_a_sentence_and_loses_nothing(job: ReviewJob) -> None:
    cell = job.claim("ann", 1)[0]
    job.type(cell.id, "ann", "4", ("3", "4"), is_decided=False)
    (pages,) = job._store.read("PRAGMA page_count")
    job._store.read(f"PRAGMA max_page_count = {pages[0]}")
    typed = 1
    said = ""
    while not said:
        try:
            job.type(cell.id, "ann", 1000 * "5", ("3", "5"), is_decided=False)
            typed += 1
        except StorageError as error:
            said = str(error)
    assert "its disk is full" in said
    assert "all that was kept before is still there" in said
    assert job.progress().keystrokes == typed
    job._store.read("PRAGMA max_page_count = 100000")
    assert job.type(cell.id, "ann", "6", ("3", "6"), is_decided=True).keystrokes == typed + 1
    assert job.find(cell.id).boxes == ("3", "6")


def test_corrections_are_a_labelled_set(job: ReviewJob, answers: Path, tmp_path: Path) -> None:
    decide(job, {"1.png id": "4,0,7", "1.png mark": "8,4", "2.png id": "4,0,?"})
    counts = write_labelled(tmp_path / "mine", list_reviewed(answers))
    assert counts == [2, 0, 0, 0, 2, 0, 0, 1, 1, 0]  # the second box of the mark has no ink of a digit
    loaded = load_labelled(tmp_path / "mine")
    assert sorted(loaded.labels.tolist()) == [0, 4, 7, 8]  # the same picture stands there once
    eight = loaded.images[loaded.labels.tolist().index(8)]
    assert np.array_equal(eight, np.full((28, 28), 69, np.uint8))


def test_an_earlier_review_is_not_overwritten(job: ReviewJob, answers: Path) -> None:
    cell = job.claim("ann", 1)[0]
    job.type(cell.id, "ann", "4", ("3", "4"), is_decided=False)
    with pytest.raises(StorageError, match="holds the review of 1 cells of an earlier reading: finish it, and move"):
        ReviewWriter(answers.with_suffix(".review"))


def test_what_is_no_review_says_so(job: ReviewJob, tmp_path: Path) -> None:
    with pytest.raises(DataNotFoundError, match=r"there is no review .*none.review: digits form read FORM.toml"):
        ReviewJob(tmp_path / "none.csv")
    (tmp_path / "other.review").write_bytes(b"x" * 5000)
    with pytest.raises(DataError, match="is no review, or is damaged"):
        ReviewJob(tmp_path / "other.csv")
    with pytest.raises(DataError, match="the review has no cell 99"):
        job.find(99)
    cell = job.claim("ann", 1)[0]
    for boxes in (("1",), ("1", "22"), ("1", "x"), ("1", "²")):
        with pytest.raises(UsageError, match="has 2 boxes, each with a digit"):
            job.type(cell.id, "ann", "1", boxes, is_decided=False)


def test_a_reading_that_fails_leaves_no_file(tmp_path: Path) -> None:
    with ReviewWriter(tmp_path / "a.review") as writer:
        writer.add(FormPage("1.png", error="blank"))
    assert list(tmp_path.iterdir()) == []
