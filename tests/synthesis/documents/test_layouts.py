"""What layouts put beside what is written by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from digits.synthesis.documents.layouts import forms, held_out
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
