"""Photographs and scans of a sheet: light, shadow, perspective, blur, noise, compression."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from digits.shapes import Float32, Float64, UInt8

ColourPicture = UInt8[np.ndarray, "_h _w 3"]
Homography = Float64[np.ndarray, "3 3"]


@dataclass(frozen=True, eq=False)
class Shot:
    """Settings of one photograph; a quantity of 0 has no effect.

    Corners come in the order upper left, upper right, lower right, lower left; angles are in radians.
    """

    corners: Float64[np.ndarray, "4 2"]  # shift of each, as shares of width and height
    light: Float64[np.ndarray, " 4"]  # share of the light that reaches each corner
    vignette: float = 0.0  # share of the light that the corners lose to the lens
    shadow: float = 0.0  # share of the light that a shadow takes
    shadow_edge: tuple[float, float, float] = (0.5, 0.5, 0.0)  # a point on it, as shares of width and height; direction
    shadow_softness: float = 0.1  # width of the edge, as a share of the height and width
    blur: float = 0.0  # standard deviation, in pixels
    shake: float = 0.0  # length of motion blur, in pixels
    shake_angle: float = 0.0  # its direction
    noise: float = 0.0  # standard deviation, in grey levels
    contrast: float = 1.0  # a grey level g becomes 128 + contrast × (g − 128) + exposure
    exposure: float = 0.0
    warmth: float = 0.0  # grey levels added to red and subtracted from blue
    quality: int = 0  # of JPEG, 1–100; 0 is uncompressed


UNMOVED_CORNERS = np.zeros((4, 2))
EVEN_LIGHT = np.ones(4)


def sample_shot(rng: np.random.Generator, line_width: float) -> Shot:
    """Sample a scan or a phone's photograph, usually a good one; thin lines, in pixels, limit the blur."""
    if rng.random() < 0.25:
        return Shot(
            UNMOVED_CORNERS + rng.normal(0, 0.004, (4, 2)),
            EVEN_LIGHT,
            blur=rng.uniform(0, 0.3) * line_width,
            noise=rng.exponential(1.5),
            contrast=rng.uniform(1.0, 1.3),
            exposure=rng.uniform(0, 20),
            quality=int(rng.integers(60, 96)),
        )
    is_bad = rng.random() < 0.2
    angle = rng.normal(0, 0.06 if is_bad else 0.03)
    corners = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)]) / 2
    rotation = corners @ np.array([(np.cos(angle), np.sin(angle)), (-np.sin(angle), np.cos(angle))]) - corners
    return Shot(
        corners=rotation + rng.normal(0, 0.03 if is_bad else 0.012, (4, 2)),
        light=rng.uniform(0.55 if is_bad else 0.75, 1.0, 4),
        vignette=rng.uniform(0, 0.3) * (rng.random() < 0.4),
        shadow=rng.uniform(0.15, 0.5 if is_bad else 0.35) * (rng.random() < 0.3),
        shadow_edge=(rng.uniform(0.1, 0.9), rng.uniform(0.1, 0.9), rng.uniform(0, 2 * np.pi)),
        shadow_softness=rng.uniform(0.02, 0.3),
        blur=rng.uniform(0.1, 0.5 if is_bad else 0.3) * line_width,
        shake=rng.uniform(0, 0.8) * line_width * (rng.random() < (0.4 if is_bad else 0.1)),
        shake_angle=rng.uniform(0, np.pi),
        noise=rng.exponential(5.0 if is_bad else 2.5),
        contrast=rng.uniform(0.6 if is_bad else 0.8, 1.15),
        exposure=rng.normal(0, 12),
        warmth=rng.normal(0, 8),
        quality=int(rng.integers(30 if is_bad else 55, 96)),
    )


