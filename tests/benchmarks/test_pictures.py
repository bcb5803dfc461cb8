"""The picture of the contest: means, names that keep apart, and a file light enough for a page."""

from itertools import combinations, pairwise
from pathlib import Path

import numpy as np
import pytest
from benchmarks.contenders import CONTENDERS
from benchmarks.rows import write_csv
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.text import Text
from PIL import Image

from benchmarks import pictures

Curves = list[dict[str, str]]


@pytest.fixture(scope="module")
def curves() -> Curves:
    """All contenders, who end at the same accuracy within a minute of each other: names have to move."""
    return [
        {
            "contender": name,
            "seed": str(seed),
            "epoch": str(epoch),
            "seconds": str((3 + 5 * i) * epoch),
            "validation_accuracy": str(0.95 + 0.01 * epoch + 0.0001 * i),
        }
        for i, name in enumerate(CONTENDERS)
        for seed in range(2)
        for epoch in range(1, 4)
    ]


@pytest.fixture(scope="module")
def names(curves: Curves) -> dict[str, tuple[float, float, float, float]]:
    figure = pictures.figure(curves)
    (axes,) = figure.axes
    boxes = {text.get_text(): Text.get_window_extent(text) for text in axes.texts}
    width, height = figure.get_size_inches() * figure.dpi
    return {name: (box.x0 / width, box.y0 / height, box.x1 / width, box.y1 / height) for name, box in boxes.items()}


def test_every_contender_is_named(names: dict[str, object]) -> None:
    assert sorted(names) == sorted(contender.label for contender in CONTENDERS.values())


def test_peers_names_keep_apart(names: dict[str, tuple[float, ...]]) -> None:
    peers = [names[contender.label] for contender in CONTENDERS.values() if contender.peer]
    assert [(a, b) for a, b in combinations(peers, 2) if a[1] < b[3] and b[1] < a[3]] == []


def test_names_stay_on_the_sheet(names: dict[str, tuple[float, ...]]) -> None:
    assert {name: box for name, box in names.items() if min(box) < 0 or max(box) > 1} == {}


def test_a_line_is_the_mean_of_the_seeds() -> None:
    rows = [
        {"contender": "fast", "seed": seed, "epoch": "1", "seconds": seconds, "validation_accuracy": accuracy}
        for seed, seconds, accuracy in (("0", "1", "0.9"), ("1", "3", "0.92"))
    ]
    seconds, accuracy = pictures.mean_line(rows, "fast")
    assert (seconds, accuracy) == ([2.0], [pytest.approx(91)])


def test_the_picture_is_written_and_light(curves: Curves, results: Path, tmp_path: Path) -> None:
    write_csv("curves", curves)
    pictures.draw(tmp_path / "new" / "contest.png")
    content = (tmp_path / "new" / "contest.png").read_bytes()
    assert content[:4] == b"\x89PNG"
    assert len(content) < 300_000


def test_the_committed_picture_is_that_of_the_committed_measurement(tmp_path: Path) -> None:
    pictures.draw(tmp_path / "contest.png")
    committed, drawn = (
        np.asarray(Image.open(path).convert("L"), float) for path in (pictures.PICTURE, tmp_path / "contest.png")
    )
    assert committed.shape == drawn.shape
    # letters may be smoothed differently on another system
    assert abs(committed - drawn).mean() < 1


@given(st.lists(st.floats(0, 100), min_size=1, max_size=12).map(sorted))
def test_names_are_a_line_apart_and_on_the_page(wanted: list[float]) -> None:
    placed = pictures.apart(wanted, 8, 0, 100)
    assert all(after - before >= 8 - 1e-6 for before, after in pairwise(placed))
    assert placed[0] >= -1e-6
    assert placed[-1] <= 100 + 1e-6


def test_names_that_are_apart_stay() -> None:
    assert pictures.apart([10, 30, 50], 8, 0, 100) == [10, 30, 50]


@pytest.mark.parametrize(
    ("wanted", "placed"), [([50, 50], [46, 54]), ([0, 1], [0, 8]), ([99, 100], [92, 100]), ([50, 51, 52], [43, 51, 59])]
)
def test_names_move_as_little_as_they_must(wanted: list[float], placed: list[float]) -> None:
    assert pictures.apart(wanted, 8, 0, 100) == pytest.approx(placed)
