"""constraints.txt holds the exact versions these tests run with, for everything pyproject.toml asks for."""

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
UNPINNED = re.compile(r"nvidia-|cuda-|triton$")
"""What a CUDA build of torch brings, and pins itself."""
BENCH = "# Only the extra `bench` needs these; the tests do without.\n"
"""What stands below this line need not be installed to run the tests."""


def pins(text: str, **environment: str) -> dict[str, Version]:
    """The versions that a constraints file fixes here, or in another environment; a second pin is an error."""
    found: dict[str, Version] = {}
    for line in filter(None, (line.split("#")[0].strip() for line in text.splitlines())):
        requirement = Requirement(line)
        if requirement.marker and not requirement.marker.evaluate(environment):
            continue
        (specifier,) = requirement.specifier
        name = canonicalize_name(requirement.name)
        if specifier.operator != "==" or name in found:
            raise ValueError(f"{line} is not the one exact pin of {name}")
        found[name] = Version(specifier.version)
    return found


def asked(extra: str) -> list[Requirement]:
    """What pyproject.toml asks for with an extra, the extras it names itself included."""
    project = PYPROJECT["project"]
    found = [Requirement(text) for text in project["dependencies"]]
    for requirement in map(Requirement, project["optional-dependencies"][extra]):
        ours = requirement.name == project["name"]
        found += [each for more in sorted(requirement.extras) for each in asked(more)] if ours else [requirement]
    return found


def installed(requirements: list[Requirement], extras: set[str], seen: dict[str, Version]) -> dict[str, Version]:
    """Everything installed that is asked for here, directly or not, with the public part of its version."""
    for requirement in requirements:
        name = canonicalize_name(requirement.name)
        wanted = requirement.marker is None or any(requirement.marker.evaluate({"extra": e}) for e in {"", *extras})
        if not wanted or (name in seen and not requirement.extras):
            continue
        try:
            there = distribution(name)
        except PackageNotFoundError:
            continue
        seen[name] = Version(Version(there.version).public)
        installed([Requirement(text) for text in there.requires or []], set(requirement.extras), seen)
    return seen


def applies(requirement: Requirement, **environment: str) -> bool:
    """Whether it is asked for here, or in another environment."""
    return requirement.marker is None or requirement.marker.evaluate(environment)


def test_the_tests_run_with_the_pinned_versions() -> None:
    pinned = pins((ROOT / "constraints.txt").read_text(encoding="utf-8"))
    found = installed(asked("dev") + asked("bench"), set(), {})
    here = {name: version for name, version in found.items() if not UNPINNED.match(name)}
    assert {"torch", "numpy", "pytest"} <= set(here)
    assert {f"{name}=={version}" for name, version in here.items()} - {f"{n}=={v}" for n, v in pinned.items()} == set()


@pytest.mark.skipif(sys.platform != "linux" or sys.version_info[:2] != (3, 11), reason="the pins were taken there")
def test_nothing_is_pinned_that_is_not_needed() -> None:
    everyday, _, bench = (ROOT / "constraints.txt").read_text(encoding="utf-8").partition(BENCH)
    assert set(pins(everyday)) - set(installed(asked("dev"), set(), {})) == set()
    there = set(installed(asked("dev") + asked("bench"), set(), {}))
    if all(canonicalize_name(requirement.name) in there for requirement in asked("bench") if applies(requirement)):
        assert set(pins(bench)) - there == set()


@pytest.mark.parametrize("python", ["3.10", "3.11", "3.12", "3.13"])
@pytest.mark.parametrize("platform", ["linux", "darwin", "win32"])
def test_every_python_has_one_pin_for_every_direct_dependency(python: str, platform: str) -> None:
    pinned = pins((ROOT / "constraints.txt").read_text(encoding="utf-8"), python_version=python, sys_platform=platform)
    for requirement in asked("dev") + asked("bench"):
        if applies(requirement, python_version=python, sys_platform=platform):
            assert pinned[canonicalize_name(requirement.name)] in requirement.specifier, str(requirement)


@pytest.mark.parametrize("text", ["numpy>=2", "numpy==2.4.6\nNumPy==2.2.6"])
def test_a_loose_or_second_pin_is_found(text: str) -> None:
    with pytest.raises(ValueError, match="is not the one exact pin of numpy"):
        pins(text)


def test_markers_choose_the_pin() -> None:
    text = 'numpy==2.4.6; python_version >= "3.11"\nnumpy==2.2.6; python_version < "3.11"'
    assert pins(text, python_version="3.10") == {"numpy": Version("2.2.6")}
