"""Small pictures that would take long to decode are refused, and every place that opens pictures names formats."""

from __future__ import annotations

import ast
import itertools
import json
import re
import struct
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from benchmarks.hostile import COSTLY_PICTURES, save
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from benchmarks import hostile
from digits.errors import DataError
from digits.preprocessing import opening
from digits.preprocessing.decoding import decode
from digits.preprocessing.opening import FORMAT_NAMES, open_picture
from digits.preprocessing.pdf_process import MAX_MEMORY, MAX_SECONDS
from digits.web.descriptions import upload

ROOT = Path(__file__).parent.parent.parent
PAGE = np.random.default_rng(0).integers(0, 255, (128, 128), np.uint8)


@pytest.mark.slow
@pytest.mark.parametrize("kind", COSTLY_PICTURES)
def test_costly_pictures_cost_little(kind: str) -> None:
    content = COSTLY_PICTURES[kind]()
    script = (
        "import resource, sys, time\n"
        "from digits.errors import DataError\n"
        "from digits.preprocessing.decoding import decode\n"
        "import PIL.Image; PIL.Image.init()\n"
        "content = sys.stdin.buffer.read()\n"
        "peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024\n"
        "before, start = peak(), time.process_time()\n"
        "try: decode(content, 'photo'); said = 'read'\n"
        "except DataError as error: said = str(error)\n"
        "print(time.process_time() - start, peak() - before)\n"
        "from digits.preprocessing.pdf_process import get_process\n"
        "get_process().end()\n"
        "drawing = resource.getrusage(resource.RUSAGE_CHILDREN)\n"
        "print(drawing.ru_utime + drawing.ru_stime, drawing.ru_maxrss // 1024, said)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], input=content, capture_output=True, check=True)
    seconds, grown, drawing_seconds, drawing_peak, said = done.stdout.decode().split(maxsplit=4)
    assert float(seconds) < 2
    assert int(grown) < 300
    assert float(drawing_seconds) < MAX_SECONDS + 0.5  # and the start of Python
    assert int(drawing_peak) < MAX_MEMORY // 2**20 + 100
    assert re.match(
        r"read|photo is (damaged|encrypted|3×83333 pixels)|photo has (no|(over )?[\d,]+) pages"
        r"|photo takes (too long to decode \(.*\)|over 1\.5 GiB of memory .*): save it again as PNG or JPEG",
        said,
    )


def jpeg_of_one_component_per_scan(repeated: int) -> bytes:
    """Split the only scan of a grey picture into components by calling it a picture of three."""
    grey = save(PAGE, "JPEG")
    frame, scan = grey.index(b"\xff\xc0"), grey.index(b"\xff\xda")
    end = frame + 2 + int.from_bytes(grey[frame + 2 : frame + 4], "big")
    tables = grey[:frame] + grey[end:scan]
    size = grey[frame + 5 : frame + 9]
    header = b"\xff\xc0" + struct.pack(">HB", 17, 8) + size + b"\3\1\x11\0\2\x11\0\3\x11\0"
    scans = b"".join(
        b"\xff\xda\0\x08\1" + bytes([component]) + b"\0\0\x3f\0" + grey[scan + 10 : -2]
        for component in [1, 2, *[3] * repeated]
    )
    return tables + header + scans + b"\xff\xd9"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (lambda: hostile.progressive_jpeg(64, 41), ""),
        (lambda: hostile.progressive_jpeg(64, 51), "over 50 scans"),
        (lambda: jpeg_of_one_component_per_scan(1), ""),
        (lambda: jpeg_of_one_component_per_scan(49), "over 50 scans"),
        (lambda: hostile.jpeg_of_segments(1000), ""),
        (lambda: hostile.jpeg_of_segments(2001), "over 2,000 segments"),
        (lambda: save(PAGE, "JPEG") + b"\xff\xda" * 1000, ""),  # as the film of a moving photo may hold
        (lambda: hostile.tiled_tiff(128, 64, data=b"\xc8" * 4096), ""),
        (lambda: hostile.tiled_tiff(1024, 16, data=b"\xc8" * 256), ""),
        (lambda: hostile.tiled_tiff(300, 1), "90,000 parts"),
        (lambda: hostile.tiled_tiff(300, 1, tiles=2), "90,000 parts"),
        (lambda: hostile.tiled_tiff(64, 64, data=b"\xc8" * 4096, tiles=70_000), "70,000 parts"),
        (lambda: hostile.tiff_of_a_large_tile(3000), "3000 × 3000 pixels"),
        (lambda: save(PAGE, "TIFF", compression="jpeg"), ""),
        (lambda: hostile.jpeg_with_exif(3), ""),
        (lambda: hostile.jpeg_with_exif(1000), "its tags overlap"),
        (lambda: hostile.png_with_exif(3), ""),
        (lambda: hostile.png_with_exif(1000), "its tags overlap"),
        (lambda: hostile.tiff_with_tags(3), ""),
        (lambda: hostile.tiff_with_tags(1000), "its tags overlap"),
        (lambda: save(PAGE, "PNG", pnginfo=exif_text(1000)), ""),
        (lambda: save(PAGE, "PNG", pnginfo=exif_text(70_000)), "its EXIF text is longer"),
        (lambda: save(PAGE, "TIFF", compression="jpeg") + b"\xff\xda" * 100, "scans"),
        (lambda: hostile.ppm_with_comment(5000), ""),
        (lambda: hostile.ppm_with_comment(70_000), "header is longer"),
        (lambda: hostile.plain_ppm_with_comments(900), ""),
        (lambda: hostile.plain_ppm_with_comments(1001), "over 1,000 comments"),
        (lambda: hostile.bmp_of_runs(64), ""),
        (lambda: hostile.bmp_of_runs(1500), "runs"),
    ],
)
def test_work_that_headers_demand_is_bounded(content: Callable[[], bytes], says: str) -> None:
    if not says:
        assert decode(content(), "photo").picture.size
        return
    with pytest.raises(DataError, match=rf"^photo takes too long to decode \(.*{says}.*\): save it again as PNG"):
        decode(content(), "photo")


