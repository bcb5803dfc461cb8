"""``digits read``: pictures, folders, patterns, standard input and sets of digits; one sentence per unreadable file."""

from __future__ import annotations

import csv
import io
import json
import os
import struct
import sys
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image

from benchmarks import hostile
from digits.data import write_idx
from digits.data.formats.writing import write_digits
from digits.inference import Reader, Reading
from digits.preprocessing import pdf_process
from digits.types import Dataset, LabelledDigits

LINE = "7210"


@pytest.fixture(scope="session")
def written(mnist: Dataset) -> Callable[..., np.ndarray]:
    """Write a number with MNIST's first test digits, dark on light."""
    first = {
        int(label): image for label, image in reversed(list(zip(mnist.test.labels, mnist.test.images, strict=True)))
    }

    def write(text: str = LINE) -> np.ndarray:
        ink = np.concatenate(
            [cv2.resize(first[int(digit)], (84, 84), interpolation=cv2.INTER_CUBIC) for digit in text], 1
        )
        return 235 - np.pad(ink, 20) // np.uint8(2) * np.uint8(3) // np.uint8(2)

    return write


@pytest.fixture
def note(written: Any, tmp_path: Path) -> Path:
    Image.fromarray(written()).save(tmp_path / "note.png")
    return tmp_path / "note.png"


def test_text_of_a_picture_is_printed(digits: Any, note: Path) -> None:
    said = digits("read", note)
    assert (said.code, said.out, said.err) == (0, f"{LINE}\n", "")


@pytest.mark.parametrize("model", ["cnn", "mlp"])
def test_json_holds_every_detail(digits: Any, note: Path, model: str) -> None:
    (entry,) = json.loads(digits("read", note, "--json", "--model", model).out)
    known = {"file", "text", "lines", "digit_lines", "notice", "digits", "signs", "size", "turned", "model", "version"}
    assert set(entry) == known
    with Image.open(note) as picture:
        assert (entry["model"], entry["turned"], entry["size"]) == (model, 0, list(picture.size))
    assert (entry["file"], entry["text"], entry["lines"]) == (str(note), LINE, [LINE])
    for digit, value in zip(entry["digits"], LINE, strict=True):
        assert set(digit) == {"value", "confidence", "box", "accepted", "alternatives", "doubts"}
        assert (str(digit["value"]), digit["accepted"]) == (value, True)
        assert 0.4 < digit["confidence"] <= 1
        assert len(digit["box"]) == 4


