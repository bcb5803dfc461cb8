"""The attackers of ``python -m benchmarks attack``: each is a kind of hostile or unlucky client.

    python -m benchmarks.attackers ADDRESS PID MODEL KIND …

prints ``ready``, attacks until its stdin is closed, and prints how often each answer was given, as JSON: a status,
``closed`` for a connection that was closed without one, ``unreachable`` where none could be opened, and ``silent``
where none came within `PATIENCE`.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import sys
from collections import Counter
from collections.abc import Callable, Coroutine, Iterable, Sequence
from contextlib import suppress
from functools import partial
from itertools import cycle
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import numpy as np
import psutil

from benchmarks.hostile import COSTLY_PICTURES, save
from benchmarks.mutants import mutate_picture, sample_pictures
from benchmarks.service import draw_requests, post

NICE = 10
"""Real attackers have computers of their own; these get what the service and its healthy clients leave of this one."""

PATIENCE = 60
"""Seconds that an attacker waits for an answer."""

PAUSE = 0.05
"""Seconds between two requests of an attacker."""

BURST, BURST_PAUSE = 800, 10
"""Requests sent at once, and seconds between two bursts."""

SLOW, HALF_OPEN = 200, 400
"""Connections that send a byte per second, and that send nothing."""

KILL_PAUSE = 4
"""Seconds between two killed workers: with less, none would have the time to start."""

HEALTHY_SOURCE = "127.0.0.1"
"""Address of the healthy clients."""

SOURCES = [f"127.0.0.{n}" for n in range(2, 10)] if sys.platform == "linux" else [HEALTHY_SOURCE]
"""Addresses of the attackers: all of 127.0.0.0/8 is this computer, on Linux without a set-up."""

MUTATED = 300
"""Different mutated pictures, from seed 0 on."""

HEAD = b"POST /api/read HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/png\r\n"


class Target(NamedTuple):
    """The service: where it listens, its process, and a model file of the user that it serves; and where we are."""

    host: str
    port: int
    pid: int
    model: Path
    sources: Sequence[str] = (HEALTHY_SOURCE,)


Answers = Counter[str]
Attack = Callable[[Answers], Coroutine[Any, Any, None]]


async def connect(target: Target) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Open a connection to the service."""
    source = random.choice(target.sources)
    return await asyncio.open_connection(target.host, target.port, local_addr=(source, 0))


async def exchange(target: Target, request: bytes, answers: Answers) -> None:
    """Send a whole request and count its answer."""
    answers[await _answer(target, request)] += 1


async def _answer(target: Target, request: bytes) -> str:
    try:
        reader, writer = await connect(target)
    except OSError:
        return "unreachable"
    try:
        writer.write(request)
        line = await asyncio.wait_for(reader.readline(), PATIENCE)
        return line.split(b" ")[1].decode() if line.startswith(b"HTTP/1.1 ") else "closed"
    except asyncio.TimeoutError:
        return "silent"
    except OSError:
        return "closed"
    finally:
        writer.transport.abort()


