"""Pen strokes in UNIPEN's format: what is written is read, and anything else is refused by its line."""

from __future__ import annotations

import contextlib
import gzip
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.data.formats.test_compress import compress

from digits.data.formats import unipen
from digits.data.formats.unipen import parse_unipen, read_unipen
from digits.errors import DataError, DataNotFoundError

HEAD = '.INCLUDE        dene.doc\n\n.LEXICON "0" "1"\n.HIERARCHY      DIGIT\n\n'
TWO = HEAD + (
    '.SEGMENT DIGIT    0 ? "8"\n.COMMENT 8 12  224\n.PEN_DOWN\n 267  333\n 254   40\n.PEN_UP\n.DT 100\n'
    '.SEGMENT DIGIT   1-2 ? "5"\n.COMMENT 5 3  7\n.PEN_DOWN\n   1    2\n.PEN_UP\n.DT 40\n'
    ".PEN_DOWN\n 500  500\n.PEN_UP\n"
)
STROKES = st.lists(st.lists(st.tuples(*[st.integers(0, 500)] * 2), min_size=1, max_size=4), min_size=1, max_size=3)
DIGITS = st.lists(st.tuples(st.integers(0, 9), st.integers(1, 44), STROKES), min_size=1, max_size=4)


def parse(text: str) -> list[unipen.PenDigit]:
    return parse_unipen(Path("pens.tra"), text)


def test_label_writer_and_strokes_are_read_with_y_downwards(tmp_path: Path) -> None:
    (tmp_path / "pens").write_text(TWO)
    eight, five = read_unipen(tmp_path / "pens")
    assert (eight.label, eight.writer, five.label, five.writer) == (8, 12, 5, 3)
    assert [stroke.tolist() for stroke in eight.strokes] == [[[267, -333], [254, -40]]]
    assert [stroke.tolist() for stroke in five.strokes] == [[[1, -2]], [[500, -500]]]


@given(DIGITS)
def test_what_is_written_is_read(digits: list[tuple[int, int, list[list[tuple[int, int]]]]]) -> None:
    text = HEAD
    for label, writer, strokes in digits:
        text += f'.SEGMENT DIGIT {len(text)} ? "{label}"\n.COMMENT {label} {writer}  1\n'
        for stroke in strokes:
            text += "".join(f"{line}\n" for line in (".PEN_DOWN", *(f" {x:4}  {y:4}" for x, y in stroke), ".PEN_UP"))
    found = [(each.label, each.writer, [(s * (1, -1)).tolist() for s in each.strokes]) for each in parse(text)]
    assert found == [(label, writer, [[list(p) for p in s] for s in strokes]) for label, writer, strokes in digits]


@pytest.mark.parametrize("pack", [gzip.compress, compress], ids=["gzip", "compress"])
def test_compressed_files_are_recognized_by_content(tmp_path: Path, pack: object) -> None:
    (tmp_path / "pens").write_bytes(pack(TWO.encode()))  # type: ignore[operator]
    assert [each.label for each in read_unipen(tmp_path / "pens")] == [8, 5]


@pytest.mark.parametrize("line", [line for line in TWO.splitlines() if line[:2] in (".S", ".C", ".P")])
def test_no_line_can_be_missing(line: str) -> None:
    with pytest.raises(DataError, match=r"pens\.tra, line \d+: "):
        parse(TWO.replace(f"{line}\n", "", 1))


@pytest.mark.parametrize(
    "line",
    [
        " 1 x",
        " 1",
        " 1 2 3",
        " -1 2",
        " 1 20000",
        "1.5 2",
        ".PEN",
        "<html>",
        '.SEGMENT DIGIT 0 ? "12"',
        ".COMMENT 8 12",
    ],
)
@pytest.mark.parametrize("place", [".PEN_DOWN\n", ".PEN_UP\n"])
def test_lines_that_do_not_belong_are_refused_by_number(line: str, place: str) -> None:
    text = TWO.replace(place, f"{place}{line}\n", 1)
    number = text[: text.index(f"{line}\n")].count("\n") + 1
    with pytest.raises(DataError, match=f"line {number}: "):
        parse(text)


def test_labels_of_segment_and_comment_must_agree() -> None:
    with pytest.raises(DataError, match=r"line 7: '\.COMMENT 9 12  224' is not expected here"):
        parse(TWO.replace(".COMMENT 8", ".COMMENT 9"))


@pytest.mark.parametrize("text", ["", "\n", HEAD])
def test_files_without_digits_are_refused(text: str) -> None:
    with pytest.raises(DataError, match=r"pens\.tra holds no pen strokes"):
        parse(text)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (gzip.compress(TWO.encode())[:-9], "is broken"),
        (gzip.compress(b"\n" * 2000), "more than 0 MiB"),
        (compress(b"\n" * 2000), "more than 0 MiB"),
        (b"\n" * 2000, "more than 0 MiB"),
        (b"\x1f\x9d\x90\xff\xff\xff", "holds no text of pen strokes: code 511"),
        (b"\xff\xfe", "holds no text of pen strokes"),
    ],
    ids=["cut gzip", "endless gzip", "endless compress", "endless text", "wrong code", "no text"],
)
def test_broken_and_endless_files_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes, reason: str
) -> None:
    monkeypatch.setattr(unipen, "MAX_BYTES", 1000)
    (tmp_path / "pens").write_bytes(content)
    with pytest.raises(DataError, match=reason):
        read_unipen(tmp_path / "pens")


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataNotFoundError, match="pens does not exist"):
        read_unipen(tmp_path / "pens")


@given(st.text(st.sampled_from('.SEGMNTDICO PUW_0123456789?"-\n '), max_size=200))
def test_any_text_gives_digits_or_an_error(text: str) -> None:
    with contextlib.suppress(DataError):
        assert all(np.isfinite(stroke).all() for each in parse(HEAD + text) for stroke in each.strokes)
