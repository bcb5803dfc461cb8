"""Synthetic handwriting with known answers. No torch, no fonts, no pictures of real handwriting.

From the shape of a digit to a page:

1. `glyphs` holds the shapes of digits and `outlier_glyphs` those of letters and signs; `curves` interpolates them.
2. `handwriting` samples writers and writes with their styles; `pens` samples pens and draws their ink.
3. `digit_images` makes labelled digits as MNIST has them, `outliers` makes non-digits.
4. `paper` samples sheets, `camera` photographs them; `simulated_photos` does so with single digits.
5. `layout` places digits in lines, and `pages` makes whole pages with known answers.
"""

from digits.synthesis.digit_images import draw_strokes, synthesize
from digits.synthesis.outliers import synthesize_outliers
from digits.synthesis.pages import SyntheticPage, synthesize_page
from digits.synthesis.simulated_photos import simulate_photos

__all__ = ["SyntheticPage", "draw_strokes", "simulate_photos", "synthesize", "synthesize_outliers", "synthesize_page"]
