"""What a phone or a scanner makes of a sheet: light, shadow, perspective, blur, noise, compression."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from digits.shapes import Float32, Float64, UInt8

Picture = UInt8[np.ndarray, "_h _w 3"]
Homography = Float64[np.ndarray, "3 3"]


@dataclass(frozen=True, eq=False)
class Shot:
    """How one picture is taken. What is 0 does nothing.

    Attributes
    ----------
    corners
        How far each corner is moved, as shares of width and height: upper left, upper right, lower right, lower left.
    light
        Share of the light that reaches each corner, in the same order.
    vignette
        Share of the light that the corners lose to the lens.
    shadow
        Share of the light that a shadow takes.
    shadow_edge
        Where its edge runs: a point as shares of width and height, and the direction in radians.
    shadow_softness
        Width of the edge, as a share of the longer side.
    blur
        Standard deviation, in pixels.
    shake
        Length of motion blur, in pixels.
    shake_angle
        Its direction in radians.
    noise
        Standard deviation, in grey levels.
    contrast, exposure
        Grey levels g become 128 + contrast × (g − 128) + exposure.
    warmth
        How much redder and less blue the light is, in grey levels.
    quality
        Of the JPEG file, 1–100; 0 leaves it uncompressed.
    """

    corners: Float64[np.ndarray, "4 2"]
    light: Float64[np.ndarray, " 4"]
    vignette: float = 0.0
    shadow: float = 0.0
    shadow_edge: tuple[float, float, float] = (0.5, 0.5, 0.0)
    shadow_softness: float = 0.1
    blur: float = 0.0
    shake: float = 0.0
    shake_angle: float = 0.0
    noise: float = 0.0
    contrast: float = 1.0
    exposure: float = 0.0
    warmth: float = 0.0
    quality: int = 0


STILL = np.zeros((4, 2))
EVEN = np.ones(4)


def draw_shot(rng: np.random.Generator, line_width: float) -> Shot:
    """Decide how a sheet is taken: mostly well by a phone, sometimes badly, sometimes by a scanner.

    Parameters
    ----------
    rng
        Decides.
    line_width
        Width of the thinnest lines, in pixels: blur is bounded by it, so that people can still read the picture.
    """
    if rng.random() < 0.25:
        return Shot(
            STILL + rng.normal(0, 0.004, (4, 2)),
            EVEN,
            blur=rng.uniform(0, 0.3) * line_width,
            noise=rng.exponential(1.5),
            contrast=rng.uniform(1.0, 1.3),
            exposure=rng.uniform(0, 20),
            quality=int(rng.integers(60, 96)),
        )
    bad = rng.random() < 0.2
    turn = rng.normal(0, 0.06 if bad else 0.03)
    about = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)]) / 2
    turned = about @ np.array([(np.cos(turn), np.sin(turn)), (-np.sin(turn), np.cos(turn))]) - about
    return Shot(
        corners=turned + rng.normal(0, 0.03 if bad else 0.012, (4, 2)),
        light=rng.uniform(0.55 if bad else 0.75, 1.0, 4),
        vignette=rng.uniform(0, 0.3) * (rng.random() < 0.4),
        shadow=rng.uniform(0.15, 0.5 if bad else 0.35) * (rng.random() < 0.3),
        shadow_edge=(rng.uniform(0.1, 0.9), rng.uniform(0.1, 0.9), rng.uniform(0, 2 * np.pi)),
        shadow_softness=rng.uniform(0.02, 0.3),
        blur=rng.uniform(0.1, 0.5 if bad else 0.3) * line_width,
        shake=rng.uniform(0, 0.8) * line_width * (rng.random() < (0.4 if bad else 0.1)),
        shake_angle=rng.uniform(0, np.pi),
        noise=rng.exponential(5.0 if bad else 2.5),
        contrast=rng.uniform(0.6 if bad else 0.8, 1.15),
        exposure=rng.normal(0, 12),
        warmth=rng.normal(0, 8),
        quality=int(rng.integers(30 if bad else 55, 96)),
    )


def take(picture: Picture, shot: Shot, rng: np.random.Generator) -> tuple[Picture, Homography]:
    """Take a picture of a sheet.

    Parameters
    ----------
    picture
        The sheet.
    shot
        How.
    rng
        Draws the noise.

    Returns
    -------
    taken, homography
        A picture of the same size, and where points of the sheet lie in it: (x, y, 1) of a pixel's centre, times the
        homography, divided by its third.
    """
    height, width = picture.shape[:2]
    homography = _homography(shot, height, width)
    taken: Picture = picture
    if np.abs(shot.corners).max() * max(height, width) > 0.25:
        taken = _seen_through(picture, homography)
    if shot.blur > 0.2:
        taken = cv2.GaussianBlur(taken, (0, 0), shot.blur)
    if shot.shake >= 1:
        taken = cv2.filter2D(taken, -1, _trail(shot.shake, shot.shake_angle))
    light = _light(shot, height, width)
    if light is not None:
        taken = cv2.multiply(taken, cv2.merge([light, light, light]), scale=1 / 255)
    taken = _developed(taken, shot)
    if shot.noise > 0.3:
        grain = np.rint(rng.standard_normal((height, width), np.float32) * np.float32(shot.noise)).astype(np.int16)
        taken = cv2.add(taken, cv2.merge([grain, grain, grain]), dtype=cv2.CV_8U)
    if shot.quality:
        _, file = cv2.imencode(".jpg", taken, [cv2.IMWRITE_JPEG_QUALITY, shot.quality])
        taken = np.asarray(cv2.imdecode(file, cv2.IMREAD_COLOR))
    return taken, homography


def _homography(shot: Shot, height: int, width: int) -> Homography:
    size = np.array([width - 1, height - 1], np.float64)
    corners = np.array([(0, 0), (1, 0), (1, 1), (0, 1)], np.float64)
    moved = (corners + shot.corners) * size
    matrix: Homography = cv2.getPerspectiveTransform((corners * size).astype(np.float32), moved.astype(np.float32))
    return matrix


def _seen_through(picture: Picture, homography: Homography) -> Picture:
    """Move every point of a picture; what was not on it repeats its border.

    OpenCV's own function rounds differently on different processors; places in 32nds of a pixel do not.
    """
    height, width = picture.shape[:2]
    back = np.linalg.inv(homography)
    x, y = np.arange(width, dtype=np.float64), np.arange(height, dtype=np.float64)[:, None]
    per = 32 / (back[2, 0] * x + back[2, 1] * y + back[2, 2])
    from_x = np.rint((back[0, 0] * x + back[0, 1] * y + back[0, 2]) * per).astype(np.int32)
    from_y = np.rint((back[1, 0] * x + back[1, 1] * y + back[1, 2]) * per).astype(np.int32)
    whole = np.stack((from_x >> 5, from_y >> 5), axis=2).astype(np.int16)
    rest = ((from_y & 31) * 32 + (from_x & 31)).astype(np.uint16)
    seen: Picture = cv2.remap(picture, whole, rest, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return seen


def _light(shot: Shot, height: int, width: int) -> UInt8[np.ndarray, "_h _w"] | None:
    """Share of the light that reaches each pixel, 255 for all of it; None where all of it does everywhere."""
    if (shot.light == 1).all() and not shot.vignette and not shot.shadow:
        return None
    # smooth things are computed small
    rows, columns = min(height, 32), min(width, 32)
    y, x = np.linspace(0, 1, rows)[:, None], np.linspace(0, 1, columns)
    a, b, c, d = shot.light
    light = (a * (1 - x) + b * x) * (1 - y) + (d * (1 - x) + c * x) * y
    light = light * (1 - shot.vignette * ((x - 0.5) ** 2 + (y - 0.5) ** 2) * 2)
    if shot.shadow:
        at_x, at_y, angle = shot.shadow_edge
        distance = (x - at_x) * np.cos(angle) + (y - at_y) * np.sin(angle)
        light = light * (1 - shot.shadow * (0.5 + distance / shot.shadow_softness).clip(0, 1))
    small = np.rint(255 * light.clip(0, 1)).astype(np.uint8)
    full: UInt8[np.ndarray, "_h _w"] = cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR_EXACT)
    return full


def _trail(length: float, angle: float) -> Float32[np.ndarray, "k k"]:
    """Give the path of a point while the camera shakes."""
    side = 2 * int(np.ceil(length / 2)) + 1
    trail = np.zeros((side, side), np.float32)
    middle, reach = side // 2, length / 2
    step = np.rint(16 * reach * np.array([np.cos(angle), np.sin(angle)])).astype(int)
    start, end = (tuple(int(v) for v in 16 * middle + sign * step) for sign in (-1, 1))
    cv2.line(trail, start, end, 1.0, 1, cv2.LINE_AA, 4)
    even: Float32[np.ndarray, "k k"] = trail / trail.sum()
    return even


def _developed(picture: Picture, shot: Shot) -> Picture:
    """Contrast, exposure and white balance: one look-up a channel."""
    levels = 128 + shot.contrast * (np.arange(256) - 128.0) + shot.exposure
    tables = [np.rint(levels + warm).clip(0, 255).astype(np.uint8) for warm in (shot.warmth, 0.0, -shot.warmth)]
    developed: Picture = cv2.LUT(picture, np.stack(tables, axis=1)[None])
    return developed