def test_signs_are_left_out_on_request(digits: Any, note: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = list[bool]()

    def read(reader: Reader, source: Any, *, printed: bool, name: str, **_: Any) -> Reading:
        asked.append(printed)
        return Reading(name or str(source), ("24/12/2024", "7,8 -5"), (), struck=2)

    monkeypatch.setattr(Reader, "read", read)
    assert digits("read", note).out == "24/12/2024\n7,8 -5\n"
    only = digits("read", note, "--digits-only", "--printed")
    assert (only.out, only.err) == ("24 12 2024\n78 5\n", f"digits: {note}: no digit read; 2 struck through left out\n")
    assert '"24 12 2024\n78 5"' in digits("read", note, "--digits-only", "--csv").out
    (entry,) = json.loads(digits("read", note, "--digits-only", "--json").out)
    assert (entry["lines"], entry["digit_lines"]) == (["24/12/2024", "7,8 -5"], ["24 12 2024", "78 5"])
    assert asked == [False, True, False, False]


def test_a_finder_of_ones_own_is_used(digits: Any, note: Path) -> None:
    said = digits("read", note, "--finder", note.parent / "none.onnx")
    assert said.code == 1
    assert "there is no model file" in said.err


def test_single_gives_exactly_one_digit(digits: Any, written: Any, tmp_path: Path) -> None:
    Image.fromarray(written("7")).save(tmp_path / "seven.png")
    Image.new("L", (60, 60), 240).save(tmp_path / "empty.png")
    seven, empty = json.loads(digits("read", tmp_path / "seven.png", tmp_path / "empty.png", "--single", "--json").out)
    assert (seven["text"], len(seven["digits"])) == ("7", 1)
    assert (empty["text"], len(empty["digits"]), empty["digits"][0]["accepted"]) == ("", 1, False)


@pytest.mark.parametrize("words", [(), ("--single",), ("--json",), ("--csv",)])
@pytest.mark.parametrize("grey", [0, 90, 255])
def test_a_picture_without_ink_is_said_to_have_none(digits: Any, tmp_path: Path, grey: int, words: Any) -> None:
    Image.new("L", (60, 60), grey).save(tmp_path / "empty.png")
    said = digits("read", tmp_path / "empty.png", *words)
    assert (said.code, said.err) == (0, f"digits: {tmp_path / 'empty.png'}: no digit read; no ink\n")


def test_what_is_rejected_is_said(digits: Any, written: Any, tmp_path: Path) -> None:
    scribble = np.full((124, 124), 235, np.uint8)
    points = np.random.default_rng(3).integers(20, 104, (30, 2)).astype(np.int32)
    cv2.polylines(scribble, [points], False, 40, 3, cv2.LINE_AA)
    Image.fromarray(scribble).save(tmp_path / "scribble.png")
    Image.fromarray(np.concatenate([written(), scribble], 1)).save(tmp_path / "both.png")
    one = digits("read", tmp_path / "scribble.png", "--single")
    assert one.out == ""
    assert one.err.startswith(f"digits: {tmp_path / 'scribble.png'}: no digit read; probably not a digit, closest")
    assert digits("read", tmp_path / "both.png", "--digits-only").out == f"{LINE}\n"


def test_folder_with_a_broken_picture_is_read(digits: Any, note: Path) -> None:
    folder = note.parent
    (folder / "broken.png").write_bytes(note.read_bytes()[:300])
    (folder / "notes.txt").write_text("no picture")
    said = digits("read", folder)
    assert said.code == 1
    assert said.out == f"{note}: {LINE}\n"
    assert "broken.png" in said.err
    assert "1 of 2 files could not be read" in said.err
    assert "Traceback" not in said.err


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes")
def test_what_is_no_file_is_named_and_the_rest_is_read(digits: Any, note: Path) -> None:
    folder = note.parent
    os.mkfifo(folder / "pipe.png")
    (folder / "folder.png").mkdir()
    (folder / "avif.png").write_bytes(b"\0\0\0\x1cftypavif\0\0\0\0avifmif1" + bytes(200))
    said = digits("read", folder)
    assert (said.code, said.out) == (1, f"{note}: {LINE}\n")
    assert "pipe.png cannot be read: it is a pipe, socket or device, not a file" in said.err
    assert "avif.png is damaged" in said.err
    assert "folder.png cannot be read" in said.err
    assert digits("read", "/dev/null").err.startswith(
        "digits: /dev/null cannot be read: it is a pipe, socket or device"
    )


def test_folders_nested_in_patterns_are_read_and_the_rest_of_bad_input(digits: Any, note: Path) -> None:
    folder = note.parent
    (folder / "a" / "b").mkdir(parents=True)
    (folder / "empty").mkdir()
    note.rename(folder / "a" / "b" / "note.png")
    for words in (["a", "empty", "gone.png"], ["[ae]*", "gone*.png"], ["a/*/*.png", "empty", "gone.png"]):
        said = digits("read", *words)
        assert (said.code, said.out) == (1, f"a/b/note.png: {LINE}\n")
        assert "empty cannot be read: it is a folder without pictures" in said.err
        assert "2 of 3 files could not be read; the others were" in said.err


def test_a_set_beside_pictures_does_not_stop_them(digits: Any, note: Path) -> None:
    folder = note.parent
    (folder / "labels.csv").write_text("file,label\nnote.png,7\n")
    write_idx(folder / "some-idx3-ubyte", np.zeros((2, 28, 28), np.uint8))
    said = digits("read", folder / "*")
    assert (said.code, said.out) == (1, f"{note}: {LINE}\n")
    for name in ("labels.csv", "some-idx3-ubyte"):
        assert f"{name} is a table or a set of digits, not a picture: read it alone" in said.err


def test_pattern_names_files(digits: Any, note: Path) -> None:
    assert digits("read", note.parent / "no*.png").out == f"{LINE}\n"


def test_csv_is_written_to_a_file(digits: Any, note: Path) -> None:
    out = note.parent / "new" / "out.csv"
    assert digits("read", note, "--csv", "-o", out).out == ""
    (row,) = csv.DictReader(io.StringIO(out.read_text()))
    assert (row["file"], row["text"], row["digits"], row["rejected"], row["notice"]) == (str(note), LINE, "4", "0", "")
    assert [file.name for file in out.parent.iterdir()] == ["out.csv"]


def test_standard_input_is_read(digits: Any, note: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Piped:
        buffer = io.BytesIO(note.read_bytes())

    monkeypatch.setattr(sys, "stdin", Piped)
    assert digits("read", "-", "--explain", note.parent / "why.png").out == f"{LINE}\n"
    with Image.open(note.parent / "why.png") as explained:
        assert explained.width == 1200


def table(images: np.ndarray, *, header: bool = True, labels: np.ndarray | None = None) -> str:
    rows = [",".join(map(str, image.ravel())) for image in images]
    names = [f"pixel{index}" for index in range(784)]
    if labels is not None:
        rows, names = [f"{label},{row}" for label, row in zip(labels, rows, strict=True)], ["label", *names]
    return "\n".join([*([",".join(names)] if header else []), *rows]) + "\n"


def test_sets_in_archives_and_folders_are_read_and_transposed(digits: Any, mnist: Dataset, tmp_path: Path) -> None:
    few = LabelledDigits(mnist.test.images[:3], mnist.test.labels[:3])
    (tmp_path / "kaggle").mkdir()
    (tmp_path / "kaggle" / "train.csv").write_text(table(few.images, labels=few.labels))
    (tmp_path / "kaggle" / "test.csv").write_text(table(few.images))
    write_digits({"train": LabelledDigits(few.images.swapaxes(1, 2), few.labels)}, tmp_path / "emnist.zip")
    answer = "".join(["ImageId,Label\n", *(f"{index},{label}\n" for index, label in enumerate(few.labels, 1))])
    assert digits("read", tmp_path / "kaggle").out == answer
    assert digits("read", tmp_path / "emnist.zip", "--transpose").out == answer
    said = digits("read", tmp_path / "a.png", "--transpose")
    assert (said.code, said.out) == (2, "")
    assert said.err == "digits: --transpose is for one set of digits, such as a CSV, IDX or NPZ file: name one\n"


@pytest.mark.parametrize("kind", ["csv", "csv without header", "csv with labels", "idx", "idx.gz", "npz"])
def test_set_of_digits_becomes_a_kaggle_submission(digits: Any, mnist: Dataset, tmp_path: Path, kind: str) -> None:
    images, labels = mnist.test.images[:7], mnist.test.labels[:7]
    path = tmp_path / {"idx": "some-idx3-ubyte", "idx.gz": "some-idx3-ubyte.gz", "npz": "some.npz"}.get(
        kind, "test.csv"
    )
    if kind.startswith("csv"):
        with_labels = labels if kind == "csv with labels" else None
        path.write_text(table(images, header=kind != "csv without header", labels=with_labels))
    elif kind == "npz":
        np.savez(path, images=images)
    else:
        write_idx(path, images)
    rows = "".join(f"{index},{label}\n" for index, label in enumerate(labels, 1))
    assert digits("read", path, "-o", "submission.csv").code == 0
    assert Path("submission.csv").read_text() == f"ImageId,Label\n{rows}"
    read = json.loads(digits("read", path, "--json").out)
    assert [(entry["id"], entry["value"]) for entry in read] == list(enumerate(labels.tolist(), 1))


SHAPES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "[n, 784]": lambda images: images.reshape(-1, 784),
    "[n, 28, 28, 1]": lambda images: images[..., None],
    "[n, 1, 28, 28]": lambda images: images[:, None],
    "floats": lambda images: images.astype(np.float32),
    "0-1": lambda images: images / 255,
    "zeros and ones": lambda images: (images > 127).astype(np.int64),
    "booleans": lambda images: images > 127,
}
SCALED = {"0-1", "zeros and ones", "booleans"}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("kind", ["npz", "idx", "idx.gz"])
def test_sets_of_any_shape_and_range_are_read_and_evaluated_alike(
    digits: Any, mnist: Dataset, tmp_path: Path, caplog: pytest.LogCaptureFixture, shape: str, kind: str
) -> None:
    labels, images = mnist.test.labels[:30], SHAPES[shape](mnist.test.images[:30])
    if kind == "npz":
        path = tmp_path / "some.npz"
        np.savez(path, images=images, labels=labels)
    else:
        path = tmp_path / f"images-idx{images.ndim}-ubyte{kind[3:]}"
        write_idx(path, images if images.dtype.kind == "f" else images.astype(np.uint8))
        write_idx(tmp_path / f"labels-idx1-ubyte{kind[3:]}", labels)
    word = [f"{path}: the pixels are 0–1, which are scaled to 0–255."] if shape in SCALED else []
    read = [entry["value"] for entry in json.loads(digits("read", path, "--json").out)]
    assert (read, [record.getMessage() for record in caplog.records]) == (labels.tolist(), word)
    caplog.clear()
    assert json.loads(digits("evaluate", "cnn", "--data", path, "--json").out)["accuracy"] == 1
    # a set so small has findings of its own
    said = [record.getMessage() for record in caplog.records if not record.name.startswith("digits.doctor")]
    assert [each.replace(" (images)", "") for each in said] == word


@pytest.mark.parametrize("shape", [(28, 28), (1, 28, 28), (1, 784)])
def test_a_set_may_hold_one_digit_under_any_name(
    digits: Any, mnist: Dataset, tmp_path: Path, shape: tuple[int, ...]
) -> None:
    image = mnist.test.images[0].reshape(shape)
    np.savez(tmp_path / "one.npz", image)
    write_idx(tmp_path / "one.data", image)
    write_idx(tmp_path / "one.data.gz", image)
    for name in ("one.npz", "one.data", "one.data.gz"):
        assert digits("read", tmp_path / name).out == "ImageId,Label\n1,7\n"


def test_rejected_digits_of_a_set_are_counted_and_explained(digits: Any, mnist: Dataset, tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (2, 28, 28), dtype=np.uint8)
    np.savez(tmp_path / "some.npz", images=np.concatenate([mnist.test.images[:3], noise]))
    said = digits("read", tmp_path / "some.npz", "--json")
    assert said.err == f"digits: {tmp_path / 'some.npz'}: 2 of 5 rejected; --json says why\n"
    *good, first, second = json.loads(said.out)
    assert [entry["doubts"] for entry in good] == [[]] * 3
    for entry in first, second:
        assert entry["doubts"][0].startswith(("unsure: ", "probably not a digit, closest match "))
        assert entry["alternatives"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a,b\n1,2\n", "2 columns"),
        (table(np.zeros((2, 28, 28), int)).replace("0,0\n", "0,x\n", 1), "'x' in line 2, column 784"),
        (table(np.full((2, 28, 28), 300)), "'300' in line 2, column 1"),
        ("", "is empty"),
    ],
)
def test_invalid_table_is_located_by_line_and_column(digits: Any, tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "test.csv").write_text(text)
    said = digits("read", tmp_path / "test.csv")
    assert said.code == 1
    assert says in said.err
    assert "Traceback" not in said.err


