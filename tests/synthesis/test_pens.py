"""Pens and their lines, measured in the pictures they draw."""

from __future__ import annotations

import numpy as np
import pytest

from digits.synthesis.handwriting import Handwriting
from digits.synthesis.pens import PEN_KINDS, draw_lines, line_widths, plain_pens, sample_pens


def line(points: list[tuple[float, float]], pressure: float = 1.0) -> Handwriting:
    many = np.array(points)
    drawn = np.arange(len(many)) < len(many) - 1
    return Handwriting(many[None], drawn[None], np.full((1, len(many)), pressure))


def circle() -> Handwriting:
    angle = np.linspace(0, 2 * np.pi, 60)
    return line([(0.3 * np.cos(a), 0.5 * np.sin(a)) for a in angle])


@pytest.mark.parametrize("thickness", [1.0, 3.0, 9.0, 21.0])
@pytest.mark.parametrize("end", [(160.0, 60.0), (60.0, 160.0), (130.0, 130.0)])
def test_line_covers_its_length_times_its_thickness(thickness: float, end: tuple[float, float]) -> None:
    canvas = np.zeros((220, 220), np.uint8)
    points = np.array([[(60.0, 60.0), end]])
    draw_lines(canvas, points, np.array([[True, False]]), np.full((1, 2), thickness))
    length = np.hypot(end[0] - 60, end[1] - 60)
    area = length * thickness + np.pi * thickness**2 / 4
    assert set(np.unique(canvas)) == {0, 255}
    # thin lines are whole pixels wide in x or y in every direction
    assert (canvas > 0).sum() == pytest.approx(area, rel=0.35 if thickness < 5 else 0.2)


def test_lifted_pen_draws_nothing() -> None:
    canvas = np.zeros((100, 100), np.uint8)
    points = np.array([[(10.0, 10.0), (10.0, 90.0), (90.0, 10.0), (90.0, 90.0)]])
    draw_lines(canvas, points, np.array([[True, False, True, False]]), np.full((1, 4), 4.0))
    assert not canvas[:, 20:80].any()
    assert canvas[50, 10] == canvas[50, 90] == 255


def test_pens_are_sampled_within_the_ranges_of_their_kind() -> None:
    pens = sample_pens(5000, np.random.default_rng(0))
    for index, kind in enumerate(PEN_KINDS.values()):
        mine = pens[pens.kind == index]
        assert len(mine) / len(pens) == pytest.approx(kind.share, abs=0.03)
        for name in ("width", "softness", "darkness", "grain"):
            low, high = getattr(kind, name)
            drawn = getattr(mine, name)
            assert low <= drawn.min()
            assert drawn.max() <= high
            assert np.ptp(drawn) >= 0.9 * (high - low)
    assert sum(kind.share for kind in PEN_KINDS.values()) == pytest.approx(1)


def test_width_responds_to_pressure_as_the_pen_does() -> None:
    stroke = line([(0.0, -0.5), (0.0, 0.5)], pressure=1.5)
    brush, mouse = PEN_KINDS["brush"].pressure_response, PEN_KINDS["mouse"].pressure_response
    for response in (brush, mouse):
        pen = plain_pens(0.1)
        pen.pressure_response[:] = response
        assert line_widths(stroke, pen) == pytest.approx(0.1 * (1 + 0.5 * response))


def test_thick_pen_never_closes_a_loop() -> None:
    assert line_widths(line([(0.0, -0.5), (0.0, 0.5)]), plain_pens(0.4)) == pytest.approx(0.4)
    assert line_widths(circle(), plain_pens(0.1)) == pytest.approx(0.1)
    canvas, ring = np.zeros((200, 200), np.uint8), circle()
    draw_lines(canvas, ring.points * 100 + 100, ring.pen_down, line_widths(ring, plain_pens(0.4)) * 100)
    assert canvas[100, 70] == 255
    assert not canvas[95:105, 95:105].any()
