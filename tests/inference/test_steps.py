"""The steps that are shown of a digit: its place in the picture, upright, and its ink."""

from __future__ import annotations

import numpy as np
import pytest

from digits.inference import Reader
from digits.inference.inputs import decode_source
from digits.inference.steps import trace_digit
from digits.synthesis import synthesize_page


@pytest.mark.parametrize("turns", [0, 1, 3])
def test_a_digit_is_shown_upright_where_it_was(turns: int) -> None:
    page = synthesize_page(2)
    decoded = decode_source(np.rot90(page.picture, turns), "page")
    reading = Reader().read_decoded(decoded, name="page")
    assert reading.turned == 360 * bool(turns) - 90 * turns
    digit = max(reading.digits, key=lambda each: each.confidence)
    steps = trace_digit(decoded.picture, reading, digit)
    width, height = digit.box[2:] if turns == 0 else digit.box[:1:-1]
    assert steps.seen.shape[:2] == steps.ink.shape
    assert width <= steps.ink.shape[1] <= 3 * max(width, height)
    assert height <= steps.ink.shape[0] <= 3 * max(width, height)
    assert steps.digit is digit.image

    assert steps.ink.max() > 200


def test_a_digit_at_the_border_is_shown_up_to_it() -> None:
    picture = np.full((60, 40), 255, np.uint8)
    picture[0:60, 15:22] = 0
    decoded = decode_source(picture, "edge")
    reading = Reader().read_decoded(decoded, single=True, name="edge")
    steps = trace_digit(decoded.picture, reading, reading.digits[0])
    assert steps.seen.shape[0] == 60
    assert steps.seen.shape[1] <= 40
