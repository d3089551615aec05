"""Seats: where several processes share a store, what may be done by one at a time is done by whoever has its seat.

The three of a school: "intake" hears Telegram and Slack and takes whispers, "delivery" sends, "auditor" looks after
what waits. Work that is due needs no seat: its rows are taken under a lock.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, Protocol

Work = Callable[[asyncio.Event, bool], Awaitable[None]]
"""What is done on a seat, until the event is set; the flag tells whether another process may have had it before."""


SEATS: Final = ("intake", "delivery", "auditor")


class SeatLost(Exception):
    """What is about to be done may be done by another process by now."""


class Seats(Protocol):
    """The seats of one bot, as one process sees them.

    `ended_for` is the sentence for which it had to end everything, if any.
    """

    ended_for: str

    @property
    def held(self) -> set[str]:
        """The names of those it has: asked anew before each thing that only one process may do."""

    def seconds_away(self) -> float:
        """Seconds since the shared store could not be used any more; 0 while it can."""

    def nobodys(self) -> list[str]:
        """The seats that no process at all has had for some while."""

    async def hold(self, seat: str, work: Work, stop: asyncio.Event) -> None:
        """Do the work whenever this process has the seat, until `stop`."""

    async def listen(self, hear: Callable[[str], None], stop: asyncio.Event) -> None:
        """Hear what other processes leave to be done, "due" or "outbox", until `stop`."""


class Alone:
    """The seats of a process that has the store to itself: all are its own, and there is nobody to hear."""

    def __init__(self) -> None:
        self.held: set[str] = set()
        self.ended_for = ""

    def seconds_away(self) -> float:
        """Never: of a store that is a process's own the ticker tells."""
        return 0.0

    def nobodys(self) -> list[str]:
        """None: they are all its own."""
        return []

    async def hold(self, seat: str, work: Work, stop: asyncio.Event) -> None:
        """Do the work at once."""
        self.held.add(seat)
        await work(stop, False)

    async def listen(self, hear: Callable[[str], None], stop: asyncio.Event) -> None:
        """Wait for the end."""
        await stop.wait()
