"""Where the camera is: samples of views for crops and for whole documents."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from digits.synthesis.documents.camera import View
from digits.synthesis.documents.page import Page

QUARTER_TURN_SHARE = 0.06  # of the pictures, that lie on a side or on their head
WRITTEN_SHARE = 0.85  # of the crops of a page that something is written on, whose middle is near a character
HANDWRITTEN_SHARE = 0.6  # of these, where a handwritten one is chosen; else any character, often of print
MIN_UNIT = 9.0  # pixels, of the usual digit in a picture: smaller ones are hardly legible

# Standard deviations, by whether a camera is held over the sheet or a scanner lies under it:
TURNS = {True: 0.07, False: 0.02}  # radians
TILTS = {True: 0.07, False: 0.0}  # change of scale across the picture, as a share
# Larger turns of crops, which are to be learned from, and of whole pages, as people take them: share, and deviation.
LARGE_TURNS, PAGE_LARGE_TURNS = {True: (0.25, 0.3), False: (0.1, 0.3)}, {True: (0.08, 0.35), False: (0.0, 0.0)}


def sample_crop_view(page: Page, size: int, is_photo: bool, rng: np.random.Generator) -> View:
    """Look at a part of a page from nearby: usually where something is written."""
    scale = max(float(np.exp(rng.uniform(-0.3, 0.3))), MIN_UNIT / page.unit)
    centre = rng.uniform(0.1, 0.9, 2) * (page.width, page.height)
    if page.characters and rng.random() < WRITTEN_SHARE:
        written = [each for each in page.characters if not each.printed]
        near = written if written and rng.random() < HANDWRITTEN_SHARE else page.characters
        chosen = near[rng.integers(len(near))]
        centre = chosen.outline.mean(0) + rng.normal(0, 0.2, 2) * size / scale
    turns = int(rng.integers(1, 4)) if rng.random() < QUARTER_TURN_SHARE else 0
    return _sample(page, centre, scale, (size, size), turns, is_photo, LARGE_TURNS, rng)


def sample_page_view(page: Page, is_photo: bool, rng: np.random.Generator) -> tuple[View, tuple[int, int]]:
    """Look at a whole page, with or without the table around it; give also the picture's height and width."""
    turns = int(rng.integers(1, 4)) if rng.random() < QUARTER_TURN_SHARE else 0
    height, width = (page.width, page.height) if turns % 2 else (page.height, page.width)
    scale = float(rng.uniform(0.75, 1.02)) if is_photo else float(rng.uniform(0.97, 1.01))
    centre = np.array([page.width, page.height]) * (0.5 + rng.normal(0, 0.03 if is_photo else 0.003, 2))
    scale = max(scale, MIN_UNIT / page.unit)
    view = _sample(page, centre, scale, (height, width), turns, is_photo, PAGE_LARGE_TURNS, rng)
    return view, (height, width)


def _sample(
    page: Page,
    centre: np.ndarray,
    scale: float,
    size: tuple[int, int],
    turns: int,
    is_photo: bool,
    large_turns: Mapping[bool, tuple[float, float]],
    rng: np.random.Generator,
) -> View:
    """Sample a view with `centre` on the page in the middle of the picture, turned by quarters and a little more."""
    height, width = size
    share, large = large_turns[is_photo]
    angle = float(rng.normal(0, large if rng.random() < share else TURNS[is_photo]))
    angle += turns * np.pi / 2
    cosine, sine = scale * np.cos(angle), scale * np.sin(angle)
    # beyond two deviations the far side of the sheet would be too small to read
    tilt = TILTS[is_photo] * rng.normal(0, 1, 2).clip(-2, 2) * scale / max(size)
    from_centre = np.array([(1, 0, -centre[0]), (0, 1, -centre[1]), (0, 0, 1)])
    turned = np.array([(cosine, -sine, 0), (sine, cosine, 0), (*tilt, 1)])
    to_middle = np.array([(1, 0, width / 2), (0, 1, height / 2), (0, 0, 1)])
    curl, waves = 0.0, (0.0, 0.0)
    if is_photo and rng.random() < 0.3:
        length = page.width * rng.uniform(0.7, 2.5)
        curl, waves = float(rng.uniform(0.005, 0.03) * length), (2 * np.pi / length, float(rng.uniform(0, 2 * np.pi)))
    return View(to_middle @ turned @ from_centre, curl, waves)
