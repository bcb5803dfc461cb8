"""Metrics and calibration against scikit-learn, published values and invariants."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import softmax
from sklearn.metrics import accuracy_score, log_loss, precision_recall_fscore_support
from sklearn.metrics import confusion_matrix as sklearn_confusion_matrix

from digits.errors import DataError, DigitsError
from digits.evaluation import calibration, metrics
from digits.types import softmax as our_softmax

CLASSES = tuple("0123456789")


def digits_and_logits(n: int, seed: int = 0, spread: float = 2.0) -> tuple[np.ndarray, np.ndarray]:
    """Labels drawn from the probabilities of the logits: calibrated by construction."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, spread, (n, 10)).astype(np.float32)
    drawn = (logits + rng.gumbel(size=(n, 10))).argmax(axis=1)
    return logits, drawn.astype(np.uint8)


seeds = st.integers(0, 2**32 - 1)


def test_accuracy_agrees_with_scikit_learn():
    logits, labels = digits_and_logits(997)
    assert metrics.score(logits, labels).accuracy == accuracy_score(labels, logits.argmax(axis=1))


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_probabilities_agree_with_scipy(temperature):
    logits, _ = digits_and_logits(50)
    expected = softmax(logits.astype(np.float64) / temperature, axis=1)
    np.testing.assert_allclose(our_softmax(logits, temperature), expected, rtol=1e-6)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_likelihood_agrees_with_scikit_learn(temperature):
    logits, labels = digits_and_logits(997)
    expected = log_loss(labels, softmax(logits.astype(np.float64) / temperature, axis=1), labels=range(10))
    assert calibration.negative_log_likelihood(logits, labels, temperature) == pytest.approx(expected, rel=1e-9)


def test_confusion_matrix_agrees_with_scikit_learn():
    logits, labels = digits_and_logits(997)
    expected = sklearn_confusion_matrix(labels, logits.argmax(axis=1), labels=range(10))
    np.testing.assert_array_equal(metrics.score(logits, labels).confusion, expected)


def test_per_class_agrees_with_scikit_learn_for_missing_and_never_predicted_classes():
    logits, labels = digits_and_logits(997)
    labels[labels == 3] = 4
    logits[:, 7] = -100
    logits[:, 3] = -100
    found = metrics.score(logits, labels).per_class
    expected = precision_recall_fscore_support(labels, logits.argmax(axis=1), labels=range(10), zero_division=0.0)
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-12)


