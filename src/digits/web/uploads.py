"""From the body of a request to a picture, perhaps with a roster, or a set of digits: the bytes of a file, or a form.

Decoded in a worker process, so that a large picture delays no other request.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import Field, File, create_form_parser

from digits.errors import DataError
from digits.preprocessing import MAX_PAGE_SIDE, Decoded
from digits.preprocessing.decoding import decode_page
from digits.preprocessing.ink import shrink
from digits.preprocessing.opening import LargePictureError
from digits.preprocessing.pages import Pages, SeveralPagesError, is_pdf
from digits.web.refusals import LongJobError, RefusedError

MAX_BODY_BYTES = 32 * 2**20
"""Bytes of a body, at most: the largest pictures of phones have half of it."""

MAX_MEGAPIXELS = 50
"""Size of a picture, at most: as large as phones take them; more would need too much memory for strangers."""

SHORT_MEGAPIXELS = 2
"""Size of a picture that takes little time, at most; its header says it before anything is decoded."""

MAX_ENLARGED = 3
"""How much larger a part of a picture is decoded, at most, than the whole would be: more needs too much memory."""

MIN_PART_SIDE = 16
"""Pixels of a part's shorter side, at least: smaller ones hold no digit that can be read."""

MAX_DIGITS = 10_000
"""Digits of a set, at most: as many as MNIST has to test, which take a second or two."""

MAX_SET_BYTES = 2**28
"""Bytes of an array of a set, at most: `MAX_DIGITS` as the largest numbers take a quarter of it."""

MAX_PARTS = 16
"""Parts of a form, at most: one holds the picture, and one may hold a roster."""

MAX_ROSTER_BYTES = 2**20
"""Bytes of a roster, at most: names and numbers of 20,000 people."""

ROSTER, TEMPLATE = "roster", "template"
"""Names of the parts that hold a roster and the template of a form; any other file is a picture."""

MAX_SCANS = 100
"""Scans of a form in a request, at most."""

MAX_TEMPLATE_BYTES = 2**16
"""Bytes of a template, at most: 500 fields have half of it."""

DEFAULT_NAME = "the picture"
"""Name of a picture that is sent without one."""

SET_NAMES = {
    "text/csv": "digits.csv", "text/tab-separated-values": "digits.tsv",
    "application/vnd.apache.parquet": "digits.parquet",
}  # fmt: skip
"""Names of sets of digits that are sent without one, by media type."""

DEFAULT_SET_NAME = "digits"
"""Name of any other set."""


class DecodedUpload(NamedTuple):
    """A picture or page, its name, and how many pages its file has."""

    decoded: Decoded
    name: str
    pages: int


class Part(NamedTuple):
    """A part of a form, and the name of its file; empty without one."""

    content: bytes
    name: str


class Parts(NamedTuple):
    """The contents of a body: a file, and a roster, which is a CSV, each with its name; no roster is None."""

    content: bytes
    name: str
    roster: bytes | None = None
    roster_name: str = "the roster"


class FormParts(NamedTuple):
    """The contents of a body with a form: its template, the scans, and perhaps a roster."""

    template: Part
    scans: list[Part]
    roster: Part | None


