"""constraints.txt pins every dependency of pyproject.toml to the version the tests run with."""

import re
import sys
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parent.parent
PYPROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
CONSTRAINTS = (ROOT / "constraints.txt").read_text(encoding="utf-8")
CUDA = re.compile(r"nvidia-|cuda-|triton$")
"""Libraries that a CUDA build of torch brings and pins itself."""
BENCH = "# Only the extra `bench` needs these; the tests run without them.\n"
"""Pins below this line need not be installed to run the tests."""


def pins(text: str, **environment: str) -> dict[str, Version]:
    """Return the version that a constraints file pins for each package, here or in another environment."""
    found: dict[str, Version] = {}
    for line in filter(None, (line.split("#")[0].strip() for line in text.splitlines())):
        requirement = Requirement(line)
        if not applies(requirement, **environment):
            continue
        (specifier,) = requirement.specifier
        name = canonicalize_name(requirement.name)
        if specifier.operator != "==" or name in found:
            raise ValueError(f"{line} is not the one exact pin of {name}")
        found[name] = Version(specifier.version)
    return found


def applies(requirement: Requirement, **environment: str) -> bool:
    return requirement.marker is None or requirement.marker.evaluate(environment)


def required(*extras: str) -> list[Requirement]:
    """Return the requirements of pyproject.toml with these extras, and with the extras they include."""
    project = PYPROJECT["project"]
    found = [Requirement(text) for text in project["dependencies"]]
    for requirement in (Requirement(text) for extra in extras for text in project["optional-dependencies"][extra]):
        found += required(*requirement.extras) if requirement.name == project["name"] else [requirement]
    return found


def installed(requirements: list[Requirement], extras: set[str], seen: dict[str, Version]) -> dict[str, Version]:
    """Return the installed version, without its local label, of these requirements and of what they require."""
    for requirement in requirements:
        name = canonicalize_name(requirement.name)
        is_required = any(applies(requirement, extra=extra) for extra in {"", *extras})
        if not is_required or (name in seen and not requirement.extras):
            continue
        try:
            there = distribution(name)
        except PackageNotFoundError:
            continue
        seen[name] = Version(Version(there.version).public)
        installed([Requirement(text) for text in there.requires or []], set(requirement.extras), seen)
    return seen


def test_installed_versions_are_pinned() -> None:
    found = {n: version for n, version in installed(required("dev", "bench"), set(), {}).items() if not CUDA.match(n)}
    assert {"torch", "numpy", "pytest"} <= set(found)
    pinned = pins(CONSTRAINTS)
    assert {name: version for name, version in found.items() if pinned.get(name) != version} == {}


@pytest.mark.skipif(sys.platform != "linux" or sys.version_info[:2] != (3, 11), reason="the pins were made there")
def test_every_pin_is_needed() -> None:
    everyday, _, bench = CONSTRAINTS.partition(BENCH)
    assert set(pins(everyday)) - set(installed(required("dev"), set(), {})) == set()
    there = set(installed(required("dev", "bench"), set(), {}))
    if all(canonicalize_name(each.name) in there for each in required("bench") if applies(each)):
        assert set(pins(bench)) - there == set()


@pytest.mark.parametrize("python", ["3.10", "3.11", "3.12", "3.13"])
@pytest.mark.parametrize("platform", ["linux", "darwin", "win32"])
def test_direct_dependencies_are_pinned_for_every_python(python: str, platform: str) -> None:
    pinned = pins(CONSTRAINTS, python_version=python, sys_platform=platform)
    for requirement in required("dev", "bench"):
        if applies(requirement, python_version=python, sys_platform=platform):
            assert pinned[canonicalize_name(requirement.name)] in requirement.specifier, str(requirement)


@pytest.mark.parametrize("text", ["numpy>=2", "numpy==2.4.6\nNumPy==2.2.6"])
def test_loose_or_second_pin_is_found(text: str) -> None:
    with pytest.raises(ValueError, match="not the one exact pin of numpy"):
        pins(text)


def test_markers_select_the_pin() -> None:
    text = 'numpy==2.4.6; python_version >= "3.11"\nnumpy==2.2.6; python_version < "3.11"'
    assert pins(text, python_version="3.10") == {"numpy": Version("2.2.6")}
