"""The service gives back the memory that large pictures took: in the process that answers, and in its workers."""

from __future__ import annotations

import io
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from benchmarks.hostile import png_of_chunks, ppm_with_comment
from PIL import Image
from tests.web.conftest import serving

pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform != "linux", reason="gives memory back on Linux only")]

GROWTH = 1.2
"""Memory after large pictures, over that of before, at most; the libraries of rarer formats are part of it."""


def photograph() -> bytes:
    """12 megapixels that compress badly."""
    buffer = io.BytesIO()
    noise = np.random.default_rng(0).integers(100, 256, (3000, 4000), np.uint8)
    Image.fromarray(noise).save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


def test_memory_of_large_pictures_is_given_back(tmp_path: Path, seven: bytes) -> None:
    with serving(tmp_path / "corrections") as running:
        assert running.post("/api/read", seven).status == 200
        before = running.memory()
        for content in (photograph(), ppm_with_comment(), png_of_chunks(), ppm_with_comment()):
            assert running.post("/api/read", content).status in (200, 422)
        deadline = time.monotonic() + 60
        while (after := running.memory()) > GROWTH * before:
            assert time.monotonic() < deadline, f"{after / before:.2f} × as much"
