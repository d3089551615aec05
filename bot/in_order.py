"""In order: while a network is in trouble, what was written first to a chat is what the chat reads first.

Edits of a message are another matter: the last one is all that counts, and an earlier one never undoes it.
"""

import asyncio
from collections.abc import Callable, Collection
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import structlog

from bot.worker import Worker
from store import outbox
from store.outbox import Letter
from store.sealing import Sealer
from store.tables import LANES

log = structlog.get_logger()

# How much longer than its time a letter is waited for: a few looks at the store. It may have been withdrawn.
PATIENCE: Final = timedelta(seconds=5)
LOOK_AGAIN: Final = 1.0
EDITS_REMEMBERED: Final = 4_000


class InOrder:
    """Remembers, by chat and lane, the posts that a network did not take, those put off behind them, and until when.

    Edits (`unordered` names their methods) and bulk are left out: an edit that is late is overtaken by the next, and of
    a wave each chat gets one letter.
    """

    def __init__(self, unordered: Collection[str], patience: timedelta = PATIENCE) -> None:
        self._unordered, self._patience = unordered, patience
        self._waiting: dict[tuple[str, int], dict[UUID, datetime]] = {}

    def behind(self, letter: Letter, chat: str, now: datetime) -> datetime | None:
        """Until when a letter waits for one written before it; None when it need not.

        That is when the other is tried again, or now if that has come: it may be on its way from the store just now.
        A letter that waits holds up those written after it in its turn.
        """
        waiting = self._waiting.get((chat, letter.lane))
        if waiting is None or letter.method in self._unordered:
            return None
        for gone in [id for id, until in waiting.items() if until + self._patience <= now]:
            del waiting[gone]
        first = min((id for id in waiting if id < letter.id), default=None)
        if first is None:
            return None
        until = waiting[letter.id] = max(waiting[first], now)
        return until

    def in_trouble(self, letter: Letter, chat: str, again: datetime) -> None:
        """Note that the network did not take a letter, which is tried again at a moment."""
        if letter.lane != LANES["bulk"] and letter.method not in self._unordered:
            self._waiting.setdefault((chat, letter.lane), {})[letter.id] = again

    def ended(self, letter: Letter, chat: str) -> None:
        """Note that a letter has arrived, or never will."""
        waiting = self._waiting.get((chat, letter.lane), {})
        waiting.pop(letter.id, None)
        if not waiting:
            self._waiting.pop((chat, letter.lane), None)

    async def recall(
        self,
        worker: Worker,
        sealer: Sealer,
        network: str,
        chat_of: Callable[[Letter], str],
        now: datetime,
        stop: asyncio.Event,
    ) -> None:
        """Learn from the store what waits since before this process began, or until `stop`."""
        while not stop.is_set():
            try:
                left = await worker.run(
                    lambda session: outbox.left_waiting(session, sealer, network, self._unordered, now)
                )
            except Exception as error:
                # Sent before it is known what else waits, a letter could come too early.
                log.error("outbox cannot be read", network=network, error=type(error).__name__)
                await asyncio.sleep(LOOK_AGAIN)
                continue
            for letter, until in left:
                # One that says no chat fails when it is claimed.
                with suppress(KeyError, TypeError):
                    self.in_trouble(letter, chat_of(letter), max(until, now))
            return


class Edits:
    """Remembers the newest edit of each message, so that one it overtook is not sent; `methods` replace a message."""

    def __init__(self, methods: Collection[str], chat_of: Callable[[Letter], str]) -> None:
        self._methods, self._chat_of = methods, chat_of
        self._newest: dict[tuple[str, str, object], UUID] = {}

    def note(self, letter: Letter) -> None:
        """Note a letter that is here to be sent."""
        target = self._edited(letter)
        if target is None:
            return
        newest = max(letter.id, self._newest.pop(target, letter.id))
        self._newest[target] = newest
        if len(self._newest) > EDITS_REMEMBERED:
            del self._newest[next(iter(self._newest))]

    def overtaken(self, letter: Letter) -> bool:
        """Whether a later edit of the same message is here or has gone; ids of letters grow in the order of writing."""
        target = self._edited(letter)
        return target is not None and letter.id < self._newest.get(target, letter.id)

    def _edited(self, letter: Letter) -> tuple[str, str, object] | None:
        """Name the message that a letter replaces as a whole; None when it replaces none."""
        if letter.method not in self._methods:
            return None
        return self._chat_of(letter), letter.method, letter.slot or letter.payload.get("message_id")
