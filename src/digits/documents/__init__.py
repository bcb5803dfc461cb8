"""Pages as documents: what is in which cell of a table, without torch.

1. `reading`: `read_table` and `read_tables`, from a picture or PDF to tables, by the reader of `digits.inference`.
2. `characters`: the digits and signs of a page, and which of them are one number.
3. `rules` finds what may be lines of a page, each a `rule`; `flat` says how they all run. `lattice` finds the borders
   of rows and columns from rules and digits, and `crossings` makes a `grid` of them; `combs` finds the walls of boxes.
4. `placing` says which character is in which cell, `columns` does so for numbers that stand apart, and `layout` puts
   all together; `unread` says which ink was not read, and `text` what a cell holds.
5. `sums` makes rows or columns add up, whose last cell is the sum of the others.
6. `table`: `Table` and `Cell`, and how they become CSV, a workbook or JSON.

One number per page, matched with a list:

1. `matching`: `read_fields`, from pages to a row per page; `fields` names the numbers, `constraints` and `roster` say
   which there may be, and `answers` is what comes out.
2. `runs` finds what may be the number, `alignment` weighs numbers against it, and `evidence` is what a page says.
3. `consistent` finds the most probable numbers that satisfy the constraints; `automaton` says which do.
4. `assignment`: which page has which number, if each is on one page at most.

`forms` prints forms of your own, and reads them; `review` lets people look at what is doubtful.
"""

from digits.documents.alignment import ERRORS, Errors, Run, weigh_form, weigh_numbers
from digits.documents.answers import FieldAnswer, FieldRow, FieldTable
from digits.documents.characters import Character
from digits.documents.constraints import Checksum, Constraints, parse_checksum, parse_constraints
from digits.documents.evidence import NumberForm, PageEvidence, gather
from digits.documents.fields import Field, parse_fields
from digits.documents.forms import MIN_PRESENCE, Form, FormPage
from digits.documents.layout import Layout, Place, arrange
from digits.documents.matching import decide, read_fields
from digits.documents.reading import check_sums, darken, make_table, read_decoded_table, read_table, read_tables
from digits.documents.review import spread
from digits.documents.roster import Roster, find_rosters, load_roster, parse_roster
from digits.documents.runs import find_runs
from digits.documents.table import Cell, Table, write_workbook

__all__ = [
    "ERRORS",
    "MIN_PRESENCE",
    "Cell",
    "Character",
    "Checksum",
    "Constraints",
    "Errors",
    "Field",
    "FieldAnswer",
    "FieldRow",
    "FieldTable",
    "Form",
    "FormPage",
    "Layout",
    "NumberForm",
    "PageEvidence",
    "Place",
    "Roster",
    "Run",
    "Table",
    "arrange",
    "check_sums",
    "darken",
    "decide",
    "find_rosters",
    "find_runs",
    "gather",
    "load_roster",
    "make_table",
    "parse_checksum",
    "parse_constraints",
    "parse_fields",
    "parse_roster",
    "read_decoded_table",
    "read_fields",
    "read_table",
    "read_tables",
    "spread",
    "weigh_form",
    "weigh_numbers",
    "write_workbook",
]
