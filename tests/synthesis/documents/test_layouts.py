"""What layouts put beside what is written by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from digits.synthesis.documents.layouts import forms, held_out, mixtures
from digits.synthesis.documents.page import Page


def pages(
    layout: Callable[[Page, np.random.Generator], None], make_page: Callable[..., Page], *seeds: int
) -> list[Page]:
    made = [make_page(seed=seed) for seed in seeds]
    for seed, page in zip(seeds, made, strict=True):
        layout(page, np.random.default_rng(seed))
    return made


def test_some_forms_number_their_cells_or_print_into_them(
    make_page: Callable[..., Page], monkeypatch: pytest.MonkeyPatch
) -> None:
    texts, write = list[str](), Page.print

    def record(page: Page, text: str, *given: Any) -> float:
        texts.append(text)
        return write(page, text, *given)

    monkeypatch.setattr(Page, "print", record)
    for layout, is_numbered in ((forms.table, True), (forms.fields, False)):
        texts.clear()
        pages(layout, make_page, *range(12))
        rows = list(zip(texts, texts[1:], texts[2:], strict=False))
        digits = [tuple(map(int, row)) for row in rows if all(each.isdecimal() for each in row)]
        assert any(row == (row[0], row[0] + 1, row[0] + 2) if is_numbered else max(row) < 10 for row in digits)


def test_words_of_a_cheque_end_before_its_amount(
    make_page: Callable[..., Page], monkeypatch: pytest.MonkeyPatch
) -> None:
    words, write = list[tuple[float, float, float]](), Page.write_words

    def record(page: Page, text: str, x: float, y: float, *given: Any) -> float:
        words.append((x, write(page, text, x, y, *given), y))
        return words[-1][1]

    monkeypatch.setattr(Page, "write_words", record)
    for seed in range(6):
        words.clear()
        [page] = pages(held_out.cheque, make_page, seed)
        assert words
        boxes = np.array([(*each.outline.min(0), *each.outline.max(0)) for each in page.characters if not each.printed])
        for start, end, base in words:
            is_level = (boxes[:, 1] < base) & (boxes[:, 3] > base - page.unit)
            assert not (is_level & (boxes[:, 0] < end) & (boxes[:, 2] > start)).any()


def test_a_part_is_drawn_where_it_lies_on_the_page(make_page: Callable[..., Page]) -> None:
    def write(page: Page, rng: np.random.Generator) -> None:
        page.write("12", 10, 60, rng)
        page.strike(1, 2)
        page.wall(np.tile([5.0, 5.0], (9, 1)), is_level=True)

    page, rng = make_page(), np.random.default_rng(0)
    page.write("7", 10, 60, rng)
    mixtures.draw_part(page, (200, 300, 380, 480), 30.0, True, write, rng)
    seven, one, two = page.characters
    assert [each.label for each in page.characters] == [7, 1, 2]
    assert (seven.line, one.line, two.line) == (0, 1, 1)
    assert page.struck == {2}
    assert page.walls[0][0][0].tolist() == [205.0, 305.0]
    for label, character in enumerate(page.characters, 1):
        rows, columns = np.nonzero(page.mask == label)
        assert len(rows)
        (left, top), (right, bottom) = character.outline.min(0), character.outline.max(0)
        assert left <= columns.min() <= columns.max() < right
        assert top <= rows.min() <= rows.max() < bottom
    assert one.outline.min() > 200


def test_parts_of_a_mixed_page_do_not_overlap_and_are_large_enough(
    make_page: Callable[..., Page], monkeypatch: pytest.MonkeyPatch
) -> None:
    places = list[tuple[int, int, int, int]]()
    monkeypatch.setattr(mixtures, "draw_part", lambda page, place, *given: places.append(place))
    for seed in range(10):
        page = make_page(unit=20.0, seed=seed)
        mixtures.mixed(page, np.random.default_rng(seed))
        taken = np.zeros(page.picture.shape, int)
        for left, top, right, bottom in places:
            taken[top:bottom, left:right] += 1
            assert min(right - left, bottom - top) >= 0.85 * mixtures.LEAST * page.unit
        assert taken.max() == 1
        assert taken.mean() > 0.75
        assert len(places) > 1
        places.clear()
