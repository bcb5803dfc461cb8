"""Requests begin in turn, and not all at once."""

from __future__ import annotations

import asyncio

from digits.web.pacing import Pace


def begin(clients: list[str], *, joined_after: int = 0, joining: str = "") -> list[str]:
    """Let requests of these clients arrive together, and one more after some have begun; return who began when."""

    async def run() -> list[str]:
        pace, begun = Pace(), []

        async def request(client: str) -> None:
            assert await pace.wait(client)
            begun.append(client)

        requests = [asyncio.create_task(request(client)) for client in clients]
        while joining and len(begun) < joined_after:
            await asyncio.sleep(0)
        if joining:
            requests.append(asyncio.create_task(request(joining)))
        await asyncio.gather(*requests)
        return begun

    return asyncio.run(run())


def test_all_requests_begin() -> None:
    assert sorted(begin(["a"] * 50 + ["b"] * 3)) == ["a"] * 50 + ["b"] * 3


def test_clients_take_turns() -> None:
    assert begin(["a"] * 10 + ["b"] * 2)[:4] == ["a", "b", "a", "b"]


def test_client_that_arrives_during_a_burst_is_next() -> None:
    assert "late" in begin(["a"] * 800, joined_after=100, joining="late")[:105]


def test_service_looks_around_between_requests() -> None:
    async def run() -> int:
        pace, looks = Pace(), 0
        requests = [asyncio.create_task(pace.wait("a")) for _ in range(100)]
        while not all(request.done() for request in requests):
            looks += 1
            await asyncio.sleep(0)
        return looks

    assert asyncio.run(run()) >= 100


def test_requests_beyond_the_limit_are_refused_and_none_waits_forever() -> None:
    async def run() -> list[bool]:
        pace = Pace(limit=4)
        return await asyncio.gather(*(pace.wait(client) for client in ["a"] * 6 + ["b"]))

    # the client with the most waiting requests loses its newest ones
    assert asyncio.run(asyncio.wait_for(run(), 10)) == [True] * 3 + [False] * 3 + [True]


def test_lost_requests_are_passed_over() -> None:
    async def run() -> None:
        pace = Pace()
        requests = [asyncio.create_task(pace.wait("a")) for _ in range(3)]
        await asyncio.sleep(0)
        requests[0].cancel()
        await asyncio.gather(*requests[1:])

    asyncio.run(run())
