"""What is written twice is equal: the README's commands, map, tables, links, pictures, Pythons and the version."""

import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import cache
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
PAGES = ["README.md", "CHANGELOG.md", *sorted(path.relative_to(ROOT).as_posix() for path in ROOT.glob("docs/*.md"))]
PYPROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))

LARGEST_PICTURE = 300_000
SEPARATORS = {"|", "||", "&&", ";", "&"}
UNCHECKED = {"cd", "git", "curl", "jupyter", "source", "export", "mkdir", "torchrun"}
"""Programs of others, whose flags are theirs."""

# --- commands ---------------------------------------------------------------------------------------------------------


def commands(page: str) -> Iterator[list[str]]:
    """Every command of the ``sh`` blocks, as words: comments, prompts, variables and redirections taken away."""
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
def help_of(*command: str) -> str | None:
    """What the real parser shows, or None where it knows no such command."""
    call = [sys.executable, "-m", "digits", *command, "--help"]
    finished = subprocess.run(call, capture_output=True, text=True, encoding="utf-8", cwd=ROOT, check=False)
    return finished.stdout if finished.returncode == 0 else None


def digits_fault(words: list[str], ask: Callable[..., str | None]) -> str | None:
    if not words or words[0].startswith("-"):
        shown = ask()
        named = words
    else:
        shown = ask(words[0])
        named = words[1:]
        if words[0] == "train" and named and not named[0].startswith("-"):
            if shown is not None and not re.search(rf"\b{re.escape(named[0])}\b", shown):
                return f"digits train knows no recipe {named[0]}"
            shown = ask(*words[:2])
    if shown is None:
        return f"digits {words[0]} is no command"
    flags = [word.split("=")[0] for word in named if re.match(r"--?[a-z]", word)]
    unknown = [flag for flag in flags if not re.search(rf"(?<![\w-]){re.escape(flag)}(?![\w-])", shown)]
    return f"digits {words[0]} has no {', '.join(unknown)}" if unknown else None


def make_fault(words: list[str], makefile: str) -> str | None:
    targets = set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))
    unknown = [word for word in words if "=" not in word and word not in targets]
    return f"make has no {', '.join(unknown)}" if unknown else None


def pip_fault(words: list[str]) -> str | None:
    if words[0] != "install":
        return f"pip {words[0]} is not what one does here"
    extras = [extra for word in words for group in re.findall(r"\[(.*?)\]", word) for extra in group.split(",")]
    files = [words[i + 1] for i, word in enumerate(words[:-1]) if word in {"-c", "-r"}]
    unknown = [each for each in extras if each not in PYPROJECT["project"]["optional-dependencies"]]
    unknown += [each for each in files if not (ROOT / each).is_file()]
    return f"pip finds no {', '.join(unknown)}" if unknown else None


def python_fault(words: list[str]) -> str | None:
    if words[:2] == ["-m", "pip"]:
        return pip_fault(words[2:])
    if words[:2] == ["-m", "digits"]:
        return digits_fault(words[2:], help_of)
    if words[0] == "-m" and (words[1] == "venv" or (ROOT / words[1].replace(".", "/")).is_dir()):
        return None
    if words[0] == "-m" and (ROOT / (words[1].replace(".", "/") + ".py")).is_file():
        return None
    return None if words[0] == "-c" or (ROOT / words[0]).is_file() else f"python finds no {' '.join(words)}"


def command_fault(words: list[str]) -> str | None:
    """What is wrong with a command, or None."""
    program, rest = Path(words[0]).name, words[1:]
    if program == "digits":
        return digits_fault(rest, help_of)
    if program == "make":
        return make_fault(rest, (ROOT / "Makefile").read_text(encoding="utf-8"))
    if program == "pip":
        return pip_fault(rest)
    if program in {"python", "python3"}:
        return python_fault(rest)
    return None if program in UNCHECKED else f"{program} is not known here"


@pytest.mark.parametrize("page", PAGES)
def test_the_commands_exist(page: str) -> None:
    written = list(commands((ROOT / page).read_text(encoding="utf-8")))
    assert written or page != "README.md"
    assert [fault for words in written if (fault := command_fault(words))] == []