def bomb() -> bytes:
    header = b"IHDR" + struct.pack(">IIBBBBB", 30000, 30000, 8, 0, 0, 0, 0)
    pixels = b"IDAT" + zlib.compress(bytes(1000))
    chunks = [
        struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk)) for chunk in (header, pixels)
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def png(width: int, height: int, grey: int = 255) -> bytes:
    buffer = io.BytesIO()
    Image.new("L", (width, height), grey).save(buffer, "PNG")
    return buffer.getvalue()


def animation() -> bytes:
    buffer = io.BytesIO()
    frames = [Image.new("L", (40, 40), grey) for grey in (50, 200)]
    frames[0].save(buffer, "GIF", save_all=True, append_images=frames[1:])
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is empty"),
        (b"hello, this is no picture at all", "format"),
        (png(1, 1), "too small"),
        (bomb(), "megapixels"),
        (png(500, 5), "strip"),
        (animation(), "animated"),
        (hostile.progressive_jpeg(64, 60), "takes too long to decode"),
        (hostile.EPS, "format"),
    ],
    ids=["0 bytes", "text", "1 × 1", "bomb", "strip", "animated", "scans", "EPS"],
)
def test_unreadable_picture_has_one_sentence(digits: Any, tmp_path: Path, content: bytes, says: str) -> None:
    (tmp_path / "bad.png").write_bytes(content)
    said = digits("read", tmp_path / "bad.png")
    assert said.code == 1
    assert says in said.err
    assert len(said.err.splitlines()) == 1


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["nowhere.png"], 1, "there is no file nowhere.png"),
        (["note.png", "--json", "--csv"], 2, "cannot be combined"),
        (["note.png", "note.png", "--explain", "why.png"], 2, "name one"),
        (["note.png", "--model", "nowhere.onnx"], 1, "there is no model file"),
        (["empty"], 1, "empty cannot be read: it is a folder without pictures"),
    ],
)
def test_wrong_call_is_explained(digits: Any, note: Path, words: list[str], code: int, says: str) -> None:
    (note.parent / "empty").mkdir()
    said = digits("read", *words)
    assert said.code == code
    assert says in said.err


