"""Scans of a form over HTTP: the same answers as ``digits form read --json``."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from tests.documents.conftest import draw_form, fill_in
from tests.web.conftest import Served, png

from digits.documents import Form, Roster

__all__ = ["fill_in"]

TOML = b"""title = "Exam"
[[field]]
name = "id"
digits = 4
"""

EMPTY = png(np.full((60, 40), 240, np.uint8))


def pack(*parts: tuple[str, str, bytes]) -> tuple[bytes, str]:
    """Pack parts, each with its field, file name and content, into the body of a form."""
    lines = [
        f'--line\r\nContent-Disposition: form-data; name="{field}"; filename="{name}"\r\n\r\n'.encode()
        + content
        + b"\r\n"
        for field, name, content in parts
    ]
    return b"".join(lines) + b"--line--\r\n", "multipart/form-data; boundary=line"


def test_answer_is_that_of_the_command(served: Served, fill_in: Callable[..., np.ndarray]) -> None:
    form = Form({"title": "Exam", "field": [{"name": "id", "digits": 4}]})
    page = png(fill_in(draw_form(form), form, ["4071"])[::-1, ::-1])
    parts = [
        ("template", "exam.toml", TOML),
        ("file", "1.png", page),
        ("file", "2.png", EMPTY),
        ("file", "3.pdf", b"%PDF-"),
    ]
    answer = served.post("/api/form", *pack(*parts, ("roster", "class.csv", b"id,name\n4071,Ann\n0926,Bo\n")))
    assert answer.status == 200
    expected = form.read(page, roster=Roster(("4071", "0926"), ({"name": "Ann"}, {"name": "Bo"}))).to_dict()
    first, second, third = answer.json["rows"]
    assert (first["fields"], first["page"]) == (expected["rows"][0]["fields"], "1.png")
    assert first["fields"][0]["details"] == {"name": "Ann"}
    assert (second["page"], second["flag"]) == ("2.png", "2.png: the page is blank")
    assert (third["page"], third["flag"][:6]) == ("3.pdf", "3.pdf ")
    assert answer.json["missing"] == ["0926"]


TEMPLATE, SCAN = ("template", "exam.toml", TOML), ("file", "1.png", EMPTY)


@pytest.mark.parametrize(
    ("query", "parts", "status", "says"),
    [
        ("", [SCAN], 400, "the request has no template: send the form's TOML file in a field named template"),
        ("", [TEMPLATE], 400, "the request has no scans: send pictures or PDFs in fields named file"),
        ("", [TEMPLATE, TEMPLATE, SCAN], 400, "the form holds several templates: send one"),
        ("", [("template", "e.toml", b"#" * 65_537), SCAN], 413, "the template is larger than 64 KiB"),
        ("", [("template", "e.toml", b"[[field"), SCAN], 422, "e.toml is no TOML"),
        ("", [("template", "e.toml", TOML + b'one_of = "/etc/passwd"'), SCAN], 400, "the field id names a file"),
        ("?model=none", [TEMPLATE, SCAN], 404, "no model is named 'none'"),
        ("?column=x", [TEMPLATE, SCAN, ("roster", "class.csv", b"id\n4071\n")], 422, "class.csv has no column 'x'"),
        ("", [TEMPLATE, *[SCAN] * 102], 400, "it has more than 102 parts"),
        ("", [TEMPLATE, *[SCAN] * 101], 413, "the scans have over 100 pages: send them in parts"),
    ],
)
def test_refused_forms(served: Served, query: str, parts: list[tuple[str, str, bytes]], status: int, says: str) -> None:
    answer = served.post(f"/api/form{query}", *pack(*parts))
    assert (answer.status, says in answer.error) == (status, True), answer.error


def test_a_picture_alone_is_no_form(served: Served) -> None:
    assert served.post("/api/form", EMPTY).status == 415
