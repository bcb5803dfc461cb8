"""The worker processes and their queue: whatever one job does, the others are answered, and everything ends."""

from __future__ import annotations

import asyncio
import errno
import io
import os
import re
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from multiprocessing import popen_spawn_posix
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from PIL import Image

from digits.web import jobs, processes, workers
from digits.web.models import Hints, read_models
from digits.web.refusals import RefusedError
from digits.web.uploads import Upload
from digits.web.workers import Workers

pytestmark = pytest.mark.slow

if sys.platform == "win32":
    pytest.skip("uses POSIX signals", allow_module_level=True)


# Jobs, which run in the processes.


def name_process(upload: object = None) -> int:
    return os.getpid()


def work_for(seconds: float) -> int:
    """Use processor time."""
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass
    return os.getpid()


def spin() -> None:
    while True:
        pass


def spin_in_compiled_code() -> None:
    re.match(r"(a+)+$", "a" * 64 + "b")  # Python itself sees no signal before this ends


def sleep() -> None:
    time.sleep(10_000)


def stop() -> None:
    os.kill(os.getpid(), signal.SIGSTOP)


def ignore_signals_and_spin() -> None:
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1):
        signal.signal(number, signal.SIG_IGN)
    spin()


def crash(tries: Path) -> None:
    tries.write_text(tries.read_text() + "." if tries.exists() else ".")
    os.kill(os.getpid(), signal.SIGSEGV)


def crash_once(tries: Path) -> str:
    if not tries.exists():
        crash(tries)
    return "done"


def wait_for(release: Path, tries: Path) -> str:
    """Take as long as the test wants."""
    tries.write_text(tries.read_text() + "." if tries.exists() else ".")
    while not release.exists():
        time.sleep(0.005)
    return "done"


def hold(release: Path, tries: Path) -> str:
    """Wait likewise, uninterrupted."""
    before = signal.signal(signal.SIGUSR1, signal.SIG_IGN)
    try:
        return wait_for(release, tries)
    finally:
        signal.signal(signal.SIGUSR1, before)


def log(upload: Upload, file: Path) -> None:
    with file.open("a") as opened:
        opened.write(upload.client)


def fill_memory(how: str) -> None:
    import cv2

    if how == "python":
        [bytearray(2**20) for _ in range(2**14)]
    elif how == "numpy":
        np.ones(2**31, np.float64)
    else:
        cv2.resize(np.zeros((10, 10), np.uint8), (40_000, 100_000))


kept: list[bytes] = []


def use_much_memory() -> int:
    """Leave memory in use above what was freed, which the allocator then keeps."""
    freed = [bytes(100_000) for _ in range(4000)]
    kept.append(bytes(100_000))
    del freed
    return work_for(processes.TRIM_SECONDS)


LATE = [spin, spin_in_compiled_code, sleep, stop, ignore_signals_and_spin]


@pytest.fixture
def pool(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Workers]]:
    """Start workers with limits of the test's choice."""
    monkeypatch.setattr(processes, "WATCH_SECONDS", 0.05)
    started: list[Workers] = []

    def start(models: Any = (), **limits: float) -> Workers:
        for name, value in limits.items():
            monkeypatch.setattr(processes if hasattr(processes, name) else workers, name, value)
        started.append(Workers(models))
        return started[-1]

    yield start
    for each in started:
        each.close()


def pids(pool: Workers) -> set[int]:
    """Wait until all processes are ready, and name them."""
    found = set[int]()
    while len(found) < pool.count:
        found.add(asyncio.run(pool.run(name_process)))
    return found


def run_all(pool: Workers, *calls: tuple[Any, ...]) -> list[Any]:
    """Submit jobs at the same time, in this order, and give the results or errors."""

    async def gather() -> list[Any]:
        return await asyncio.gather(*(pool.run(*call) for call in calls), return_exceptions=True)

    return asyncio.run(gather())


async def until(holds: Callable[[], bool]) -> None:
    while not holds():
        await asyncio.sleep(0.005)


@pytest.mark.parametrize("late", LATE)
def test_only_the_process_of_a_late_job_dies(late: Callable[[], None], pool: Any) -> None:
    limits = {"MAX_JOB_SECONDS": 8.0} if late in (sleep, stop) else {"MAX_PROCESSOR_SECONDS": 1.0}
    started = pool(**limits)
    before = pids(started)
    *done, refused = run_all(started, *[(work_for, 0.1)] * 9, (late,))
    assert set(done) <= before
    assert isinstance(refused, RefusedError)
    assert (refused.status, "too long to read" in str(refused)) == (422, True)
    assert len(before & pids(started)) == started.count - 1


def test_short_jobs_are_done_while_late_ones_fill_all_places_for_them(pool: Any) -> None:
    started = pool(MAX_PROCESSOR_SECONDS=0.5)
    pids(started)
    answered = []

    async def attack() -> list[Any]:
        bombs = [asyncio.create_task(started.run(spin)) for _ in range(2 * started.count)]
        while not all(bomb.done() for bomb in bombs):
            answered.append(await started.run(name_process))
            await asyncio.sleep(0.02)
        return await asyncio.gather(*bombs, return_exceptions=True)

    refused = asyncio.run(attack())
    assert {each.status for each in refused} == {422}
    assert len(answered) > 10


