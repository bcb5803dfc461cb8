"""Photographs, models, corrections, themes, refusals and accessibility."""

from __future__ import annotations

import csv
import io
import re
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import Browser, FilePayload, Page, expect
from tests.browser.conftest import Complaints, serving
from tests.browser.strokes import draw, glyph_strokes, wait_for_answer

from benchmarks import hostile
from digits.synthesis import synthesize_page

pytestmark = pytest.mark.browser

PAGE = synthesize_page(1)
SHEETS = [synthesize_page(seed, size=(240, 360)) for seed in (1, 11, 13)]
MIB = 2**20


def picture_file(kind: str, turned: int = 0, picture: np.ndarray | None = None) -> FilePayload:
    buffer = io.BytesIO()
    Image.fromarray(np.rot90(PAGE.picture if picture is None else picture, turned)).save(buffer, kind)
    return {"name": f"note.{kind.lower()}", "mimeType": f"image/{kind.lower()}", "buffer": buffer.getvalue()}


NOTES: FilePayload = {"name": "notes.txt", "mimeType": "text/plain", "buffer": b"plain text"}


def scan(kind: str) -> FilePayload:
    """All sheets in one file."""
    first, *rest = [Image.fromarray(sheet.picture) for sheet in SHEETS]
    content = hostile.save(first, kind, save_all=True, append_images=rest)
    return {"name": f"scan.{kind.lower()}", "mimeType": "", "buffer": content}


def scan_with_a_damaged_sheet() -> FilePayload:
    """A TIFF whose second directory says nothing."""
    content = bytearray(scan("TIFF")["buffer"])
    place = struct.unpack_from("<I", content, 4)[0]
    place = struct.unpack_from("<I", content, place + 2 + 12 * struct.unpack_from("<H", content, place)[0])[0]
    content[place + 2 : place + 50] = bytes(48)
    return {"name": "scan.tiff", "mimeType": "image/tiff", "buffer": bytes(content)}


def photograph(page: Page, file: FilePayload | str) -> None:
    page.locator("#file").set_input_files(file)
    expect(page.locator("#photograph")).to_be_visible()
    wait_for_answer(page)


def boxes(page: Page) -> list[str]:
    return page.locator("#frame .box").all_inner_texts()


def hand_over(page: Page, file: FilePayload, event: str) -> None:
    """Drop a file on the page, or paste it."""
    page.evaluate(
        """([bytes, name, type, event]) => {
          const data = new DataTransfer();
          data.items.add(new File([new Uint8Array(bytes)], name, { type }));
          const made = event === "paste" ? new ClipboardEvent(event, { clipboardData: data, bubbles: true })
            : new DragEvent(event, { dataTransfer: data, bubbles: true, cancelable: true });
          document.querySelector("main").dispatchEvent(made);
        }""",
        [list(file["buffer"]), file["name"], file["mimeType"], event],
    )
    expect(page.locator("#photograph")).to_be_visible()
    wait_for_answer(page)


def test_photograph_gets_a_box_around_every_digit(page: Page) -> None:
    photograph(page, picture_file("PNG"))
    assert "".join(boxes(page)) == "".join(PAGE.lines)
    expect(page.locator("#numerals")).to_have_text("\n".join(PAGE.lines))


@pytest.mark.parametrize("event", ["drop", "paste"])
def test_picture_is_dropped_or_pasted(page: Page, event: str) -> None:
    hand_over(page, picture_file("PNG"), event)
    assert "".join(boxes(page)) == "".join(PAGE.lines)


def test_service_shows_what_the_browser_cannot(page: Page) -> None:
    photograph(page, picture_file("TIFF"))
    assert "".join(boxes(page)) == "".join(PAGE.lines)
    assert page.locator("#image").evaluate("(image) => image.naturalWidth") > 0


def test_rotated_picture_is_shown_upright(page: Page) -> None:
    picture = synthesize_page(6).picture

    def places(turned: int) -> np.ndarray:
        photograph(page, picture_file("PNG", turned, picture))
        expect(page.locator(".box").first).to_be_visible()
        return np.array(
            page.locator("#frame").evaluate("""(frame) => {
              const { left, top, width, height } = frame.getBoundingClientRect();
              return [...frame.querySelectorAll(".box")].map((box) => {
                const place = box.getBoundingClientRect();
                return [(place.left - left) / width, (place.top - top) / height];
              }).sort();
            }""")
        )

    upright, turned = places(0), places(1)
    shown = page.locator("#image").evaluate("(image) => image.style.transform")
    assert "rotate(-270deg)" in shown
    middle = [np.median(each, axis=0) for each in (upright, turned)]
    assert np.abs(middle[0] - middle[1]).max() < 0.05


