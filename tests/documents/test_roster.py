"""Fields and rosters: what is understood, and a sentence for each of the rest."""

from __future__ import annotations

from pathlib import Path

import pytest

from digits.documents import Field, Roster, load_roster, parse_fields
from digits.errors import DataError, UsageError

ID = Field("id", 4, 4)


def test_fields_are_parsed() -> None:
    assert parse_fields(["id:9", Field("mark", 1, 3)]) == (Field("id", 9, 9), Field("mark", 1, 3))
    assert list(map(str, parse_fields(["id:9", "mark:1-3"]))) == ["id:9", "mark:1-3"]


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ("id", "the field 'id' is not NAME:DIGITS: write its name, a colon and its number of digits, such as id:9"),
        ("id:x", "is not NAME:DIGITS"),
        (":9", "the field '' has no name"),
        ("id:0", "the field id cannot have 0 digits: give 1 to 30"),
        ("mark:3-1", "the field mark cannot have 3-1 digits"),
        ("id:31", "the field id cannot have 31 digits"),
        ("page:3", "no field can be named page"),
        (["id:9", "id:4"], "the field id is given twice"),
        ([], "name a field"),
    ],
)
def test_bad_fields_are_sentences(fields: str | list[str | Field], says: str) -> None:
    with pytest.raises(UsageError, match=r"^[^\n]+$") as error:
        parse_fields(fields)
    assert says in str(error.value)


@pytest.mark.parametrize(
    "content",
    [
        "id,name\n0012,Ann\n\n4711,Bo\n",
        "name;id\nAnn;0012\nBo;4711\n",
        "\ufeffname\tid\tyear\nAnn\t0012\t2026\nBo\t4711\t2025\n",
        'Ann,0012\n"Bo",4711',
    ],
)
def test_column_is_found(content: str, tmp_path: Path) -> None:
    (tmp_path / "class.csv").write_text(content, encoding="utf-8")
    roster = load_roster(tmp_path / "class.csv", ID)
    assert roster.numbers == ("0012", "4711")
    assert [next(value for value in row.values() if value.isalpha()) for row in roster.details] == ["Ann", "Bo"]


@pytest.mark.parametrize("column", ["b", "B", "2"])
def test_column_may_be_named_or_counted(column: str, tmp_path: Path) -> None:
    (tmp_path / "class.csv").write_text("a,b\n1111,2222\n", encoding="utf-8")
    assert load_roster(f"{tmp_path / 'class.csv'}:{column}", ID).numbers == ("2222",)


def test_encodings_of_spreadsheets(tmp_path: Path) -> None:
    for code in ("utf-8-sig", "utf-16", "cp1252"):
        (tmp_path / "class.csv").write_bytes("id,name\n0012,Jörg\n".encode(code))
        assert load_roster(tmp_path / "class.csv", ID).details == ({"name": "Jörg"},)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "class.csv is empty: write one row for each person"),
        ("id,name\n", "class.csv has a head but no rows"),
        ("id\n1111\n2222\n1111\n", "class.csv, row 4, id: 1111 is there twice, first in "),
        ("id,name\n1111,Ann\n,Bo\n", "class.csv, row 3, id: the number is empty: fill it in, or remove the row"),
        ("id\n1111\nA222\n", "class.csv, row 3, id: 'A222' is no number of digits only"),
        ("id\n1111\n222\n", "class.csv, row 3, id: 222 has 3 digits, but the field id has 4 digits: correct the row"),
        ("id\n1111\n222\n", "spreadsheets drop leading zeros"),
        ("a,b\n1111,2222\n", "several columns have numbers of 4 digits in the first row, and none is named id"),
        ("a,b\n11,x\n", "no column has numbers of 4 digits"),
        ("id,id\n1111,2222\n", "has several columns id: count the right one"),
        ("id\n11\0\n", "is no CSV but a file of another kind"),
    ],
)
def test_bad_rosters_are_sentences(content: str, says: str, tmp_path: Path) -> None:
    (tmp_path / "class.csv").write_text(content, encoding="utf-8")
    with pytest.raises(DataError, match=r"^[^\n]+$") as error:
        load_roster(tmp_path / "class.csv", ID)
    assert says in str(error.value)


def test_missing_file_and_column(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="there is no file"):
        load_roster(tmp_path / "none.csv", ID)
    (tmp_path / "class.csv").write_text("id,name\n1111,Ann\n", encoding="utf-8")
    with pytest.raises(DataError, match="has no column 'nmae'; did you mean name"):
        load_roster(f"{tmp_path / 'class.csv'}:nmae", ID)


def test_roster_from_python() -> None:
    assert Roster(("1111", "2222")).details == ({}, {})
    with pytest.raises(DataError, match=r"the roster, entry 2: '12a' is no number"):
        Roster(("1111", "12a"))
    with pytest.raises(DataError, match="the roster has no number"):
        Roster(())


def test_columns_of_the_same_name_are_kept_apart(tmp_path: Path) -> None:
    (tmp_path / "class.csv").write_text("id,mark,mark\n1111,5,7\n", encoding="utf-8")
    assert load_roster(tmp_path / "class.csv", ID).details == ({"mark (1)": "5", "mark (2)": "7"},)
