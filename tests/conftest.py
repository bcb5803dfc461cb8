"""What every test shares. The shapes in signatures are checked while testing."""

from __future__ import annotations

import os

# Stands before anything imports torch: two test workers with a thread a core each would wait for each other.
os.environ.setdefault("OMP_NUM_THREADS", "1")

from typing import TYPE_CHECKING

import hypothesis
import jaxtyping
import pytest

# Stands before anything imports digits: only what is imported later is checked.
jaxtyping.install_import_hook("digits", "beartype.beartype")

# A busy machine is no reason to fail.
hypothesis.settings.register_profile("digits", deadline=None)
hypothesis.settings.load_profile("digits")

if TYPE_CHECKING:
    from digits.types import Dataset


@pytest.fixture(scope="session")
def mnist() -> Dataset:
    """Real MNIST, found but never downloaded; a run without it must fail rather than skip what matters most."""
    from digits.data import load_mnist

    return load_mnist(download=False)
