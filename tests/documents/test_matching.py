"""One number per page: what pages say is put together with a roster, and every reason to look is said."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont
from tests.documents.test_alignment import make_run

import digits
from digits.documents import Field, FieldRow, FieldTable, NumberForm, Roster, decide, find_rosters, parse_fields
from digits.documents.alignment import Run
from digits.documents.evidence import weigh_page
from digits.documents.runs import RunPage
from digits.errors import DataError, UsageError
from digits.inference.finder import Marks
from digits.inference.page import Page

ID = Field("id", 4, 4)
ROSTER = Roster(("1234", "1734", "5678", "0099"), ({"name": "Ann"}, {"name": "Bo"}, {"name": "Cy"}, {"name": "Di"}))


def page_of(*runs: Run) -> RunPage:
    zeros = np.zeros(0, np.float32)
    marks = Marks(
        boxes=zeros.reshape(0, 4), scores=zeros, handwritten=zeros, classes=zeros.reshape(0, 20),
        links=zeros.reshape(0, 3), directions=zeros, struck=zeros,
    )  # fmt: skip
    page = Page(marks, np.zeros((0, 28, 28), np.uint8), zeros, zeros[:, None], (100, 100), "0123456789")
    return RunPage([run for run in runs if len(run)], page, (100, 100))


def solve(*pages: str | Run, roster: Roster | None = ROSTER, field: Field = ID) -> FieldTable:
    fields, rosters = find_rosters(roster, (field,))
    forms = [NumberForm(each) if each else None for each in rosters]
    evidence = []
    for row, runs in enumerate(pages):
        run = make_run(runs, 0.99, 0.97) if isinstance(runs, str) else runs
        evidence.append(weigh_page(page_of(run), f"scan.pdf#{row + 1}", fields, forms))
    return decide(evidence, fields, rosters)


def only(table: FieldTable) -> FieldRow:
    (row,) = table.rows
    return row


def test_number_of_the_roster_needs_no_look() -> None:
    row = only(solve("5678"))
    (answer,) = row.answers
    assert (answer.read, answer.number, row.flag) == ("5678", "5678", "")
    assert answer.details == {"name": "Cy"}
    assert answer.confidence > 0.99


def test_misread_digit_is_corrected_and_said() -> None:
    row = only(solve("5698"))
    assert (row.answers[0].read, row.answers[0].number) == ("5698", "5678")
    assert "5698 was read" in row.flag


def test_missed_digit_is_said() -> None:
    row = only(solve("578"))
    assert (row.answers[0].read, row.answers[0].number) == ("578", "5678")
    assert "3 digits read, not 4" in row.flag


def test_number_between_two_is_flagged_with_both() -> None:
    row = only(solve("134"))
    assert (row.answers[0].read, row.answers[0].number, row.answers[0].confidence) == ("134", "", 0)
    assert row.flag == "not certain enough to match; could be 1234 (50%) or 1734 (49%)"


def test_number_that_is_not_in_the_roster_is_not_bent() -> None:
    row = only(solve("8421"))
    assert (row.answers[0].read, row.answers[0].number) == ("8421", "")
    assert row.flag.startswith("not in the roster")


def test_next_number_of_a_series_is_not_bent() -> None:
    series = Roster(tuple(f"2026{number:04d}" for number in range(35)))
    row = only(solve("20260036", roster=series, field=Field("id", 8, 8)))
    assert row.flag
    assert "20260036" in row.answers[0].read


def test_pages_compete_for_a_number() -> None:
    table = solve("5678", "5698", "1234")
    assert [row.answers[0].number for row in table] == ["5678", "", "1234"]
    assert table.rows[0].flag == "competes with scan.pdf#2"
    assert table.rows[1].flag.startswith("not certain enough to match; competes with scan.pdf#1")
    assert table.rows[2].flag == ""
    assert table.missing == ("1734", "0099")


def test_pages_that_compete_equally_get_nothing() -> None:
    table = solve("5678", "5678")
    assert [row.answers[0].number for row in table] == ["", ""]
    assert table.rows[0].flag.startswith("not certain enough to match; competes with scan.pdf#2")
    assert table.missing == ROSTER.numbers


def test_assignment_uses_the_other_pages() -> None:
    table = solve("1734", "134")
    assert [row.answers[0].number for row in table] == ["1734", "1234"]


def test_without_a_roster_the_most_probable_number_of_the_length() -> None:
    row = only(solve("5678", roster=None))
    assert row.answers[0].number == "5678"
    row = only(solve("567", roster=None))
    assert (row.answers[0].read, row.answers[0].number) == ("567", "")
    assert row.flag == "3 digits read, not 4 digits"
    row = only(solve(make_run("59678", [0.99, 0.1, 0.99, 0.99, 0.99]), roster=None))
    assert row.answers[0].number == "5678"
    assert "could also be" in row.flag or "was read" in row.flag or "5 digits read" in row.flag


@pytest.mark.parametrize("roster", [ROSTER, None])
def test_page_without_a_number_keeps_its_row(roster: Roster | None) -> None:
    table = solve("5678", make_run(""), roster=roster)
    assert [bool(row.flag) for row in table] == [False, True] or roster is None
    assert table.rows[1].flag == "no number of 4 digits found"


def test_table_has_what_was_read_and_what_was_made_of_it() -> None:
    table = solve("5698", "1234")
    head, first, second = (line.split(",") for line in table.to_csv().splitlines())
    assert head == ["page", "id read", "id", "name", "id confidence", "flag"]
    assert first[:4] == ["scan.pdf#1", "5698", "5678", "Cy"]
    assert second[:4] == ["scan.pdf#2", "1234", "1234", "Ann"]
    assert table.notice.startswith("1 of 2 pages is flagged; on no page: 1734, 0099")
    assert table.to_dict()["rows"][0]["fields"][0]["details"] == {"name": "Cy"}


def test_columns_of_the_roster_do_not_hide_those_of_the_answer() -> None:
    roster = Roster(("1234",), ({"flag": "x", "id": "y"},))
    head, row = (line.split(",") for line in solve("1234", roster=roster).to_csv().splitlines())
    assert head == ["page", "id read", "id", "roster flag", "roster id", "id confidence", "flag"]
    assert row[1:5] == ["1234", "1234", "x", "y"]


def test_pages_of_pictures_and_files_have_a_row_each(table_page: Any, tmp_path: Path) -> None:
    page = table_page([["345", ""], ["", "61"]])
    blank = Image.fromarray(np.full_like(page, 235))
    Image.fromarray(page).save(tmp_path / "scan.tif", save_all=True, append_images=[blank])
    found = digits.read_fields(
        [page, tmp_path / "scan.tif"], ["id:3", "mark:2"], roster=Roster(("345", "870")), upright=True
    )
    assert [Path(row.page).name for row in found] == ["the picture", "scan.tif#1", "scan.tif#2"]
    assert [[answer.number for answer in row.answers] for row in found] == [["", "61"], ["", "61"], ["", ""]]
    assert "competes with the picture" in found.rows[1].flag  # 345 cannot be on both
    assert found.rows[0].answers[1].box


def test_number_that_is_printed_is_matched_and_flagged() -> None:
    page = Image.new("L", (760, 300), 240)
    for row, text in enumerate(("Examination, 12 May 2026", "Number of the student: 407135926", "Room 118, seat 54")):
        ImageDraw.Draw(page).text((40, 50 + 80 * row), text, font=ImageFont.load_default(size=34), fill=20)
    without = digits.read_fields(page, "id:9", upright=True).rows[0]
    assert without.answers[0].number == ""
    assert "left out as" in without.flag
    row = digits.read_fields(page, "id:9", roster=Roster(("407135926", "122233344")), upright=True).rows[0]
    assert row.answers[0].number == "407135926"
    assert "it may be print" in row.flag


def table_of(field: str, *pages: str | Run) -> FieldTable:
    (parsed,) = parse_fields(field)
    return solve(*pages, roster=None, field=parsed)


def test_misread_digit_is_corrected_by_the_check_digit_and_said() -> None:
    unsure = make_run("79927398713", 0.99, 0.999)
    unsure.classes[4] = [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.4, 0.6, 0.0]
    row = only(table_of("n:11:mod10", Run(unsure.classes, unsure.evidence, "79928398713", unsure.rows, unsure.region)))
    assert (row.answers[0].read, row.answers[0].number) == ("79928398713", "79927398713")
    assert "79928398713 was read" in row.flag
    assert row.answers[0].confidence > 0.9


def test_number_that_fails_its_rule_is_not_bent() -> None:
    row = only(table_of("n:2:0-20", make_run("75", 0.99, 0.99999)))
    assert (row.answers[0].read, row.answers[0].number, row.answers[0].confidence) == ("75", "", 0.0)
    assert row.flag.startswith("75 is above 20")


def test_digit_that_was_not_read_follows_from_the_check_digit() -> None:
    run = make_run("79927398713", 0.999, 0.9999)
    run.classes[6] = 0.1
    hidden = Run(run.classes, run.evidence, "799273?8713", run.rows, run.region)
    row = only(table_of("n:11:mod10", hidden))
    assert (row.answers[0].number, row.answers[0].confidence > 0.95) == ("79927398713", True)


def test_point_decides_the_size() -> None:
    def write(text: str, certain: float = 0.99999) -> Run:
        plain = make_run(text.replace(",", ""), 0.999, certain)
        return Run(plain.classes, plain.evidence, plain.text, plain.rows, plain.region, text)

    found = table_of("m:1-2:0-10:decimals=1", write("7,5"), write("9"), write("75"), write("10"))
    assert [row.answers[0].number for row in found] == ["7.5", "9", "", "10"]
    assert [row.answers[0].read for row in found] == ["7,5", "9", "75", "10"]
    assert found.rows[0].flag == ""
    assert found.rows[2].flag.startswith("75 is above 10; could be 7.5 (")
    (answer,) = only(table_of("m:3:decimals=1", write("075"))).answers
    assert (answer.number, answer.notices) == ("07.5", ())


def test_unique_numbers_compete() -> None:
    found = table_of("n:4:unique", make_run("5678", 0.99, 0.99999), make_run("5678", 0.99, 0.99999))
    assert [row.answers[0].number for row in found] == ["", ""]
    assert found.rows[0].flag.startswith("not certain enough; competes with scan.pdf#2")
    alone = table_of("n:4:unique", make_run("5678", 0.99, 0.99999), make_run("1234", 0.99, 0.99999))
    assert [row.answers[0].number for row in alone] == ["5678", "1234"]


def test_numbers_of_a_list_may_be_on_several_pages(tmp_path: Path) -> None:
    (tmp_path / "rooms.csv").write_text("room,seat\n1204,1\n1204,2\n3100,3\n", encoding="utf-8")
    found = table_of(f"room:4:in={tmp_path / 'rooms.csv'}:room", "1204", "1204", "3190", "7777")
    assert [row.answers[0].number for row in found] == ["1204", "1204", "3100", ""]
    assert found.rows[3].flag.startswith("not in the list")
    assert (found.columns, found.missing) == ((), ())


def test_roster_must_satisfy_the_rules() -> None:
    with pytest.raises(DataError, match=r"the roster, entry 2: 1734 is above 1500: correct the row, or the field id"):
        find_rosters(ROSTER, parse_fields("id:4:1000-1500"))
    with pytest.raises(UsageError, match=r"the field id has a list already, rooms\.csv: give one of both"):
        find_rosters(ROSTER, parse_fields("id:4:in=rooms.csv"))
