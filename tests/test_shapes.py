"""The tests check the types and shapes in signatures: a wrong one anywhere in digits fails the test that meets it."""

import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import jaxtyping
import numpy as np
import pytest

import digits

MADE_UP = """
from __future__ import annotations
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING
from digits.types import Images, Labels
if TYPE_CHECKING:
    from nowhere import Nothing

def guess(images: Images) -> Labels:
    return images[:, 0, 0]

def guess_too_much(images: Images) -> Labels:
    return images

def learn(images: Images, labels: Labels) -> Labels:
    guess(images[:2])
    return labels[1:] if labels[0] else labels

def guess_best(images: Images | None = None) -> list[Labels]:
    return [images]

def name(label: int) -> str:
    return str(label)

def name_nothing(label: int, nothing: Nothing = None) -> str:
    return label

def name_all(labels: list[int]) -> Iterator[str]:
    yield 0

def name_none(labels: list[int]) -> str:
    yield ""

@dataclass
class Named:
    label: int

    def again(self, n: int) -> tuple[str, ...]:
        return [name(self.label)] * n

    @classmethod
    def of(cls, label: str) -> Named:
        return cls(label)

    @property
    def text(self) -> str:
        return self.label
"""


@pytest.fixture
def made_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """A module of digits with mistakes."""
    (tmp_path / "made_up.py").write_text(MADE_UP)
    monkeypatch.setattr(digits, "__path__", [*digits.__path__, str(tmp_path)])
    yield importlib.import_module("digits.made_up")
    del sys.modules["digits.made_up"]


GOOD, LABELS = np.zeros((3, 28, 28), np.uint8), np.zeros(3, np.uint8)


def test_right_calls_pass(made_up: ModuleType) -> None:
    assert made_up.guess(GOOD).shape == (3,)
    for n in (1, 3):
        assert made_up.learn(GOOD[:n], LABELS[:n]).shape == (n,)
    assert made_up.name(7) == "7"
    assert list(made_up.name_all([7])) == [0], "a generator has no result when it is called"
    assert made_up.Named(7).label == 7


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda made_up: made_up.guess(GOOD[0]), "images"),
        (lambda made_up: made_up.guess_too_much(GOOD), r"guess_too_much\(\) return "),
        (lambda made_up: made_up.learn(GOOD, LABELS[:2]), "parameter labels="),
        (lambda made_up: made_up.learn(GOOD, LABELS + np.uint8(1)), r"learn\(\) return "),
        (lambda made_up: made_up.guess_best(GOOD), r"guess_best\(\) return "),
        (lambda made_up: made_up.guess_best(GOOD[0]), "images"),
        (lambda made_up: made_up.name("7"), "parameter label='7' violates type hint <class 'int'>"),
        (lambda made_up: made_up.name_nothing(7), "return 7 violates type hint <class 'str'>"),
        (lambda made_up: made_up.name_all(7), "labels"),
        (lambda made_up: made_up.name_none([7]), "return value"),
        (lambda made_up: made_up.Named("7"), "label"),
        (lambda made_up: made_up.Named(7).again(2), "return"),
        (lambda made_up: made_up.Named(7).again("2"), "parameter n='2'"),
        (lambda made_up: made_up.Named.of("7"), "label"),
        (lambda made_up: made_up.Named(7).text, "return 7"),
    ],
)
def test_a_wrong_type_or_shape_inside_digits_is_caught(
    call: Callable[[ModuleType], object], says: str, made_up: ModuleType
) -> None:
    with pytest.raises(jaxtyping.TypeCheckError, match=says):
        call(made_up)
