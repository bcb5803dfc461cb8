"""Every public name has a docstring, and it describes the parameters that exist."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import digits

SOURCE = Path(__file__).parent.parent / "src" / "digits"

Described = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def public_definitions(body: list[ast.stmt], prefix: str = "") -> Iterator[tuple[str, Described]]:
    """List the functions, classes and methods that a caller can reach."""
    for node in body:
        if isinstance(node, Described) and not node.name.startswith("_") and not is_overload(node):
            yield prefix + node.name, node
            if isinstance(node, ast.ClassDef):
                yield from public_definitions(node.body, f"{prefix}{node.name}.")


def is_overload(node: Described) -> bool:
    return "overload" in map(ast.unparse, node.decorator_list)


def section(docstring: str, title: str) -> list[str] | None:
    """List the names in a numpydoc section, in order; None without that section."""
    match = re.search(rf"^{title}\n-+\n(.*?)(?=\n\S[^\n]*\n-+\n|\Z)", docstring, re.DOTALL | re.MULTILINE)
    if match is None:
        return None
    entries = [line.split(":")[0] for line in match[1].splitlines() if line and not line[0].isspace()]
    return [name.strip().lstrip("*") for entry in entries for name in entry.split(",")]


def parameters(function: ast.FunctionDef | ast.AsyncFunctionDef) -> list[str]:
    a = function.args
    names = [*a.posonlyargs, *a.args, *filter(None, [a.vararg]), *a.kwonlyargs, *filter(None, [a.kwarg])]
    return [each.arg for each in names if each.arg not in {"self", "cls"}]


def fields(definition: ast.ClassDef) -> list[str]:
    annotated = [node.target for node in definition.body if isinstance(node, ast.AnnAssign)]
    return [target.id for target in annotated if isinstance(target, ast.Name) and not target.id.startswith("_")]


def faults(code: str) -> list[str]:
    """List what a module leaves undescribed or describes wrongly."""
    found = []
    tree = ast.parse(code)
    if not ast.get_docstring(tree):
        found.append("the module has no docstring")
    for name, node in public_definitions(tree.body):
        text = ast.get_docstring(node)
        if not text:
            found.append(f"{name} has no docstring")
        elif isinstance(node, ast.ClassDef):
            init = [each for each in node.body if isinstance(each, ast.FunctionDef) and each.name == "__init__"]
            real = parameters(init[0]) if init else fields(node)
            if (listed := section(text, "Parameters")) is not None and listed != real:
                found.append(f"{name} describes {listed}, has {real}")
            if not init and (extra := set(section(text, "Attributes") or []) - set(fields(node))):
                found.append(f"{name} has no {', '.join(sorted(extra))}")
        elif (listed := section(text, "Parameters")) is not None and listed != parameters(node):
            found.append(f"{name} describes {listed}, has {parameters(node)}")
    return found


def test_every_public_name_is_described() -> None:
    programs = sorted(SOURCE.rglob("*.py"))
    assert {
        path.relative_to(SOURCE).as_posix(): found
        for path in programs
        if (found := faults(path.read_text(encoding="utf-8")))
    } == {}


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("x = 1", ["the module has no docstring"]),
        ('"""M."""\ndef f(): pass', ["f has no docstring"]),
        ('"""M."""\nasync def f(): pass', ["f has no docstring"]),
        ('"""M."""\nclass C:\n    """C."""\n    def m(self): pass', ["C.m has no docstring"]),
        ('"""M."""\ndef _f(): pass', []),
        (
            '"""M."""\ndef f(a, *b, c=1):\n    """F.\n\n    Parameters\n    ----------\n    a, *b\n        A.\n'
            '    c\n        C.\n\n    Returns\n    -------\n    d\n        D.\n    """',
            [],
        ),
        (
            '"""M."""\ndef f(a):\n    """F.\n\n    Parameters\n    ----------\n    b\n        B.\n    """',
            ["f describes ['b'], has ['a']"],
        ),
        (
            '"""M."""\nclass C:\n    """C.\n\n    Attributes\n    ----------\n    a\n        A.\n'
            '    c\n        C.\n    """\n'
            "    a: int\n    b: int",
            ["C has no c"],
        ),
        (
            '"""M."""\nclass C:\n    """C.\n\n    Parameters\n    ----------\n    a\n        A.\n    """\n'
            "    def __init__(self, b): pass",
            ["C describes ['a'], has ['b']"],
        ),
    ],
)
def test_missing_or_wrong_description_is_found(code: str, found: list[str]) -> None:
    assert faults(code) == found


def test_public_names_exist() -> None:
    assert [name for name in digits.__all__ if not hasattr(digits, name)] == []


def test_every_public_object_is_described() -> None:
    objects = {name: getattr(digits, name) for name in digits.__all__}
    assert [name for name, each in objects.items() if callable(each) and not each.__doc__] == []
