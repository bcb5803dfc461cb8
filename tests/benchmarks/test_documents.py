"""Readers of documents: what is an error, how other readers are run, and which of their settings counts."""

from __future__ import annotations

import json
import os
import sys
from difflib import SequenceMatcher
from pathlib import Path

import pytest
from benchmarks.document_peers import Word, around, lines_of
from benchmarks.documents import (
    LOOK_ALIKE,
    Answer,
    Setting,
    all_look_alikes,
    measure,
    numbers_with_look_alikes,
    only_digits,
    score,
)
from benchmarks.handwriting import Document, half_of
from benchmarks.reading import count_errors, count_missing
from benchmarks.results import Row
from hypothesis import given
from hypothesis import strategies as some

from benchmarks import documents as module

SEEN, BLIND = "Aiano", "fborcic"
LINES = some.lists(some.text("012", min_size=1, max_size=5), max_size=4)


def test_the_sources_of_these_tests_are_on_both_sides() -> None:
    assert (half_of(SEEN), half_of(BLIND)) == ("seen", "blind")


@pytest.mark.parametrize(
    ("read", "wanted", "missing"),
    [
        (["912", "834"], ["12", "34"], 0),
        (["12", "99"], ["12", "34"], 2),
        (["34", "12"], ["12", "34"], 2),
        (["14"], ["124"], 1),
        (["1994"], ["124"], 1),
        (["5"], [], 0),
    ],
)
def test_only_written_digits_can_be_missing(read: list[str], wanted: list[str], missing: int) -> None:
    assert count_missing(read, wanted) == missing


def test_of_digits_in_any_order_only_their_number_counts() -> None:
    assert count_missing(["321", "7"], ["12", "33"], any_order=True) == 1


@given(LINES, LINES)
def test_missing_digits_are_errors(read: list[str], wanted: list[str]) -> None:
    assert count_missing(read, wanted) <= count_errors(read, wanted)
    assert count_missing([*read, "12"], wanted) <= count_missing(read, wanted)


@given(some.text("012", max_size=6))
def test_a_line_is_missing_what_no_subsequence_has(line: str) -> None:
    wanted = "0121"
    rest = iter(line)
    assert (count_missing([line], [wanted]) == 0) == all(letter in rest for letter in wanted)
    blocks = SequenceMatcher(None, line, wanted, autojunk=False).get_matching_blocks()  # some common subsequence
    assert count_missing([line], [wanted]) <= len(wanted) - sum(block.size for block in blocks)


@pytest.mark.parametrize(
    ("line", "digits", "numbers", "anywhere"),
    [
        ("l2 So 7,8", "278", "1278", "125078"),
        ("I23 Bus", "23", "123", "1238"),
        ("٣ 4", "4", "4", "4"),
        ("", "", "", ""),
    ],
)
def test_letters_that_look_like_digits(line: str, digits: str, numbers: str, anywhere: str) -> None:
    assert (only_digits(line), numbers_with_look_alikes(line), all_look_alikes(line)) == (digits, numbers, anywhere)


def test_look_alikes_are_digits() -> None:
    assert all(chr(digit).isdecimal() for digit in LOOK_ALIKE.values())


def words(*rows: tuple[float, float, float, float, str]) -> list[Word]:
    """Make words from left, top, width, height."""
    return [around([(x, y), (x + w, y), (x + w, y + h), (x, y + h)], text) for x, y, w, h, text in rows]


def test_words_become_lines_in_reading_order() -> None:
    assert lines_of(words((60, 42, 20, 18, "d"), (60, 2, 30, 20, "b"), (0, 0, 50, 20, "a"), (0, 40, 50, 20, "c"))) == [
        "a b",
        "c d",
    ]
    assert lines_of([]) == []


def test_lines_may_slope() -> None:
    left = around([(0, 20), (100, 0), (100, 20), (0, 40)], "1")  # rises by its height
    right = around([(110, 0), (210, -20), (210, 0), (110, 20)], "2")
    below = around([(110, 30), (210, 10), (210, 30), (110, 50)], "3")
    assert lines_of([below, right, left]) == ["1 2", "3"]


def document(name: str, source: str, *lines: str, is_exam: bool = False) -> Document:
    return Document(Path("real/forms") / name, list(lines), source, False, 0, is_exam, is_print=False)


def answers(**lines: list[str]) -> dict[Path, Answer]:
    return {Path(f"real/forms/{name}.png"): Answer(read, 2.0, 1.0) for name, read in lines.items()}


def figures(rows: list[Row]) -> dict[tuple[str, str], float | None]:
    return {(row.case, row.metric): row.value for row in rows}


