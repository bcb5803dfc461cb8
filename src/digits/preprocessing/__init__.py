"""From a picture to MNIST digits, by one path for everyone: reader, page, pen and training.

A picture of one digit, grey or RGB → `find_ink`: ink bright on exactly 0, whichever of the two was darker → what of it
belongs to the digit, which `extract_digit` keeps → `normalize`: scaled, placed, ``uint8[28, 28]``, as MNIST was made.
Who has ink already, as a pen that draws it, enters at `normalize`.

A page → `find_components`: connected ink → `find_lines`: in reading order → `segment_line`: cut where digits touch →
`find_candidates`: all that may be one digit, each of which `normalize` takes.
"""

from digits.preprocessing.components import find_components
from digits.preprocessing.decoding import Decoded, as_picture, decode
from digits.preprocessing.ink import find_contrast, find_ink
from digits.preprocessing.lines import find_lines
from digits.preprocessing.normalization import normalize
from digits.preprocessing.segmentation import find_candidates, segment_line
from digits.preprocessing.single import digit_ink, digit_on_bands, extract_digit

__all__ = [
    "Decoded",
    "as_picture",
    "decode",
    "digit_ink",
    "digit_on_bands",
    "extract_digit",
    "find_candidates",
    "find_components",
    "find_contrast",
    "find_ink",
    "find_lines",
    "normalize",
    "segment_line",
]
