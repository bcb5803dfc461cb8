"""Downloading MNIST: each mirror in turn, each file checked by its decoded content before it takes its place."""

from __future__ import annotations

import contextlib
import gzip
import logging
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from digits.data.formats.idx import idx_sha256, read_idx
from digits.data.formats.idx_sets import IdxSet, read_idx_set
from digits.data.formats.npz import read_npz
from digits.data.identity import MNIST_SHA256, make_dataset
from digits.data.raw_dataset import MNIST_FILES, RawDataset
from digits.errors import DataError, StorageError
from digits.files import intended_name, replace_atomically, storing

log = logging.getLogger(__name__)

# Folders with the four gzipped files, or one .npz, in the order they are tried.
MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
    "https://storage.googleapis.com/tensorflow/tf-keras-datasets/mnist.npz",
)
MIRRORS_VARIABLE = "DIGITS_MIRRORS"  # environment variable with mirrors to use instead, separated by commas

MAX_ATTEMPTS = 3  # per file and mirror while it is busy or the connection breaks; an unreachable mirror gets one
RETRY_PAUSE = 0.5  # seconds before the second attempt; twice as many before the third
CONNECT_TIMEOUT, READ_TIMEOUT = 5, 30  # seconds to wait for a connection, and for each next piece

# Bytes of each download, at most: the decoded file, which some servers send, and room for a container around it.
MAX_BYTES = {
    **dict(zip(MNIST_FILES, (48 * 10**6, 10**5, 8 * 10**6, 10**5), strict=True)),
    "mnist.npz": 60 * 10**6,  # the labels may have eight bytes each
}

STALE_SECONDS = 600  # a temporary file that has not changed for so long was left by a killed process


def mirrors() -> tuple[str, ...]:
    """Return the mirrors to try: those of ``$DIGITS_MIRRORS``, or `MIRRORS`."""
    urls = tuple(url.strip() for url in os.environ.get(MIRRORS_VARIABLE, "").split(",") if url.strip())
    return tuple(url if url.endswith((".npz", "/")) else f"{url}/" for url in urls or MIRRORS)


def cache_folder() -> Path:
    """Return the operating system's usual folder for downloads of this user."""
    from platformdirs import user_cache_dir

    return Path(user_cache_dir("digits")) / "mnist"


def fetch_mnist(folder: Path, urls: Sequence[str] | None = None) -> RawDataset:
    """Download the files of MNIST that `folder` lacks, and read all of it.

    Complete files, from an earlier attempt or another mirror, are kept; broken ones are replaced, and the temporary
    files of killed processes are removed. The folder is created if missing; only complete and checked files ever get
    their final names there. `urls` are by default those of `mirrors`.

    Raises
    ------
    DataError
        No mirror had all files; the message has one line per mirror.
    StorageError
        The folder cannot be written.
    """
    try:
        with storing(folder):
            folder.mkdir(parents=True, exist_ok=True)
            _remove_stale_files(folder)
        reasons = []
        for url in mirrors() if urls is None else urls:
            try:
                return _fetch_npz(url, folder) if url.endswith(".npz") else _fetch_idx(url, folder)
            except DataError as error:
                log.info("%s: %s", url, error)
                reasons.append(f"  {url}: {error}")
    except StorageError as error:
        raise StorageError(
            f"{error} If you have MNIST elsewhere, name its folder with --data or $DIGITS_DATA."
        ) from None
    raise DataError("\n".join(("Tried:", *reasons)))


def _remove_stale_files(folder: Path) -> None:
    names = {*(f"{name}.gz" for name in MNIST_FILES), "mnist.npz"}
    for path in folder.glob(".*.part"):
        with contextlib.suppress(FileNotFoundError):  # another process was quicker
            if intended_name(path) in names and path.lstat().st_mtime < time.time() - STALE_SECONDS:
                path.unlink()


def _fetch_idx(mirror: str, folder: Path) -> RawDataset:
    files = {}
    for name in MNIST_FILES:
        target = folder / f"{name}.gz"
        fold, kind = name.replace("t10k", "test").split("-")[:2]
        files[fold, kind] = [target]
        if target.exists():
            try:
                _check(target, name)
                continue
            except DataError as error:
                log.info("%s Downloading it again.", error)
        _fetch(mirror + target.name, target, name)
    return read_idx_set(IdxSet(folder, "", files), need_both=True)


def _fetch_npz(mirror: str, folder: Path) -> RawDataset:
    target = folder / "mnist.npz"
    _fetch(mirror, target, target.name)
    return read_npz(target)


