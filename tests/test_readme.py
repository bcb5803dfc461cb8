"""Whatever is written twice is equal: commands, snippets, map, tables, links, addresses, Pythons and the version."""

import ast
import importlib
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

import digits

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "src" / "digits"
README = (ROOT / "README.md").read_text(encoding="utf-8")
DESIGN = (ROOT / "docs" / "design.md").read_text(encoding="utf-8")
PAGES = sorted(page.relative_to(ROOT).as_posix() for page in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
PYPROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
REPOSITORY: str = PYPROJECT["project"]["urls"]["Repository"]

MAX_WORDS = 900
MAX_PICTURE_BYTES = 300_000
SEPARATORS = {"|", "||", "&&", ";", "&"}
FOREIGN_PROGRAMS = {"cd", "git", "curl", "jupyter", "source", "export", "mkdir", "torchrun"}
"""Their flags are not ours to check."""
GENERATED_PAGES = {"tutorial.md", "changelog.md", "commands.md"}
"""Written by docs/build.py when the site is built."""


def read(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


# --- commands ---------------------------------------------------------------------------------------------------------


def commands(page: str) -> Iterator[list[str]]:
    """Give every command of the ``sh`` blocks as words, without comments, prompts, variables and redirections."""
    for block in re.findall(r"^```sh\n(.*?)^```", page, re.DOTALL | re.MULTILINE):
        for line in block.replace("\\\n", " ").splitlines():
            lexer = shlex.shlex(line.removeprefix("$ "), posix=True, punctuation_chars="|&;<>")
            lexer.whitespace_split = True
            words: list[str] = []
            for word in [*lexer, ";"]:
                if word not in SEPARATORS:
                    words.append(word)
                    continue
                words = words[: next((i for i, each in enumerate(words) if each[0] in "<>"), None)]
                while words and re.match(r"\w+=", words[0]):
                    words = words[1:]
                if words:
                    yield words
                words = []


@cache
def show_help(*command: str) -> str | None:
    """Give the real parser's help, or None for an unknown command."""
    call = [sys.executable, "-m", "digits", *command, "--help"]
    finished = subprocess.run(call, capture_output=True, text=True, encoding="utf-8", cwd=ROOT, check=False)
    return finished.stdout if finished.returncode == 0 else None


FORM_ACTIONS = ("new", "read", "template", "review", "worksheet", "labels")


def digits_fault(words: list[str], show_help: Callable[..., str | None] = show_help) -> str | None:
    command = words[:1] if words and not words[0].startswith("-") else []
    groups = {"train": ("finder",), "data": ("check", "convert"), "form": FORM_ACTIONS}
    command = words[:2] if words[1:2] and words[1] in groups.get(words[0], ()) else command
    shown, rest = show_help(*command), words[len(command) :]
    if shown is None:
        return f"digits {words[0]} is no command"
    if command == ["train"] and rest and not rest[0].startswith("-") and not re.search(rf"\b{rest[0]}\b", shown):
        return f"digits train has no recipe {rest[0]}"
    flags = [word.split("=")[0] for word in rest if re.match(r"--?[a-z]", word)]
    unknown = [flag for flag in flags if not re.search(rf"(?<![\w-]){re.escape(flag)}(?![\w-])", shown)]
    return f"digits {words[0]} has no {', '.join(unknown)}" if unknown else None


def make_fault(words: list[str]) -> str | None:
    targets = re.findall(r"^([a-z]+):", read("Makefile"), re.MULTILINE)
    unknown = [word for word in words if "=" not in word and word not in targets]
    return f"make has no {', '.join(unknown)}" if unknown else None


def pip_fault(words: list[str]) -> str | None:
    extras = [extra for word in words for group in re.findall(r"\[(.*?)\]", word) for extra in group.split(",")]
    unknown = [extra for extra in extras if extra not in PYPROJECT["project"]["optional-dependencies"]]
    unknown += [file for flag, file in pairwise(words) if flag == "-c" and not (ROOT / file).is_file()]
    return f"pip finds no {', '.join(unknown)}" if unknown or words[0] != "install" else None


def python_fault(words: list[str]) -> str | None:
    if words[:2] == ["-m", "digits"]:
        return digits_fault(words[2:])
    name = words[1].replace(".", "/") if words[0] == "-m" else words[0]
    exists = words[0] == "-c" or any((ROOT / each).exists() for each in (name, f"{name}.py"))
    return None if exists else f"python finds no {' '.join(words)}"


def command_fault(words: list[str]) -> str | None:
    """Say what is wrong with a command, or None."""
    checks = {"digits": digits_fault, "make": make_fault, "pip": pip_fault, "python": python_fault}
    program = Path(words[0]).name
    if program in FOREIGN_PROGRAMS:
        return None
    return checks[program](words[1:]) if program in checks else f"{program} is unknown"


@pytest.mark.parametrize("page", PAGES)
def test_commands_exist(page: str) -> None:
    assert [fault for words in commands(read(page)) if (fault := command_fault(words))] == []


def test_readme_shows_the_main_commands() -> None:
    written = [" ".join(words) for words in commands(README)]
    assert {"make serve", "make train", "make test", "digits train", "digits read note.jpg"} <= set(written)
    assert f"git clone {REPOSITORY}" in written
    assert any(each.startswith("pip install -c constraints.txt") for each in written)


def test_commands_are_parsed_like_a_shell() -> None:
    block = "$ A=1 digits train classic \\\n  --epochs 3  # quick\ncd x && make test | tee log > out\n"
    page = f"```sh\n{block}```\n```\nno\n```"
    assert list(commands(page)) == [
        ["digits", "train", "classic", "--epochs", "3"],
        ["cd", "x"],
        ["make", "test"],
        ["tee", "log"],
    ]


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("make train ARGS=classic", None),
        ("make coffee", "make has no coffee"),
        ("pip install -c constraints.txt -e .[train]", None),
        ("pip install -e .[all]", "pip finds no all"),
        ("pip install -c lost.txt .", "pip finds no lost.txt"),
        ("python -m lost", "python finds no -m lost"),
        ("digitz train", "digitz is unknown"),
    ],
)
def test_unknown_command_is_found(line: str, fault: str | None) -> None:
    assert command_fault(shlex.split(line)) == fault


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("train", None),
        ("train classic --epochs 3", None),
        ("train --epochs=3", None),
        ("train --epoch 3", "digits train has no --epoch"),
        ("train clasic", "digits train has no recipe clasic"),
        ("trane --epochs 3", "digits trane is no command"),
    ],
)
def test_unknown_flag_is_found(line: str, fault: str | None) -> None:
    shown = {(): "train", ("train",): "{classic,standard} --epochs INT", ("train", "classic"): "--epochs INT"}
    assert digits_fault(shlex.split(line), lambda *command: shown.get(command)) == fault


