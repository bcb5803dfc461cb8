"""A page to draw a digit or upload a photograph of digits, for a Space of the Hugging Face Hub.

pip install -r requirements.txt && python app.py
"""

from __future__ import annotations

import os
from typing import Any

import gradio
import numpy as np
from PIL import Image

import digits

model = digits.load_model(os.environ.get("MODEL", "cnn"))


def read_drawing(drawing: dict[str, Any]) -> dict[str, float]:
    """Return the probability of each digit for what was drawn."""
    ink = np.asarray(drawing["composite"].convert("L"))
    if ink.min() == ink.max():
        return {}
    [digit] = digits.read(255 - ink, single=True, model=model)
    found = {str(digit.value): digit.confidence} | {str(value): share for value, share in digit.alternatives}
    return found if digit.accepted else {"not a digit": 1 - digit.confidence, **found}


def read_page(picture: Image.Image | None) -> tuple[Image.Image | None, str]:
    """Return the picture with a box around each digit, and the lines."""
    if picture is None:
        return None, ""
    reading = digits.read(picture, model=model)
    return reading.plot(), reading.text or reading.notice


with gradio.Blocks(title="Read handwritten digits") as app:
    gradio.Markdown("# Read handwritten digits")
    with gradio.Tab("Draw one"), gradio.Row():
        pad = gradio.Sketchpad(type="pil", image_mode="L", canvas_size=(400, 400), label="Draw a digit, large")
        answer = gradio.Label(num_top_classes=3, label="Answer")
        pad.change(read_drawing, pad, answer, show_progress="hidden")
    with gradio.Tab("Upload a page"), gradio.Row():
        photo = gradio.Image(type="pil", sources=["upload", "webcam", "clipboard"], label="A photograph of digits")
        with gradio.Column():
            boxes, text = gradio.Image(label="What was found"), gradio.Textbox(label="Lines", lines=6)
        photo.change(read_page, photo, [boxes, text])

if __name__ == "__main__":
    app.launch()
