"""What cannot be read, or must not be, is answered with a sentence: what is wrong, where, and what to do."""

from __future__ import annotations

import gzip
import io
import os
import pickle
import sys
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from benchmarks.hostile import png_chunk, save
from benchmarks.mutants import mutate_bytes, mutate_packed
from PIL import Image
from tests.data.wild.builders import (
    BUILDERS,
    PIXEL_HEADER,
    hub_column,
    make_parts,
    packed,
    png,
    png_files,
    rows,
    save_mat,
    save_npy,
    save_parquet,
    table,
    write,
    write_all,
    zipped,
)

from digits.data import load_parts, read_unlabelled
from digits.data.formats import parquet, pictures
from digits.data.formats.parquet_pages import find_parts, measure_pages
from digits.errors import DataError

PARTS = make_parts()
TRAIN = PARTS.train


def unlabelled(number: int | None = None) -> str:
    """Write a table without labels; its rows numbered from `number` on, if given."""
    lines = [row[2:] for row in rows(TRAIN)]
    return "\n".join(lines if number is None else [f"{i},{line}" for i, line in enumerate(lines, number)])


def evil_pickle(function: str) -> bytes:
    module, _, name = function.rpartition(".")
    return f"c{module}\n{name}\n(S'touch pwned'\ntR.".encode()


def huge_npy() -> bytes:
    header = b"{'descr': '<f8', 'fortran_order': False, 'shape': (10000000000, 784), }"
    return b"\x93NUMPY\1\0v\0" + header.ljust(117) + b"\n"


def tar_with_link() -> bytes:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as archive:
        link = tarfile.TarInfo("labels.csv")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    return content.getvalue()


def parquet_of(folder: Path, image: Any) -> Path:
    return save_parquet(folder / "a.parquet", image, TRAIN)


def listed(folder: Path, *lines: str) -> Path:
    write_all(folder, {"1.png": png(TRAIN.images[0]), "b/2.png": png(TRAIN.images[1]), "c/2.png": png(TRAIN.images[2])})
    return write(folder / "labels.csv", "\n".join(["file,label", *lines])).parent


Case = tuple[Callable[[Path], Path], str]

