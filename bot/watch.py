"""The watch over what waits: the auditor's passes, on a round of their own, and the numbers it is seen by.

The numbers are counts and ages; none is of a person, a group or a kind of trouble.
"""

import asyncio
import time
from collections.abc import Callable, Iterable
from datetime import datetime
from uuid import UUID

import structlog
from prometheus_client import CollectorRegistry, Gauge, generate_latest
from sqlalchemy import func
from sqlmodel import Session, col, select

from bot.worker import Worker
from scheduling import auditor, outages
from scheduling.school import SchoolFacts
from store.sealing import Sealer
from store.tables import LANES, Outbox

log = structlog.get_logger()

PASS_EVERY = 60.0
LATE_AFTER = 15 * 60.0


class Watch:
    """Has the auditor pass every minute until told to stop; `seconds` is a clock that nobody can set.

    Beside it each pass notes whether updates can be fetched: `hears` says so.
    """

    def __init__(
        self,
        worker: Worker,
        sealer: Sealer,
        school: Callable[[Session], SchoolFacts],
        clock: Callable[[], datetime],
        wake: Callable[[], None],
        seconds: Callable[[], float] = time.monotonic,
        hears: Callable[[], bool] = lambda: False,
    ) -> None:
        self._worker, self._sealer, self._school, self._clock, self._wake = worker, sealer, school, clock, wake
        self._suspected: set[UUID] = set()
        self._seconds, self._passed, self._hears = seconds, seconds(), hears
        self._mended = 0

    def is_late(self) -> bool:
        """Whether the auditor has not passed for a quarter of an hour."""
        return self._seconds() - self._passed > LATE_AFTER

    async def run(self, stop: asyncio.Event) -> None:
        """Pass every minute until `stop`."""
        while not stop.is_set():
            try:
                await self.pass_once()
            except Exception as error:
                log.error("the auditor could not pass", error=type(error).__name__)
            try:
                async with asyncio.timeout(PASS_EVERY):
                    await stop.wait()
            except TimeoutError:
                continue

    async def pass_once(self) -> int:
        """Look at every case once; returns how many steps were done again."""
        suspected = self._suspected

        def look(session: Session) -> tuple[set[UUID], int]:
            if self._hears():
                outages.heard(session, self._school(session), self._clock())
            return auditor.mend(session, self._sealer, self._school(session), suspected, self._clock())

        self._suspected, mended = await self._worker.run(look)
        self._passed = self._seconds()
        if mended:
            self._mended += mended
            log.error("steps were overdue and are done again", steps=mended)
            self._wake()
        return mended

    async def metrics(self, failures: Iterable[tuple[str, int]]) -> bytes:
        """Give the numbers as Prometheus reads them; `failures` are sends that will never arrive, by network."""
        registry = CollectorRegistry()
        cases = Gauge("earshot_cases", "Cases by state", ["state"], registry=registry)
        oldest = Gauge("earshot_oldest_open_case_seconds", "Age of the oldest open case", registry=registry)
        mended = Gauge("earshot_steps_done_again", "Steps the auditor did since the start", registry=registry)
        ages = Gauge("earshot_queue_age_seconds", "Age of the oldest message due, by lane", ["lane"], registry=registry)
        refused = Gauge("earshot_sends_failed", "Messages refused since the start", ["network"], registry=registry)

        def read(session: Session) -> None:
            school, now = self._school(session), self._clock()
            waiting = auditor.standing(session, self._sealer, school, now)
            for state in ("open", "owned", "overdue"):
                cases.labels(state).set(getattr(waiting, state))
            began = auditor.oldest(session, self._sealer, school)
            oldest.set((now - began).total_seconds() if began else 0)
            for lane, since in _queues(session, school.id, now).items():
                ages.labels(lane).set((now - since).total_seconds())

        await self._worker.run(read)
        mended.set(self._mended)
        for network, count in failures:
            refused.labels(network).set(count)
        return generate_latest(registry)


def _queues(session: Session, school_id: UUID, now: datetime) -> dict[str, datetime]:
    """When the oldest message of each lane that may leave now was due; now itself for a lane with none."""
    rows = session.exec(
        select(Outbox.lane, func.min(Outbox.not_before))
        .where(Outbox.school_id == school_id, Outbox.state == "waiting", col(Outbox.not_before) <= now)
        .group_by(col(Outbox.lane))
    ).all()
    found = dict(rows)
    return {name: found.get(number, now) for name, number in LANES.items()}
