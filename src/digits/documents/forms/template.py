"""A form's template: a TOML file or mapping → its fields, with a sentence for everything that is wrong in it."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from digits.documents.constraints import Constraints, parse_checksum
from digits.documents.fields import Field
from digits.errors import DataError, UsageError
from digits.files import expand_home
from digits.inference.inputs import read_content
from digits.options import shorten, suggest

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

PAPERS = {"A4": (210.0, 297.0), "Letter": (215.9, 279.4)}
"""Name of a paper → its width and height, in millimetres."""

MAX_FIELDS = 500
"""Fields of a form, at most."""

KEYS = ("title", "text", "paper", "blank", "field")

FIELD_KEYS = ("name", "label", "digits", "decimals", "range", "checksum", "one_of", "unique", "page", "at", "box")

HERE = Path()

_DIGITS = re.compile(r"(\d{1,9})(?:-(\d{1,9}))?", re.ASCII)

HOW = 'write [[field]], and below it name = "mark" and digits = 3'


@dataclass(frozen=True)
class FormField:
    """A field as the template has it.

    Attributes
    ----------
    field
        Its name and how many digits it has; it is printed with a box for each digit.
    label
        What is printed above it.
    at
        Millimetres from the left and upper edge of the paper to its first box; None for the next free place.
    page
        The page that it is on, counted from 1; None for the next free place.
    asked
        The digits to write, one for each box, printed above them; empty where the number is up to the writer.
    box
        Left, top, width and height of all its boxes on a form that exists already, in millimetres.
    """

    field: Field
    label: str
    at: tuple[float, float] | None = None
    page: int | None = None
    asked: str = ""
    box: tuple[float, float, float, float] | None = None

    @property
    def name(self) -> str:
        """Its column in the answers."""
        return self.field.name

    @property
    def decimals(self) -> int:
        """How many of its boxes are behind the decimal point."""
        return self.field.constraints.decimals


@dataclass(frozen=True)
class Template:
    """What a template says.

    Attributes
    ----------
    name
        Of the file, for errors.
    fields
        One or more.
    title, text
        What is printed at the top of the first page.
    paper
        Of `PAPERS`.
    blank
        The file of a form that exists already, before anything is written on it; None for one to print.
    """

    name: str
    fields: tuple[FormField, ...]
    title: str = ""
    text: str = ""
    paper: str = "A4"
    blank: Path | None = None


def load_template(source: str | os.PathLike[str] | Mapping[str, Any] | Template) -> Template:
    """Load a template from a TOML file, or take what such a file would hold, or one that is loaded.

    Raises
    ------
    DataError
        When the file is missing or is no TOML, or a value in it is missing, unknown or impossible.
    """
    if isinstance(source, Template):
        return source
    if isinstance(source, Mapping):
        return parse_template(source, "the form")
    return parse_template(load_values(source), os.fspath(source), expand_home(source).parent)


def load_values(source: str | os.PathLike[str]) -> dict[str, Any]:
    """Load what a template's file holds; errors are those of `load_template`."""
    return _parse_values(read_content(expand_home(source)) or b"", os.fspath(source))


def parse_toml(content: bytes, name: str, folder: Path = HERE) -> Template:
    """Parse the content of a template's file; errors are those of `load_template`."""
    return parse_template(_parse_values(content, name), name, folder)


