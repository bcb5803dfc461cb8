"""The rules of a page: straight or slightly bent lines, printed or drawn, whole, dashed or dotted.

A pixel is evidence of a level rule where it is darker than what lies above and below it, so that rules count and the
upright strokes of writing do not. These votes are summed along all straight lines through strips of the page, by the
fast Hough transform (Götz and Druck, 1995), and the best lines of neighbouring strips are linked. Upright rules are
level ones on the page's transpose.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from digits.documents.rule import SAME, Region, Rule, drop_doubles, drop_turned
from digits.preprocessing.ink import Ink, subtract_ground
from digits.shapes import Bool, Float32, Float64

MAX_SLOPE = 0.36
"""Steepest rule: 20 degrees, beyond which a reader of upright pages finds no digits."""

MIN_SHARE = 0.3
"""Share of a strip that a rule must cover: dots with gaps of twice their size cover a third."""

GAP = 0.3
"""Gaps in a rule that do not count, in heights of a digit: they are wider than those of dashes and dots, and than the
strokes that cross it, and narrower than those between the strokes of neighbouring letters."""

MIN_WHOLE_SHARE = 0.75
"""Share of its length that a rule must cover without such gaps, where writing does not hide it."""

MIN_SEEN = 0.3
"""Share of a rule that writing must not hide."""

MIN_LENGTH = 2.2
"""Length of a rule in heights of a digit: strokes of writing, dashes and fraction bars are shorter."""

MAX_TURN = 0.06
"""Difference of slopes, at most, between a rule and those around it: three degrees, which hands and folds make."""

MAX_SKIPPED = 2
"""Strips, at most, that may lie between two parts of a rule: something covers it there."""

MIN_CONTRAST = 8.0
"""Grey levels by which a rule must be darker than its surroundings; noise can demand more."""

NOISE_MARGIN = 4
"""Standard deviations of the page's noise that count as a full vote."""

Track = list[tuple[int, float, float]]
"""Parts of a rule: number of the strip, row where the part begins, and by how many rows it falls."""


@dataclass(frozen=True, eq=False)
class Votes:
    """Evidence of level rules on a page; of a transposed one, for upright rules.

    Attributes
    ----------
    inked
        How much each pixel looks like part of a rule, 0–255; 0 under writing.
    is_hidden
        255 under writing, where nobody can tell.
    """

    inked: Ink
    is_hidden: Ink

    def follow(
        self, rule: Rule, places: Float64[np.ndarray, " n"]
    ) -> tuple[Float64[np.ndarray, " n"], Bool[np.ndarray, " n"]]:
        """Say for places along a rule how much ink is there, 0–1, a pixel beside it included, and what is hidden."""
        height, width = self.inked.shape
        rows, columns = np.rint(rule.at(places)).astype(np.int64), places.astype(np.int64).clip(0, width - 1)
        near = [self.inked[(rows + shift).clip(0, height - 1), columns] for shift in (-1, 0, 1)]
        inked: Float64[np.ndarray, " n"] = np.where((rows < 0) | (rows >= height), 0, np.max(near, axis=0)) / 255
        return inked, self.is_hidden[rows.clip(0, height - 1), columns] > 0


def find_votes(grey: Ink, size: float, writing: Float64[np.ndarray, "n 4"]) -> tuple[Votes, Votes]:
    """Find the evidence of level rules on a page, and of those on its transpose.

    Parameters
    ----------
    grey
        The page, dark on light.
    size
        Height of the usual digit, in pixels.
    writing
        Boxes of digits: x, y, width, height. Their strokes in line would look like rules.
    """
    dark, hidden = subtract_ground(grey)[0], np.zeros_like(grey)
    corners = np.rint(np.hstack((writing[:, :2], writing[:, :2] + writing[:, 2:]))).astype(np.int64).clip(0)
    for left, top, right, bottom in corners.tolist():
        hidden[top:bottom, left:right] = 255
    differences = np.abs(np.diff(grey[::4].astype(np.int16), axis=1))
    noise = 1.05 * float(np.median(differences))  # the difference of two normal values, to their standard deviation
    reach, full = max(round(0.2 * size), 3), max(MIN_CONTRAST, NOISE_MARGIN * noise)
    turned = np.ascontiguousarray(dark.T), np.ascontiguousarray(hidden.T)
    return _vote(dark, hidden, reach, full), _vote(*turned, reach, full)


