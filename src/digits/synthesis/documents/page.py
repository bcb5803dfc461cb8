"""A page while it is drawn: grey, seen straight from above, with the truth of everything that is written on it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

import numpy as np

from digits.preprocessing.ink import Ink
from digits.shapes import Float64, UInt8, UInt16
from digits.synthesis.documents.fonts import BASE_LINE, EM, Font
from digits.synthesis.documents.hands import Hand
from digits.synthesis.documents.inks import draw_ink, grain_ink, is_ink, outline, rotation
from digits.synthesis.documents.resampling import interpolate_at, nearest_at
from digits.synthesis.documents.truth import LABELS, Character

Pixels: TypeAlias = "float | int | np.integer[Any]"
"""A place or length on a page."""


@dataclass(eq=False)
class Page:
    """A page while it is drawn. Layouts and effects on paper change it in place.

    Attributes
    ----------
    picture
        Grey, 0–255.
    mask
        As in `Truth`, by place in `characters`.
    unit
        Height of the usual handwritten digit, in pixels: what layouts measure in.
    hands
        Who may write on it; the first is its owner.
    fonts
        What may be printed on it; the first is that of its text.
    ink
        Grey level of its print.
    characters
        What is written so far.
    struck, hidden
        Places in `characters` of what was struck through, and of what something was laid over.
    walls
        Points along each line that parts cells, and whether it is level.
    """

    picture: UInt8[np.ndarray, "h w"]
    unit: float | int
    hands: tuple[Hand, ...]
    fonts: tuple[Font, ...]
    ink: float | int
    is_dark: bool = False
    mask: UInt16[np.ndarray, "h w"] = field(init=False)
    characters: list[Character] = field(default_factory=list)
    struck: set[int] = field(default_factory=set)
    hidden: set[int] = field(default_factory=set)
    walls: list[tuple[Float64[np.ndarray, "9 2"], bool]] = field(default_factory=list)
    lines: int = 0

    def __post_init__(self) -> None:
        self.mask = np.zeros(self.picture.shape, np.uint16)

    @property
    def height(self) -> int:
        """In pixels."""
        return int(self.picture.shape[0])

    @property
    def width(self) -> int:
        """In pixels."""
        return int(self.picture.shape[1])

    def fit(self, n: int) -> float:
        """Make the unit so small that the shorter side has room for n of it; return it."""
        self.unit = min(float(self.unit), min(self.height, self.width) / n)
        return self.unit

    def stamp(self, ink: Ink, x: Pixels, y: Pixels, level: float | int, darkness: float = 1.0, label: int = 0) -> None:
        """Put ink on the page, its upper left corner at x, y; a `label` above 0 goes into the mask."""
        left, top = round(x), round(y)
        rows = slice(max(top, 0), min(top + ink.shape[0], self.height))
        columns = slice(max(left, 0), min(left + ink.shape[1], self.width))
        if rows.start >= rows.stop or columns.start >= columns.stop:
            return
        ink = ink[rows.start - top : rows.stop - top, columns.start - left : columns.stop - left]
        ground = self.picture[rows, columns]
        share = round(256 * darkness)
        blended = ground + (((float(level) - ground) * (ink * np.int32(share) >> 8)) / 255).astype(np.int16)
        # ink never lightens dark lines below it, and chalk never darkens light ones
        pick = np.maximum if self.is_dark else np.minimum
        self.picture[rows, columns] = pick(ground, blended).clip(0, 255)
        if label:
            self.mask[rows, columns][is_ink(ink)] = label

    def darker(self, ground: UInt8[np.ndarray, "..."], level: float | int) -> UInt8[np.ndarray, "..."]:
        """Choose what is seen of ground and a grey level on it: the darker, or on dark pages the lighter."""
        pick = np.maximum if self.is_dark else np.minimum
        seen: UInt8[np.ndarray, "..."] = pick(ground, np.uint8(min(max(level, 0), 255)))
        return seen

    def level_of(self, hand: Hand) -> float:
        """Give the grey level of a hand's ink: chalk on dark pages."""
        return 255 - hand.level / 3 if self.is_dark else hand.level

    def new_line(self) -> int:
        """Begin a line of characters, and return its number."""
        self.lines += 1
        return self.lines - 1

    def write(
        self,
        text: str,
        x: Pixels,
        y: Pixels,
        rng: np.random.Generator,
        *,
        hand: Hand | None = None,
        height: Pixels | None = None,
        angle: float = 0.0,
        bow: float = 0.0,
        gap: float | None = None,
        line: int | None = None,
        order: int = 0,
    ) -> tuple[float, float]:
        """Write digits, signs and spaces by hand, from x on the base line y; return where the line ends.

        Parameters
        ----------
        text
            Of `CHARACTERS` and spaces.
        x, y
            Pixels.
        rng
            Source of everything random.
        hand
            Who writes; the page's owner by default.
        height
            Of a digit in pixels; the page's unit by default.
        angle
            Of the line, in radians; above 0 it falls.
        bow
            Change of the angle, in radians per digit.
        gap
            Between neighbours, in heights; below 0 they overlap. The hand's by default.
        line, order
            Number of a line that this belongs to, and the place in it of the first character; a new line by default.
        """
        hand = hand or self.hands[0]
        left, base, height = float(x), float(y), float(height or self.unit)
        gap = hand.gap if gap is None else gap
        line = self.new_line() if line is None else line
        for character in text:
            if character == " ":
                step = (0.6 + gap + rng.exponential(0.1)) * height
            elif not (-height < left < self.width and -height < base < self.height + 1.5 * height):
                # nothing of it would be seen
                step, order = (0.6 + gap) * height, order + 1
            else:
                ink, foot = hand.draw(character, height, angle, rng)
                turned = abs(np.sin(angle)) * ink.shape[1] / 2
                label = len(self.characters) + 1
                # a turned digit stands on the line with the middle of its foot
                top = base + foot - ink.shape[0] + turned * (angle > 0)
                self._add(character, ink, left, top, line, order, angle, printed=False)
                self._stamp_grained(ink, left, top, hand, label, rng)
                order += 1
                step = ink.shape[1] * max(np.cos(angle), 0.3) + gap * height
                step += rng.normal(0, 0.02 + 0.12 * max(gap, 0)) * height
            left += step * np.cos(angle)
            base += step * np.sin(angle)
            angle += bow
        return left, base

    def write_words(
        self,
        text: str,
        x: Pixels,
        y: Pixels,
        rng: np.random.Generator,
        hand: Hand,
        height: Pixels,
        *,
        is_clear: bool = False,
    ) -> float:
        """Write words of letters, or symbols, by hand, and return where they end.

        Unless it is clear that none is a digit, they are never so large that a part of the page could show a letter
        alone, which may be just like one.
        """
        left, height = float(x), float(height) if is_clear else min(float(height), self.height / 14)
        for word in text.split():
            ink, foot = hand.draw_word(word, height, rng)
            self._stamp_grained(ink, left, y + foot - ink.shape[0], hand, 0, rng)
            left += ink.shape[1] + rng.uniform(0.3, 0.6) * height
        return left

    def print(
        self, text: str, x: Pixels, y: Pixels, size: Pixels, font: Font | None = None, level: float | int | None = None
    ) -> float:
        """Print a line of text, `size` pixels from line to line, its base line at y; return where it ends.

        Digits, and signs beside them, become characters.
        """
        font, x, size = font or self.fonts[0], float(x), float(size)
        ink, boxes = font.draw(text, size)
        top = y - BASE_LINE / EM * size
        self.stamp(ink, x, top, self.ink if level is None else level)
        line, order = -1, 0
        for place, character in enumerate(text):
            around = text[max(place - 1, 0) : place + 2]
            is_drawn = character in font.characters
            if not is_drawn or character not in LABELS or not any(each.isdigit() for each in around):
                line = -1 if character == " " else line
                continue
            if line < 0:
                line, order = self.new_line(), 0
            left, upper, right, lower = boxes[place]
            corners = np.array([(left, upper), (right, upper), (right, lower), (left, lower)], np.float32)
            offset = np.array([round(x), round(top)], np.float32)
            self.characters.append(Character(LABELS[character], corners + offset, line, order, 0.0, True))
            order += 1
        return x + float(boxes[-1, 2]) if len(text) else x

    def stroke(
        self, points: Float64[np.ndarray, "k 2"], width: Pixels, level: float | int, darkness: float = 1.0
    ) -> None:
        """Draw a line through points, all in pixels: no character, whoever draws it."""
        pen_down = np.ones(len(points), bool)
        pen_down[-1] = False
        self.stamp(
            *draw_ink(np.asarray(points, np.float64), pen_down, np.full(len(points), max(float(width), 0.5))),
            level,
            darkness,
        )

    def wall(self, points: Float64[np.ndarray, "9 2"], *, is_level: bool) -> None:
        """Note that a line parts cells."""
        self.walls.append((points, is_level))

    def strike(self, first: int, last: int) -> None:
        """Note that the characters from `first` to before `last` were struck through."""
        self.struck.update(range(first, last))

    def tilt(self, left: Pixels, top: Pixels, right: Pixels, bottom: Pixels, first: int, angle: float) -> None:
        """Turn a part of the page around its middle, as what is glued on askew, with all characters from `first` on."""
        rows, columns = slice(max(round(top), 0), round(bottom)), slice(max(round(left), 0), round(right))
        part = self.picture[rows, columns]
        height, width = part.shape
        if not part.size:
            return
        turn = rotation(angle)
        middle = np.array([width - 1, height - 1]) / 2
        grid = np.mgrid[:height, :width][::-1].reshape(2, -1).T - middle
        x, y = (grid @ turn + middle).T.reshape(2, height, width)
        self.picture[rows, columns] = interpolate_at(part, x, y)
        self.mask[rows, columns] = nearest_at(self.mask[rows, columns], x, y)
        # outlines are of pixels' edges, and the middle of their centres
        about = middle + 0.5 + (columns.start, rows.start)
        for place, (points, is_level) in enumerate(self.walls):
            x, y = points.mean(0)
            if columns.start <= x < columns.start + width and rows.start <= y < rows.start + height:
                self.walls[place] = (points - about) @ turn.T + about, is_level
        for place in range(first, len(self.characters)):
            each = self.characters[place]
            turned = ((each.outline - about) @ turn.T + about).astype(np.float32)
            self.characters[place] = replace(each, outline=turned, angle=each.angle + angle)

    def hide(self, left: Pixels, top: Pixels, right: Pixels, bottom: Pixels) -> None:
        """Note that something was laid over a part of the page, and with it over characters whose middle is there."""
        for place, character in enumerate(self.characters):
            x, y = character.outline.mean(0)
            if left < x < right and top < y < bottom:
                self.hidden.add(place)

    def _add(
        self, character: str, ink: Ink, x: Pixels, y: Pixels, line: int, order: int, angle: float, printed: bool
    ) -> None:
        self.characters.append(
            Character(
                LABELS[character],
                outline(ink) + np.array([round(x), round(y)], np.float32),
                line,
                order,
                angle,
                printed,
            )
        )

    def _stamp_grained(self, ink: Ink, x: Pixels, y: Pixels, hand: Hand, label: int, rng: np.random.Generator) -> None:
        """Stamp ink of a hand; pencil and chalk do not reach the hollows of the paper."""
        grain = max(hand.grain, 0.3 * self.is_dark)
        self.stamp(grain_ink(ink, grain, rng) if grain > 0.1 else ink, x, y, self.level_of(hand), hand.darkness, label)
