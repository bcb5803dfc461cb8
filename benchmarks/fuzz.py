"""Files of every format, most of them damaged: each is read or refused with a sentence, in bounded time and memory.

Whatever goes wrong is kept with its bytes in ``runs/fuzz``, and the exit code is 1. A file follows from the seed and
its number alone. Files are read in a process of their own, which is started anew when it dies; Linux only.

    python -m benchmarks.fuzz --files 10000 --seed 0
"""

from __future__ import annotations

import argparse
import io
import json
import multiprocessing
import resource
import struct
import sys
import time
import traceback
import warnings
import zlib
from collections import Counter
from collections.abc import Iterator
from functools import cache
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from tqdm import tqdm

import digits
from digits.synthesis import synthesize_page

MAX_SECONDS, PATIENCE = 2.0, 60.0
"""Processor time that a file may take; and seconds on the clock after which its reader is stopped."""

MAX_BYTES, MAX_MEGABYTES, SOURCES = 3 << 30, 1500, 60
"""Memory the reader may allocate; memory one file may add while it is read, 120 megapixels taking 1,400; pictures."""

WHOLE, JOINED = 0.1, 0.2
"""Shares of the files that stay whole, and that continue as another file."""

HEADER_NUMBERS = (0, 1, 3, 161, 8_000, 30_000, 65_535, 2**24 - 1, 2**31 - 1, 2**32 - 1)

FORMATS: dict[str, tuple[tuple[str, ...], dict[str, tuple[Any, ...]]]] = {
    "PNG": (("1", "L", "LA", "P", "RGB", "RGBA", "I;16"), {"compress_level": (0, 6)}),
    "JPEG": (("L", "RGB", "CMYK"), {"quality": (5, 50, 95), "progressive": (False, True)}),
    "WEBP": (("RGB", "RGBA"), {"lossless": (False, True)}),
    "TIFF": (("L", "CMYK"), {"compression": (None, "tiff_lzw", "packbits", "zstd", "tiff_adobe_deflate")}),
    "BMP": (("1", "L", "P", "RGB", "RGBA"), {}),
    "GIF": (("L", "P"), {}),
    "PPM": (("1", "L", "RGB", "I;16"), {}),
    "HEIF": (("L", "RGB", "RGBA"), {"quality": (20, 80)}),
    "AVIF": (("L", "RGB", "RGBA"), {"speed": (10,)}),
}
"""Modes of each, and what they are saved with."""

Outcome = tuple[str, str, float, int]
"""Format; "read", "refused" or what went wrong; processor seconds; megabytes that were added."""


@cache
def source(number: int) -> Image.Image:
    """Make a small picture: a page with digits or without."""
    height, width = np.random.default_rng(number).integers(64, 300, 2).tolist()
    return Image.fromarray(synthesize_page(number, digits=number % 3 > 0, size=(height, width)).picture)


def make(seed: int, number: int) -> tuple[str, bytes, bool]:
    """Make a file: its format, its bytes, and whether it is whole."""
    rng = np.random.default_rng((seed, number))
    kind, other = rng.choice(list(FORMATS), 2).tolist()
    content, chance = _save(kind, rng), rng.random()
    if chance < WHOLE:
        return kind, content, True
    if chance < WHOLE + JOINED:
        second = _save(other, rng)
        return kind, content[: rng.integers(len(content))] + second[rng.integers(len(second)) :], False
    return kind, _damage_png(content, rng) if kind == "PNG" and rng.random() < 0.6 else _damage(content, rng), False


def _save(kind: str, rng: np.random.Generator) -> bytes:
    modes, choices = FORMATS[kind]
    mode = str(rng.choice(modes))
    image = source(int(rng.integers(SOURCES))).convert(mode.replace("I;16", "L"))
    if mode == "I;16":
        image = Image.fromarray(np.asarray(image).astype(np.uint16) * 257)
    if kind == "HEIF":
        from pillow_heif import register_heif_opener

        register_heif_opener()
    content = io.BytesIO()
    image.save(content, kind, **{name: options[rng.integers(len(options))] for name, options in choices.items()})
    return content.getvalue()