@dataclass(frozen=True)
class Upload:
    """A body as it arrived; `media_type` is that of the header `content_type`, in lower case, without parameters."""

    media_type: str
    content_type: str
    body: bytes
    client: str
    """Address of the client."""
    page: int | None = None
    """Which page to read, from 1; None: the only one."""
    is_short: bool = False
    """Whether to read only a picture that takes little time."""
    area: tuple[float, ...] | None = None
    """The part to read: left, top, width and height as shares of the picture; None: all of it."""
    turn: int = 0
    """Degrees, counter-clockwise, by which this is turned first."""
    number: int | None = None
    """Which picture of a form with several to read, from 0; None: the only one."""

    @property
    def may_have_several(self) -> bool:
        """Whether this may be a form with several pictures; a glance, which parses nothing."""
        return self.media_type == "multipart/form-data" and self.body.count(b"filename") > 1

    def list_pictures(self) -> list[str]:
        """List the names of the pictures in a form.

        Raises
        ------
        RefusedError
            400 for a form that cannot be parsed.
        """
        return [name or DEFAULT_NAME for _, name in _split_form(self.content_type, self.body, (ROSTER,), MAX_PARTS)[-1]]

    @cached_property
    def parts(self) -> Parts:
        """What the body holds.

        Raises
        ------
        RefusedError
            400 for a form that cannot be parsed, or holds no file or several; 413 when its roster is too large.
        """
        if self.media_type == "multipart/form-data":
            return _parse_form(self.content_type, self.body, self.number)
        return Parts(self.body, DEFAULT_NAME)

    @cached_property
    def form_parts(self) -> FormParts:
        """The parts of a form and its scans.

        Raises
        ------
        RefusedError
            400 when it has no template, no scans, or several templates; 413 when a part is too large.
        """
        templates, rosters, scans = _split_form(self.content_type, self.body, (TEMPLATE, ROSTER), MAX_SCANS + 2)
        template = _take_one(templates, TEMPLATE, MAX_TEMPLATE_BYTES, "keep the fields that it needs")
        if not template:
            raise RefusedError(400, "the request has no template: send the form's TOML file in a field named template")
        if not scans:
            raise RefusedError(400, "the request has no scans: send pictures or PDFs in fields named file")
        named = [each._replace(name=each.name or DEFAULT_NAME) for each in scans]
        return FormParts(template, named, _take_one(rosters, ROSTER, MAX_ROSTER_BYTES, KEEP_COLUMNS))

    def decode(self) -> DecodedUpload:
        """Decode the picture or page.

        Raises
        ------
        DataError
            When the file is empty, not a picture, damaged or encrypted.
        RefusedError
            When this page cannot be read, or none of several is named; with the number of pages. Or as `parts`.
        LongJobError
            When a picture that should be short has more than `SHORT_MEGAPIXELS`, or is a PDF, whose size says little.
        """
        content, name = self.parts[:2]
        if self.is_short and is_pdf(content):
            raise LongJobError
        pages = Pages(content, name)
        count = len(pages)
        try:
            number = pages.choose(self.page)
            label = f"page {number} of {name}" if count > 1 else name
            limit = SHORT_MEGAPIXELS if self.is_short else MAX_MEGAPIXELS
            decoded = decode_page(pages, number, label, max_side=self._choose_side(), max_megapixels=limit)
        except SeveralPagesError:
            raise RefusedError(422, f"{name} has {count:,} pages: name one, such as page=1", count) from None
        except DataError as error:
            if self.is_short and isinstance(error, LargePictureError):
                raise LongJobError from None
            raise RefusedError(422, str(error), count if count > 1 else None) from None
        return DecodedUpload(self._take_part(decoded), f"{name}#{number}" if count > 1 else name, count)

    def _choose_side(self) -> int:
        """Longer side of the decoded picture, at most: a part of it is to be as sharp as a whole picture."""
        share = max(*self.area[2:], 1 / MAX_ENLARGED) if self.area else 1
        return round(MAX_PAGE_SIDE / share)

    def _take_part(self, decoded: Decoded) -> Decoded:
        picture, size = decoded.picture, decoded.size
        if self.area:
            left, top, width, height = self.area
            spans = [
                slice(*(min(max(round(place * length), 0), length) for place in (start, start + share)))
                for start, share, length in ((top, height, picture.shape[0]), (left, width, picture.shape[1]))
            ]
            picture = picture[tuple(spans)]
            if min(picture.shape[:2]) < MIN_PART_SIDE:
                raise RefusedError(422, f"the part has less than {MIN_PART_SIDE} pixels a side: choose a larger one")
            size = (max(round(width * size[0]), 1), max(round(height * size[1]), 1))
        if self.turn:
            picture = np.rot90(picture, self.turn // 90)
            size = size[::-1] if self.turn % 180 else size
        return Decoded(shrink(np.ascontiguousarray(picture), MAX_PAGE_SIDE), size)


def _parse_form(content_type: str, body: bytes, number: int | None) -> Parts:
    rosters, pictures = _split_form(content_type, body, (ROSTER,), MAX_PARTS)
    if number is not None:
        pictures = pictures[number : number + 1]
    if not pictures:
        raise RefusedError(400, "the form holds no file: send it in a field named file")
    if len(pictures) > 1:
        raise RefusedError(400, f"the form holds {len(pictures)} files: send one per request; /api/read takes several")
    content, name = pictures[0]
    roster = _take_one(rosters, ROSTER, MAX_ROSTER_BYTES, KEEP_COLUMNS)
    if not roster:
        return Parts(content, name or DEFAULT_NAME)
    return Parts(content, name or DEFAULT_NAME, *roster)


KEEP_COLUMNS = "keep the columns it needs"


def _take_one(parts: list[Part], what: str, most: int, how: str) -> Part | None:
    """Take the only part of a kind, of so many bytes at most; None without one."""
    if len(parts) > 1:
        raise RefusedError(400, f"the form holds several {what}s: send one")
    if not parts:
        return None
    if len(parts[0].content) > most:
        size = f"{most // 2**20} MiB" if most >= 2**20 else f"{most // 2**10} KiB"
        raise RefusedError(413, f"the {what} is larger than {size}: {how}")
    return parts[0]._replace(name=parts[0].name or f"the {what}")


def _split_form(content_type: str, body: bytes, named: tuple[str, ...], most: int) -> list[list[Part]]:
    """Split a form of at most so many parts: those with each of these names, and last all other files."""
    found: list[list[Part]] = [[] for _ in range(len(named) + 1)]
    parts = 0

    def count(part: Field | File) -> None:
        nonlocal parts
        parts += 1
        if parts > most:
            raise FormParserError(f"it has more than {most} parts")
        name = (part.field_name or b"").decode("utf-8", "replace")
        if name in named:
            found[named.index(name)].append(_read_part(part))
        elif isinstance(part, File):
            found[-1].append(_read_part(part))

    try:
        in_memory = {"MAX_MEMORY_FILE_SIZE": MAX_BODY_BYTES + 1}
        parser = create_form_parser({"Content-Type": content_type.encode("latin-1")}, count, count, in_memory)
        parser.write(body)
        parser.finalize()
    except (FormParserError, ValueError) as error:
        raise RefusedError(400, f"the form cannot be parsed: {error}") from None
    return found


def _read_part(part: Field | File) -> Part:
    """Read a part of a form, and the name of its file, if it has one."""
    if not isinstance(part, File):
        return Part(part.value or b"", "")
    part.file_object.seek(0)
    return Part(part.file_object.read(), (part.file_name or b"").decode("utf-8", "replace"))