def test_the_readme_shows_the_main_commands() -> None:
    written = [" ".join(words) for words in commands(README)]
    assert [each for each in ("make train", "make test", "digits train") if each not in written] == []
    assert any(each.startswith("pip install") and "-c constraints.txt" in each for each in written)


def test_commands_are_read_as_a_shell_reads_them() -> None:
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
        ("digitz train", "digitz is not known here"),
    ],
)
def test_a_command_that_does_not_exist_is_found(line: str, fault: str | None) -> None:
    assert command_fault(shlex.split(line)) == fault


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("train", None),
        ("train classic --epochs 3", None),
        ("train --epochs=3", None),
        ("train --epoch 3", "digits train has no --epoch"),
        ("train clasic", "digits train knows no recipe clasic"),
        ("trane --epochs 3", "digits trane is no command"),
    ],
)
def test_a_flag_that_does_not_exist_is_found(line: str, fault: str | None) -> None:
    shown = {(): "train", ("train",): "{classic,standard} --epochs INT", ("train", "classic"): "--epochs INT"}
    assert digits_fault(shlex.split(line), lambda *command: shown.get(command)) == fault


# --- the map ----------------------------------------------------------------------------------------------------------


def mapped(page: str) -> tuple[list[str], list[str]]:
    """Names of the README's map: at the top of the tree, and of the rooms under ``src/digits/``."""
    block = re.search(r"^```text\n(.*?^src/digits/.*?)^```", page, re.DOTALL | re.MULTILINE)
    assert block, "the README has no ```text block with a line src/digits/"
    top, rooms, inside = [], [], False
    for line in filter(str.strip, block[1].splitlines()):
        name = line.split()[0].rstrip("/")
        if not line.startswith(" "):
            top.append(name)
            inside = name == "src/digits"
        elif inside and re.match(r" {2}\S", line):
            rooms.append(name)
    return top, rooms


def test_the_map_shows_every_room() -> None:
    named = {"__init__.py", "__main__.py", "py.typed"}
    real = {path.name for path in SOURCE.iterdir() if path.suffix == ".py" or any(path.glob("*.*"))}
    assert sorted(set(mapped(README)[1]) - named) == sorted(real - named - {"__pycache__"})


def test_the_map_shows_only_what_is_there() -> None:
    assert [name for name in mapped(README)[0] if not (ROOT / name).exists()] == []


def test_the_map_is_read() -> None:
    page = "```text\nREADME.md   this\nsrc/digits/\n  spec.py   it\n  data/     sets\n      more words\ntests/  \n```\n"
    assert mapped(page) == (["README.md", "src/digits", "tests"], ["spec.py", "data"])


# --- tables -----------------------------------------------------------------------------------------------------------