def test_a_part_of_a_photograph_is_read_and_the_whole_again(page: Page) -> None:
    photograph(page, picture_file("PNG"))
    expect(page.locator(".box")).to_have_count(len("".join(PAGE.lines)))
    page.get_by_role("button", name="Closer").click()
    frame, place = page.locator("#frame").bounding_box(), page.locator("#photo").bounding_box()
    assert frame
    assert place
    assert frame["width"] > 1.4 * place["width"]
    page.get_by_role("button", name="Farther").click()
    page.get_by_role("button", name="Crop").click()
    box = page.locator("#frame").bounding_box()
    first = page.locator(".box").first.bounding_box()
    assert box
    assert first
    page.mouse.move(box["x"] + 20, box["y"] + 5)
    page.mouse.down()
    page.mouse.move(first["x"] + first["width"] + 8, box["y"] + box["height"] - 2)
    page.mouse.up()
    page.get_by_role("button", name="Read this part").click()
    expect(page.get_by_role("button", name="Whole picture")).to_be_enabled()
    wait_for_answer(page)
    expect(page.locator(".box")).not_to_have_count(len("".join(PAGE.lines)))
    assert "".join(boxes(page)).startswith(PAGE.lines[0][0])
    page.get_by_role("button", name="Whole picture").click()
    expect(page.locator(".box")).to_have_count(len("".join(PAGE.lines)))
    page.get_by_role("button", name="Crop").click()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Escape")
    expect(page.locator("#part")).to_be_hidden()


def shown(page: Page) -> tuple[str, list[str]]:
    """The page that is shown, in words, and its boxes."""
    number, count = page.get_by_label("Page", exact=True), page.locator("#page-count")
    return f"{number.input_value()} {count.inner_text()}", boxes(page)


@pytest.mark.parametrize("kind", ["PDF", "TIFF"])
def test_pages_are_turned_and_read_once(page: Page, kind: str) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    expected = [list(filter(str.isdigit, "".join(sheet.lines))) for sheet in SHEETS]
    photograph(page, scan(kind))
    assert shown(page) == ("1 of 3", expected[0])
    page.get_by_role("button", name="Next page").click()
    wait_for_answer(page)
    assert shown(page) == ("2 of 3", expected[1])
    expect(page.locator("#announcement")).to_contain_text("Page 2 of 3.")
    page.keyboard.press("PageDown")
    wait_for_answer(page)
    assert shown(page) == ("3 of 3", expected[2])
    expect(page.get_by_role("button", name="Next page")).to_have_attribute("aria-disabled", "true")
    before, picture = len(asked), page.locator("#image").get_attribute("src")
    page.keyboard.press("PageDown")
    for number in ("1", "3", "99"):
        page.get_by_label("Page", exact=True).fill(number)
        page.keyboard.press("Enter")
    assert shown(page) == ("3 of 3", expected[2])
    assert page.locator("#image").get_attribute("src") == picture
    assert [url for url in asked[before:] if "/api/" in url] == []
    photograph(page, picture_file("PNG"))
    expect(page.get_by_role("navigation")).to_be_hidden()


def test_a_damaged_page_leaves_the_others(page: Page, complaints: Complaints) -> None:
    complaints.expected = "422"
    photograph(page, scan_with_a_damaged_sheet())
    page.get_by_role("button", name="Next page").press("Enter")
    expect(page.get_by_role("alert")).to_have_text("Page 2 of scan.tiff is damaged: export it or download it again.")
    expect(page.locator("#photo")).to_be_hidden()
    page.get_by_role("button", name="Next page").press("Enter")
    wait_for_answer(page)
    assert shown(page) == ("3 of 3", list(filter(str.isdigit, "".join(SHEETS[2].lines))))
    expect(page.get_by_role("alert")).to_be_hidden()