def _fetch(url: str, target: Path, name: str) -> None:
    def check(path: Path) -> None:
        _check(path, name)
        if name in MNIST_FILES and path.read_bytes()[:2] != b"\x1f\x8b":
            # Some servers decompress what they send; the name promises gzip to other programs.
            path.write_bytes(gzip.compress(path.read_bytes(), 1, mtime=0))

    fetch_file(url, target, check, MAX_BYTES[name])


def fetch_file(url: str, target: Path, check: Callable[[Path], object], limit: int) -> None:
    """Download one file, which gets its name once it is complete and checked.

    Parameters
    ----------
    url
        Its address.
    target
        Its path, in a folder that exists.
    check
        Called with a path of another name; raises `DataError` if the file there is not the right one.
    limit
        Bytes that it has at most.

    Raises
    ------
    DataError
        The file could not be downloaded, or is not the right one.
    StorageError
        The folder cannot be written.
    """
    with replace_atomically(target) as temporary:
        _download(url, temporary, limit)
        try:
            check(temporary)
        except DataError as error:
            raise DataError(str(error).replace(str(temporary), f"the response from {url}")) from None


def _check(path: Path, name: str) -> None:
    if name not in MNIST_FILES:
        if make_dataset(read_npz(path)).name != "MNIST":
            raise DataError(f"{path} is not MNIST: its decoded SHA-256 differ.")
    elif (digest := idx_sha256(read_idx(path))) != MNIST_SHA256[name]:
        raise DataError(f"{path} is not MNIST's {name}: its decoded SHA-256 is {digest}, not {MNIST_SHA256[name]}.")


def _download(url: str, target: Path, limit: int) -> None:
    import requests

    log.info("Downloading %s", url)
    name = url.rpartition("/")[2]
    for attempt in range(1, MAX_ATTEMPTS + 1):
        try:
            _receive(url, target, limit)
            return
        except _TooLargeError:
            raise DataError(f"{name}: the response has over {limit:,} bytes.") from None
        except (requests.RequestException, ValueError) as error:
            response = getattr(error, "response", None)
            is_refused = response is not None and response.status_code < 500 and response.status_code != 429
            # a ValueError means an invalid URL or length
            is_final = is_refused or isinstance(error, ValueError) or _is_unreachable(error)
            if is_final or attempt == MAX_ATTEMPTS:
                raise DataError(f"{name}: {_describe(error)}.") from None
            log.info("%s: %s; trying again.", url, _describe(error))
            time.sleep(RETRY_PAUSE * attempt)


class _TooLargeError(Exception):
    """A download that is larger than the file can be."""


def _receive(url: str, target: Path, limit: int) -> None:
    import requests
    from tqdm import tqdm

    # through a connection that is left open, the server would send more
    with (
        requests.get(url, stream=True, timeout=(CONNECT_TIMEOUT, READ_TIMEOUT)) as response,
        target.open("wb") as file,
        tqdm(desc=target.name, unit="B", unit_scale=True, disable=None) as bar,
    ):
        response.raise_for_status()
        bar.total = int(response.headers.get("Content-Length", 0)) or None
        for chunk in response.iter_content(2**16):
            limit -= len(chunk)
            if limit < 0:
                raise _TooLargeError
            file.write(chunk)
            bar.update(len(chunk))


def _is_unreachable(error: Exception) -> bool:
    """Tell whether no connection was made at all: unlike for a busy server, waiting offline does not help."""
    import requests
    from urllib3.exceptions import MaxRetryError

    # urllib3 raises this for a connection that cannot be made; for one that breaks later, a ProtocolError
    return isinstance(error, requests.ConnectionError) and isinstance(next(iter(error.args), None), MaxRetryError)


def _describe(error: Exception) -> str:
    import requests

    if not isinstance(error, requests.RequestException):
        return "the server does not answer as HTTP says"
    if isinstance(error, requests.HTTPError) and error.response is not None:
        return f"the server answered {error.response.status_code} {error.response.reason}"
    if isinstance(error, requests.ConnectTimeout):
        return f"no connection within {CONNECT_TIMEOUT} seconds (is this machine online, or behind a proxy?)"
    if isinstance(error, requests.Timeout):
        return f"no answer within {READ_TIMEOUT} seconds"
    if isinstance(error, requests.exceptions.ChunkedEncodingError):
        return "the connection broke before the end"
    if isinstance(error, requests.ConnectionError):
        return "no connection (is this machine online, or behind a proxy?)"
    return str(error)
