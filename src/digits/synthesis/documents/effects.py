"""What cameras, scanners and fax machines do to a picture. Every effect is a function of a photo and a generator.

An effect changes `photo.picture` in place, or sets another of the same size; if it hides a part of the page, it marks
that in `photo.covered`. `CAPTURES` says which effects a kind of capture has, in their order, and how often.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import cv2
import numpy as np

from digits.synthesis.documents.camera import Photo
from digits.synthesis.documents.grounds import DEVIATION, Ground, add_share, cut_texture, shade

Effect = Callable[[Photo, np.random.Generator], None]

SMALL = 24  # pixels of a map of light, which is smooth

# Between ink and ground, in grey levels: what effects leave, so that people can still read what the truth says; and
# the noise that they add, as a share of it.
MIN_CONTRAST = 28.0
MAX_NOISE = 0.3


def light(photo: Photo, rng: np.random.Generator) -> None:
    """Light it from a side, with a lens that darkens the corners."""
    y, x = np.linspace(-0.5, 0.5, SMALL)[:, None], np.linspace(-0.5, 0.5, SMALL)
    angle, fall = rng.uniform(0, 2 * np.pi), rng.uniform(0, 0.6)
    share = 1 - fall * (0.5 + x * np.cos(angle) + y * np.sin(angle)).clip(0, 1) - rng.uniform(0, 0.7) * (x * x + y * y)
    _darken(photo, share)


def shadow(photo: Photo, rng: np.random.Generator) -> None:
    """Cast the shadow of a hand, a head or a phone: one to three soft edges."""
    y, x = np.linspace(0, 1, 2 * SMALL)[:, None], np.linspace(0, 1, 2 * SMALL)
    inside = np.full((2 * SMALL, 2 * SMALL), np.inf)
    for _ in range(int(rng.integers(1, 4))):
        angle = rng.uniform(0, 2 * np.pi)
        distance = (x - rng.uniform(0.1, 0.9)) * np.cos(angle) + (y - rng.uniform(0.1, 0.9)) * np.sin(angle)
        inside = np.minimum(inside, distance + 0.03 * np.sin(9 * (x + y) + angle))
    _darken(photo, 1 - rng.uniform(0.15, 0.6) * (0.5 + inside / rng.uniform(0.02, 0.25)).clip(0, 1))


def stripes(photo: Photo, rng: np.random.Generator) -> None:
    """Let a blind, or light of 50 Hz, make it darker and lighter in stripes."""
    y, x = np.linspace(0, 1, 2 * SMALL)[:, None], np.linspace(0, 1, 2 * SMALL)
    angle = rng.uniform(0, np.pi)
    along = x * np.cos(angle) + y * np.sin(angle)
    _darken(photo, 1 - rng.uniform(0.05, 0.25) * (0.5 + 0.5 * np.sin(rng.uniform(6, 30) * along)))


def finger(photo: Photo, rng: np.random.Generator) -> None:
    """Hold the sheet with one to three fingers at one of its sides."""
    height, width = photo.picture.shape
    hand: Ground = np.zeros((height, width), np.uint8)
    body: Ground = hand.copy()
    side, thickness = int(rng.integers(4)), float(rng.uniform(0.08, 0.2) * max(height, width))
    at, slant = rng.uniform(0.1, 0.9), rng.normal(0, 0.25)
    for place in at + 1.05 * np.arange(int(rng.integers(1, 4))) * thickness / max(height, width):
        depth = rng.uniform(0.02, 0.28)
        tip = np.array([(depth, place), (1 - depth, place), (place, depth), (place, 1 - depth)][side])
        root = np.array(
            [(-0.4, place + slant), (1.4, place - slant), (place - slant, -0.4), (place + slant, 1.4)][side]
        )
        start, end = (tuple(int(v) for v in np.rint(point * (width, height))) for point in (tip, root))
        # round: from dark edges to a light middle
        for share in (1.0, 0.85, 0.65, 0.4):
            cv2.line(hand, start, end, 255, max(round(thickness), 3), cv2.LINE_AA)
            cv2.line(body, start, end, int(255 - 110 * share), max(round(share * thickness), 2), cv2.LINE_AA)
    body = cv2.GaussianBlur(body, (0, 0), 0.06 * thickness + 0.5)
    skin = shade(cut_texture("clouds", height, width, rng, 2), float(rng.uniform(90, 240)), float(rng.uniform(3, 10)))
    skin = cv2.multiply(skin, body, scale=1 / 235)
    around = 2 * int(0.1 * thickness) + 3
    dimmed = cv2.convertScaleAbs(cv2.blur(hand, (around, around)), alpha=float(rng.uniform(0.1, 0.5)))
    below = cv2.multiply(photo.picture, 255 - dimmed, scale=1 / 255)
    photo.picture = cv2.add(cv2.multiply(skin, hand, scale=1 / 255), cv2.multiply(below, 255 - hand, scale=1 / 255))
    photo.covered |= hand > 127


def blur(photo: Photo, rng: np.random.Generator) -> None:
    """Be out of focus, as far as digits stay legible."""
    sigma = float(rng.uniform(0.01, 0.055) * photo.unit)
    if sigma > 0.25:
        photo.picture = cv2.GaussianBlur(photo.picture, (0, 0), min(sigma, 4))


def shake(photo: Photo, rng: np.random.Generator) -> None:
    """Move the camera in a straight line."""
    length = int(rng.uniform(0.02, 0.13) * photo.unit)
    if length < 2:
        return
    kernel = np.zeros((2 * length + 1, 2 * length + 1), np.float32)
    angle = rng.uniform(0, np.pi)
    shift = np.array([np.cos(angle), np.sin(angle)]) * length / 2
    start, end = (tuple(int(v) for v in np.rint(length + sign * shift)) for sign in (-1, 1))
    cv2.line(kernel, start, end, 1.0)
    photo.picture = cv2.filter2D(photo.picture, -1, kernel / kernel.sum())


def coarse(photo: Photo, rng: np.random.Generator) -> None:
    """Have few pixels, and be enlarged again."""
    least = 9 / photo.unit
    if least > 0.9:
        return
    # down to icons, whose digits are a few pixels high
    factor = float(np.exp(rng.uniform(np.log(least), np.log(0.9))))
    small = max(round(photo.width * factor), 8), max(round(photo.height * factor), 8)
    shrunk = cv2.resize(photo.picture, small, interpolation=cv2.INTER_AREA)
    way = cv2.INTER_NEAREST if rng.random() < 0.15 else cv2.INTER_LINEAR_EXACT
    photo.picture = cv2.resize(shrunk, (photo.width, photo.height), interpolation=way)


def levels(photo: Photo, rng: np.random.Generator) -> None:
    """Expose longer or shorter, with more or less contrast, and a curve."""
    curve = 255 * (np.arange(256) / 255) ** np.exp(rng.normal(0, 0.25))
    _look_up(photo, rng.uniform(90, 190) + rng.uniform(0.45, 1.25) * (curve - 150))


def dark(photo: Photo, rng: np.random.Generator) -> None:
    """Have too little light: everything dark, and much noise."""
    _look_up(photo, rng.uniform(5, 25) + np.arange(256) * rng.uniform(0.15, 0.5))
    _add_noise(photo, float(rng.uniform(2, 9)), rng)


def faint(photo: Photo, rng: np.random.Generator) -> None:
    """Show the ink only faintly on light ground, as hard pencils and bad copies do."""
    _look_up(photo, rng.uniform(170, 255) - rng.uniform(0.2, 0.6) * (255 - np.arange(256)))


def noise(photo: Photo, rng: np.random.Generator) -> None:
    """Add the sensor's noise: fine, or smoothed as phones do."""
    _add_noise(photo, float(rng.exponential(4)), rng, "noise" if rng.random() < 0.6 else "fibres")


