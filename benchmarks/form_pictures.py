"""The documentation's pictures of the pages for forms: fields drawn on a blank form, and the review of an answer.

``python -m benchmarks.form_pictures`` needs playwright and a Chromium, as the tests of the pages do.
"""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import matplotlib
import numpy as np
from PIL import Image, ImageDraw, ImageFont
from playwright.sync_api import Browser

from benchmarks.forms import SCALE, to_cell
from benchmarks.page_pictures import PICTURES, browse, save
from digits.documents import Form
from digits.preprocessing import as_grey, decode
from digits.synthesis import BlankForm, synthesize_filled

SEED, PAGES = 3, 16
"""Of the filled-in forms that are reviewed, and how many there are."""

TEMPLATE = """title = "Rooms"

[[field]]
name = "student"
digits = 7

[[field]]
name = "room"
digits = 4
"""

DECIDED = 8
"""Answers that are accepted before the picture is taken, at least."""

DOTS, TOP = 4, 55
"""Of the blank form: pixels per millimetre, and where its boxes are, in millimetres from above."""

QUESTIONS = (
    "1.  How many solutions does the equation have between 0 and 10?",
    "2.  How long is the third side of the triangle, in centimetres?",
    "3.  What remains when 7 to the power of 30 is divided by 11?",
    "4.  How many ways are there to seat five people at a round table?",
)


def review_answers(browser: Browser) -> bytes:
    """Fill in forms, read them, and open the review."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "rooms.toml").write_text(TEMPLATE, encoding="utf-8")
        (folder / "scans").mkdir()
        form, rng = Form(folder / "rooms.toml"), np.random.default_rng(SEED)
        drawn = decode(form.to_pdf(), "rooms.pdf", max_side=round(SCALE * form.sheet.size[1])).picture
        boxes = [[to_cell(area) for area in comb.areas] for comb in form.sheet.combs]
        blank = BlankForm(as_grey(drawn, max(drawn.shape)), boxes)
        texts = [["".join(map(str, rng.integers(0, 10, len(each)))) for each in boxes] for _ in range(PAGES)]
        for number, filled in enumerate(synthesize_filled(((blank, each) for each in texts), SEED), start=1):
            Image.fromarray(filled.document.picture).save(folder / "scans" / f"{number:02}.png")
        words = [sys.executable, "-m", "digits", "form", "read", "rooms.toml", "scans", "-o", "answers.csv"]
        subprocess.run(words, cwd=folder, check=True, capture_output=True)
        with serve_form(folder, "review", "answers.csv") as address:
            page = browser.new_page(viewport={"width": 900, "height": 560}, color_scheme="light")
            page.goto(address)
            page.locator("#where").wait_for()
            for number in range(1, PAGES):  # until there is another number to choose
                page.keyboard.press("Enter")
                page.get_by_text(re.compile(f"^{number} of")).wait_for()
                if number >= DECIDED and page.locator("#other").is_visible():
                    break
            page.get_by_role("img", name="The field on the page").evaluate("(image) => image.decode()")
            return page.screenshot()


def draw_fields(browser: Browser) -> bytes:
    """Draw two fields on a blank exam."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        print_exam().save(folder / "exam-blank.png")
        with serve_form(folder, "template", "exam-blank.png", "-o", "exam.toml") as address:
            page = browser.new_page(viewport={"width": 1200, "height": 800}, color_scheme="light")
            page.goto(address)
            sheet = page.locator("#sheet")
            page.get_by_role("img", name="The blank form").evaluate("(image) => image.decode()")
            for field, (left, right, n) in {"student": (25, 81, 7), "mark": (140, 156, 2)}.items():
                box = sheet.bounding_box()
                assert box
                unit = box["width"] / 210
                page.mouse.move(box["x"] + left * unit, box["y"] + TOP * unit)
                page.mouse.down()
                page.mouse.move(box["x"] + right * unit, box["y"] + (TOP + 10) * unit, steps=4)
                page.mouse.up()
                page.get_by_label("Name").last.fill(field)
                page.keyboard.press("Enter")
                page.get_by_label("Boxes").last.fill(str(n))
                page.keyboard.press("Enter")
                sheet.locator(".field span", has_text=field).wait_for()
            page.locator("#progress").click()  # nothing is edited any more
            return page.screenshot()


def print_exam() -> Image.Image:
    """Print an exam with boxes for a student's number and a mark, on A4."""
    sheet = Image.new("L", (210 * DOTS, 297 * DOTS), 255)
    pen, fonts = ImageDraw.Draw(sheet), Path(matplotlib.get_data_path()) / "fonts" / "ttf"

    def write(x: int, y: int, text: str, height: float, font: str = "DejaVuSans.ttf") -> None:
        pen.text((x * DOTS, y * DOTS), text, 30, ImageFont.truetype(fonts / font, round(height * DOTS)))

    write(25, 20, "Department of Mathematics", 4)
    write(25, 28, "Final examination", 7, "DejaVuSans-Bold.ttf")
    for x, n, label in ((25, 7, "Student number"), (140, 2, "Mark")):
        write(x, TOP - 11, label, 3.4)
        for place in range(n):
            pen.rectangle(
                [(x + 8 * place) * DOTS, 55 * DOTS, (x + 8 * place + 8) * DOTS, 65 * DOTS], outline=60, width=2
            )
    for place, question in enumerate(QUESTIONS):
        write(25, 80 + 50 * place, question, 4)
    return sheet


@contextmanager
def serve_form(folder: Path, *words: str) -> Iterator[str]:
    """Start a page for forms, and give its address."""
    call = [sys.executable, "-m", "digits", "form", *words, "--port", "0"]
    with subprocess.Popen(call, stdout=subprocess.PIPE, text=True, cwd=folder) as process:
        assert process.stdout
        try:
            yield next(word for line in process.stdout for word in line.split() if word.startswith("http"))
        finally:
            process.send_signal(signal.SIGINT)


if __name__ == "__main__":
    with browse() as (chromium, _):
        save(review_answers(chromium), PICTURES / "review.png")
        save(draw_fields(chromium), PICTURES / "template.png")