def _vote(dark: Ink, hidden: Ink, reach: int, full: float) -> Votes:
    padded = cv2.copyMakeBorder(dark, reach, reach, 0, 0, cv2.BORDER_REPLICATE)
    beside = np.maximum(padded[: -2 * reach], padded[2 * reach :])
    inked = cv2.convertScaleAbs(cv2.subtract(dark, beside), alpha=255 / full)
    return Votes(cv2.subtract(inked, hidden), hidden)


def find_rules(votes: Votes, size: float, region: Region, gap: float = GAP) -> list[Rule]:
    """Find the level rules of a page.

    Parameters
    ----------
    votes
        As `find_votes` gives them.
    size
        Height of the usual digit, in pixels.
    region
        Where digits are: the rules here say how rules run.
    gap
        Gaps that do not count, in heights of a digit.
    """
    strip = int(np.clip(2 ** round(np.log2(2 * size)), 16, 128))
    peaks = [_find_peaks(sums, strip, max(round(0.5 * SAME * size), 2)) for sums in _sum_lines(votes.inked, strip)]
    usual = _usual_slope(peaks, strip, region)
    peaks = [each[np.abs(each[:, 1] / strip - usual) < 3 * MAX_TURN] for each in peaks]
    rules = [rule for track in _link(peaks, strip) if (rule := _trim(track, votes, strip, size, gap))]
    long = [rule for rule in rules if rule.length >= MIN_LENGTH * size and rule.share >= MIN_WHOLE_SHARE]
    return drop_doubles(drop_turned(long, max(votes.inked.shape), region, MAX_TURN), size)


def find_slopes(votes: Votes, size: float) -> Float64[np.ndarray, "m 4"]:
    """Find pieces of level rules in strips of a page: x and y of the middle, slope and share that is inked."""
    strip = int(np.clip(2 ** round(np.log2(2 * size)), 16, 128))
    found = []
    for number, sums in enumerate(_sum_lines(votes.inked, strip)):
        row, fall, share = _find_peaks(sums, strip, max(round(0.5 * SAME * size), 2)).T.astype(np.float64)
        found.append(np.stack(((number + 0.5) * strip + 0 * row, row + fall / 2, fall / strip, share), axis=1))
    return np.concatenate(found)


