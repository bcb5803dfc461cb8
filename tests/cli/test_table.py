"""``digits table``: one table per page as CSV, spreadsheet or JSON; one sentence per unreadable file."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import openpyxl
import pytest
from PIL import Image
from tests.documents.conftest import table_page

TEXTS = [["12", "70"], ["", "345"], ["9", "61"]]

__all__ = ["table_page"]


@pytest.fixture
def picture(table_page: Any, tmp_path: Path) -> Path:
    Image.fromarray(table_page(TEXTS)).save(tmp_path / "marks.png")
    return tmp_path / "marks.png"


def test_csv_has_the_rows_and_columns_of_the_picture(digits: Any, picture: Path) -> None:
    said = digits("table", picture)
    assert said.code == 0
    assert list(csv.reader(io.StringIO(said.out))) == TEXTS


def test_several_pages_become_sheets_or_named_rows(digits: Any, picture: Path, tmp_path: Path) -> None:
    page = Image.open(picture)
    page.save(tmp_path / "scan.tif", save_all=True, append_images=[page])
    assert digits("table", tmp_path / "scan.tif", "-o", "scan.xlsx").code == 0
    book = openpyxl.load_workbook("scan.xlsx")
    assert book.sheetnames == ["Page 1", "Page 2"]
    assert [[cell.value for cell in row] for row in book["Page 2"]["A1:B3"]] == [[12, 70], [None, 345], [9, 61]]
    rows = list(csv.reader(io.StringIO(digits("table", tmp_path / "scan.tif").out)))
    assert [Path(row[0]).name for row in rows] == ["scan.tif#1"] * 3 + ["scan.tif#2"] * 3
    assert [row[1:] for row in rows] == TEXTS * 2


def test_json_says_why_a_cell_is_doubtful(digits: Any, picture: Path) -> None:
    page = np.asarray(Image.open(picture)).copy()
    cv2.putText(page, "he", (56, 118), cv2.FONT_HERSHEY_SIMPLEX, 0.9, 40, 2)  # a word in the empty cell
    Image.fromarray(page).save(picture)
    said = digits("table", picture, "--json")
    (entry,) = json.loads(said.out)
    assert entry["rows"][1][0]["doubtful"]
    assert entry["notice"] in said.err
    assert "A2 (" in said.err


def test_bad_input_is_a_sentence_and_the_rest_is_read(digits: Any, picture: Path, tmp_path: Path) -> None:
    (tmp_path / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nnothing")
    (tmp_path / "empty").mkdir()
    said = digits("table", tmp_path / "broken.png", tmp_path / "empty", tmp_path / "missing.pdf", picture)
    assert said.code == 1
    assert said.out == "".join(f"{picture},{','.join(row)}\n" for row in TEXTS) or said.out == "".join(
        f"{','.join(row)}\n" for row in TEXTS
    )
    assert said.err.count("Traceback") == 0
    assert "3 of 4 pages could not be read; the others were" in said.err


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ([], "name what to read: digits table PICTURE"),
        (["x.png", "-o", "x.ods"], "x.ods: name a table as .csv, .xlsx or .json, such as x.xlsx"),
        (["x.png", "--json", "-o", "x.csv"], "--json and a file of the kind .csv cannot be combined"),
    ],
)
def test_wrong_calls(digits: Any, words: list[str], says: str) -> None:
    said = digits("table", *words)
    assert (said.code, says in said.err) == (2, True)


def test_page_without_digits_says_so(digits: Any, tmp_path: Path) -> None:
    Image.fromarray(np.full((200, 200), 235, np.uint8)).save(tmp_path / "blank.png")
    said = digits("table", tmp_path / "blank.png")
    assert (said.code, said.out) == (0, "")
    assert "no digit read" in said.err
