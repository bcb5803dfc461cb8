"""Keeping what people need to review the answers of a form: while its pages are read, and once all are decided on."""

from __future__ import annotations

import json
import os
from pathlib import Path
from types import TracebackType

from digits.documents.answers import FieldTable
from digits.documents.fields import Field
from digits.documents.forms import Form, FormPage
from digits.documents.forms.form import Numbers
from digits.documents.review.cells import rank, spread
from digits.documents.review.store import Store
from digits.errors import StorageError


class ReviewWriter:
    """Keep pages as they are read, beside the answers; leaving the block early leaves no file.

    Pictures go to the disk page by page, so that thousands of pages need no more memory than one.

    Raises
    ------
    StorageError
        When the file cannot be written, or people have decided on cells of an earlier reading, which would be lost.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        if path.is_file():
            _check_unused(path)
        self._partial = path.with_name(f".{path.name}.part")
        self._partial.unlink(missing_ok=True)
        self._store = Store(self._partial, create=True)
        # a file that is not complete is worth nothing: until then, the disk is not waited for
        self._store.connection.execute("PRAGMA synchronous = OFF")
        self._count = 0

    def __enter__(self) -> ReviewWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the file; an incomplete one is deleted."""
        self._store.close()
        self._partial.unlink(missing_ok=True)

    def add(self, page: FormPage) -> FormPage:
        """Keep the pictures of a page; return the page without them."""
        with self._store.writing() as changes:
            changes.execute("INSERT INTO pages VALUES (?, ?, ?)", (self._count, page.name, page.error))
            for place, boxes in page.boxes.items():
                changes.execute(
                    "INSERT INTO cells (page, field, answer, is_doubtful, rank, read, made, doubts, filled, images, "
                    "picture) VALUES (?, ?, '', 0, 0, '', '', '', ?, ?, ?)",
                    (self._count, place, json.dumps(boxes.filled), boxes.images.tobytes(), boxes.picture),
                )
        self._count += 1
        return page.without_pictures()

    def finish(self, form: Form, pages: list[FormPage], answers: FieldTable, numbers: Numbers) -> int:
        """Keep the answers, drop pictures of which nobody needs to look, and return how many cells are doubtful."""
        ranks = {cell: place for place, cell in enumerate(rank(answers))}
        with self._store.writing() as changes:
            facts = {
                "fields": [
                    _describe(each, comb.boxes) for each, comb in zip(answers.fields, form.sheet.combs, strict=True)
                ],
                "columns": list(answers.columns),
            }
            changes.executemany(
                "INSERT INTO meta VALUES (?, ?)", [(name, json.dumps(each)) for name, each in facts.items()]
            )
            for place, roster in enumerate(numbers.rosters):
                listed = zip(roster.numbers, roster.details, strict=True) if roster else ()
                changes.executemany(
                    "INSERT INTO rosters VALUES (?, ?, ?)",
                    [(place, number, json.dumps(dict(details))) for number, details in listed],
                )
            for row, page in enumerate(pages):
                for place, boxes in page.boxes.items():
                    answer = answers.rows[row].answers[place]
                    seen = spread(boxes, answer, form.sheet.combs[place].boxes)
                    values = json.dumps(answer.to_dict()), (row, place) in ranks, ranks.get((row, place), 0)
                    shown = ",".join(seen.read), ",".join(seen.made), json.dumps(seen.doubts)
                    changes.execute(
                        "UPDATE cells SET answer = ?, is_doubtful = ?, rank = ?, read = ?, made = ?, doubts = ? "
                        "WHERE page = ? AND field = ?",
                        (*values, *shown, row, place),
                    )
            changes.execute("UPDATE cells SET picture = x'', images = x'' WHERE NOT is_doubtful")
        self._store.connection.execute("VACUUM")
        self._store.close()
        try:
            with self._partial.open("rb+") as file:
                os.fsync(file.fileno())
            self._partial.replace(self.path)
        except OSError as error:
            raise StorageError(f"{self.path} cannot be written: {error.strerror}. Choose another folder.") from None
        return len(ranks)


def _check_unused(path: Path) -> None:
    store = Store(path)
    try:
        ((decided,),) = store.read("SELECT COUNT(*) FROM cells WHERE boxes IS NOT NULL")
    finally:
        store.close()
    if decided:
        raise StorageError(
            f"{path} holds the review of {decided:,} cells of an earlier reading: finish it, and move it away, or "
            "write the answers to another file"
        )


def _describe(field: Field, boxes: int) -> dict[str, object]:
    rules = field.constraints
    return {
        "name": field.name, "low": field.low, "high": field.high, "boxes": boxes, "decimals": rules.decimals,
        "checksum": str(rules.checksum or ""), "least": str(rules.low) if rules.low is not None else "",
        "most": str(rules.high) if rules.high is not None else "", "unique": rules.unique,
    }  # fmt: skip
