"""Review: people look at the doubtful cells of a form's answers, and every keystroke is kept at once.

1. `cells`: what people see of a doubtful cell, box by box, and which cell resolves most.
2. `writer` keeps the doubtful cells of a reading beside its answers, and `store` is that file: an SQLite database.
3. `job` hands out cells to several people, stores their keystrokes, and `checked` makes the corrected answers of them.
4. `labelled` writes what people said of single digits as a labelled set, from which `digits train` learns.
"""

from digits.documents.review.cells import ReviewCell, spread
from digits.documents.review.checked import CheckedTable
from digits.documents.review.job import ReviewJob
from digits.documents.review.labelled import list_reviewed, write_labelled
from digits.documents.review.store import review_path
from digits.documents.review.writer import ReviewWriter

__all__ = [
    "CheckedTable",
    "ReviewCell",
    "ReviewJob",
    "ReviewWriter",
    "list_reviewed",
    "review_path",
    "spread",
    "write_labelled",
]
