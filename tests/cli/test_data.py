"""``digits data``: descriptions of data sets, and synthetic data sets."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from digits.data import read_idx
from digits.synthesis import synthesize

WRITTEN = ["train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz", "contact-sheet.png"]


def test_json_output_is_only_json(few_file: Path, digits: Any) -> None:
    said = digits("data", "--data", few_file, "--json")
    assert (said.code, said.err) == (0, "")
    assert str(few_file) in json.dumps(json.loads(said.out))


def test_synthetic_set_is_written_and_shown(digits: Any) -> None:
    said = digits("data", "--synthetic", 300, "--out", "deep/set", "--seed", 5)
    assert (said.code, said.err) == (0, "")
    assert sorted(path.name for path in Path("deep/set").iterdir()) == sorted(WRITTEN)
    written = synthesize(300, 5)
    images, labels = written.images, written.labels
    assert np.array_equal(read_idx(f"deep/set/{WRITTEN[0]}"), images)
    assert np.array_equal(read_idx(f"deep/set/{WRITTEN[1]}"), labels)
    with Image.open(f"deep/set/{WRITTEN[2]}") as sheet:
        assert sheet.width > 1000
    described = digits("data", "--data", "deep/set").out
    assert said.out == described + "\n" + "".join(f"deep/set/{name}\n" for name in WRITTEN)


@pytest.mark.slow
def test_synthetic_set_trains(digits: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("digits.evaluation.write_report", lambda folder: folder)
    digits("data", "--synthetic", 700, "--out", "set")
    said = digits("train", "fast", "--data", "set", "--batch-size", 50, "--out", "run")
    assert (said.code, json.loads(Path("run/results.json").read_text())["test"]["n"]) == (0, 100)
    assert (
        said.err.splitlines()[-1] == f"digits: note: These digits are not MNIST but set, from {Path('set').resolve()}."
    )


def test_synthetic_set_with_json_output_is_only_json(digits: Any) -> None:
    said = digits("data", "--synthetic", 2, "--out", "set", "--json")
    shown = json.loads(said.out)
    assert shown.pop("files") == [f"set/{name}" for name in WRITTEN]
    assert shown == json.loads(digits("data", "--data", "set", "--json").out)


@pytest.mark.parametrize(
    "name", [*WRITTEN, "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte.gz", "MNIST/raw/t10k-images-idx3-ubyte"]
)
def test_folder_with_digits_is_refused_and_left_alone(name: str, digits: Any) -> None:
    file = Path("set", name)
    file.parent.mkdir(parents=True)
    file.write_bytes(b"mine")
    said = digits("data", "--synthetic", 20, "--out", "set")
    assert (said.code, said.out) == (2, "")
    assert said.err == f"digits: set holds digits already, such as set/{name}: name another --out\n"
    assert [path for path in Path("set").rglob("*") if path.is_file()] == [file]
    assert file.read_bytes() == b"mine"


def test_folder_with_other_files_is_allowed(digits: Any) -> None:
    Path("notes.txt").write_text("mine")
    assert digits("data", "--synthetic", 20, "--out", ".").code == 0


def test_slow_writing_is_announced(digits: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("digits.cli.data.SLOW_COUNT", 20)
    assert digits("data", "--synthetic", 20, "--out", "set").err == "digits: writing 20 digits …\n"


def test_without_matplotlib_nothing_is_left_behind(digits: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.split(".")[0] == "matplotlib"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    said = digits("data", "--synthetic", 20, "--out", "set")
    assert (said.code, said.out) == (1, "")
    assert said.err == "digits: this needs matplotlib.style, which is not installed: pip install 'digits[train]'\n"
    assert not Path("set").exists()


def test_describing_data_loads_nothing_heavy(process: Any, few_file: Path) -> None:
    code = (
        "import sys; from digits.cli import main; main(sys.argv[1:]);"
        "print([name for name in ('torch', 'matplotlib', 'cv2') if name in sys.modules], file=sys.stderr)"
    )
    said = process("data", "--data", few_file, code=code)
    assert (said.code, said.err) == (0, "[]\n")
