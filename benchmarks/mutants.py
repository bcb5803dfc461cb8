"""Files with random damage: intact samples of every kind that digits reads, and what changes their bytes.

A changed byte in a compressed or checked part rarely gets past the first check, so checksums are repaired, compressed
parts are unpacked, changed and packed again, and JSON is changed as a tree. Everything follows from one seed.
"""

from __future__ import annotations

import gzip
import io
import json
import re
import struct
import zipfile
import zlib
from collections.abc import Callable
from copy import deepcopy
from random import Random
from typing import Any

import numpy as np
from PIL import Image

from benchmarks.hostile import PNG_START, pdf_of, pdf_of_page, pdf_stream, png_chunk, save

Mutate = Callable[[bytes, Random], bytes]

NUMBERS = [struct.pack(kind, value) for value in (0, 1, 127, 255, 65535) for kind in ("<H", ">H", "<I", ">I")]
NUMBERS += [b"\xff" * 4, b"\x7f\xff\xff\xff", b"\xff\xff\xff\x7f", b"\x80\0\0\0", b"\0\0\0\x80", bytes(8), b"\xff" * 8]
"""Bytes of numbers at the edges of their types."""

VALUES: list[Any] = [
    None, True, False, -1, 0, 1, 2, 10**9, 10**30, -0.5, 1e-320, 1e308, float("nan"), float("inf"), "", "x", "7",
    "\ud800", "run/network.py:Network", "../../x", "\x1b[2J", "y" * 100_000, [], {}, [[]], [0] * 1000, [[[[[[]]]]]],
    {"": {}},
]  # fmt: skip
"""What a place in JSON may hold instead of what belongs there."""


def mutate_bytes(content: bytes, random: Random) -> bytes:
    """Change, insert, delete, repeat or cut a few bytes."""
    spoilt = bytearray(content)
    for _ in range(random.choice((1, 1, 2, 4, 16))):
        place, length = random.randrange(len(spoilt) + 1), random.choice((1, 2, 4, 16, 256))
        if random.random() < 0.5:  # headers are short and matter most
            place = random.randrange(min(len(spoilt), 200) + 1)
        way = random.randrange(7)
        if way == 0:
            spoilt[place : place + 1] = bytes([random.randrange(256)])
        elif way == 1 and place < len(spoilt):
            spoilt[place] ^= 1 << random.randrange(8)
        elif way == 2:
            number = random.choice(NUMBERS)
            spoilt[place : place + len(number)] = number
        elif way == 3:
            del spoilt[place : place + length]
        elif way == 4:
            spoilt[place:place] = random.randbytes(length)
        elif way == 5:
            spoilt[place:place] = spoilt[place : place + length] * random.choice((1, 2, 100))
        elif random.random() < 0.3:
            del spoilt[place:]
    return bytes(spoilt)


def mutate_picture(content: bytes, random: Random) -> bytes:
    """Change the bytes of a picture; of half of the damaged PNGs, repair the checksums."""
    spoilt = mutate_bytes(content, random)
    return _repair_png(spoilt) if spoilt.startswith(PNG_START) and random.random() < 0.5 else spoilt


def _repair_png(content: bytes) -> bytes:
    repaired, place = PNG_START, len(PNG_START)
    while place + 8 <= len(content):
        length = min(int.from_bytes(content[place : place + 4], "big"), len(content) - place - 8)
        repaired += png_chunk(content[place + 4 : place + 8], content[place + 8 : place + 8 + length])
        place += length + 12
    return repaired


def mutate_pdf(content: bytes, random: Random) -> bytes:
    """Change the bytes of a PDF, or, more often, those that one of its streams unpacks to."""
    streams = [found for found in _PDF_STREAM.finditer(content) if found[1][:1] == b"x"]
    if not streams or random.random() < 0.4:
        return mutate_bytes(content, random)
    chosen = random.choice(streams)
    changed = zlib.compress(mutate_bytes(zlib.decompress(chosen[1]), random))
    # the table of places is wrong now, as in many files; PDFium then looks for the objects itself
    return content[: chosen.start(1)] + changed + content[chosen.end(1) :]


