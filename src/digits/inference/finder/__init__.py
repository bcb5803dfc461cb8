"""From a picture to the digits and signs on it, and their lines, without torch.

- `finder`: `load_finder` and `Finder`, a model file that finds marks in pictures of any size
- `scales`: at which sizes, and where, the network sees the picture
- `outputs`: what the network says of a place, and how that becomes marks
- `marks`: `Marks`, what was found
- `suppression`: of marks at several scales, the best
- `lines`: marks in order, and their text
"""

from digits.inference.finder.finder import Finder, load_finder
from digits.inference.finder.lines import find_spaces, link_lines, link_numbers, write_line
from digits.inference.finder.marks import Marks

__all__ = ["Finder", "Marks", "find_spaces", "link_lines", "link_numbers", "load_finder", "write_line"]
