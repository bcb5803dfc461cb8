"""What layouts are made of: what people write, and what is printed around it."""

from __future__ import annotations

import cv2
import numpy as np

from digits.synthesis.documents.hands import Hand
from digits.synthesis.documents.page import Page, Pixels
from digits.synthesis.documents.rules import Cell

# How frequent each letter is in European texts, roughly; print has no meaning here, only looks.
LETTERS, FREQUENCIES = (
    "etaoinshrdlcumwfgypbvkjxqz",
    np.array([12, 9, 8, 8, 7, 7, 6, 6, 6, 4, 4, 3, 3, 2, 2, 2, 2, 2, 2] + [1] * 7),
)
HAND_LETTERS = "abcdefghijklmnopqrstuvwxyz"


def sample_number(rng: np.random.Generator, longest: int = 8) -> str:
    """Sample what people write with digits: a number, date, time, sum, mark, price or share."""
    digits = "".join(map(str, rng.integers(0, 10, int(rng.integers(1, longest + 1)))))
    if rng.random() < (0.4 if longest > 3 else 0.8) or longest < 2:
        return digits
    a, b, c = (str(rng.integers(0, top)) for top in (32, 13, 2100))
    point = ".,"[rng.integers(2)]
    short = (f"{digits[0]}{point}{b[0]}", f"-{digits[:2]}", f"{digits[0]}/{b[0]}", f"+{digits[0]}")
    if longest < 4:
        return short[rng.integers(len(short))]
    texts = (
        *short,
        f"{digits[:3]}{point}{a}",
        f"{a}{'./-'[rng.integers(3)]}{b}{'./-'[rng.integers(3)]}{c}",
        f"{b}:{int(a):02d}",
        f"{a}{'+-×:'[rng.integers(4)]}{b}={c}",
        f"{a}/{b}",
        f"-{digits[:4]}",
        f"({digits[:4]})",
        f"{a}%",
        f"+{a}",
        f"{digits[:3]} {digits[3:]}".strip(),
        f"{digits[:2]}{point}{b}{point}",
        f"{a}-{b}",
        f"{c},-",
        f"{a}=",
    )
    return texts[rng.integers(len(texts))]


def sample_words(n: int, rng: np.random.Generator, letters: str = LETTERS) -> list[str]:
    """Sample words of one to eleven letters that mean nothing."""
    shares = FREQUENCIES / FREQUENCIES.sum()
    lengths = rng.integers(1, 12, n)
    text = "".join(np.array(list(letters))[rng.choice(len(letters), int(lengths.sum()), p=shares)])
    ends = lengths.cumsum()
    words = [text[end - length : end] for end, length in zip(ends, lengths, strict=True)]
    return [word.capitalize() if upper else word for word, upper in zip(words, rng.random(n) < 0.2, strict=True)]


def sample_print(n: int, rng: np.random.Generator) -> str:
    """Sample a line of printed text: n words, some of them numbers, with punctuation."""
    words = sample_words(n, rng)
    for place in np.flatnonzero(rng.random(n) < 0.12):
        words[place] = sample_number(rng)
    for place in np.flatnonzero(rng.random(n) < 0.15):
        words[place] += ".,;:!?)"[rng.integers(7)]
    return " ".join(words)


def print_text(page: Page, cell: Cell, size: Pixels, rng: np.random.Generator) -> None:
    """Fill a cell with lines of print."""
    font = page.fonts[0]
    y, per_line = cell.y + size, max(int(cell.width / (3.6 * size)), 1)
    pitch = size * rng.uniform(1.0, 1.5)
    while y < cell.y + cell.height:
        indent = size * rng.uniform(0, 3) if rng.random() < 0.15 else 0.0
        text = sample_print(per_line if rng.random() < 0.85 else int(rng.integers(1, per_line + 1)), rng)
        # no longer than the cell is wide
        page.print(text[: max(int((cell.width - indent) / (0.5 * size)), 1)], cell.x + indent, y, size, font)
        y += pitch


def write_in(
    page: Page,
    cell: Cell,
    text: str,
    rng: np.random.Generator,
    hand: Hand | None = None,
    line: int | None = None,
    order: int = 0,
) -> int:
    """Write into a cell, about as large as it allows and not always quite inside; return how many characters."""
    length, writer = max(len(text), 1), hand or page.hands[0]
    height = min(cell.height * writer.sample_share(rng), cell.width / (0.72 * length), 1.6 * page.unit)
    wide = 0.62 * height * length
    place = float(np.clip(writer.cell_place + rng.normal(0, writer.cell_spread), 0, 1))
    x = cell.x + max(cell.width - wide, 0) * place
    y = cell.y + (cell.height + height) / 2 + rng.normal(0, 0.02 + 0.3 * writer.cell_spread) * cell.height
    before = len(page.characters)
    page.write(
        text,
        x,
        y,
        rng,
        hand=hand,
        height=height,
        gap=float(np.clip(writer.gap, -0.02, 0.15)) + rng.normal(0, 0.02),
        line=line,
        order=order,
        angle=rng.normal(0, 0.02),
    )
    return len(page.characters) - before