def test_waiting_is_no_part_of_a_job(pool: Any) -> None:
    started = pool(MAX_PROCESSOR_SECONDS=1.0)
    assert all(isinstance(each, int) for each in run_all(started, *[(work_for, 0.4)] * (4 * started.count)))


class DeadlyModels(tuple[str, ...]):
    """Models that crash what loads them."""

    __slots__ = ()

    def __reduce__(self) -> Any:
        return crash, (Path(os.devnull),)


class SlowModels(tuple[str, ...]):
    """Models that take seconds to load in a worker."""

    __slots__ = ()

    def __reduce__(self) -> Any:
        return load_slowly, ()


class LargeModels(tuple[str, ...]):
    """Models of more bytes than a pipe holds."""

    __slots__ = ()

    def __reduce__(self) -> Any:
        return load_nothing, (bytes(2**21),)


def load_nothing(content: bytes) -> tuple[str, ...]:
    return ()


def load_slowly() -> tuple[str, ...]:
    time.sleep(2)
    return ()


def test_start_of_a_process_is_no_part_of_a_job(pool: Any) -> None:
    started = pool(SlowModels(), MAX_JOB_SECONDS=1.5)
    assert isinstance(asyncio.run(started.run(name_process)), int)


def test_long_job_is_interrupted_where_a_process_is_kept_for_short_ones(pool: Any, tmp_path: Path) -> None:
    started = pool()
    pids(started)
    release, tries = tmp_path / "release", [tmp_path / f"tries {n}" for n in range(started.count)]

    async def compete() -> list[str]:
        waiting = [asyncio.create_task(started.run(wait_for, release, each)) for each in tries]
        await until(lambda: all(each.exists() for each in tries))
        for _ in range(5):
            await started.run(name_process)
        release.touch()
        return await asyncio.gather(*waiting)

    assert asyncio.run(compete()) == ["done"] * started.count
    assert sorted(each.read_text() for each in tries) == ["."] * (started.count - 1) + [".."]


def test_large_upload_is_long_from_the_start(pool: Any, tmp_path: Path) -> None:
    started = pool()
    pids(started)

    async def compete() -> None:
        release = tmp_path / "release"
        held = [
            asyncio.create_task(started.run(wait_for, release, tmp_path / f"tries {n}"))
            for n in range(started.count - 1)
        ]
        await until(lambda: started._long_running == started.count - 1)
        large = asyncio.create_task(started.run(name_process, Upload("image/png", "image/png", bytes(2**20), "a")))
        await started.run(name_process, Upload("image/png", "image/png", bytes(2**10), "a"))
        assert not large.done()
        release.touch()
        await asyncio.gather(large, *held)

    asyncio.run(compete())


def test_picture_of_many_pixels_is_long_before_it_is_decoded(pool: Any, tmp_path: Path) -> None:
    started = pool(read_models(()))
    pids(started)
    buffer = io.BytesIO()
    Image.new("L", (2000, 1500), 255).save(buffer, "PNG")
    upload = Upload("image/png", "image/png", buffer.getvalue(), "a")
    assert len(upload.body) < workers.LONG_BYTES

    async def compete() -> dict[str, Any]:
        release = tmp_path / "release"
        held = []
        for tries in (tmp_path / f"tries {n}" for n in range(started.count - 1)):
            held.append(asyncio.create_task(started.run(wait_for, release, tries)))
            await until(tries.exists)
        await until(lambda: started._long_running == started.count - 1)
        large = asyncio.create_task(started.run(jobs.read, upload, None, Hints(False, False)))
        await until(lambda: len(started._long) == 1)
        release.touch()
        await asyncio.gather(*held)
        return await large

    assert asyncio.run(compete())["digits"] == []


def test_clients_take_turns(pool: Any, tmp_path: Path) -> None:
    started = pool()
    pids(started)
    releases = [tmp_path / f"release {n}" for n in range(started.count)]
    order = tmp_path / "order"

    async def compete() -> None:
        held = []
        for release in releases:
            held.append(asyncio.create_task(started.run(hold, release, tries := tmp_path / f"tries {release.name}")))
            await until(tries.exists)
        uploads = [Upload("image/png", "image/png", b"", client) for client in "aaaabbc"]
        waiting = [asyncio.create_task(started.run(log, upload, order)) for upload in uploads]
        await until(lambda: len(started._short) == len(waiting))
        releases[0].touch()  # one process does them all
        await asyncio.gather(*waiting)
        for each in releases:
            each.touch()
        await asyncio.gather(*held)

    asyncio.run(compete())
    assert order.read_text() == "abcabaa"