REFUSALS: dict[str, Case] = {
    "identifier and no label": (
        lambda f: write(f / "a.csv", "id," + PIXEL_HEADER[6:] + "\n" + unlabelled(1)),
        "has 784 columns of pixels and none called label or class",
    ),
    "numbered rows and no label": (
        lambda f: write(f / "a.csv", unlabelled(1)),
        "has 784 columns of pixels, after one that numbers the rows, and none of labels.",
    ),
    "several files in a zipped table": (
        lambda f: write(f / "a.csv.zip", zipped({"a.csv": b"1", "b.csv": b"2"})),
        "holds 2 files; as a table, it must hold one. Unpack it.",
    ),
    "sparse ARFF": (
        lambda f: write(f / "a.arff", "@relation a\n@attribute x real\n@data\n{0 1}\n"),
        "has sparse rows, from line 4 on. Save it as dense ARFF, or as CSV.",
    ),
    "endless ARFF header": (
        lambda f: write(f / "a.arff", "@relation a\n" + "@attribute x real\n" * 2002),
        "announces over 2,000 columns; 784 are needed, and a label.",
    ),
    "endless empty lines": (
        lambda f: write(f / "a.csv.gz", gzip.compress(table(TRAIN).encode() + b"\n" * (2**20 + 10))),
        "has over 1,048,576 empty lines. Save one digit per line.",
    ),
    "damaged gzip": (
        lambda f: write(f / "a.csv.gz", gzip.compress(table(TRAIN).encode())[:-2000]),
        "is damaged: it does not unpack",
    ),
    "one array alone": (
        lambda f: save_npy(f, X_train=TRAIN.images) / "X_train.npy",
        "is one array, and no file beside it holds what belongs to it. Put images and labels into one folder",
    ),
    "pickled array": (
        lambda f: save_npy(f, images=np.array([{}]), labels=TRAIN.labels) / "images.npy",
        "holds pickled Python objects, which could run any code when loaded.",
    ),
    "web page as NPY": (
        lambda f: write(f / "images.npy", "<html><title>Sign in</title>"),
        "holds a web page (“Sign in”) instead of data.",
    ),
    "huge NPY": (
        lambda f: write(f / "a.npy", huge_npy()),
        "is too large: its header announces 62,720,000,000,000 bytes;",
    ),
    "pickle that runs a command": (
        lambda f: write(f / "a.pkl", evil_pickle("os.system")),
        "names os.system, which could run any code when loaded. Save plain arrays with numpy.savez.",
    ),
    "pickle of objects": (
        lambda f: write(f / "a.pkl", pickle.dumps({"images": np.array([{}]), "labels": [1]})),
        "holds something else than arrays of numbers: an array of type 'O8'. Save plain",
    ),
    "pickle of one array": (
        lambda f: write(f / "a.pkl", pickle.dumps(TRAIN.images)),
        "holds something else than arrays of numbers: no pairs of images and labels. Save plain",
    ),
    "truncated pickle": (
        lambda f: write(f / "a.pkl", pickle.dumps((TRAIN.images, TRAIN.labels))[:-9]),
        "is damaged or no pickle: it does not load",
    ),
    "MATLAB 7.3": (
        lambda f: write(f / "a.mat", b"MATLAB 7.3 MAT-file".ljust(600)),
        "is a MATLAB file of version 7.3. Save it with: save('digits.mat', '-v7')",
    ),
    "20 x 20 in MATLAB": (
        lambda f: save_mat(f / "a.mat", X=np.zeros((50, 400)), y=np.arange(50) % 10 + 1),
        "(X) holds 400 images; digits are 28 × 28 in grey. Save them as pictures in one folder per class",
    ),
    "other variables": (
        lambda f: save_mat(f / "a.mat", weights=np.zeros((2, 2)), bias=np.zeros(3)),
        "holds bias, weights. Name the arrays x_train, y_train, x_test, y_test, or images, labels",
    ),
    "Parquet without images": (
        lambda f: parquet_of(f, TRAIN.labels),
        "has no column of images: neither pictures nor lists of pixels, nor 784 columns of pixels; it has 2 (image,",
    ),
    "Parquet with names of pictures only": (
        lambda f: parquet_of(f, hub_column(TRAIN).take([0, None, *range(38)])),
        "has no picture in row 1 of image. Save the pictures, not only their names.",
    ),
    "Parquet with lists of several lengths": (
        lambda f: parquet_of(f, [[0] * (784 + i % 2) for i in range(40)]),
        "holds lists of several lengths as images. Save 28 × 28 or 784 pixels for each.",
    ),
    "truncated Parquet": (
        lambda f: write(f / "b.parquet", parquet_of(f, hub_column(TRAIN)).read_bytes()[:-20]),
        "is damaged: it does not load",
    ),
    "web page as Parquet": (lambda f: write(f / "a.parquet", "<!doctype html>"), "holds a web page instead of data."),
    "encrypted archive": (
        lambda f: write(f / "a.zip", zipped({"a.csv": b"1"}).replace(b"PK\1\2\24\3\24\0\0", b"PK\1\2\24\3\24\0\1")),
        "is encrypted. Unpack it with its password, and name the folder.",
    ),
    "archive of nothing": (
        lambda f: write(f / "a.zip", zipped({"readme.txt": b"about"})),
        "holds no labelled digits in a supported format. Supported are IDX files",
    ),
    "file above the archive": (
        lambda f: write(f / "a.zip", zipped({"../evil.csv": b"1"})),
        "holds a file that would leave its folder: '../evil.csv'. Unpack it with care.",
    ),
    "file at the root": (
        lambda f: write(f / "a.tar", packed({"/evil.csv": b"1"}, "w")),
        "holds a file that would leave its folder: '/evil.csv'. Unpack it with care.",
    ),
    "link in an archive": (
        lambda f: write(f / "a.tar", tar_with_link()),
        "is an empty folder. Supported are",
    ),
    "two archives": (
        lambda f: write_all(f, {"a.zip": zipped({"x": b""}), "b.zip": zipped({"x": b""})}),
        "holds several datasets: a.zip, b.zip. Name one of them.",
    ),
    "damaged archive": (
        lambda f: write(f / "a.zip", b"PK\3\4 and nothing"),
        "is damaged: it does not load",
    ),
    "listed picture that is missing": (
        lambda f: listed(f, "1.png,3", "3.png,4"),
        "/labels.csv, line 3: there is no picture '3.png' in ",
    ),
    "listed picture outside the folder": (
        lambda f: listed(f, "../../etc/passwd,3"),
        "/labels.csv, line 2: there is no picture '../../etc/passwd' in ",
    ),
    "listed picture that is there twice": (lambda f: listed(f, "2.png,3"), "Write its folder too."),
    "listed label that is no digit": (
        lambda f: listed(f, "1.png,seven"),
        "/labels.csv, line 2: the label is 'seven'. Use a whole number from 0 to 9.",
    ),
    "pictures without labels": (
        lambda f: write(f / "7_1.png", png(TRAIN.images[0])).parent,
        "holds pictures, and nothing says their labels. Put them into one folder per class, called 0 to 9, or list",
    ),
    "two training folders": (
        lambda f: write_all(f, png_files(TRAIN, "my_train/") | png_files(TRAIN, "other-train/")),
        "holds several datasets: ",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSALS)
def test_what_cannot_be_read_is_answered_with_a_sentence(name: str, tmp_path: Path) -> None:
    build, sentence = REFUSALS[name]
    with pytest.raises(DataError) as caught:
        load_parts(build(tmp_path))
    assert str(caught.value).startswith(str(tmp_path))
    assert sentence in str(caught.value)
    assert not any("evil" in path.name or "pwned" in path.name for path in tmp_path.parent.rglob("*"))


def test_missing_library_is_named_with_its_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    write(tmp_path / "a.parquet", b"x" * 100)
    with pytest.raises(DataError, match=r"a\.parquet is .*, which .* reads: pip install 'digits\[formats\]'"):
        load_parts(tmp_path / "a.parquet")


ZEROS = bytes(2**21)

BOMBS: dict[str, Callable[[Path], Path]] = {
    "zip": lambda f: write(f / "a.zip", zipped({"a.csv": ZEROS})),
    "tar": lambda f: write(f / "a.tar.gz", packed({"a.csv": ZEROS})),
    "pickle": lambda f: write(f / "a.pkl.gz", gzip.compress(ZEROS)),
    "mat": lambda f: save_mat(f / "a.mat", x=np.zeros(2**21, np.uint8), y=np.zeros(3)),
    "parquet": lambda f: save_parquet(f / "a.parquet", [ZEROS] * 40, TRAIN, compression="zstd"),
    "parquet of lists": lambda f: save_parquet(f / "a.parquet", [[0] * 2000] * 40, TRAIN, compression="zstd"),
}


@pytest.mark.parametrize("name", BOMBS)
def test_small_files_that_unpack_to_more_than_the_limit_are_refused(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = BOMBS[name](tmp_path)
    assert path.stat().st_size < 2**15
    monkeypatch.setattr("digits.data.memory.MAX_ARRAY_BYTES", 2**19)
    with pytest.raises(DataError, match=r"is too large: .*524,288"):
        load_parts(path)


def test_pages_of_parquet_are_measured_whatever_its_summary_says(tmp_path: Path) -> None:
    from pyarrow import parquet as library

    path = save_parquet(tmp_path / "a.parquet", [[i % 256] * 100 for i in range(40)], TRAIN, use_dictionary=False)
    column = library.ParquetFile(path).metadata.row_group(0).column(0)
    with path.open("rb") as stream:
        pages = measure_pages(stream, column.data_page_offset, column.total_compressed_size)
    assert pages.values == 4000
    # the summary counts the headers too
    assert 0 < column.total_uncompressed_size - pages.size < 200


def test_parts_of_columns_are_where_pyarrow_says(tmp_path: Path) -> None:
    from pyarrow import parquet as library

    path = save_parquet(tmp_path / "a.parquet", hub_column(TRAIN), TRAIN, row_group_size=15)
    metadata = library.ParquetFile(path).metadata
    columns = [metadata.row_group(group).column(i) for group in range(3) for i in range(metadata.num_columns)]
    with path.open("rb") as stream:
        parts = list(find_parts(stream))
    assert [part.column for part in parts[:3]] == ["image.bytes", "image.path", "label"]
    assert parts == [
        (each.path_in_schema, each.dictionary_page_offset or each.data_page_offset, each.total_compressed_size)
        for each in columns
    ]


def test_damaged_summary_of_parquet_does_not_end_the_process(tmp_path: Path) -> None:
    """pyarrow's own reader of this summary aborts: the histograms of its levels are too long."""
    path = save_parquet(tmp_path / "a.parquet", hub_column(TRAIN), TRAIN)
    content = path.read_bytes()
    length = int.from_bytes(content[-8:-4], "little")
    place = content.index(b"\x19\x26", len(content) - 8 - length)  # a list of two numbers becomes one of three
    changed = content[:place] + b"\x19\x36\0" + content[place + 2 : -8]
    write(path, changed + (length + 1).to_bytes(4, "little") + content[-4:])
    with pytest.raises(DataError, match=r"a\.parquet is damaged"):
        load_parts(path)


def test_members_of_an_archive_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("digits.data.formats.archives.MAX_MEMBERS", 3)
    path = write(tmp_path / "a.zip", zipped({f"{i}.txt": b"" for i in range(4)}))
    with pytest.raises(DataError, match=r"a\.zip holds over 3 files\. Unpack what is needed"):
        load_parts(path)


def test_nothing_stays_behind_of_an_archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    path = write(tmp_path / "a.zip", zipped({"train.csv": table(TRAIN).encode()}))
    assert len(load_parts(path).train) == 40
    write(path, zipped({"train.csv": b"1,2"}))
    with pytest.raises(DataError, match=r"a\.zip"):
        load_parts(path)
    assert os.listdir(tmp_path / "temporary") == []  # noqa: PTH208


def test_one_bad_picture_in_parquet_is_named(tmp_path: Path) -> None:
    pictures = [png(image) for image in TRAIN.images]
    pictures[7] = pictures[7][:-30] + b"x" * 30
    path = save_parquet(tmp_path / "a.parquet", pictures, TRAIN)
    with pytest.raises(DataError, match=r"a\.parquet \(row 7\) is damaged"):
        load_parts(path)
    assert parquet.has_labels(path)


SAMPLES = (
    "parquet_of_the_hub", "mat_structure", "pickle_of_python_2", "pickle_of_the_newest_protocol", "npy_one_of_a_pair",
    "csv_zipped_one_by_one", "idx_in_a_folder_in_tar", "pictures_with_labels",
)  # fmt: skip


@pytest.mark.parametrize("name", SAMPLES)
def test_damaged_files_are_read_or_refused(name: str, tmp_path: Path) -> None:
    place = BUILDERS[name][0](tmp_path, PARTS)
    damaged = place if place.is_file() else max(path for path in tmp_path.rglob("*.*") if path.suffix != ".md")
    content, refusals = damaged.read_bytes(), []
    for seed in range(12):
        damaged.write_bytes((mutate_packed if seed % 2 else mutate_bytes)(content, Random(seed)))
        for load in (load_parts, lambda path: list(read_unlabelled(path))):
            try:
                load(place)
            except DataError as error:
                refusals.append(str(error))
    assert refusals
    assert all(message.startswith(str(tmp_path)) and "\n" not in message for message in refusals)


@pytest.mark.parametrize("extra", ["nothing", "text", "orientation"])
def test_plain_pngs_are_decoded_as_any_picture_is(extra: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A short way leads around the checks of pictures, for files without anything beside the pixels."""
    content = png(TRAIN.images[0])
    if extra == "text":
        content = content[:33] + png_chunk(b"tEXt", b"x\0y") + content[33:]
    elif extra == "orientation":
        (exif := Image.Exif())[0x0112] = 6
        content = save(TRAIN.images[0], "PNG", exif=exif)
    assert (pictures._decode_plain(content) is not None) == (extra == "nothing")
    short = pictures.decode_picture(content, "a.png")
    monkeypatch.setattr(pictures, "_decode_plain", lambda content: None)
    careful = pictures.decode_picture(content, "a.png")
    np.testing.assert_array_equal(short[0], careful[0])
    assert short[1] == careful[1]
    assert np.array_equal(short[0], TRAIN.images[0]) == (extra != "orientation")


def test_zip_with_a_link_unpacks_no_link(tmp_path: Path) -> None:
    link = zipfile.ZipInfo("train.csv")
    link.create_system, link.external_attr = 3, 0o120777 << 16
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr(link, str(write(tmp_path / "secret.csv", table(TRAIN))))
    with pytest.raises(DataError, match="is an empty folder"):
        load_parts(write(tmp_path / "a.zip", content.getvalue()))
