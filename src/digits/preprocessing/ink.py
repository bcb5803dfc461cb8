"""Any picture → ink on 0: which of two greys is the writing, and how much of it covers each pixel.

All arithmetic is on integers or rounded once, so that every processor finds the same ink.
"""

from __future__ import annotations

import cv2
import numpy as np

from digits.errors import DataError
from digits.shapes import Float32, Int64, UInt8

Picture = UInt8[np.ndarray, "_h _w"] | UInt8[np.ndarray, "_h _w 3"]
Ink = UInt8[np.ndarray, "_h _w"]
Evidence = tuple[float, float, float, float]
"""Evidence that ink is lighter than its background, as `polarity_evidence` measures it."""

# Longer sides, in pixels, to which larger pictures are shrunk:
MAX_DIGIT_SIDE = 400  # of a single digit
MIN_DIGIT_SIDE = 28  # of a single digit, to which smaller pictures are enlarged: lines of a pixel have no ground beside
LIGHTING_SIDE = 48  # to tell uneven light from ink
LINE_WIDTH_SIDE = 200  # to measure the width of lines, which sets the window for the ground

# Polarity: windows in which a median shows the ground of thick ink, and a mean that of thin ink.
MEDIAN_WINDOW = 0.55  # shorter sides
MEAN_WINDOW = 0.1  # longer sides
MAX_SKEWNESS = 3.0  # larger ones are no more certain
# Weights of the evidence that ink is light: the skewness about the median and about the mean, and how much more than
# half of the border, and of the picture, is dark. Fitted on 2026-11-28 with the others of `benchmarks.hypotheses`.
POLARITY_WEIGHTS = 0.47, 0.23, 0.68, 0.22

# Ground: the window of the morphological closing that removes ink.
MAX_LINE_WIDTH = 1 / 3  # shorter sides; anything wider is not a line
CLOSING_WINDOW = 3  # line widths
MAX_WINDOWS = 20  # along the longer side; in smaller windows the ground would follow noise
WINDOW_SIDE = 12  # pixels; the picture is shrunk so that the window has this side
DARK_GROUND = 96  # grey below which contrast is no longer relative to the ground

# Ink: what contrast counts.
MIN_INK = 0.22  # of full ink; below are paper, blur and printed lines
MIN_INK_TO_NOISE = 3.3  # standard deviations of the ground's noise
MIN_CONTRAST = 8  # of 255

NEIGHBOURS = np.ones((3, 3), np.uint8)


def find_ink(picture: Picture) -> Ink:
    """Find the ink in a picture of one digit, darker or lighter than its background; errors as `find_contrast`.

    The picture is grey or RGB. Full ink is 255 on exactly 0; without ink, all is 0. The longer side is at most 400
    pixels.
    """
    grey = prepare_digit(picture)
    if not grey.size:
        return grey
    return stretch_ink(*subtract_ground(255 - grey if weigh_polarity(polarity_evidence(grey)) > 0 else grey))


def prepare_digit(picture: Picture) -> Ink:
    """Make a picture of one digit grey, and 28 to 400 pixels long; errors as `find_contrast`."""
    grey = as_grey(picture, MAX_DIGIT_SIDE)
    while grey.size and max(grey.shape) < MIN_DIGIT_SIDE:
        grey = _double(_double(grey).T).T
    return np.ascontiguousarray(grey)


def find_contrast(picture: Picture, max_side: int) -> tuple[Ink, Ink]:
    """Compare each pixel with the background under the ink.

    A morphological closing removes everything narrower than a few line widths, and leaves the edges of shadows in
    place; subtracting the noise that lifts it gives the background. Line width is measured in the same way in a small
    copy.

    Parameters
    ----------
    picture
        Grey or RGB.
    max_side
        Longer side, in pixels, to which larger pictures are shrunk.

    Returns
    -------
    How much darker than the background each pixel is, 0–255, and how much lighter; reversed where the ink is light.

    Raises
    ------
    DataError
        When the picture is not ``uint8[h, w]`` or ``uint8[h, w, 3]``.
    """
    grey = as_grey(picture, max_side)
    if not grey.size:
        return grey, grey
    wide, narrow, *_ = polarity_evidence(grey)  # the border of a page may be the table that it lies on
    return subtract_ground(255 - grey if max(wide, narrow, key=abs) > 0 else grey)


