"""What the parts of Whisper share: its store and the one thread that works with it, and the main store to read from."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

from sqlmodel import Session

from bot.seats import SeatLost
from bot.worker import Worker
from scheduling.school import SchoolFacts
from store.sealing import Sealer
from store.whisper_store import WhisperStore

T = TypeVar("T")


def _one_thread() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(1, thread_name_prefix="whisper")


@dataclass(frozen=True)
class Parts:
    """One school's whisper store, and the worker, key and clock of the main one; `school` reads the school's facts.

    `may` says whether this process surely is the one that takes whispers just now.
    """

    store: WhisperStore
    worker: Worker
    sealer: Sealer
    clock: Callable[[], datetime]
    school: Callable[[Session], SchoolFacts]
    may: Callable[[], bool] = lambda: True
    # One thread: at most one receipt is being checked at a time, and a crowd waits in line; none is turned away.
    thread: ThreadPoolExecutor = field(default_factory=_one_thread)

    def only_here(self) -> None:
        """Look, before something that must not be done twice, that nobody else does it. Raises SeatLost."""
        if not self.may():
            raise SeatLost

    async def on_thread(self, work: Callable[..., T], *args: Any, **more: Any) -> T:  # noqa: ANN401 (passed on)
        """Do something with the whisper store, in its own thread."""
        return await asyncio.get_running_loop().run_in_executor(self.thread, partial(work, *args, **more))

    def close(self) -> None:
        """Finish what is under way, and let go of the store."""
        self.thread.shutdown(wait=True)
        self.store.engine.dispose()
