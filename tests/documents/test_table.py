"""Cells and tables as CSV, spreadsheet and JSON."""

from __future__ import annotations

import io

import openpyxl
import pytest

from digits.documents import Cell, Table, write_workbook
from digits.documents.table import name_cell

ROWS = (
    (Cell("12", 0.99, (1, 2, 3, 4)), Cell("-7,50", 0.9)),
    (Cell(""), Cell("4?", 0.7, None, ("not read: unsure: 1 or 7",))),
    (Cell("007"), Cell("=1+2")),
)
TABLE = Table("marks.png", ROWS, (100, 100), "2 printed left out")


def test_csv_holds_the_texts() -> None:
    assert TABLE.to_csv() == '12,"-7,50"\n,4?\n007,=1+2\n'


def test_notice_names_the_doubtful_cells() -> None:
    assert TABLE.notice == "1 of 6 cells is doubtful: B2 (not read: unsure: 1 or 7); 2 printed left out"
    assert list(TABLE.doubtful) == ["B2"]


def test_notice_lists_a_few_of_many() -> None:
    cell = Cell("1", 0.5, None, ("1: could also be a 7",))
    notice = Table("x", ((cell,) * 8,)).notice
    assert notice.startswith("8 of 8 cells are doubtful: A1 (1: could also be a 7), B1 ")
    assert notice.endswith(" and 3 more")


def test_json_holds_every_cell() -> None:
    entry = TABLE.to_dict()
    assert (entry["file"], entry["notice"]) == ("marks.png", TABLE.notice)
    assert entry["rows"][0][0] == {
        "text": "12",
        "confidence": 0.99,
        "read": "12",
        "box": [1, 2, 3, 4],
        "doubtful": False,
        "notice": "",
    }
    assert entry["rows"][1][1]["notice"] == "not read: unsure: 1 or 7"


def test_spreadsheet_has_numbers_texts_and_comments() -> None:
    sheet = openpyxl.load_workbook(io.BytesIO(TABLE.to_xlsx()))["Table"]
    assert [[cell.value for cell in row] for row in sheet["A1:B3"]] == [[12, -7.5], [None, "4?"], ["007", "=1+2"]]
    assert sheet["B1"].number_format == "0.00"
    assert sheet["B3"].data_type == "s"
    assert sheet["B2"].comment.text == "not read: unsure: 1 or 7"
    assert sheet["B2"].fill.start_color.rgb.endswith("FFE0B2")
    assert sheet["A1"].comment is None


def test_workbook_has_a_sheet_per_page() -> None:
    assert openpyxl.load_workbook(io.BytesIO(write_workbook([TABLE, TABLE]))).sheetnames == ["Page 1", "Page 2"]
    assert openpyxl.load_workbook(io.BytesIO(write_workbook([]))).sheetnames == ["Table"]


@pytest.mark.parametrize(
    ("row", "column", "name"), [(0, 0, "A1"), (2, 1, "B3"), (9, 25, "Z10"), (0, 26, "AA1"), (0, 701, "ZZ1")]
)
def test_cells_are_named_as_in_spreadsheets(row: int, column: int, name: str) -> None:
    assert name_cell(row, column) == name