def subtract_ground(grey: Ink) -> tuple[Ink, Ink]:
    """Compare each pixel with the background under dark ink, as `find_contrast` does."""
    small = shrink(grey, LINE_WIDTH_SIDE)
    ink = stretch_ink(*_subtract_ground(small, round(MAX_LINE_WIDTH * min(small.shape))))
    width = line_width(ink) * max(grey.shape) / max(small.shape)
    window = max(round(CLOSING_WINDOW * width), max(grey.shape) // MAX_WINDOWS)
    return _subtract_ground(grey, min(window, round(MAX_LINE_WIDTH * min(grey.shape))))


def subtract_level(grey: Ink) -> tuple[Ink, Ink]:
    """Compare each pixel with one background grey for the whole picture; `find_contrast` finds one for each place.

    It is the median of the pixels that are lighter than Otsu's threshold. Where ink fills the frame, this is the only
    way to find the background.
    """
    threshold, _ = cv2.threshold(grey, 0, 255, cv2.THRESH_OTSU)
    counts = np.bincount(grey.ravel(), minlength=256)
    counts[: int(threshold) + 1] = 0
    level = quantile(counts, 0.5)
    return cv2.LUT(grey, DARKER[level]), cv2.LUT(grey, LIGHTER[level])


def as_grey(picture: Picture, max_side: int) -> Ink:
    """Check, shrink and convert a picture; errors as `find_contrast`."""
    if picture.dtype != np.uint8 or not (picture.ndim == 2 or (picture.ndim == 3 and picture.shape[2] == 3)):
        raise DataError(
            f"a picture must be uint8[h, w] or uint8[h, w, 3]; this is {picture.dtype}{list(picture.shape)}"
        )
    if not picture.size:
        return np.zeros(picture.shape[:2], np.uint8)
    picture = shrink(picture, max_side)
    grey: Ink = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY) if picture.ndim == 3 else picture
    return grey


def shrink(picture: Picture, max_side: int) -> Picture:
    """Shrink a picture whose longer side is above `max_side` pixels; others stay as they are."""
    scale = max_side / max(picture.shape[:2])
    if scale >= 1:
        return picture
    size = max(round(picture.shape[1] * scale), 1), max(round(picture.shape[0] * scale), 1)
    smaller: Picture = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    return smaller


def limit_opencv_threads() -> None:
    """Let OpenCV use one thread per call in this process, for programs that read in parallel themselves."""
    cv2.setNumThreads(1)


def line_width(ink: Ink) -> float:
    """Estimate the width of lines, in pixels: twice the area over the edge that an erosion removes; at least 2."""
    area = cv2.sumElems(ink)[0]
    eroded = cv2.erode(ink, NEIGHBOURS, borderType=cv2.BORDER_CONSTANT, borderValue=0)
    return float(2 * area / max(area - cv2.sumElems(eroded)[0], 1.0)) if area else 2.0


def label_components(ink: Ink) -> tuple[int, np.ndarray, np.ndarray, np.ndarray]:
    """Label and measure components: as `cv2.connectedComponentsWithStats`, in half the time on one thread."""
    count, labels, boxes, centres = cv2.connectedComponentsWithStatsWithAlgorithm(ink, 8, cv2.CV_32S, cv2.CCL_BBDT)
    return count, labels, boxes, centres


def weigh_polarity(evidence: Evidence) -> float:
    """Compute the logarithm of the odds that ink is lighter than its background."""
    return sum(weight * each for weight, each in zip(POLARITY_WEIGHTS, evidence, strict=True))


def polarity_evidence(grey: Ink) -> Evidence:
    """Measure the evidence that ink is lighter than its background; the negative picture has the opposite signs.

    Ink differs most from its background, and in one direction only. This shows in the skewness about the background:
    about a wide median, for thick lines, and about a narrow mean, for thin ones in uneven light. Besides, most of the
    border and of the picture is background: the other two numbers are the dark shares of both, less a half.
    """
    small, medium = shrink(grey, LIGHTING_SIDE), shrink(grey, MAX_DIGIT_SIDE)
    side = round(MEAN_WINDOW * max(medium.shape)) | 1
    mean = cv2.blur(medium, (side, side), borderType=cv2.BORDER_REPLICATE)
    wide, narrow = (
        min(max(_skewness(cv2.subtract(grey, ground, dtype=cv2.CV_32F)), -MAX_SKEWNESS), MAX_SKEWNESS)
        for grey, ground in ((small, _median(small)), (medium, mean))
    )
    threshold, _ = cv2.threshold(small, 0, 255, cv2.THRESH_OTSU)
    is_dark = small <= threshold
    border = np.concatenate((is_dark[0], is_dark[-1], is_dark[:, 0], is_dark[:, -1]))
    return wide, narrow, float(border.mean()) - 0.5, float(is_dark.mean()) - 0.5


def _skewness(difference: Float32[np.ndarray, "_h _w"]) -> float:
    # cubes of grey differences are below 2**24, and OpenCV sums in float64: nothing is rounded
    square = difference * difference
    squares, cubes = (int(cv2.sumElems(each)[0]) for each in (square, square * difference))
    return cubes * difference.size**0.5 / squares**1.5 if squares else 0.0


def _double(rows: Ink) -> Ink:
    """Enlarge twice from top to bottom, by cubic convolution (Keys 1981) in whole numbers."""
    height = len(rows)
    padded = np.pad(rows, ((2, 2), (0, 0)), "edge").astype(np.int32)
    taps = np.stack([padded[start : start + height + 1] for start in range(4)])  # around each border between two rows
    doubled = np.empty((2 * height, rows.shape[1]), np.uint8)
    for first, weights in ((0, (-3, 29, 111, -9)), (1, (-9, 111, 29, -3))):  # a quarter before and after a row
        mixed = np.tensordot(weights, taps, 1)
        doubled[first::2] = ((mixed[first : first + height] + 64) >> 7).clip(0, 255)
    return doubled


