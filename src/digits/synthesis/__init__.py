"""Our own pen: handwriting with known answers. No torch, no fonts, no pictures of anybody's.

The way of the ink, a file each: `skeletons` are paths made by hand; `strokes` turns a path into points on a smooth
curve; `writing` invents writers and lets them write; `ink` gives them pens; `samples` makes digits of the contract.
`signs` and `others` are what is no digit. `paper` is what is written on and `camera` what becomes of it; `photographs`
shows digits as reading will see them, and `layout` and `pages` make pages that know what they say.
"""

from digits.synthesis.others import synthesize_outliers
from digits.synthesis.pages import Page, synthesize_page
from digits.synthesis.photographs import simulate_photos
from digits.synthesis.samples import draw_strokes, synthesize

__all__ = ["Page", "draw_strokes", "simulate_photos", "synthesize", "synthesize_outliers", "synthesize_page"]
