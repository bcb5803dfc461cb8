"""What must not be in the tree: long files, vague names, pickles, evaluated text, open ends, private places."""

import ast
import ipaddress
import re
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

import pytest

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "src" / "digits"

MAX_LINES = 300
MAX_LOOP_LINES = 250
VAGUE_NAMES = {"utils", "util", "common", "helpers", "helper", "manager", "misc"}
PICKLERS = {"pickle", "cloudpickle", "dill", "joblib", "marshal", "shelve"}
OPEN_END = re.compile(r"\b(" + "|".join(["TO" + "DO", "FIX" + "ME", "X" * 3]) + r")\b")
MACHINE_FOLDER = re.compile(r"(?<![\w.~/-])/(?:root|work|home|Users|mnt)/[\w.-]+|\b[A-Z]:\\Users\\")
URL = re.compile(r"\b(?:https?|ftp|file)://[^\s\"'`<>()\[\]]+")
LOCAL_HOSTS = {"localhost", "127.0.0.1", "0.0.0.0", "[::1]"}
PRIVATE_ENDINGS = ("internal", "local", "lan", "corp", "intranet", "home", "cluster", "svc")
BINARY_FOLDERS = ("docs/pictures/", "src/digits/pretrained/")
REPOSITORY_PATH = re.compile(r"`((?:\.?\w[\w.-]*/)+[\w.-]*|\w[\w-]*\.(?:md|toml|txt|cff|ya?ml|json))`")


def find_long_files(source: Path) -> list[str]:
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in source.rglob("*.py")}
    return sorted(f"{path.relative_to(source).as_posix()}: {n}" for path, n in lengths.items() if n >= MAX_LINES)


def find_vague_names(source: Path) -> list[str]:
    return sorted(path.relative_to(source).as_posix() for path in source.rglob("*") if path.stem in VAGUE_NAMES)


def find_unsafe_calls(code: str) -> list[str]:
    """Return the imports and calls that could run code hidden in a file."""
    found = []
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names if alias.name.split(".")[0] in PICKLERS]
        elif isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] in PICKLERS:
            found.append(node.module)
        elif isinstance(node, ast.Call):
            name = ast.unparse(node.func)
            if name in {"eval", "exec", "torch.load", "torch.save"}:
                found.append(name)
            found += [
                "allow_pickle"
                for each in node.keywords
                if each.arg == "allow_pickle" and ast.unparse(each.value) != "False"
            ]
    return found


def find_private_places(text: str, *, is_test: bool = False) -> list[str]:
    """Return folders and hosts that exist on some machines only; tests may invent hosts of one word."""
    found = MACHINE_FOLDER.findall(text)
    for url in URL.findall(text):
        host = re.sub(r":[^:\]]*$", "", urlsplit(url).netloc.rpartition("@")[2])
        if "{" in host or host in LOCAL_HOSTS:
            continue
        is_one_word = "." not in host and not is_test
        if url.startswith("file:") or is_one_word or host.split(".")[-1] in PRIVATE_ENDINGS or is_address(host):
            found.append(url)
    return found


def is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def tracked_files() -> dict[str, bytes]:
    """Return the content of every file that git tracks."""
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    contents = {
        name: (ROOT / name).read_bytes() for name in filter(None, listed.split("\0")) if (ROOT / name).is_file()
    }
    assert "pyproject.toml" in contents
    return contents


def tracked_texts() -> dict[str, str]:
    """Return every text file that git tracks."""
    texts = {name: content for name, content in tracked_files().items() if not is_binary(content)}
    return {name: content.decode("utf-8", "replace") for name, content in texts.items()}


def is_binary(content: bytes) -> bool:
    return b"\0" in content


def find_stray_binaries(files: dict[str, bytes]) -> list[str]:
    """Return the binary files that are neither pictures of the documentation nor shipped models."""
    return [name for name, content in files.items() if is_binary(content) and not name.startswith(BINARY_FOLDERS)]


def test_files_are_short() -> None:
    assert find_long_files(SOURCE) == []


def test_training_loops_are_short() -> None:
    lengths = [len(path.read_text(encoding="utf-8").splitlines()) for path in SOURCE.rglob("loop.py")]
    assert lengths
    assert max(lengths) < MAX_LOOP_LINES


def test_long_file_is_found(tmp_path: Path) -> None:
    (tmp_path / "short.py").write_text("x = 1\n" * 299)
    (tmp_path / "long.py").write_text("x = 1\n" * 300)
    assert find_long_files(tmp_path) == ["long.py: 300"]


def test_names_are_specific() -> None:
    assert find_vague_names(SOURCE) == []


def test_vague_name_is_found(tmp_path: Path) -> None:
    (tmp_path / "data" / "utils").mkdir(parents=True)
    (tmp_path / "helpers.py").touch()
    (tmp_path / "metrics.py").touch()
    assert find_vague_names(tmp_path) == ["data/utils", "helpers.py"]


def test_nothing_unpickles_or_evaluates() -> None:
    programs = sorted(SOURCE.rglob("*.py"))
    assert {path.name: found for path in programs if (found := find_unsafe_calls(path.read_text("utf-8")))} == {}


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("import pickle", ["pickle"]),
        ("def f():\n    from joblib import load", ["joblib"]),
        ("eval('1')", ["eval"]),
        ("exec(text)", ["exec"]),
        ("torch.load(path, weights_only=True)", ["torch.load"]),
        ("np.load(path, allow_pickle=True)", ["allow_pickle"]),
        ("np.load(path, allow_pickle=flag)", ["allow_pickle"]),
        ("np.load(path, allow_pickle=False)", []),
        ("model.eval()", []),
    ],
)
def test_unsafe_call_is_found(code: str, found: list[str]) -> None:
    assert find_unsafe_calls(code) == found


def test_nothing_is_left_open() -> None:
    assert {name: found for name, text in tracked_texts().items() if (found := OPEN_END.findall(text))} == {}


def test_open_end_is_found() -> None:
    assert OPEN_END.findall("# TO" + "DO: later") == ["TO" + "DO"]


def test_binary_files_have_their_folders() -> None:
    assert find_stray_binaries(tracked_files()) == []


def test_stray_binary_is_found() -> None:
    files = {"run.onnx": b"\x08\0", "docs/pictures/a.png": b"\0", "README.md": b"text"}
    assert find_stray_binaries(files) == ["run.onnx"]


def test_tree_names_no_machine() -> None:
    texts = tracked_texts()
    places = {name: find_private_places(text, is_test=name.startswith("tests/")) for name, text in texts.items()}
    assert {name: found for name, found in places.items() if found} == {}


@pytest.mark.parametrize(
    "text", ["/ro" + "ot/x", "see /wo" + "rk/a", "C:" + "\\Users\\x", "http:/" + "/10.0.0.3/simple"]
)
def test_private_place_is_found(text: str) -> None:
    assert find_private_places(text)


@pytest.mark.parametrize("host", ["mirror", "pypi.internal", "cache.corp:8080", "user:secret@nas.lan"])
def test_private_host_is_found(host: str) -> None:
    assert find_private_places("--index-url http:/" + f"/{host}/simple")


@pytest.mark.parametrize(
    "text", ["http://127.0.0.1:8000/page", "http://localhost:8000", "https://example.org/whl", "src/home/x", "~/a"]
)
def test_public_place_passes(text: str) -> None:
    assert find_private_places(text) == []


def test_contributing_names_existing_paths() -> None:
    named = REPOSITORY_PATH.findall((ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"))
    assert "docs/style.md" in named
    assert [path for path in named if not (ROOT / path).exists()] == []
