"""Which processes work on a sweep, and what happens to the trials of those that died: they are tried again, once.

Beside a journal in a folder, each process holds a lock that the system ends with it. On a database server, a process
leaves a sign of life every few seconds: of Redis, a key of its own that expires; of others, a time beside its trial.
"""

from __future__ import annotations

import os
import socket
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path

import optuna
from filelock import FileLock, Timeout
from optuna.exceptions import ExperimentalWarning, UpdateFinishedTrialError
from optuna.storages import BaseStorage, RDBStorage
from optuna.trial import FrozenTrial, TrialState

from digits.experiments.sweep_storage import HEARTBEAT, SILENCE, RedisStorage, retry
from digits.files import storing


@contextmanager
def working(storage: BaseStorage, folder: Path) -> Iterator[str]:
    """Yield a name for this process, by which others see whether it is alive, and since when."""
    name = f"{socket.gethostname()}-{os.getpid()}-{datetime.now().timestamp():.6f}"
    if isinstance(storage, RDBStorage):
        yield name
    elif isinstance(storage, RedisStorage):
        with _beating(lambda: storage.report_life(name)):
            yield name
        storage.report_end(name)
    else:
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
    with _beating(lambda: storage.record_heartbeat(trial_id)):
        trial.set_user_attr("worker", worker)
        yield


@contextmanager
def _beating(beat: Callable[[], None]) -> Iterator[None]:
    """Call `beat` now, and every few seconds until the end of the block."""
    beat()
    ended = threading.Event()

    def go_on() -> None:
        while not ended.wait(HEARTBEAT):
            with suppress(Exception):  # the server is away for a moment; if it stays away, the trial's own calls say so
                beat()

    thread = threading.Thread(target=go_on, daemon=True)
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
        if _is_abandoned(storage, trial, folder):
            with suppress(UpdateFinishedTrialError):
                storage.set_trial_state_values(_id(storage, study, trial.number), TrialState.FAIL)
                retry(study, trial)


def _is_abandoned(storage: BaseStorage, trial: FrozenTrial, folder: Path) -> bool:
    worker = trial.user_attrs.get("worker")
    is_on_server = isinstance(storage, RDBStorage | RedisStorage)
    if worker is None:  # it died before it could say that it lived, or is about to
        assert trial.datetime_start is not None, "a running trial has been started"
        oldest = None if is_on_server else _oldest_worker(folder)
        is_silent = datetime.now() - trial.datetime_start > timedelta(seconds=SILENCE)
        return is_silent or (oldest is not None and trial.datetime_start < oldest)
    if isinstance(storage, RedisStorage):
        return not storage.is_alive(worker)
    return not is_on_server and not _is_held(_lock_of(folder, worker))


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
