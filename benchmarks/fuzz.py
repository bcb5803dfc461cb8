"""Files of every format, most of them broken: each is read or refused with a sentence, in bounded time and memory.

``python -m benchmarks.fuzz [--files 10000] [--seed 0]`` makes them, reads them in a process of its own (Linux only) and
writes ``results/fuzz.csv``. What goes wrong is kept with its bytes in ``runs/fuzz``, and the exit code is 1. A file
follows from the seed and its number alone: the parent makes it anew when the process that read it is no more.
"""

from __future__ import annotations

import argparse
import faulthandler
import io
import json
import multiprocessing
import os
import resource
import struct
import sys
import tempfile
import time
import traceback
import warnings
import zlib
from collections.abc import Iterator
from functools import cache
from itertools import product
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image, ImageOps
from tqdm import tqdm

import digits

SECONDS, PATIENCE = 2.0, 60.0
"""Processor time that a file may take; and seconds on the clock after which its reader is stopped."""

ROOM, PEAK, GROWTH = 3 << 30, 1500, 400
"""Bytes that the reader may ask for beyond what it has when it begins; megabytes that one file may add to it while it
is read, 120 megapixels taking 1,400; and megabytes that all of them may leave behind."""

SOURCES, WHOLE, JOINED, LYING = 60, 0.1, 0.2, 0.4
"""Pictures that files are made of; shares of files that are left whole, joined with others, and told another size."""

VALUES = (0, 1, 3, 4, 161, 2_000, 8_000, 11_000, 30_000, 65_535, 2**24 - 1, 2**31 - 1, 2**32 - 1)
"""What numbers in headers are set to."""