def write_letter(page: Page, cell: Cell, letter: str, rng: np.random.Generator) -> None:
    """Write one letter into a cell, as a grade."""
    height = min(cell.height * page.hands[0].sample_share(rng), cell.width, 1.6 * page.unit)
    x = cell.x + max(cell.width - 0.6 * height, 0) * page.hands[0].cell_place
    y = cell.y + (cell.height + height) / 2 + rng.normal(0, 0.04) * cell.height
    page.write_words(letter, x, y, rng, page.hands[0], height, is_clear=True)


def count(page: Page, cell: Cell, n: int, rng: np.random.Generator) -> None:
    """Count with strokes, every fifth of which crosses the four before it."""
    height = min(cell.height * rng.uniform(0.5, 0.9), cell.width / (0.28 * n))
    pitch, x, y = height * rng.uniform(0.18, 0.28), cell.x + 0.1 * cell.width, cell.y + (cell.height - height) / 2
    for stroke in range(1, n + 1):
        if stroke % 5:
            x += pitch * (1.8 if stroke > 5 and stroke % 5 == 1 else 1)
            ends = np.array([(x, y), (x, y + height)])
        else:
            ends = np.array([(x - 3.6 * pitch, y + 0.8 * height), (x + 0.6 * pitch, y + 0.2 * height)])
        _pen(page, ends + rng.normal(0, 0.04 * height, (2, 2)), rng)


def strike(page: Page, first: int, last: int, rng: np.random.Generator) -> None:
    """Strike the characters from `first` to before `last` through: a line or two, a zigzag, or a cross."""
    if last <= first:
        return
    outlines = np.concatenate([each.outline for each in page.characters[first:last]]).astype(np.float64)
    (x0, y0), (x1, y1) = outlines.min(0), outlines.max(0)
    high, wide = y1 - y0, x1 - x0
    kind = rng.integers(4)
    if kind == 0 or kind == 1:
        for _ in range(int(kind) + 1):
            ends = np.array(
                [
                    (x0 - 0.15 * high, y0 + high * rng.uniform(0.3, 0.7)),
                    (x1 + 0.15 * high, y0 + high * rng.uniform(0.3, 0.7)),
                ]
            )
            _pen(page, ends, rng)
    elif kind == 2:
        n = max(int(4 * wide / high), 4)
        points = np.stack(
            (np.linspace(x0 - 0.1 * high, x1 + 0.1 * high, n), np.where(np.arange(n) % 2, y0, y1)), axis=1
        )
        _pen(page, points + rng.normal(0, 0.06 * high, points.shape), rng)
    else:
        _pen(page, np.array([(x0, y0), (x1, y1)]), rng)
        _pen(page, np.array([(x0, y1), (x1, y0)]), rng)
    page.strike(first, last)


def tick(page: Page, x: Pixels, y: Pixels, size: Pixels, rng: np.random.Generator) -> None:
    """Make a tick or a cross around a point."""
    shapes = (
        [(-0.5, 0), (-0.15, 0.45), (0.6, -0.5)],
        [(-0.5, -0.5), (0.5, 0.5)],
        [(-0.5, 0.1), (-0.2, 0.4), (0.9, -0.7)],
    )
    kind = int(rng.integers(3))
    points = np.array([x, y]) + size * (np.array(shapes[kind]) + rng.normal(0, 0.06, (len(shapes[kind]), 2)))
    _pen(page, points, rng)
    if kind == 1:
        _pen(page, points * (1, -1) + (0, 2 * y), rng)


def underline(page: Page, x0: Pixels, x1: Pixels, y: Pixels, rng: np.random.Generator) -> None:
    """Draw a line by hand."""
    x = np.linspace(x0, x1, 7)
    _pen(page, np.stack((x, y + rng.normal(0, 0.03) * (x - x0) + rng.normal(0, 0.02 * page.unit, 7)), axis=1), rng)


def ring(page: Page, x: Pixels, y: Pixels, radius: Pixels, rng: np.random.Generator) -> None:
    """Draw a ring by hand around a point."""
    angle = np.linspace(0.3, 0.3 + 2 * np.pi * rng.uniform(0.97, 1.15), 24)
    reach = radius * np.linspace(1, rng.uniform(0.9, 1.1), 24)
    _pen(page, np.stack((x + np.cos(angle) * reach, y + np.sin(angle) * reach), axis=1), rng)


def circle(page: Page, first: int, last: int, rng: np.random.Generator) -> None:
    """Draw a ring by hand around characters, as around the right answer."""
    outlines = np.concatenate([each.outline for each in page.characters[first:last]]).astype(np.float64)
    low, high = outlines.min(0), outlines.max(0)
    angle = np.linspace(0.3, 0.3 + 2 * np.pi * rng.uniform(0.97, 1.15), 24)
    reach = (high - low) / 2 * rng.uniform(1.15, 1.5) + 0.25 * page.unit
    ring = np.stack((np.cos(angle), np.sin(angle)), axis=1) * reach * np.linspace(1, rng.uniform(0.9, 1.1), 24)[:, None]
    _pen(page, (low + high) / 2 + ring, rng)