def test_idle_process_that_died_costs_nobody_anything(pool: Any) -> None:
    started = pool()
    for _ in range(3):
        for pid in pids(started):
            os.kill(pid, signal.SIGKILL)
            assert isinstance(run_all(started, (name_process,))[0], int)
        assert all(isinstance(each, int) for each in run_all(started, *[(name_process,)] * 10))


def test_job_of_a_process_that_died_is_done_again_once(pool: Any, tmp_path: Path) -> None:
    started = pool()
    done, refused, *others = run_all(
        started, (crash_once, tmp_path / "once"), (crash, tmp_path / "always"), *[(work_for, 0.05)] * 20
    )
    assert done == "done"
    assert (refused.status, "has crashed" in str(refused)) == (422, True)
    assert (tmp_path / "always").read_text() == ".."
    assert all(isinstance(each, int) for each in others)


@pytest.mark.parametrize("how", ["python", "numpy", "opencv"])
def test_job_that_fills_the_memory_is_refused(how: str, pool: Any) -> None:
    started = pool()
    before = pids(started)
    *done, refused = run_all(started, *[(work_for, 0.1)] * 9, (fill_memory, how))
    assert isinstance(refused, Exception)
    assert how == "opencv" or refused.status == 413
    assert set(done) <= before == pids(started), "no process died"


@pytest.mark.skipif(sys.platform != "linux", reason="other allocators differ")
def test_memory_is_given_back_after_a_job(pool: Any) -> None:
    started = pool()
    before = {pid: psutil.Process(pid).memory_info().rss for pid in pids(started)}
    pid = run_all(started, (use_much_memory,))[0]
    pids(started)  # all are idle again
    assert psutil.Process(pid).memory_info().rss < before[pid] + 40 * 2**20


def test_full_queue_refuses_at_once(pool: Any, tmp_path: Path) -> None:
    started = pool()
    pids(started)
    started._short.limit = 2
    release = tmp_path / "release"

    async def overload() -> list[str]:
        held = []
        for tries in (tmp_path / f"{n}" for n in range(started.count)):
            held.append(asyncio.create_task(started.run(hold, release, tries)))
            await until(tries.exists)
        waiting = [asyncio.create_task(started.run(name_process)) for _ in range(2)]
        await asyncio.sleep(0)
        with pytest.raises(RefusedError, match="too many pictures at the moment") as refused:
            await started.run(name_process)
        assert refused.value.status == 503
        release.touch()
        assert all(isinstance(each, int) for each in await asyncio.gather(*waiting))
        return await asyncio.gather(*held)

    assert set(asyncio.run(overload())) == {"done"}


def test_job_that_waits_for_too_long_is_refused_as_busy(
    pool: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = pool()
    pids(started)
    monkeypatch.setattr(workers, "MAX_WAIT_SECONDS", 0.1)
    release = tmp_path / "release"

    async def overload() -> list[str]:
        held = [asyncio.create_task(started.run(hold, release, tmp_path / f"{n}")) for n in range(started.count)]
        await until(lambda: all((tmp_path / f"{n}").exists() for n in range(started.count)))
        with pytest.raises(RefusedError, match="too many pictures at the moment"):
            await started.run(name_process)
        release.touch()
        return await asyncio.gather(*held)

    assert set(asyncio.run(overload())) == {"done"}


def test_closing_ends_all_processes_whatever_they_do(pool: Any) -> None:
    started = pool(MAX_PROCESSOR_SECONDS=1000)
    processes_before = [psutil.Process(pid) for pid in pids(started)]

    async def close() -> list[Any]:
        pending = [asyncio.create_task(started.run(each)) for each in LATE * started.count]
        await until(lambda: started._long_running == started.count - 1)
        started.close()
        return await asyncio.gather(*pending, return_exceptions=True)

    refused = asyncio.run(close())
    assert {(each.status, "being stopped" in str(each)) for each in refused} == {(503, True)}
    _, alive = psutil.wait_procs(processes_before, timeout=20)
    assert alive == []
    with pytest.raises(RefusedError, match="being stopped"):
        asyncio.run(started.run(name_process))


def test_models_that_end_their_process_are_an_error(pool: Any) -> None:
    with closing(pool(DeadlyModels())) as started, pytest.raises(Exception, match="ended while it loaded the models"):
        started.wait_until_ready()


@pytest.mark.parametrize("failure", [signal.SIGKILL, errno.EAGAIN])
def test_process_that_fails_to_start_is_replaced(failure: int, pool: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    spawn, failed = popen_spawn_posix.util.spawnv_passfds, threading.Event()

    def fail_once(path: bytes, arguments: list[str], files: Any) -> int:
        is_first = any("spawn_main" in word for word in map(str, arguments)) and not failed.is_set()
        if is_first:
            failed.set()
        if is_first and failure == errno.EAGAIN:
            raise BlockingIOError(failure, "no more processes")
        pid: int = spawn(path, arguments, files)
        if is_first:
            os.kill(pid, failure)
        return pid

    monkeypatch.setattr(popen_spawn_posix.util, "spawnv_passfds", fail_once)
    started = pool(LargeModels())
    assert len(pids(started)) == started.count
    assert failed.is_set()
