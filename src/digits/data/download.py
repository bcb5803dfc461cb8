"""Downloading MNIST: mirror after mirror, each file checked by its decoded content before it takes its place."""

from __future__ import annotations

import gzip
import logging
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from digits.data.formats.idx import idx_sha256, read_idx
from digits.data.formats.idx_sets import IdxSet, read_idx_set
from digits.data.formats.npz import read_npz
from digits.data.identity import MNIST_SHA256, make_dataset
from digits.data.raw_dataset import MNIST_FILES, RawDataset
from digits.errors import DataError
from digits.files import replace_atomically

log = logging.getLogger(__name__)

MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
    "https://storage.googleapis.com/tensorflow/tf-keras-datasets/mnist.npz",
)
"""Folders with the four gzipped files, or one ``.npz``, in the order they are tried."""

VARIABLE = "DIGITS_MIRRORS"
"""Environment variable with mirrors to try instead, parted by commas."""

ATTEMPTS = 3
"""How often one mirror is asked for one file, when it is too busy or the connection breaks; once if there is none."""

PAUSE = 0.5
"""Seconds before the second attempt; twice as many before the third."""

TIMEOUT = (5, 30)
"""Seconds to wait for a connection, and for each next piece."""


def mirrors() -> tuple[str, ...]:
    """Give the mirrors to try: those of ``$DIGITS_MIRRORS``, or `MIRRORS`."""
    named = tuple(mirror.strip() for mirror in os.environ.get(VARIABLE, "").split(",") if mirror.strip())
    return tuple(mirror if mirror.endswith((".npz", "/")) else f"{mirror}/" for mirror in named or MIRRORS)


def cache_folder() -> Path:
    """Give the folder downloads are kept in, by the customs of the operating system."""
    from platformdirs import user_cache_dir

    return Path(user_cache_dir("digits")) / "mnist"


def fetch_mnist(folder: Path, sources: Sequence[str] | None = None) -> RawDataset:
    """Download what `folder` lacks of MNIST, and read it.

    Files that are whole already, from an earlier try or another mirror, are kept; broken ones are replaced.

    Parameters
    ----------
    folder
        Made if need be. Only whole and checked files ever carry their final names there.
    sources
        Mirrors, as `MIRRORS`; by default `mirrors()`.

    Raises
    ------
    DataError
        No mirror gave what was needed; the message has a line for each.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        reasons = []
        for mirror in mirrors() if sources is None else sources:
            try:
                return _npz_from(mirror, folder) if mirror.endswith(".npz") else _idx_from(mirror, folder)
            except DataError as error:
                log.info("%s: %s", mirror, error)
                reasons.append(f"  {mirror}: {error}")
    except OSError as error:
        reason = error.strerror or error
        raise DataError(f"{folder} cannot be written to: {reason}. Check its permissions and the disk.") from None
    raise DataError("\n".join(("Tried:", *reasons)))


def _idx_from(mirror: str, folder: Path) -> RawDataset:
    files = {}
    for role in MNIST_FILES:
        target = folder / f"{role}.gz"
        part, kind = role.replace("t10k", "test").split("-")[:2]
        files[part, kind] = [target]
        if target.exists():
            try:
                _check_idx(target, role)
                continue
            except DataError as error:
                log.info("%s Downloading it again.", error)
        with replace_atomically(target) as temporary:
            _download(mirror + target.name, temporary)
            _check(mirror + target.name, temporary, role)
            if temporary.read_bytes()[:2] != b"\x1f\x8b":
                # Some servers unpack what they send; the name says gzip to other programs.
                temporary.write_bytes(gzip.compress(temporary.read_bytes(), 1, mtime=0))
    return read_idx_set(IdxSet(folder, "", files), both=True)


def _npz_from(mirror: str, folder: Path) -> RawDataset:
    target = folder / "mnist.npz"
    with replace_atomically(target) as temporary:
        _download(mirror, temporary)
        _check(mirror, temporary, None)
    return read_npz(target)


def _check(url: str, temporary: Path, role: str | None) -> None:
    try:
        if role is not None:
            _check_idx(temporary, role)
        elif make_dataset(read_npz(temporary)).name != "MNIST":
            raise DataError(f"{temporary} is not MNIST: its decoded SHA-256 are others.")
    except DataError as error:
        raise DataError(str(error).replace(str(temporary), f"what {url} sent")) from None


def _check_idx(path: Path, role: str) -> None:
    digest = idx_sha256(read_idx(path))
    if digest != MNIST_SHA256[role]:
        raise DataError(f"{path} is not MNIST's {role}: its decoded SHA-256 is {digest}, not {MNIST_SHA256[role]}.")


def _download(url: str, target: Path) -> None:
    import pooch
    import requests

    log.info("Downloading %s", url)
    download = pooch.HTTPDownloader(progressbar=sys.stderr.isatty(), chunk_size=2**16, timeout=TIMEOUT)
    for attempt in range(1, ATTEMPTS + 1):
        try:
            download(url, str(target), None)
            return
        except requests.RequestException as error:
            response = error.response
            refused = response is not None and response.status_code < 500 and response.status_code != 429
            # requests' errors about URLs that cannot be meant are ValueErrors
            lasting = refused or isinstance(error, ValueError) or _unreachable(error)
            if lasting or attempt == ATTEMPTS:
                raise DataError(f"{url.rpartition('/')[2]}: {_reason(error)}.") from None
            log.info("%s: %s; trying again.", url, _reason(error))
            time.sleep(PAUSE * attempt)


def _unreachable(error: Exception) -> bool:
    """Whether nothing was connected to: who is offline need not wait for more of it, as for a busy server."""
    import requests
    from urllib3.exceptions import MaxRetryError

    # what urllib3 raises for a connection that cannot be made; one that breaks off later is a ProtocolError
    return isinstance(error, requests.ConnectionError) and isinstance(next(iter(error.args), None), MaxRetryError)


def _reason(error: Exception) -> str:
    import requests

    if isinstance(error, requests.HTTPError) and error.response is not None:
        return f"the server answered {error.response.status_code} {error.response.reason}"
    if isinstance(error, requests.ConnectTimeout):
        return f"no connection within {TIMEOUT[0]} seconds (is this machine online, or behind a proxy?)"
    if isinstance(error, requests.Timeout):
        return f"no answer within {TIMEOUT[1]} seconds"
    if isinstance(error, requests.exceptions.ChunkedEncodingError):
        return "the connection broke off before the end"
    if isinstance(error, requests.ConnectionError):
        return "no connection (is this machine online, or behind a proxy?)"
    return str(error)