_PDF_STREAM = re.compile(rb"stream\n(.*?)\nendstream", re.DOTALL)


def mutate_packed(content: bytes, random: Random) -> bytes:
    """Change the bytes of a gzip or ZIP file, or, more often, those of what is packed in it."""
    if random.random() < 0.3:
        return mutate_bytes(content, random)
    if content[:2] == b"\x1f\x8b":
        return gzip.compress(mutate_bytes(gzip.decompress(content), random), 1)
    if content[:2] != b"PK":
        return mutate_bytes(content, random)
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as archive, zipfile.ZipFile(buffer, "w") as packed:
        names = archive.namelist()
        chosen = random.choice(names)
        for name in names:
            part = archive.read(name)
            packed.writestr(name, mutate_bytes(part, random) if name == chosen else part, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def mutate_json(content: bytes, random: Random) -> bytes:
    """Change some places in a JSON document; sometimes its bytes."""
    if random.random() < 0.2:
        return mutate_bytes(content, random)
    return json.dumps(_mutate_tree(json.loads(content), random)).encode()


def _mutate_tree(tree: Any, random: Random) -> Any:
    if random.random() < 0.03:
        return deepcopy(random.choice(VALUES))
    for _ in range(random.choice((1, 1, 2, 3))):
        node = tree
        while True:
            keys = list(node) if isinstance(node, dict) else list(range(len(node)))
            if not keys:
                break
            key = random.choice(keys)
            if isinstance(node[key], dict | list) and node[key] and random.random() < 0.85:
                node = node[key]
                continue
            if random.random() < 0.15:
                del node[key]
            elif isinstance(node, dict) and random.random() < 0.1:
                node[random.choice(("", "x", "network", "format", "\ud800"))] = node[key]
            else:
                node[key] = deepcopy(random.choice(VALUES))
            break
    return tree


def mutate_safetensors(content: bytes, random: Random) -> bytes:
    """Change the bytes of a ``.safetensors`` file, its header, or the JSON that digits keeps in the header."""
    way = random.random()
    if way < 0.3:
        return mutate_bytes(content, random)
    length = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + length])
    if way < 0.6:
        written = mutate_json(json.dumps(header).encode(), random)
    else:
        header["__metadata__"]["digits"] = mutate_json(header["__metadata__"]["digits"].encode(), random).decode(
            "utf-8", "replace"
        )
        written = json.dumps(header).encode()
    return struct.pack("<Q", len(written)) + written + content[8 + length :]


def mutate_onnx(content: bytes, random: Random) -> bytes:
    """Change the bytes of an ``.onnx`` file, its metadata, or its graph."""
    import onnx

    way = random.random()
    if way < 0.3:
        return mutate_bytes(content, random)
    model = onnx.load_model_from_string(content)
    if way < 0.7:
        entry = next(each for each in model.metadata_props if each.key == "digits")
        entry.value = mutate_json(entry.value.encode(), random).decode("utf-8", "replace")
        return bytes(model.SerializeToString())
    graph = model.graph
    for _ in range(random.choice((1, 2, 4))):
        node = random.choice(graph.node)
        target = random.randrange(5)
        if target == 0:
            node.op_type = random.choice(
                ("Loop", "If", "ConstantOfShape", "Tile", "Pow", "Identity", "Softmax", "Nowhere")
            )
        elif target == 1 and node.input:
            node.input[random.randrange(len(node.input))] = random.choice(graph.node).output[0]
        elif target == 2 and graph.initializer:
            tensor = random.choice(graph.initializer)
            if tensor.dims:
                tensor.dims[random.randrange(len(tensor.dims))] = random.choice((0, 1, -1, 2**31, 2**62))
        elif target == 3 and node.attribute:
            attribute = random.choice(node.attribute)
            attribute.i = random.choice((-1, 0, 2**31, 2**62))
            if attribute.ints:
                attribute.ints[random.randrange(len(attribute.ints))] = random.choice((-1, 0, 1000, 2**31))
        elif target == 4:
            del graph.node[random.randrange(len(graph.node))]
            break
    return bytes(model.SerializeToString())