async def _parallel(clients: int, attack: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run an attack by several clients, each again and again."""

    async def client() -> None:
        while True:
            with suppress(OSError, asyncio.TimeoutError):
                await attack()
            await asyncio.sleep(PAUSE)

    await asyncio.gather(*(client() for _ in range(clients)))


# --- attacks ----------------------------------------------------------------------------------------------------------


def send_requests(make: Callable[[], Iterable[bytes]], target: Target, clients: int = 4) -> Attack:
    """Send whole requests, each client one at a time."""
    endless = cycle(list(make()))
    return lambda answers: _parallel(clients, lambda: exchange(target, next(endless), answers))


def send_bursts(target: Target) -> Attack:
    """Send many ordinary requests at once."""
    drawn = draw_requests("/api/read?single=true", 100)

    async def attack(answers: Answers) -> None:
        while True:
            await asyncio.gather(*(exchange(target, drawn[n % len(drawn)], answers) for n in range(BURST)))
            await asyncio.sleep(BURST_PAUSE)

    return attack


def send_slowly(start: bytes, target: Target) -> Attack:
    """Begin requests, and go on with a byte per second."""

    async def trickle(answers: Answers) -> None:
        reader, writer = await connect(target)
        writer.write(start)
        for _ in range(PATIENCE):
            with suppress(asyncio.TimeoutError):
                line = await asyncio.wait_for(reader.readline(), 1)
                answers[line.split(b" ")[1].decode() if line else "closed"] += 1
                break
            writer.write(b"x")
        writer.transport.abort()

    return lambda answers: _parallel(SLOW, lambda: trickle(answers))


def send_nothing(target: Target) -> Attack:
    """Open connections and leave them."""

    async def wait(answers: Answers) -> None:
        reader, writer = await connect(target)
        try:
            answers["closed" if not await asyncio.wait_for(reader.read(1), PATIENCE) else "answered"] += 1
        finally:
            writer.transport.abort()

    return lambda answers: _parallel(HALF_OPEN, lambda: wait(answers))


def send_endlessly(target: Target) -> Attack:
    """Send bodies without an end, and announce bodies that are too large."""
    chunk = b"100000\r\n" + bytes(2**20) + b"\r\n"

    async def stream(answers: Answers) -> None:
        reader, writer = await connect(target)
        try:
            writer.write(HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
            with suppress(ConnectionError):
                for _ in range(64):
                    writer.write(chunk)
                    await writer.drain()
            line = await asyncio.wait_for(reader.readline(), PATIENCE)
            answers[line.split(b" ")[1].decode() if line else "closed"] += 1
        finally:
            writer.transport.abort()

    sizes = (b"1073741824", b"9" * 30, b"-1", b"33554433", b"0x10", b"1e9", b"")
    announce = send_requests(
        lambda: [HEAD + b"Content-Length: " + size + b"\r\n\r\n" + bytes(100) for size in sizes], target, 2
    )

    async def attack(answers: Answers) -> None:
        await asyncio.gather(_parallel(2, lambda: stream(answers)), announce(answers))

    return attack


def kill_workers(target: Target) -> Attack:
    """Kill the processes that read, in turn: idle or busy, as it happens."""
    parent = psutil.Process(target.pid)

    async def attack(answers: Answers) -> None:
        number = 0
        while True:
            await asyncio.sleep(KILL_PAUSE)
            # all may be dead, or the next one may have just been killed, and not be replaced yet
            with suppress(psutil.NoSuchProcess, ZeroDivisionError):
                children = [each for each in parent.children() if "resource_tracker" not in " ".join(each.cmdline())]
                children[number % len(children)].send_signal(signal.SIGKILL)
                answers["killed"] += 1
            number += 1

    return attack


def delete_the_model(target: Target) -> Attack:
    """Delete the user's model file, read with it, and kill workers, which can no longer load it."""
    content, request = target.model.read_bytes(), draw_requests(f"/api/read?model={target.model.stem}", 1)[0]
    kill = kill_workers(target)

    async def attack(answers: Answers) -> None:
        target.model.unlink()
        try:
            await asyncio.gather(kill(answers), _parallel(1, lambda: exchange(target, request, answers)))
        finally:
            target.model.write_bytes(content)

    return attack


# --- requests ---------------------------------------------------------------------------------------------------------


def _costly() -> list[bytes]:
    return [post("/api/read", make()) for make in COSTLY_PICTURES.values()]


def _large() -> list[bytes]:
    """Ordinary pictures of 12 to 48 megapixels, of which each takes a while."""
    noise = np.random.default_rng(0)
    made = []
    for height, width in ((3000, 4000), (6000, 8000)):
        page = np.full((height, width), 250, np.uint8)
        for _ in range(40):
            y, x = noise.integers(0, height - 400), noise.integers(0, width - 300)
            page[y : y + 300, x : x + 40] = 30
        made += [post("/api/read", save(page, "JPEG")), post("/api/read", save(page, "PNG", compress_level=1))]
    return made


def _forms() -> list[bytes]:
    part = b"--x\r\n\r\n\r\n"
    named = b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n\r\n'
    long = b"--x\r\nContent-Disposition: form-data; " + b"a" * 10_000_000 + b"\r\n\r\n--x--\r\n"
    headers = b"--x\r\n" + b"A: b\r\n" * 1_000_000 + b"\r\n--x--\r\n"
    bodies = (part * 400_000 + b"--x--\r\n", named * 400_000 + b"--x--\r\n", long, headers)
    return [post("/api/read", body, "multipart/form-data; boundary=x") for body in bodies]


def _json() -> list[bytes]:
    bomb = b'{"pixels": [["' + b"a" * 500_000 + b'"' + b', ""' * 130_000 + b"]]}"
    deep = b"[" * 1_000_000
    number = b'{"pixels": ' + b"9" * 1_000_000 + b"}"
    kinds = ("application/json", "image/png", "text/plain", "application/octet-stream")
    paths = ("/api/read", "/api/explain", "/api/corrections?label=7&consent=true")
    return [post(path, body, kind) for body in (bomb, deep, number) for kind in kinds for path in paths]


def _foreign() -> list[bytes]:
    hosts = ("evil.example", "localhost.evil.example", "", "[::1", "localhost\r\nHost: evil.example", "a" * 60_000)
    made = [f"GET /api/corrections HTTP/1.1\r\nHost: {host}\r\n\r\n" for host in hosts]
    origins = ("https://evil.example", "null", "http://localhost.evil.example", "http://localhost:1")
    made += [f"DELETE /api/corrections HTTP/1.1\r\nHost: localhost\r\nOrigin: {origin}\r\n\r\n" for origin in origins]
    made += ["POST /api/read HTTP/1.1\r\nHost: localhost\r\nSec-Fetch-Site: cross-site\r\nContent-Length: 0\r\n\r\n"]
    raw = (
        b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"\0" * 1000,
        b"GET\r\n\r\n",
    )
    return [*(each.encode() for each in made), *raw]


def _corrections() -> list[bytes]:
    add = draw_requests("/api/corrections?consent=true&label=7&single=true", 20)
    calls = ("GET ", "GET .csv", "GET .zip", "DELETE /../../x", "DELETE /%2e%2e%2fx", "DELETE ")
    rest = [f"{call.replace(' ', ' /api/corrections')} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode() for call in calls]
    return [*add, *rest[:-1], *add, *rest]


def _mutated() -> list[bytes]:
    samples = list(sample_pictures().values())
    made = []
    for seed in range(MUTATED):
        spoilt = mutate_picture(samples[seed % len(samples)], random.Random(seed))
        made.append(post(("/api/read", "/api/explain")[seed % 2], spoilt))
    return made


SAME_ADDRESS = "bursts from the address of healthy clients"

KINDS: dict[str, Callable[[Target], Attack]] = {
    "costly pictures": partial(send_requests, _costly),
    "large ordinary pictures": partial(send_requests, _large),
    "mutated pictures": partial(send_requests, _mutated),
    "bursts of 800 requests": send_bursts,
    SAME_ADDRESS: lambda target: send_bursts(target._replace(sources=[HEALTHY_SOURCE])),
    "slow heads": partial(send_slowly, HEAD),
    "slow bodies": partial(send_slowly, HEAD + b"Content-Length: 100000\r\n\r\n"),
    "half-open connections": send_nothing,
    "huge and endless bodies": send_endlessly,
    "forms of 400,000 parts": partial(send_requests, _forms, clients=2),
    "JSON bombs": partial(send_requests, _json),
    "other hosts and origins": partial(send_requests, _foreign),
    "corrections by several clients": partial(send_requests, _corrections),
    "killed workers": kill_workers,
    "a deleted model file": delete_the_model,
}
"""Every kind of attack, by its name in the results."""


async def _attack(attacks: list[Attack], answers: Answers) -> None:
    running = asyncio.gather(*(attack(answers) for attack in attacks))
    end = asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    done, _ = await asyncio.wait([running, end], return_when=asyncio.FIRST_COMPLETED)
    if running in done:
        await running  # raises what went wrong
    running.cancel()
    await asyncio.wait([running], timeout=1)
    print(json.dumps(answers), flush=True)
    os._exit(0)  # before Python 3.12, wait_for may swallow a cancellation, and its client would never end


def main(address: str, pid: str, model: str, *kinds: str) -> None:
    """Attack in the ways that are named."""
    os.nice(NICE)
    url = urlsplit(address)
    target = Target(url.hostname or "", url.port or 0, int(pid), Path(model), SOURCES)
    attacks, answers = [KINDS[kind](target) for kind in kinds], Counter[str]()
    print("ready", flush=True)
    asyncio.run(_attack(attacks, answers))


if __name__ == "__main__":
    main(*sys.argv[1:])
