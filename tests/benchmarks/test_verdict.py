"""What is said of a contest, and which claims it does not bear out."""

from collections.abc import Callable

import pytest
from benchmarks.verdict import missed, standings, verdict

Contest = Callable[..., list[dict[str, str]]]


def test_standings_have_the_fastest_first(contest: Contest) -> None:
    assert list(standings(contest())) == ["fast", "sklearn-mlp", "keras-mlp", "cnn", "standard", "textbook"]


def test_the_share_is_of_the_rate_measured_before_each_run(contest: Contest) -> None:
    # twice 100 GFLOP in 2 s at 50 and 2 s at 100 GFLOP/s
    assert standings(contest())["fast"].share == pytest.approx(200 / 300)


def test_what_was_not_counted_has_no_share(contest: Contest) -> None:
    assert standings(contest())["cnn"].share is None


def test_leads_are_said_with_their_ratios(contest: Contest) -> None:
    said = verdict(contest())
    assert said[:4] == [
        "We lead: textbook PyTorch (97.80 %, 60.0 s) takes 30.0 × as long as `fast` (98.00 %, 2.0 s).",
        "We lead: the fastest peer that reaches 97.90 % on test is Keras MLP (98.10 %, 10.0 s); "
        "it takes 5.0 × as long as `fast`.",
        "We lead: the first peer to see 97.90 % on validation is Keras MLP, after 10.0 s: "
        "5.0 × as long as all of `fast`.",
        "We lead: `cnn` reaches 99.60 % on test in 30.0 s (n = 2).",
    ]


@pytest.mark.parametrize(
    ("changed", "loss"),
    [
        (
            {"sklearn_mlp": ("0.995", "5")},
            "We lose: `standard` (99.40 %, 40.0 s) is slower and less accurate than scikit-learn MLP (99.50 %, 5.0 s).",
        ),
        ({}, "No peer is both faster and more accurate than a recipe of ours."),
        (
            {"xgboost": ("0.999", "90")},
            "We lose: XGBoost (99.90 %, 90.0 s) is more accurate than all of ours, "
            "of which `cnn` (99.60 %, 30.0 s) is best.",
        ),
        ({}, "We lose: more accurate than `fast` (98.00 %, 2.0 s), in more time: Keras MLP (98.10 %, 10.0 s)."),
        (
            {"sklearn_mlp": ("0.97", "1")},
            "We lose: `fast` achieves 67 % of the machine's matrix rate, scikit-learn MLP 133 %.",
        ),
        (
            {"keras_mlp": ("0.981", "1")},
            "We lose: the fastest peer that reaches 97.90 % on test is Keras MLP (98.10 %, 1.0 s); "
            "it takes 0.5 × as long as `fast`.",
        ),
    ],
)
def test_losses_are_said(contest: Contest, changed: dict[str, tuple[str, str]], loss: str) -> None:
    assert loss in verdict(contest(**changed))


def test_claims_that_hold_are_not_missed(contest: Contest) -> None:
    assert missed(contest()) == []


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"fast": ("0.9789", "2")}, "fast reaches 97.89 %; we claim 97.90 %"),
        ({"textbook": ("0.97", "49.8")}, "textbook PyTorch takes 24.9 × as long as fast; we claim 25 ×"),
        ({"keras_mlp": ("0.979", "7.8")}, "Keras MLP takes 3.9 × as long as fast; we claim 4 ×"),
        ({"cnn": ("0.9949", "30")}, "cnn reaches 99.49 %; we claim 99.50 %"),
        ({"cnn": ("0.996", "35.1")}, "cnn takes 35.1 s; we claim 35 s"),
        ({"cnn": None}, "cnn did not take part, so that what we claim of it was not shown"),
        ({"textbook": None}, "textbook did not take part, so that what we claim of it was not shown"),
    ],
)
def test_a_missed_claim_is_said(contest: Contest, changed: dict[str, tuple[str, str] | None], sentence: str) -> None:
    assert missed(contest(**changed)) == [sentence]


def test_a_fast_peer_that_is_not_accurate_enough_misses_no_claim(contest: Contest) -> None:
    assert missed(contest(sklearn_mlp=("0.9789", "1"))) == []
