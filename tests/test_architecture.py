"""Which package may import which. The tables below are the law; docs/design.md gives the reasons."""

import ast
import importlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "src" / "digits"

BASE = {"types", "errors", "files", "options", "lazy", "orphans", "pixels", "version"}

ROOMS = {
    "shapes": set(),
    "version": set(),
    "errors": set(),
    "files": {"errors"},
    "lazy": set(),
    "orphans": set(),
    "options": {"errors"},
    "types": {"errors"},
    "pixels": {"types"},
    "data": {*BASE, "preprocessing.opening"},
    "synthesis": {*BASE, "preprocessing"},
    "preprocessing": {*BASE},
    "inference": {*BASE, "preprocessing"},
    "documents": {*BASE, "inference", "preprocessing"},
    "doctor": {*BASE, "data", "inference", "preprocessing"},
    "evaluation": {*BASE, "data", "inference", "doctor"},
    "training": {
        *BASE,
        "data",
        "synthesis",
        "preprocessing.scales",
        "evaluation.metrics",
        "evaluation.calibration",
        "inference",
        "doctor",
    },
    "experiments": {*BASE, "training", "evaluation", "data", "doctor", "inference"},
    "sklearn": {"experiments"},
    "web": {*BASE, "data", "inference", "preprocessing", "documents", "synthesis"},
    "pretrained": set(),
    "cli": {
        *BASE,
        "data",
        "doctor",
        "synthesis",
        "preprocessing",
        "inference",
        "documents",
        "evaluation",
        "training",
        "experiments",
        "web",
    },
}
"""Each package or module of digits, and the others that it may import."""

GUESTS = {
    "torch": ({"training", "experiments"}, {"cli"}),
    "matplotlib": (set(), {"evaluation", "experiments"}),
    "onnxruntime": ({"inference"}, set()),
    "onnx": ({"training"}, {"inference"}),
    "cv2": ({"preprocessing", "synthesis", "documents"}, set()),
    "openpyxl": (set(), {"documents"}),
    "reportlab": (set(), {"documents"}),
    "fastapi": ({"web"}, set()),
    "starlette": ({"web"}, set()),
    "uvicorn": ({"web"}, set()),
    "pydantic": ({"web"}, set()),
    "optuna": ({"experiments"}, set()),
    "sklearn": ({"experiments"}, set()),
    "mlflow": (set(), {"experiments"}),
    "trackio": (set(), {"experiments"}),
    "wandb": (set(), {"experiments"}),
}
"""Heavy or special libraries: the packages that may import them anywhere, and those that may inside functions."""

ONLY = {
    "types": {"numpy"},
    "pixels": {"numpy"},
    "errors": set(),
    "files": set(),
    "options": set(),
    "lazy": set(),
    "orphans": set(),
    "shapes": {"jaxtyping"},
}
"""Modules that may import no other library than these."""

LIGHT = {"errors", "options"}
"""Rooms that the command line may import outside functions: they cost ``digits --help`` nothing."""

HEAVY = ["torch", "matplotlib", "cv2", "onnxruntime"]
"""What ``import digits`` and ``digits --help`` must not load."""


@dataclass(frozen=True)
class Import:
    target: str  # dotted, absolute
    line: int
    lazy: bool  # inside a function, or for the type checker only


def imported_by_call(call: ast.Call) -> str | None:
    """Return ``"x.y"`` for ``importlib.import_module("x.y")``."""
    known = ast.unparse(call.func).split(".")[-1] in {"import_module", "__import__"}
    first = call.args[0] if known and call.args else None
    return first.value if isinstance(first, ast.Constant) and isinstance(first.value, str) else None


