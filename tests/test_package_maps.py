"""Every package's docstring is a map: it names each of its modules and packages."""

import ast
import re
from pathlib import Path

SOURCE = Path(__file__).parent.parent / "src" / "digits"


def find_missing(package: Path) -> list[str]:
    """Return the modules of a package that its docstring does not name."""
    docstring = ast.get_docstring(ast.parse((package / "__init__.py").read_text(encoding="utf-8"))) or ""
    named = set(re.findall(r"`([\w.]+)`", docstring))
    modules = {path.stem for path in package.glob("[!_]*.py")}
    modules |= {path.name for path in package.iterdir() if (path / "__init__.py").is_file()}
    return sorted(modules - named)


def test_every_package_names_its_modules() -> None:
    packages = [path.parent for path in SOURCE.rglob("__init__.py") if path.parent != SOURCE]
    assert len(packages) > 8
    assert {package.name: missing for package in packages if (missing := find_missing(package))} == {}


def test_the_benchmarks_name_their_modules() -> None:
    folder = SOURCE.parent.parent / "benchmarks"
    docstring = ast.get_docstring(ast.parse((folder / "__init__.py").read_text(encoding="utf-8"))) or ""
    named = re.findall(r"^ +(\w+\.py) ", docstring, re.MULTILINE)
    assert sorted(named) == sorted(path.name for path in folder.glob("*.py") if path.name != "__init__.py")


def test_missing_module_is_found(tmp_path: Path) -> None:
    (tmp_path / "__init__.py").write_text('"""Names `first` alone."""\n')
    for name in ("first", "second"):
        (tmp_path / f"{name}.py").touch()
    (tmp_path / "third").mkdir()
    (tmp_path / "third" / "__init__.py").touch()
    assert find_missing(tmp_path) == ["second", "third"]
