"""Pages as documents: what is in which cell of a table, without torch.

1. `reading`: `read_table` and `read_tables`, from a picture or PDF to tables, by the reader of `digits.inference`.
2. `characters`: the digits and signs of a page, and which of them are one number.
3. `rules` finds the lines of a page, each a `rule`; `crossings` makes a `grid` of those that cross, and `combs`
   finds the walls of boxes; `columns` finds rows and columns where there are no rules.
4. `layout` says which character is in which cell, `unread` which ink was not read, and `text` what a cell holds.
5. `table`: `Table` and `Cell`, and how they become CSV, a workbook or JSON.
"""

from digits.documents.characters import Character
from digits.documents.layout import Layout, Place, arrange
from digits.documents.reading import darken, make_table, read_decoded_table, read_table, read_tables
from digits.documents.table import Cell, Table, write_workbook

__all__ = [
    "Cell",
    "Character",
    "Layout",
    "Place",
    "Table",
    "arrange",
    "darken",
    "make_table",
    "read_decoded_table",
    "read_table",
    "read_tables",
    "write_workbook",
]
