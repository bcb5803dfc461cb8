"""From a picture to MNIST digits, by one path for reader, page, synthesizer and training.

A picture of one digit, one file per step:

1. `decoding`: a file or array → an upright 8-bit picture, grey or RGB; `opening` and `headers` limit what that costs;
   `pages` finds the pages of a file, which are those of a `pdf` or a `tiff`. A PDF is drawn in a process of its own,
   with limits on time and memory: `pdf_process` asks, `pdf_program` draws.
2. `ink`: whichever of two greys is the writing → bright ink on exactly 0.
3. `single`: the ink that belongs to the digit, which `extract_digit` keeps, and every other way to see it.
4. `normalization`: scaled and placed as MNIST's, ``uint8[28, 28]``. Callers that have ink begin here.

A page: `scales` shows it to the network that finds its digits at half its size, and half of that; `boxes` cuts each
digit out, whose ink `normalize` takes.
"""

from digits.preprocessing.boxes import (
    cut_out,
    cut_square,
    find_ink_in_box,
    has_light_ink,
    locate_ink,
    measure_thickness,
)
from digits.preprocessing.decoding import Decoded, as_picture, decode
from digits.preprocessing.ink import as_grey, find_contrast, find_ink
from digits.preprocessing.normalization import DigitImage, normalize
from digits.preprocessing.scales import MAX_PAGE_SIDE, double, halve
from digits.preprocessing.single import (
    DigitInk,
    extract_digit,
    extract_digit_on_bands,
    find_digit_ink,
    find_digit_inks,
)

__all__ = [
    "MAX_PAGE_SIDE",
    "Decoded",
    "DigitImage",
    "DigitInk",
    "as_grey",
    "as_picture",
    "cut_out",
    "cut_square",
    "decode",
    "double",
    "extract_digit",
    "extract_digit_on_bands",
    "find_contrast",
    "find_digit_ink",
    "find_digit_inks",
    "find_ink",
    "find_ink_in_box",
    "halve",
    "has_light_ink",
    "locate_ink",
    "measure_thickness",
    "normalize",
]
