"""Run what is made to be shared, with the libraries that it needs: the Gradio page and the marimo notebook.

The page must read drawn digits over its own web interface, and every cell of the notebook must run. `make share`
installs both libraries beside the others, since they are not part of the tests.

    PYTHONPATH=.venv/share python -m benchmarks.share
"""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

import digits
from digits.synthesis import synthesize_page

ROOT = Path(__file__).parent.parent


def check_space() -> str:
    """Start the page, call its functions as a browser does, and return what it read."""
    spec = importlib.util.spec_from_file_location("space", ROOT / "examples" / "space" / "app.py")
    assert spec, "the file exists"
    assert spec.loader, "and Python can load it"
    space: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(space)
    _, address, _ = space.app.launch(prevent_thread_lock=True, quiet=True)
    try:
        from gradio_client import Client, handle_file

        client = Client(address, verbose=False)
        test = digits.load_mnist().test
        right = 0
        with tempfile.TemporaryDirectory() as folder:
            for index in range(20):
                ink = Image.fromarray(255 - test.images[index]).resize((400, 400))
                path = Path(folder) / "drawing.png"
                ink.save(path)
                drawn = handle_file(str(path))
                sketch = {"background": None, "layers": [], "composite": drawn}
                answer = client.predict(sketch, api_name="/read_drawing")
                right += answer["label"] == str(test.labels[index])
            page, picture = synthesize_page(9), Path(folder) / "page.png"
            Image.fromarray(np.asarray(page.picture)).save(picture)
            _, lines = client.predict(handle_file(str(picture)), api_name="/read_page")
        if right < 18 or lines.splitlines() != list(page.lines):
            sys.exit(f"the page read {right} of 20 drawings, and {lines.splitlines()} instead of {list(page.lines)}")
        return f"the page read {right} of 20 drawings and all {len(page.lines)} lines of a page"
    finally:
        space.app.close()


def check_notebook() -> str:
    """Run every cell of the marimo notebook, and return how large its page is."""
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "explore.html"
        words = ["export", "html", str(ROOT / "notebooks" / "explore.py"), "-o", str(page), "--no-include-code"]
        done = subprocess.run([sys.executable, "-m", "marimo", *words], capture_output=True, text=True, check=False)
        if done.returncode or not page.exists():
            sys.exit(f"the marimo notebook does not run: {done.stderr[-1000:]}")
        return f"every cell of the marimo notebook ran; its page has {page.stat().st_size:,} bytes"


if __name__ == "__main__":
    print(check_space())
    print(check_notebook())
