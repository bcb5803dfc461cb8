"""Whether the service serves healthy clients while it is attacked in every way that we know of.

Clients send ordinary drawn digits at a steady pace, alone and then beside each kind of attacker, one kind after the
other and all together, round after round. No request of theirs may fail; beside one kind at a time, 99 % of all must be
answered within `MAX_LATENCY`; and after each attack the service must take no more than `MAX_GROWTH` times the memory of
before. All of it runs on one computer, so the attackers take processor time from the service and from its clients.

    python -m benchmarks attack --minutes 60
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import psutil

import digits
from benchmarks.attackers import KINDS, SAME_ADDRESS, Target, exchange
from benchmarks.mutants import sample_pictures
from benchmarks.results import Row
from benchmarks.service import draw_requests, memory, post, receive, serve, shipped_model

MINUTES = 60.0
"""How long, by default."""

PACE = 20
"""Requests of healthy clients per second: a tenth of what the service can do."""

KEPT, CLIENTS = 4, 8
"""Of so many clients, in turn, that many keep their connection; the others open one per request."""

PHASE_SECONDS = 20.0
"""Length of a phase, at most; each kind is a phase, and a round is all of them."""

PATIENCE = 30.0
"""Seconds after which a healthy client gives up."""

SETTLE_SECONDS = 30.0
"""Seconds, at most, that the service has to finish what attackers left behind, before its memory is read."""

WARM_ROUNDS = 8
"""How often each format is read and explained before, so that every worker has done both."""

SAMPLE_SECONDS = 0.1
"""Seconds between two looks at the memory."""

MAX_LATENCY, MAX_GROWTH = 100.0, 1.2
"""Claims: the 99th percentile of latency in milliseconds, and memory after an attack over memory before all of them."""

ALONE, TOGETHER, WHOLE = "no attacker", "all of them together", "**one kind of attacker at a time**"
PHASES = {
    ALONE: (),
    **{kind: (kind,) for kind in KINDS},
    TOGETHER: tuple(each for each in KINDS if each != SAME_ADDRESS),
}
"""The attackers of each phase. When all others attack too, whoever shares an attacker's address shares its fate."""


@dataclass
class Record:
    """What happened in a phase, over all rounds: seconds per request, failures by their reason, memory over idle."""

    seconds: list[float] = field(default_factory=list)
    failures: Counter[str] = field(default_factory=Counter)
    peak: float = 0
    after: float = 0
    answers: Counter[str] = field(default_factory=Counter)

    def rows(self, phase: str) -> Iterator[Row]:
        """Give the figures."""
        failed = self.failures.total()
        n = len(self.seconds) + failed
        yield Row(case=phase, metric="failed", value=failed, n=n)
        for reason, count in sorted(self.failures.items()):
            yield Row(case=phase, variant=reason, metric="failure", value=count)
        for metric, quantile in (("median", 0.5), ("99th percentile", 0.99)):
            milliseconds = 1000 * float(np.quantile(self.seconds, quantile)) if self.seconds else None
            yield Row(case=phase, metric=metric, value=milliseconds, unit="ms", n=n)
        for metric, value in (("memory at most", self.peak), ("memory after", self.after)):
            yield Row(case=phase, metric=metric, value=value, unit="× idle", n=n)
        for answer, count in sorted(self.answers.items()):
            yield Row(case=phase, variant=answer, metric="attackers answered", value=count)


def measure(minutes: float = MINUTES) -> Iterator[Row]:
    """Attack for some minutes; rows of the same phase replace earlier ones."""
    records = {phase: Record() for phase in PHASES}
    end = time.monotonic() + 60 * minutes
    seconds = min(PHASE_SECONDS, 60 * minutes / len(PHASES))
    with tempfile.TemporaryDirectory() as name, attacked(Path(name)) as service:
        while time.monotonic() < end:
            for phase, kinds in PHASES.items():
                service.attack(kinds, seconds, records[phase])
                yield from records[phase].rows(phase)
                _report(phase, records[phase])
            yield from pool(records[kind] for kind in KINDS).rows(WHOLE)


def pool(records: Iterable[Record]) -> Record:
    """Put the healthy requests of several phases together."""
    whole = Record()
    for each in records:
        whole.seconds += each.seconds
        whole.failures.update(each.failures)
        whole.peak, whole.after = max(whole.peak, each.peak), max(whole.after, each.after)
    return whole


def _report(phase: str, record: Record) -> None:
    slow = 1000 * float(np.quantile(record.seconds, 0.99)) if record.seconds else float("nan")
    print(
        f"{phase}: {len(record.seconds)} answered, {dict(record.failures)} failed, p99 {slow:.0f} ms, memory "
        f"{record.peak:.2f} then {record.after:.2f} × idle, attackers {dict(record.answers)}",
        file=sys.stderr,
    )


