"""The ticker: once a second, and whenever woken, it has the runner do what is due."""

import asyncio
import time
from collections.abc import Callable, Iterable

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from sqlalchemy.exc import OperationalError
from sqlmodel import Session

from bot.effects import Outcome
from bot.runner import Runner
from bot.worker import Worker
from scheduling.school import SchoolFacts
from store.outbox import Letter

log = structlog.get_logger()


class Ticker:
    """Drives the due rows. APScheduler only ticks: the work and its times are rows in the store.

    `may` says whether the store can be used just now: a shared one that was lost is left alone until it is back.
    """

    def __init__(
        self,
        worker: Worker,
        runner: Runner,
        school: Callable[[Session], SchoolFacts],
        dispatch: Callable[[Iterable[Letter]], None],
        may: Callable[[], bool] = lambda: True,
    ) -> None:
        self._worker, self._runner, self._school, self._dispatch = worker, runner, school, dispatch
        self._may = may
        self._wake = asyncio.Event()
        self._passed = time.monotonic()

    def wake(self) -> None:
        """Say that something fell due just now."""
        self._wake.set()

    async def _tick(self) -> None:
        # A coroutine, so that it runs in this loop: an event must not be set from another thread.
        self.wake()

    def seconds_since_pass(self) -> float:
        """Seconds since the due rows were last looked through to the end."""
        return time.monotonic() - self._passed

    async def run(self, stop: asyncio.Event) -> None:
        """Tick until `stop`."""
        scheduler = AsyncIOScheduler(timezone="UTC")
        # A tick missed by a sleeping machine is made good by the next: rows wait, nothing is dropped.
        scheduler.add_job(self._tick, "interval", seconds=1, coalesce=True, max_instances=1, misfire_grace_time=None)
        scheduler.start()
        stopped = asyncio.create_task(stop.wait())
        try:
            while not stop.is_set():
                woken = asyncio.create_task(self._wake.wait())
                await asyncio.wait((woken, stopped), return_when=asyncio.FIRST_COMPLETED)
                woken.cancel()
                self._wake.clear()
                await self.pass_once(stop)
        finally:
            stopped.cancel()
            scheduler.shutdown(wait=False)

    async def pass_once(self, stop: asyncio.Event) -> None:
        """Do all that is due, one row a transaction, so that taps get their turn between; nothing while it may not."""
        try:
            while not stop.is_set():
                if not self._may():
                    return
                try:
                    more, outcome = await self._worker.run(self._one)
                except OperationalError as error:
                    # The store is away, or will never take this one row: then the others must have their turn.
                    if not await self._worker.run(self._runner.put_off_stuck):
                        raise
                    log.error("due work put off", error=type(error).__name__)
                    continue
                if not more:
                    break
                self._dispatch(outcome.letters)
            self._passed = time.monotonic()
        except Exception as error:
            log.error("due work cannot be done", error=type(error).__name__)

    def _one(self, session: Session) -> tuple[bool, Outcome]:
        return self._runner.run_due(session, self._school(session))
