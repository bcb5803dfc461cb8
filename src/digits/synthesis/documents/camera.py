"""How a page comes into a picture: turned, in perspective, curled, on its table; with the truth at the new places."""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np

from digits.shapes import Bool, Float64, UInt8, UInt16
from digits.synthesis.camera import Homography
from digits.synthesis.documents.grounds import sample_surround, sample_table
from digits.synthesis.documents.page import Page
from digits.synthesis.documents.resampling import interpolate_at, nearest_at
from digits.synthesis.documents.truth import Document, Truth, Walls

Points = Float64[np.ndarray, "k 2"]

SLACK = 0.2  # of a pixel, by which ink may lie beyond its box: less than a third of a pixel is invisible
MIN_CONTRAST = 6.0  # grey levels between ink and ground, below which effects have erased a character
MIN_VISIBLE = 0.02  # of a character's box, from which it belongs to the truth


@dataclass(frozen=True, eq=False)
class View:
    """A place in the page for every place in the picture, and back.

    The sheet is curled first: what lies at (x, y) moves down by `curl` × sin(`waves` · (x, 1)). The homography then
    maps it into the picture.
    """

    homography: Homography
    curl: float = 0.0  # pixels
    waves: tuple[float, float] = (0.0, 0.0)  # radians per pixel, and at x = 0

    def into_picture(self, points: Points) -> Points:
        """Map points of the page into the picture."""
        x, y = points.T
        y = y + self.curl * np.sin(self.waves[0] * x + self.waves[1])
        mapped = np.stack((x, y, np.ones_like(x)), axis=1) @ self.homography.T
        inside: Points = mapped[:, :2] / mapped[:, 2:]
        return inside

    def onto_page(self, height: int, width: int) -> tuple[Float64[np.ndarray, "h w"], Float64[np.ndarray, "h w"]]:
        """Compute x and y on the page for every pixel of a picture."""
        back = np.linalg.inv(self.homography)
        x, y = np.arange(width, dtype=np.float64), np.arange(height, dtype=np.float64)[:, None]
        per = 1 / (back[2, 0] * x + back[2, 1] * y + back[2, 2])
        page_x = (back[0, 0] * x + back[0, 1] * y + back[0, 2]) * per
        page_y = (back[1, 0] * x + back[1, 1] * y + back[1, 2]) * per
        if self.curl:
            page_y -= self.curl * np.sin(self.waves[0] * page_x + self.waves[1])
        return page_x, page_y


@dataclass(eq=False)
class Photo:
    """A picture of a page while effects change it in place.

    Attributes
    ----------
    picture
        Grey, 0–255.
    unit
        Height of the usual handwritten digit, in pixels.
    mask
        As in `Truth`, by place among the page's characters.
    covered
        What lies before the page.
    is_dark
        Whether the ink is lighter than the page.
    """

    picture: UInt8[np.ndarray, "h w"]
    unit: float
    mask: UInt16[np.ndarray, "h w"]
    is_dark: bool
    covered: Bool[np.ndarray, "h w"] = field(init=False)

    def __post_init__(self) -> None:
        self.covered = np.zeros(self.picture.shape, bool)

    @property
    def height(self) -> int:
        """In pixels."""
        return int(self.picture.shape[0])

    @property
    def width(self) -> int:
        """In pixels."""
        return int(self.picture.shape[1])


def take(page: Page, view: View, size: tuple[int, int], is_photo: bool, rng: np.random.Generator) -> Photo:
    """Take a picture, of a height and width in pixels, of a page: on a table, or else in a scanner or on a screen."""
    height, width = size
    x, y = view.onto_page(height, width)
    picture, mask = interpolate_at(page.picture, x, y), nearest_at(page.mask, x, y)
    beyond = (x < 0) | (y < 0) | (x > page.width - 1) | (y > page.height - 1)
    if beyond.any():
        edge = cv2.blur(np.where(beyond, np.uint8(0), np.uint8(255)), (3, 3))
        table = (sample_table if is_photo else sample_surround)(height, width, rng)
        if is_photo:
            # the sheet casts a little shadow
            shadow = cv2.convertScaleAbs(cv2.blur(edge, (9, 9)), alpha=0.5)
            table = cv2.multiply(table, 255 - shadow, scale=1 / 255)
        picture = cv2.add(cv2.multiply(picture, edge, scale=1 / 255), cv2.multiply(table, 255 - edge, scale=1 / 255))
    scale = float(np.sqrt(abs(np.linalg.det(view.homography[:2, :2]))))
    return Photo(picture, page.unit * scale, mask, page.is_dark)


