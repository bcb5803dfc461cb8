"""Worksheets: what is written where a digit is asked for becomes that digit of a labelled set."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import numpy as np
from tests.documents.conftest import PIXELS, draw_form

from digits.documents.forms.worksheet import make_worksheet, print_worksheet, read_worksheet
from digits.inference import Reader
from digits.preprocessing import Decoded
from digits.preprocessing.pages import Pages


def test_every_page_asks_for_every_digit_as_often() -> None:
    form = make_worksheet()
    for page in range(1, 9):
        asked = "".join(each.asked for each in form.template.fields if each.page == page)
        assert set(Counter(asked).values()) == {24}
    assert len({each.asked for each in form.template.fields}) == 96
    assert form.sheet.id == "1435FD37"  # sheets were printed with it
    assert len(Pages(print_worksheet(3), "w.pdf")) == 3


def read(page: np.ndarray) -> Decoded:
    return Decoded(page, (page.shape[1], page.shape[0]))


def test_a_page_becomes_labelled_digits(fill_in: Callable[..., np.ndarray]) -> None:
    form = make_worksheet()
    texts = [each.asked for each in form.template.fields]
    rows = [n for n, each in enumerate(form.template.fields) if each.page == 2]
    texts[rows[0]] = texts[rows[0]][:5] + 15 * " "
    wrong = "0" if texts[rows[1]][0] != "0" else "1"
    texts[rows[1]] = wrong + texts[rows[1]][1:]
    texts[rows[2]] = " " * 20
    page = fill_in(draw_form(form, 2), form, texts, 2)
    # two digits in the first box of the last row
    comb = form.sheet.combs[rows[-1]]
    x, y = round((comb.left - 1) * PIXELS), round(comb.top * PIXELS)
    page[y : y + 54, x : x + 54] = np.minimum(page[y : y + 54, x : x + 54], page[y : y + 54, x + 48 : x + 102])
    made = read_worksheet(Reader(), read(page), "photo.jpg")
    asked = "".join(form.template.fields[n].asked for n in rows)
    kept = [n for n in range(240) if not 5 <= n < 20 and not 40 <= n < 60]
    assert made.empty == 35
    assert len(made.labels) + made.crowded == len(kept)
    assert made.crowded <= 3
    assert made.others == 1
    if not made.crowded:
        assert made.labels.tolist() == [int(asked[n]) for n in kept]
    assert made.images.any((1, 2)).all()