def sign(page: Page, x: Pixels, y: Pixels, width: Pixels, rng: np.random.Generator) -> None:
    """Sign: loops that grow flat, often with a capital first and a flourish below."""
    t = np.linspace(0, 1, 90)
    turns, tall = rng.uniform(4, 11), page.unit * rng.uniform(0.3, 0.9)
    height = tall * (0.25 + 1.6 * np.exp(-7 * t) + 0.5 * np.abs(np.sin(5 * t + rng.uniform(0, 6))))
    phase = 2 * np.pi * turns * t + rng.uniform(0, 6)
    points = np.stack((x + width * t + 0.45 * height * np.sin(phase), y - height * (0.5 + 0.5 * np.cos(phase))), axis=1)
    _pen(page, points, rng)
    if rng.random() < 0.5:
        underline(page, x, x + width * rng.uniform(0.7, 1.2), y + 0.2 * page.unit, rng)


def code(page: Page, x: Pixels, y: Pixels, side: Pixels, rng: np.random.Generator) -> None:
    """Print a square code: modules, and a finder pattern in three corners."""
    n = int(rng.integers(21, 34))
    modules = np.where(rng.random((n, n)) < 0.5, 255, 0).astype(np.uint8)
    finder = np.zeros((8, 8), np.uint8)
    finder[:7, :7] = 255
    finder[1:6, 1:6] = 0
    finder[2:5, 2:5] = 255
    modules[:8, :8], modules[:8, -8:], modules[-8:, :8] = finder, finder[:, ::-1], finder[::-1]
    pixels = max(round(side), n)
    way = cv2.INTER_NEAREST if pixels > 4 * n else cv2.INTER_AREA
    page.stamp(cv2.resize(modules, (pixels, pixels), interpolation=way), x, y, page.ink)


def bars(page: Page, cell: Cell, rng: np.random.Generator) -> None:
    """Print a bar code, with its number below."""
    widths = rng.integers(1, 4, 60)
    row = np.repeat(np.where(np.arange(60) % 2, 0, 255).astype(np.uint8), widths)
    size = max(round(cell.width), 8), max(round(0.75 * cell.height), 2)
    page.stamp(cv2.resize(row[None], size, interpolation=cv2.INTER_NEAREST), cell.x, cell.y, page.ink)
    page.print("".join(map(str, rng.integers(0, 10, 12))), cell.x, cell.y + cell.height, 0.25 * cell.height)


def stamp(page: Page, x: Pixels, y: Pixels, size: Pixels, rng: np.random.Generator) -> None:
    """Stamp a round or square stamp, pale and uneven, with words and perhaps a date."""
    side = max(round(size), 24)
    ink, middle = np.zeros((side, side), np.uint8), side // 2
    weight = max(side // 40, 1)
    if rng.random() < 0.6:
        cv2.circle(ink, (middle, middle), middle - weight, 255, weight, cv2.LINE_AA)
        cv2.circle(ink, (middle, middle), int(0.7 * middle), 255, weight, cv2.LINE_AA)
    else:
        cv2.rectangle(ink, (weight, side // 4), (side - weight, 3 * side // 4), 255, weight)
    level = float(rng.uniform(60, 170)) if not page.is_dark else 200.0
    page.stamp(ink, x, y, level, float(rng.uniform(0.4, 0.9)))
    text = (
        f"{rng.integers(1, 31)}.{rng.integers(1, 13)}.{rng.integers(1990, 2031)}"
        if rng.random() < 0.5
        else sample_words(1, rng)[0]
    )
    page.print(text.upper(), x + 0.2 * side, y + 0.55 * side, 0.14 * side, page.fonts[-1], level)


def logo(page: Page, x: Pixels, y: Pixels, size: Pixels, rng: np.random.Generator) -> None:
    """Print a mark of one to four filled or empty shapes."""
    side = max(round(size), 12)
    ink = np.zeros((side, side), np.uint8)
    for _ in range(int(rng.integers(1, 5))):
        filled = -1 if rng.random() < 0.6 else max(side // 20, 1)
        level, centre = int(rng.choice([0, 130, 255])), tuple(int(v) for v in rng.integers(side // 4, 3 * side // 4, 2))
        if rng.random() < 0.5:
            cv2.ellipse(
                ink,
                centre,
                tuple(int(v) for v in rng.integers(side // 8, side // 2, 2)),
                0,
                0,
                int(rng.integers(120, 361)),
                level,
                filled,
            )
        else:
            corners = rng.integers(0, side, (int(rng.integers(3, 6)), 1, 2)).astype(np.int32)
            cv2.drawContours(ink, [corners], 0, level, filled)
    page.stamp(ink, x, y, page.ink, float(rng.uniform(0.3, 1)))


def _pen(page: Page, points: np.ndarray, rng: np.random.Generator) -> None:
    hand = page.hands[0]
    page.stroke(points, hand.width * page.unit * rng.uniform(0.7, 1.2), page.level_of(hand), hand.darkness)
