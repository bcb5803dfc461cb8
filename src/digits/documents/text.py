"""The characters of a cell → its text, its confidence, and why somebody should look at it."""

from __future__ import annotations

import numpy as np

from digits.documents.characters import Character, as_boxes, link_numbers
from digits.documents.layout import Place
from digits.inference.results import UNSURE

UNKNOWN = "?"
"""Stands for a digit that is there but was not read."""

NEXT_LINE = 0.6
"""How much lower the middle of a number is, in heights of a digit, if it stands in the next line of its cell."""

NEVER_FIRST = "/:=×%)"
"""Signs that belong to what is before them: at the beginning of a number they are ticks, walls or dots of dirt."""


def write_cell(place: Place, characters: list[Character], size: float) -> tuple[str, float, list[str]]:
    """Write what is in a cell.

    Parameters
    ----------
    place
        The cell.
    characters
        All characters of the page.
    size
        Height of the usual digit, in pixels.

    Returns
    -------
    str, float, list of str
        The text; the confidence of the least certain digit, 1 without any; and sentences on what is doubtful.
    """
    here = [characters[row] for row in place.characters]
    notes = [*place.notes, *filter(None, map(describe_doubt, here))]
    numbers = _find_numbers(place, here, size)
    texts = [text for number in numbers if (text := _write([here[row] for row in number], place.is_comb))]
    if len(texts) > 1:
        notes.append(f"{len(texts)} numbers are in it")
    text = " ".join(texts)
    if text.count("(") != text.count(")"):  # people write brackets in pairs, and 1 much like one of them
        notes.append(f"{'(' if '(' in text else ')'}: could also be a 1")
    read = [each.confidence for each in here if each.is_digit and each.accepted]
    return text, min(read, default=1.0), notes


def list_digits(place: Place, characters: list[Character], size: float) -> list[int]:
    """List the characters that are the digits of a cell's text, those that are unsure too, in its order."""
    here = [characters[row] for row in place.characters]
    order = [row for number in _find_numbers(place, here, size) for row in number]
    return [place.characters[row] for row in order if here[row].is_digit and _is_written(here[row])]


def describe_doubt(character: Character) -> str:
    """Say why a character is doubtful; nothing where it is not."""
    if character.is_digit and not character.accepted:
        return f"not read: {character.doubts[0] if character.doubts else 'something like a digit'}"
    return f"{character.text}: {', '.join(character.doubts)}" if character.doubts else ""


def _find_numbers(place: Place, here: list[Character], size: float) -> list[list[int]]:
    """Find the numbers of a cell, in their order."""
    if place.is_comb:
        return [list(range(len(here)))]
    return _sort(link_numbers(as_boxes(here), size), as_boxes(here), size) if here else []


def _is_written(character: Character) -> bool:
    return character.accepted or bool(character.doubts and character.doubts[0].startswith(UNSURE))


def _sort(numbers: list[list[int]], boxes: np.ndarray, size: float) -> list[list[int]]:
    """Sort the numbers of a cell: line by line, and from left to right."""
    down = [float((boxes[number, 1] + boxes[number, 3] / 2).mean()) for number in numbers]
    order = np.argsort(down, kind="stable")
    lines = np.zeros(len(numbers), np.int64)
    lines[order] = np.concatenate(([0], np.cumsum(np.diff(np.array(down)[order]) > NEXT_LINE * size)))
    left = [float(boxes[number[0], 0]) for number in numbers]
    return [numbers[row] for row in np.lexsort((np.array(left), lines))]


def _write(number: list[Character], is_comb: bool) -> str:
    """Write a number: its accepted digits and the signs beside them; nothing if no digit is in it."""
    kept = [each for each in number if _is_written(each)]
    if is_comb:  # the walls of boxes look like signs
        kept = [each for each in kept if each.is_digit]
    text = "".join(each.text if each.accepted else UNKNOWN for each in kept)
    return text.lstrip(NEVER_FIRST) if any(map(str.isdecimal, text)) or UNKNOWN in text else ""
