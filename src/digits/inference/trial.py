"""A model's first load, in a process of its own with limits on time and memory; `trial_program` is what runs there.

A graph of a few bytes can demand any amount of either. A successful trial is recorded by the hash of the file, so that
every file is tried once per computer and version of ONNX Runtime.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from digits.errors import ModelError
from digits.inference.graph import check_graph
from digits.inference.runtime import runtime_version, start_session

if TYPE_CHECKING:
    import onnxruntime

MAX_CPU_SECONDS = 10
"""Processor time of a trial; those of the shipped models take less than one second, the start of Python included."""

MAX_SECONDS = 120
"""Seconds on the clock after which a trial is ended, for one that waits instead of computing."""

MAX_MEMORY = 2**30
"""Bytes of memory of a trial, besides the copies of the file."""

COPIES = 6
"""Copies that ONNX Runtime makes of a file, at most."""

START = (
    "import sys, json; sys.path[:] = json.loads(sys.argv[1]); from digits.inference.trial_program import main; main()"
)
"""The program of the process: it finds its modules where this process finds them, and nowhere else."""


def open_session(
    content: bytes, file: Path, check: Callable[[str | bytes | None], None] | None, *, threads: int, kind: str = "model"
) -> tuple[onnxruntime.InferenceSession, str | None]:
    """Load a model's file, and give its session and its metadata.

    Parameters
    ----------
    content, file
        As in `try_once`.
    check
        Checks the metadata, before anything is run, of a file that anybody may have written: then the graph is checked
        too, and loaded in a process of its own first. None for a file that digits made itself.
    threads
        Processor threads to use; 0: all.
    kind
        As in `try_once`.

    Raises
    ------
    ModelError
        When the file is not of this kind, or refused.
    """
    unlike = f"{file} is not a {kind} that digits can read"
    if check:
        try:
            text = check_graph(content)
        except ValueError as error:
            raise ModelError(f"{unlike}: {error}") from error
        check(text)
        try_once(content, file, kind)
    try:
        session = start_session(content, threads)
    except Exception as error:  # ONNX Runtime has no common base for what a broken file raises
        raise ModelError(f"{unlike}: {error}") from error
    return session, session.get_modelmeta().custom_metadata_map.get("digits")


def try_once(content: bytes, file: Path, kind: str = "model") -> None:
    """Load a model in a process of its own, unless that was done before.

    Parameters
    ----------
    content
        The content of its file.
    file
        Where it was found, for errors.
    kind
        Key of `trial_program.TRIALS`: whether it classifies digits or finds them.

    Raises
    ------
    ModelError
        When the model is refused there, or exceeds its limits.
    """
    if _is_recorded(content):
        return
    import subprocess  # here, since it adds to every start and few models are new

    call = [sys.executable, "-I", "-c", START, json.dumps(sys.path), str(file), kind]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    try:
        done = subprocess.run(
            call, input=content, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment, check=False,
            timeout=MAX_SECONDS,
        )  # fmt: skip
        refusal = "" if done.returncode == 0 else done.stdout.decode("utf-8", "replace") or describe_limits(file)
    except subprocess.TimeoutExpired:
        refusal = describe_limits(file)
    if refusal:
        raise ModelError(refusal)
    remember(content)


def remember(content: bytes) -> None:
    """Record that a model loads within the limits."""
    record = _record(content)
    with contextlib.suppress(OSError):  # without a record, it is tried again
        record.parent.mkdir(parents=True, exist_ok=True)
        record.touch()


def describe_limits(file: Path) -> str:
    """Say that a model exceeds the limits."""
    return (
        f"{file} does not load within {MAX_CPU_SECONDS} seconds and {MAX_MEMORY // 2**30} GiB of memory, far more than "
        "a network for digits needs: it is damaged, or made to do harm"
    )


def _is_recorded(content: bytes) -> bool:
    with contextlib.suppress(OSError):  # a folder that may not be read holds no record
        return _record(content).exists()
    return False


def _record(content: bytes) -> Path:
    import platformdirs

    name = f"{hashlib.sha256(content).hexdigest()}-{runtime_version()}"
    return Path(platformdirs.user_cache_dir("digits")) / "tried-models" / name
