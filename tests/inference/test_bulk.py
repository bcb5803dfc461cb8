"""Batches of files are read in Ray Data's form; `tests/test_examples.py` lets Ray itself read some."""

from __future__ import annotations

import io
import json

import numpy as np
import pytest
from benchmarks.hostile import encrypted_pdf, pdf_of_page
from PIL import Image

from digits.inference import BulkReader
from digits.synthesis import synthesize_page

pytestmark = pytest.mark.slow

SEEDS = (9, 41)


def content(seed: int) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(synthesize_page(seed).picture).save(buffer, "PNG")
    return buffer.getvalue()


def text(seed: int) -> str:
    return "\n".join(line.replace(" ", "") for line in synthesize_page(seed).lines)


def test_a_batch_gives_one_row_per_picture_with_any_error() -> None:
    files = [content(SEEDS[0]), b"no picture", content(SEEDS[1])]
    rows = BulkReader()({"bytes": np.array(files, object), "path": np.array(["a", "b", "c"])})
    assert set(rows) == {"path", "text", "confidence", "digits", "error"}
    assert [row.replace(" ", "") for row in rows["text"]] == [text(SEEDS[0]), "", text(SEEDS[1])]
    assert [bool(error) for error in rows["error"]] == [False, True, False]
    assert np.isnan(rows["confidence"][1])
    assert len(json.loads(rows["digits"][0])) == len(text(SEEDS[0]).replace("\n", ""))


def test_a_single_digit_is_one_entry() -> None:
    rows = BulkReader("mlp", single=True)({"bytes": [content(SEEDS[0])], "path": ["a"]})
    assert len(json.loads(rows["digits"][0])) == 1


def test_every_page_is_a_row() -> None:
    files = [pdf_of_page(count=2), encrypted_pdf(), content(SEEDS[0])]
    rows = BulkReader("mlp")({"bytes": files, "path": ["a", "b", "c"]})
    assert rows["path"].tolist() == ["a#1", "a#2", "b", "c"]
    assert [bool(error) for error in rows["error"]] == [False, False, True, False]
    assert rows["error"][2].startswith("b is encrypted")
