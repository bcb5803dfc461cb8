"""What may not be in the tree: long files, vague names, pickles, evaluated text, things left undone, places of ours."""

import ast
import ipaddress
import re
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

import pytest

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "src" / "digits"

LONGEST = 300
LONGEST_LOOP = 250
VAGUE = {"utils", "util", "common", "helpers", "helper", "manager", "misc"}
PICKLING = {"pickle", "cloudpickle", "dill", "joblib", "marshal", "shelve"}
UNDONE = re.compile(r"\b(" + "|".join(["TO" + "DO", "FIX" + "ME", "X" * 3]) + r")\b")
PLACE = re.compile(r"(?<![\w.~/-])/(?:root|work|home|Users|mnt)/[\w.-]+|\b[A-Z]:\\Users\\")
ADDRESS = re.compile(r"\b(?:https?|ftp|file)://[^\s\"'`<>()\[\]]+")
HERE = {"localhost", "127.0.0.1", "0.0.0.0", "[::1]"}
PRIVATE_ENDINGS = ("internal", "local", "lan", "corp", "intranet", "home", "cluster", "svc")


def too_long(source: Path) -> list[str]:
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in source.rglob("*.py")}
    return sorted(f"{path.relative_to(source).as_posix()}: {n}" for path, n in lengths.items() if n >= LONGEST)


def vague(source: Path) -> list[str]:
    return sorted(path.relative_to(source).as_posix() for path in source.rglob("*") if path.stem in VAGUE)


def unsafe(code: str) -> list[str]:
    """What in a program could run code that a file brings along."""
    found = []
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names if alias.name.split(".")[0] in PICKLING]
        elif isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] in PICKLING:
            found.append(node.module)
        elif isinstance(node, ast.Call):
            name = ast.unparse(node.func)
            if name in {"eval", "exec", "torch.load", "torch.save"}:
                found.append(name)
            found += ["allow_pickle" for each in node.keywords if each.arg == "allow_pickle" and is_true(each.value)]
    return found


def is_true(node: ast.expr) -> bool:
    return not (isinstance(node, ast.Constant) and node.value is False)


def ours_only(text: str, *, made_up: bool = False) -> list[str]:
    """Folders and hosts that exist on some machines only; where hosts are made up, one-word hosts are fine."""
    found = PLACE.findall(text)
    for address in ADDRESS.findall(text):
        host = urlsplit(address).netloc.rpartition("@")[2]
        host = re.sub(r":[^:\]]*$", "", host)
        if "{" in host or host in HERE:
            continue
        one_word = "." not in host and not made_up
        if address.startswith("file:") or one_word or host.split(".")[-1] in PRIVATE_ENDINGS or is_number(host):
            found.append(address)
    return found


def is_number(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def tracked_texts() -> dict[str, str]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    texts = {}
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            content = (ROOT / name).read_bytes()
            if b"\0" not in content:
                texts[name] = content.decode("utf-8", errors="replace")
    assert "pyproject.toml" in texts
    return texts


def test_every_file_fits_one_sitting() -> None:
    assert too_long(SOURCE) == []


def test_the_training_loop_is_one_short_file() -> None:
    assert len((SOURCE / "training" / "loop.py").read_text(encoding="utf-8").splitlines()) < LONGEST_LOOP


def test_a_long_file_is_found(tmp_path: Path) -> None:
    (tmp_path / "short.py").write_text("x = 1\n" * 299)
    (tmp_path / "long.py").write_text("x = 1\n" * 300)
    assert too_long(tmp_path) == ["long.py: 300"]


def test_names_say_what_is_inside() -> None:
    assert vague(SOURCE) == []


def test_a_vague_name_is_found(tmp_path: Path) -> None:
    (tmp_path / "data" / "utils").mkdir(parents=True)
    (tmp_path / "helpers.py").touch()
    (tmp_path / "metrics.py").touch()
    assert vague(tmp_path) == ["data/utils", "helpers.py"]


def test_nothing_pickles_or_evaluates() -> None:
    programs = sorted(SOURCE.rglob("*.py"))
    assert {path.name: found for path in programs if (found := unsafe(path.read_text(encoding="utf-8")))} == {}


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("import pickle", ["pickle"]),
        ("def f():\n    from joblib import load", ["joblib"]),
        ("eval('1')", ["eval"]),
        ("exec(text)", ["exec"]),
        ("torch.load(path, weights_only=True)", ["torch.load"]),
        ("np.load(path, allow_pickle=True)", ["allow_pickle"]),
        ("np.load(path, allow_pickle=False)", []),
        ("model.eval()", []),
    ],
)
def test_an_unsafe_call_is_found(code: str, found: list[str]) -> None:
    assert unsafe(code) == found


def test_nothing_is_left_undone() -> None:
    assert {name: found for name, text in tracked_texts().items() if (found := UNDONE.findall(text))} == {}


def test_a_thing_left_undone_is_found() -> None:
    assert UNDONE.findall("# TO" + "DO: later") == ["TO" + "DO"]


def test_the_tree_names_no_machine() -> None:
    texts = tracked_texts()
    assert {name: found for name in texts if (found := ours_only(texts[name], made_up=name.startswith("tests/")))} == {}


@pytest.mark.parametrize(
    "text", ["/ro" + "ot/x", "see /wo" + "rk/a", "C:" + "\\Users\\x", "http:/" + "/10.0.0.3/simple"]
)
def test_a_place_of_ours_is_found(text: str) -> None:
    assert ours_only(text)


@pytest.mark.parametrize("host", ["mirror", "pypi.internal", "cache.corp:8080", "user:secret@nas.lan"])
def test_a_private_host_is_found(host: str) -> None:
    assert ours_only("--index-url http:/" + f"/{host}/simple")


@pytest.mark.parametrize(
    "text",
    [
        "http://127.0.0.1:8000/page",
        "http://localhost:8000",
        "https://download.pytorch.org/whl/cpu",
        "src/home/x",
        "~/a",
    ],
)
def test_a_public_place_passes(text: str) -> None:
    assert ours_only(text) == []
