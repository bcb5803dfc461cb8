"""Writing files: whole or not at all, with a sentence when the disk refuses."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import digits
from digits.data import write_idx
from digits.errors import DigitsError, StorageError
from digits.files import (
    MemoryFile,
    expand_home,
    intended_name,
    open_file,
    replace_atomically,
    write_atomically,
    write_output,
)

ERRORS = [errno.ENOSPC, errno.EROFS, errno.EACCES, errno.EIO, errno.ENAMETOOLONG]


def failing(code: int) -> Callable[..., Any]:
    """A function of the system that fails with an error of this number."""

    def fail(*_: object, **__: object) -> None:
        raise OSError(code, os.strerror(code))

    return fail


@pytest.mark.parametrize("code", ERRORS)
@pytest.mark.parametrize("operation", ["mkdir", "open", "replace"])
def test_failed_write_is_a_sentence_with_the_place(
    operation: str, code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Path, operation, failing(code))
    with pytest.raises(StorageError) as caught:
        write_atomically(tmp_path / "run" / "model.onnx", b"weights")
    assert str(caught.value).startswith(f"{tmp_path / 'run' / 'model.onnx'} cannot be written: ")
    assert str(caught.value).endswith("or choose another folder.")
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_full_disk_is_named_with_what_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "latest").symlink_to(tmp_path / "disk")
    monkeypatch.setattr(os, "fsync", failing(errno.ENOSPC))
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=1_500_000))
    with pytest.raises(StorageError) as caught:
        write_atomically(tmp_path / "latest" / "model.onnx", bytes(4_000_000))
    assert str(caught.value) == (
        f"{tmp_path / 'latest' / 'model.onnx'} cannot be written: its disk is full (4.0 MB are needed, 1.5 MB "
        f"are free). Free some space in {tmp_path / 'disk'}, or choose another folder."
    )
    assert list((tmp_path / "disk").iterdir()) == []


def test_a_file_in_place_of_the_folder_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "file" / "a.idx", tmp_path / "file" / "deep" / "a.idx"):
        with pytest.raises(StorageError, match=r"cannot be written: (Not a directory|File exists)"):
            write_atomically(path, b"")
        with pytest.raises(StorageError, match="cannot be written: Not a directory"):
            write_idx(path, np.zeros(3, np.uint8))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes")
def test_pipes_receive_output_and_are_not_replaced(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    write_output(pipe, b"0791")
    assert os.read(reader, 100) == b"0791"
    os.close(reader)
    assert pipe.is_fifo()
    assert [path.name for path in tmp_path.iterdir()] == ["pipe"]


def test_other_output_is_a_whole_file_or_an_error(tmp_path: Path) -> None:
    for _ in range(2):
        write_output(tmp_path / "new" / "a.csv", b"0791")
    assert (tmp_path / "new" / "a.csv").read_bytes() == b"0791"
    with pytest.raises(StorageError, match="new cannot be written: Is a directory"):
        write_output(tmp_path / "new", b"0791")


def test_other_errors_pass_unchanged(tmp_path: Path) -> None:
    for error in (DigitsError("no MNIST"), KeyboardInterrupt()):
        with pytest.raises(type(error)) as caught, replace_atomically(tmp_path / "file"):
            raise error
        assert caught.value is error


@pytest.mark.parametrize("name", ["a.png", ".hidden", "a.part", "..a.1-0123abcd.part", "weights.onnx.data"])
def test_temporary_files_are_recognized(name: str, tmp_path: Path) -> None:
    with replace_atomically(tmp_path / name) as temporary:
        temporary.touch()
        assert intended_name(temporary) == name
    assert intended_name(tmp_path / "a.png") == "a.png"
    assert intended_name(tmp_path / ".a.png.part") == ".a.png.part"


@pytest.mark.parametrize("path", ["~", "~/a.png", "~nobody-has-this-name/a.png"])
def test_home_that_is_unknown_stays_as_it_is(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os.path, "expanduser", lambda path: path)  # as for a user without a home folder
    assert expand_home(path) == Path(path)


def test_home_is_expanded() -> None:
    assert expand_home("~/a.png") == Path.home() / "a.png"


def test_home_is_expanded_in_one_place() -> None:
    """Python's own way is an error for unknown users."""
    source = Path(digits.__file__).parent
    callers = {path.name for path in source.rglob("*.py") if "expanduser" in path.read_text(encoding="utf-8")}
    assert callers == {"files.py"}


def test_a_file_in_memory_is_never_looked_for_on_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "secret.csv").write_bytes(b"on disk")
    monkeypatch.chdir(tmp_path)
    for name in ("secret.csv", str(tmp_path / "secret.csv"), "..\\secret.csv", "x/../secret.csv"):
        file = MemoryFile.of(b"sent", name)
        assert (str(file), file.suffix, file.is_dir()) == ("secret.csv", ".csv", False)
        with open_file(file) as stream:
            assert (stream.peek(4)[:4], stream.read()) == (b"sent", b"sent")
    assert MemoryFile.of(b"", "..").name == "file"
