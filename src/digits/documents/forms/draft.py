"""A template that is being made for a blank form: its fields are drawn, checked and written as TOML."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2

from digits.documents.forms.blank import Blank, lay_on, load_blank
from digits.documents.forms.template import Template, load_values, parse_template
from digits.errors import DataError
from digits.files import write_output

DRAWN = ("name", "digits", "decimals", "page", "box")
"""What is drawn of a field; all else that a template says of it stays."""


class Draft:
    """A template for a blank form, and its file, which may exist already.

    Parameters
    ----------
    blank
        The file of the form.
    out
        The TOML file to write.

    Raises
    ------
    DataError
        When the form cannot be read, or the file holds another form's template.
    """

    def __init__(self, blank: Path, out: Path) -> None:
        self.out = out
        self._blank_name = Path(os.path.relpath(blank.resolve(), out.resolve().parent)).as_posix()
        self._values: dict[str, Any] = {"blank": self._blank_name, "field": []}
        if out.exists():
            self._values = load_values(out)
            named = self._values.get("blank")
            if not isinstance(named, str) or (out.parent / named).resolve() != blank.resolve():
                raise DataError(f"{out} is no template of {blank}: name another file with -o")
            parse_template(self._values, str(out), out.parent)
        self.blank: Blank = load_blank(Template(str(out), (), blank=blank))

    @property
    def fields(self) -> list[dict[str, Any]]:
        """What is drawn of each field."""
        return [{key: each[key] for key in DRAWN if key in each} for each in self._values["field"]]

    def show(self, page: int) -> bytes:
        """Give a page, counted from 1, as a PNG."""
        return bytes(cv2.imencode(".png", self.blank.pages[page - 1])[1])

    def change(self, fields: Sequence[Mapping[str, Any]]) -> None:
        """Take other fields, and write the file.

        Raises
        ------
        DataError
            When a field is impossible; then nothing is written.
        StorageError
            When the file cannot be written.
        """
        known = {each["name"]: each for each in self._values["field"]}
        merged = [
            {key: value for key, value in known.get(each.get("name"), {}).items() if key not in DRAWN}
            | {key: each[key] for key in DRAWN if key in each}
            for each in fields
        ]
        values = {**self._values, "field": merged}
        if merged:
            lay_on(parse_template(values, str(self.out), self.out.parent), self.blank)
        write_output(self.out, to_toml(values).encode())
        self._values = values


def to_toml(values: Mapping[str, Any]) -> str:
    """Write a template as TOML."""
    lines = [f"{key} = {_write(value)}" for key, value in values.items() if key != "field"]
    for field in values["field"]:
        lines += ["", "[[field]]", *(f"{key} = {_write(value)}" for key, value in field.items())]
    return "\n".join(lines) + "\n"


def _write(value: Any) -> str:
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_write, value))}]"
    return json.dumps(value)  # texts, numbers and truth values are written so in TOML too