def _parse_values(content: bytes, name: str) -> dict[str, Any]:
    try:
        return tomllib.loads(content.decode("utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise DataError(f"{name} is no TOML: {str(error)[:200]}; see https://toml.io") from None
    except RecursionError:
        raise DataError(f"{name} is no template of a form: its values are nested too deeply") from None


def parse_template(values: Mapping[str, Any], name: str, folder: Path = HERE) -> Template:
    """Check what a template holds; `name` is its file's, for errors. Errors are those of `load_template`."""
    _check_keys(values, KEYS, name)
    listed = values.get("field", [])
    if not isinstance(listed, Sequence) or isinstance(listed, str) or not all(isinstance(x, Mapping) for x in listed):
        raise DataError(f"{name}: field must be a list of fields: {HOW}")
    if not listed:
        raise DataError(f"{name} has no field: {HOW}")
    if len(listed) > MAX_FIELDS:
        raise DataError(f"{name} has {len(listed):,} fields, over {MAX_FIELDS}: make several forms of them")
    fields = tuple(_parse_field(each, f"{name}, field {place}", folder) for place, each in enumerate(listed, 1))
    names = [each.name for each in fields]
    if twice := next((each for each in names if names.count(each) > 1), None):
        raise DataError(f"{name}: two fields are named {twice}: give each a name of its own")
    paper = _get_text(values, "paper", name, "A4")
    if paper not in PAPERS:
        raise DataError(f"{name}: paper {shorten(paper)} is unknown{suggest(paper, PAPERS)}")
    blank = _get_text(values, "blank", name)
    for each in fields:
        _check_place(each, f"{name}: the field {each.name}", bool(blank))
    title, text = _get_text(values, "title", name), _get_text(values, "text", name)
    return Template(name, fields, title, text, paper, folder / expand_home(blank) if blank else None)


def _check_place(field: FormField, where: str, is_blank: bool) -> None:
    """Check that a field has a place where it needs one: `box` on a form that exists already, `at` on one to print."""
    if is_blank and not field.box:
        raise DataError(
            f"{where} has no place on the blank form: say where its boxes are, such as box = [20, 80, 49, 9], the "
            "left, top, width and height in mm"
        )
    if is_blank and field.at:
        raise DataError(f"{where}: at is for forms to print: on a blank one, box says where it is")
    if field.box and not is_blank:
        raise DataError(f"{where}: box is for a blank form that exists already, which blank = FILE names: write at")


def _parse_field(values: Mapping[str, Any], where: str, folder: Path) -> FormField:
    _check_keys(values, FIELD_KEYS, where)
    name = _get_text(values, "name", where)
    if not name:
        raise DataError(f'{where} has no name: give it one, such as name = "mark"')
    where = f"{where} ({shorten(name)})"
    written = values.get("digits")
    found = _DIGITS.fullmatch(str(written)) if isinstance(written, int | str) and written is not True else None
    if not found:
        how = f", not {shorten(written)}" if written is not None else ""
        raise DataError(f'{where}: digits must say how many it has, such as 3 or "1-3"{how}')
    low = int(found[1])
    try:
        field = Field(name, low, int(found[2] or low), _parse_constraints(values, where, folder))
    except UsageError as error:
        raise DataError(f"{where}: {error}") from None
    page = values.get("page")
    if page is not None and (not _is_whole(page) or page < 1):
        raise DataError(f"{where}: page must be a whole number, 1 or more, not {shorten(page)}")
    place, box = _parse_numbers(values, "at", where), _parse_numbers(values, "box", where)
    return FormField(
        field,
        _get_text(values, "label", where, name),
        (place[0], place[1]) if place else None,
        page,
        box=(box[0], box[1], box[2], box[3]) if box else None,
    )


def _parse_constraints(values: Mapping[str, Any], where: str, folder: Path) -> Constraints:
    """Parse what the numbers of a field must satisfy; a list's file is beside the template."""
    decimals, unique = values.get("decimals", 0), values.get("unique", False)
    if not _is_whole(decimals):
        raise DataError(f"{where}: decimals must be a whole number, not {shorten(decimals)}")
    if not isinstance(unique, bool):
        raise DataError(f"{where}: unique must be true or false, not {shorten(unique)}")
    bounds = values.get("range", (None, None))
    is_pair = isinstance(bounds, Sequence) and not isinstance(bounds, str) and len(bounds) == 2
    if not is_pair or not ("range" not in values or all(type(each) in (int, float) for each in bounds)):
        raise DataError(
            f"{where}: range must be the least and the largest number, such as [0, 20], not {shorten(bounds)}"
        )
    low, high = (None if each is None else Decimal(str(each)) for each in bounds)
    checksum, one_of = _get_text(values, "checksum", where), _get_text(values, "one_of", where)
    return Constraints(
        parse_checksum(checksum) if checksum else None,
        low,
        high,
        decimals,
        str(folder / expand_home(one_of)) if one_of else "",
        unique,
    )


PLACES = {
    "at": (2, "from the left and upper edge of the paper, such as [20, 80]"),
    "box": (4, "of the left and upper edge of its boxes, and their width and height, such as [20, 80, 49, 9]"),
}
"""How many numbers say a place, and which."""


def _parse_numbers(values: Mapping[str, Any], key: str, where: str) -> tuple[float, ...] | None:
    place, (count, how) = values.get(key), PLACES[key]
    if place is None:
        return None
    is_list = isinstance(place, Sequence) and not isinstance(place, str) and len(place) == count
    if not is_list or not all(type(each) in (int, float) and 0 <= each < 10_000 for each in place):
        raise DataError(f"{where}: {key} must be millimetres {how}, not {shorten(place)}")
    return tuple(map(float, place))


def _check_keys(values: Mapping[str, Any], known: Sequence[str], where: str) -> None:
    for key in values:
        if key not in known:
            raise DataError(f"{where}: {shorten(key)} is unknown{suggest(str(key), known)}")


def _get_text(values: Mapping[str, Any], key: str, where: str, default: str = "") -> str:
    value = values.get(key, default)
    if not isinstance(value, str) or not (value.isprintable() or key == "text"):
        raise DataError(f"{where}: {key} must be a text of one line, not {shorten(value)}")
    return value.strip()


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