def sharpen(photo: Photo, rng: np.random.Generator) -> None:
    """Sharpen too much, so that ink has a bright rim."""
    soft = cv2.GaussianBlur(photo.picture, (0, 0), float(rng.uniform(0.8, 2.5)))
    amount = float(rng.uniform(0.4, 1.6))
    photo.picture = add_share(photo.picture, photo.picture, amount, soft)


def moire(photo: Photo, rng: np.random.Generator) -> None:
    """Photograph a screen: its grid and the sensor's make waves."""
    y, x = np.arange(photo.height)[:, None], np.arange(photo.width)
    strength, angle = rng.uniform(3, 16), rng.uniform(0, np.pi)
    fine, wide = rng.uniform(1.2, 2.8), rng.uniform(0.02, 0.15)
    along = x * np.cos(angle) + y * np.sin(angle)
    across = y * np.cos(angle) - x * np.sin(angle) + 8 * np.sin(along * wide / 5)
    waves = strength * (0.5 * np.sin(fine * along) + np.sin(wide * across))
    photo.picture = np.rint(photo.picture + waves).clip(0, 255).astype(np.uint8)


def compress(photo: Photo, rng: np.random.Generator) -> None:
    """Store it as JPEG."""
    _, file = cv2.imencode(".jpg", photo.picture, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(18, 92))])
    photo.picture = np.asarray(cv2.imdecode(file, cv2.IMREAD_GRAYSCALE))


