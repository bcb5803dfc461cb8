"""Forms of your own: printed from a template, filled in by hand, read from scans and photographs.

1. `template` loads a TOML file, `sheet` says where its fields are on paper, in millimetres; `codes` says what a page
   tells of itself by its QR code and markers, and `printing` writes the PDF.
2. `registration` finds out which page a picture shows, and where; `walls` finds the boxes of a field there,
   `opinions` is what the networks say of each, and `boxes` makes a run of digits of it.
3. `form`: `Form` puts all together, and asks `digits.documents.matching` for the most probable numbers.
4. `blank` loads a form that exists already, with its fields as rectangles; `print_registration` finds its pages by what
   is printed on them, and `labels` tells forms apart that have the same head. `draft` is the template
   of one whose fields are being drawn.
5. `worksheet` is a form that asks for given digits, so that whoever fills it in makes a labelled set.
"""

from digits.documents.forms.form import Form, FormPage
from digits.documents.forms.opinions import MIN_PRESENCE
from digits.documents.forms.registration import MAX_SIDE
from digits.documents.forms.template import parse_toml

__all__ = ["MAX_SIDE", "MIN_PRESENCE", "Form", "FormPage", "parse_toml"]
