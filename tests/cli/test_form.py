"""``digits form``: printed, read, and every wrong call in a sentence."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from tests.documents.conftest import draw_form, fill_in

from digits.documents import Form

__all__ = ["fill_in"]

TOML = """title = "Exam"
[[field]]
name = "id"
digits = 4
"""


def test_a_form_is_printed_and_read(digits: Any, fill_in: Callable[..., np.ndarray]) -> None:
    Path("exam.toml").write_text(TOML, encoding="utf-8")
    made = Form("exam.toml")
    said = digits("form", "new", "exam.toml")
    assert (said.code, said.out) == (0, f"exam.pdf: form {made.sheet.id}, 1 field on 1 page\n")
    assert Path("exam.pdf").read_bytes() == made.to_pdf()
    Path("scans").mkdir()
    page = draw_form(made)
    cv2.imwrite("scans/1.png", fill_in(page, made, ["4071"])[::-1, ::-1])
    cv2.imwrite("scans/2.png", np.full((200, 150), 240, np.uint8))
    Path("class.csv").write_text("id,name\n4071,Ann\n0926,Bo\n", encoding="utf-8")
    said = digits("form", "read", "exam.toml", "scans", "--roster", "class.csv", "-o", "answers.csv")
    head, *rows = list(csv.reader(io.StringIO(Path("answers.csv").read_text(encoding="utf-8"))))
    assert head == ["page", "id read", "id", "name", "id confidence", "flag"]
    assert rows[0][:4] == ["scans/1.png", "4071", "4071", "Ann"]
    assert rows[1] == ["scans/2.png", "", "", "", "0.0000", "scans/2.png: the page is blank"]
    assert "digits: on no page: 0926" not in said.out
    assert said.err.splitlines()[0] == "digits: scans/2.png: the page is blank"
    assert said.err.splitlines()[-1] == "digits: 1 of 2 pages could not be read; the others were"
    assert said.code == 1
    said = digits("form", "review", "answers.csv", "-o", "checked.xlsx")  # nothing is doubtful
    assert (said.code, said.out) == (0, "checked.xlsx: 0 cells corrected, 0 still doubtful\n")


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        ([], 2, "say what to do with a form: digits form new FORM.toml, or digits form read FORM.toml INPUT"),
        (["prnt"], 2, "digits form has no action 'prnt'; choose from new, read, template, review, worksheet"),
        (["new"], 2, "FORM.toml is missing: digits form new FORM.toml; see digits form new --help"),
        (["new", "none.toml"], 1, "there is no file none.toml"),
        (["new", "exam.toml", "-o", "exam.png"], 2, "exam.png: name a form as .pdf, such as exam.pdf"),
        (["read", "exam.toml"], 2, "name the filled-in pages: digits form read exam.toml PICTURE, a folder, or -"),
        (["read", "exam.toml", "1.png", "-o", "a.txt"], 2, "a.txt: name a table as .csv, .xlsx or .json"),
        (["read", "exam.toml", "none.png"], 1, "there is no file none.png"),
        (["read", "exam.toml", "1.png", "--roster", "none.csv"], 1, "there is no file none.csv"),
        (["worksheet", "-o", "a.png"], 2, "a.png: name a worksheet as .pdf, such as a.pdf"),
        (["worksheet", "--pages", "9"], 2, "--pages must be from 1 to 8, not 9"),
        (["labels", "1.png"], 2, "name worksheets or reviewed answers, and a folder: digits form labels photo.jpg -o"),
        (["labels", "none.csv", "-o", "mine"], 1, "there is no review none.review: digits form read"),
        (["labels", "none.png", "-o", "mine"], 1, "there is no file none.png"),
        (["template", "none.pdf"], 1, "there is no file none.pdf"),
        (["template", "none.pdf", "-o", "a.txt"], 2, "a.txt: name a template as .toml, such as a.toml"),
        (["review"], 2, "ANSWERS is missing: digits form review ANSWERS; see digits form review --help"),
        (["review", "none.csv"], 1, "there is no review none.review: digits form read FORM.toml SCANS -o none.csv"),
        (["review", "a.csv", "-o", "a.csv"], 2, "a.csv holds the answers as they were read: give the checked ones"),
        (["review", "a.csv", "-o", "b.json"], 2, "b.json: name the checked answers as .csv or .xlsx, such as b.xlsx"),
    ],
)
def test_wrong_calls_are_one_sentence(digits: Any, words: list[str], code: int, says: str) -> None:
    Path("exam.toml").write_text(TOML, encoding="utf-8")
    said = digits("form", *words)
    assert said.code == code
    assert said.err.startswith(f"digits: {says}")
    assert "Traceback" not in said.err


def test_help_lists_all_actions(digits: Any) -> None:
    assert digits("form", "--help").out.startswith(
        "usage: digits form new|read|template|review|worksheet|labels [flags]\n"
    )
    assert "--roster" in digits("form", "read", "--help").out
