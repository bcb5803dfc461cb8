"""Run the starter notebook and store its figures in it, small, so that GitHub shows them to people who run nothing.

python -m benchmarks.notebook
"""

from __future__ import annotations

import base64
import io
import os
import tempfile
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from PIL import Image

import digits

NOTEBOOK = Path(__file__).parent.parent / "notebooks" / "MNIST_Handwritten_Digits-STARTER.ipynb"

WIDTH, COLORS = 640, 32
"""Pixels across and colours of a stored figure: text stays sharp, and all figures together take half a megabyte."""


def shrink(picture: str) -> str:
    """Make a figure smaller; both are PNGs in base64."""
    with Image.open(io.BytesIO(base64.b64decode(picture)), formats=["PNG"]) as opened:
        image = opened.convert("RGB")
    if image.width > WIDTH:
        image = image.resize((WIDTH, round(image.height * WIDTH / image.width)), Image.Resampling.LANCZOS)
    small = io.BytesIO()
    image.quantize(COLORS, dither=Image.Dither.NONE).save(small, "png", optimize=True)
    return base64.b64encode(small.getvalue()).decode()


def store_figures(executed: nbformat.NotebookNode, stored: nbformat.NotebookNode) -> int:
    """Put the figures of an executed notebook into the same cells of one without outputs, and count them."""
    outputs = {cell.id: cell.get("outputs", []) for cell in executed.cells}
    count = 0
    for cell in stored.cells:
        if cell.cell_type != "code":
            continue
        pictures = [each.data["image/png"] for each in outputs.get(cell.id, []) if "image/png" in each.get("data", {})]
        cell.outputs = [
            nbformat.v4.new_output("display_data", {"image/png": shrink(each), "text/plain": "a figure"})
            for each in pictures
        ]
        cell.execution_count = None
        count += len(pictures)
    return count


def main() -> None:
    """Execute the notebook in an empty folder, and store its figures."""
    stored = nbformat.read(NOTEBOOK, as_version=4)
    os.environ["DIGITS_DATA"] = digits.load_mnist().location  # the kernel works in another folder
    with tempfile.TemporaryDirectory() as folder:
        where = {"metadata": {"path": folder}}
        executed = nbformat.read(NOTEBOOK, as_version=4)
        NotebookClient(executed, timeout=1200, kernel_name="python3", resources=where).execute()
    print(f"{store_figures(executed, stored)} figures stored in {NOTEBOOK.name}")
    nbformat.write(stored, NOTEBOOK)


if __name__ == "__main__":
    main()
