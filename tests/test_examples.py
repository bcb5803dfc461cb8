"""Every example runs, is short, and prints what it promises."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from digits.synthesis import synthesize_page

EXAMPLES = Path(__file__).parent.parent / "examples"
MAX_LINES = 40
SEED = 9
"""Of a synthetic page that the shipped cnn reads without an error."""


@pytest.fixture
def page(tmp_path: Path) -> Path:
    path = tmp_path / "scans" / "page.png"
    path.parent.mkdir()
    Image.fromarray(synthesize_page(SEED).picture).save(path)
    return path


def run(name: str, *arguments: str | Path, folder: Path) -> str:
    data = {"DIGITS_DATA": str(Path(os.environ["DIGITS_DATA"]).resolve())} if "DIGITS_DATA" in os.environ else {}
    call = [sys.executable, str(EXAMPLES / name), *map(str, arguments)]
    done = subprocess.run(
        call, cwd=folder, capture_output=True, text=True, encoding="utf-8", check=False,
        env={**os.environ, **data, "PYTHONIOENCODING": "utf-8"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def squeeze(text: str) -> list[str]:
    return [line.replace(" ", "") for line in text.splitlines()]


def test_examples_are_short_and_described() -> None:
    programs = sorted(EXAMPLES.glob("*.py"))
    assert len(programs) == 5
    for program in programs:
        text = program.read_text(encoding="utf-8")
        assert len(text.splitlines()) <= MAX_LINES, program.name
        assert re.match(r'"""[A-Z].*\.\n\n', text), program.name


def test_read_photo(page: Path, tmp_path: Path) -> None:
    lines = squeeze("\n".join(synthesize_page(SEED).lines))
    assert squeeze(run("read_photo.py", page, folder=tmp_path))[: len(lines)] == lines
    for name in ("boxes.png", "explained.png"):
        with Image.open(tmp_path / name) as picture:
            assert picture.width > 400


@pytest.mark.slow
def test_train_fast(tmp_path: Path) -> None:
    printed = run("train_fast.py", folder=tmp_path)
    accuracy = re.search(r"test accuracy (\d+\.\d+)%", printed)
    assert accuracy
    assert 98 <= float(accuracy[1]) < 99
    assert len(re.findall(r"test digit \d+: \d with", printed)) == 5


@pytest.mark.slow
def test_own_network(tmp_path: Path) -> None:
    accuracy = re.search(r"test accuracy (\d+\.\d+)%", run("own_network.py", folder=tmp_path))
    assert accuracy
    assert 97 <= float(accuracy[1]) < 99.5
    assert next((tmp_path / "runs").glob("*/report.html"))


@pytest.mark.slow
def test_rest_client(page: Path, tmp_path: Path) -> None:
    call = [sys.executable, "-m", "digits", "serve", "--port", "0"]
    with subprocess.Popen(call, stdout=subprocess.PIPE, text=True, cwd=tmp_path) as service:
        try:
            assert service.stdout
            address = re.search(r"http://[\d.:]+", service.stdout.readline())
            assert address
            printed = run("rest_client.py", page, address[0], folder=tmp_path)
        finally:
            service.terminate()
    lines = squeeze("\n".join(synthesize_page(SEED).lines))
    assert squeeze(printed)[: len(lines)] == lines
    assert len(re.findall(r"\d with \d+\.\d% at", printed)) >= len("".join(lines))


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_bulk_ray(page: Path, tmp_path: Path) -> None:
    pytest.importorskip("ray", reason="Ray needs Python 3.11 or newer")
    seeds = {"page": SEED, "second": 7, "third": 41}
    for name, seed in seeds.items():
        Image.fromarray(synthesize_page(seed).picture).save(page.with_stem(name))
    (page.parent / "broken.png").write_bytes(b"no picture")
    printed = run("bulk_ray.py", page.parent, tmp_path / "answers", folder=tmp_path)
    for name, seed in seeds.items():
        text = re.search(rf"{name}\.png '(.*)' *$", printed, re.MULTILINE)
        assert text, printed
        assert squeeze(text[1].replace("\\n", "\n")) == squeeze("\n".join(synthesize_page(seed).lines))
    assert re.search(r"broken\.png '' \S+ is not in a known picture format", printed), printed
    assert list((tmp_path / "answers").glob("*.parquet"))
