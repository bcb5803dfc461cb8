"""`make` sets up a fresh machine: the right Python, one installation, a clear word where that cannot be."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows uses plain pip, as the README says")

PYTHON = """#!/bin/sh
case "$*" in
  "-c import sys"*) exit {too_old} ;;
  "-c "*) exit 0 ;;
  "-m venv "*)
    mkdir -p .venv/bin
    for name in python digits; do
      printf '#!/bin/sh\\ncase "$*" in *--version) exit 0 ;; esac\\necho %s "$@" >> calls\\n' $name > .venv/bin/$name
      chmod +x .venv/bin/$name
    done
    echo {name} "$@" >> calls ;;
esac
"""
"""A stand-in that tells its age, makes an environment whose programs write down how they are called, and no more."""


class Checkout:
    """A checkout on a machine that has the named Pythons."""

    def __init__(self, folder: Path, **pythons: bool) -> None:
        self.folder = folder / "checkout"
        self.folder.mkdir()
        for name in ("Makefile", "pyproject.toml", "constraints.txt"):
            shutil.copy(ROOT / name, self.folder)
        self.programs = folder / "programs"
        self.programs.mkdir()
        for tool in ("sh", "make", "mkdir", "chmod", "cat", "echo", "sed", "touch"):
            (self.programs / tool).symlink_to(str(shutil.which(tool)))
        for name, new_enough in pythons.items():
            path = self.programs / name.replace("_", ".")
            path.write_text(PYTHON.format(name=path.name, too_old=int(not new_enough)))
            path.chmod(0o755)

    def make(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        environment = {"PATH": str(self.programs), "LC_ALL": "C"}
        call = ["make", *arguments]
        return subprocess.run(call, cwd=self.folder, env=environment, capture_output=True, text=True, check=False)

    def calls(self) -> list[str]:
        calls = self.folder / "calls"
        lines = calls.read_text().splitlines() if calls.exists() else []
        calls.unlink(missing_ok=True)
        return lines


INSTALL = "python -m pip --disable-pip-version-check install -c constraints.txt -e .[{}]"


def test_train_sets_up_once_and_passes_the_flags_on(tmp_path: Path) -> None:
    checkout = Checkout(tmp_path, python3=True)
    first = checkout.make("train", "ARGS=classic --epochs 3")
    assert first.returncode == 0, first.stderr
    assert checkout.calls() == [
        "python3 -m venv --clear .venv",
        INSTALL.format("train"),
        "digits train classic --epochs 3",
    ]
    checkout.make("train")
    assert checkout.calls() == ["digits train"]


def test_new_requirements_are_installed(tmp_path: Path) -> None:
    checkout = Checkout(tmp_path, python3=True)
    checkout.make("train")
    checkout.calls()
    later = (checkout.folder / ".venv/.has-train").stat().st_mtime + 10
    os.utime(checkout.folder / "constraints.txt", (later, later))
    checkout.make("train")
    assert checkout.calls() == [INSTALL.format("train"), "digits train"]


def test_a_moved_checkout_is_installed_anew(tmp_path: Path) -> None:
    checkout = Checkout(tmp_path, python3=True)
    checkout.make("train")
    checkout.calls()
    checkout.folder = checkout.folder.rename(tmp_path / "elsewhere")
    checkout.make("train")
    assert checkout.calls() == [INSTALL.format("train"), "digits train"]
    checkout.make("train")
    assert checkout.calls() == ["digits train"]


def test_test_runs_every_check(tmp_path: Path) -> None:
    checkout = Checkout(tmp_path, python3=True)
    checkout.make("test")
    assert checkout.calls()[1:] == [
        INSTALL.format("dev"),
        "python -m ruff check .",
        "python -m ruff format --check .",
        "python -m mypy",
        "digits data",
        "python -m pytest -n 2 --dist loadfile",
    ]


def test_serve_opens_the_page_without_torch(tmp_path: Path) -> None:
    checkout = Checkout(tmp_path, python3=True)
    checkout.make("serve", "ARGS=--port 8001")
    assert checkout.calls()[1:] == [INSTALL.format("web"), "digits serve --open --port 8001"]


def test_bench_measures(tmp_path: Path) -> None:
    checkout = Checkout(tmp_path, python3=True)
    checkout.make("bench")
    assert checkout.calls()[1:] == [INSTALL.format("bench"), "python -m benchmarks"]


def test_an_old_python3_is_passed_over(tmp_path: Path) -> None:
    checkout = Checkout(tmp_path, python3=False, python3_10=True, python3_12=True)
    checkout.make("train")
    assert checkout.calls()[0] == "python3.12 -m venv --clear .venv"


def test_a_python_can_be_named(tmp_path: Path) -> None:
    checkout = Checkout(tmp_path, python3=True, python3_12=True)
    checkout.make("train", "PYTHON=python3.12")
    assert checkout.calls()[0] == "python3.12 -m venv --clear .venv"


@pytest.mark.parametrize("pythons", [{}, {"python3": False, "python3_11": False}])
def test_no_python_is_said_clearly(pythons: dict[str, bool], tmp_path: Path) -> None:
    checkout = Checkout(tmp_path, **pythons)
    finished = checkout.make("train")
    assert finished.returncode == 2
    assert (
        "digits needs Python 3.10 or newer, and found none: install one from https://www.python.org" in finished.stderr
    )
    assert checkout.calls() == []


def test_a_named_python_that_is_too_old_is_said_clearly(tmp_path: Path) -> None:
    checkout = Checkout(tmp_path, python3=True, python3_9=False)
    finished = checkout.make("train", "PYTHON=python3.9")
    assert finished.returncode == 2
    assert "digits needs Python 3.10 or newer, and python3.9 is not: name another with PYTHON=" in finished.stderr


def test_help_lists_every_target(tmp_path: Path) -> None:
    checkout = Checkout(tmp_path)
    shown = checkout.make().stdout
    (phony,) = re.findall(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)[:1]
    assert re.findall(r"^  ([a-z]+)\t", shown, re.MULTILINE) == [name for name in phony.split() if name != "venv"]


def test_ci_runs_the_checks() -> None:
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    assert "\nmake test " in script.read_text(encoding="utf-8")
