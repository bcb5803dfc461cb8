"""From a picture to MNIST digits, by one path for reader, page, synthesizer and training.

A picture of one digit, one file per step:

1. `decoding`: a file or array → an upright 8-bit picture, grey or RGB; `opening` and `headers` limit what that costs;
   `pages` finds the pages of a file, which are those of a `pdf` or a `tiff`.
2. `ink`: whichever of two greys is the writing → bright ink on exactly 0.
3. `single`: the ink that belongs to the digit, which `extract_digit` keeps, and every other way to see it.
4. `normalization`: scaled and placed as MNIST's, ``uint8[28, 28]``. Callers that have ink begin here.

A page: `ink` → `components`: connected ink → `lines`: in reading order → `segmentation`: cut where digits may touch,
and all candidates for single digits, each of which `normalize` takes.

`scales` shows a page at half its size, for the network that finds digits on it.
"""

from digits.preprocessing.components import find_components
from digits.preprocessing.decoding import Decoded, as_picture, decode
from digits.preprocessing.ink import find_contrast, find_ink
from digits.preprocessing.lines import find_lines
from digits.preprocessing.normalization import DigitImage, normalize
from digits.preprocessing.scales import halve
from digits.preprocessing.segmentation import find_candidates, segment_line
from digits.preprocessing.single import (
    DigitInk,
    extract_digit,
    extract_digit_on_bands,
    find_digit_ink,
    find_digit_inks,
)

__all__ = [
    "Decoded",
    "DigitImage",
    "DigitInk",
    "as_picture",
    "decode",
    "extract_digit",
    "extract_digit_on_bands",
    "find_candidates",
    "find_components",
    "find_contrast",
    "find_digit_ink",
    "find_digit_inks",
    "find_ink",
    "find_lines",
    "halve",
    "normalize",
    "segment_line",
]
