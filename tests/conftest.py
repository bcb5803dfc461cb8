"""Settings and fixtures for all tests. Shapes in signatures are checked while testing."""

from __future__ import annotations

import os

# Before anything imports torch: two test workers with one thread per core each would block each other.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# Tests run commands in other folders.
if os.environ.get("DIGITS_DATA"):
    os.environ["DIGITS_DATA"] = os.path.abspath(os.environ["DIGITS_DATA"])  # noqa: PTH100 - nothing else is imported yet

from collections import Counter
from typing import TYPE_CHECKING

import hypothesis
import pytest
from tests.signatures import check_signatures

# Before anything imports digits: only later imports are checked.
check_signatures("digits")

# A busy machine must not fail a test.
hypothesis.settings.register_profile("digits", deadline=None)
hypothesis.settings.load_profile("digits")

if TYPE_CHECKING:
    from digits.types import Dataset


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put files with slow tests first, so that the last files are short and no process waits long for the others."""
    counts = Counter(item.path for item in items)
    slow = {item.path for item in items if item.get_closest_marker("slow") or item.get_closest_marker("browser")}
    items.sort(key=lambda item: (item.path not in slow, -counts[item.path], item.path))


@pytest.fixture(scope="session")
def mnist() -> Dataset:
    """MNIST, found but never downloaded: a run without it must fail rather than skip what matters most."""
    from digits.data import load_mnist

    return load_mnist(download=False)