def white(photo: Photo, rng: np.random.Generator) -> None:
    """Scan it: paper becomes white, and ink darker."""
    ground, depth = _ground(photo), contrast(photo)
    low, high = ground - rng.uniform(0.8, 2) * depth, ground - rng.uniform(0, 0.5) * depth
    if high > low:  # else nothing of the ink is left
        _look_up(photo, (np.arange(256) - low) * 255 / (high - low))


def streaks(photo: Photo, rng: np.random.Generator) -> None:
    """Scan through dirty glass: dust, and lines along the way of the lamp."""
    for _ in range(int(rng.integers(1, 4))):
        x, level = int(rng.integers(photo.width)), int(rng.integers(100, 256))
        column = photo.picture[:, x : x + int(rng.integers(1, 3))]
        column[:] = (column.astype(np.int16) * 2 + level) // 3
    for _ in range(int(rng.integers(0, 30))):
        centre = int(rng.integers(photo.width)), int(rng.integers(photo.height))
        cv2.circle(photo.picture, centre, int(rng.integers(0, 2)), int(rng.choice([0, 90, 160, 255])), -1)


def clean(photo: Photo, rng: np.random.Generator) -> None:
    """Make the ground white at each place, as programs that scan with a phone do."""
    side = 2 * max(round(1.5 * photo.unit), 8) + 1
    small = cv2.resize(photo.picture, (photo.width // 2 or 1, photo.height // 2 or 1), interpolation=cv2.INTER_AREA)
    if photo.is_dark:
        return
    ground = cv2.blur(cv2.dilate(small, np.ones((5, 5), np.uint8)), (side, side))
    ground = cv2.resize(ground, (photo.width, photo.height), interpolation=cv2.INTER_LINEAR_EXACT)
    photo.picture = cv2.divide(photo.picture, np.maximum(ground, 20), scale=float(rng.uniform(230, 265)))


def binary(photo: Photo, rng: np.random.Generator) -> None:
    """Keep black and white only, by one level, as fax machines and copiers do."""
    ground = _ground(photo)
    ink = ground + (1 if photo.is_dark else -1) * contrast(photo)
    level = ground + rng.uniform(0.3, 0.65) * (ink - ground)
    photo.picture = np.where(photo.picture > level, np.uint8(255), np.uint8(0))
    if rng.random() < 0.4:
        specks = cut_texture("noise", photo.height, photo.width, rng)
        photo.picture[specks > 128 + round(DEVIATION * rng.uniform(2.4, 3.1))] = 0 if ground > 128 else 255


def adaptive(photo: Photo, rng: np.random.Generator) -> None:
    """Keep black and white only, by a level for each place."""
    side = 2 * max(round(0.8 * photo.unit), 5) + 1
    step = rng.uniform(0.2, 0.4) * max(contrast(photo), 20) * (1 if photo.is_dark else -1)
    local = cv2.blur(photo.picture, (side, side)) + np.float32(step)
    photo.picture = np.where(photo.picture > local, np.uint8(255), np.uint8(0))


def fax(photo: Photo, rng: np.random.Generator) -> None:
    """Halve the rows, and double them again."""
    if photo.unit > 16:
        half = cv2.resize(photo.picture, (photo.width, photo.height // 2 or 1), interpolation=cv2.INTER_AREA)
        photo.picture = cv2.resize(half, (photo.width, photo.height), interpolation=cv2.INTER_NEAREST)


def invert(photo: Photo, rng: np.random.Generator) -> None:
    """Show the negative."""
    photo.picture = 255 - photo.picture
    photo.is_dark = not photo.is_dark


SHARED: dict[Effect, float] = {coarse: 0.07, invert: 0.04, compress: 0.5}
CAPTURES: dict[str, dict[Effect, float]] = {
    "photo": {
        **{faint: 0.04, light: 0.6, shadow: 0.35, stripes: 0.03, finger: 0.06, blur: 0.4, shake: 0.08, levels: 0.5},
        **{dark: 0.04, noise: 0.5, sharpen: 0.25, clean: 0.06, adaptive: 0.03},
        **SHARED,
    },
    "scan": {faint: 0.04, white: 0.5, blur: 0.3, noise: 0.3, sharpen: 0.2, streaks: 0.2, **SHARED},
    "copy": {blur: 0.4, streaks: 0.2, fax: 0.3, adaptive: 0.25, binary: 1.0, invert: 0.05},
    "screen": {blur: 0.2, moire: 0.4, levels: 0.3, sharpen: 0.2, **SHARED},
}
"""Kind of capture → the probability of each of its effects, in their order."""

CAPTURE_SHARES: Mapping[str, float] = {"photo": 0.55, "scan": 0.23, "copy": 0.1, "screen": 0.12}


def _darken(photo: Photo, share: np.ndarray) -> None:
    small = np.rint(255 * share.clip(0, 1)).astype(np.uint8)
    full = cv2.resize(small, (photo.width, photo.height), interpolation=cv2.INTER_LINEAR_EXACT)
    photo.picture = cv2.multiply(photo.picture, full, scale=1 / 255)


def _look_up(photo: Photo, table: np.ndarray) -> None:
    """Give every grey level another, unless the ink would be lost."""
    steps = np.rint(table).clip(0, 255).astype(np.uint8)
    ground = _ground(photo)
    ink = min(max(ground + (contrast(photo) if photo.is_dark else -contrast(photo)), 0), 255)
    if abs(int(steps[int(ground)]) - int(steps[int(ink)])) >= MIN_CONTRAST:
        photo.picture = cv2.LUT(photo.picture, steps)


def _add_noise(photo: Photo, deviation: float, rng: np.random.Generator, name: str = "noise") -> None:
    grain = cut_texture(name, photo.height, photo.width, rng)
    share = min(deviation, MAX_NOISE * contrast(photo)) / DEVIATION
    photo.picture = add_share(photo.picture, grain, share)


def contrast(photo: Photo) -> float:
    """Measure how far the ink of handwriting is from the ground, in grey levels; 100 where there is none."""
    inked = photo.picture[photo.mask > 0]
    return abs(_ground(photo) - float(np.median(inked))) if len(inked) else 100.0


def _ground(photo: Photo) -> float:
    return float(np.median(photo.picture[::4, ::4]))