@dataclass
class Attacked:
    """A running service, with a model file of the user, and the requests of its healthy clients with their answers."""

    address: str
    process: psutil.Process
    model: Path
    requests: list[bytes]
    expected: list[str]
    idle: float = 1

    def attack(self, kinds: Sequence[str], seconds: float, record: Record) -> None:
        """Run attackers and healthy clients for some seconds."""
        with attackers(self, kinds, record.answers):
            asyncio.run(self._serve_healthy(seconds, record))
        record.after = max(record.after, self.settled() / self.idle)

    async def _serve_healthy(self, seconds: float, record: Record) -> None:
        watching = asyncio.create_task(self._watch_memory(record))
        clients = [Client(self, keeps=True) for _ in range(KEPT)]
        begun = time.perf_counter()
        sending = []
        for number in range(int(seconds * PACE)):
            due = begun + number / PACE
            await asyncio.sleep(max(due - time.perf_counter(), 0))
            turn = number % CLIENTS
            client = clients[turn] if turn < KEPT else Client(self, keeps=False)
            sending.append(asyncio.create_task(client.read(number % len(self.requests), due, record)))
        await asyncio.gather(*sending)
        for client in clients:
            client.close()
        watching.cancel()

    async def _watch_memory(self, record: Record) -> None:
        while True:
            record.peak = max(record.peak, memory(self.process) / self.idle)
            await asyncio.sleep(SAMPLE_SECONDS)

    def settled(self) -> float:
        """Wait until the service does nothing, and give its memory in MiB."""
        end, before = time.monotonic() + SETTLE_SECONDS, -1.0
        while time.monotonic() < end:
            spent = self._spent()
            if spent == before:
                break
            before = spent
            time.sleep(1)
        return memory(self.process)

    def _spent(self) -> float:
        """Sum up the processor time of the service and its workers."""
        seconds = 0.0
        for each in (self.process, *self.process.children(recursive=True)):
            with suppress(psutil.NoSuchProcess):  # a worker that has just ended
                seconds += each.cpu_times().user
        return seconds


class Client:
    """A healthy client, which sends its next request after the last was answered, and may keep its connection."""

    def __init__(self, service: Attacked, *, keeps: bool) -> None:
        self.service = service
        self.keeps = keeps
        self.lock = asyncio.Lock()
        self.connection: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def read(self, number: int, due: float, record: Record) -> None:
        """Have a digit read that was due at a time, and check the answer."""
        try:
            async with self.lock:
                status, body = await asyncio.wait_for(self._exchange(number), PATIENCE)
            if status != 200:
                record.failures[f"{status}: {json.loads(body)['error']}"] += 1
            elif json.loads(body)["text"] != self.service.expected[number]:
                record.failures["a wrong answer"] += 1
            else:
                record.seconds.append(time.perf_counter() - due)
        except (OSError, EOFError, asyncio.TimeoutError, ValueError) as error:
            self.close()
            record.failures[type(error).__name__] += 1
        if not self.keeps:
            self.close()

    async def _exchange(self, number: int) -> tuple[int, bytes]:
        if self.connection is None or self.connection[0].at_eof():  # an idle connection may be closed by the service
            url = urlsplit(self.service.address)
            self.connection = await asyncio.open_connection(url.hostname, url.port)
        reader, writer = self.connection
        writer.write(self.service.requests[number])
        return await receive(reader)

    def close(self) -> None:
        """Close the connection."""
        if self.connection:
            self.connection[1].close()
            self.connection = None


@contextmanager
def attacked(folder: Path, before: str = "") -> Iterator[Attacked]:
    """Start the service, after the code `before`, have it read what is usual, and measure its memory when idle."""
    model = folder / "own.onnx"
    model.write_bytes(shipped_model())
    with serve(folder / "corrections", "--model", str(model), before=before) as (address, pid):
        requests = draw_requests("/api/read?single=true&model=cnn")
        service = Attacked(address, psutil.Process(pid), model, requests, [""] * len(requests))
        labels = digits.load_mnist().test.labels
        answers = asyncio.run(_read_all(service))
        right = [index for index, answer in enumerate(answers) if answer == str(labels[index])]
        service.requests = [requests[index] for index in right]
        service.expected = [answers[index] for index in right]
        asyncio.run(_read_all_formats(service))
        service.idle = service.settled()
        yield service


async def _read_all(service: Attacked) -> list[str]:
    client, texts = Client(service, keeps=True), []
    for number in range(len(service.requests)):
        _, body = await client._exchange(number)
        texts.append(str(json.loads(body)["text"]))
    client.close()
    return texts


async def _read_all_formats(service: Attacked) -> None:
    """Have every worker read and explain every format, so that the libraries for it are in memory."""
    url = urlsplit(service.address)
    target = Target(url.hostname or "", url.port or 0, 0, service.model)
    pictures = sample_pictures().values()
    requests = [post(path, content) for path in ("/api/read", "/api/explain") for content in pictures]
    await asyncio.gather(*(exchange(target, each, Counter()) for each in requests * WARM_ROUNDS))


@contextmanager
def attackers(service: Attacked, kinds: Sequence[str], answers: Counter[str]) -> Iterator[None]:
    """Run attackers in a process of their own, and count the answers that they got."""
    if not kinds:
        yield
        return
    call = [sys.executable, "-m", "benchmarks.attackers", service.address, str(service.process.pid), str(service.model)]
    with subprocess.Popen([*call, *kinds], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin
        assert process.stdout
        if process.stdout.readline() != "ready\n":
            raise RuntimeError("the attackers did not start")
        try:
            yield
        finally:
            process.stdin.close()
            answers.update(json.loads(process.stdout.read()))


def missed(rows: Sequence[Row]) -> list[str]:
    """Give a sentence for every claim that these rows do not support."""
    limits = {"failed": 0, "99th percentile": MAX_LATENCY, "memory after": MAX_GROWTH}
    sentences = []
    for row in rows:
        if row.metric == "99th percentile" and row.case != WHOLE:
            continue  # who shares the address of a burst waits for some of it; all kinds together fill two cores
        if row.metric in limits and not (row.value is not None and row.value <= limits[row.metric]):
            found = "unknown" if row.value is None else f"{row.value:.4g} {row.unit}".strip()
            sentences.append(
                f"beside {row.case.strip('*')}: {row.metric} {found}; we claim at most {limits[row.metric]:g}"
            )
    return sentences
