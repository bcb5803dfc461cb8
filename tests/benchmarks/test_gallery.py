"""The picture of our own pen shows what the pen writes now."""

from __future__ import annotations

import numpy as np
from PIL import Image

from benchmarks import gallery


def test_the_picture_in_the_readme_is_what_the_pen_writes() -> None:
    with Image.open(gallery.PICTURE) as file:
        kept = np.asarray(file.convert("RGB"), float)
    drawn = np.asarray(gallery.picture(), float)
    assert kept.shape == drawn.shape
    assert np.abs(kept - drawn).mean() < 3