# --- Python snippets --------------------------------------------------------------------------------------------------


def snippet_faults(page: str) -> list[str]:
    """Names of ours that the page's Python uses and that do not exist; arguments of calls are not checked."""
    found = []
    for block in re.findall(r"^```python\n(.*?)^```", page, re.DOTALL | re.MULTILINE):
        for node in ast.walk(ast.parse(block)):
            if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "digits":
                module = importlib.import_module(str(node.module))
                found += [f"{node.module}.{each.name}" for each in node.names if not hasattr(module, each.name)]
            elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "digits":
                found += [] if hasattr(digits, node.attr) else [f"digits.{node.attr}"]
    return found


@pytest.mark.parametrize("page", PAGES)
def test_snippets_use_existing_names(page: str) -> None:
    assert snippet_faults(read(page)) == []


def test_reference_lists_the_public_names() -> None:
    table = re.findall(r"^\| \[digits\..*\| (.*) \|$", read("docs/reference/index.md"), re.MULTILINE)
    assert sorted(re.findall(r"`(\w+)`", " ".join(table))) == sorted(digits.__all__)


def test_guide_lists_every_setting() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (.*) \|$", read("docs/guides/customize.md"), re.MULTILINE)
    listed = {section: re.findall(r"`(\w+)`", settings) for section, settings in rows}
    config = digits.TrainConfig()
    assert listed == {name: list(vars(section)) for name, section in vars(config).items() if name != "recipe"}


def test_unknown_name_in_a_snippet_is_found() -> None:
    page = "```python\nfrom digits.data import split, splitt\ndigits.read(1)\ndigits.reed(1)\n```\n"
    assert sorted(snippet_faults(page)) == ["digits.data.splitt", "digits.reed"]


