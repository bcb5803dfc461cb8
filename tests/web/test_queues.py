"""The queue before the workers: bounded, and fair to its clients."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from digits.web.queues import FairQueue


def take_all(queue: FairQueue[str]) -> str:
    return "".join(queue.take() for _ in range(len(queue)))


def test_clients_are_served_in_turn() -> None:
    queue = FairQueue[str](100, 100)
    for client, items in (("a", "1234"), ("b", "56"), ("c", "7")):
        assert all(queue.add(client, item) for item in items)
    assert queue.take() == "1"
    assert queue.add("d", "8")
    assert take_all(queue) == "5728634"


def test_full_share_leaves_room_for_others() -> None:
    queue = FairQueue[str](limit=4, share=2)
    assert [queue.add("a", each) for each in "123"] == [True, True, False]
    assert [queue.add("b", each) for each in "45"] == [True, True]
    assert not queue.add("c", "6"), "all is full"
    assert take_all(queue) == "1425"


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 9), st.booleans())))
def test_every_item_leaves_once(steps: list[tuple[str, int, bool]]) -> None:
    queue = FairQueue[tuple[str, int]](limit=10, share=5)
    inside: list[tuple[str, int]] = []
    for number, (client, other, adds) in enumerate(steps):
        if adds and queue.add(client, (client, number)):
            inside.append((client, number))
        elif not adds and inside:
            removed = inside[other % len(inside)]
            assert queue.remove(removed[0], removed)
            assert not queue.remove(removed[0], removed)
            inside.remove(removed)
        assert len(queue) == len(inside) <= 10
    assert sorted(queue.clear()) == sorted(inside)
    assert len(queue) == 0
