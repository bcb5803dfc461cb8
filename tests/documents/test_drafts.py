"""Templates of blank forms that are being drawn: what is written is read back, and nothing wrong is written."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from digits.documents import Form
from digits.documents.forms.draft import Draft
from digits.errors import DataError

FIELD = {"name": 'a "b" \\ ü', "digits": 3, "decimals": 1, "page": 1, "box": [20, 30.5, 24, 10]}


@pytest.fixture
def blank(tmp_path: Path) -> Path:
    (tmp_path / "forms").mkdir()
    Image.fromarray(np.full((594, 420), 250, np.uint8)).save(tmp_path / "forms" / "blank.png")
    return tmp_path / "forms" / "blank.png"


def test_what_is_drawn_is_a_template(blank: Path, tmp_path: Path) -> None:
    out = tmp_path / "exam.toml"
    Draft(blank, out).change([FIELD])
    made = Form(out)
    assert [(each.name, each.digits) for each in made.fields] == [('a "b" \\ ü', "3 digits")]
    assert made.sheet.combs[0].area == pytest.approx((20, 30.5, 44, 40.5))
    assert Draft(blank, out).fields == [FIELD]


def test_what_is_not_drawn_stays(blank: Path, tmp_path: Path) -> None:
    out = tmp_path / "exam.toml"
    out.write_text(
        'title = "Exam"\nblank = "forms/blank.png"\n[[field]]\nname = "mark"\ndigits = "1-3"\nrange = [0, 20]\n'
        'label = "Mark"\nbox = [20, 30, 24, 10]\n',
        encoding="utf-8",
    )
    Draft(blank, out).change([{"name": "mark", "digits": 2, "box": [20, 40, 16, 10]}])
    text = out.read_text(encoding="utf-8")
    assert 'title = "Exam"' in text
    assert 'range = [0, 20]\nlabel = "Mark"\nname = "mark"\ndigits = 2\nbox = [20, 40, 16, 10]\n' in text


def test_wrong_fields_are_not_written(blank: Path, tmp_path: Path) -> None:
    out = tmp_path / "exam.toml"
    draft = Draft(blank, out)
    draft.change([FIELD])
    before = out.read_bytes()
    with pytest.raises(DataError, match="overlap: correct their boxes"):
        draft.change([FIELD, {**FIELD, "name": "c"}])
    with pytest.raises(DataError, match="two fields are named"):
        draft.change([FIELD, FIELD])
    assert (out.read_bytes(), draft.fields) == (before, [FIELD])


def test_templates_of_other_forms_stay_as_they_are(blank: Path, tmp_path: Path) -> None:
    out = tmp_path / "exam.toml"
    out.write_text('[[field]]\nname = "mark"\ndigits = 2\n', encoding="utf-8")
    with pytest.raises(DataError, match=r"exam.toml is no template of .*blank.png: name another file with -o"):
        Draft(blank, out)
