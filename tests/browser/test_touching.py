"""Touching the networks: units by pointer and keyboard, switched off; feature maps; digits of other people."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect
from tests.browser.conftest import serious
from tests.browser.strokes import draw, glyph_strokes, read_text, wait_for_answer

pytestmark = pytest.mark.browser


def test_a_unit_is_touched_explained_and_switched_off(page: Page) -> None:
    page.get_by_text("Try digits of other people").click()
    page.locator("#samples-mistakes button").nth(5).click()  # of which the mlp is unsure
    wait_for_answer(page)
    layer = page.locator(".units canvas").first
    layer.scroll_into_view_if_needed()
    expect(page.locator(".maps canvas")).to_have_count(3)
    box = layer.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * 0.4, box["y"] + box["height"] * 0.3)
    expect(page.locator("#unit-title")).to_have_text("Unit 70 of layer 1, mlp")
    expect(page.locator("#unit-digits canvas")).to_have_count(8, timeout=60_000)  # MNIST is loaded first
    expect(page.locator("#unit-excited")).to_contain_text("Of 5,000 digits (MNIST's validation digits)")
    expect(page.locator("#unit-explained")).to_contain_text("Its 784 weights")
    assert page.locator("#paths path").count() in range(8, 17)
    layer.press("ArrowRight")
    expect(page.locator("#unit-title")).to_have_text("Unit 71 of layer 1, mlp")
    before = page.locator("#bars .of-b").all_inner_texts()
    for _ in range(5):
        layer.press("x")
        layer.press("ArrowRight")
    wait_for_answer(page)
    expect(page.locator("#units-off-count")).to_have_text(
        "5 units are switched off: the answers above are without them."
    )
    assert page.locator("#bars .of-b").all_inner_texts() != before
    assert serious(page) == []
    page.get_by_role("button", name="Switch all on").click()
    wait_for_answer(page)
    assert page.locator("#bars .of-b").all_inner_texts() == before
    expect(page.locator("#units-off")).to_be_hidden()


def test_a_unit_is_chosen_by_its_number(page: Page) -> None:
    page.get_by_label("Touch a unit").select_option("mlp, layer 2")
    page.get_by_label("Number of the unit").fill("999")
    page.keyboard.press("Enter")
    expect(page.locator("#unit-title")).to_have_text("Unit 127 of layer 2, mlp")
    expect(page.locator("#unit-value")).to_have_text("Draw a digit to see it at work.")
    expect(page.locator("#announcement")).to_contain_text("Unit 127 of layer 2, mlp")
    page.get_by_label("Touch a unit").select_option("mlp, outputs")
    draw(page, [glyph_strokes(3)])
    expect(page.locator("#unit-value")).to_have_text(re.compile(r"^Its sum is [+−]\d"))
    expect(page.get_by_role("button", name="Switch off")).to_be_hidden()


def test_a_famous_mistake_is_put_on_the_sheet(page: Page) -> None:
    draw(page, [glyph_strokes(7)])
    page.get_by_text("Try digits of other people").click()
    page.get_by_role("group", name="Ordinary digits").get_by_role("button", name="a 4, on the sheet").first.click()
    assert read_text(page) == "4"
    page.get_by_role("group", name="Famous mistakes").get_by_role("button", name="a 4, on the sheet").click()
    assert read_text(page) == "9"
    for text in ("4", "7"):
        page.get_by_role("button", name="Undo", exact=True).click()
        assert read_text(page) == text


def test_a_cleared_drawing_comes_back_and_a_reload_keeps_it(page: Page) -> None:
    draw(page, [glyph_strokes(7), glyph_strokes(2)])
    assert read_text(page) == "72"
    page.get_by_role("button", name="Clear").click()
    expect(page.locator("#hint")).to_be_visible()
    page.get_by_role("button", name="Undo", exact=True).click()
    assert read_text(page) == "72"
    page.reload()
    page.locator("body[data-ready]").wait_for()
    assert read_text(page) == "72"


def test_a_slider_leads_from_one_digit_to_another(page: Page) -> None:
    draw(page, [glyph_strokes(7)])
    assert read_text(page) == "7"
    drawn = page.locator("#bars .of-a").all_inner_texts()
    page.get_by_text("Slide from one digit to another").click()
    words, slider = page.locator("#blend-words"), page.get_by_label("Share of the second digit")
    expect(words).to_contain_text("0 % of the second digit: cnn reads a 7")
    assert page.locator("#bars .of-a").all_inner_texts() == drawn
    expect(page.locator("#correct")).to_be_hidden()
    slider.press("End")
    expect(slider).to_have_attribute("aria-valuetext", re.compile("^100.% of the second digit: cnn reads an 8"))
    assert read_text(page) == "8"
    expect(page.locator("#evidence-tiles b").first).to_have_text("cnn: 8")
    page.get_by_role("button", name="Undo", exact=True).click()
    assert read_text(page) == ""
    expect(page.locator("#hint")).to_be_visible()
