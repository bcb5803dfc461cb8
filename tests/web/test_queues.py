"""The queue before the workers: bounded, and fair to its clients."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from digits.web.queues import SHORT_QUEUE, FairQueue


def take_all(queue: FairQueue[str]) -> str:
    return "".join(queue.take() for _ in range(len(queue)))


def test_clients_are_served_in_turn() -> None:
    queue = FairQueue[str](100)
    for client, items in (("a", "1234"), ("b", "56"), ("c", "7")):
        assert [queue.add(client, item) for item in items] == [None] * len(items)
    assert queue.take() == "1"
    assert queue.add("d", "8") is None
    assert take_all(queue) == "5728634"


def test_full_queue_drops_what_the_client_with_the_most_sent_last() -> None:
    queue = FairQueue[str](limit=4)
    assert [queue.add("a", each) for each in "12345"] == [None, None, None, None, "5"]
    assert queue.add("b", "6") == "4"
    assert queue.add("b", "7") == "3"
    assert queue.add("b", "8") == "8", "as many as the others, so its own"
    assert queue.add("c", "9") in ("2", "7")


def test_newest_is_served_soon_after_a_burst_and_the_oldest_too() -> None:
    queue = FairQueue[int](1000)
    for number in range(1000):
        queue.add("a", number)
    taken = [queue.take() for _ in range(1000 - SHORT_QUEUE)]
    assert set(taken[:4]) == {0, 1, 998, 999}
    left = [queue.take() for _ in range(SHORT_QUEUE)]
    assert left == sorted(left)


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 9), st.sampled_from(["add", "take", "remove"]))))
def test_every_item_leaves_once(steps: list[tuple[str, int, str]]) -> None:
    queue = FairQueue[tuple[str, int]](limit=10)
    inside: list[tuple[str, int]] = []
    for number, (client, other, step) in enumerate(steps):
        if step == "add":
            inside.append((client, number))
            if dropped := queue.add(client, (client, number)):
                inside.remove(dropped)
        elif inside and step == "take":
            inside.remove(queue.take())
        elif inside:
            removed = inside.pop(other % len(inside))
            assert queue.remove(removed[0], removed)
            assert not queue.remove(removed[0], removed)
        assert len(queue) == len(inside) <= 10
    assert sorted(queue.clear()) == sorted(inside)
    assert len(queue) == 0
