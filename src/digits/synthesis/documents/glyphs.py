"""Glyphs of the signs beside digits and of the letters in words, in the notation of `digits.synthesis.glyphs`.

Unlike the glyphs of outliers, these are never seen alone: a letter that looks like a digit stands in a word, and an
upright bar between digits.
"""

from __future__ import annotations

import re

from digits.synthesis.outlier_glyphs import LETTERS as CLEAR_LETTERS
from digits.synthesis.outlier_glyphs import SIGNS as CLEAR_SIGNS

SIGNS: dict[str, tuple[str, ...]] = {
    ".": ("2,94 6,96 4,99", "6,90 2,96 8,99 10,92 6,90", "8,92 4,97 2,102", "2,97 5,98"),
    ",": (
        *("8,90 8,100 2,114", "4,84 14,92 12,104 0,118", "12,86 7,101 2,116", "16,80 12,104 0,128"),
        *("6,88 10,92 6,96 4,90 10,94 8,106 0,116", "4,86 5,98 4,112"),
    ),
    "-": (
        *(CLEAR_SIGNS["minus"], "2,54 14,53 28,54", "0,51 50,49 90,50", "2,56 16,46 36,56 54,48"),
        *("2,57 20,52 40,46", "2,66 20,65 40,66"),
    ),
    "/": (
        *("50,-4 26,50 2,104", "26,-10 14,50 2,110", "70,10 36,54 2,98", "50,-6 30,34 14,72 6,106"),
        "36,20 20,56 2,96",
    ),
    ":": (
        *(CLEAR_SIGNS["colon"], "4,40 7,42 | 4,84 7,86", "2,44 12,43 | 2,88 12,87"),
        "6,40 2,46 8,49 10,42 6,40 | 6,86 2,92 8,95 10,88 6,86",
    ),
    "+": (
        *("32,26 32,54 32,84 | 4,55 32,55 62,54", "20,36 20,56 20,76 | 2,57 20,56 40,56"),
        *("2,58 44,54 48,40 34,28 26,40 24,88", "26,10 26,54 26,96 | 0,54 26,53 52,52"),
    ),
    "=": (
        *(CLEAR_SIGNS["equals"], "4,40 50,38 8,64! 54,62", "4,46 20,46 34,45 | 4,62 20,62 34,61"),
        "0,40 40,39 80,38 | 2,64 40,63 82,62",
    ),
    "(": (
        *("26,-6 8,24 4,52 10,84 26,110", "20,-8 8,40 8,70 20,112", "22,10 6,36 6,70 22,98"),
        "16,-4 6,20 6,86 16,106",
    ),
    ")": (
        *("2,-6 20,24 24,52 18,84 2,110", "2,-8 14,40 14,70 2,112", "2,10 18,36 18,70 2,98"),
        "2,-4 12,20 12,86 2,106",
    ),
    "×": (
        *("8,34 30,56 52,80 | 52,36 30,56 8,80", "6,50 22,66 38,82 | 38,50 22,66 6,82"),
        *("4,36 22,44 30,58 46,80 | 50,34 24,62 4,84", "4,14 34,52 64,90 | 62,12 34,50 2,92"),
    ),
    "%": (
        *(CLEAR_SIGNS["percent"], "60,4 30,52 2,100 | 14,8 4,16 10,28 22,20 14,8 | 52,72 42,82 50,94 62,86 52,72"),
        "60,4 30,52 2,100 | 10,20 14,22 | 52,80 56,82",
    ),
}
"""Sign → glyphs, as different people write it; the base line of digits is at ``y`` 100."""

LETTERS: dict[str, str] = {
    **{name: glyph for name, glyph in CLEAR_LETTERS.items() if re.fullmatch("[A-Za-z]", name)},
    "B": "8,0 8,50 8,100 | 8,2 46,4 56,22 42,44 10,48! 54,54 62,78 44,98 8,99",
    "C": "62,14 36,0 8,30 6,70 32,100 64,88",
    "D": "8,0 8,50 8,99! 50,94 68,50 48,6 6,2",
    "G": "62,14 36,0 8,30 6,70 32,100 62,88 62,56! 38,56",
    "I": "8,0 8,50 8,100",
    "J": "36,0 36,70 24,98 4,90",
    "O": "44,0 12,14 4,50 16,88 46,100 76,84 82,46 68,10 42,0",
    "Q": "44,0 12,14 4,50 16,88 46,100 76,84 82,46 68,10 42,0 | 50,72 86,106",
    "S": "56,12 32,0 10,18 24,42 50,60 54,84 28,100 4,88",
    "T": "2,4 66,2 | 34,4 34,50 32,100",
    "U": "6,0 6,60 18,94 44,98 60,76 62,0",
    "Y": "4,0 32,46 | 64,0 32,50 26,100",
    "Z": "6,4 60,3! 4,98! 64,97",
    "b": "8,0 6,50 6,96! 10,60 34,46 52,62 48,90 26,100 8,92",
    "c": "50,54 32,44 10,58 6,80 22,99 52,90",
    "g": "52,52 30,43 8,56 10,82 30,88 52,60! 54,100 46,128 20,134 6,122",
    "h": "8,0 7,50 6,100! 12,62 32,46 48,58 50,100",
    "i": "8,48 8,80 12,99 22,94 | 9,26 10,28",
    "j": "22,48 22,110 12,134 2,126 | 22,26 23,28",
    "l": "8,70 28,20 22,2 10,14 8,60 12,94 26,96",
    "o": "34,46 10,54 6,80 24,100 48,86 46,56 32,46 56,50",
    "q": "50,52 28,42 8,60 14,86 34,84 50,54! 50,100 50,136",
    "r": "6,46 8,72 8,100! 10,64 26,47 44,52",
    "s": "42,50 24,44 12,56 28,70 42,82 28,99 4,92",
    "t": "20,16 18,60 20,92 34,99 46,90 | 2,46 42,44",
    "u": "6,46 6,80 18,99 40,84 46,48! 46,84 56,99",
    "y": "6,46 14,74 26,86 | 52,44 36,90 10,134",
    "z": "6,48 46,46! 6,98! 50,97",
}
"""Letter → glyph, on the same base line."""


SYMBOL = "*"
"""Stands for any of `SYMBOLS` in what a hand writes."""

UNLIKE_DIGITS = tuple(name for name in CLEAR_LETTERS if len(name) == 1)
"""Letters that no hand writes like a digit."""

CHARACTER_NAMES = {"minus", "long dash", "plus", "times", "divided", "equals", "percent", "colon", "semicolon", "dots"}

SYMBOLS: tuple[str, ...] = tuple(glyph for name, glyph in CLEAR_SIGNS.items() if name not in CHARACTER_NAMES)
"""Glyphs of small drawings and signs that are neither digits nor among `SIGNS`."""


def middle(glyph: str) -> float:
    """Compute how far a glyph's middle lies below the top of a digit, in heights of a digit."""
    heights = [float(y) / 100 for y in re.findall(r",(-?[\d.]+)", glyph)]
    return (min(heights) + max(heights)) / 2
