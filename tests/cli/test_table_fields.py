"""``digits table --field``: one row per page, whatever happens to it."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pytest
from PIL import Image
from tests.documents.conftest import table_page

__all__ = ["table_page"]

ROSTER = "id,name\n4071,Ann\n0926,Bo\n3358,Cy\n"


@pytest.fixture(scope="module")
def pages(table_page: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a TIFF of three pages: two with a number and a mark, and an empty one."""
    folder = tmp_path_factory.mktemp("pages")
    (folder / "class.csv").write_text(ROSTER, encoding="utf-8")
    drawn = [table_page([["4071", ""], ["", "70"]]), table_page([["0926", ""], ["", "61"]])]
    drawn.append(np.full_like(drawn[0], 235))
    first, *others = map(Image.fromarray, drawn)
    first.save(folder / "exams.tif", save_all=True, append_images=others)
    (folder / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nnothing")
    return folder


def test_every_page_has_a_row(digits: Any, pages: Path) -> None:
    said = digits(
        "table", pages / "exams.tif", pages / "broken.png", "--field", "id:4", "--field", "mark:2",
        "--roster", pages / "class.csv", "--upright",
    )  # fmt: skip
    head, *rows = list(csv.reader(io.StringIO(said.out)))
    assert head == ["page", "id read", "id", "name", "id confidence", "mark read", "mark", "mark confidence", "flag"]
    assert [Path(row[0]).name for row in rows] == ["exams.tif#1", "exams.tif#2", "exams.tif#3", "broken.png"]
    assert [row[2:4] for row in rows[:2]] == [["4071", "Ann"], ["0926", "Bo"]]
    assert [row[5:7] for row in rows[:2]] == [["70", "70"], ["61", "61"]]
    assert rows[2][1:4] == ["", "", ""]
    assert rows[2][-1] == "id: no number of 4 digits found; mark: no number of 2 digits found"
    assert "broken.png" in rows[3][-1]
    assert said.code == 1
    assert "on no page: 3358" in said.err
    assert "1 of 4 pages could not be read; the others were" in said.err
    assert "Traceback" not in said.err


def test_spreadsheet_and_json(digits: Any, pages: Path) -> None:
    words = [
        "table",
        f"{pages / 'exams.tif'}#2",
        "--field",
        "id:4",
        "--roster",
        f"{pages / 'class.csv'}:id",
        "--upright",
    ]
    assert digits(*words, "-o", "ids.xlsx").code == 0
    rows = [[cell.value for cell in row] for row in openpyxl.load_workbook("ids.xlsx").active]
    assert rows[0][:4] == ["page", "id read", "id", "name"]
    assert rows[1][2:4] == ["0926", "Bo"]  # text: leading zeros stay
    entry = json.loads(digits(*words, "--json").out)
    assert entry["rows"][0]["fields"][0]["number"] == "0926"
    assert entry["missing"] == ["4071", "3358"]


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["--field", "id"], 2, "the field 'id' is not NAME:DIGITS"),
        (["--field", "id:4", "--field", "id:5"], 2, "the field id is given twice"),
        (["--roster", "class.csv"], 2, "--roster class.csv needs a field to compare"),
        (["--field"], 2, "--field needs a value"),
        (["--field", "id:4:foo"], 2, "the field 'id:4:foo': 'foo' is no rule of a number: write LOW-HIGH"),
        (["--field", "id:1:10-20"], 2, "the field id: no number of 1 digit satisfies 10-20: correct it"),
        (["--field", "id:4", "--sums", "rows"], 2, "--sums and --field cannot be combined: sums are of tables"),
        (["--sums", "row"], 2, "sums 'row' is unknown; did you mean rows?"),
        (["--field", "id:4:0-3000", "--roster", "class.csv"], 1, "class.csv, row 2, id: 4071 is above 3000"),
        (["--field", "id:4", "--field", "m:2:in=none.csv"], 1, "there is no file none.csv"),
        (["--field", "id:4", "--roster", "none.csv"], 1, "there is no file none.csv"),
        (
            ["--field", "id:5", "--roster", "class.csv"],
            1,
            "class.csv, row 2, id: 4071 has 4 digits, but the field id has 5",
        ),
    ],
)
def test_wrong_calls(digits: Any, words: list[str], code: int, says: str) -> None:
    Path("class.csv").write_text(ROSTER, encoding="utf-8")
    said = digits("table", "x.png", *words)
    assert (said.code, said.err.count("\n"), says in said.err) == (code, 1, True)
