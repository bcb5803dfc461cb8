"""The page of findings, and the command that writes it."""

from __future__ import annotations

import base64
import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from digits import cli
from digits.doctor import Mending, examine, write_page
from digits.types import Dataset, LabelledDigits


@pytest.fixture(scope="session")
def transposed(clean: LabelledDigits, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("data") / "transposed.npz"
    np.savez(path, images=clean.images.transpose(0, 2, 1), labels=clean.labels)
    return path


def call(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    code: Any = 0
    try:
        cli.main([str(word) for word in words])
    except SystemExit as ended:
        code = ended.code or 0
    return code, *capsys.readouterr()


def test_page_shows_every_finding_with_its_pictures(
    clean: LabelledDigits, make: Callable[..., Dataset], tmp_path: Path
) -> None:
    dataset = make(clean.images.transpose(0, 2, 1), clean.labels)
    (finding,) = examine(dataset)
    page = write_page(tmp_path / "check.html", dataset, [finding]).read_text(encoding="utf-8")
    assert "1 warning</title>" in page
    assert finding.sentence in page
    assert "digits train --data" in page
    pictures = re.findall(r'src="data:image/png;base64,([^"]+)"', page)
    assert len(pictures) == len(finding.examples) + 10
    with Image.open(io.BytesIO(base64.b64decode(pictures[0]))) as first:
        assert np.array_equal(np.asarray(first), finding.examples[0].image)
    assert not re.search(r'(?:src|href)="(?!data:)', page)


def test_names_cannot_change_the_page(clean: LabelledDigits, make: Callable[..., Dataset], tmp_path: Path) -> None:
    dataset = make(clean.images, clean.labels % 2, classes=("<script>", "b"))
    page = write_page(tmp_path / "check.html", dataset, [], Mending(stretch=True)).read_text(encoding="utf-8")
    assert "&lt;script&gt;" in page
    assert "<script>" not in page
    assert "mended with <code>--stretch</code>" in page


def test_command_names_the_flag_and_writes_the_page(
    transposed: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    page = tmp_path / "deep" / "page.html"
    code, out, err = call(capsys, "data", "check", transposed, "--out", page)
    assert (code, err) == (0, "")
    assert "140 digits, 1 warning" in out
    assert "warning: The images are transposed" in out
    assert "--transpose puts them right." in out
    assert out.endswith(f"page    {page}\n")
    assert page.exists()


def test_command_with_the_flag_finds_nothing(
    transposed: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    code, out, err = call(capsys, "data", "check", transposed, "--transpose", "--json", "--out", tmp_path / "page.html")
    assert (code, err) == (0, "")
    assert json.loads(out)["findings"] == []


def test_evaluating_warns_and_takes_the_flag(
    transposed: Path, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    code, out, _ = call(capsys, "evaluate", "mlp", "--data", transposed, "--json")
    assert (code, json.loads(out)["accuracy"] < 0.4) == (0, True)
    assert "The images are transposed" in caplog.text
    assert f"`digits data check {transposed}` shows pictures of this." in caplog.text
    caplog.clear()
    code, out, _ = call(capsys, "evaluate", "mlp", "--data", transposed, "--json", "--transpose")
    assert (code, json.loads(out)["accuracy"] > 0.95, caplog.text) == (0, True, "")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--relabel", 1, 2), "--relabel names 2 digits, but"),
        (("--relabel", 11), "--relabel must be from 0 to 9, not 11"),
        (("--turn",), "--turn is unknown"),
    ],
)
def test_wrong_flags_are_explained(
    words: tuple[object, ...], sentence: str, transposed: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    code, out, err = call(capsys, "data", "check", transposed, "--out", tmp_path / "page.html", *words)
    assert (code, out) == (2, "")
    assert err.startswith(f"digits: {sentence}")


def test_help_names_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = call(capsys, "data", "check", "--help")
    assert code == 0
    assert out.startswith("usage: digits data check DATA [flags]")
    assert "--transpose" in out
