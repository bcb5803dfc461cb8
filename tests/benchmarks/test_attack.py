"""The service answers healthy clients while it is attacked in every way, and the measurement of that can fail."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path

import pytest

pytest.importorskip("psutil")

from benchmarks.attack import PHASES, TOGETHER, WHOLE, Record, attacked, missed, pool
from benchmarks.attackers import KINDS, Target, exchange

from benchmarks import attack

SECONDS = 6
"""Length of the attack: more than `attackers.KILL_PAUSE`, so that a worker is killed."""


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_no_healthy_request_fails_beside_attackers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # latency and memory are for the measurement: this machine may be busy
    monkeypatch.setattr(attack, "PATIENCE", 300)
    monkeypatch.setattr(attack, "WARM_ROUNDS", 1)
    monkeypatch.setattr(attack, "SETTLE_SECONDS", 0)
    record = Record()
    with attacked(tmp_path, "import digits.web.workers\ndigits.web.workers.MAX_WAIT_SECONDS = 300.0") as service:
        service.attack(PHASES[TOGETHER], SECONDS, record)
    assert record.failures == Counter()
    assert len(record.seconds) == SECONDS * attack.PACE
    assert record.answers["killed"]


def test_every_kind_of_attacker_has_a_phase_of_its_own() -> None:
    assert {kinds for kinds in PHASES.values() if len(kinds) == 1} == {(kind,) for kind in KINDS}


def test_each_claim_can_be_missed() -> None:
    def sentences(record: Record, case: str = WHOLE) -> list[str]:
        return [sentence.partition(": ")[2] for sentence in missed(list(record.rows(case)))]

    assert sentences(Record([0.01] * 100, peak=3, after=1.1)) == []
    slow = Record([0.01] * 98 + [0.2] * 2)
    assert sentences(slow) == ["99th percentile 200 ms; we claim at most 100"]
    assert sentences(slow, "one kind of attacker") == []
    failed = Record([0.01] * 100, failures=Counter({"503: busy": 1}))
    assert sentences(failed, "one kind of attacker") == ["failed 1; we claim at most 0"]
    grown = Record([0.01] * 100, after=1.3)
    assert sentences(grown, "one kind of attacker") == ["memory after 1.3 × idle; we claim at most 1.2"]
    nothing = Record(failures=Counter({"TimeoutError": 1}))
    assert "99th percentile unknown; we claim at most 100" in sentences(nothing)


def test_phases_are_pooled() -> None:
    parts = [Record([1.0], Counter(a=1), peak=2, after=1), Record([2.0, 3.0], Counter(a=2, b=1), peak=1, after=1.5)]
    assert pool(parts) == Record([1.0, 2.0, 3.0], Counter(a=3, b=1), peak=2, after=1.5)


@pytest.mark.parametrize(
    ("answer", "counted"),
    [(b"HTTP/1.1 413 Too Large\r\n\r\n", "413"), (b"", "closed"), (b"SSH-2.0-x\r\n", "closed")],
)
def test_answers_to_attackers_are_counted(answer: bytes, counted: str) -> None:
    async def attack_once() -> Counter[str]:
        async def respond(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readexactly(4)
            writer.write(answer)
            writer.close()

        answers = Counter[str]()
        async with await asyncio.start_server(respond, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            await exchange(Target("127.0.0.1", port, 0, Path()), b"GET ", answers)
        await exchange(Target("127.0.0.1", port, 0, Path()), b"GET ", answers)
        return answers

    assert asyncio.run(attack_once()) == {counted: 1, "unreachable": 1}
