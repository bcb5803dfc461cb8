"""What reading returns: digits with confidences and doubts, and the text they form."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from digits.errors import DataError, UsageError
from digits.files import write_output
from digits.inference.drawing import ACCEPTED, DOUBTFUL, REJECTED, draw_box, encode_png, fit
from digits.inference.inputs import decode_source
from digits.shapes import Float32, UInt8
from digits.version import __version__

if TYPE_CHECKING:
    from PIL import Image

Box = tuple[int, int, int, int]
"""Left, top, width and height."""

MAX_ALTERNATIVES = 3
MIN_ALTERNATIVE = 0.001  # probability; less likely alternatives are not listed

MIN_RIVAL = 0.2  # probability of another class from which an accepted digit is doubted

PLOT_SIZE = 1000, 700  # pixels

NO_INK = "no ink"
UNSURE = "unsure: "
UNLIKE_DIGITS = "nothing like a digit"
MAX_LISTED = 3  # rejected digits of a picture that its notice lists


@dataclass(frozen=True, eq=False)
class Digit:
    """One digit, or rejected ink.

    Attributes
    ----------
    value
        The most probable class, 0–9.
    confidence
        Its calibrated probability, 0–1; on a page, revised by the other digits.
    accepted
        Whether the model's confidence reaches its threshold, and on a page, whether this is more probably a digit than
        not by what both networks see. Rejected ink is probably not a digit, and not in the text.
    box
        Left, top, width and height of the ink, in pixels of the upright picture.
    probabilities
        One per class.
    image
        The 28×28 pixels that the network received.
    doubts
        Reasons to check this digit; empty for most. The first of a rejected digit says why it was rejected, such as
        ``unsure: 1 or 7``.
    """

    value: int
    confidence: float
    accepted: bool
    box: Box
    probabilities: Float32[np.ndarray, "10"] = field(repr=False)
    image: UInt8[np.ndarray, "28 28"] = field(repr=False)
    doubts: tuple[str, ...] = ()

    @property
    def alternatives(self) -> tuple[tuple[int, float], ...]:
        """The next most probable classes with their probabilities, in falling order."""
        order = [value for value in rank_classes(self.probabilities) if value != self.value]
        listed = [(value, float(self.probabilities[value])) for value in order[:MAX_ALTERNATIVES]]
        return tuple(pair for pair in listed if pair[1] >= MIN_ALTERNATIVE)

    @property
    def colour(self) -> str:
        """Green; orange with doubts; red when rejected: how pictures of a reading mark it, as ``#rrggbb``."""
        return REJECTED if not self.accepted else DOUBTFUL if self.doubts else ACCEPTED

    def to_dict(self) -> dict[str, Any]:
        """Give value, confidence, box, accepted, alternatives and doubts, ready for JSON."""
        return {
            "value": self.value,
            "confidence": round(self.confidence, 4),
            "box": list(self.box),
            "accepted": self.accepted,
            "alternatives": [[value, round(probability, 4)] for value, probability in self.alternatives],
            "doubts": list(self.doubts),
        }

    def _repr_png_(self) -> bytes:
        return encode_png(fit(self.image, 112, 112))


@dataclass(frozen=True, eq=False)
class Sign:
    """A sign between digits, such as a decimal point.

    Attributes
    ----------
    value
        One character of ``. , - / : + = ( ) × %``.
    confidence
        Probability that it is this sign, 0–1.
    box
        As of a `Digit`.
    """

    value: str
    confidence: float
    box: Box

    def to_dict(self) -> dict[str, Any]:
        """Give value, confidence and box, ready for JSON."""
        return {"value": self.value, "confidence": round(self.confidence, 4), "box": list(self.box)}


