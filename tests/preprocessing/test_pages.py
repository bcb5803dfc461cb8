"""Pages of PDFs and TIFFs: found by content, drawn within limits, and refused with a sentence when they cannot be."""

from __future__ import annotations

import gc
import os
import re
import struct
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from benchmarks.hostile import (
    encrypted_pdf,
    pdf_bomb,
    pdf_of_endless_pages,
    pdf_of_lines,
    pdf_of_nested_forms,
    pdf_of_page,
    pdf_without_pages,
    save,
)
from PIL import Image, PngImagePlugin

from benchmarks import hostile
from digits.errors import DataError
from digits.preprocessing import decode, pages, pdf_process
from digits.preprocessing.pages import Pages, SeveralPagesError
from digits.preprocessing.pdf_process import PdfProcess

SHADES = (40, 120, 200)


def written(format: str, shades: tuple[int, ...] = SHADES, **settings: object) -> bytes:  # noqa: A002
    """A file whose pages have one shade each."""
    first, *rest = [Image.new("L", (200 + 10 * index, 100), shade) for index, shade in enumerate(shades)]
    return save(first, format, save_all=True, append_images=rest, **settings)


def shade(content: bytes, page: int | None = None) -> int:
    return int(np.median(decode(content, "scan", page=page).picture))


def directories(content: bytes) -> list[int]:
    """The places of the directories of a little-endian TIFF, by struct alone."""
    places, place = [], struct.unpack_from("<I", content, 4)[0]
    while place:
        places.append(place)
        (count,) = struct.unpack_from("<H", content, place)
        (place,) = struct.unpack_from("<I", content, place + 2 + 12 * count)
    return places


@pytest.mark.parametrize(
    ("format", "settings"),
    [("PDF", {}), ("TIFF", {}), ("TIFF", {"big_tiff": True}), ("TIFF", {"compression": "tiff_deflate"})],
)
def test_every_page_is_decoded(format: str, settings: dict[str, object]) -> None:  # noqa: A002
    content = written(format, **settings)
    assert len(Pages(content, "scan")) == 3
    for page, expected in enumerate(SHADES, 1):
        assert abs(shade(content, page) - expected) <= 2
    sizes = [decode(content, "scan", page=page).size for page in (1, 2, 3)]
    assert [round(100 * wide / high) for wide, high in sizes] == [200, 210, 220]


@pytest.mark.parametrize("format", ["PDF", "TIFF", "PNG"])
def test_a_single_page_needs_no_number(format: str) -> None:  # noqa: A002
    content = save(Image.new("L", (200, 100), 90), format)
    assert shade(content) == shade(content, 1) == 90
    with pytest.raises(DataError, match=r"^scan has no page 2: it has 1 page, counted from 1$"):
        decode(content, "scan#2", page=2)


@pytest.mark.parametrize("format", ["PDF", "TIFF"])
def test_of_several_pages_one_must_be_named(format: str) -> None:  # noqa: A002
    with pytest.raises(SeveralPagesError, match=r"^scan has 3 pages: name the one to read$") as caught:
        decode(written(format), "scan")
    assert caught.value.count == 3
    for page in (0, 4, -1):
        with pytest.raises(DataError, match=rf"^scan has no page {page}: it has 3 pages, counted from 1$"):
            decode(written(format), "scan", page=page)


def test_a_pdf_is_known_by_its_content() -> None:
    content = pdf_of_page()
    assert decode(b"@PJL SET RESOLUTION=600\r\n" + content, "scan").picture.size
    with pytest.raises(DataError, match="is not in a known picture format"):
        decode(b" " * 1024 + content, "scan")
    text = PngImagePlugin.PngInfo()
    text.add_text("Source", "%PDF-1.7")
    assert decode(save(Image.new("L", (60, 60), 7), "PNG", pnginfo=text), "scan").size == (60, 60)


def test_a_page_of_a_pdf_has_its_size_at_200_dots_per_inch() -> None:
    decoded = decode(pdf_of_page(box=b"0 0 595 842"), "scan", max_side=500)
    assert decoded.size == (round(595 / 72 * 200), round(842 / 72 * 200))
    assert decoded.picture.shape == (500, round(500 * 595 / 842))
    ink = np.argwhere(decoded.picture < 128)  # a stroke from (20, 20) to (20, 80) points, counted from below
    assert np.allclose(ink.mean(0) / decoded.picture.shape, ((842 - 50) / 842, 20 / 595), atol=0.005)


