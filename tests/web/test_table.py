"""Tables over HTTP: the same answers as ``digits table --json``."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.documents.conftest import table_page
from tests.web.conftest import Served, png

import digits
from digits.web.uploads import MAX_ROSTER_BYTES

__all__ = ["table_page"]

TEXTS = [["12", "70"], ["", "345"], ["9", "61"]]


def test_answer_is_that_of_the_command(served: Served, table_page: Any) -> None:
    content = png(table_page(TEXTS))
    answer = served.post("/api/table?upright=true", content)
    assert answer.status == 200
    assert [[cell["text"] for cell in row] for row in answer.json["rows"]] == TEXTS
    assert answer.json == digits.read_table(content, upright=True).to_dict()


def test_page_without_digits_has_no_rows(served: Served) -> None:
    answer = served.post("/api/table", png(np.full((60, 80), 255, np.uint8))).json
    assert (answer["rows"], answer["notice"]) == ([], "no digit read; no ink")


def test_fields_are_a_head_and_a_row(served: Served, table_page: Any) -> None:
    content = png(table_page([["345", ""], ["", "61"]]))
    head, row = served.post("/api/table?upright=true&field=id:3&field=mark:2", content).json["rows"]
    texts = dict(zip((cell["text"] for cell in head), (cell["text"] for cell in row), strict=True))
    assert (texts["id"], texts["mark"]) == ("345", "61")
    refused = served.post("/api/table?field=id", content)
    assert (refused.status, refused.json["error"].startswith("the field 'id' is not NAME:DIGITS")) == (400, True)


def form(picture: bytes, *rosters: bytes, name: str = "class.csv") -> tuple[bytes, str]:
    """Write a form with a roster before the picture; one without a file's name is a text field."""
    parts = [(f'name="roster"{f"; filename={chr(34)}{name}{chr(34)}" * bool(name)}', each) for each in rosters]
    lines = [
        f"--line\r\nContent-Disposition: form-data; {head}\r\n\r\n".encode() + each + b"\r\n"
        for head, each in [*parts, ('name="file"; filename="page.png"', picture)]
    ]
    return b"".join(lines) + b"--line--\r\n", "multipart/form-data; boundary=line"


@pytest.mark.parametrize("name", ["class.csv", ""])
def test_roster_is_a_part_of_the_form(served: Served, table_page: Any, name: str) -> None:
    content = png(table_page([["345", ""], ["", "61"]]))
    roster = b"seat,number,name\n12,345,Ann\n13,870,Bo\n"
    for query in ("field=id:3", "field=id:3&column=2", "field=id:3:0-900&column=number"):
        answer = served.post(f"/api/table?upright=true&{query}", *form(content, roster, name=name))
        assert answer.status == 200
        head, row = ([cell["text"] for cell in cells] for cells in answer.json["rows"])
        assert dict(zip(head, row, strict=True))["name"] == "Ann"
        assert row[1:3] == ["345", "345"]


def test_rules_are_those_of_the_command(served: Served, table_page: Any) -> None:
    alone = png(table_page([["345", ""], ["", ""]]))
    answer = served.post("/api/table?upright=true&field=id:3:mod10", alone).json
    assert answer == digits.read_fields(alone, "id:3:mod10", upright=True).to_table().to_dict()
    assert answer["rows"][1][1]["text"] == "345"  # what was read stands, though it fails
    assert answer["rows"][1][-1]["text"]
    content = png(table_page([["345", ""], ["", "61"]]))
    summed = served.post("/api/table?upright=true&sums=columns", content).json
    assert summed == digits.read_table(content, upright=True, sums="columns").to_dict()
    assert served.post("/api/table?sums=rows&field=id:3", content).status == 400


@pytest.mark.parametrize(
    ("query", "rosters", "status", "says"),
    [
        ("", [b"id\n345\n"], 400, "a roster needs a field to compare: add one, such as field=id:9"),
        ("field=id:3", [b"id\n345\n"] * 2, 400, "the form holds several rosters: send one"),
        ("field=id:3", [b"id\n345\n345\n"], 422, "class.csv, row 3, id: 345 is there twice"),
        ("field=id:3&column=x", [b"id\n345\n"], 422, "class.csv has no column 'x'"),
        ("field=id:3", [b"\0" * 9], 422, "class.csv is no CSV"),
        ("field=id:3", [b"id" + b"," * 1000 + b"\n345" * 3000], 422, "class.csv has 3,001 rows of up to 1,001 cells"),
        ("field=id:3", [b"1" * (MAX_ROSTER_BYTES + 1)], 413, "the roster is larger than 1 MiB"),
        ("field=id:3:in=/etc/passwd", [], 400, "the field id names a file, which a request cannot"),
        ("field=id:3&field=k:2:in=/etc/passwd:x", [b"id\n345\n"], 400, "the field k names a file"),
    ],
)
def test_refused_rosters(served: Served, query: str, rosters: list[bytes], status: int, says: str) -> None:
    answer = served.post(f"/api/table?{query}", *form(png(np.full((60, 80), 255, np.uint8)), *rosters))
    assert (answer.status, says in answer.error) == (status, True), answer.error
