"""Each mark is judged among the others of its page, by networks that the repository's own command fitted."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from benchmarks.judging import COMMAND, Examples, fit_network
from tests.inference.finder.marks_of import marks_of

from digits.inference import JUDGE_FILE, Marks, describe_answers, describe_marks, load_judge, parse_judge
from digits.inference.judge import PRINTED, ROWS, WRITTEN, adapt

LINE = [(30 + 26 * place, 40, 20, 30) for place in range(8)]
SHAPE = (200, 300)


def line_of(text: str = "14725836", **more: np.ndarray) -> Marks:
    return marks_of(LINE, text, **more)


def test_a_line_of_clear_digits_is_written_or_printed_as_the_finder_says() -> None:
    judge = load_judge()
    for hand, kind in ((0.95, WRITTEN), (0.05, PRINTED)):
        marks = line_of(handwritten=np.full(8, hand, np.float32))
        assert (judge.glance(describe_marks(marks, SHAPE)).argmax(1) == kind).all()


def test_neighbours_of_like_size_are_heard() -> None:
    hands = np.full(8, 0.05, np.float32)
    hands[3] = 0.5
    printed = line_of(handwritten=hands)
    written = line_of(handwritten=1 - hands)
    glance = load_judge().glance
    assert glance(describe_marks(written, SHAPE))[3, WRITTEN] > glance(describe_marks(printed, SHAPE))[3, WRITTEN] + 0.2


def test_a_confident_model_speaks_for_a_doubtful_mark() -> None:
    marks = line_of(scores=np.full(8, 0.45, np.float32), handwritten=np.full(8, 0.8, np.float32))
    described = describe_marks(marks, SHAPE)
    unsure = np.full((8, 10), np.log(0.1), np.float32)
    sure = np.full((8, 10), np.log(1e-3), np.float32)
    sure[np.arange(8), marks.labels] = np.log(0.991)
    judge = load_judge()
    doubted, confirmed = (judge.judge_answers(marks, described, each)[:, WRITTEN] for each in (unsure, sure))
    assert (confirmed > doubted).all()
    assert judge.answered(describe_answers(marks, described, sure, judge.glance(described)))[:, WRITTEN] == (
        pytest.approx(confirmed)
    )


def test_a_page_is_described_alike_in_parts_and_whatever_the_order() -> None:
    n = ROWS + 40
    rng = np.random.default_rng(0)
    boxes = np.concatenate((rng.uniform(0, 900, (n, 2)), rng.uniform(12, 40, (n, 2))), axis=1)
    marks = replace(
        marks_of(boxes.tolist(), "".join(rng.choice([*"0123456789.,"], n))),
        scores=rng.uniform(0.2, 0.9, n).astype(np.float32),
    )
    order = rng.permutation(n)
    described = describe_marks(marks, (1000, 1000))
    assert describe_marks(marks[order], (1000, 1000)) == pytest.approx(described[order], abs=1e-5)


def test_nothing_is_judged_where_nothing_is() -> None:
    nothing = marks_of([])
    described = describe_marks(nothing, SHAPE)
    judge = load_judge()
    assert judge.glance(described).shape == (0, 3)
    assert judge.judge_answers(nothing, described, np.zeros((0, 10), np.float32)).shape == (0, 3)


def test_a_page_of_print_makes_a_doubtful_mark_print_and_one_of_handwriting_written() -> None:
    doubtful = np.array([[0.05, 0.5, 0.45]], np.float32)
    written, printed = (
        np.repeat(np.array([row], np.float32), 40, 0) for row in ([0.02, 0.97, 0.01], [0.02, 0.01, 0.97])
    )
    assert adapt(np.concatenate((doubtful, printed)), 0.2)[0, PRINTED] > 0.8
    assert adapt(doubtful, 0.2, printed=40)[0, PRINTED] > 0.8, "print that is not looked at counts, too"
    assert adapt(np.concatenate((doubtful, written)), 0.2)[0, WRITTEN] > 0.7
    assert adapt(doubtful[:0], 0.2).shape == (0, 3)


def test_a_page_with_the_usual_share_of_print_is_judged_as_before() -> None:
    judged = np.array([[0, 1, 0]] * 8 + [[0, 0, 1]] * 2 + [[0.1, 0.72, 0.18]], np.float32)
    assert adapt(judged, 0.2) == pytest.approx(judged, abs=1e-4)
    assert adapt(judged, 0.3).sum(1) == pytest.approx(np.ones(11))


def test_the_file_says_what_made_it_and_fits_the_descriptions() -> None:
    stored = json.loads(JUDGE_FILE.read_text())
    assert stored["command"] == COMMAND
    described = describe_marks(line_of(), SHAPE)
    assert len(stored["glance"]["mean"]) == described.shape[1]


def test_the_networks_learn_what_they_are_fitted_to() -> None:
    rng = np.random.default_rng(1)
    described = rng.normal(size=(3000, 5)).astype(np.float32)
    labels = np.where(described[:, 0] > 0.5, 1, np.where(described[:, 1] > 0.5, 2, 0))
    labels[:100] = -1
    fitted = fit_network(Examples(described, labels, np.arange(3000) // 10, np.ones(3000, bool)))
    judged = parse_judge({"glance": fitted, "answered": fitted, "print_share": 0.2}).glance(described[100:])
    assert (judged.argmax(1) == labels[100:]).mean() > 0.9