def test_changed_model_is_refused(digits: Any, note: Path) -> None:
    from digits.inference.model import SHIPPED_FOLDER

    content = bytearray((SHIPPED_FOLDER / "mlp.onnx").read_bytes())
    content[100_000:100_400] = bytes(400)
    (note.parent / "changed.onnx").write_bytes(content)
    said = digits("read", note, "--model", note.parent / "changed.onnx")
    assert said.code == 1
    assert "Traceback" not in said.err


@pytest.fixture
def scan(written: Any, tmp_path: Path) -> Path:
    """Write a PDF and a TIFF of three pages, the second of which is empty."""
    pages = [Image.fromarray(written(LINE)), Image.new("L", (300, 100), 235), Image.fromarray(written("59"))]
    for suffix in ("tiff", "pdf"):
        copies = [page.copy() for page in pages]
        copies[0].save(tmp_path / f"scan.{suffix}", save_all=True, append_images=copies[1:])
    return tmp_path / "scan.pdf"


@pytest.mark.parametrize("suffix", [".pdf", ".tiff"])
def test_every_page_is_read(digits: Any, scan: Path, suffix: str) -> None:
    file = scan.with_suffix(suffix)
    said = digits("read", file)
    assert (said.code, said.out) == (0, f"{file}#1: {LINE}\n{file}#2: \n{file}#3: 59\n")
    assert said.err == f"digits: {file}#2: no digit read; no ink\n"
    entries = json.loads(digits("read", file, "--json").out)
    assert [(entry["file"], entry["text"]) for entry in entries] == [
        (f"{file}#1", LINE), (f"{file}#2", ""), (f"{file}#3", "59"),
    ]  # fmt: skip
    rows = list(csv.DictReader(io.StringIO(digits("read", file, "--csv").out)))
    assert [row["file"] for row in rows] == [entry["file"] for entry in entries]