def generated(page: str) -> list[tuple[str, str]]:
    return re.findall(r"^<!-- generated: ([\w-]+) -->\n(.*?)^<!-- end -->", page, re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("page", PAGES)
def test_generated_tables_are_what_the_measurements_give(page: str) -> None:
    from benchmarks.tables import render

    for name, written in generated((ROOT / page).read_text(encoding="utf-8")):
        assert written.strip() == render(name).strip(), f"{page}: run python -m benchmarks.tables"


def test_the_readme_has_generated_tables() -> None:
    assert generated(README)
    assert README.count("<!-- generated:") == len(generated(README))


def test_generated_tables_are_found() -> None:
    page = "<!-- generated: results -->\n| a |\n<!-- end -->\n| by hand |\n<!-- generated: speed -->\n<!-- end -->\n"
    assert generated(page) == [("results", "| a |\n"), ("speed", "")]


# --- links and pictures -----------------------------------------------------------------------------------------------


def link_faults(page: str, folder: Path) -> list[str]:
    """Relative links that lead nowhere, and pictures that are missing or heavy."""
    text = re.sub(r"^```.*?^```", "", page, flags=re.DOTALL | re.MULTILINE)
    pictures = re.findall(r"!\[[^\]]*\]\(([^)\s]+)", text) + re.findall(
        r"<(?:img|source)[^>]*src(?:set)?=\"([^\"]+)", text
    )
    links = re.findall(r"(?<!!)\[(?:[^\[\]]|!\[[^\]]*\]\([^)]*\))*\]\(([^)\s]+)", text) + re.findall(
        r"href=\"([^\"]+)", text
    )
    found = []
    for target in dict.fromkeys(pictures + links):
        path, _, anchor = target.partition("#")
        if re.match(r"\w+:", target):
            continue
        if path and not (folder / path).exists():
            found.append(f"{target} is not there")
        elif path and target in pictures and (folder / path).stat().st_size >= LARGEST_PICTURE:
            found.append(f"{target} is too heavy")
        elif anchor and (not path or path.endswith(".md")):
            other = (folder / path).read_text(encoding="utf-8") if path else page
            if anchor not in anchors(other):
                found.append(f"{target} is no heading")
    return found


def anchors(page: str) -> set[str]:
    """The anchors that GitHub gives to headings."""
    headings = re.findall(r"^#+ (.*)$", re.sub(r"^```.*?^```", "", page, flags=re.DOTALL | re.MULTILINE), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES)
def test_links_and_pictures_resolve(page: str) -> None:
    assert link_faults((ROOT / page).read_text(encoding="utf-8"), (ROOT / page).parent) == []


def test_the_readme_shows_pictures() -> None:
    assert re.search(r"!\[[^\]]+\]\([^):]+\.png\)|<img [^>]*src=\"[^\":]+\.png\"", README)


@pytest.mark.parametrize(
    ("page", "fault"),
    [
        ("[a](there.md) ![b](small.png) [c](https://example.org/x) [d](#a-heading) [e](there.md#deep-inside)", []),
        ("[a](gone.md)", ["gone.md is not there"]),
        ("![a](gone.png)", ["gone.png is not there"]),
        ('<img width="9" src="gone.png">', ["gone.png is not there"]),
        ("[![a](small.png)](gone.md)", ["gone.md is not there"]),
        ("![a](heavy.png)", ["heavy.png is too heavy"]),
        ("[a](#no-heading)", ["#no-heading is no heading"]),
        ("[a](there.md#shallow)", ["there.md#shallow is no heading"]),
        ("```\n[a](gone.md)\n```\n", []),
    ],
)
def test_a_broken_link_is_found(page: str, fault: list[str], tmp_path: Path) -> None:
    (tmp_path / "there.md").write_text("# Deep inside\n")
    (tmp_path / "small.png").write_bytes(b"x")
    (tmp_path / "heavy.png").write_bytes(bytes(LARGEST_PICTURE))
    assert link_faults(f"# A heading\n{page}", tmp_path) == fault


# --- Pythons and versions ---------------------------------------------------------------------------------------------


def supported() -> list[str]:
    classifiers = PYPROJECT["project"]["classifiers"]
    return [
        match[1] for each in classifiers if (match := re.fullmatch(r"Programming Language :: Python :: (3\.\d+)", each))
    ]


def test_the_readme_names_the_supported_pythons() -> None:
    assert f"Python {supported()[0]}–{supported()[-1]}" in README


def test_ci_runs_the_supported_pythons() -> None:
    workflow = (ROOT / ".github/workflows/ci.yml").read_text(encoding="utf-8")
    matrix = re.search(r"^ +python: \[(.*)\]$", workflow, re.MULTILINE)
    assert matrix
    assert re.findall(r"\"(.*?)\"", matrix[1]) == supported()


def test_make_looks_for_the_supported_pythons() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert re.findall(r" python(3\.\d+)", makefile.split("$(shell")[1].split("\n")[0]) == supported()[::-1]


def test_the_package_asks_for_the_oldest_supported_python() -> None:
    assert PYPROJECT["project"]["requires-python"] == f">={supported()[0]}"


def test_the_version_is_the_same_everywhere() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    newest = re.search(r"^## \[(\d+\.\d+\.\d+)\]", changelog, re.MULTILINE)
    assert newest
    assert digits.__version__ == newest[1]
