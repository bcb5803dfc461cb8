"""Every format that people have gives the same digits, or a sentence that says what to do."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.data.wild.builders import BUILDERS, Parts, make_parts

from digits.data import load_parts
from digits.types import LabelledDigits


@pytest.fixture(scope="module")
def parts() -> Parts:
    return make_parts()


def sort(digits: LabelledDigits) -> LabelledDigits:
    order = np.argsort(digits.labels, kind="stable")
    return LabelledDigits(digits.images[order], digits.labels[order])


@pytest.mark.parametrize("name", BUILDERS)
def test_wild_files_hold_the_same_digits(name: str, parts: Parts, tmp_path: Path) -> None:
    build, written, is_sorted = BUILDERS[name]
    read = load_parts(build(tmp_path, parts))
    for part in Parts._fields:
        found, expected = getattr(read, part), getattr(parts, part)
        if part not in written.split():
            assert found is None
            continue
        if is_sorted:
            found, expected = sort(found), sort(expected)
        np.testing.assert_array_equal(found.images, expected.images)
        np.testing.assert_array_equal(found.labels, expected.labels)
