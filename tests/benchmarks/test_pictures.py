"""The documentation's pictures: in step with their rows and the synthesizer, names that keep apart, light files."""

import sys
from itertools import combinations, pairwise
from pathlib import Path

import numpy as np
import pytest
from benchmarks.contest import CONTENDERS
from benchmarks.results import Row
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.text import Text
from PIL import Image

from benchmarks import pictures, reading_pictures

Box = tuple[float, float, float, float]


@pytest.fixture(scope="module")
def names() -> dict[str, Box]:
    """Boxes of the names, where all contenders end at the same accuracy within a minute: names have to move."""
    figures = (("training time", lambda i, epoch: (3 + 5 * i) * epoch), ("validation accuracy", None))
    rows = [
        Row(
            case=name,
            seed=seed,
            variant=f"epoch {epoch}",
            metric=metric,
            value=value(i, epoch) if value else 0.95 + 0.01 * epoch + 0.0001 * i,
        )
        for i, name in enumerate(CONTENDERS)
        for seed in range(2)
        for epoch in range(1, 4)
        for metric, value in figures
    ]
    figure = pictures.figure(rows)
    (axes,) = figure.axes
    boxes = {text.get_text(): Text.get_window_extent(text) for text in axes.texts}
    width, height = figure.get_size_inches() * figure.dpi
    return {name: (box.x0 / width, box.y0 / height, box.x1 / width, box.y1 / height) for name, box in boxes.items()}


def test_every_contender_is_named_on_the_sheet(names: dict[str, Box]) -> None:
    expected = {contender.label if contender.peer else name for name, contender in CONTENDERS.items()}
    assert names.keys() == expected
    assert {name: box for name, box in names.items() if min(box) < 0 or max(box) > 1} == {}


def test_names_of_peers_keep_apart(names: dict[str, Box]) -> None:
    peers = [names[contender.label] for contender in CONTENDERS.values() if contender.peer]
    assert [(a, b) for a, b in combinations(peers, 2) if a[1] < b[3] and b[1] < a[3]] == []


def test_a_line_is_the_mean_of_the_seeds() -> None:
    rows = [
        Row(case="fast", seed=seed, variant="epoch 1", metric=metric, value=value)
        for seed, figures in enumerate(((1.0, 0.9), (3.0, 0.92)))
        for metric, value in zip(("training time", "validation accuracy"), figures, strict=True)
    ]
    assert pictures.mean_line(rows, "fast") == ([2.0], [pytest.approx(9)])


def assert_same_picture(committed: Path, redrawn: Path) -> None:
    assert redrawn.stat().st_size < 300_000
    first, second = (np.asarray(Image.open(path).convert("L"), float) for path in (committed, redrawn))
    assert first.shape == second.shape
    # letters may be smoothed differently on another system
    assert abs(first - second).mean() < 1


@pytest.mark.skipif(sys.version_info < (3, 11), reason="the Matplotlib for Python 3.10 draws it differently")
def test_committed_contest_is_that_of_the_committed_rows(tmp_path: Path) -> None:
    drawn = tmp_path / "new" / "contest.png"
    pictures.draw_contest(drawn)
    assert_same_picture(pictures.CONTEST, drawn)


@pytest.mark.skipif(sys.version_info < (3, 11), reason="the Matplotlib for Python 3.10 draws it differently")
def test_committed_risk_is_that_of_the_committed_rows(tmp_path: Path) -> None:
    drawn = tmp_path / "risk.png"
    reading_pictures.save(reading_pictures.draw_risk(), drawn)
    assert_same_picture(reading_pictures.RISK, drawn)


@pytest.mark.slow
@pytest.mark.usefixtures("mnist")
@pytest.mark.skipif(sys.version_info < (3, 11), reason="the Matplotlib for Python 3.10 draws it differently")
def test_committed_errors_are_those_of_the_committed_rows(tmp_path: Path) -> None:
    pytest.importorskip("sklearn")
    drawn = tmp_path / "errors.png"
    reading_pictures.save(reading_pictures.draw_errors(reading_pictures.confident_errors(), show_all=False), drawn)
    assert_same_picture(reading_pictures.ERRORS, drawn)


@pytest.mark.slow
def test_committed_synthetic_handwriting_is_what_the_synthesizer_writes() -> None:
    with Image.open(pictures.SYNTHETIC) as file:
        committed = np.asarray(file.convert("RGB"), float)
    drawn = np.asarray(pictures.synthetic_handwriting(), float)
    assert committed.shape == drawn.shape
    assert np.abs(committed - drawn).mean() < 3


@given(st.lists(st.floats(0, 100), min_size=1, max_size=12).map(sorted))
def test_spread_names_are_a_line_apart_and_on_the_page(wanted: list[float]) -> None:
    placed = pictures.spread(wanted, 8, 0, 100)
    assert all(after - before >= 8 - 1e-6 for before, after in pairwise(placed))
    assert placed[0] >= -1e-6
    assert placed[-1] <= 100 + 1e-6


@pytest.mark.parametrize(
    ("wanted", "placed"), [([10, 30, 50], [10, 30, 50]), ([50, 50], [46, 54]), ([99, 100], [92, 100]), ([0, 1], [0, 8])]
)
def test_spread_moves_names_both_ways(wanted: list[float], placed: list[float]) -> None:
    assert pictures.spread(wanted, 8, 0, 100) == pytest.approx(placed)
