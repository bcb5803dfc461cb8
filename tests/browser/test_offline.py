"""The page in one file reads drawings as Python does, without a server."""

from __future__ import annotations

import base64
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect
from tests.browser.conftest import Complaints
from tests.browser.strokes import draw, glyph_strokes

from digits.inference import Model, load_model
from digits.inference.single_digit import read_single
from digits.synthesis.handwriting import sample_writers, write_digits
from digits.types import SIDE
from digits.web.offline.export import OPERATORS, make_page

pytestmark = pytest.mark.browser

N_DRAWINGS = int(os.environ.get("DIGITS_DRAWINGS", "20"))
"""Five hundred have been compared: ``DIGITS_DRAWINGS=500``, which takes a minute."""

SHEET_SIDE = 311

READ = """async (drawings) => {
  const [{ Strokes }, { read }] = await Promise.all([import("strokes"), import("reading")]);
  const side = 311;
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = side;
  const context = canvas.getContext("2d", { willReadFrequently: true, alpha: false });
  const strokes = new Strokes();
  return drawings.map((list) => {
    context.fillStyle = "#fff";
    context.fillRect(0, 0, side, side);
    context.strokeStyle = context.fillStyle = "#000";
    strokes.list = list;
    strokes.paint(context);
    const { data } = context.getImageData(0, 0, side, side);
    const grey = new Uint8Array(side * side).map((_, index) => data[4 * index]);
    const { image, probabilities } = read({ width: side, height: side, data: grey });
    const encode = (bytes) => btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
    return { grey: encode(grey), image: encode(image.data), probabilities };
  });
}"""


def make_drawings(n: int, seed: int) -> list[list[list[dict[str, float]]]]:
    """Make digits of other writers, of any size, place and pen that the page allows, as points of strokes."""
    rng = np.random.default_rng(seed)
    written = write_digits(np.arange(n) % 10, sample_writers(n, rng), rng)
    drawings = []
    for points, is_down in zip(written.points, written.pen_down, strict=True):
        pen, size = int(rng.integers(7, 26)), rng.uniform(60, 250)
        margin = min(0.6 * size, SHEET_SIDE / 2)
        placed = points * size + rng.uniform(margin, SHEET_SIDE - margin, 2)
        parts = np.split(placed, np.flatnonzero(~is_down[:-1]) + 1)
        drawings.append([[{"x": float(x), "y": float(y), "width": pen} for x, y in part] for part in parts])
    return drawings


def decode(text: str, *shape: int) -> np.ndarray:
    return np.frombuffer(base64.b64decode(text), np.uint8).reshape(shape)


@pytest.fixture(scope="module")
def mlp() -> Model:
    return load_model("mlp", threads=1)


@pytest.fixture
def open_file(browser: Browser, tmp_path: Path, complaints: Complaints) -> Iterator[Callable[..., Page]]:
    """Open the file of a model from the disk; the page must complain of nothing and load nothing else."""
    pages = []

    def open_page(model: Model, **options: Any) -> Page:
        file = tmp_path / f"{model.name}.html"
        file.write_text(make_page(model), encoding="utf-8")
        page = browser.new_page(**options)
        pages.append(page)
        complaints.watch(page, tmp_path.as_uri())
        page.goto(file.as_uri())
        page.locator("body[data-ready]").wait_for()
        return page

    yield open_page
    for page in pages:
        page.close()
    assert complaints.found == []


def test_drawings_become_the_digits_that_python_makes(open_file: Callable[..., Page], mlp: Model) -> None:
    page = open_file(mlp)
    for drawing in make_drawings(N_DRAWINGS, seed=3):
        (read,) = page.evaluate(READ, [drawing])
        expected = read_single(decode(read["grey"], SHEET_SIDE, SHEET_SIDE), mlp)
        assert np.array_equal(decode(read["image"], SIDE, SIDE), expected.image)
        assert np.abs(np.array(read["probabilities"]) - expected.probabilities).max() < 1e-4


def test_cascade_of_cnns_gives_the_same_logits(open_file: Callable[..., Page], mnist: Any) -> None:
    model = load_model("cnn", threads=1)
    page = open_file(model)
    sure = model.predict_proba(mnist.test.images[:1000]).max(1)
    chosen = np.argsort(sure)[[0, 1, 500, 999]]  # of which the first two ask all members
    images = [mnist.test.images[index].ravel().tolist() for index in chosen]
    logits = page.evaluate(
        """async (images) => {
          const { run } = await import("network");
          return images.map((pixels) => Array.from(run(Uint8Array.from(pixels)).logits));
        }""",
        images,
    )
    assert np.allclose(logits, model.logits(mnist.test.images[chosen]), atol=1e-3, rtol=1e-3)
    assert page.locator("#layers canvas").count() == 6


def test_page_reads_what_is_drawn_and_shows_its_layers(open_file: Callable[..., Page], mlp: Model) -> None:
    page = open_file(mlp)
    draw(page, [glyph_strokes(7)])
    expect(page.locator("#value")).to_have_text("7")
    expect(page.locator("#bars .best th")).to_have_text("7")
    expect(page.get_by_role("img", name="256 values")).to_be_visible()
    expect(page.locator("#check")).to_contain_text("the results are those of training")
    page.get_by_role("button", name="Clear").click()
    expect(page.locator("#value")).to_be_empty()


def test_damaged_weights_are_said(open_file: Callable[..., Page], mlp: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    golden = {**mlp.metadata["golden"], "logits": base64.b64encode(bytes(160)).decode()}
    monkeypatch.setitem(mlp.metadata, "golden", golden)
    expect(open_file(mlp).locator("#check")).to_contain_text("Export it again")


def test_operators_are_those_that_python_lists(open_file: Callable[..., Page], mlp: Model) -> None:
    names = open_file(mlp).evaluate(
        """async () => {
          const [{ ARRANGING }, { WEIGHING }] = await Promise.all([import("tensors"), import("layers")]);
          return [...Object.keys(ARRANGING), ...Object.keys(WEIGHING)];
        }"""
    )
    assert set(names) == OPERATORS


def test_nobody_is_kept_out(open_file: Callable[..., Page], mlp: Model) -> None:
    page = open_file(mlp, viewport={"width": 390, "height": 844})
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        assert Axe().run(page).response["violations"] == []
    assert page.evaluate("document.documentElement.scrollWidth") == 390
