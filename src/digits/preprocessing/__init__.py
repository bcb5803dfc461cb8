"""From a picture to an MNIST digit, by one path for everyone: reader, page, pen and training.

A picture, grey or RGB → `find_ink`: ink bright on exactly 0, whichever of the two was darker → what of it belongs to
the digit, which `digit_in` keeps → `normalize`: scaled, placed, ``uint8[28, 28]``, as MNIST was made. Who has ink
already, as a pen that draws it, enters at `normalize`.
"""

from digits.preprocessing.ink import find_ink
from digits.preprocessing.normalization import normalize
from digits.preprocessing.single import digit_in

__all__ = ["digit_in", "find_ink", "normalize"]