def _sum_lines(inked: Ink, strip: int) -> list[np.ndarray]:
    """Sum votes along lines through each strip: by slope, from the steepest rise to the steepest fall, and row."""
    height, width = inked.shape
    most = int(MAX_SLOPE * strip) + 1
    padded = np.zeros((-(-width // strip) * strip, height + 2 * most), np.uint16)
    padded[:width, most : most + height] = inked.T
    falling = _transform(padded, strip, most)
    rising = _transform(padded[:, ::-1], strip, most)[:, :0:-1, ::-1]
    return [each[:, most : most + height] for each in np.concatenate((rising, falling), axis=1)]


def _transform(columns: np.ndarray, strip: int, most: int) -> np.ndarray:
    """Sum along lines that fall by 0 to `most` rows through a strip; the last axis is the row where they begin."""
    sums, side = columns[:, None], 1
    while side < strip:
        side *= 2
        n = most + 1 if side == strip else min(side, most * side // strip + 2)
        merged = np.zeros((len(sums) // 2, n, columns.shape[1]), np.uint16)
        for fall in range(n):
            half, shift = min(fall // 2, sums.shape[1] - 1), (fall + 1) // 2
            merged[:, fall] = sums[::2, half]
            merged[:, fall, : columns.shape[1] - shift] += sums[1::2, half, shift:]
        sums = merged
    return sums


def _find_peaks(sums: np.ndarray, strip: int, reach: int) -> Float32[np.ndarray, "_n 3"]:
    """Return the row, fall and share of the lines through a strip that are better than those next to them."""
    best, falls = sums.max(0), sums.argmax(0) - len(sums) // 2
    # on noise and texture, the best of many lines is no rule
    enough = max(255 * strip * MIN_SHARE, 2 * float(np.median(best)))
    # of the rows of a thick rule, which are as good, the middle one
    smooth = cv2.GaussianBlur(best.astype(np.float32)[None], (1 + 2 * reach, 1), 0)[0]
    around = cv2.dilate(smooth[None], np.ones((1, 1 + 2 * reach), np.uint8))[0]
    rows = np.flatnonzero((smooth >= around) & (best >= enough))
    return np.stack((rows, falls[rows], best[rows] / (255 * strip)), axis=1).astype(np.float32)


def _usual_slope(peaks: list[Float32[np.ndarray, "_n 3"]], strip: int, region: Region) -> float:
    """Return the slope that most strips of a region have."""
    left, top, right, bottom = region
    inside = peaks[max(int(left), 0) // strip : max(int(right), 0) // strip + 1]
    near = np.concatenate([each[(each[:, 0] >= top) & (each[:, 0] <= bottom)] for each in inside] + [peaks[0][:0]])
    if not len(near):
        return 0.0
    places = np.linspace(-MAX_SLOPE, MAX_SLOPE, 73)
    is_near = np.abs(places[:, None] - near[None, :, 1] / strip) < MAX_TURN
    return float(places[(is_near @ near[:, 2].astype(np.float64) ** 2).argmax()])


def _link(peaks: list[Float32[np.ndarray, "_n 3"]], strip: int) -> list[Track]:
    """Link lines of one strip to those of the next ones."""
    done, active = list[Track](), list[Track]()
    for number, found in enumerate(peaks):
        used, continued = set[int](), set[int]()
        for _, place, each in sorted(_pair(active, found, number, strip)):
            if place not in continued and each not in used:
                continued.add(place)
                used.add(each)
                active[place].append((number, float(found[each, 0]), float(found[each, 1])))
        done += [track for track in active if number - track[-1][0] > MAX_SKIPPED]
        active = [track for track in active if number - track[-1][0] <= MAX_SKIPPED]
        active += [[(number, float(row[0]), float(row[1]))] for each, row in enumerate(found) if each not in used]
    return done + active


def _pair(
    active: list[Track], found: Float32[np.ndarray, "_n 3"], number: int, strip: int
) -> list[tuple[float, int, int]]:
    """List how well each line of a strip continues each track: a penalty, the track, and the line."""
    if not active or not len(found):
        return []
    last, row, fall = np.array([track[-1] for track in active]).T[:, :, None]
    skipped = number - last - 1
    miss = np.abs(found[None, :, 0] - row - fall * (1 + skipped))
    bend = np.abs(found[None, :, 1] - fall)
    tracks, lines = np.nonzero((miss <= 2 + 0.04 * strip * (1 + 2 * skipped)) & (bend <= 2 * MAX_TURN * strip))
    penalties = (miss + 0.3 * bend - 4 * found[None, :, 2])[tracks, lines]
    return list(zip(penalties.tolist(), tracks.tolist(), lines.tolist(), strict=True))


def _trim(track: Track, votes: Votes, strip: int, size: float, gap: float) -> Rule | None:
    """Make a rule of a track: from where its ink begins, perhaps in the strip before, to where it ends."""
    numbers, rows, falls = np.array(track).T
    along = np.concatenate([numbers * strip, numbers * strip + strip - 1])
    across = np.concatenate([rows, rows + falls * (strip - 1) / strip])
    order = np.argsort(along, kind="stable")
    slope = float((across[order][-1] - across[order][0]) / (along[order][-1] - along[order][0]))
    whole = Rule(along[order], across[order], 1.0, slope)
    places = np.arange(
        max(whole.start - strip, 0), min(whole.end + strip, votes.inked.shape[1] - 1) + 1, dtype=np.float64
    )
    inked, is_hidden = votes.follow(whole, places)
    window = max(round(gap * size), 3)
    is_inked = np.convolve(inked, np.ones(3) / 3, "same") >= MIN_SHARE / 2
    begun = cv2.morphologyEx(
        fill_gaps(is_inked, window).astype(np.uint8)[None], cv2.MORPH_OPEN, np.ones((1, window), np.uint8)
    )
    reached = np.flatnonzero(begun)
    if len(reached) < 2:
        return None
    inside = slice(reached[0], reached[-1] + 1)
    seen = ~is_hidden[inside]
    if seen.mean() < MIN_SEEN:
        return None
    first, last = places[reached[0]], places[reached[-1]]
    kept = np.unique(np.concatenate(([first, last], along[(along > first) & (along < last)])))
    return Rule(kept, whole.at(kept), float(fill_gaps(is_inked | is_hidden, window)[inside][seen].mean()), slope)


def fill_gaps(mask: Bool[np.ndarray, " n"], window: int) -> Bool[np.ndarray, " n"]:
    """Fill the gaps of a mask that are shorter than a window."""
    kernel = np.ones((1, window), np.uint8)
    filled: Bool[np.ndarray, " n"] = cv2.morphologyEx(mask.astype(np.uint8)[None], cv2.MORPH_CLOSE, kernel)[0] > 0
    return filled
