"""In order: while a network is in trouble, what was written first to a chat is what the chat reads first."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from store.outbox import Letter
from store.tables import LANES

# How much longer than its time the first is waited for: a few looks at the store. It may have been withdrawn.
PATIENCE: Final = timedelta(seconds=5)


class InOrder:
    """Remembers, by chat and lane, the oldest post that a network did not take, and when it is tried again.

    Edits (`unordered` names their methods) and bulk are left out: an edit that is late is overtaken by the next, and of
    a wave each chat gets one letter.
    """

    def __init__(self, unordered: Collection[str], patience: timedelta = PATIENCE) -> None:
        self._unordered, self._patience = unordered, patience
        self._first: dict[tuple[str, int], tuple[UUID, datetime]] = {}

    def behind(self, letter: Letter, chat: str, now: datetime) -> datetime | None:
        """Until when a letter waits for one written before it; None when it need not.

        That is a little longer than the first one's time, which may be on its way from the store just now.
        """
        first = self._first.get((chat, letter.lane))
        if (
            first is None
            or letter.method in self._unordered
            or letter.id <= first[0]
            or first[1] + self._patience <= now
        ):
            return None
        return max(first[1], now)

    def in_trouble(self, letter: Letter, chat: str, again: datetime, now: datetime) -> None:
        """Note that the network did not take a letter, which is tried again at a moment."""
        if letter.lane == LANES["bulk"] or letter.method in self._unordered:
            return
        first = self._first.get((chat, letter.lane))
        if first is None or letter.id <= first[0] or first[1] + self._patience <= now:
            self._first[chat, letter.lane] = letter.id, again

    def ended(self, letter: Letter, chat: str) -> None:
        """Note that a letter has arrived, or never will."""
        if (first := self._first.get((chat, letter.lane))) is not None and first[0] == letter.id:
            del self._first[chat, letter.lane]
