"""Templates: every mistake in one has a sentence that says where it is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from digits.documents import Form
from digits.errors import DataError

FIELD = {"name": "mark", "digits": 2}


def test_a_file_says_the_same_as_a_mapping(tmp_path: Path) -> None:
    file = tmp_path / "exam.toml"
    file.write_text('\N{BYTE ORDER MARK}[[field]]\nname = "mark"\ndigits = 2\n', encoding="utf-8")
    assert Form(file).sheet == Form({"field": [FIELD]}).sheet


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("title = ", "is no TOML: Invalid value"),
        ("\xff", "is no TOML: "),
        ("title = 'x'", 'has no field: write [[field]], and below it name = "mark" and digits = 3'),
    ],
)
def test_files_say_what_is_wrong(tmp_path: Path, content: str, says: str) -> None:
    file = tmp_path / "exam.toml"
    file.write_bytes(content.encode("latin-1"))
    with pytest.raises(DataError) as raised:
        Form(file)
    assert str(raised.value).startswith(f"{file} {says}")


def test_a_missing_file_is_named() -> None:
    with pytest.raises(DataError, match=r"there is no file none\.toml"):
        Form("none.toml")


def field(**values: Any) -> dict[str, Any]:
    return {"field": [{**FIELD, **values}]}


@pytest.mark.parametrize(
    ("template", "says"),
    [
        ({"fields": [FIELD]}, "the form: 'fields' is unknown; did you mean field?"),
        ({"field": FIELD}, "the form: field must be a list of fields: write [[field]]"),
        ({"field": [FIELD, FIELD]}, "the form: two fields are named mark: give each a name of its own"),
        ({"field": [FIELD], "paper": "A5"}, "the form: paper 'A5' is unknown; did you mean A4?"),
        ({"field": [FIELD], "title": 7}, "the form: title must be a text of one line, not 7"),
        ({"field": [{"digits": 2}]}, "the form, field 1 has no name"),
        (field(name="flag"), "the form, field 1 ('flag'): no field can be named flag"),
        (field(digit=3), "the form, field 1: 'digit' is unknown; did you mean digits?"),
        (field(digits=0), "the form, field 1 ('mark'): the field mark cannot have 0 digits"),
        (field(digits=True), "the form, field 1 ('mark'): digits must say how many it has, such as 3 or \"1-3\", not"),
        (field(digits=2.5), "the form, field 1 ('mark'): digits must say how many it has"),
        (field(digits=None), "the form, field 1 ('mark'): digits must say how many it has, such as 3 or \"1-3\""),
        (
            field(decimals=2),
            "the form, field 1 ('mark'): the field mark: a number of 2 digits with 2 decimals has none",
        ),
        (field(range=[9, 1]), "the form, field 1 ('mark'): the range 9-1 is empty: write the smaller number first"),
        (field(range="0-9"), "the form, field 1 ('mark'): range must be the least and the largest number, such as"),
        (field(checksum="mod7"), "the form, field 1 ('mark'): the checksum 'mod7' is unknown"),
        (field(unique=1), "the form, field 1 ('mark'): unique must be true or false, not 1"),
        (field(page=0), "the form, field 1 ('mark'): page must be a whole number, 1 or more, not 0"),
        (field(at=[20]), "the form, field 1 ('mark'): at must be millimetres from the left and upper edge"),
        (field(at=[1e999, 20]), "the form, field 1 ('mark'): at must be millimetres from the left and upper edge"),
        (field(at=[2, 80]), "the form: the field mark on page 1 is too near to the edge of the paper, A4 of 210 × 297"),
        (field(at=[10, 145]), "the form: the field mark on page 1 lies on a corner marker: keep 20 mm"),
        (field(at=[170, 30]), "the form: the field mark on page 1 lies on the QR code: keep 20 mm"),
        (field(digits=25), "the form: the field mark does not fit on A4: it may have up to 21 digits"),
        (field(page=3), "the form: no field is on page 1, but others are on later pages"),
        (field(page=17), "the form has 17 pages, over 16: make several forms of it"),
        (
            {"field": [{**FIELD, "at": [30, 80]}, {**FIELD, "name": "room", "at": [40, 85]}]},
            "the form: the fields mark and room overlap on page 1: move one of them with at = [x, y], in mm",
        ),
    ],
)
def test_mistakes_say_where_they_are(template: dict[str, Any], says: str) -> None:
    with pytest.raises(DataError) as raised:
        Form(template)
    assert str(raised.value).startswith(says)


def test_letters_that_cannot_be_printed_are_named() -> None:
    assert Form(field(label="Größe")).to_pdf().startswith(b"%PDF")
    with pytest.raises(DataError, match="the form's font has no letter Ω of 'Ω'"):
        Form(field(label="Ω")).to_pdf()
