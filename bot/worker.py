"""The worker: one thread that owns the store, so that the edges may wait without holding anything up."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from sqlalchemy import Engine
from sqlmodel import Session

from store import waking

T = TypeVar("T")


class Worker:
    """Runs functions of a session, one transaction each, in one thread."""

    def __init__(self, engine: Engine) -> None:
        # Whoever takes things in must not have the store to itself for longer than others wait for it.
        self._engine = engine.execution_options(brief=True)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="store")

    async def run(self, work: Callable[[Session], T]) -> T:
        """Run `work` in a transaction of its own and commit it; whatever it raises rolls back and is raised here."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self.run_now, work)

    def run_now(self, work: Callable[[Session], T]) -> T:
        """The same, for callers that are not asynchronous (the command line)."""
        # Rows stay readable after the commit: what is sent then was decided before it.
        with Session(self._engine, expire_on_commit=False) as session:
            result = work(session)
            waking.tell(session)
            session.commit()
            return result

    def close(self) -> None:
        """Finish the transaction under way and stop."""
        self._thread.shutdown(wait=True)
        self._engine.dispose()
