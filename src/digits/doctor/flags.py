"""The flags that mend a data set, as settings: `digits train`, `evaluate` and `data check` take the same."""

from __future__ import annotations

from dataclasses import dataclass, fields

from digits.options import check, option


@dataclass(frozen=True)
class Mending:
    """What is changed in a data set before anything else sees it, in this order."""

    transpose: bool = option(False, "Swap rows and columns of every image of --data, as EMNIST needs.")
    mirror: bool = option(False, "Swap left and right, after --transpose.")
    flip: bool = option(False, "Swap top and bottom; with --mirror, half a turn.")
    invert: bool = option(False, "Invert each image that is dark on light.")
    stretch: bool = option(False, "Stretch the greys of each image to 0–255, as pixels of 0–16 need.")
    from_pictures: bool = option(
        False, "Find, scale and centre the digit in each picture, at its full size, as `digits read` does."
    )
    relabel: tuple[int, ...] = option((), "The digits that the labels 0, 1, 2 … stand for, in this order.", "[0, 9]")
    drop_blank: bool = option(False, "Leave out images without ink.")
    drop_duplicates: bool = option(
        False, "Keep each image once, and no image in the training part that is also in the test part."
    )

    def __post_init__(self) -> None:
        check(self)

    @classmethod
    def of(cls, call: Mending) -> Mending:
        """Take the flags of a call that has others too."""
        return Mending(**{field.name: getattr(call, field.name) for field in fields(Mending)})

    @property
    def flags(self) -> str:
        """The flags as they are typed; empty if nothing is mended."""
        words = []
        for name, value in vars(self).items():
            words += [f"--{name.replace('_', '-')}"] if value else []
            words += map(str, value) if isinstance(value, tuple) else []
        return " ".join(words)