def test_named_api_calls_exist() -> None:
    served = "\n".join(path.read_text(encoding="utf-8") for path in (SOURCE / "web").glob("*.py"))
    named = {call for page in PAGES if page != "CHANGELOG.md" for call in re.findall(r"/api/[a-z]+", read(page))}
    assert [call for call in sorted(named) if f'"{call}' not in served] == []
    assert "/api/read" in named


# --- the map ----------------------------------------------------------------------------------------------------------


def mapped(page: str) -> tuple[list[str], list[str]]:
    """Names on the map in docs/design.md: at the top of the tree, and of the packages in ``src/digits/``."""
    block = re.search(r"^```text\n(.*?^src/digits/.*?)^```", page, re.DOTALL | re.MULTILINE)
    assert block, "docs/design.md has no ```text block with a line src/digits/"
    top, rooms, inside = [], [], False
    for line in filter(str.strip, block[1].splitlines()):
        name = line.split()[0].rstrip("/")
        if not line.startswith(" "):
            top.append(name)
            inside = name == "src/digits"
        elif inside and re.match(r" {2}\S", line):
            rooms.append(name)
    return top, rooms


def test_map_shows_every_package() -> None:
    named = {"__init__.py", "__main__.py", "py.typed"}
    real = {path.name for path in SOURCE.iterdir() if path.suffix == ".py" or any(path.glob("*.*"))}
    assert sorted(set(mapped(DESIGN)[1]) - named) == sorted(real - named - {"__pycache__"})


def test_map_shows_only_what_exists() -> None:
    assert [name for name in mapped(DESIGN)[0] if not (ROOT / name).exists()] == []


def test_map_is_parsed() -> None:
    page = "```text\nREADME.md   this\nsrc/digits/\n  types.py   it\n  data/     sets\n      more\ntests/  \n```\n"
    assert mapped(page) == (["README.md", "src/digits", "tests"], ["types.py", "data"])


# --- tables -----------------------------------------------------------------------------------------------------------


