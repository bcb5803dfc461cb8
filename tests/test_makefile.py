"""`make` sets up a fresh machine: the right Python, one installation, a clear message where that fails."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the README names plain pip for Windows")

STAND_IN = """#!/bin/sh
case "$*" in
  "-c import sys"*) exit {too_old} ;;
  "-c "*) exit 0 ;;
  "-m venv "*)
    mkdir -p .venv/bin
    for name in python digits npm; do
      file=.venv/bin/$name
      printf '#!/bin/sh\\ncase "$*" in *--version | "-c "*) exit 0 ;; esac\\necho %s "$@" >> calls\\n' $name > $file
      chmod +x $file
    done
    echo {name} "$@" >> calls ;;
esac
"""
"""A Python that reports its age and creates environments whose programs only log their calls."""


class Checkout:
    """A checkout on a machine with the named Pythons: True for one that is new enough."""

    def __init__(self, folder: Path, **pythons: bool) -> None:
        self.folder = folder / "checkout"
        self.folder.mkdir()
        for name in ("Makefile", "pyproject.toml", "constraints.txt", "package.json", "package-lock.json"):
            shutil.copy(ROOT / name, self.folder)
        self.programs = folder / "programs"
        self.programs.mkdir()
        for tool in ("sh", "make", "mkdir", "chmod", "cat", "echo", "sed", "touch"):
            (self.programs / tool).symlink_to(str(shutil.which(tool)))
        for name, is_new_enough in pythons.items():
            path = self.programs / name.replace("_", ".")
            path.write_text(STAND_IN.format(name=path.name, too_old=int(not is_new_enough)))
            path.chmod(0o755)

    def make(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        environment = {"PATH": str(self.programs), "LC_ALL": "C"}
        call = ["make", *arguments]
        return subprocess.run(call, cwd=self.folder, env=environment, capture_output=True, text=True, check=False)

    def calls(self) -> list[str]:
        """The calls logged since the last time."""
        calls = self.folder / "calls"
        lines = calls.read_text().splitlines() if calls.exists() else []
        calls.unlink(missing_ok=True)
        return lines


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path, python3=True)


INSTALL = "python -m pip --disable-pip-version-check install --no-compile -c constraints.txt -e .[{}]"
COMPILE = "python -m compileall -qq -j 0 -x /tests/ .venv/lib src"
LINT = [
    "npm ci --silent",
    "python -m ruff check .",
    "python -m ruff format --check .",
    "python -m mypy",
    "npm run --silent check",
]
AUDIT = [
    "python -m pip --disable-pip-version-check install -q -c constraints.txt pip-audit",
    "python -m pip_audit --strict --no-deps --disable-pip -r constraints.txt",
]


def test_train_installs_once_and_passes_flags_on(checkout: Checkout) -> None:
    first = checkout.make("train", "ARGS=classic --epochs 3")
    assert first.returncode == 0, first.stderr
    created, installed, compiled, trained = checkout.calls()
    assert created == "python3 -m venv --clear .venv"
    assert installed == INSTALL.format("train")
    assert compiled == COMPILE
    assert trained == "digits train classic --epochs 3"
    checkout.make("train")
    assert checkout.calls() == ["digits train"]


def test_audit_looks_at_the_pins(checkout: Checkout) -> None:
    checkout.make("audit")
    assert checkout.calls()[1:] == AUDIT


def test_audit_that_could_not_be_made_is_reported(checkout: Checkout) -> None:
    checkout.make("audit")
    python = checkout.folder / ".venv/bin/python"
    python.write_text(python.read_text().replace("echo python", "case $2 in pip_audit) exit 1 ;; esac; echo python"))
    finished = checkout.make("audit")
    assert finished.returncode == 2
    assert "or PyPI could not be asked" in finished.stderr


def test_changed_requirements_are_installed(checkout: Checkout) -> None:
    checkout.make("train")
    checkout.calls()
    later = (checkout.folder / ".venv/.has-train").stat().st_mtime + 10
    os.utime(checkout.folder / "constraints.txt", (later, later))
    checkout.make("train")
    assert checkout.calls() == [INSTALL.format("train"), COMPILE, "digits train"]


def test_moved_checkout_is_installed_again(checkout: Checkout) -> None:
    checkout.make("train")
    checkout.calls()
    checkout.folder = checkout.folder.rename(checkout.folder.with_name("elsewhere"))
    checkout.make("train")
    assert checkout.calls() == [INSTALL.format("train"), COMPILE, "digits train"]
    checkout.make("train")
    assert checkout.calls() == ["digits train"]


@pytest.mark.parametrize(
    ("call", "extra", "commands"),
    [
        (["serve", "ARGS=--port 8001"], "web", ["digits serve --open --port 8001"]),
        (["bench"], "bench", ["python -m benchmarks"]),
        (["docs"], "docs", ["python -m mkdocs build --strict"]),
        (["lint"], "dev", LINT),
        (["check"], "dev", [*LINT, "digits data", "python -m pytest -n 2 -m not slow and not browser -q"]),
        (["test"], "dev", [*LINT, "digits data", "python -m pytest -n 2 --dist loadfile --no-loadscope-reorder"]),
    ],
)
def test_target_installs_its_extra_and_runs(
    call: list[str], extra: str, commands: list[str], checkout: Checkout
) -> None:
    checkout.make(*call)
    assert checkout.calls()[1:] == [INSTALL.format(extra), COMPILE, *commands]


def test_old_python3_is_passed_over(tmp_path: Path) -> None:
    checkout = Checkout(tmp_path, python3=False, python3_10=True, python3_12=True)
    checkout.make("train")
    assert checkout.calls()[0] == "python3.12 -m venv --clear .venv"


def test_python_can_be_named(tmp_path: Path) -> None:
    checkout = Checkout(tmp_path, python3=True, python3_12=True)
    checkout.make("train", "PYTHON=python3.12")
    assert checkout.calls()[0] == "python3.12 -m venv --clear .venv"


@pytest.mark.parametrize("pythons", [{}, {"python3": False, "python3_11": False}])
def test_missing_python_is_reported(pythons: dict[str, bool], tmp_path: Path) -> None:
    checkout = Checkout(tmp_path, **pythons)
    finished = checkout.make("train")
    assert finished.returncode == 2
    assert re.search(r"needs Python 3\.10 or newer .* install it from https://www\.python\.org", finished.stderr)
    assert checkout.calls() == []


def test_too_old_python_is_reported(tmp_path: Path) -> None:
    finished = Checkout(tmp_path, python3=True, python3_9=False).make("train", "PYTHON=python3.9")
    assert finished.returncode == 2
    assert "python3.9 is older: name another with PYTHON=" in finished.stderr


def targets() -> list[str]:
    (names,) = re.findall(r"^\.PHONY: (help .*) venv$", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    return list(names.split())


def test_help_lists_every_target(tmp_path: Path) -> None:
    shown = Checkout(tmp_path).make().stdout
    assert re.findall(r"^  ([a-z]+)\t", shown, re.MULTILINE) == targets()


def test_contributing_names_existing_targets() -> None:
    named = re.findall(r"`make ([a-z]+)", (ROOT / "CONTRIBUTING.md").read_text("utf-8"))
    assert "check" in named
    assert set(named) - set(targets()) == set()


def test_ci_runs_every_test() -> None:
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    assert "\nmake test " in script.read_text(encoding="utf-8")