def test_a_file_without_pages_is_refused_by_name(page: Page, complaints: Complaints) -> None:
    complaints.expected = "422"
    for content, sentence in [
        (hostile.encrypted_pdf(), "scan.pdf is encrypted: open it with its password, and save it without one."),
        (hostile.pdf_without_pages(), "scan.pdf has no pages: export it or download it again."),
        (hostile.pdf_of_page()[:200], "scan.pdf is damaged: export it or download it again."),
        (b"", "scan.pdf is empty: choose a file that holds a picture."),
    ]:
        photograph(page, {"name": "scan.pdf", "mimeType": "application/pdf", "buffer": content})
        expect(page.get_by_role("alert")).to_have_text(sentence)
        expect(page.get_by_role("navigation")).to_be_hidden()
        expect(page.get_by_text("Choose a picture")).to_be_visible()


def test_a_digit_of_a_later_page_is_corrected(page: Page, corrections: Path) -> None:
    photograph(page, scan("PDF"))
    page.get_by_role("button", name="Next page").click()
    wait_for_answer(page)
    page.get_by_role("button", name="It is an 8").click()
    with page.expect_response("**/api/corrections?*") as answer:
        page.get_by_role("button", name="Save", exact=True).click()
    assert answer.value.json()["read_as"] == int(SHEETS[1].lines[0][0])


def test_choosing_a_box_explains_its_digit(page: Page) -> None:
    photograph(page, picture_file("PNG"))
    expect(page.locator("#bars .best th")).to_have_text(boxes(page)[0])
    before = page.locator("#seen").evaluate("(canvas) => canvas.toDataURL()")
    page.locator(".box").nth(1).click()
    wait_for_answer(page)
    expect(page.locator("#bars .best th")).to_have_text(boxes(page)[1])
    expect(page.locator(".box").nth(1)).to_have_attribute("aria-pressed", "true")
    assert page.locator("#seen").evaluate("(canvas) => canvas.toDataURL()") != before


def test_boxes_are_reached_by_keyboard_in_reading_order(page: Page) -> None:
    photograph(page, picture_file("PNG"))
    page.locator(".box").first.focus()
    reached = []
    for key in ("Tab", "ArrowRight"):
        page.keyboard.press(key)
        reached.append(page.evaluate("document.activeElement.textContent"))
    page.keyboard.press("Enter")
    wait_for_answer(page)
    assert reached == list("".join(PAGE.lines)[1:3])
    expect(page.locator("#bars .best th")).to_have_text(reached[-1])


def test_text_is_copied(page: Page) -> None:
    photograph(page, picture_file("PNG"))
    page.get_by_role("button", name="Copy the text").click()
    expect(page.locator("#announcement")).to_have_text("Copied.")
    assert page.evaluate("navigator.clipboard.readText()") == "\n".join(PAGE.lines)


def test_invalid_file_is_refused(page: Page, complaints: Complaints) -> None:
    complaints.expected = "422"
    hand_over(page, NOTES, "drop")
    expect(page.get_by_role("alert")).to_contain_text("known picture format")
    photograph(page, picture_file("PNG"))
    expect(page.get_by_role("alert")).to_be_hidden()


def test_too_large_file_is_not_sent(page: Page, tmp_path: Path) -> None:
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url))
    large = tmp_path / "large.png"
    large.write_bytes(bytes(33 * MIB))
    page.locator("#file").set_input_files(large)
    expect(page.get_by_role("alert")).to_contain_text("33 MiB, more than the limit of 32 MiB")
    assert sent == []


def test_stopped_service_is_reported(page: Page, complaints: Complaints) -> None:
    complaints.expected = "Failed to load resource|failed: "
    page.route("**/api/explain*", lambda route: route.abort("connectionrefused"))
    draw(page, [glyph_strokes(1)])
    expect(page.get_by_role("alert")).to_contain_text("The server does not answer.")
    page.unroute("**/api/explain*")
    draw(page, [glyph_strokes(1)])
    expect(page.get_by_role("alert")).to_be_hidden()


def test_two_models_are_compared(page: Page) -> None:
    draw(page, [glyph_strokes(3)])
    wait_for_answer(page)
    row = page.locator("#bars .best td:not(.track)")
    assert [number.strip(">") for number in row.all_inner_texts()] == ["99.9", "99.9"]
    assert page.locator("#evidence-tiles b").all_inner_texts() == ["cnn: 3", "mlp: 3"]
    assert page.locator("#evidence-tiles span").all_inner_texts() == ["found by occlusion", "computed exactly"]


def test_models_can_be_chosen(page: Page) -> None:
    draw(page, [glyph_strokes(3)])
    wait_for_answer(page)
    page.get_by_label("Model that reads").select_option("mlp")
    wait_for_answer(page)
    assert page.locator("#evidence-tiles b").all_inner_texts() == ["mlp: 3", "cnn: 3"]
    page.get_by_label("Model to compare with").select_option("none")
    wait_for_answer(page)
    assert page.locator("#evidence-tiles b").all_inner_texts() == ["mlp: 3"]