def test_a_small_page_is_not_magnified_into_a_blur() -> None:
    assert max(decode(pdf_of_page(box=b"0 0 36 72"), "scan").picture.shape) == 300


def test_a_coloured_page_keeps_its_colours() -> None:
    picture = decode(pdf_of_page(b"1 0 0 rg 0 0 50 100 re f"), "scan").picture
    high, wide, _ = picture.shape
    assert picture[high // 2, wide // 4].tolist() == [255, 0, 0]
    assert picture[high // 2, 3 * wide // 4].tolist() == [255, 255, 255]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (encrypted_pdf, "is encrypted: open it with its password, and save it without one"),
        (pdf_without_pages, "has no pages: export it or download it again"),
        (pdf_of_endless_pages, "has no pages: export it or download it again"),
        (lambda: pdf_of_page()[:200], "is damaged: export it or download it again"),
        (lambda: pdf_of_page(box=b"0 0 1 30000"), "is 3×83333 pixels, too small to hold a digit: .*"),
        (lambda: pdf_of_page(box=b"0 0 10 30000"), "is a strip of 28×83333 pixels: cut it into shorter pieces"),
    ],
)
def test_each_fault_of_a_pdf_is_named(content: Callable[[], bytes], message: str) -> None:
    with pytest.raises(DataError, match=f"^scan {message}$"):
        decode(content(), "scan")


@pytest.mark.parametrize("box", [b"0 0 1000000000 1000000000", b"0 0 14400 14400", b"0 0 1e30 1e30", b"9 9 9 9", b"x"])
def test_the_box_of_a_page_does_not_decide_its_pixels(box: bytes) -> None:
    decoded = decode(pdf_of_page(box=box), "scan", max_side=400)
    assert max(decoded.picture.shape) <= 400
    assert min(decoded.size) > 4


SLOW = "takes too long to decode (over 0.3 seconds): save it again as PNG or JPEG"
LARGE = "takes over 0.0625 GiB of memory to draw, or makes PDFium fail: save it again as PNG or JPEG"

HOSTILE: dict[str, tuple[Callable[[], bytes], int, str]] = {
    "deep forms": (pdf_of_nested_forms, 2**30, SLOW),
    "many lines": (lambda: pdf_of_lines(200_000), 2**30, SLOW),
    "endless spaces": (lambda: pdf_bomb(2**26), 2**26, LARGE),
}
"""Pages made to exhaust a computer, bytes of memory they may take, and how they are refused."""


@pytest.fixture
def strict_process(monkeypatch: pytest.MonkeyPatch) -> Iterator[PdfProcess]:
    """A process of its own that draws within narrow limits."""
    process = PdfProcess()
    monkeypatch.setattr(pdf_process, "MAX_SECONDS", 0.3)
    monkeypatch.setattr(pdf_process, "_process", process)
    yield process
    process.end()


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not limit memory")
@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_page_ends_the_process_that_draws_it(
    kind: str, strict_process: PdfProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    make, memory, message = HOSTILE[kind]
    monkeypatch.setattr(pdf_process, "MAX_MEMORY", memory)
    innocent = Pages(pdf_of_page(), "innocent")
    with pytest.raises(DataError, match=f"^scan {re.escape(message)}$"):
        decode(make(), "scan")
    assert strict_process.end() is None
    assert innocent.draw(1, "innocent", 50) is not None  # opened again, in another process


def test_a_process_that_waits_is_ended_by_the_clock(
    strict_process: PdfProcess, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "program.py").write_text("import sys; sys.stdin.buffer.read()")
    monkeypatch.setattr(pdf_process, "PROGRAM", tmp_path / "program.py")
    monkeypatch.setattr(pdf_process, "MAX_CLOCK_SECONDS", 0.2)
    with pytest.raises(DataError, match=r"^scan takes too long to decode"):
        decode(pdf_of_page(), "scan")


@pytest.mark.usefixtures("strict_process")
def test_without_a_process_a_pdf_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "no-such-program")
    with pytest.raises(DataError, match=r"^scan cannot be read, since no process can be started .*: No such file"):
        decode(pdf_of_page(), "scan")


