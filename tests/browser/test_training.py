"""Training on the page: a network that learns a hand, its run looked at and kept, and a run that is paused."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect
from tests.browser.conftest import Complaints, serious, serving
from tests.browser.strokes import draw, glyph_strokes, wait_for_answer

from digits.inference.drawing import encode_png
from digits.training.run.inputs import MIN_PERSONAL_FOR_TEST

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SMALL = """
from digits.web import trainings
trainings.NICENESS, trainings.LEARN = 0, ("personal", "--replay-size", "300", "--outliers", "0")
"""
MINUTE = 60_000
"""Milliseconds for a training that loads PyTorch first, on a busy machine."""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory, mnist: Any) -> Iterator[str]:
    """A service with two corrections, that trains from few digits."""
    from PIL import Image

    folder = tmp_path_factory.mktemp("training")
    few = {"x_train": mnist.train.images[:2000], "y_train": mnist.train.labels[:2000]}
    few |= {"x_test": mnist.test.images[:500], "y_test": mnist.test.labels[:500]}
    np.savez(folder / "mnist.npz", **few)
    for number in range(2):
        label, name = mnist.test.labels[number], f"20261128-120000-0000000{number}.png"
        for place in (folder / "corrections" / "train" / str(label), folder / "corrections" / "drawings"):
            place.mkdir(parents=True, exist_ok=True)
            (place / name).write_bytes(encode_png(Image.fromarray(mnist.test.images[number])))
    data = str(folder / "mnist.npz")
    with serving(folder / "corrections", "--runs", folder / "runs", before=SMALL, DIGITS_DATA=data) as running:
        yield running


@pytest.fixture
def page(browser: Browser, address: str, complaints: Complaints) -> Iterator[Page]:
    with browser.new_context(viewport={"width": 1280, "height": 800}) as context:
        page = context.new_page()
        complaints.watch(page, address)
        yield page
    assert complaints.found == []


def test_a_hand_is_learned_and_its_run_is_looked_at(page: Page, address: str) -> None:
    page.goto(address)
    page.locator("body[data-ready]").wait_for()
    draw(page, [glyph_strokes(7)])
    wait_for_answer(page)
    expect(page.locator("#learn-measure")).to_contain_text(f"With {MIN_PERSONAL_FOR_TEST} digits, a fifth would be")
    page.get_by_role("button", name="Learn my hand").click()
    status = page.locator("#learn-status")
    expect(status).to_contain_text("Of 2 of your digits, which it learned from, 2 are right", timeout=4 * MINUTE)
    rows = page.locator("#learn-body tr")
    expect(rows).to_have_text([re.compile(each) for each in ("learned 2", "MNIST. 333", r"The digit above7, .*7, ")])
    expect(page.locator("#model-a")).to_have_value(re.compile("-personal$"))
    assert serious(page) == []

    page.get_by_role("link", name="Train").click()
    expect(page.locator("#main")).to_contain_text("Finished.")
    run = page.get_by_label("First run")
    expect(run.get_by_label("Run", exact=True)).to_have_value(re.compile("-personal$"))
    confusion = run.get_by_role("img", name="Confusion matrix")
    expect(confusion).to_have_attribute("aria-label", re.compile(r"\d+ errors?, |no errors"))
    assert serious(page) == []

    run.get_by_role("button", name="Keep as a model").click()
    expect(run).to_contain_text("The page now reads with it")
    page.get_by_label("Layers").fill("16")
    page.get_by_label("Seconds").fill("600")
    page.get_by_role("button", name="Train", exact=True).click()
    expect(run).to_contain_text("Starting")
    expect(page.get_by_label("Second run").get_by_label("Run", exact=True)).to_have_value(re.compile("-personal$"))
    run.get_by_role("button", name="Pause").click()
    expect(run).to_contain_text(re.compile("stopped before it began|Paused"), timeout=MINUTE)
