"""Reading pages: every source, the names of the readings, and drawing a reading of a page again."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from benchmarks.hostile import pdf_of_page, save
from PIL import Image

import digits
from digits.errors import DataError, UsageError
from digits.inference import Reader
from digits.inference.explain import explain
from digits.synthesis import synthesize_page


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader("mlp", threads=1)


@pytest.fixture(scope="module")
def contents() -> dict[str, bytes]:
    """The same three pages as PDF and TIFF."""
    first, *rest = [Image.fromarray(synthesize_page(seed, size=(120, 200)).picture) for seed in (1, 2, 3)]
    return {
        kind: save(first.copy(), kind, save_all=True, append_images=[page.copy() for page in rest])
        for kind in ("TIFF", "PDF")
    }


@pytest.fixture(params=["TIFF", "PDF"])
def content(request: pytest.FixtureRequest, contents: dict[str, bytes]) -> bytes:
    return contents[request.param]


def test_pages_of_every_source_are_read(reader: Reader, content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "scan"
    path.write_bytes(content)
    by_path = list(reader.read_pages(path))
    assert [reading.file for reading in by_path] == [f"{path}#{page}" for page in (1, 2, 3)]
    assert len({reading.text for reading in by_path}) == 3
    for source in (content, io.BytesIO(content), str(path)):
        assert [reading.text for reading in reader.read_pages(source)] == [reading.text for reading in by_path]
    assert [reading.file for reading in reader.read_pages(content)] == [f"the picture#{page}" for page in (1, 2, 3)]
    for page, reading in enumerate(by_path, 1):
        assert reader.read(f"{path}#{page}").to_dict() == reading.to_dict()


def test_a_page_can_be_drawn_again(reader: Reader, content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "scan.pdf"
    path.write_bytes(content)
    for source in (path, content):
        for reading in reader.read_pages(source):
            alone = reader.read(reading.source)
            assert [digit.box for digit in alone] == [digit.box for digit in reading]
            assert np.array_equal(np.asarray(alone.plot()), np.asarray(reading.plot()))
            explain(reading, tmp_path / "why.png")
    plots = [np.asarray(reader.read(f"{path}#{page}").plot()) for page in (1, 2)]
    assert not np.array_equal(*plots)


def test_pictures_and_pixels_are_one_page(reader: Reader, tmp_path: Path) -> None:
    picture = synthesize_page(1, size=(120, 200)).picture
    Image.fromarray(picture).save(tmp_path / "note.png")
    (expected,) = reader.read_pages(picture)
    for source in (tmp_path / "note.png", f"{tmp_path / 'note.png'}#1", Image.fromarray(picture)):
        (reading,) = reader.read_pages(source)
        assert reading.text == expected.text
    assert [reading.file for reading in reader.read_pages(tmp_path / "note.png")] == [str(tmp_path / "note.png")]
    with pytest.raises(UsageError, match="of type object: pass a path"):
        list(reader.read_pages(object()))  # type: ignore[arg-type]


def test_several_pages_are_refused_with_what_to_do(contents: dict[str, bytes], tmp_path: Path) -> None:
    path = tmp_path / "scan.pdf"
    path.write_bytes(contents["PDF"])
    with pytest.raises(DataError) as caught:
        digits.read(path)
    assert str(caught.value) == (f"{path} has 3 pages: name one, such as {path}#1, or read them with digits.read_pages")
    with pytest.raises(DataError, match=r"^the picture has 3 pages: read them with digits\.read_pages$"):
        digits.read(contents["TIFF"])
    assert digits.read(f"{path}#3").file == f"{path}#3"


def test_pages_are_read_when_their_turn_comes(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    whole = Reader.read_decoded

    def count(*arguments: object, name: str, **options: object) -> object:
        read.append(name)
        return whole(*arguments, name=name, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(Reader, "read_decoded", count)
    readings = reader.read_pages(pdf_of_page(count=500), name="scan")
    assert read == []
    next(readings)
    next(readings)
    assert read == ["scan#1", "scan#2"]


def test_after_a_damaged_page_the_next_is_read(reader: Reader, contents: dict[str, bytes]) -> None:
    content = contents["TIFF"]
    start = int.from_bytes(content[4:8], "little")
    second = int.from_bytes(content[(end := start + 2 + 12 * content[start]) : end + 4], "little")
    readings = reader.read_pages(content[: second + 2] + bytes(48) + content[second + 50 :], name="scan")
    assert next(readings).file == "scan#1"
    with pytest.raises(DataError, match=r"^scan#2 is damaged"):
        next(readings)
    assert next(readings).file == "scan#3"
