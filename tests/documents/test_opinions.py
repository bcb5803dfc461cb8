"""What is seen of boxes is weighed as it was fitted; walls go, and writing across them stays."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
from benchmarks.form_experts import ALONE_NAME, CLASS_NAMES, MISSED_NAME, PRESENCE_NAMES, SLIPS_NAME
from benchmarks.results import read_rows

from digits.documents.forms.opinions import (
    ALONE_WEIGHT,
    CLASS_WEIGHTS,
    ERRORS,
    PRESENCE_WEIGHTS,
    Opinions,
    combine,
    revise_boxes,
    to_evidence,
)
from digits.documents.forms.sheet import Comb
from digits.documents.forms.walls import SCALE, align, draw_walls, erase_walls

COMB = Comb(0, 1, 20.0, 10.0, 4)


def draw(comb: Comb, grey: int = 0) -> np.ndarray:
    """Draw the walls of a comb on a light page."""
    page = np.full((160, 320), 240, np.uint8)
    for left, top, right, bottom in comb.areas:
        cv2.rectangle(
            page, (round(left * SCALE), round(top * SCALE)), (round(right * SCALE), round(bottom * SCALE)), grey, 1
        )
    return page


def test_the_weights_are_those_that_were_fitted() -> None:
    fitted = {row.case: row.value for row in read_rows("form-experts") if row.metric == "weight"}
    assert [fitted[name] for name in CLASS_NAMES] == CLASS_WEIGHTS.tolist()
    assert [fitted[name] for name in PRESENCE_NAMES] == PRESENCE_WEIGHTS.tolist()
    assert (fitted[ALONE_NAME], fitted[SLIPS_NAME], fitted[MISSED_NAME]) == (ALONE_WEIGHT, ERRORS.slips, ERRORS.missed)


def test_experts_who_agree_make_each_other_certain() -> None:
    say = np.full((3, 3, 10), -4.0, np.float32)
    say[0, :, 7] = say[1, :2, 7] = say[1, 2, 1] = say[2, 2, 7] = 0
    presence = np.array([(1, 2, 1, 4), (1, 2, 1, -4), (1, -2, 0, 0)], np.float64)
    found = combine(Opinions(presence, np.array([True, True, False]), say))
    assert found.classes.sum(1) == pytest.approx(1)
    assert found.classes[0, 7] > found.classes[1, 7] > 0.5
    assert found.classes[2].argmax() == 7
    assert found.presence[0] > 0.99
    assert found.presence[2] < 0.01


def test_other_fields_of_a_page_settle_what_is_doubtful() -> None:
    one = np.zeros((28, 28), np.uint8)
    one[4:24, 12:16] = 255
    sure, doubtful = np.full((3, 10), 1e-3), np.full((1, 10), 1e-3)
    sure[:, 1], doubtful[0, [1, 7]] = 0.99, 0.495
    classes = [each.astype(np.float32) for each in (sure, doubtful)]
    revised = revise_boxes([np.ones(3), np.ones(1)], classes, [np.stack([one] * 3), one[None]])
    assert [each.shape for each in revised] == [(3, 10), (1, 10)]
    assert revised[1][0, 1] > 0.6
    left_out = revise_boxes([np.zeros(3), np.ones(1)], classes, [np.stack([one] * 3), one[None]])
    assert left_out[1][0, 1] == pytest.approx(0.495)


def test_odds_of_certain_boxes_are_finite() -> None:
    assert np.isfinite(to_evidence(np.array([0.01, 0.5, 1.0]))).all()


def test_walls_are_erased_and_strokes_across_them_stay() -> None:
    page = draw(COMB)
    x, y = round(COMB.lefts[1] * SCALE), round((COMB.top + 4) * SCALE)
    cv2.line(page, (x - 12, y), (x + 12, y), 0, 3)
    erase_walls(page, COMB)
    stroke = page[y - 1 : y + 2, x - 12 : x + 13]
    assert (stroke == 0).all()
    page[y - 4 : y + 5, x - 16 : x + 17] = 240
    assert (page == 240).all()


@pytest.mark.parametrize("moved", [0.0, 1.6])
def test_fields_are_found_a_little_off(moved: float) -> None:
    page = 240 - draw(replace(COMB, left=COMB.left + moved))
    found, share = align(page, COMB, 240.0, draw_walls(COMB))
    assert found.left == pytest.approx(COMB.left + moved, abs=0.4)
    assert share > 0.9


def test_fields_without_walls_stay_where_the_markers_put_them() -> None:
    page = np.zeros((160, 320), np.uint8)
    for left, *_ in COMB.areas:  # ones that would be walls a little to the right
        cv2.line(page, (round((left + 2) * SCALE), 62), (round((left + 2) * SCALE), 84), 240, 4)
    found, share = align(page, COMB, 240.0, draw_walls(COMB))
    assert abs(found.left - COMB.left) < 0.7
    assert share < 0.5
