"""A doctor for data sets: what is wrong with labelled digits, seen and named before a network learns it. No torch.

- `flags`: the flags that mend a data set, and `mending`: what they do to it; `pictures` finds the digits of picture
  files at full size.
- `subject`: the digits that are checked, with what several checks need of them: `measures` of every image, and what the
  shipped networks say about a sample (`reference`).
- `checks`: one file per kind of finding; each check is a function from a subject to its findings (`findings`).
- `examination`: all checks, one after the other; `page` shows what they found as ``check.html``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from digits.lazy import load

if TYPE_CHECKING:
    from digits.doctor.examination import examine, warn, warn_of_pictures
    from digits.doctor.findings import Example, Finding
    from digits.doctor.flags import Mending
    from digits.doctor.mending import mend, mend_images
    from digits.doctor.page import write_page
    from digits.doctor.pictures import DigitFinder, load_mended, settle

_MODULES = {
    "examination": ("examine", "warn", "warn_of_pictures"),
    "findings": ("Example", "Finding"),
    "flags": ("Mending",),
    "mending": ("mend", "mend_images"),
    "page": ("write_page",),
    "pictures": ("DigitFinder", "load_mended", "settle"),
}

__all__ = [
    "DigitFinder",
    "Example",
    "Finding",
    "Mending",
    "examine",
    "load_mended",
    "mend",
    "mend_images",
    "settle",
    "warn",
    "warn_of_pictures",
    "write_page",
]


def __getattr__(name: str) -> Any:
    return load(__name__, _MODULES, name)