def imports_of(path: Path, module: str) -> Iterator[Import]:
    """Yield every import of a file; ``module`` is its dotted name, with ``.__init__`` where it is one."""

    def absolute(level: int, name: str) -> str:
        if not level:
            return name
        return ".".join(filter(None, [*module.split(".")[:-level], name]))

    def walk(node: ast.AST, lazy: bool) -> Iterator[Import]:
        if isinstance(node, ast.Import):
            yield from (Import(alias.name, node.lineno, lazy) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = absolute(node.level, node.module or "")
            yield from (Import(f"{base}.{alias.name}", node.lineno, lazy) for alias in node.names)
        elif isinstance(node, ast.Call) and (name := imported_by_call(node)):
            bare = name.lstrip(".")
            yield Import(absolute(len(name) - len(bare), bare), node.lineno, lazy)
        lazy = lazy or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        lazy = lazy or (isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"))
        for child in ast.iter_child_nodes(node):
            yield from walk(child, lazy)

    yield from walk(ast.parse(path.read_text(encoding="utf-8")), lazy=False)


def within(name: str, allowed: set[str]) -> bool:
    return any(name == door or name.startswith(f"{door}.") for door in allowed)


def violations(source: Path) -> list[str]:
    """Return the forbidden imports below ``source``, one line each."""
    found = []
    for path in sorted(source.rglob("*.py")):
        parts = path.relative_to(source).with_suffix("").parts
        room = parts[0]
        for each in imports_of(path, ".".join(("digits", *parts))):
            top, _, inside = each.target.partition(".")
            where = f"{path.relative_to(source).as_posix()}:{each.line}"
            if top == "digits":
                target = inside.split(".")[0]
                if target in ("__version__", "shapes") or (target == room and inside != room + ".*"):
                    continue
                if room == "__init__":
                    fine = target != "cli" and within(inside, set(ROOMS))
                elif room == "__main__":
                    fine = target == "cli"
                else:
                    fine = within(inside, ROOMS.get(room, set()))
                if not fine:
                    found.append(f"{where} {room} imports {each.target}")
                elif room == "cli" and not each.lazy and target not in LIGHT:
                    found.append(f"{where} cli imports {each.target} outside a function")
            elif top not in sys.stdlib_module_names:
                anywhere, in_functions = GUESTS.get(top, (set(ROOMS), set()))
                anywhere = anywhere - {room for room, packages in ONLY.items() if top not in packages}
                if room not in anywhere | in_functions:
                    found.append(f"{where} {room} imports {top}")
                elif not each.lazy and (room in in_functions or room == "cli"):
                    found.append(f"{where} {room} imports {top} outside a function")
    return found


def find_circle(source: Path) -> list[str]:
    """Return modules of which each imports the next, and the last the first, also inside functions."""
    modules = {
        ".".join(("digits", *path.relative_to(source).with_suffix("").parts)): path for path in source.rglob("*.py")
    }

    def module_of(target: str) -> str:
        while target and target not in modules and f"{target}.__init__" not in modules:
            target = target.rpartition(".")[0]
        return target if target in modules else f"{target}.__init__"

    arrows = {name: {module_of(each.target) for each in imports_of(path, name)} for name, path in modules.items()}
    try:
        TopologicalSorter({name: targets & modules.keys() - {name} for name, targets in arrows.items()}).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def test_no_modules_import_each_other() -> None:
    assert find_circle(SOURCE) == []


def test_circle_is_found(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "__init__.py").touch()
    (tmp_path / "data" / "idx.py").write_text("from digits.data import mnist")
    (tmp_path / "data" / "mnist.py").write_text("from digits.files import write")
    (tmp_path / "files.py").write_text("def f():\n    from .data.idx import read")
    found = find_circle(tmp_path)
    assert found[0] == found[-1]
    assert set(found) == {"digits.data.idx", "digits.data.mnist", "digits.files"}


def test_packages_keep_the_import_law() -> None:
    assert violations(SOURCE) == []


def test_every_package_is_in_the_law() -> None:
    rooms = {
        path.stem
        for path in SOURCE.iterdir()
        if (path.is_dir() and any(path.glob("*.py"))) or (path.suffix == ".py" and not path.stem.startswith("__"))
    }
    assert rooms - set(ROOMS) == set()


@pytest.mark.parametrize(
    ("file", "code", "complaint"),
    [
        ("types.py", "from digits.data import load_mnist", "types.py:1 types imports digits.data.load_mnist"),
        ("types.py", "import PIL.Image", "types.py:1 types imports PIL"),
        ("data/idx.py", "import torch", "data/idx.py:1 data imports torch"),
        ("data/idx.py", "def f():\n    import torch.nn", "data/idx.py:2 data imports torch"),
        ("data/idx.py", "def f():\n    from ..training import loop", "data/idx.py:2 data imports digits.training.loop"),
        ("data/__init__.py", "from ..training import loop", "data/__init__.py:1 data imports digits.training.loop"),
        ("data/idx.py", "from .. import inference", "data/idx.py:1 data imports digits.inference"),
        ("data/idx.py", "import digits", "data/idx.py:1 data imports digits"),
        ("data/idx.py", "from digits import load_mnist", "data/idx.py:1 data imports digits.load_mnist"),
        ("data/a/deep.py", "from ...web import app", "data/a/deep.py:1 data imports digits.web.app"),
        (
            "evaluation/metrics.py",
            "import importlib\nimportlib.import_module('digits.training')",
            "evaluation/metrics.py:2 evaluation imports digits.training",
        ),
        (
            "evaluation/metrics.py",
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from digits.training import Network",
            "evaluation/metrics.py:3 evaluation imports digits.training.Network",
        ),
        (
            "evaluation/figures.py",
            "from matplotlib.figure import Figure",
            "evaluation/figures.py:1 evaluation imports matplotlib outside a function",
        ),
        ("training/loop.py", "def f():\n    import matplotlib", "training/loop.py:2 training imports matplotlib"),
        ("training/loop.py", "import onnxruntime", "training/loop.py:1 training imports onnxruntime"),
        (
            "training/loop.py",
            "from digits.evaluation.report import write",
            "training/loop.py:1 training imports digits.evaluation.report.write",
        ),
        (
            "training/loop.py",
            "from digits.evaluation import accuracy",
            "training/loop.py:1 training imports digits.evaluation.accuracy",
        ),
        ("inference.py", "def f():\n    import torch", "inference.py:2 inference imports torch"),
        ("web/app.py", "from digits.cli import main", "web/app.py:1 web imports digits.cli.main"),
        ("__init__.py", "from digits.cli import main", "__init__.py:1 __init__ imports digits.cli.main"),
        ("__main__.py", "from digits.training import train", "__main__.py:1 __main__ imports digits.training.train"),
        (
            "cli/data.py",
            "from digits.data import load_mnist",
            "cli/data.py:1 cli imports digits.data.load_mnist outside a function",
        ),
        ("cli/terminal.py", "import tqdm", "cli/terminal.py:1 cli imports tqdm outside a function"),
        ("attic.py", "from digits.types import SIDE", "attic.py:1 attic imports digits.types.SIDE"),
    ],
)
def test_forbidden_import_is_found(file: str, code: str, complaint: str, tmp_path: Path) -> None:
    (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / file).write_text(code)
    assert violations(tmp_path) == [complaint]


@pytest.mark.parametrize(
    ("file", "code"),
    [
        ("data/idx.py", "from .npz import read"),
        ("data/idx.py", "from digits.data.npz import read\nfrom digits.types import SIDE"),
        ("data/idx.py", "from digits import __version__"),
        ("training/loop.py", "import torch\nfrom digits.evaluation.metrics import accuracy"),
        ("training/export.py", "from digits.evaluation import metrics\nfrom digits.inference import load"),
        ("evaluation/figures.py", "def f():\n    from matplotlib.figure import Figure"),
        ("cli/train.py", "import sys\ndef f():\n    import torch\n    from digits.training import train"),
        ("cli/__init__.py", "from digits.cli import data, train\nfrom digits.cli.terminal import say"),
        ("__main__.py", "from digits.cli import main"),
    ],
)
def test_allowed_import_passes(file: str, code: str, tmp_path: Path) -> None:
    (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / file).write_text(code)
    assert violations(tmp_path) == []


def private_uses(code: str, public: set[str]) -> list[str]:
    """Return what a program takes from digits that is not public."""
    found = []
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names if alias.name.startswith("digits.")]
        elif isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "digits":
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            found += [name for name in names if name.removeprefix("digits.") not in public]
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "digits":
            found += [f"digits.{node.attr}"] if node.attr not in public else []
    return found


def notebook_code(path: Path) -> str:
    cells = [cell for cell in json.loads(path.read_text(encoding="utf-8"))["cells"] if cell["cell_type"] == "code"]
    lines = "\n".join("".join(cell["source"]) for cell in cells).splitlines()
    return "\n".join("" if line.lstrip().startswith(("%", "!")) else line for line in lines)


def public_names() -> set[str]:
    """Return the names of ``digits`` and, as ``package.name``, those of its packages."""
    import digits

    packages = {path.parent.name for path in SOURCE.glob("*/__init__.py")}
    modules = {name: importlib.import_module(f"digits.{name}") for name in packages}
    inner = {f"{name}.{each}" for name, module in modules.items() for each in getattr(module, "__all__", ())}
    return {*digits.__all__, "__version__"} | inner


@pytest.mark.parametrize("folder", ["benchmarks", "examples", "notebooks"])
def test_programs_use_public_names_only(folder: str) -> None:
    programs = {path: path.read_text("utf-8") for path in (ROOT / folder).rglob("*.py")}
    programs |= {path: notebook_code(path) for path in (ROOT / folder).rglob("*.ipynb")}
    public = public_names()
    assert programs
    assert {path.name: uses for path, code in programs.items() if (uses := private_uses(code, public))} == {}


@pytest.mark.parametrize(
    ("code", "uses"),
    [
        ("from digits import load_mnist\nimport digits\ndigits.load_mnist()", []),
        ("from digits.data import load_mnist", ["digits.data.load_mnist"]),
        ("import digits.training", ["digits.training"]),
        ("from digits import training", ["digits.training"]),
        ("import digits\ndigits.training.fit()", ["digits.training"]),
    ],
)
def test_private_use_is_found(code: str, uses: list[str]) -> None:
    assert private_uses(code, {"load_mnist"}) == uses


def run_python(code: str) -> str:
    finished = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=False)
    assert finished.returncode == 0, finished.stderr
    return finished.stdout


def test_importing_digits_loads_nothing_heavy() -> None:
    assert run_python(f"import sys, digits; print([name for name in {HEAVY} if name in sys.modules])").strip() == "[]"


def test_help_loads_nothing_heavy() -> None:
    shown = run_python(
        "import sys; sys.argv = ['digits', '--help']; from digits.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        f"print([name for name in {HEAVY} if name in sys.modules])"
    )
    assert "usage: digits" in shown
    assert shown.splitlines()[-1] == "[]"


def test_heavy_import_is_detected() -> None:
    assert run_python(f"import sys, onnxruntime; print([n for n in {HEAVY} if n in sys.modules])").strip() != "[]"


def test_help_answers_within_a_quarter_second() -> None:
    """A quarter second of processor time, which a busy machine does not change."""
    resource = pytest.importorskip("resource")
    command = shutil.which("digits", path=os.path.dirname(sys.executable))  # noqa: PTH120
    assert command, "the digits command is not installed beside this Python"
    seconds = []
    for _ in range(3):  # the first may compile the modules
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([command, "--help"], capture_output=True, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        seconds.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    assert min(seconds) < 0.25