EXIFS = tuple(b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0%c\0\0\0\0\0\0\0" % side for side in range(9))
"""The notes of which side is up."""

KINDS: dict[str, tuple[int, tuple[str, ...], dict[str, Any]]] = {
    "PNG": (20, ("1", "L", "LA", "P", "RGB", "RGBA", "I;16", "interlaced"), {"compress_level": (0, 6)}),
    "JPEG": (20, ("L", "RGB", "CMYK"), {"quality": (5, 50, 95), "progressive": (False, True), "exif": EXIFS}),
    "WEBP": (10, ("RGB", "RGBA"), {"lossless": (False, True), "method": (0,)}),
    "TIFF": (12, ("1", "L", "P", "RGB", "RGBA", "I;16", "F"), {"compression": (None, "tiff_lzw", "packbits")}),
    "TIFF, packed": (4, ("L", "CMYK"), {"compression": ("zstd", "tiff_adobe_deflate")}),
    "TIFF, JPEG": (2, ("L", "RGB"), {"compression": ("jpeg",)}),
    "TIFF, fax": (2, ("1",), {"compression": ("group3", "group4")}),
    "BMP": (7, ("1", "L", "P", "RGB", "RGBA"), {}),
    "GIF": (7, ("L", "P"), {}),
    "PPM": (5, ("1", "L", "RGB", "I;16"), {}),
    "HEIF": (4, ("L", "RGB", "RGBA"), {"quality": (20, 80)}),
    "AVIF": (3, ("L", "RGB", "RGBA"), {"speed": (10,)}),
    "no picture": (4, (), {}),
}
"""How many in a hundred; modes; and what they are saved with."""

Outcome = tuple[str, str, float, int, int]
"""Kind; "read", "refused" or what went wrong; processor seconds; megabytes at most and afterwards."""


@cache
def source(number: int) -> np.ndarray:
    """Make a small picture in colours: a page with digits or without, speckles, or a drawing."""
    rng = np.random.default_rng(number)
    height, width = rng.integers(64, 400 if number % 6 == 0 else 160, 2).tolist()
    if number % 3:
        page = digits.synthesize_page(number, digits=number % 9 != 1, size=(height, width)).picture
        return cv2.cvtColor(page, cv2.COLOR_GRAY2RGB) if page.ndim == 2 else page
    if number % 4 == 0:
        noise = cv2.GaussianBlur(rng.normal(size=(height, width, 3)), (0, 0), 0.5 + number / 24)
        return np.where(noise > 1.3 * noise.std(), 40, 220).astype(np.uint8)
    height, width = (side // 8 if number % 5 == 0 else side for side in (height, width))
    drawing = np.full((height, width, 3), rng.integers(20, 256, size=3), np.uint8)
    for points in rng.integers(0, (width, height), (int(rng.integers(1, 8)), 4, 2), np.int32):
        cv2.polylines(drawing, [points], False, rng.integers(256, size=3).tolist(), int(rng.integers(1, 6)))
    return drawing


def _picture_file(kind: str, pixels: np.ndarray, rng: np.random.Generator) -> bytes:
    _, modes, choices = KINDS[kind]
    mode = str(rng.choice(modes))
    settings = {name: options[rng.integers(len(options))] for name, options in choices.items()}
    if mode == "interlaced":
        return _interlaced(pixels)
    image = Image.fromarray(pixels).convert(mode.replace("I;16", "L"))
    if mode == "I;16":
        image = Image.fromarray(np.asarray(image).astype(np.uint16) * 257)
    elif mode == "RGBA":
        image.putalpha(ImageOps.invert(image.convert("L")))
    if kind == "HEIF":
        from pillow_heif import register_heif_opener

        register_heif_opener()
    content = io.BytesIO()
    image.save(content, kind.partition(",")[0], **settings)
    return content.getvalue()


def _interlaced(pixels: np.ndarray) -> bytes:
    """Write a PNG by Adam's seven passes, which Pillow only reads."""
    passes = ((0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1))
    parts = [pixels[top::down, left::across] for top, left, down, across in passes]
    rows = b"".join(b"\0" + row.tobytes() for part in parts if part.size for row in part)
    header = struct.pack(">IIBBBBB", pixels.shape[1], pixels.shape[0], 8, 2, 0, 0, 1)
    return _png([(b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")])


def _png(chunks: list[tuple[bytes, bytes]]) -> bytes:
    """Join chunks, with the right sums."""
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )


def _no_picture(pixels: np.ndarray, rng: np.random.Generator) -> bytes:
    """Give what people choose by mistake: a table, arrays, a data set, anything."""
    grey, table, arrays = pixels[:28, :28, 0], io.BytesIO(), io.BytesIO()
    np.savetxt(table, grey, "%d", ",")
    np.savez(arrays, images=grey)
    data = struct.pack(">IIII", 2051, 1, *grey.shape) + grey.tobytes()
    return [table.getvalue(), arrays.getvalue(), data, rng.bytes(999)][rng.integers(4)]


def make(seed: int, number: int) -> tuple[str, bytes, bool]:
    """Make a file: its kind, its bytes, and whether it must be read."""
    rng = np.random.default_rng((seed, number))
    often = np.array([share for share, *_ in KINDS.values()]) / 100
    kind, other = rng.choice(list(KINDS), 2, p=often).tolist()
    pixels = source(int(rng.integers(SOURCES)))
    if kind == "no picture":
        return kind, _no_picture(pixels, rng), False
    content = _picture_file(kind, pixels, rng)
    chance = rng.random()
    if chance < WHOLE:
        return kind, content, True
    if chance < WHOLE + JOINED:
        second = _picture_file(other, pixels, rng) if KINDS[other][1] else rng.bytes(1000)
        head = int(len(content) * rng.random() ** 3)
        return kind, content[:head] + second[rng.integers(len(second)) :], False
    if lying := rng.random() < LYING:
        content = _lying(content, (pixels.shape[1], pixels.shape[0]), rng)
    if kind == "PNG" and rng.random() < 0.6:
        return kind, _spoilt_png(content, rng), False
    return kind, content if lying and rng.random() < 0.5 else _spoilt(content, rng), False


def _spoilt(content: bytes, rng: np.random.Generator) -> bytes:
    """Flip bits; replace, insert, cut out, double or blank stretches; cut off the end."""
    spoilt = bytearray(content)
    for _ in range(int(rng.integers(1, 5))):
        # half of the damage is near the beginning, where the meaning is
        start = int(len(spoilt) * rng.random() ** rng.choice([1, 6]))
        end = start + int(2 ** rng.uniform(0, 8))
        old, new = bytes(spoilt[start:end]), rng.bytes(end - start)
        flipped = bytes(each ^ (1 << rng.integers(8)) for each in old[:1]) + old[1:]
        blanks = bytes(len(old)), b"\xff" * len(old)
        spoilt[start:end] = (flipped, flipped, new, old + new, b"", old + old, *blanks)[rng.integers(8)]
    return bytes(spoilt if rng.random() < 0.8 else spoilt[: rng.integers(len(spoilt) + 1)])


def _spoilt_png(content: bytes, rng: np.random.Generator) -> bytes:
    """Spoil what a PNG's sums protect: a chunk, their order, or the rows."""
    chunks, place = [], 8
    while place + 8 <= len(content):
        end = place + 8 + int.from_bytes(content[place : place + 4], "big")
        chunks.append((content[place + 4 : place + 8], content[place + 8 : end]))
        place = end + 4
    which, how = int(rng.integers(len(chunks))), rng.random()
    if how < 0.2:
        chunks.insert(which, chunks[-which])
    elif how < 0.4:
        rows = zlib.decompress(b"".join(data for kind, data in chunks if kind == b"IDAT"))
        chunks[1:] = [(b"IDAT", zlib.compress(_spoilt(rows, rng))), (b"IEND", b"")]
    elif how < 0.9:
        chunks[which] = (chunks[which][0], _spoilt(chunks[which][1], rng))
    return _png(chunks)


def _lying(content: bytes, size: tuple[int, int], rng: np.random.Generator) -> bytes:
    """Claim another width or height, or another number in a TIFF's table."""
    if content[:4] == b"II*\0":
        start = int.from_bytes(content[4:8], "little") + 10 + 12 * int(rng.integers(12))
        return content[:start] + struct.pack("<I", rng.choice(VALUES)) + content[start + 4 :]
    lie = [int(rng.choice(VALUES)) if rng.random() < 0.7 else side for side in size]
    for way, turn in product((">II", "<II", ">HH", "<HH"), (1, -1)):  # a JPEG tells its height first
        most = 256 ** (struct.calcsize(way) // 2) - 1
        old, new = (struct.pack(way, *(min(side, most) for side in pair[::turn])) for pair in (size, lie))
        if old in content[:4000]:
            return content.replace(old, new, 1)
    return content.replace(b"%d %d" % size, b"%d %d" % tuple(lie), 1)


def work(pipe: Connection[Outcome | int, int | None], seed: int, printed: str) -> None:
    """Read the files whose numbers come, and say what became of each."""
    os.dup2(os.open(printed, os.O_WRONLY | os.O_APPEND), sys.stderr.fileno())
    faulthandler.enable()
    warnings.simplefilter("error")
    reader = digits.Reader(threads=1)
    reader.read(source(1))
    resource.setrlimit(resource.RLIMIT_AS, (_kilobytes("VmSize") * 1024 + ROOM,) * 2)
    pipe.send(0)
    for number in iter(pipe.recv, None):
        kind, content, whole = make(seed, number)
        Path("/proc/self/clear_refs").write_text("5")  # the peak of memory begins anew
        before, started = _kilobytes("VmRSS"), time.process_time()
        try:
            json.dumps(reader.read(content, name=f"number {number}", single=number % 4 == 0).to_dict())
            became = "read"
        except digits.DigitsError as error:
            became = f"a whole file was refused: {error}" if whole else "refused"
        except Exception:
            became = traceback.format_exc()
        seconds = time.process_time() - started
        pipe.send((kind, became, seconds, (_kilobytes("VmHWM") - before) // 1024, _kilobytes("VmRSS") // 1024))


def _kilobytes(name: str) -> int:
    return int(Path("/proc/self/status").read_text().partition(f"{name}:")[2].split()[0])


def outcomes(files: int, seed: int) -> Iterator[Outcome]:
    """Have every file read by another process, which is started anew when it is gone or silent."""
    process, context = None, multiprocessing.get_context("spawn")
    with tempfile.NamedTemporaryFile("r", errors="replace") as printed:
        for number in range(files):
            if process is None:
                pipe, end = context.Pipe()
                process = context.Process(target=work, args=(end, seed, printed.name), daemon=True)
                process.start()
                end.close()
                pipe.recv()
            try:
                pipe.send(number)
                if not pipe.poll(PATIENCE):
                    raise TimeoutError
                outcome: Outcome = pipe.recv()
            except (EOFError, OSError) as error:
                process.kill()
                process.join()
                what = f"{printed.read()}\n{type(error).__name__}: the process ended with {process.exitcode}"
                outcome, process = (make(seed, number)[0], what, 0.0, 0, 0), None
            yield outcome


def fuzz(files: int, seed: int, folder: Path) -> list[str]:
    """Have files read; keep what goes wrong and give a line for each, or write ``results/fuzz.csv``."""
    from benchmarks import machine  # torch, which the process that reads has no use for
    from benchmarks.rows import write_csv

    environment = machine.describe()
    counts = {"files": 0, "read": 0, "refused": 0, "slowest_seconds": 0.0, "most_megabytes": 0}
    rows: dict[str, dict[str, Any]] = {kind: {"kind": kind, **counts} for kind in KINDS}
    findings, sizes = [], []
    for number, (kind, became, seconds, most, left) in enumerate(tqdm(outcomes(files, seed), total=files)):
        row = rows[kind]
        row["files"] += 1
        row["slowest_seconds"] = max(row["slowest_seconds"], round(seconds, 3))
        row["most_megabytes"] = max(row["most_megabytes"], most)
        sizes.append(left)
        if became in ("read", "refused"):
            row[became] += 1
            became = "" if seconds <= SECONDS and most <= PEAK else f"{became}, in {seconds:.1f} s and {most} MB"
        if became:
            folder.mkdir(parents=True, exist_ok=True)
            path = folder / f"{seed}-{number}.bin"
            path.write_bytes(make(seed, number)[1])
            path.with_suffix(".txt").write_text(became, encoding="utf-8")
            findings.append(f"{path}: {became.strip().splitlines()[-1]}")
    # by then every kind of file has been read
    if sizes[-1] - sizes[files // 10] > GROWTH:
        findings.append(f"the process grew from {sizes[files // 10]} to {sizes[-1]} MB")
    for row in rows.values():
        print(", ".join(f"{name.replace('_', ' ')}: {value}" for name, value in row.items()), file=sys.stderr)
    if not findings:
        write_csv("fuzz", [row | environment for row in rows.values()])
    return findings


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fuzz", description=__doc__)
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--folder", type=Path, default=Path("runs/fuzz"), help="where findings are kept")
    found = fuzz(**vars(parser.parse_args()))
    sys.exit("\n".join([*found, f"{len(found)} files were not read or refused as they should be"]) if found else 0)
