"""Hands write what they are asked to: the shipped network reads it."""

from __future__ import annotations

import numpy as np
import pytest

import digits
from digits.preprocessing import normalize
from digits.synthesis.documents.hands import FORMS, HANDS_PER_BLOCK, Hand, RealDigits, make_hands
from digits.synthesis.documents.truth import CHARACTERS

pytestmark = pytest.mark.slow

KINDS = ("images", "strokes", "glyphs")


def kind_of(hand: Hand) -> str:
    return "images" if hand.images else "strokes" if hand.strokes else "glyphs"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("height", "angle"), [(20.0, 0.0), (90.0, 0.0), (40.0, 0.2)])
def test_digits_are_read(many_hands: list[Hand], kind: str, height: float, angle: float) -> None:
    rng = np.random.default_rng(1)
    mine = [hand for hand in many_hands if kind_of(hand) == kind]
    labels = np.arange(600) % 10
    inks = [mine[row % len(mine)].draw(str(label), height, angle, rng)[0] for row, label in enumerate(labels)]
    found = digits.load_model("cnn").predict(np.stack([normalize(ink) for ink in inks]))
    assert (found == labels).mean() > 0.93


def test_all_kinds_of_hands_are_made(hands: list[Hand]) -> None:
    assert len(hands) == HANDS_PER_BLOCK
    assert {kind_of(hand) for hand in hands} == set(KINDS)
    assert {kind_of(hand) for hand in make_hands(np.random.default_rng(0), RealDigits())} == {"glyphs"}


def test_height_is_kept(hands: list[Hand]) -> None:
    rng = np.random.default_rng(2)
    heights = [hand.draw(str(digit), 50, 0, rng)[0].shape[0] for hand in hands for digit in (1, 4, 7)]
    assert 42 < np.median(heights) < 60


@pytest.mark.parametrize(
    ("sign", "low", "high"), [(".", -0.3, 0.15), (",", -0.1, 0.4), ("-", -0.7, -0.2), ("(", -0.15, 0.4)]
)
def test_signs_stand_at_their_height(hands: list[Hand], sign: str, low: float, high: float) -> None:
    rng = np.random.default_rng(3)
    feet = [hand.draw(sign, 50, 0, rng)[1] / 50 for hand in hands]
    assert low < np.median(feet) < high


@pytest.mark.parametrize("height", [4, 7, 12, 30, 400])
def test_no_digit_vanishes(hands: list[Hand], height: int) -> None:
    rng = np.random.default_rng(6)
    inks = [hand.draw(str(digit), height, 0, rng)[0] for hand in hands for digit in range(10)]
    assert min(int(ink.max()) for ink in inks) > 30


def test_every_character_and_word_has_ink(hands: list[Hand]) -> None:
    rng = np.random.default_rng(4)
    for hand in hands[:6]:
        assert all(hand.draw(character, 12, 0, rng)[0].max() > 60 for character in CHARACTERS)
        word, foot = hand.draw_word("Quality", 40, rng)
        assert word.shape[1] > 60
        assert 0 < foot < 40  # the y reaches below the line


def test_a_digit_has_several_forms(hands: list[Hand]) -> None:
    rng = np.random.default_rng(5)
    hand = next(hand for hand in hands if kind_of(hand) == "glyphs")
    assert len({hand.draw("2", 300, 0, rng)[0].tobytes() for _ in range(40)}) >= FORMS
