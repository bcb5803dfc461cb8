"""How many keys a review takes: the rules of its page, replayed with what is true.

Somebody who knows what is in a cell presses the fewest keys that make it so. The rules are those of
`digits/web/local_page/review.js`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

ENTER, SPACE, BACKSPACE, LEFT, RIGHT = "Enter", "Space", "Backspace", "ArrowLeft", "ArrowRight"


@dataclass(frozen=True)
class Shown:
    """A cell as the page shows it: what is in its boxes, the marked one, and the doubtful ones that are left.

    Attributes
    ----------
    boxes
        A digit, ``?`` or nothing each.
    doubts
        In the order in which they are marked.
    mark
        Counted from 0.
    moved
        Whether somebody has moved the mark: then only Enter decides.
    other
        The boxes of the most probable other number, if it is offered.
    decided
        Whether the cell is decided.
    """

    boxes: tuple[str, ...]
    doubts: tuple[int, ...]
    mark: int = 0
    moved: bool = False
    other: tuple[str, ...] = ()
    decided: bool = False


def show(boxes: Sequence[str], doubts: Sequence[int], other: Sequence[str] = ()) -> Shown:
    """Show a cell: its first doubtful box is marked."""
    return Shown(tuple(boxes), tuple(doubts), doubts[0] if doubts else 0, other=tuple(other))


def offer(boxes: Sequence[str], alternatives: Sequence[tuple[str, float]]) -> tuple[str, ...]:
    """Give the boxes of the most probable other number; none if it has more digits than there are in them, or fewer."""
    written = list(alternatives[0][0].replace(".", "")) if alternatives else []
    if not written or len(written) != sum(map(bool, boxes)):
        return ()
    return tuple(written.pop(0) if each else "" for each in boxes)


def press(cell: Shown, key: str) -> Shown:
    """Press a key."""
    if key in (LEFT, RIGHT):
        mark = min(max(cell.mark + (1 if key == RIGHT else -1), 0), len(cell.boxes) - 1)
        return replace(cell, mark=mark, moved=True)
    if key == ENTER:
        return replace(cell, decided=True)
    if key == SPACE:
        return replace(cell, boxes=cell.other, decided=True) if cell.other else cell
    boxes = list(cell.boxes)
    boxes[cell.mark] = "" if key == BACKSPACE else key
    doubts = tuple(each for each in cell.doubts if each != cell.mark)
    mark = doubts[0] if doubts else min(cell.mark + cell.moved, len(boxes) - 1)
    return replace(cell, boxes=tuple(boxes), doubts=doubts, mark=mark, decided=not doubts and not cell.moved)


def count_keys(cell: Shown, truth: Sequence[str]) -> int:
    """Count the fewest keys that decide on a cell as it is true."""
    wanted, waiting, pressed = tuple(truth), {cell}, 0
    seen = set[Shown]()
    while True:
        pressed += 1
        reached = {press(each, key) for each in waiting for key in _list_keys(each, wanted)}
        if any(each.decided and each.boxes == wanted for each in reached):
            return pressed
        waiting = {each for each in reached if not each.decided} - seen
        seen |= waiting


def _list_keys(cell: Shown, wanted: tuple[str, ...]) -> Iterator[str]:
    yield from (ENTER, SPACE, LEFT, RIGHT, wanted[cell.mark] or BACKSPACE)
