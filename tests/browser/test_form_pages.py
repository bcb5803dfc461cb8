"""The pages of one task: a review of doubtful answers, and the fields of a form drawn on its blank page."""

from __future__ import annotations

import csv
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect
from tests.browser.conftest import Complaints, serious
from tests.documents.test_review import answers
from tests.web.conftest import Served
from tests.web.test_review import review

pytestmark = [pytest.mark.browser, pytest.mark.slow]
__all__ = ["answers", "review"]


@pytest.fixture
def page(browser: Browser, complaints: Complaints) -> Iterator[Page]:
    with browser.new_context(viewport={"width": 1280, "height": 800}) as context:
        yield context.new_page()
    assert complaints.found == []


def test_doubtful_answers_are_decided_by_keys(
    page: Page, complaints: Complaints, review: tuple[Served, str], answers: Path
) -> None:
    served, token = review
    complaints.watch(page, served.address)
    page.goto(f"{served.address}/local_page/review.html#token={token}")
    expect(page.locator("#progress")).to_have_text("0 of 3 decided")
    expect(page.locator("#where")).to_have_text("mark · 1.png")
    expect(page.get_by_role("img", name="The field on the page")).to_be_visible()
    assert serious(page) == []
    page.keyboard.press("4")
    expect(page.locator("#where")).to_have_text("id · 2.png")
    page.keyboard.press("2")
    expect(page.locator("#where")).to_have_text("id · 1.png")
    expect(page.locator("#other")).to_be_hidden()
    page.keyboard.press("ArrowUp")
    expect(page.locator("#other")).to_have_text("Space makes it 192")
    page.keyboard.press("Space")
    expect(page.locator("#where")).to_have_text("id · 1.png")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Nothing is left to look at")).to_be_visible()
    assert serious(page) == []
    with answers.with_name("answers-checked.csv").open(encoding="utf-8") as file:
        rows = [(row["id"], row["id review"], row["mark"]) for row in csv.DictReader(file)]
    assert rows == [("407", "accepted", "34"), ("192", "corrected", "55"), ("", "", "")]


def test_a_field_is_drawn_on_the_blank_form(page: Page, complaints: Complaints, tmp_path: Path) -> None:
    blank = np.full((594, 420), 250, np.uint8)  # two pixels per millimetre
    cv2.rectangle(blank, (40, 60), (72, 80), 60, 1)
    cv2.imwrite(str(tmp_path / "blank.png"), blank)
    call = [sys.executable, "-m", "digits", "form", "template", "blank.png", "--port", "0"]
    with subprocess.Popen(call, stdout=subprocess.PIPE, text=True, cwd=tmp_path) as process:
        assert process.stdout
        address = process.stdout.readline().split()[4]
        try:
            complaints.watch(page, address.partition("/local_page")[0])
            page.goto(address)
            sheet = page.locator("#sheet")
            expect(page.locator("#progress")).to_contain_text("0 fields in blank.toml")
            expect(page.get_by_role("img", name="The blank form")).to_have_js_property("complete", True)
            box = sheet.bounding_box()
            assert box
            unit = box["width"] / 210  # pixels per millimetre
            page.mouse.move(box["x"] + 20 * unit, box["y"] + 30 * unit)
            page.mouse.down()
            page.mouse.move(box["x"] + 36 * unit, box["y"] + 40 * unit, steps=3)
            page.mouse.up()
            expect(page.get_by_label("Boxes")).to_have_value("2")
            page.get_by_label("Name").fill("mark")
            page.keyboard.press("Enter")
            expect(sheet.locator(".field span")).to_have_text("mark")
            page.get_by_role("button", name="Add a field").click()
            expect(page.locator("#progress")).to_contain_text("2 fields in blank.toml")
            assert serious(page) == []
            page.get_by_label("Left, mm").last.fill("21")
            page.keyboard.press("Enter")
            page.get_by_label("Top, mm").last.fill("31")
            page.keyboard.press("Enter")
            complaints.expected = "422"
            expect(page.get_by_role("alert")).to_contain_text("overlap: correct their boxes")
        finally:
            process.send_signal(signal.SIGINT)
    written = (tmp_path / "blank.toml").read_text()
    assert re.search(r'name = "mark"\ndigits = 2\npage = 1\nbox = \[(20|19.9|20.1)[\d.]*, (30|29.9|30.1)', written)