def _damage(content: bytes, rng: np.random.Generator) -> bytes:
    """Flip bits; replace, insert, cut out, double or blank stretches, set numbers; cut off the end."""
    damaged = bytearray(content)
    for _ in range(int(rng.integers(1, 5))):
        # half of the damage is near the beginning, where the header is
        start = int(len(damaged) * rng.random() ** rng.choice([1, 6]))
        end = start + int(2 ** rng.uniform(0, 8))
        old, new = bytes(damaged[start:end]), rng.bytes(end - start)
        flipped = bytes(each ^ (1 << rng.integers(8)) for each in old[:1]) + old[1:]
        set_number = struct.pack(str(rng.choice([">I", "<I"])), rng.choice(HEADER_NUMBERS)) + old[4:]
        blanks = bytes(len(old)), b"\xff" * len(old)
        damaged[start:end] = (flipped, set_number, new, old + new, b"", old + old, *blanks)[rng.integers(8)]
    return bytes(damaged if rng.random() < 0.8 else damaged[: rng.integers(len(damaged) + 1)])


def _damage_png(content: bytes, rng: np.random.Generator) -> bytes:
    """Damage what a PNG's checksums protect: a chunk, or the rows."""
    chunks, place = [], 8
    while place + 8 <= len(content):
        end = place + 8 + int.from_bytes(content[place : place + 4], "big")
        chunks.append((content[place + 4 : place + 8], content[place + 8 : end]))
        place = end + 4
    which = int(rng.integers(len(chunks)))
    if rng.random() < 0.3:
        rows = zlib.decompress(b"".join(data for kind, data in chunks if kind == b"IDAT"))
        chunks[1:] = [(b"IDAT", zlib.compress(_damage(rows, rng))), (b"IEND", b"")]
    else:
        chunks[which] = (chunks[which][0], _damage(chunks[which][1], rng))
    parts = [
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    ]
    return content[:8] + b"".join(parts)


def work(pipe: Connection[Outcome | int, int | None], seed: int) -> None:
    """Read the files whose numbers come, and give the outcome of each."""
    warnings.simplefilter("error")
    reader = digits.Reader(threads=1)
    reader.read(np.asarray(source(1)))
    resource.setrlimit(resource.RLIMIT_AS, (_kilobytes("VmSize") * 1024 + MAX_BYTES,) * 2)
    pipe.send(0)
    for number in iter(pipe.recv, None):
        kind, content, whole = make(seed, number)
        Path("/proc/self/clear_refs").write_text("5")  # resets the peak of memory
        before, started = _kilobytes("VmRSS"), time.process_time()
        try:
            json.dumps(reader.read(content, name=f"number {number}", single=number % 4 == 0).to_dict())
            outcome = "read"
        except digits.DigitsError as error:
            outcome = f"a whole file was refused: {error}" if whole else "refused"
        except Exception:
            outcome = traceback.format_exc()
        seconds = time.process_time() - started
        pipe.send((kind, outcome, seconds, (_kilobytes("VmHWM") - before) // 1024))


def _kilobytes(name: str) -> int:
    return int(Path("/proc/self/status").read_text().partition(f"{name}:")[2].split()[0])


def outcomes(files: int, seed: int) -> Iterator[Outcome]:
    """Have every file read by another process, which is started anew when it is gone or silent."""
    process, context = None, multiprocessing.get_context("spawn")
    for number in range(files):
        if process is None:
            pipe, end = context.Pipe()
            process = context.Process(target=work, args=(end, seed), daemon=True)
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
            what = f"{type(error).__name__}: the process ended with {process.exitcode}"
            outcome, process = (make(seed, number)[0], what, 0.0, 0), None
        yield outcome
    if process is not None:
        pipe.send(None)


def fuzz(files: int, seed: int, folder: Path) -> list[str]:
    """Have files read; keep what goes wrong, and give a line for each."""
    counts, findings = Counter[tuple[str, str]](), []
    for number, (kind, outcome, seconds, megabytes) in enumerate(tqdm(outcomes(files, seed), total=files)):
        counts[kind, outcome if outcome in ("read", "refused") else "failed"] += 1
        if outcome in ("read", "refused"):
            outcome = f"{seconds:.1f} s, {megabytes} MB" if seconds > MAX_SECONDS or megabytes > MAX_MEGABYTES else ""
        if outcome:
            folder.mkdir(parents=True, exist_ok=True)
            path = folder / f"{seed}-{number}.bin"
            path.write_bytes(make(seed, number)[1])
            path.with_suffix(".txt").write_text(outcome, encoding="utf-8")
            findings.append(f"{path}: {outcome.strip().splitlines()[-1]}")
    for (kind, outcome), count in sorted(counts.items()):
        print(f"{kind}: {count} {outcome}", file=sys.stderr)
    return findings


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--folder", type=Path, default=Path("runs/fuzz"), help="where findings are kept")
    found = fuzz(**vars(parser.parse_args()))
    sys.exit("\n".join([*found, f"{len(found)} files were neither read nor refused as they should"]) if found else 0)