@pytest.mark.parametrize("suffix", [".pdf", ".tiff"])
def test_one_page_is_read(digits: Any, scan: Path, tmp_path: Path, suffix: str) -> None:
    page = f"{scan.with_suffix(suffix)}#3"
    said = digits("read", page, "--explain", tmp_path / "why.png")
    assert (said.code, said.out, said.err) == (0, "59\n", "")
    assert (tmp_path / "why.png").read_bytes().startswith(b"\x89PNG")
    (entry,) = json.loads(digits("read", page, "--json").out)
    assert entry["file"] == page
    for number in ("0", "4"):
        said = digits("read", f"{scan}#{number}")
        message = f"digits: {scan} has no page {number}: it has 3 pages, counted from 1\n"
        assert (said.code, said.out, said.err) == (1, "", message)
    assert digits("read", tmp_path / "gone.pdf#1").err == f"digits: there is no file {tmp_path / 'gone.pdf'}\n"


def test_a_file_of_that_very_name_comes_first(digits: Any, scan: Path, note: Path) -> None:
    note.rename(f"{scan}#3")
    assert digits("read", f"{scan}#3").out == f"{LINE}\n"
    assert digits("read", scan).out == f"{scan}#1: {LINE}\n{scan}#2: \n{scan}#3: 59\n"


def test_a_folder_of_pages_and_pictures_is_read(
    digits: Any, scan: Path, note: Path, written: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pdf_process, "MAX_SECONDS", 0.5)
    scan.with_suffix(".tiff").unlink()
    Image.fromarray(written("7")).save(scan.parent / "one.pdf")
    (scan.parent / "costly.pdf").write_bytes(hostile.pdf_of_nested_forms())
    (scan.parent / "secret.pdf").write_bytes(hostile.encrypted_pdf())
    said = digits("read", scan.parent)
    expected = [f"{note}: {LINE}", f"{scan.parent / 'one.pdf'}: 7"]
    expected += [f"{scan}#1: {LINE}", f"{scan}#2: ", f"{scan}#3: 59"]
    assert (said.code, said.out.splitlines()) == (1, expected)
    assert f"{scan.parent / 'costly.pdf'} takes too long to decode (over 0.5 seconds)" in said.err
    assert f"{scan.parent / 'secret.pdf'} is encrypted" in said.err
    assert "2 of 7 pages could not be read; the others were" in said.err


def test_a_damaged_page_does_not_stop_the_others(digits: Any, scan: Path) -> None:
    file = scan.with_suffix(".tiff")
    content = file.read_bytes()
    place = struct.unpack_from("<I", content, 4)[0]
    place = struct.unpack_from("<I", content, place + 2 + 12 * struct.unpack_from("<H", content, place)[0])[0]
    file.write_bytes(content[: place + 2] + bytes(48) + content[place + 50 :])
    said = digits("read", file)
    assert (said.code, said.out) == (1, f"{file}#1: {LINE}\n{file}#3: 59\n")
    assert f"{file}#2 is damaged: export it or download it again\n" in said.err
    assert "1 of 3 pages could not be read; the others were" in said.err


def test_explaining_asks_for_one_page(digits: Any, scan: Path, tmp_path: Path) -> None:
    said = digits("read", scan, "--explain", tmp_path / "why.png")
    assert (said.code, said.out) == (2, "")
    assert said.err == f"digits: {scan} has 3 pages: --explain draws the steps of one, such as {scan}#1\n"
