"""From a model file to answers, without torch: `read` and `Reader` for pictures, `load_model` for 28×28 digits.

The way of a page, one file per step:

1. `inputs`: a path, bytes, an array or a Pillow picture → a decoded picture; any digits → ``uint8[n, 28, 28]``;
   `pages`: a PDF or TIFF, page by page.
2. `finder`: a network finds its digits and signs, and puts them in lines.
3. `page`: it is turned upright (`turns`), its digits are cut out, and the model reads them; `odds` weighs what both
   networks say, and a `judge` decides which are to be read.
4. `reader`: digits revise each other, as they are by one `writer`; all become the digits, signs and lines of a
   `Reading` (`results`).

A picture of one digit: `single_digit` chooses the interpretation that the model reads best.

`model` loads and checks model files, and runs them with ONNX Runtime (`runtime`): `graph` and `metadata` check what
anybody may have written, and `trial` loads a file for the first time in a process with limits (`trial_program`).
`second_pass` reads 28×28 digits that may not look as MNIST's do. `explain` draws every step of a reading, with
`drawing`. `interpret` opens a network: its layers, and which pixels supported an answer; `units` looks at one unit of
it, and `stages` at the feature maps of a convolutional one; `nodes` lists what it computes, for a page in one file.
`bulk` reads on many machines with Ray. `walls` finds the walls of cells on a page, for tables.
"""

from digits.inference.bulk import BulkReader
from digits.inference.explain import explain
from digits.inference.finder import Finder, Marks, link_lines, load_finder, write_line
from digits.inference.finder.finder import MIN_CANDIDATE_SCORE
from digits.inference.judge import JUDGE_FILE, Judge, describe_answers, describe_marks, load_judge, parse_judge
from digits.inference.model import SHIPPED_MODELS, Model, load_model
from digits.inference.odds import mix
from digits.inference.page import Page, find_page, seen_by
from digits.inference.reader import Reader, read, read_pages
from digits.inference.results import Digit, Reading, Sign
from digits.inference.turns import judge_turns
from digits.inference.walls import WALLS_FILE, find_walls
from digits.inference.writer import WEIGHTS, PageWeights, compare_images, revise

__all__ = [
    "JUDGE_FILE",
    "MIN_CANDIDATE_SCORE",
    "SHIPPED_MODELS",
    "WALLS_FILE",
    "WEIGHTS",
    "BulkReader",
    "Digit",
    "Finder",
    "Judge",
    "Marks",
    "Model",
    "Page",
    "PageWeights",
    "Reader",
    "Reading",
    "Sign",
    "compare_images",
    "describe_answers",
    "describe_marks",
    "explain",
    "find_page",
    "find_walls",
    "judge_turns",
    "link_lines",
    "load_finder",
    "load_judge",
    "load_model",
    "mix",
    "parse_judge",
    "read",
    "read_pages",
    "revise",
    "seen_by",
    "write_line",
]
