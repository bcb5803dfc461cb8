"""A bounded queue that serves its clients in turn, so that one who sends much delays only itself."""

from __future__ import annotations

from collections import deque
from typing import Generic, TypeVar

Item = TypeVar("Item")


class FairQueue(Generic[Item]):
    """A queue per client, each first in, first out; clients are served in turn.

    It holds `limit` items, at most `share` of them of the same client.
    """

    def __init__(self, limit: int, share: int) -> None:
        self.limit, self.share = limit, share
        self._queues: dict[str, deque[Item]] = {}
        self._length = 0

    def __len__(self) -> int:
        return self._length

    def add(self, client: str, item: Item) -> bool:
        """Add an item of a client; false if there is no room."""
        queue = self._queues.get(client, deque())
        if self._length >= self.limit or len(queue) >= self.share:
            return False
        queue.append(item)
        self._queues[client] = queue
        self._length += 1
        return True

    def take(self) -> Item:
        """Take the first item of the client whose turn it is."""
        client, queue = next(iter(self._queues.items()))
        item = queue.popleft()
        del self._queues[client]
        if queue:  # its next turn is after all others
            self._queues[client] = queue
        self._length -= 1
        return item

    def remove(self, client: str, item: Item) -> bool:
        """Remove an item; false if it is not here."""
        queue = self._queues.get(client, deque())
        if item not in queue:
            return False
        queue.remove(item)
        if not queue:
            del self._queues[client]
        self._length -= 1
        return True

    def clear(self) -> list[Item]:
        """Remove all items, and return them."""
        items = [item for queue in self._queues.values() for item in queue]
        self._queues.clear()
        self._length = 0
        return items
