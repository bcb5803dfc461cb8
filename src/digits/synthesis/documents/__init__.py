"""Synthetic documents: what scanners, phones and fax machines see, with every digit and sign on it. No torch.

`synthesize_crops` is an endless stream to learn from, `synthesize_documents` one of whole pages to evaluate with; the
layouts and fonts of the second are held out of the first. From a writer to a picture:

1. `truth` says what is known of a document, and `glyphs` how signs and letters are written.
2. `hands` writes with synthetic writers and with digits of real people, in pieces of `inks`; `fonts` prints, with
   those of PDF by `pdf_fonts`, and `designs` makes new ones from them.
3. `grounds` cuts paper and tables out of textures; `page` is the drawing, on which `rules` draws lines and boxes, and
   `parts` everything else: numbers, words, ticks, codes, stamps.
4. `layouts` fills pages, and `papers` holds what they have before and after that: squares, folds, holes.
5. `views` places the camera, `camera` takes the picture and maps the truth into it, by `resampling`, and `effects`
   spoils it: light, blur, noise, fingers, JPEG.
6. `stream` puts all of it together, `tables` gives tables with the place of every number, `numbers` pages with one
   number in a comb, and `filled` forms that somebody has filled in.

A new kind of page is one function in a mapping, see `layouts`; a new effect is one in a mapping of `papers` or
`effects`.
"""

from digits.synthesis.documents.filled import BlankForm, FilledForm, synthesize_filled
from digits.synthesis.documents.hands import RealDigits
from digits.synthesis.documents.layouts import HELD_OUT_LAYOUTS, LAYOUTS, Layout
from digits.synthesis.documents.numbers import NumberDocument, synthesize_numbers
from digits.synthesis.documents.rules import Cell
from digits.synthesis.documents.stream import synthesize_crops, synthesize_documents
from digits.synthesis.documents.tables import TABLE_LAYOUTS, TableDocument, synthesize_tables
from digits.synthesis.documents.truth import CHARACTERS, Document, Truth, Walls

__all__ = [
    "CHARACTERS",
    "HELD_OUT_LAYOUTS",
    "LAYOUTS",
    "TABLE_LAYOUTS",
    "BlankForm",
    "Cell",
    "Document",
    "FilledForm",
    "Layout",
    "NumberDocument",
    "RealDigits",
    "TableDocument",
    "Truth",
    "Walls",
    "synthesize_crops",
    "synthesize_documents",
    "synthesize_filled",
    "synthesize_numbers",
    "synthesize_tables",
]
