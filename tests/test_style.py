"""Words that docs/style.md retired stay out of everything users read."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
STYLE = ROOT / "docs" / "style.md"
SOURCE = ROOT / "src" / "digits"


def read_retired(page: str) -> list[str]:
    """Read the phrases in the first column of the table of retired words."""
    section = page.split("## Retired words")[1].split("\n## ")[0]
    rows = [line.split("|")[1] for line in section.splitlines() if line.startswith("| ")][2:]
    return [phrase.strip() for row in rows for phrase in row.split(",")]


def find_retired(text: str, retired: list[str]) -> list[str]:
    """Find the retired phrases in a text, whatever their case and line breaks."""
    plain = " ".join(text.lower().split())
    return [phrase for phrase in retired if re.search(rf"(?<![\w-]){re.escape(phrase)}(?![\w-])", plain)]


def markdown_prose(text: str) -> str:
    """Give a page without its code and its links' targets."""
    text = re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)
    return re.sub(r"`[^`\n]*`|\]\([^)]*\)", " ", text)


def python_prose(text: str) -> str:
    """Give the docstrings and messages of a module: string literals of several words, without code in backticks."""
    pieces: list[str] = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.JoinedStr):
            pieces.append("".join(part.value for part in node.values if isinstance(part, ast.Constant)))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            pieces.append(node.value)
    prose = "\n".join(piece for piece in pieces if " " in piece.strip())
    return re.sub(r"``.*?``|`[^`\n]*`", " ", prose, flags=re.DOTALL)


def page_prose(text: str, suffix: str) -> str:
    """Give what the page shows: the text of HTML, and the strings of several words in JavaScript."""
    if suffix == ".html":
        return re.sub(r"<script.*?</script>|<style.*?</style>|<!--.*?-->", " ", text, flags=re.DOTALL)
    code = re.sub(r"/\*.*?\*/|^\s*//.*?$|\s//\s.*?$", " ", text, flags=re.DOTALL | re.MULTILINE)
    return "\n".join(each for each in re.findall(r"\"[^\"\n]*\"|'[^'\n]*'|`[^`]*`", code) if " " in each)


def sources() -> Iterator[tuple[str, str]]:
    """Every text that users read, with its path."""
    pages = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
    for path in (page for page in pages if page != STYLE and page.name != "CHANGELOG.md"):
        yield path.relative_to(ROOT).as_posix(), markdown_prose(path.read_text(encoding="utf-8"))
    for path in sorted(SOURCE.rglob("*.py")):
        yield path.relative_to(ROOT).as_posix(), python_prose(path.read_text(encoding="utf-8"))
    for path in sorted((SOURCE / "web" / "page").glob("*.*")):
        if path.suffix in (".html", ".js"):
            yield path.relative_to(ROOT).as_posix(), page_prose(path.read_text(encoding="utf-8"), path.suffix)


def test_no_retired_word_is_left() -> None:
    retired = read_retired(STYLE.read_text(encoding="utf-8"))
    assert {path: found for path, text in sources() if (found := find_retired(text, retired))} == {}


def test_the_table_is_read() -> None:
    retired = read_retired(STYLE.read_text(encoding="utf-8"))
    assert {"sent away", "our own pen", "normalise", "color"} <= set(retired)
    assert "say" not in retired
    assert "" not in retired


def test_every_kind_of_source_is_read() -> None:
    paths = [path for path, text in sources() if text.strip()]
    assert {Path(path).suffix for path in paths} == {".md", ".py", ".html", ".js"}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Letters are Sent\n  away.", ["sent away"]),
        ("a row an epoch", ["a row an"]),
        ("The bold: toldness, untold", []),
        ("non-digits rejected", []),
    ],
)
def test_a_retired_word_is_found(text: str, found: list[str]) -> None:
    assert find_retired(text, ["sent away", "a row an", "told"]) == found


def test_only_prose_is_read() -> None:
    assert "told" not in markdown_prose("```sh\ntold\n```\n`told` [a](told.md)")
    assert "told" in markdown_prose("it is told")
    assert "told" not in python_prose("told = 'told'  # told\nf(`told`)".replace("f(`told`)", '"""See `told here`."""'))
    assert "it was told " in python_prose("raise ValueError(f'it was told {name}')")
    assert "told" not in page_prose("// it is told\nconst told = 'told'; f('see') // told so", ".js")
    assert "is told" in page_prose("f('he is told')", ".js")
    assert "is told" in page_prose("<p title='he is told'>x</p>", ".html")
