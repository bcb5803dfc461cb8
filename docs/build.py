"""What the documentation site shows but nobody writes by hand: the executed tutorial, the commands, the changelog."""

from __future__ import annotations

import base64
import hashlib
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import nbformat
from nbclient import NotebookClient

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files

ROOT = Path(__file__).parent.parent
NOTEBOOK = ROOT / "notebooks" / "MNIST_Handwritten_Digits-STARTER.ipynb"
CACHE = ROOT / ".cache" / "tutorial"
COMMANDS = (
    "train", "read", "table", "form", "form new", "form read", "serve", "evaluate", "compare", "find-lr", "curve",
    "ablate", "sweep", "runs", "data", "report",
    "export",
)  # fmt: skip


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the generated pages and their pictures."""
    from mkdocs.structure.files import File

    tutorial, pictures = as_markdown(executed())
    pages = {"tutorial.md": tutorial, "reference/commands.md": commands(), "changelog.md": changelog(), **pictures}
    for name, content in pages.items():
        files.append(File.generated(config, name, content=content))
    return files


def executed() -> nbformat.NotebookNode:
    """Run the starter notebook, or take what it gave when it was last run unchanged."""
    kept = CACHE / f"{hashlib.sha256(NOTEBOOK.read_bytes()).hexdigest()[:16]}.ipynb"
    if not kept.exists():
        book = nbformat.read(NOTEBOOK, as_version=4)
        near = ROOT / "data" / "mnist"
        if data := os.environ.get("DIGITS_DATA") or (near.is_dir() and near):
            os.environ["DIGITS_DATA"] = str(Path(data).resolve())  # the kernel works in another folder
        with tempfile.TemporaryDirectory() as place:
            # the kernel listens on this computer only, and need not warn about it
            quiet = ["--IPKernelApp.log_level=40"]
            where = {"metadata": {"path": place}}
            NotebookClient(book, timeout=600, resources=where, extra_arguments=quiet).execute()
        kept.parent.mkdir(parents=True, exist_ok=True)
        nbformat.write(book, kept)
    return nbformat.read(kept, as_version=4)


def as_markdown(book: nbformat.NotebookNode) -> tuple[str, dict[str, bytes]]:
    """Turn an executed notebook into a page and the pictures on it, by their paths."""
    parts: list[str] = []
    pictures: dict[str, bytes] = {}
    for cell in book.cells:
        if cell.cell_type == "markdown":
            text = cell.source.replace("<details>", '<details markdown="1">')
            parts.append(re.sub(r"\[!\[(Open in Colab)\]\(\S+\)\]", r"[\1]", text))  # no outside pictures
            continue
        parts.append(f"```python\n{cell.source}\n```")
        for output in cell.outputs:
            picture = output.get("data", {}).get("image/png")
            if picture:
                name = f"tutorial/figure-{len(pictures) + 1}.png"
                pictures[name] = base64.b64decode(picture)
                parts.append(f"![Output of the cell above]({name})")
            elif output.output_type == "stream" and output.name == "stdout":
                parts.append(f"```text\n{output.text.rstrip()}\n```")
    return "\n\n".join(parts), pictures


def commands() -> str:
    """Show every command's own help."""
    parts = ["# Commands", "What `digits COMMAND --help` prints."]
    for name in COMMANDS:
        call = [sys.executable, "-m", "digits", *name.split(), "--help"]
        environment = {**os.environ, "COLUMNS": "100", "NO_COLOR": "1"}
        shown = subprocess.run(call, capture_output=True, text=True, encoding="utf-8", check=True, env=environment)
        parts.append(f"## digits {name}\n\n```text\n{shown.stdout.rstrip()}\n```")
    return "\n\n".join(parts)


def changelog() -> str:
    """Show CHANGELOG.md, which lies outside the folder of pages."""
    return (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
