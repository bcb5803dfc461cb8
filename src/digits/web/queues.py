"""A bounded queue that serves its clients in turn, so that one who sends much delays only itself."""

from __future__ import annotations

from collections import deque
from typing import Generic, TypeVar

Item = TypeVar("Item")

SHORT_QUEUE = 16
"""Items of a client that are served in order; of more, the oldest and the newest take turns.

After a burst, a new request is thus answered at once, even if all clients share one address, and none waits forever.
"""


class FairQueue(Generic[Item]):
    """A queue per client; clients are served in turn. It holds `limit` items.

    When it is full, the client with the most items loses its newest, so that no client can keep out another.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._queues: dict[str, deque[Item]] = {}
        self._takes_newest = False

    def __len__(self) -> int:
        return sum(map(len, self._queues.values()))

    def add(self, client: str, item: Item) -> Item | None:
        """Add an item of a client; return the item for which there is no room now, perhaps this one."""
        self._queues.setdefault(client, deque()).append(item)
        if len(self) <= self.limit:
            return None
        # the client itself, if others have as many
        most = max(self._queues, key=lambda each: (len(self._queues[each]), each == client))
        return self._pop(most, newest=True)

    def take(self) -> Item:
        """Take an item of the client whose turn it is."""
        client = next(iter(self._queues))
        queue = self._queues[client]
        newest = len(queue) > SHORT_QUEUE and self._takes_newest
        self._takes_newest = not self._takes_newest
        item = self._pop(client, newest=newest)
        if client in self._queues:  # its next turn is after all others
            self._queues[client] = self._queues.pop(client)
        return item

    def remove(self, client: str, item: Item) -> bool:
        """Remove an item; false if it is not here."""
        queue = self._queues.get(client, deque())
        if item not in queue:
            return False
        queue.remove(item)
        if not queue:
            del self._queues[client]
        return True

    def clear(self) -> list[Item]:
        """Remove all items, and return them."""
        items = [item for queue in self._queues.values() for item in queue]
        self._queues.clear()
        return items

    def _pop(self, client: str, *, newest: bool) -> Item:
        queue = self._queues[client]
        item = queue.pop() if newest else queue.popleft()
        if not queue:
            del self._queues[client]
        return item
