"""Where the trials of a sweep are kept, and what happens to those whose process has died.

The journal is a file to which every process appends; a database server serves machines that share no folder. In a
folder, each process holds a lock that the system ends with it; in a database, it leaves a sign of life every few
seconds. A trial whose process is dead is tried again, once, whoever notices.
"""

from __future__ import annotations

import os
import socket
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, cast

import optuna
from filelock import FileLock, Timeout
from optuna.exceptions import ExperimentalWarning, UpdateFinishedTrialError
from optuna.storages import BaseStorage, JournalStorage, RDBStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import FrozenTrial, TrialState

from digits.errors import StorageError, UsageError
from digits.files import storing
from digits.options import shorten

HEARTBEAT, SILENCE = 10, 60
"""Seconds between signs of life in a database, and of silence after which a process counts as dead: six were missed."""

JOURNAL = "trials.journal"


class SystemLock:
    """A lock of the journal that the system releases when its process dies.

    Optuna's own are files, which a killed process leaves behind: the others then wait for half a minute.
    """

    def __init__(self, path: Path) -> None:
        self._lock = FileLock(path)

    def acquire(self) -> bool:
        """Wait for the lock."""
        self._lock.acquire()
        return True

    def release(self) -> None:
        """Give it to the next."""
        self._lock.release()


def open_storage(url: str | None, folder: Path) -> BaseStorage:
    """Open the journal of a folder, or the database at a URL.

    Raises
    ------
    UsageError
        When the URL names no database that can be used.
    StorageError
        When the database cannot be reached, or the journal cannot be written.
    """
    if url is None:
        journal = folder / JOURNAL
        lock = SystemLock(folder / f".{JOURNAL}.lock")
        with storing(journal):
            _mend(journal, lock)
            return JournalStorage(JournalFileBackend(str(journal), cast(Any, lock)))
    import sqlalchemy.exc

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ExperimentalWarning)
            return RDBStorage(
                url, heartbeat_interval=HEARTBEAT, grace_period=SILENCE, heartbeat_stale_trial_callback=retry,
            )  # fmt: skip
    except (sqlalchemy.exc.ArgumentError, sqlalchemy.exc.NoSuchModuleError, ValueError):
        raise UsageError(
            f"--storage {shorten(url)} is no address of a database: write postgresql://USER@HOST/DATABASE"
        ) from None
    except ImportError:
        raise UsageError(
            "--storage needs the database's driver, which is not installed: for PostgreSQL, "
            "pip install 'psycopg[binary]'"
        ) from None
    except (sqlalchemy.exc.SQLAlchemyError, optuna.exceptions.StorageInternalError) as error:
        reason = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
        raise StorageError(f"the database of --storage cannot be used: {reason}") from None


def close_storage(storage: BaseStorage) -> None:
    """Close the connections to a database."""
    if isinstance(storage, RDBStorage):
        storage.remove_session()
        storage.engine.dispose()


@contextmanager
def working(storage: BaseStorage, folder: Path) -> Iterator[str]:
    """Yield a name for this process, by which others see whether it is alive, and since when."""
    name = f"{socket.gethostname()}-{os.getpid()}-{datetime.now().timestamp():.6f}"
    if isinstance(storage, RDBStorage):
        yield name
        return
    lock = FileLock(_lock_of(folder, name))
    with storing(folder):
        lock.acquire()
    try:
        yield name
    finally:
        lock.release()
        with suppress(OSError):
            _lock_of(folder, name).unlink(missing_ok=True)


@contextmanager
def claim(storage: BaseStorage, study: optuna.Study, trial: optuna.Trial, worker: str) -> Iterator[None]:
    """Say that this process runs a trial, until the end of the block."""
    if not isinstance(storage, RDBStorage):
        trial.set_user_attr("worker", worker)
        yield
        return
    trial_id = _id(storage, study, trial.number)
    storage.record_heartbeat(trial_id)
    trial.set_user_attr("worker", worker)
    ended = threading.Event()

    def beat() -> None:
        while not ended.wait(HEARTBEAT):
            storage.record_heartbeat(trial_id)

    thread = threading.Thread(target=beat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def retry_abandoned(storage: BaseStorage, study: optuna.Study, folder: Path) -> None:
    """Queue the trials again whose process has died; of several callers, one does so for each."""
    if isinstance(storage, RDBStorage):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ExperimentalWarning)
            optuna.storages.fail_stale_trials(study)
    for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        worker = trial.user_attrs.get("worker")
        if worker is None:  # it died before it could say that it lived, or is about to
            assert trial.datetime_start is not None, "a running trial has been started"
            oldest = _oldest_worker(folder) if isinstance(storage, JournalStorage) else None
            is_silent = datetime.now() - trial.datetime_start > timedelta(seconds=SILENCE)
            is_dead = is_silent or (oldest is not None and trial.datetime_start < oldest)
        else:
            is_dead = not isinstance(storage, RDBStorage) and not _is_held(_lock_of(folder, worker))
        if is_dead:
            with suppress(UpdateFinishedTrialError):
                storage.set_trial_state_values(_id(storage, study, trial.number), TrialState.FAIL)
                retry(study, trial)


def retry(study: optuna.Study, trial: FrozenTrial | optuna.Trial) -> None:
    """Queue the values of a trial again."""
    if trial.params:
        study.enqueue_trial(trial.params, user_attrs={"queued": f"trial {trial.number} was interrupted"})


def _id(storage: BaseStorage, study: optuna.Study, number: int) -> int:
    study_id = storage.get_study_id_from_name(study.study_name)
    return int(storage.get_trial_id_from_study_id_trial_number(study_id, number))


def _lock_of(folder: Path, worker: str) -> Path:
    return folder / f".{worker}.lock"


def _oldest_worker(folder: Path) -> datetime | None:
    """Say when the oldest process began that is still at work: a trial that was begun before is abandoned."""
    held = [each for each in folder.glob(".*-*-*.lock") if _is_held(each)]
    began = [float(each.name.removesuffix(".lock").rpartition("-")[2]) for each in held]
    return datetime.fromtimestamp(min(began)) if began else None


def _is_held(path: Path) -> bool:
    """Say whether a process holds a lock."""
    if not path.exists():
        return False
    lock = FileLock(path, timeout=0)
    try:
        lock.acquire()
    except Timeout:
        return True
    lock.release()
    path.unlink(missing_ok=True)
    return False


def _mend(journal: Path, lock: SystemLock) -> None:
    """Drop a last line that is not whole, as a power failure leaves it: whatever came after it could not be read."""
    lock.acquire()
    try:
        content = journal.read_bytes() if journal.exists() else b""
        whole = content.rfind(b"\n") + 1
        if whole < len(content):
            with journal.open("r+b") as file:
                file.truncate(whole)
    finally:
        lock.release()
