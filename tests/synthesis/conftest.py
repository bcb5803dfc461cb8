"""Fixtures for tests of the synthesizer: a stand-in for another machine."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable

import pytest

OLDER_PROCESSOR = {
    "OPENCV_IPP": "disabled",
    "OPENCV_CPU_DISABLE": "AVX512_SKX,AVX2,FP16,AVX",
    "NPY_DISABLE_CPU_FEATURES": "X86_V4 X86_V3",
}
"""Settings that make the libraries treat this processor as an older one."""


@pytest.fixture(scope="session")
def on_an_older_processor() -> Callable[[str], str]:
    """Return the output of a program on an older processor."""

    def run(code: str) -> str:
        finished = subprocess.run(
            [sys.executable, "-c", code], env=os.environ | OLDER_PROCESSOR, capture_output=True, text=True, check=True
        )
        return finished.stdout.strip()

    return run
