"""Other people's documents: what is written on them, and which of them may be looked at."""

from pathlib import Path

import pytest

from benchmarks import handwriting

LABELS = """file,lines,kind,rotate_ccw_deg_to_upright,source,note
a.png,12 3|45,photo,90,owner/name@1a2b some/folder,
b.png,7,photo,0,nobody,order AMBIGUOUS; coloured and not handwriting
exam.png,123456789,scan,0,owner/name folder,printed exam page; nine digits
exam.pdf,123456789,scan,0,owner/name folder,printed exam page; nine digits
empty.png,,scan,0,third,EMPTY printed form
"""


@pytest.fixture
def forms(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "forms").mkdir()
    (tmp_path / "forms" / "labels.csv").write_text(LABELS)
    monkeypatch.setenv("DIGITS_REAL", str(tmp_path))
    return tmp_path / "forms"


def test_documents_are_what_their_labels_say(forms: Path) -> None:
    a, b, exam, empty = handwriting.documents("pages", "forms")  # the PDF of the exam does not count again
    assert a == (forms / "a.png", ["123", "45"], "owner/name", False, 90, False, False)
    assert (b.in_any_order, b.is_print, exam.is_exam, empty.lines) == (True, True, True, [])


def test_a_source_is_on_one_side(forms: Path) -> None:
    # sha1sum of owner/name ends with the digit 4, of nobody with a, of third with 9: odd is blind
    seen, blind = (handwriting.documents("forms", half=half) for half in handwriting.HALVES)
    assert {document.source for document in seen} == {"owner/name", "nobody"}
    assert {document.source for document in blind} == {"third"}


def test_halves_depend_on_the_source_alone() -> None:
    halves = [handwriting.half_of(f"owner/{number}") for number in range(200)]
    assert halves == [handwriting.half_of(f"owner/{number}") for number in range(200)]
    assert 70 < halves.count("seen") < 130