@pytest.mark.parametrize(
    ("correct", "n", "low", "high"),
    [  # Newcombe, Statistics in Medicine 17 (1998) 857–872, table I, method 3
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0000, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilson_interval_matches_published_values(correct, n, low, high):
    assert metrics.wilson_interval(correct, n) == pytest.approx((low, high), abs=5e-5)


@given(st.integers(1, 100_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_interval_contains_the_rate_and_is_symmetric(pair):
    correct, n = pair
    low, high = metrics.wilson_interval(correct, n)
    assert 0 <= low <= correct / n <= high <= 1
    assert metrics.wilson_interval(n - correct, n) == pytest.approx((1 - high, 1 - low), abs=1e-12)


def test_wilson_interval_covers_the_true_rate_at_its_nominal_level():
    rng = np.random.default_rng(0)
    intervals = [metrics.wilson_interval(int(k), 200) for k in rng.binomial(200, 0.98, 4000)]
    assert 0.93 <= np.mean([low <= 0.98 <= high for low, high in intervals]) <= 0.985


@settings(max_examples=25)
@given(seeds)
def test_score_does_not_depend_on_the_order_of_the_digits(seed):
    logits, labels = digits_and_logits(200, seed)
    order = np.random.default_rng(seed).permutation(200)
    one, other = metrics.score(logits, labels), metrics.score(logits[order], labels[order])
    assert one.nll == pytest.approx(other.nll)
    assert one.ece == pytest.approx(other.ece)
    np.testing.assert_array_equal(one.confusion, other.confusion)


@settings(max_examples=25)
@given(seeds, st.floats(-50, 50))
def test_adding_a_constant_to_the_logits_keeps_the_probabilities(seed, constant):
    logits, _ = digits_and_logits(50, seed)
    moved = (logits + constant).astype(np.float32)
    np.testing.assert_allclose(our_softmax(moved), our_softmax(logits), atol=1e-5)


@settings(max_examples=25)
@given(seeds, st.floats(0.05, 20), st.integers(1, 40))
def test_scores_stay_within_their_bounds(seed, temperature, bins):
    logits, labels = digits_and_logits(60, seed, spread=30)
    probabilities = our_softmax(logits, temperature)
    assert 0 <= calibration.expected_calibration_error(probabilities, labels, bins) <= 1
    assert calibration.negative_log_likelihood(logits, labels, temperature) >= 0
    assert calibration.reliability_bins(probabilities, labels, bins).count.sum() == 60


def test_probabilities_of_huge_logits_are_exact():
    logits = np.full((1, 10), -1e30, np.float32)
    logits[0, 3] = 1e30
    expected = np.eye(10, dtype=np.float32)[3:4]
    np.testing.assert_array_equal(our_softmax(logits), expected)


def test_calibration_error_of_calibrated_predictions_is_small():
    logits, labels = digits_and_logits(50_000)
    assert calibration.expected_calibration_error(our_softmax(logits), labels) < 0.01


def test_calibration_error_is_the_gap_between_confidence_and_accuracy():
    probabilities = np.zeros((100, 10), np.float32)
    probabilities[:, 0] = 1
    labels = np.zeros(100, np.uint8)
    labels[:30] = 1
    assert calibration.expected_calibration_error(probabilities, labels) == pytest.approx(0.3)


def test_confidence_on_an_edge_belongs_to_the_bin_below_it():
    probabilities = np.zeros((1, 10), np.float32)
    probabilities[0, :2] = 0.5
    found = calibration.reliability_bins(probabilities, np.zeros(1, np.uint8), bins=2)
    assert found.count.tolist() == [1, 0]


@pytest.mark.parametrize("truth", [0.3, 1.0, 2.5])
def test_temperature_is_recovered(truth):
    logits, labels = digits_and_logits(40_000)
    assert calibration.fit_temperature((logits * truth).astype(np.float32), labels) == pytest.approx(truth, rel=0.03)


def test_temperature_of_a_network_without_errors_is_one():
    logits, _ = digits_and_logits(100)
    assert calibration.fit_temperature(logits, logits.argmax(axis=1).astype(np.uint8)) == 1.0


def test_temperature_changes_confidence_but_not_predictions():
    logits, labels = digits_and_logits(500)
    cold, hot = metrics.score(logits, labels, 0.5), metrics.score(logits, labels, 4.0)
    np.testing.assert_array_equal(cold.confusion, hot.confusion)
    assert cold.ece != hot.ece


def test_score_to_dict_has_the_documented_keys_and_is_json():
    logits, labels = digits_and_logits(300)
    score = metrics.score(logits, labels)
    found = json.loads(json.dumps(score.to_dict()))
    assert list(found) == ["accuracy", "interval95", "n", "nll", "ece", "per_class", "confusion"]
    assert list(found["per_class"][0]) == ["class", "precision", "recall", "f1", "support"]
    assert [row["class"] for row in found["per_class"]] == list(range(10))
    assert found["accuracy"] == np.trace(found["confusion"]) / 300
    assert found["interval95"] == list(metrics.wilson_interval(round(found["accuracy"] * 300), 300))


def test_largest_confusions_are_sorted_and_leave_out_zeros():
    confusion = np.diag(np.full(10, 9)).astype(np.int64)
    confusion[4, 9], confusion[7, 2] = 3, 5
    assert metrics.largest_confusions(confusion) == [(7, 2, 5), (4, 9, 3)]


def score_of(right: int, wrong: int) -> metrics.Score:
    logits = np.zeros((right + wrong, 10), np.float32)
    logits[:right, 4], logits[right:, 9] = 8, 8
    return metrics.score(logits, np.full(right + wrong, 4, np.uint8))


def test_table_shows_every_row_and_an_interval_only_for_the_test_digits():
    rows = {"train": score_of(90, 10), "validation": score_of(19, 1), "test": score_of(9810, 190)}
    lines = metrics.format_table(rows).splitlines()
    assert [line.split()[0] for line in lines[1:]] == ["train", "validation", "test"]
    assert lines[3].split()[1:4] == ["10,000", "98.10%", "190"]
    assert lines[3].endswith("97.81% to 98.35%")
    assert [" to " in line for line in lines] == [False, False, False, True]


def test_description_names_the_classes_and_the_worst_confusion():
    text = metrics.describe(score_of(9810, 190), ("a", "b", "c", "d", "shirt", "f", "g", "h", "i", "boot"))
    assert text.startswith("accuracy 98.10% (95 % interval 97.81% to 98.35%): 190 errors in 10,000 digits\n")
    assert "shirt read as boot: 190" in text


def test_description_leaves_out_classes_that_a_data_set_lacks():
    text = metrics.describe(score_of(3, 0), ("0", "1", "2", "3", "4"))
    assert [line.split()[0] for line in text.splitlines()[4:]] == ["0", "1", "2", "3", "4"]


def test_description_without_errors_lists_no_confusions():
    assert "confusions" not in metrics.describe(score_of(3, 0), CLASSES)


NONE, ONE = np.zeros((0, 10), np.float32), np.zeros((1, 10), np.float32)
NO_LABELS, LABEL = np.zeros(0, np.uint8), np.zeros(1, np.uint8)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: metrics.score(NONE, NO_LABELS), "no digits to score"),
        (lambda: calibration.fit_temperature(NONE, NO_LABELS), "no digits to score"),
        (lambda: metrics.score(ONE * np.nan, LABEL), "not finite"),
        (lambda: metrics.score(ONE, LABEL + 12), "labels must be 0–9; the largest is 12"),
        (lambda: metrics.wilson_interval(0, 0), "at least one digit"),
        (lambda: metrics.wilson_interval(3, 2), "from 0 to 2, not 3"),
        (lambda: our_softmax(ONE, 0.0), "temperature must be a number above 0, not 0.0"),
        (lambda: calibration.reliability_bins(ONE, LABEL, 0), "a reliability diagram needs at least 1 bin, not 0"),
    ],
)
def test_impossible_input_is_refused(call, message):
    with pytest.raises(DigitsError, match=message):
        call()


def test_empty_input_is_a_data_error():
    with pytest.raises(DataError):
        metrics.score(NONE, NO_LABELS)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("score(zeros((1, 10), 'f4'), zeros(0, 'u1'))", "1 rows of logits but 0 labels: pass one label per row"),
        ("score(zeros((1, 3), 'f4'), zeros(1, 'u1'))", "logits must be [n, 10], one row per digit, not [1, 3]"),
    ],
)
def test_mismatched_shapes_are_refused_without_annotation_checks(call, message):
    script = f"from numpy import zeros; from digits.evaluation.metrics import *; {call}"
    finished = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert finished.stderr.splitlines()[-1].endswith(message)
