"""Pens and their lines, measured on what they draw."""

from __future__ import annotations

import numpy as np
import pytest

from digits.synthesis.ink import PENS, draw_lines, draw_pens, plain_pens, widths
from digits.synthesis.writing import Writing


def line(points: list[tuple[float, float]], pressure: float = 1.0) -> Writing:
    many = np.array(points)
    drawn = np.arange(len(many)) < len(many) - 1
    return Writing(many[None], drawn[None], np.full((1, len(many)), pressure))


def circle() -> Writing:
    angle = np.linspace(0, 2 * np.pi, 60)
    return line([(0.3 * np.cos(a), 0.5 * np.sin(a)) for a in angle])


@pytest.mark.parametrize("thickness", [1.0, 3.0, 9.0, 21.0])
@pytest.mark.parametrize("end", [(160.0, 60.0), (60.0, 160.0), (130.0, 130.0)])
def test_a_line_covers_its_length_times_its_thickness(thickness: float, end: tuple[float, float]) -> None:
    canvas = np.zeros((220, 220), np.uint8)
    points = np.array([[(60.0, 60.0), end]])
    draw_lines(canvas, points, np.array([[True, False]]), np.full((1, 2), thickness))
    length = np.hypot(end[0] - 60, end[1] - 60)
    area = length * thickness + np.pi * thickness**2 / 4
    assert set(np.unique(canvas)) == {0, 255}
    # thin lines are whole pixels wide in x or y, whatever their direction
    assert (canvas > 0).sum() == pytest.approx(area, rel=0.35 if thickness < 5 else 0.2)


def test_nothing_is_drawn_where_the_pen_is_up() -> None:
    canvas = np.zeros((100, 100), np.uint8)
    points = np.array([[(10.0, 10.0), (10.0, 90.0), (90.0, 10.0), (90.0, 90.0)]])
    draw_lines(canvas, points, np.array([[True, False, True, False]]), np.full((1, 4), 4.0))
    assert not canvas[:, 20:80].any()
    assert canvas[50, 10] == canvas[50, 90] == 255


def test_every_kind_of_pen_is_taken_within_its_ranges() -> None:
    pens = draw_pens(5000, np.random.default_rng(0))
    for index, kind in enumerate(PENS.values()):
        mine = pens[pens.kind == index]
        assert len(mine) / len(pens) == pytest.approx(kind.often, abs=0.03)
        for name in ("width", "softness", "darkness", "grain"):
            low, high = getattr(kind, name)
            drawn = getattr(mine, name)
            assert low <= drawn.min()
            assert drawn.max() <= high
            assert np.ptp(drawn) >= 0.9 * (high - low)
    assert sum(kind.often for kind in PENS.values()) == pytest.approx(1)


def test_pressure_shows_as_much_as_the_pen_lets_it() -> None:
    stroke = line([(0.0, -0.5), (0.0, 0.5)], pressure=1.5)
    brush, mouse = PENS["brush"].pressed, PENS["mouse"].pressed
    for pressed in (brush, mouse):
        pen = plain_pens(0.1)
        pen.pressed[:] = pressed
        assert widths(stroke, pen) == pytest.approx(0.1 * (1 + 0.5 * pressed))


def test_a_thick_pen_fills_a_stroke_but_never_closes_a_loop() -> None:
    assert widths(line([(0.0, -0.5), (0.0, 0.5)]), plain_pens(0.4)) == pytest.approx(0.4)
    assert widths(circle(), plain_pens(0.1)) == pytest.approx(0.1)
    canvas, ring = np.zeros((200, 200), np.uint8), circle()
    draw_lines(canvas, ring.points * 100 + 100, ring.drawn, widths(ring, plain_pens(0.4)) * 100)
    assert canvas[100, 70] == 255
    assert not canvas[95:105, 95:105].any()
