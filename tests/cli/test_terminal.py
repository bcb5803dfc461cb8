"""Nothing that a file is called can control the terminal, and every name can be printed."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import logging
import os
import sys
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from digits import cli
from digits.cli.terminal import escape, say
from digits.types import Dataset

CLEAR, TITLE, BELL, BACK, DELETE, CSI, TURN = "\x1b[2J", "\x1b]0;x\x07", "\a", "\b\b", "\x7f", "\x9b31m", "\u202e"


def is_harmless(text: str) -> bool:
    text.encode()
    return all(character == "\n" or (character.isprintable() or character in "█…") for character in text)


@pytest.mark.parametrize(("name", "shown"), [(CLEAR, r"\x1b[2J"), ("\r", r"\x0d"), ("caf\udce9", r"caf\xe9"),
                                             (TURN, r"\u202e"), ("\ud800", r"\ud800"), ("Größe 7.png", "Größe 7.png"),
                                             ("七\t🙂", "七\t🙂")])  # fmt: skip
def test_only_what_a_terminal_obeys_is_escaped(name: str, shown: str) -> None:
    assert escape(name) == shown


def test_lines_of_results_stay_lines(capsys: pytest.CaptureFixture[str]) -> None:
    say(f"one\ntwo {CLEAR}")
    assert capsys.readouterr().out == "one\ntwo \\x1b[2J\n"


@pytest.mark.skipif(os.name != "posix", reason="such names cannot exist")
@pytest.mark.slow
def test_names_of_files_are_escaped_everywhere(
    digits: Any, mnist: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # pytest-xdist cannot pass on a captured log with such names; test_log_is_escaped is about logs
    monkeypatch.setattr(logging.getLogger("digits"), "propagate", False)
    monkeypatch.setattr(logging.getLogger("digits"), "handlers", [logging.NullHandler()])
    name = "".join((CLEAR, TITLE, BELL, BACK, DELETE, CSI, TURN, "\r", "\n", "caf\udce9"))
    folder = tmp_path / f"set{name}"
    for label, image in zip(mnist.test.labels[:2], mnist.test.images[:2], strict=True):
        (folder / str(label)).mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(folder / str(label) / f"a{name}.png")
    (folder / f"broken{name}.png").write_bytes(b"x")
    shown = escape(f"a{name}.png")
    calls = [
        ("read", folder),
        ("read", folder, "--csv"),
        ("read", folder, "--json"),
        ("read", folder / f"broken{name}.png"),
        ("read", folder / f"missing{name}.png"),
        ("data", "--data", folder / f"missing{name}"),
        ("data", "--data", folder),
        ("evaluate", "cnn", "--data", folder),
        ("train", f"classic{name}"),
        (f"train{name}",),
    ]
    for words in calls:
        said = digits(*words)
        assert is_harmless(said.out + said.err), words
    assert f"/{shown}: " in digits("read", folder).out
    table = csv.DictReader(io.StringIO(digits("read", folder, "--csv").out))
    assert {row["file"].rpartition("/")[2] for row in table} == {shown}
    files = {entry["file"].rpartition("/")[2] for entry in json.loads(digits("read", folder, "--json").out)}
    assert files == {f"a{name}.png"}
    assert digits("read", folder, "-o", "out.txt").code == 1
    assert is_harmless(Path("out.txt").read_text(encoding="utf-8"))


def test_log_is_escaped(process: Any) -> None:
    code = (
        "import logging; from digits.cli.terminal import start_log; start_log();"
        r"logging.getLogger('digits.data').warning('%s: found', 'a\x1b[2J\udcff')"
    )
    assert process(code=code).err == "digits: a\\x1b[2J\\xff: found\n"


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_output_that_lacks_a_letter_gets_it_escaped(encoding: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on Windows, where the output goes to a file."""
    written = io.BytesIO()
    for name in ("stdout", "stderr"):
        monkeypatch.setattr(sys, name, io.TextIOWrapper(written, encoding=encoding, write_through=True))
    for words in ([], ["train", "--help"], ["read", "七.png"]):
        with contextlib.suppress(SystemExit):
            cli.main(words)
    assert b"no file \\u4e03.png" in written.getvalue()
    assert b"usage: digits train" in written.getvalue()


def test_standard_input_has_a_limit(digits: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    class Endless:
        buffer = Path("/dev/zero").open("rb")  # noqa: SIM115

    monkeypatch.setattr(sys, "stdin", Endless)
    monkeypatch.setattr("digits.preprocessing.opening.MAX_FILE_BYTES", 2**20)
    advice = "shrink it, or save it as PNG or JPEG"
    said = digits("read", "-")
    Endless.buffer.close()
    assert (said.code, said.err) == (1, f"digits: standard input is larger than 1 MiB: {advice}\n")
