"""Seats of a PostgreSQL that several processes share: advisory locks, each held by a connection of its own.

When a process ends, however it ends, its connection does too, and another that stands by takes the seat. A process
whose connection fails leaves its seat at once, before the server would give it to another. Of one that hangs the server
hears nothing, and ends the connection; should it go on one day, its own clock says that the seat may be another's.

Each of these connections also holds what keeps a change of keys or a restore out (`bot.opening.OnlyOne`): a server that
is restarted forgets every lock, so whoever comes back takes it anew, and looks whether the key is still the same.
"""

import asyncio
import hashlib
import time
from collections.abc import Callable
from typing import Any, Final

import psycopg
import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from bot.opening import STORE_LOCK
from bot.seats import SEATS, Work
from bot.waiting import pause, unless
from store.database import LINK, SERVERS_PATIENCE
from store.sealing import KeyProblem
from store.waking import CHANNEL

log = structlog.get_logger()

LOOK_EVERY: Final = 1.0
# A server that says nothing for so long (seconds) is gone: well before it would find that we are.
SILENCE: Final = 4.0
# So long (seconds) after it was last asked for, a seat is surely ours; the server gives it away after HUNG.
SURE: Final = LOOK_EVERY + SILENCE
HUNG: Final = "8s"
# Put so that servers before PostgreSQL 14, which cannot do it, do not mind.
_END_WHEN_HUNG: Final = "SELECT set_config(name, %s, false) FROM pg_settings WHERE name = 'idle_session_timeout'"
# A seat that no process has had for so long (seconds) is nobody's.
NOBODYS: Final = 20.0
_TAKEN: Final = (
    "SELECT classid::bigint << 32 | objid::bigint FROM pg_locks WHERE locktype = 'advisory' AND granted "
    "AND objsubid = 1 AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)


class SharedSeats:
    """The seats of one bot, for one of the processes that share its PostgreSQL; see `bot.seats.Seats`.

    `check` looks, after each connection, whether the store is still sealed with our key. It raises KeyProblem where it
    is not: everything ends then, for nothing that this process would write could be read.
    """

    def __init__(self, engine: Engine, bot: str, check: Callable[[], None], *, nobodys_after: float = NOBODYS) -> None:
        # By the engine's own reading of its address, which may name several servers.
        asked: Any = engine.dialect.create_connect_args(engine.url)[1]
        self._address = {name: value for name, value in asked.items() if name != "context"}
        self._bot, self._check, self._nobodys_after = bot, check, nobodys_after
        self._away_since: float | None = None
        self._last_taken = dict.fromkeys(SEATS, time.monotonic())
        # When each seat that we have was last asked for.
        self._asked: dict[str, float] = {}
        self.ended_for = ""

    @property
    def held(self) -> set[str]:
        """The seats that are surely ours, however long this process hung just now."""
        return {seat for seat, asked in self._asked.items() if _now() - asked < SURE}

    def seconds_away(self) -> float:
        """Seconds since the database could not be used any more; 0 while it can."""
        return 0.0 if self._away_since is None else time.monotonic() - self._away_since

    def nobodys(self) -> list[str]:
        """The seats that no process at all has had for twenty seconds, as far as can be known just now."""
        if self._away_since is not None:
            return []
        return [seat for seat, at in self._last_taken.items() if time.monotonic() - at > self._nobodys_after]

    async def hold(self, seat: str, work: Work, stop: asyncio.Event) -> None:
        """Stand by for the seat, work on it, and stand by again when the database was lost.

        Work that fails leaves the seat to another process, and its error is raised.
        """
        number, took_over = _number(seat, self._bot), False
        while not stop.is_set():
            connection = await self._connected(stop)
            if connection is not None:
                try:
                    asked, ours = _now(), await _is_ours(connection, number)
                    while ours is False and not stop.is_set():
                        if not took_over:
                            log.info("standing by", seat=seat)
                        took_over = True
                        await pause(stop, LOOK_EVERY)
                        asked, ours = _now(), await _is_ours(connection, number)
                    if ours and not stop.is_set():
                        self._asked[seat] = asked
                        await self._sit(connection, seat, work, stop, took_over)
                finally:
                    await connection.close()
            took_over = True
            await pause(stop, LOOK_EVERY)

    async def _sit(
        self, connection: psycopg.AsyncConnection, seat: str, work: Work, stop: asyncio.Event, took_over: bool
    ) -> None:
        leave = asyncio.Event()
        guard = asyncio.create_task(self._guard(connection, seat, leave, stop))
        if took_over:
            log.info("taken over", seat=seat)
        try:
            await work(leave, took_over)
        finally:
            guard.cancel()
            self._asked.pop(seat, None)

    async def listen(self, hear: Callable[[str], None], stop: asyncio.Event) -> None:
        """Hear, and after each connection anew hear everything once, for what was said meanwhile is lost."""
        while not stop.is_set():
            connection = await self._connected(stop)
            if connection is not None:
                try:
                    await unless(stop, self._hear(connection, hear))
                finally:
                    await connection.close()
            await pause(stop, LOOK_EVERY)

    async def _connected(self, stop: asyncio.Event) -> psycopg.AsyncConnection | None:
        """Connect, with the store's lock; None while the database cannot be reached, or somebody wants it alone."""
        try:
            connection = await psycopg.AsyncConnection.connect(**self._address, autocommit=True, **LINK)
        except (psycopg.Error, OSError) as error:
            self._away("the database cannot be reached", error)
            return None
        try:
            await connection.execute(SERVERS_PATIENCE)
            await connection.execute(_END_WHEN_HUNG, (HUNG,))
            shared = await connection.execute("SELECT pg_try_advisory_lock_shared(%s)", (STORE_LOCK,))
            if await shared.fetchone() == (True,):
                # Under the lock, so that it holds for as long as this connection does.
                await asyncio.to_thread(self._check)
                self._away_since = None
                return connection
            self._away("the database is wanted by another alone, a change of keys or a restore")
        except KeyProblem as problem:
            if not self.ended_for:
                log.error("the master key was changed: nothing more is done here")
            self.ended_for = f"{problem}. Was it changed while the database was lost? Then start Earshot again"
            stop.set()
        except (psycopg.Error, DBAPIError, OSError) as error:
            self._away("the database cannot be reached", error)
        await connection.close()
        return None

    def _away(self, what: str, error: Exception | None = None) -> None:
        """Note that the store cannot be used; told once, not with every try."""
        if self._away_since is None:
            self._away_since = time.monotonic()
            log.warning(what, **({"error": type(error).__name__} if error else {}))

    async def _hear(self, connection: psycopg.AsyncConnection, hear: Callable[[str], None]) -> None:
        try:
            await connection.execute(f"LISTEN {CHANNEL}")
            for what in ("due", "outbox"):
                hear(what)
            while True:
                await self._look_round(connection)
                async for said in connection.notifies(timeout=self._nobodys_after / 4):
                    hear(said.payload)
        except (psycopg.Error, OSError) as error:
            self._away("the database cannot be listened to", error)

    async def _look_round(self, connection: psycopg.AsyncConnection) -> None:
        taken = {number for (number,) in await (await connection.execute(_TAKEN)).fetchall()}
        for seat in SEATS:
            if _number(seat, self._bot) in taken:
                self._last_taken[seat] = time.monotonic()

    async def _guard(
        self, connection: psycopg.AsyncConnection, seat: str, leave: asyncio.Event, stop: asyncio.Event
    ) -> None:
        """Set `leave` when all is to end, and when the connection that holds the seat is no more."""
        try:
            while not stop.is_set():
                asked = _now()
                async with asyncio.timeout(SILENCE):
                    await connection.execute("SELECT 1")
                self._asked[seat] = asked
                await pause(stop, LOOK_EVERY)
        except (psycopg.Error, TimeoutError, OSError) as error:
            log.error("the seat is lost", seat=seat, error=type(error).__name__)
            self._asked.pop(seat, None)
            self._away("the database cannot be reached", error)
        finally:
            leave.set()


def _now() -> float:
    """Read a clock (seconds) that goes on while this process, or its machine, stands still."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def _number(seat: str, bot: str) -> int:
    """Number a seat as PostgreSQL's advisory locks are: 64 bits, signed."""
    return int.from_bytes(hashlib.sha256(f"{seat} {bot}".encode()).digest()[:8], signed=True)


async def _is_ours(connection: psycopg.AsyncConnection, number: int) -> bool | None:
    """Try to take a seat; None when the connection is no more."""
    try:
        async with asyncio.timeout(SILENCE):
            answer = await (await connection.execute("SELECT pg_try_advisory_lock(%s)", (number,))).fetchone()
    except (psycopg.Error, TimeoutError, OSError):
        return None
    return bool(answer and answer[0])
