"""Hearing: the process that takes updates in notes each minute that it can, so that an outage is nobody's silence."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Final

import structlog
from sqlmodel import Session

from bot.waiting import pause
from bot.worker import Worker
from scheduling import outages
from scheduling.school import SchoolFacts

log = structlog.get_logger()

NOTE_EVERY: Final = 60.0


class Hearing:
    """Notes that updates can be fetched whenever `hears` says so."""

    def __init__(
        self,
        worker: Worker,
        school: Callable[[Session], SchoolFacts],
        clock: Callable[[], datetime],
        hears: Callable[[], bool],
    ) -> None:
        self._worker, self._school, self._clock, self._hears = worker, school, clock, hears

    async def run(self, stop: asyncio.Event) -> None:
        """Note it every minute until `stop`."""
        while not stop.is_set():
            await self.note_once()
            await pause(stop, NOTE_EVERY)

    async def note_once(self) -> None:
        """Note it now, if it is so."""
        if not self._hears():
            return
        try:
            await self._worker.run(lambda session: outages.heard(session, self._school(session), self._clock()))
        except Exception as error:
            # Whatever ails the store or the calendar now: the next minute is noted if it can be.
            log.error("hearing not noted", error=type(error).__name__)