@dataclass(frozen=True, eq=False)
class Reading:
    """The digits of one picture; its length and iteration are those of `digits`.

    Attributes
    ----------
    file
        The picture's name.
    lines
        The accepted digits and the signs of each written line, with a space at each wide gap; lines without a digit
        are left out.
    digits
        Everything found that may be a digit, accepted or rejected, in reading order.
    signs
        The signs, in reading order.
    model
        Name of the model that read it.
    printed, struck
        How many digits and signs were left out because they are printed, or struck through.
    size
        Width and height of the upright picture, in pixels.
    turned
        Degrees by which the picture was turned counter-clockwise before reading: 0, 90, 180 or 270. Boxes refer to
        the picture as it was given.
    source
        What was read: a path, bytes or an array; decoded again whenever the reading is drawn.
    has_ink
        Whether anything was found that may have been written.
    """

    file: str
    lines: tuple[str, ...]
    digits: tuple[Digit, ...] = field(repr=False)
    size: tuple[int, int] = (0, 0)
    turned: int = 0
    source: Any = field(default=None, repr=False)
    has_ink: bool = True
    signs: tuple[Sign, ...] = field(default=(), repr=False)
    printed: int = 0
    struck: int = 0
    model: str = ""

    @property
    def text(self) -> str:
        """The lines, one below the other."""
        return "\n".join(self.lines)

    @property
    def digit_lines(self) -> tuple[str, ...]:
        """The lines without their signs: decimal points and commas vanish, any other sign becomes a space."""
        return tuple(drop_signs(line) for line in self.lines)

    @property
    def notice(self) -> str:
        """What the text does not say: what was rejected, and why nothing was read; empty if all was accepted."""
        left_out = [
            f"{count} {what} left out"
            for count, what in ((self.printed, "printed"), (self.struck, "struck through"))
            if count
        ]
        if not self.digits:
            why = left_out or [UNLIKE_DIGITS if self.has_ink else NO_INK]
            return "; ".join(["no digit read", *why])
        rejected = [digit for digit in self.digits if not digit.accepted]
        if rejected:
            count = "no digit read" if len(rejected) == len(self) else f"{len(rejected)} of {len(self)} rejected"
            left_out = [count, summarize_rejected([digit.doubts[0] for digit in rejected]), *left_out]
        return "; ".join(left_out)

    def __str__(self) -> str:
        return self.text

    def __len__(self) -> int:
        return len(self.digits)

    def __iter__(self) -> Iterator[Digit]:
        return iter(self.digits)

    def to_dict(self) -> dict[str, Any]:
        """Give all but the source, with the version of digits, ready for JSON."""
        return {
            "file": self.file,
            "text": self.text,
            "lines": list(self.lines),
            "digit_lines": list(self.digit_lines),
            "notice": self.notice,
            "digits": [digit.to_dict() for digit in self.digits],
            "signs": [sign.to_dict() for sign in self.signs],
            "size": list(self.size),
            "turned": self.turned,
            "model": self.model,
            "version": __version__,
        }

    def plot(self) -> Image.Image:
        """Draw the picture with a box and the value of each digit: green; orange with doubts; red when rejected."""
        from PIL import ImageDraw

        image = fit(decode_source(self.source, self.file).picture, *PLOT_SIZE)
        pen, scale = ImageDraw.Draw(image), (image.width / self.size[0], image.height / self.size[1])
        for digit in self.digits:
            draw_box(pen, digit.box, str(digit.value), digit.colour, scale=scale)
        return image

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write `plot` to a file; its suffix names the format, such as ``.png`` or ``.jpg``."""
        from PIL import Image

        image, path = self.plot(), Path(path)
        if path.suffix.lower() not in Image.registered_extensions():
            raise UsageError(f"{path}: name a picture format, such as {path.stem}.png")
        content = io.BytesIO()
        image.save(content, Image.registered_extensions()[path.suffix.lower()])
        write_output(path, content.getvalue())

    def _repr_png_(self) -> bytes | None:
        try:
            return encode_png(self.plot())
        except DataError:  # the file is gone; the notebook falls back to the text
            return None


def drop_signs(line: str) -> str:
    """Drop the signs of a line: decimal points and commas vanish, any other sign becomes a space."""
    kept = (each if each.isdecimal() else "" if each in ".," else " " for each in line)
    return " ".join("".join(kept).split())


def rank_classes(probabilities: Float32[np.ndarray, "10"]) -> list[int]:
    """Order the classes from the most to the least probable."""
    order: list[int] = (-probabilities).argsort(kind="stable").tolist()
    return order


def describe_doubt(probabilities: Float32[np.ndarray, "10"], accepted: bool, threshold: float) -> str:
    """Say in words which other classes a digit may be, or why it was rejected; nothing where there is no doubt."""
    first, second, *_ = rank_classes(probabilities)
    if accepted:
        rivals = [each for each in np.flatnonzero(probabilities >= MIN_RIVAL).tolist() if each != first]
        return f"could also be {' or '.join(map(_with_article, rivals))}" if rivals else ""
    if is_unsure(probabilities, threshold):
        return f"{UNSURE}{first} or {second}"
    return f"probably not a digit, closest match {first}"


def is_unsure(probabilities: Float32[np.ndarray, "10"], threshold: float) -> bool:
    """Whether the model would accept the two most probable classes as one, but neither alone.

    Most of the rejected digits in other people's pictures are unsure in this sense, and few outliers are.
    """
    second, first = np.partition(probabilities, -2)[-2:].tolist()
    return bool(first < threshold <= first + second)


def summarize_rejected(reasons: Sequence[str]) -> str:
    """Summarize why digits were rejected: one in full, of several those that may be digits."""
    if len(reasons) == 1:
        return reasons[0]
    unsure = [reason for reason in reasons if reason.startswith(UNSURE)]
    listed = unsure[:MAX_LISTED]
    more = len(unsure) - len(listed)
    rest = len(reasons) - len(unsure)
    return "; ".join([*listed, *[f"{more} more unsure"] * (more > 0), *[_count_non_digits(rest)] * (rest > 0)])


def _count_non_digits(count: int) -> str:
    return f"{count} probable non-digit{'s' if count > 1 else ''}"


def _with_article(value: int) -> str:
    return f"{'an' if value == 8 else 'a'} {value}"
