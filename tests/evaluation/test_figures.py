"""Figures show what the arrays hold, are readable, and are the same each time."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from digits.errors import DataError
from digits.evaluation import figures

pytestmark = pytest.mark.slow

CLASSES = list("0123456789")
RNG = np.random.default_rng(0)
IMAGES = RNG.integers(0, 256, (60, 28, 28), np.uint8)
LABELS = np.arange(60).astype(np.uint8) % 10


def history(epochs: int) -> list[dict[str, float]]:
    return [
        {"epoch": e, "train_loss": 1 / e, "validation_loss": 0.9 / e, "train_accuracy": 1 - 0.1 / e,
             "validation_accuracy": 1 - 0.09 / e, "learning_rate": 1e-3, "seconds": 1.0}
        for e in range(1, epochs + 1)
    ]  # fmt: skip


def probabilities_of(labels: np.ndarray, predicted: np.ndarray, confidence: np.ndarray) -> np.ndarray:
    found = np.repeat(((1 - confidence) / 9)[:, None], 10, axis=1)
    found[np.arange(len(labels)), predicted] = confidence
    return found.astype(np.float32)


CONFIDENCE = np.linspace(0.5, 0.99, 60)
WRONG = (LABELS + (np.arange(60) % 3 == 0)).astype(np.int64) % 10
PROBABILITIES = probabilities_of(LABELS, WRONG, CONFIDENCE)
WEIGHTS = RNG.normal(size=(256, 784)).astype(np.float32)
CONFUSION = np.diag(np.full(10, 100)).astype(np.int64)

RATES = np.geomspace(1e-6, 10, 50)
ACCURACIES = np.array([[0.91, 0.9], [0.96, 0.95], [0.985, 0.98]])
FALLING = 2.3 - 2 * np.exp(-((np.log10(RATES) + 1) ** 2))

ALL: dict[str, Callable[[], Figure]] = {
    "sample_digits": lambda: figures.sample_digits(IMAGES, LABELS, CLASSES),
    "augmented_digits": lambda: figures.augmented_digits(IMAGES[:3], IMAGES[:12].reshape(3, 4, 28, 28)),
    "loss_curves": lambda: figures.loss_curves(history(40), "a note " * 20),
    "accuracy_curves": lambda: figures.accuracy_curves(history(40), "a note " * 20),
    "confusion": lambda: figures.confusion(CONFUSION + 1, CLASSES),
    "reliability": lambda: figures.reliability(PROBABILITIES, LABELS),
    "mistakes": lambda: figures.mistakes(IMAGES, LABELS, PROBABILITIES, CLASSES),
    "first_layer": lambda: figures.first_layer(WEIGHTS),
    "compared_accuracy": lambda: figures.compared_accuracy({"a": [history(9), history(7)], "b": [history(8)]}),
    "differences": lambda: figures.differences(
        ["a − b", "a − c"], [0.1, 0.0], [(0.0, 0.2), (-0.1, 0.1)], [True, False]
    ),
    "learning_rates": lambda: figures.learning_rates(RATES, FALLING, FALLING, 0.12, 0.091, "--muon-lr"),
    "learning_curve": lambda: figures.learning_curve([550, 5500, 55_000], list(ACCURACIES), 0.4),
    "sweep_history": lambda: figures.sweep_history([1, 2, 3], [0.97, 0.8, 0.98], [True, False, True], 0.97),
    "sweep_settings": lambda: figures.sweep_settings(
        {"lr": [0.01, 0.1, 1.0], "optimizer": ["muon", "sgd", "muon"]}, [0.97, 0.8, 0.98], [True, False, True], ["lr"]
    ),
    "importance": lambda: figures.importance({"muon_lr": 0.7, "momentum": 0.3}),
    "disagreements": lambda: figures.disagreements(IMAGES[:30], LABELS[:30], LABELS[:30], CLASSES, "a", "b"),
}


def texts(figure: Figure) -> list[str]:
    from matplotlib.text import Text

    return [text.get_text() for text in figure.findobj(Text) if text.get_visible() and text.get_text()]


@pytest.mark.parametrize("name", ALL)
def test_text_is_large_enough_at_a_width_of_800_pixels(name: str) -> None:
    from matplotlib.text import Text

    figure = ALL[name]()
    sizes = [text.get_fontsize() for text in figure.findobj(Text) if text.get_visible() and text.get_text()]
    assert min(sizes) >= 11
    assert figure.get_size_inches()[0] == 7


def test_runs_of_a_recipe_are_drawn_as_far_as_the_shortest() -> None:
    by_epoch, by_second = (
        figures.compared_accuracy({"a": [history(9), history(7)], "b": [history(8)]}, over).axes[0].lines
        for over in ("epoch", "seconds")
    )
    assert [line.get_xdata()[-1] for line in by_epoch] == [7, 8]
    assert [line.get_label() for line in by_epoch] == ["a", "b"]
    assert np.allclose(by_epoch[0].get_ydata(), [9 / e for e in range(1, 8)])
    assert list(by_second[1].get_xdata()) == list(range(1, 9))


def test_rates_are_labelled_with_powers_of_ten() -> None:
    [axes] = ALL["learning_rates"]().axes
    assert [label.get_text() for label in axes.get_xticklabels()][:3] == ["1e-06", "1e-05", "0.0001"]
    [axes] = ALL["learning_curve"]().axes
    assert [label.get_text() for label in axes.get_xticklabels()] == ["550", "5,500", "55,000"]


def test_no_disagreement_is_said() -> None:
    none = figures.disagreements(IMAGES[:0], LABELS[:0], LABELS[:0], CLASSES, "a", "b")
    assert "a reads 0 that b misreads" in texts(none)


LONG = [f"Ankle boot {k}" for k in CLASSES]
AWKWARD: dict[str, Callable[[], Figure]] = {
    "confusion of long names": lambda: figures.confusion(CONFUSION + 1, LONG),
    "mistakes with long names": lambda: figures.mistakes(IMAGES, LABELS, PROBABILITIES, LONG),
    "first layer of five units": lambda: figures.first_layer(WEIGHTS[:5]),
}


@pytest.mark.parametrize("name", [*ALL, *AWKWARD])
def test_nothing_is_truncated_at_the_edges(name: str) -> None:
    file = io.BytesIO()
    (ALL | AWKWARD)[name]().savefig(file, format="png")
    picture = np.asarray(Image.open(file).convert("L"))
    edges = (picture[:2], picture[-2:], picture[:, :2], picture[:, -2:])
    assert [edge.min() for edge in edges] == [255] * 4


@pytest.mark.parametrize("name", ALL)
def test_the_same_figure_gives_the_same_bytes(name: str, tmp_path: Path) -> None:
    for file in ("a.png", "b.png"):
        figures.save(ALL[name](), tmp_path / file)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.png", "b.png"]


@pytest.mark.parametrize("draw", [figures.loss_curves, figures.accuracy_curves])
@pytest.mark.parametrize("epochs", [1, 3, 40, 150])
def test_curves_mark_the_best_epoch(draw: Callable[..., Figure], epochs: int) -> None:
    lines = draw(history(epochs)).axes[0].get_lines()
    train, validation, ring = lines
    assert len(train.get_xdata()) == len(validation.get_xdata()) == epochs
    assert list(ring.get_xdata()) == [epochs]
    # a line of one point is invisible without a marker
    assert (validation.get_marker() == "o") == (epochs <= 20)


def test_best_accuracy_is_shown_in_percent(tmp_path: Path) -> None:
    assert any("99.10 %" in text for text in texts(figures.accuracy_curves(history(10))))


@pytest.mark.parametrize(
    ("first", "last", "ticks"),
    [
        (0.84, 0.984, ["98 %", "95 %", "90 %"]),
        (0.83, 0.955, ["95 %", "93 %", "90 %", "85 %"]),
        (0.90, 0.9991, ["99.9 %", "99.8 %", "99.5 %", "99 %", "98 %", "95 %", "90 %"]),
    ],
)
def test_accuracy_ticks_are_round_and_cover_the_range(first: float, last: float, ticks: list[str]) -> None:
    ends = [
        row | {"train_accuracy": a, "validation_accuracy": a} for row, a in zip(history(2), (first, last), strict=True)
    ]
    axes = figures.accuracy_curves(ends).axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == ticks


def test_mistakes_are_sorted_by_confidence() -> None:
    shown = texts(figures.mistakes(IMAGES, LABELS, PROBABILITIES, CLASSES, limit=4))
    wrong = np.flatnonzero(LABELS != WRONG)
    first = wrong[np.argsort(-CONFIDENCE[wrong], kind="stable")][:4]
    assert [text for text in shown if "→ " in text and len(text) < 8] == [f"{LABELS[i]} → {WRONG[i]}" for i in first]
    assert any(f"4 most confident of {len(wrong)} errors" in text for text in shown)


def test_no_mistakes() -> None:
    perfect = probabilities_of(LABELS, LABELS.astype(np.int64), CONFIDENCE)
    assert texts(figures.mistakes(IMAGES, LABELS, perfect, CLASSES)) == ["No errors in 60 digits"]


def test_confusion_names_the_most_frequent_error() -> None:
    counts = CONFUSION.copy()
    counts[4, 9] = 7
    counts[3, 5] = 2
    shown = texts(figures.confusion(counts, CLASSES))
    assert "9 errors in 1,009; most often 4 is read as 9 (7)" in shown
    assert shown.count("7") == 3  # the count, and the class on both axes
    assert sorted(text for text in shown if text == "100") == ["100"] * 10


def test_samples_depend_on_the_seed_alone() -> None:
    def drawn(seed: int) -> np.ndarray:
        many = np.concatenate([IMAGES] * 4), np.concatenate([LABELS] * 4)
        return np.asarray(figures.sample_digits(*many, CLASSES, seed).axes[0].images[0].get_array())

    assert np.array_equal(drawn(1), drawn(1))
    assert not np.array_equal(drawn(1), drawn(2))


@pytest.mark.parametrize(
    ("draw", "message"),
    [
        (lambda: figures.sample_digits(IMAGES[:0], LABELS[:0], CLASSES), "no digits to show"),
        (lambda: figures.augmented_digits(IMAGES[:2], IMAGES[:3][:, None]), "2 digits but variations of 3"),
        (lambda: figures.loss_curves([]), "no epochs to draw"),
        (lambda: figures.confusion(CONFUSION * 0, CLASSES), "holds only zeros"),
        (lambda: figures.first_layer(np.zeros((0, 784), np.float32)), r"must be \[units, 784\]"),
    ],
)
def test_nothing_to_draw_is_an_error(draw: Callable[[], Figure], message: str) -> None:
    with pytest.raises(DataError, match=message):
        draw()


def test_matplotlib_settings_of_the_user_are_kept() -> None:
    import matplotlib

    before = dict(matplotlib.rcParams)
    figures.confusion(CONFUSION, CLASSES)
    assert dict(matplotlib.rcParams) == before


@pytest.mark.parametrize(("epochs", "scale"), [(10, "linear"), (40, "log")])
def test_losses_that_fall_far_have_a_logarithmic_scale(epochs: int, scale: str) -> None:
    assert figures.loss_curves(history(epochs)).axes[0].get_yscale() == scale


def test_training_loss_that_vanishes_alone_has_a_linear_scale() -> None:
    rows = [row | {"train_loss": 10.0**-k, "validation_loss": 0.3} for k, row in enumerate(history(10))]
    assert figures.loss_curves(rows).axes[0].get_yscale() == "linear"


def test_strongest_units_are_shown_first_and_smoothed() -> None:
    weights = np.zeros((70, 784), np.float32)
    weights[:, 400] = np.arange(70)
    picture = figures.first_layer(weights).axes[0].images[0].get_array()
    assert picture[14, 8] == 69, "the strongest unit comes first"
    smooth = figures.first_layer(weights, smoothing=1.0).axes[0].images[0].get_array()
    around = smooth[:28, :28]
    assert around.sum() == pytest.approx(69, rel=1e-5), "ink is spread, not lost"
    assert around[14, 8] == pytest.approx(69 / (2 * np.pi), rel=0.02)
    assert around[14, 9] / around[14, 8] == pytest.approx(np.exp(-0.5), rel=1e-4)
