"""A finding: what is wrong with a data set, how much of it, two pictures of it, and what mends it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from digits.shapes import UInt8


@dataclass(frozen=True, eq=False)
class Example:
    """A picture of a finding.

    Attributes
    ----------
    image
        The image as the data set holds it.
    caption
        What it is: its label, what is read in it, where it is.
    """

    image: UInt8[Any, "28 28"]
    caption: str


@dataclass(frozen=True, eq=False)
class Finding:
    """What a check found.

    Attributes
    ----------
    kind
        Its name, such as ``transposed``.
    sentence
        What is wrong, with its number.
    count, total
        How many images it concerns, and of how many; or how many of a sample show it.
    mend
        The flag that mends it, as it is typed; empty if there is none.
    advice
        What to do, in a sentence.
    is_warning
        Whether results are probably wrong because of it; otherwise it is worth knowing.
    examples
        Two pictures or more.
    """

    kind: str
    sentence: str
    count: int
    total: int
    mend: str = ""
    advice: str = ""
    is_warning: bool = True
    examples: tuple[Example, ...] = field(default=(), repr=False)

    @property
    def text(self) -> str:
        """The finding as one paragraph: what is wrong and what to do."""
        return " ".join(filter(None, (self.sentence, self.advice)))

    def to_dict(self) -> dict[str, Any]:
        """Return everything but the pictures as plain values, ready for JSON."""
        return {name: value for name, value in vars(self).items() if name != "examples"}


def share(count: int, total: int) -> str:
    """Write a number with its total and percentage: ``12 of 400 (3 %)``."""
    percent = 100 * count / total
    shown = f"{percent:.2g}" if percent < 1 else f"{percent:.0f}"
    if count < total and shown == "100":
        shown = "> 99"
    return f"{count:,} of {total:,} ({shown} %)"
