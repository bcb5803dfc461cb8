"""The tests check the shapes in signatures: a wrong one anywhere in digits fails the test that meets it."""

import importlib
from pathlib import Path

import jaxtyping
import numpy as np
import pytest

import digits


def test_a_wrong_shape_inside_digits_is_caught(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "made_up.py").write_text(
        "from digits.types import Images, Labels\n"
        "def guess(images: Images) -> Labels:\n"
        "    return images[:, 0, 0]\n"
        "def guess_too_much(images: Images) -> Labels:\n"
        "    return images\n"
    )
    monkeypatch.setattr(digits, "__path__", [*digits.__path__, str(tmp_path)])
    made_up = importlib.import_module("digits.made_up")
    good = np.zeros((3, 28, 28), np.uint8)

    assert made_up.guess(good).shape == (3,)
    with pytest.raises(jaxtyping.TypeCheckError, match="images"):
        made_up.guess(good[0])
    with pytest.raises(jaxtyping.TypeCheckError, match="return value"):
        made_up.guess_too_much(good)