def test_an_interrupted_answer_is_not_taken_for_the_next(
    strict_process: PdfProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    two = Pages(written("PDF"), "scan")

    def interrupt(text: bytes) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("digits.preprocessing.pdf_process.json.loads", interrupt)
        with pytest.raises(KeyboardInterrupt):
            two.draw(1, "scan#1", 50)
    drawn = two.draw(2, "scan#2", 50)
    assert drawn is not None
    assert abs(int(np.median(drawn[0])) - SHADES[1]) <= 2


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_both_sides_of_a_fork_draw_their_own_pages() -> None:
    script = (
        "import os\n"
        "from benchmarks.hostile import pdf_of_page\n"
        "from digits.preprocessing.pages import Pages\n"
        "scans = [Pages(pdf_of_page(b'%f g 0 0 99 99 re f' % (n / 4)), 'scan') for n in range(4)]\n"
        "child = os.fork()\n"
        "seen = [int(scans[n].draw(1, 'scan', 9)[0][4, 4]) for n in (0, 1, 2, 3) * 5]\n"
        "assert seen == [0, 64, 128, 191] * 5, seen\n"
        "if child: assert os.waitpid(child, 0)[1] == 0\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


def test_a_damaged_page_leaves_the_others() -> None:
    content = written("TIFF")
    _, second, third = directories(content)
    assert third > second
    spoilt = bytearray(content)
    spoilt[second + 2 : second + 2 + 12 * 4] = bytes(12 * 4)  # width, height, bits and compression
    assert len(Pages(bytes(spoilt), "scan")) == 3
    assert (shade(bytes(spoilt), 1), shade(bytes(spoilt), 3)) == (SHADES[0], SHADES[2])
    with pytest.raises(DataError, match=r"^scan is damaged"):
        decode(bytes(spoilt), "scan", page=2)


def test_a_chain_of_pages_that_leaves_the_file_is_damaged_there() -> None:
    content = written("TIFF")[: directories(written("TIFF"))[1]]
    assert len(Pages(content, "scan")) == 2
    assert shade(content, 1) == SHADES[0]
    with pytest.raises(DataError, match=r"^scan is damaged"):
        decode(content, "scan", page=2)


def test_a_loop_of_pages_ends() -> None:
    content = bytearray(written("TIFF"))
    first, _, third = directories(bytes(content))
    (count,) = struct.unpack_from("<H", content, third)
    content[third + 2 + 12 * count : third + 6 + 12 * count] = struct.pack("<I", first)
    assert len(Pages(bytes(content), "scan")) == 3
    assert shade(bytes(content), 3) == SHADES[2]


def test_reduced_copies_and_masks_are_no_pages() -> None:
    content = bytearray(save(Image.new("L", (200, 100), 90), "TIFF", tiffinfo={254: 0}))
    single = bytes(content)
    tags = {254: (4, 1, 1), 256: (4, 1, 20), 257: (4, 1, 10)}
    copy = hostile.tiff_of(tags)[8:]
    (place,) = directories(single)
    (count,) = struct.unpack_from("<H", single, place)
    content += bytes(len(content) % 2)
    content[place + 2 + 12 * count : place + 6 + 12 * count] = struct.pack("<I", len(content))
    content += copy
    assert len(directories(bytes(content))) == 2
    assert shade(bytes(content)) == 90


def test_pages_are_limited_in_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "MAX_PAGES", 2)
    for format in ("PDF", "TIFF"):  # noqa: A001
        assert shade(written(format, SHADES[:2]), 2) in range(118, 123)
        with pytest.raises(DataError, match=r"^scan has over 2 pages: split it into smaller files$"):
            decode(written(format), "scan", page=1)


@pytest.mark.slow
def test_a_page_far_behind_is_found_quickly_in_a_pdf_of_many() -> None:
    content = pdf_of_page(count=10_000)
    found = Pages(content, "scan")
    assert len(found) == 10_000
    drawn = found.draw(9999, "scan#9999", 50)
    assert drawn is not None
    assert drawn[0].min() < 128


def test_many_threads_draw_and_drop_pdfs_at_once() -> None:
    content = written("PDF")
    barrier = threading.Barrier(4)

    def draw(number: int) -> list[int]:
        barrier.wait()
        found = []
        for page in (1, 2, 3) * 5:
            found.append(shade(content, page))
            gc.collect(0)
        return found

    with ThreadPoolExecutor(4) as workers:
        results = list(workers.map(draw, range(4)))
    assert results == [[shade(content, page) for page in (1, 2, 3)] * 5] * 4