def test_units_light_up(page: Page) -> None:
    layers = page.locator(".units canvas")
    assert [layer.get_attribute("aria-label") for layer in layers.all()] == [
        "256 units of layer 1, 0 of them active",
        "128 units of layer 2, 0 of them active",
    ]
    draw(page, [glyph_strokes(3)])
    wait_for_answer(page)
    for layer in layers.all():
        expect(layer).not_to_have_attribute("aria-label", re.compile(", 0 of them active"))


def test_steps_to_the_digit_are_shown(page: Page) -> None:
    draw(page, [glyph_strokes(3)])
    wait_for_answer(page)
    shown = page.locator("#stages img").evaluate_all("(all) => all.map((image) => image.naturalWidth)")
    assert len(shown) == 3
    assert shown[2] == 28


def test_nothing_is_saved_without_consent(page: Page, corrections: Path) -> None:
    draw(page, [glyph_strokes(3)])
    wait_for_answer(page)
    page.get_by_role("button", name="It is an 8").click()
    expect(page.locator("#consent")).to_contain_text(str(corrections))
    page.get_by_role("button", name="Do not save").click()
    expect(page.locator("#correct-status")).to_have_text("Nothing was saved.")
    assert list(corrections.rglob("*.png")) == []


def test_correction_is_saved_downloaded_and_undone(page: Page, corrections: Path) -> None:
    draw(page, [glyph_strokes(3)])
    wait_for_answer(page)
    page.get_by_role("button", name="It is an 8").click()
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("#correct-status")).to_contain_text("Saved as an 8")
    assert len(list((corrections / "train" / "8").glob("*.png"))) == 1
    with page.expect_download() as download:
        page.get_by_role("button", name="Download CSV").click()
    rows = list(csv.reader(download.value.path().read_text().splitlines()))
    assert (len(rows), rows[1][0], len(rows[1])) == (2, "8", 785)
    page.get_by_role("button", name="Undo").nth(1).click()
    expect(page.locator("#correct-status")).to_have_text("Removed.")
    assert list(corrections.rglob("*.png")) == []


def test_the_tray_shows_deletes_and_brings_back(page: Page, corrections: Path) -> None:
    draw(page, [glyph_strokes(3)])
    wait_for_answer(page)
    page.get_by_role("button", name="Right ✓").click()
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("#correct-status")).to_contain_text("Saved as a 3")
    page.get_by_role("button", name="It is an 8").click()
    tray = page.locator("#tray b")
    expect(tray).to_have_text(["8", "3"])
    page.get_by_role("button", name="Delete this 8").click()
    expect(tray).to_have_text(["3"])
    assert list((corrections / "train" / "8").glob("*.png")) == []
    page.get_by_role("button", name="Bring it back").click()
    expect(tray).to_have_text(["8", "3"])
    assert [len(list((corrections / place).rglob("*.png"))) for place in ("train/8", "drawings")] == [1, 2]


def test_page_sends_the_token_of_its_address(browser: Browser, tmp_path: Path) -> None:
    token = "a-token_of-16-letters"
    with serving(tmp_path, DIGITS_TOKEN=token) as address:
        page = browser.new_page()
        page.goto(address)
        expect(page.locator("#refusal")).to_contain_text("The token is missing or wrong")
        page.goto(f"{address}/#token={token}")
        page.wait_for_selector("body[data-ready=yes]")
        assert page.url == f"{address}/"
        page.reload()
        page.wait_for_selector("body[data-ready=yes]")
        page.close()


def test_consent_is_asked_once_and_again_after_deletion(page: Page, corrections: Path) -> None:
    draw(page, [glyph_strokes(3)])
    wait_for_answer(page)
    page.get_by_role("button", name="It is an 8").click()
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("#corrections-count")).to_have_text(f"1 digit, in {corrections}")
    page.get_by_role("button", name="It is a 9").click()
    expect(page.locator("#corrections-count")).to_have_text(f"2 digits, in {corrections}")
    expect(page.locator("#corrections-command")).to_have_text(f"digits train --extra-data {corrections} --from mlp")
    page.get_by_role("button", name="Delete all …").click()
    page.get_by_role("button", name="Delete all", exact=True).click()
    expect(page.locator("#corrections-full")).to_be_hidden()
    assert list(corrections.rglob("*.png")) == []
    page.get_by_role("button", name="It is an 8").click()
    expect(page.locator("#consent")).to_be_visible()


