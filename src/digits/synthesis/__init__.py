"""Synthetic handwriting with known answers. No torch; fonts and real handwriting only in `documents`.

From the shape of a digit to a page:

1. `glyphs` holds the shapes of digits, `rare_glyphs` rare ones, and `outlier_glyphs` those of letters and signs;
   `curves` interpolates them.
2. `handwriting` samples writers and writes with their styles; `pens` samples pens and draws their ink.
3. `digit_images` makes labelled digits as MNIST has them, `pen_strokes` draws those of a tablet, `outliers` makes
   non-digits.
4. `paper` samples sheets, `camera` photographs them; `simulated_photos` does so with single digits, and `captures`
   makes all other pictures that people hand in; `frames` holds what lies within them.
5. `layout` places digits in lines, and `pages` makes whole pages with known answers.
6. `documents` makes what scanners and phones see of any paper, with the truth for every digit and sign.
"""

from digits.synthesis.captures import Captures, simulate_captures
from digits.synthesis.digit_images import draw_strokes, synthesize, synthesize_evenly, synthesize_hands
from digits.synthesis.documents import (
    HELD_OUT_LAYOUTS,
    LAYOUTS,
    TABLE_LAYOUTS,
    BlankForm,
    Cell,
    Document,
    FilledForm,
    NumberDocument,
    RealDigits,
    TableDocument,
    Truth,
    synthesize_crops,
    synthesize_documents,
    synthesize_filled,
    synthesize_numbers,
    synthesize_tables,
)
from digits.synthesis.outliers import synthesize_outliers
from digits.synthesis.pages import SyntheticPage, synthesize_page
from digits.synthesis.pen_strokes import draw_pen_strokes
from digits.synthesis.simulated_photos import simulate_photos

__all__ = [
    "HELD_OUT_LAYOUTS",
    "LAYOUTS",
    "TABLE_LAYOUTS",
    "BlankForm",
    "Captures",
    "Cell",
    "Document",
    "FilledForm",
    "NumberDocument",
    "RealDigits",
    "SyntheticPage",
    "TableDocument",
    "Truth",
    "draw_pen_strokes",
    "draw_strokes",
    "simulate_captures",
    "simulate_photos",
    "synthesize",
    "synthesize_crops",
    "synthesize_documents",
    "synthesize_evenly",
    "synthesize_filled",
    "synthesize_hands",
    "synthesize_numbers",
    "synthesize_outliers",
    "synthesize_page",
    "synthesize_tables",
]