def describe(photo: Photo, page: Page, view: View) -> Document:
    """Say where everything written on the page is in a picture of it."""
    characters, walls = page.characters, _map_walls(page, view)
    if not characters:
        return Document(photo.picture, _select(photo, page, np.zeros((0, 4)), np.zeros(0), np.zeros(0)), walls)
    starts = np.cumsum([0, *(len(each.outline) for each in characters[:-1])])
    outlines = np.concatenate([each.outline for each in characters]).astype(np.float64)
    on_page = outlines.clip(0, (page.width, page.height))
    # outlines are of pixels' edges, views of their centres
    mapped = view.into_picture(on_page - 0.5) + 0.5
    in_picture = mapped.clip(0, (photo.width, photo.height))
    visible = _areas(on_page, starts) / _areas(outlines, starts) * _areas(in_picture, starts) / _areas(mapped, starts)
    visible[list(page.hidden)] = 0
    low, high = np.minimum.reduceat(in_picture, starts), np.maximum.reduceat(in_picture, starts)
    corners = np.concatenate((np.floor(low + SLACK), np.ceil(high - SLACK)), axis=1)
    angles = np.array([each.angle for each in characters])
    centres = np.add.reduceat(outlines, starts) / np.diff(starts, append=len(outlines))[:, None]
    step = np.stack((np.cos(angles), np.sin(angles)), axis=1)
    ahead = view.into_picture(centres + step) - view.into_picture(centres)
    truth = _select(photo, page, corners, visible, np.arctan2(ahead[:, 1], ahead[:, 0]))
    return Document(photo.picture, truth, walls)


def _map_walls(page: Page, view: View) -> Walls:
    if not page.walls:
        return Walls()
    points = np.stack([each for each, _ in page.walls])
    mapped = view.into_picture(points.reshape(-1, 2) - 0.5) + 0.5
    return Walls(mapped.reshape(points.shape).astype(np.float32), np.array([is_level for _, is_level in page.walls]))


def _areas(points: Points, starts: np.ndarray) -> Float64[np.ndarray, " n"]:
    """Compute the areas of the boxes around groups of points, never quite 0."""
    sides = np.maximum.reduceat(points, starts) - np.minimum.reduceat(points, starts)
    areas: Float64[np.ndarray, " n"] = sides.prod(1).clip(1e-9)
    return areas


def _contrast(picture: UInt8[np.ndarray, "_h _w"], is_ink: Bool[np.ndarray, "_h _w"]) -> float:
    """Measure how far ink is from the ground around it, in grey levels; without a mask, how far all pixels differ."""
    if not is_ink.any() or is_ink.all():
        return float(np.ptp(picture))
    return abs(float(picture[is_ink].mean()) - float(picture[~is_ink].mean()))


def _select(
    photo: Photo,
    page: Page,
    corners: Float64[np.ndarray, "n 4"],
    visible: Float64[np.ndarray, " n"],
    directions: Float64[np.ndarray, " n"],
) -> Truth:
    """Keep the characters of which something is visible, and number the mask by them."""
    boxes = corners.astype(np.int64)
    boxes[:, 2:] -= boxes[:, :2]
    shown = np.flatnonzero((visible > MIN_VISIBLE) & (boxes[:, 2:] > 0).all(1))
    for row in shown:
        x, y, width, height = boxes[row]
        place = slice(y, y + height), slice(x, x + width)
        visible[row] *= 1 - photo.covered[place].mean()
        visible[row] *= _contrast(photo.picture[place], photo.mask[place] == row + 1) > MIN_CONTRAST
    shown = shown[visible[shown] > MIN_VISIBLE]
    chosen = [page.characters[row] for row in shown]
    printed = np.array([each.printed for each in chosen], bool)
    mask = np.zeros_like(photo.mask)
    for number in np.flatnonzero(~printed):
        x, y, width, height = boxes[shown[number]]
        place = slice(y, y + height), slice(x, x + width)
        # whoever learns from boxes and mask must not find them to differ by a rounded pixel
        mask[place][photo.mask[place] == shown[number] + 1] = number + 1
    mask[photo.covered] = 0
    return Truth(
        labels=np.array([each.label for each in chosen], np.uint8),
        boxes=boxes[shown],
        lines=np.array([each.line for each in chosen], np.int64),
        orders=np.array([each.order for each in chosen], np.int64),
        directions=directions[shown].astype(np.float32),
        printed=printed,
        struck=np.array([row in page.struck for row in shown], bool),
        visible=visible[shown].astype(np.float32),
        mask=mask,
    )
