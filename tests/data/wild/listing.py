"""The table of wild files in the documentation, made of what the tests build; run as a module, it updates the page."""

from __future__ import annotations

import re
from pathlib import Path

from tests.data.wild.builders import BUILDERS
from tests.data.wild.test_refusals import BOMBS, REFUSALS

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "wild-files.md"

WRITTEN = {
    "idx": "IDX", "npz": "NPZ", "npy": "NPY", "csv": "CSV", "tsv": "TSV", "arff": "ARFF", "mat": "MAT", "utf": "UTF",
    "mnist": "MNIST", "qmnist": "QMNIST", "kaggle": "Kaggle", "numpy": "NumPy", "openml": "OpenML", "tar": "TAR",
    "python": "Python", "parquet": "Parquet", "keras": "Keras", "medmnist": "MedMNIST", "hub": "Hub",
}  # fmt: skip
"""How words of names are written for people."""


def render() -> str:
    """Write both tables in Markdown."""
    read = "\n".join(f"| {describe(name)} | {parts.replace(' ', ', ')} |" for name, (_, parts, _) in BUILDERS.items())
    answered = "\n".join(f"| {name} | … {escape(sentence)} |" for name, (_, sentence) in REFUSALS.items())
    bombs = "\n".join(f"| bomb: {name} | … is too large: it unpacks to … |" for name in BOMBS)
    return (
        f"{len(BUILDERS)} files and folders that are read:\n\n| file or folder | parts |\n| --- | --- |\n{read}\n\n"
        f"{len(REFUSALS) + len(BOMBS)} that are answered with a sentence, which begins with the path:\n\n"
        f"| file or folder | sentence |\n| --- | --- |\n{answered}\n{bombs}\n"
    )


def describe(name: str) -> str:
    """Write the name of a builder as words."""
    words = " ".join(WRITTEN.get(word, word) for word in name.split("_"))
    return re.sub(r"(\d) (\d)", r"\1.\2", words.replace("UTF 16", "UTF-16").replace("MNIST c", "MNIST-C"))


def escape(text: str) -> str:
    """Keep a sentence in one cell, as it is."""
    return re.sub(r"([|*_`<\[\]])", r"\\\1", text)


def update(page: str) -> str:
    """Give the page with the tables as they are now."""
    start, end = "<!-- from tests/data/wild -->\n", "<!-- end -->"
    head, _, rest = page.partition(start)
    return f"{head}{start}{render()}{end}{rest.partition(end)[2]}"


if __name__ == "__main__":
    PAGE.write_text(update(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