def sample_pictures() -> dict[str, bytes]:
    """Draw a small page with two figures in every format that digits reads, by the ending of its name."""
    from pillow_heif import register_heif_opener

    register_heif_opener()
    page = np.full((64, 96), 240, np.uint8)
    page[12:52, 20:26] = page[12:18, 50:72] = page[12:52, 68:74] = 20
    colour = np.stack([page, page // 2 + 60, page], axis=2)
    faint = np.dstack([colour, 255 - page])
    palette = Image.fromarray(colour).convert("P")
    exif = Image.Exif()
    exif[0x0112] = 6
    return {
        "grey.png": save(page, "PNG"),
        "colour.png": save(colour, "PNG"),
        "transparent.png": save(faint, "PNG"),
        "palette.png": save(palette, "PNG"),
        "deep.png": save(page.astype(np.uint16) * 256, "PNG"),
        "page.jpg": save(colour, "JPEG", exif=exif.tobytes()),
        "progressive.jpg": save(page, "JPEG", progressive=True),
        "page.webp": save(colour, "WEBP"),
        "lossless.webp": save(faint, "WEBP", lossless=True),
        "page.bmp": save(page, "BMP"),
        "plain.tif": save(page, "TIFF"),
        "lzw.tif": save(colour, "TIFF", compression="tiff_lzw"),
        "floats.tif": save((page / 255).astype(np.float32), "TIFF"),
        "page.gif": save(palette, "GIF"),
        "page.pgm": save(page, "PPM"),
        "page.ppm": save(colour, "PPM"),
        "plain.pgm": b"P2\n96 64\n255\n" + " ".join(map(str, page.ravel())).encode(),
        "page.heic": save(colour, "HEIF"),
        "page.avif": save(colour, "AVIF"),
    }


def sample_pages() -> dict[str, bytes]:
    """Draw the same two figures on the pages of PDFs and TIFFs: as pictures, strokes and annotations."""
    page = np.full((64, 96), 240, np.uint8)
    page[12:52, 20:26] = page[12:18, 50:72] = page[12:52, 68:74] = 20
    first, *rest = [Image.fromarray(np.roll(page, shift, 1)) for shift in (0, 9, -9)]
    tiff = save(first, "TIFF", save_all=True, append_images=rest)
    bits = save(first.convert("1"), "TIFF", save_all=True, append_images=[each.convert("1") for each in rest])
    strokes = b"q 3 w 20 20 m 20 80 l S Q 1 0 0 RG 50 80 m 70 80 l 60 20 l S"
    picture = b"/Type/XObject/Subtype/Image/Width 96/Height 64/BitsPerComponent 8/ColorSpace/DeviceGray"
    annotation = b"<</Type/Annot/Subtype/Ink/Rect[0 0 99 99]/InkList[[20 20 20 80]]/AP<</N 6 0 R>>>>"
    form = b"/Type/XObject/Subtype/Form/BBox[0 0 99 99]"
    return {
        "pages.tif": tiff,
        "bits.tif": bits,
        "photo.pdf": save(first.convert("RGB"), "PDF", save_all=True, append_images=rest),
        "bits.pdf": save(first.convert("1"), "PDF"),
        "strokes.pdf": pdf_of_page(strokes, count=3),
        "picture.pdf": pdf_of_page(
            b"36 0 0 24 0 0 cm /I Do",
            b"0 0 36 24",
            b"/XObject<</I 5 0 R>>",
            more={5: pdf_stream(page.tobytes(), picture)},
        ),
        "annotation.pdf": pdf_of({
            1: b"<</Type/Catalog/Pages 2 0 R>>", 2: b"<</Type/Pages/Count 1/Kids[3 0 R]>>",
            3: b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 99 99]/Annots[5 0 R]>>", 5: annotation,
            6: pdf_stream(strokes, form),
        }),
    }  # fmt: skip