@pytest.fixture
def slow_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a hundredth of a second pass whenever the time is asked for, so that every read of a file takes that long."""
    ticks = itertools.count()
    monkeypatch.setattr(opening.time, "monotonic", lambda: next(ticks) / 100)
    monkeypatch.setattr(opening.time, "thread_time", opening.time.monotonic)


@pytest.mark.usefixtures("slow_clock")
@pytest.mark.parametrize(
    ("kind", "few", "many"),
    [
        ("PNG", lambda: hostile.png_of_chunks(20), lambda: hostile.png_of_chunks(400)),
        ("pixels", lambda: hostile.png_of_pixel_chunks(20), lambda: hostile.png_of_pixel_chunks(400)),
        ("GIF", lambda: hostile.gif_of_blocks(10), lambda: hostile.gif_of_blocks(400)),
        ("BMP", lambda: hostile.bmp_of_runs(4), lambda: hostile.bmp_of_runs(40)),
        ("JPEG", lambda: hostile.jpeg_of_segments(10), lambda: hostile.jpeg_of_segments(400)),
    ],
)
def test_time_is_limited(kind: str, few: Callable[[], bytes], many: Callable[[], bytes]) -> None:
    assert decode(few(), kind).picture.size
    with pytest.raises(DataError, match=rf"^{kind} takes too long to decode \(over 1\.0 seconds\): save it again"):
        decode(many(), kind)


def test_waiting_is_not_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """A picture may take long on a busy machine."""
    ticks = itertools.count(step=100)
    monkeypatch.setattr(opening.time, "monotonic", lambda: next(ticks))
    assert decode(hostile.png_of_chunks(20), "photo").picture.size


def test_time_grows_with_the_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    allowed: list[float] = []
    monkeypatch.setattr(opening._TimedFile, "allow", lambda _, seconds: allowed.append(seconds))
    monkeypatch.setattr(opening._TimedFile, "check", lambda _: None)
    for side in (64, 1000, 2000):
        with open_picture(save(Image.new("L", (side, side)), "PNG"), "photo"):
            pass
    assert np.allclose(allowed[1::2], [1.0, 1.2, 1.8], atol=0.01)


def test_end_of_time_is_no_damage(monkeypatch: pytest.MonkeyPatch) -> None:
    """Decoders that catch every exception must not make the end of the time the end of the file."""
    with pytest.raises(DataError, match="takes too long"), open_picture(save(PAGE, "PNG"), "photo") as picture:  # noqa: PT012
        for clock in ("monotonic", "thread_time"):
            monkeypatch.setattr(opening.time, clock, lambda: 1e9)
        try:
            picture.load()
        except DataError:
            raise ValueError("truncated") from None


def exif_text(size: int) -> PngInfo:
    """Hold EXIF data as old programs stored them."""
    text = PngInfo()
    text.add_text("Raw profile type exif", f"\nexif\n{size}\n{bytes(size).hex()}\n")
    return text


def opened_in(text: str) -> list[str]:
    """List the calls that open pictures by their content without saying as what."""
    calls = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call)]
    named = {"Image.open", "PIL.Image.open", "cv2.imread", "plt.imread", "imageio.imread"}
    return [
        ast.unparse(call)
        for call in calls
        if ast.unparse(call.func) in named and "formats" not in {keyword.arg for keyword in call.keywords}
    ]


def code_of(path: Path) -> str:
    """Return the Python code of a file: also of a notebook's cells, and of a page's blocks."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".ipynb":
        cells = json.loads(text)["cells"]
        code = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
        return re.sub(r"(?m)^(\s*)[%!].*", r"\1pass", code)
    if path.suffix == ".md":
        return "\n".join(textwrap.dedent(block) for block in re.findall(r"```python\n(.*?)```", text, re.DOTALL))
    return text


def test_pictures_are_opened_with_a_list_of_formats() -> None:
    patterns = ("src/**/*.py", "benchmarks/**/*.py", "examples/*.py", "docs/**/*.md", "README.md", "notebooks/*.ipynb")
    files = [path for pattern in patterns for path in ROOT.glob(pattern)]
    assert {path.suffix for path in files} == {".py", ".md", ".ipynb"}
    assert {str(path): calls for path in files if (calls := opened_in(code_of(path)))} == {}


def test_documents_list_the_same_formats() -> None:
    for place in ("docs/guides/read.md", "src/digits/preprocessing/decoding.py"):
        assert FORMAT_NAMES in " ".join((ROOT / place).read_text(encoding="utf-8").split())
    assert FORMAT_NAMES in str(upload())


def test_a_call_without_formats_is_found() -> None:
    assert opened_in("from PIL import Image\nwith Image.open(path) as picture: pass") == ["Image.open(path)"]
    assert opened_in("Image.open(path, formats=FORMATS)") == []
