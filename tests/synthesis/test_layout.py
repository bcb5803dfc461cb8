"""Lines follow their spacing."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from digits.synthesis.handwriting import sample_writers, write_digits
from digits.synthesis.layout import (
    MAX_DIGITS_PER_LINE,
    MAX_LINES,
    Spacing,
    digits_in_order,
    place_glyphs,
    sample_spacing,
    sample_text,
)
from digits.synthesis.pens import line_widths, plain_pens

STRAIGHT = Spacing(gap=0.3, space=1.0, pitch=2.0, slope=0.0, wave=0.0, unevenness=0.0, columns=False)


def boxes(lines: tuple[str, ...], spacing: Spacing = STRAIGHT, seed: int = 0) -> np.ndarray:
    """Compute left, top, right and bottom of every glyph, in heights."""
    rng = np.random.default_rng(seed)
    labels = digits_in_order(lines)
    writing = write_digits(labels, sample_writers(1, rng)[np.zeros(len(labels), int)], rng)
    points, widths = place_glyphs(lines, writing, line_widths(writing, plain_pens(0.1, len(labels))), spacing, rng)
    half = widths[:, :, None] / 2
    return np.concatenate(((points - half).min(1), (points + half).max(1)), axis=1)


def gaps(found: np.ndarray) -> np.ndarray:
    return found[1:, 0] - found[:-1, 2]


def test_digits_are_in_reading_order() -> None:
    assert digits_in_order(("07 1", "9")).tolist() == [0, 7, 1, 9]


def test_gaps_separate_digits_and_spaces_separate_numbers() -> None:
    found = gaps(boxes(("1234567890",) * 1))
    assert found.mean() == pytest.approx(0.3, abs=0.07)
    spaced = gaps(boxes(("12 3456 789",)))
    assert spaced[[1, 5]].min() > 1.2
    assert np.delete(spaced, [1, 5]).max() < 0.8


def test_negative_gap_makes_neighbours_overlap() -> None:
    assert gaps(boxes(("8080808080",), dataclasses.replace(STRAIGHT, gap=-0.06))).mean() < 0


def test_pitch_separates_lines() -> None:
    found = boxes(("8888", "8888", "8888"))
    feet = found[:, 3].reshape(3, 4).mean(1)
    assert np.diff(feet) == pytest.approx(2, abs=0.1)


@pytest.mark.parametrize("slope", [-0.08, 0.08])
def test_slope_tilts_lines(slope: float) -> None:
    found = boxes(("8" * 12,), dataclasses.replace(STRAIGHT, slope=slope))
    assert np.polyfit(found[:, 0], found[:, 3], 1)[0] == pytest.approx(slope, abs=0.03)


def test_columns_align_the_ends_of_lines() -> None:
    lines = ("8", "8888", "88888888")
    begins, ends = [], []
    for columns in (False, True):
        found = boxes(lines, dataclasses.replace(STRAIGHT, columns=columns))
        begins.append(np.ptp(found[[0, 1, 5], 0]))
        ends.append(np.ptp(found[[0, 4, 12], 2]))
    assert begins[0] < 1 < ends[0]
    assert ends[1] < 1 < begins[1]


def test_ink_begins_at_the_corner() -> None:
    assert boxes(("123", "4567")).min(0)[:2] == pytest.approx([0, 0])


def test_texts_vary() -> None:
    rng = np.random.default_rng(0)
    texts = [sample_text(rng) for _ in range(300)]
    assert {len(lines) for lines in texts} == set(range(1, MAX_LINES + 1))
    assert max(len(line.replace(" ", "")) for lines in texts for line in lines) == MAX_DIGITS_PER_LINE
    assert 0.1 < np.mean([any(" " in line for line in lines) for lines in texts]) < 0.5
    assert not any(line.startswith(" ") or line.endswith(" ") or "  " in line for lines in texts for line in lines)


def test_some_pages_are_tight() -> None:
    rng = np.random.default_rng(0)
    assert 0.1 < np.mean([sample_spacing(rng).gap < 0.1 for _ in range(300)]) < 0.35
