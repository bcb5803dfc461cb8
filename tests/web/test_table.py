"""Tables over HTTP: the same answers as ``digits table --json``."""

from __future__ import annotations

from typing import Any

import numpy as np
from tests.documents.conftest import table_page
from tests.web.conftest import Served, png

import digits

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