def generated(page: str) -> list[tuple[str, str]]:
    return re.findall(r"^<!-- generated: ([\w-]+) -->\n(.*?)^<!-- end -->", page, re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("page", PAGES)
def test_tables_equal_the_measurements(page: str) -> None:
    from benchmarks.tables import render

    for name, written in generated(read(page)):
        assert written.strip() == render(name).strip(), f"{page}: run python -m benchmarks.tables"


def test_every_table_is_on_the_benchmark_page() -> None:
    from benchmarks.tables import TABLES

    shown = [name for page in PAGES for name, _ in generated(read(page))]
    assert sorted(shown) == sorted(TABLES)
    assert sum(read(page).count("<!-- generated:") for page in PAGES) == len(shown)


def test_tables_are_found() -> None:
    page = "<!-- generated: results -->\n| a |\n<!-- end -->\n| by hand |\n<!-- generated: speed -->\n<!-- end -->\n"
    assert generated(page) == [("results", "| a |\n"), ("speed", "")]


# --- links and pictures -----------------------------------------------------------------------------------------------


def link_faults(page: str, folder: Path) -> list[str]:
    """Links that lead nowhere, in the page's folder or in the repository, and pictures that are missing or heavy."""
    text = re.sub(r"^```.*?^```", "", page, flags=re.DOTALL | re.MULTILINE)
    pictures = re.findall(r"(?:!\[[^\]]*\]\(|\bsrc=\")([^)\"\s]+)", text)
    links = re.findall(r"(?<!!)\[(?:[^\[\]]|!\[[^\]]*\]\([^)]*\))*\]\(([^)\s]+)", text)
    found = []
    for target in dict.fromkeys(pictures + links):
        path, _, anchor = target.partition("#")
        place = repository_path(path) or folder / path
        if place == folder / path and re.match(r"\w+:", target):
            continue
        if path and not place.exists():
            found += [] if place.name in GENERATED_PAGES else [f"{target} does not exist"]
        elif target in pictures and place.stat().st_size >= MAX_PICTURE_BYTES:
            found.append(f"{target} is too heavy")
        elif anchor and (not path or path.endswith(".md")):
            other = place.read_text(encoding="utf-8") if path else page
            found += [] if anchor in anchors(other) else [f"{target} is no heading"]
    return found


def repository_path(address: str) -> Path | None:
    """Give the file that an address in the repository on GitHub, or of its raw content, leads to."""
    raw = REPOSITORY.replace("github.com", "raw.githubusercontent.com")
    match = re.match(rf"(?:{re.escape(REPOSITORY)}/(?:blob|tree)|{re.escape(raw)})/main/([^#]+)", address)
    return ROOT / match[1] if match else None


def anchors(page: str) -> set[str]:
    """Give the anchors that GitHub makes of headings."""
    headings = re.findall(r"^#+ (.*)$", re.sub(r"^```.*?^```", "", page, flags=re.DOTALL | re.MULTILINE), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES)
def test_links_and_pictures_resolve(page: str) -> None:
    assert link_faults(read(page), (ROOT / page).parent) == []


def test_readme_links_work_on_pypi_too() -> None:
    targets = re.findall(r"(?:\]\(|\b(?:src|href)=\")([^)\"\s]+)", README)
    assert [target for target in targets if not target.startswith("https://")] == []
    assert any(target.endswith(".png") for target in targets)


@pytest.mark.parametrize("page", [*PAGES, "notebooks/MNIST_Handwritten_Digits-STARTER.ipynb"])
def test_every_page_names_the_same_repository(page: str) -> None:
    owner = REPOSITORY.removeprefix("https://github.com/").split("/")[0]
    named = re.findall(r"(?:github\.com|githubusercontent\.com|google\.com/github)/([\w-]+)/digits\b", read(page))
    assert set(named) <= {owner}


@pytest.mark.parametrize(
    ("page", "fault"),
    [
        ("[a](there.md) ![b](small.png) [c](https://example.org/x) [d](#a-heading) [e](there.md#deep-inside)", []),
        ("[a](gone.md)", ["gone.md does not exist"]),
        ("![a](gone.png)", ["gone.png does not exist"]),
        ('<img width="9" src="gone.png">', ["gone.png does not exist"]),
        ("[![a](small.png)](gone.md)", ["gone.md does not exist"]),
        ("![a](heavy.png)", ["heavy.png is too heavy"]),
        ("[a](#no-heading)", ["#no-heading is no heading"]),
        ("[a](there.md#shallow)", ["there.md#shallow is no heading"]),
        (f"[a]({REPOSITORY}/blob/main/README.md)", []),
        (f"[a]({REPOSITORY}/blob/main/gone.md)", [f"{REPOSITORY}/blob/main/gone.md does not exist"]),
        ("```\n[a](gone.md)\n```\n", []),
    ],
)
def test_broken_link_is_found(page: str, fault: list[str], tmp_path: Path) -> None:
    (tmp_path / "there.md").write_text("# Deep inside\n")
    (tmp_path / "small.png").write_bytes(b"x")
    (tmp_path / "heavy.png").write_bytes(bytes(MAX_PICTURE_BYTES))
    assert link_faults(f"# A heading\n{page}", tmp_path) == fault


# --- words, Pythons and versions --------------------------------------------------------------------------------------


def test_readme_is_short() -> None:
    assert len(README.split()) <= MAX_WORDS


def supported() -> list[str]:
    classifiers = PYPROJECT["project"]["classifiers"]
    return [
        match[1] for each in classifiers if (match := re.fullmatch(r"Programming Language :: Python :: (3\.\d+)", each))
    ]


def test_readme_names_the_supported_pythons() -> None:
    assert f"Python {supported()[0]}–{supported()[-1]}" in README


def test_ci_runs_the_supported_pythons() -> None:
    workflow = read(".github/workflows/ci.yml")
    matrix = re.search(r"^ +python: \[(.*)\]$", workflow, re.MULTILINE)
    assert matrix
    assert re.findall(r"\"(.*?)\"", matrix[1]) == supported()


def test_make_looks_for_the_supported_pythons() -> None:
    makefile = read("Makefile")
    assert re.findall(r" python(3\.\d+)", makefile.split("$(shell")[1].split("\n")[0]) == supported()[::-1]


def test_package_requires_the_oldest_supported_python() -> None:
    assert PYPROJECT["project"]["requires-python"] == f">={supported()[0]}"


def test_version_is_the_same_everywhere() -> None:
    changelog = read("CHANGELOG.md")
    newest = re.search(r"^## \[(\d+\.\d+\.\d+)\]", changelog, re.MULTILINE)
    assert newest
    assert digits.__version__ == newest[1]