def _median(small: Ink) -> Ink:
    """Median over a window of about half the picture, which is mirrored beyond its border."""
    reach = max(int(min(small.shape) * MEDIAN_WINDOW) // 2, 1)
    mode = cv2.BORDER_REFLECT_101 if min(small.shape) > reach else cv2.BORDER_REPLICATE
    padded = cv2.copyMakeBorder(small, reach, reach, reach, reach, mode)
    median: Ink = cv2.medianBlur(padded, 2 * reach + 1)[reach:-reach, reach:-reach]
    return median


def _subtract_ground(grey: Ink, window: int) -> tuple[Ink, Ink]:
    """Find the background by a closing whose window, in pixels, removes ink; compare with it like `find_contrast`."""
    height, width = grey.shape
    step = max(window // WINDOW_SIDE, 1)
    if step > 1:
        small = cv2.resize(grey, (max(width // step, 1), max(height // step, 1)), interpolation=cv2.INTER_AREA)
    else:
        small = cv2.GaussianBlur(grey, (3, 3), 0)
    side = max(window // step, 3) | 1
    closed = cv2.morphologyEx(small, cv2.MORPH_CLOSE, np.ones((side, side), np.uint8), borderType=cv2.BORDER_REPLICATE)
    above = cv2.subtract(closed, small)
    threshold, _ = cv2.threshold(above, 0, 255, cv2.THRESH_OTSU)
    # faded edges of ink are not background either
    blank = cv2.erode((above <= max(0.5 * threshold, 2)).astype(np.uint8), NEIGHBOURS)
    count, total = (
        cv2.boxFilter(each, cv2.CV_32S, (2 * side + 1,) * 2, normalize=False, borderType=cv2.BORDER_REPLICATE)
        for each in (blank, blank * above)
    )
    noise = ((total + count // 2) // np.maximum(count, 1)).astype(np.uint8)
    ground = cv2.blur(cv2.subtract(closed, noise), (3, 3), borderType=cv2.BORDER_REPLICATE)
    level = int(ground.max())
    if ground.min() == level:  # as in drawings
        return cv2.LUT(grey, DARKER[level]), cv2.LUT(grey, LIGHTER[level])
    if step > 1:
        ground = cv2.resize(ground, (width, height), interpolation=cv2.INTER_LINEAR_EXACT)
    place = (ground.astype(np.uint16) * 256 + grey).astype(np.intp)
    return DARKER.take(place), LIGHTER.take(place)


def _tabulate_contrast() -> tuple[UInt8[np.ndarray, "256 256"], UInt8[np.ndarray, "256 256"]]:
    """Tabulate how much darker and how much lighter a grey is, by background and grey; dividing takes longer."""
    ground, grey = np.ogrid[:256, :256]
    # relative, since a shadow takes the same share of paper and ink
    relative = (ground - grey) * 255 // np.maximum(ground, DARK_GROUND)
    return relative.clip(0, 255).astype(np.uint8), (-relative).clip(0, 255).astype(np.uint8)


DARKER, LIGHTER = _tabulate_contrast()


def stretch_ink(dark: Ink, light: Ink) -> Ink:
    """Stretch contrast to ink, 0–255, given the noise of the background; `find_contrast` gives the arguments."""
    if not dark.size:
        return dark
    threshold, _ = cv2.threshold(dark, 0, 255, cv2.THRESH_OTSU)
    counts, lighter = count_levels(dark), count_levels(light)
    strong = counts.copy()
    strong[: int(threshold) + 1] = 0
    if not strong.any():
        return np.zeros_like(dark)
    full = float(quantile(strong, 0.6))
    weak = counts - strong + lighter
    weak[0] -= light.size - lighter[0]
    noise = quantile(weak, 0.683)  # one standard deviation, if it is normal
    if full < max(MIN_CONTRAST, 2 * noise):
        return np.zeros_like(dark)
    return cv2.LUT(dark, levels_between(min(max(MIN_INK * full, MIN_INK_TO_NOISE * noise), 0.7 * full), full))


def levels_between(low: float, full: float) -> UInt8[np.ndarray, "256"]:
    """Make the lookup table from levels up to `low` to 0, from `full` on to 255, and linear between."""
    levels = np.rint((np.arange(256) - low) * (255 / (full - low)))
    table: UInt8[np.ndarray, "256"] = levels.clip(0, 255).astype(np.uint8)
    return table


def count_levels(ink: Ink) -> Int64[np.ndarray, "256"]:
    """Count the pixels of each level; exact up to 16 million pixels."""
    left, top, width, height = cv2.boundingRect(ink)
    counts = np.zeros(256, np.int64)
    if width:
        # counting takes long, and everything around the ink is 0
        box = ink[top : top + height, left : left + width]
        counts += cv2.calcHist([box], [0], None, [256], [0, 256]).ravel().astype(np.int64)
    counts[0] += ink.size - width * height
    return counts


def quantile(counts: Int64[np.ndarray, "256"], share: float) -> int:
    """Find the lowest level that such a share of the counted pixels does not exceed."""
    cumulative = counts.cumsum()
    return int(np.searchsorted(cumulative, share * cumulative[-1]))