def test_explained_digit_is_the_one_corrected(page: Page, corrections: Path) -> None:
    draw(page, [glyph_strokes(digit) for digit in (7, 2, 5)])
    wait_for_answer(page)
    page.get_by_role("button", name="2", exact=True).click()
    wait_for_answer(page)
    page.get_by_role("button", name="It is a 2").click()
    with page.expect_response("**/api/corrections?*") as answer:
        page.get_by_role("button", name="Save", exact=True).click()
    assert answer.value.json()["read_as"] == 2
    expect(page.locator("#correct-status")).to_contain_text("Saved as a 2")


def test_other_computers_cannot_correct(page: Page, complaints: Complaints) -> None:
    complaints.expected = "403"
    page.route("**/api/corrections?*", lambda route: route.fulfill(status=403, json={"error": "not from here"}))
    page.reload()
    page.locator("body[data-ready]").wait_for()
    draw(page, [glyph_strokes(3)])
    wait_for_answer(page)
    expect(page.get_by_text("Corrections work only on the computer")).to_be_visible()
    expect(page.locator("#correct")).to_be_hidden()
    expect(page.locator("#corrections")).to_be_hidden()


def test_theme_follows_the_system_until_one_is_chosen(visit: Callable[..., Page]) -> None:
    page = visit(color_scheme="dark")
    root = page.locator("html")
    expect(root).to_have_attribute("data-theme", "dark")
    page.get_by_role("button", name="Switch between light and dark").click()
    page.reload()
    expect(root).to_have_attribute("data-theme", "light")


@pytest.mark.parametrize(("width", "height"), [(360, 740), (390, 844), (640, 400), (1920, 1080)])
def test_nothing_scrolls_sideways(visit: Callable[..., Page], complaints: Complaints, width: int, height: int) -> None:
    complaints.expected = "422"
    page = visit(viewport={"width": width, "height": height})
    for each in page.locator("summary:visible").all():
        each.click()
    photograph(page, picture_file("PNG"))
    assert page.evaluate("document.documentElement.scrollWidth") == width
    photograph(page, scan("PDF"))
    assert page.evaluate("document.documentElement.scrollWidth") == width
    photograph(page, {"name": f"{'long' * 30}.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-"})
    expect(page.get_by_role("alert")).to_contain_text("is damaged")
    assert page.evaluate("document.documentElement.scrollWidth") == width


@pytest.mark.parametrize(("width", "height"), [(844, 390), (640, 400)])
def test_low_windows_show_sheet_and_answer_together(visit: Callable[..., Page], width: int, height: int) -> None:
    page = visit(viewport={"width": width, "height": height})
    bottoms = page.evaluate("['sheet', 'bars'].map((id) => document.getElementById(id).getBoundingClientRect().bottom)")
    assert max(bottoms) < height
    track = page.locator(".track").first
    before = track.evaluate("(track) => track.clientWidth")
    page.locator("#model-a option").first.evaluate("(option) => (option.textContent = 'a-long-name'.repeat(6))")
    assert track.evaluate("(track) => track.clientWidth") == before > 100
    assert page.evaluate("document.documentElement.scrollWidth") == width


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_no_serious_violation(
    visit: Callable[..., Page], complaints: Complaints, corrections: Path, theme: str
) -> None:
    page = visit(color_scheme=theme)
    complaints.expected = "422"
    found: dict[str, list[str]] = {}

    def check(state: str) -> None:
        violations = Axe().run(page).response["violations"]
        serious = [each for each in violations if each["impact"] in ("serious", "critical")]
        found[state] = [f"{each['id']}: {each['nodes'][0]['html'][:120]}" for each in serious]

    check("empty")
    for each in page.locator("summary:visible").all():
        each.click()
    draw(page, [glyph_strokes(digit) for digit in (7, 2, 5)])
    wait_for_answer(page)
    check("drawn")
    page.get_by_role("button", name="It is an 8").click()
    check("consent")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("#corrections-full")).to_be_visible()
    check("saved")
    photograph(page, NOTES)
    check("refused")
    photograph(page, picture_file("PNG"))
    check("photographed")
    photograph(page, scan("PDF"))
    check("pages")
    assert {state: names for state, names in found.items() if names} == {}
