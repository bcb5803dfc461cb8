"""Layouts: functions that draw on an empty page, which they get with a generator, and change nothing else.

`free` holds those without a form, `forms` those with cells to fill in, `sheets` puzzles, charts and the like, `prints`
those of print, `mixtures` pages of several, and `held_out` those that no network learns from. A layout of your own is
one more such function, in a mapping of layouts to their shares: ``synthesize_crops(layouts={**LAYOUTS, mine: 0.2})``.
"""

from collections.abc import Callable, Mapping

import numpy as np

from digits.synthesis.documents.layouts import forms, free, held_out, mixtures, prints, sheets
from digits.synthesis.documents.page import Page

Layout = Callable[[Page, np.random.Generator], None]

LAYOUTS: Mapping[Layout, float] = {
    free.notes: 0.14,
    free.columns: 0.06,
    free.scattered: 0.05,
    free.slanted: 0.04,
    free.tight: 0.05,
    free.large: 0.03,
    free.letter: 0.07,
    free.algebra: 0.05,
    free.symbols: 0.06,
    free.drawings: 0.02,
    forms.fields: 0.13,
    forms.table: 0.12,
    forms.tally: 0.06,
    forms.marks: 0.06,
    forms.exercises: 0.06,
    forms.exam: 0.08,
    forms.bubbles: 0.02,
    forms.worksheet: 0.03,
    sheets.captions: 0.06,
    sheets.gaps: 0.06,
    sheets.puzzle: 0.03,
    sheets.lists: 0.04,
    sheets.chart: 0.02,
    sheets.sketch: 0.03,
    mixtures.mixed: 0.35,
    prints.text: 0.05,
    prints.figures: 0.03,
    prints.receipt: 0.02,
    prints.posters: 0.02,
    prints.screen: 0.02,
    prints.stamped: 0.02,
}
"""To learn from: layout → share of the pages, up to a factor."""

HELD_OUT_LAYOUTS: Mapping[Layout, float] = {
    held_out.calendar: 1.0,
    held_out.cheque: 1.0,
    held_out.delivery: 1.0,
    held_out.envelope: 1.0,
    held_out.meters: 1.0,
    held_out.scores: 1.0,
}
"""To evaluate with: layout → share of the pages, up to a factor."""