def photograph_sheet(picture: ColourPicture, shot: Shot, rng: np.random.Generator) -> tuple[ColourPicture, Homography]:
    """Photograph a sheet; the noise comes from `rng`.

    Returns
    -------
    photo, homography
        A picture of the same size, and the mapping into it: the homography times (x, y, 1) of a pixel's centre on the
        sheet, divided by the third component.
    """
    height, width = picture.shape[:2]
    homography = _homography(shot, height, width)
    photo: ColourPicture = picture
    if np.abs(shot.corners).max() * max(height, width) > 0.25:
        photo = _warp(picture, homography)
    if shot.blur > 0.2:
        photo = cv2.GaussianBlur(photo, (0, 0), shot.blur)
    if shot.shake >= 1:
        photo = cv2.filter2D(photo, -1, _motion_kernel(shot.shake, shot.shake_angle))
    light = _light_map(shot, height, width)
    if light is not None:
        photo = cv2.multiply(photo, cv2.merge([light, light, light]), scale=1 / 255)
    photo = _adjust_levels(photo, shot)
    if shot.noise > 0.3:
        grain = np.rint(rng.standard_normal((height, width), np.float32) * np.float32(shot.noise)).astype(np.int16)
        photo = cv2.add(photo, cv2.merge([grain, grain, grain]), dtype=cv2.CV_8U)
    if shot.quality:
        _, file = cv2.imencode(".jpg", photo, [cv2.IMWRITE_JPEG_QUALITY, shot.quality])
        photo = np.asarray(cv2.imdecode(file, cv2.IMREAD_COLOR))
    return photo, homography


def _homography(shot: Shot, height: int, width: int) -> Homography:
    size = np.array([width - 1, height - 1], np.float64)
    corners = np.array([(0, 0), (1, 0), (1, 1), (0, 1)], np.float64)
    moved = (corners + shot.corners) * size
    return cv2.getPerspectiveTransform((corners * size).astype(np.float32), moved.astype(np.float32))


def _warp(picture: ColourPicture, homography: Homography) -> ColourPicture:
    """Map every point of a picture, and repeat its border where it ends.

    OpenCV's own function rounds differently on different processors; coordinates in 32nds of a pixel do not.
    """
    height, width = picture.shape[:2]
    back = np.linalg.inv(homography)
    x, y = np.arange(width, dtype=np.float64), np.arange(height, dtype=np.float64)[:, None]
    per = 32 / (back[2, 0] * x + back[2, 1] * y + back[2, 2])
    from_x = np.rint((back[0, 0] * x + back[0, 1] * y + back[0, 2]) * per).astype(np.int32)
    from_y = np.rint((back[1, 0] * x + back[1, 1] * y + back[1, 2]) * per).astype(np.int32)
    whole = np.stack((from_x >> 5, from_y >> 5), axis=2).astype(np.int16)
    rest = ((from_y & 31) * 32 + (from_x & 31)).astype(np.uint16)
    return cv2.remap(picture, whole, rest, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def _light_map(shot: Shot, height: int, width: int) -> UInt8[np.ndarray, "_h _w"] | None:
    """Compute the share of the light at each pixel, 255 for all of it; None if all pixels have all of it."""
    if (shot.light == 1).all() and not shot.vignette and not shot.shadow:
        return None
    # light is smooth, so that a small map is enough
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


def _motion_kernel(length: float, angle: float) -> Float32[np.ndarray, "k k"]:
    """Draw the path of a point while the camera shakes."""
    side = 2 * int(np.ceil(length / 2)) + 1
    kernel = np.zeros((side, side), np.float32)
    middle, reach = side // 2, length / 2
    step = np.rint(16 * reach * np.array([np.cos(angle), np.sin(angle)])).astype(int)
    start, end = (tuple(int(v) for v in 16 * middle + sign * step) for sign in (-1, 1))
    cv2.line(kernel, start, end, 1.0, 1, cv2.LINE_AA, 4)
    kernel /= kernel.sum()
    return kernel


def _adjust_levels(picture: ColourPicture, shot: Shot) -> ColourPicture:
    """Apply contrast, exposure and white balance: one look-up table per channel."""
    levels = 128 + shot.contrast * (np.arange(256) - 128.0) + shot.exposure
    tables = [np.rint(levels + warm).clip(0, 255).astype(np.uint8) for warm in (shot.warmth, 0.0, -shot.warmth)]
    return cv2.LUT(picture, np.stack(tables, axis=1)[None])