def test_figures_of_forms() -> None:
    papers = [
        document("a.png", SEEN, "12", "34"),
        document("x.png", BLIND, "111222333", is_exam=True),
        document("y.png", BLIND, "123456789", is_exam=True),
        document("empty.png", BLIND),
    ]
    found = answers(a=["12", "34"], x=["77", "111222333"], y=["0123456789"], empty=["56", "7"])
    rows = list(score("reader", "1.0", papers, found))
    assert {(row.variant, row.note.partition(",")[0]) for row in rows} == {("reader", "1.0")}
    value = figures(rows)
    assert value["forms, seen", "digit errors"] == 0
    assert value["forms, blind", "digit errors"] == (2 + 1 + 3) / 18
    assert value["forms, blind", "written digits missed"] == 0
    assert value["forms, blind", "digits missed or invented, in any order"] == (2 + 1 + 3) / 18
    assert value["forms, blind", "pages without an error"] == 0
    assert value["forms, blind", "exam numbers right, alone in a line"] == 0.5
    assert value["forms, blind", "exam numbers right, among other digits"] == 1
    assert value["forms, blind", "digits found on pages without handwriting"] == 3
    assert (value["forms, seen", "time"], value["forms, seen", "processor time"]) == (2, 1)
    assert ("forms, seen", "exam numbers right, alone in a line") not in value
    assert not any(case.startswith("pages") for case, _ in value)


@pytest.fixture
def python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A Python in which every peer reads ``O1`` with its first setting, ``5`` with others; and a seen document."""
    if os.name == "nt":
        pytest.skip("a script cannot stand in for Python")
    (tmp_path / "forms").mkdir()
    (tmp_path / "forms" / "labels.csv").write_text(f"file,lines,source,note\na.png,01,{SEEN},\nb.png,5,{BLIND},\n")
    monkeypatch.setenv("DIGITS_REAL", str(tmp_path))
    program = tmp_path / "python"
    program.write_text(
        f"#!{sys.executable}\n"
        "import json, sys\n"
        "print(json.dumps({'version': f'{sys.argv[2]} 9'}))\n"
        "text = 'O1' if sys.argv[3] in ('default', '11') else '5'\n"
        "for file, turned in json.load(sys.stdin):\n"
        "    print(json.dumps({'file': file, 'lines': [text, '-'], 'seconds': 1, 'processor': 1}))\n"
    )
    program.chmod(0o755)
    monkeypatch.setenv("DIGITS_PEERS", str(program))
    return program


def test_the_setting_with_the_fewest_errors_on_the_seen_half_counts(
    python: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = {
        "RapidOCR": (Setting("plain", "default", only_digits), Setting("letters", "default", all_look_alikes)),
        "Tesseract": (Setting("psm 6", "6", only_digits), Setting("psm 11", "11", only_digits)),
    }
    monkeypatch.setattr(module, "PEERS", settings)
    rows = list(measure("peers"))
    assert capsys.readouterr().err.splitlines() == [
        "RapidOCR (default) reads 2 pictures",
        "Tesseract (6) reads 2 pictures",
        "Tesseract (11) reads 2 pictures",
    ]
    notes = {row.variant: row.note.rpartition(",")[0] for row in rows if row.variant}
    assert notes == {"RapidOCR": "RapidOCR 9, letters", "Tesseract": "Tesseract 9, psm 11"}
    found = {(row.variant, *key): row.value for row in rows for key in [(row.case, row.metric)]}
    assert found["RapidOCR", "forms, seen", "digit errors"] == 0
    assert found["Tesseract", "forms, seen", "digit errors"] == 0.5
    assert found["Tesseract", "forms, blind", "digit errors"] == 1
    sources = {row.case: row.note for row in rows if row.metric == "sources"}
    assert sources == {"forms, seen": SEEN, "forms, blind": BLIND}
    assert {row.case for row in measure("Tesseract", half="seen") if row.variant} == {"forms, seen"}


@pytest.mark.parametrize(
    ("only", "python_named", "sentence"),
    [
        ("Tesseract", "", "DIGITS_PEERS is not set"),
        ("Tesseract", "/nowhere/python", "/nowhere/python, which cannot be started: No such file"),
        ("tea", "", "--only tea names no reader: choose digits, peers, RapidOCR"),
    ],
)
def test_what_cannot_run_is_said(
    only: str, python_named: str, sentence: str, python: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DIGITS_PEERS", python_named)
    with pytest.raises(SystemExit, match=sentence):
        list(measure(only))


def test_a_peer_that_is_not_installed_is_said(python: Path) -> None:
    python.write_text(
        f"#!{sys.executable}\nimport sys\nsys.exit('ModuleNotFoundError: no module named {json.dumps(1)}')"
    )
    with pytest.raises(SystemExit, match=r"RapidOCR does not run in .*: ModuleNotFoundError"):
        list(measure("RapidOCR"))


def test_digits_read_without_signs(python: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Reader:
        def __init__(self, model: str, threads: int) -> None:
            self.model = model

        def read(self, file: Path, *, printed: bool) -> object:
            return type("Reading", (), {"lines": ["0 1" if self.model == "cnn" else "0,1", "-"]})()

    monkeypatch.setattr(module.digits, "Reader", Reader)
    rows = figures([row for row in measure("digits", half="seen") if row.variant == "`mlp`"])
    assert rows["forms, seen", "digit errors"] == 0
    assert not any("blind" in case for case, _ in rows)
