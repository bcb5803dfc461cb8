"""Where the trials of a sweep are kept: a journal in a folder, a journal in Redis, or an SQL database.

The journal is a file to which every process appends; a database server serves machines that share no folder.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, cast

import optuna
from filelock import FileLock
from optuna.exceptions import ExperimentalWarning
from optuna.storages import BaseStorage, JournalStorage, RDBStorage
from optuna.storages.journal import BaseJournalBackend, JournalFileBackend, JournalRedisBackend
from optuna.trial import FrozenTrial

from digits.errors import StorageError, UsageError
from digits.files import storing
from digits.options import shorten

HEARTBEAT, SILENCE = 10, 60
"""Seconds between signs of life in a database, and of silence after which a process counts as dead: six were missed."""

JOURNAL = "trials.journal"

REDIS_SCHEMES = ("redis://", "rediss://", "unix://")
REDIS_PREFIX = "digits"
"""With which the names of all keys in Redis begin."""


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


class _RedisJournal(BaseJournalBackend):
    """A journal in Redis without Optuna's snapshots, which are pickles: whoever writes to the server could run code."""

    def __init__(self, url: str) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ExperimentalWarning)
            self._journal = JournalRedisBackend(url, prefix=REDIS_PREFIX)

    def read_logs(self, log_number_from: int) -> Iterator[dict[str, Any]]:
        """Yield the entries from a number on."""
        return self._journal.read_logs(log_number_from)

    def append_logs(self, logs: list[dict[str, Any]]) -> None:
        """Append entries."""
        self._journal.append_logs(logs)


class RedisStorage(JournalStorage):
    """Trials on a Redis server, and which processes work on them."""

    def __init__(self, url: str) -> None:
        import redis

        self.server: Any = redis.Redis.from_url(url)
        super().__init__(_RedisJournal(url))

    def report_life(self, worker: str) -> None:
        """Say that a process lives; Redis forgets it unless it is said again."""
        self.server.set(self._key(worker), 1, ex=SILENCE)

    def report_end(self, worker: str) -> None:
        """Say that a process has ended."""
        self.server.delete(self._key(worker))

    def is_alive(self, worker: str) -> bool:
        """Say whether a process has given a sign of life."""
        return bool(self.server.exists(self._key(worker)))

    def _key(self, worker: str) -> str:
        return f"{REDIS_PREFIX}:worker:{worker}"


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

    is_redis = url.startswith(REDIS_SCHEMES)
    with reaching(url):
        try:
            if is_redis:
                return RedisStorage(url)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ExperimentalWarning)
                return RDBStorage(
                    url, heartbeat_interval=HEARTBEAT, grace_period=SILENCE, heartbeat_stale_trial_callback=retry,
                )  # fmt: skip
        except (sqlalchemy.exc.ArgumentError, sqlalchemy.exc.NoSuchModuleError, ValueError):
            raise UsageError(
                f"--storage {shorten(url)} is no address of a database: write postgresql://USER@HOST/DATABASE or "
                "redis://HOST:PORT/NUMBER"
            ) from None
        except ImportError:
            driver = "Redis, pip install redis" if is_redis else "PostgreSQL, pip install 'psycopg[binary]'"
            raise UsageError(f"--storage needs the database's driver, which is not installed: for {driver}") from None


@contextmanager
def reaching(url: str | None) -> Iterator[None]:
    """Turn the errors of a database that cannot be reached, or not any more, into ours.

    Raises
    ------
    StorageError
        As said.
    """
    if url is None:
        yield
        return
    import sqlalchemy.exc

    failures: tuple[type[Exception], ...] = (sqlalchemy.exc.SQLAlchemyError, optuna.exceptions.StorageInternalError)
    with suppress(ImportError):  # it is missed where it is needed
        from redis.exceptions import RedisError

        failures = (*failures, RedisError)
    try:
        yield
    except failures as error:
        cause = error.__cause__ or error
        reason = str(getattr(cause, "orig", None) or cause).strip().splitlines()[0]
        raise StorageError(
            f"the database of --storage cannot be used: {reason}. Trials that finished are kept there; once it can be "
            "reached, the same command continues."
        ) from None


def close_storage(storage: BaseStorage) -> None:
    """Close the connections to a database."""
    if isinstance(storage, RDBStorage):
        storage.remove_session()
        storage.engine.dispose()
    elif isinstance(storage, RedisStorage):
        storage.server.close()


def retry(study: optuna.Study, trial: FrozenTrial | optuna.Trial) -> None:
    """Queue the values of a trial again."""
    if trial.params:
        study.enqueue_trial(trial.params, user_attrs={"queued": f"trial {trial.number} was interrupted"})


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
