"""A doctor for data sets: what is wrong with labelled digits, seen and named before a network learns it. No torch.

- `flags`: the flags that mend a data set, and `mending`: what they do to it.
- `subject`: the digits that are checked, with what several checks need of them: `measures` of every image, and what the
  shipped networks say about a sample (`reference`).
- `checks`: one file per kind of finding; each check is a function from a subject to its findings (`findings`).
- `examination`: all checks, one after the other; `page` shows what they found as ``check.html``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from digits.lazy import load

if TYPE_CHECKING:
    from digits.doctor.examination import examine, warn
    from digits.doctor.findings import Example, Finding
    from digits.doctor.flags import Mending
    from digits.doctor.mending import mend
    from digits.doctor.page import write_page

_MODULES = {
    "examination": ("examine", "warn"),
    "findings": ("Example", "Finding"),
    "flags": ("Mending",),
    "mending": ("mend",),
    "page": ("write_page",),
}

__all__ = ["Example", "Finding", "Mending", "examine", "mend", "warn", "write_page"]


def __getattr__(name: str) -> Any:
    return load(__name__, _MODULES, name)
