"""Seats of a PostgreSQL that several processes share: advisory locks, each held by a connection of its own.

When a process ends, however it ends, its connection does too, and another that stands by takes the seat. A process
whose connection fails leaves its seat at once, before the server would give it to another.
"""

import asyncio
import hashlib
from collections.abc import Callable
from typing import Any, Final

import psycopg
import structlog
from sqlalchemy import Engine

from bot.seats import Work
from bot.waiting import pause, unless
from store.waking import CHANNEL

log = structlog.get_logger()

LOOK_EVERY: Final = 1.0
# A server that says nothing for so long (seconds) is gone: well before it would find that we are.
SILENCE: Final = 4.0
_LINK: Final[Any] = {"connect_timeout": 5, "keepalives_idle": 5, "keepalives_interval": 2, "keepalives_count": 2}
# The other way round: the server's own patience with a machine that lost its power, 20 seconds.
_PATIENCE: Final = "SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 2"


class SharedSeats:
    """The seats of one bot, for one of the processes that share its PostgreSQL; see `bot.seats.Seats`."""

    def __init__(self, engine: Engine, bot: str) -> None:
        self._address = engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
        self._bot = bot
        self.held: set[str] = set()

    async def hold(self, seat: str, work: Work, stop: asyncio.Event) -> None:
        """Stand by for the seat, work on it, and stand by again when the database was lost.

        Work that fails leaves the seat to another process, and its error is raised.
        """
        number, took_over = _number(seat, self._bot), False
        while not stop.is_set():
            connection = await self._connected()
            if connection is not None:
                try:
                    while (ours := await _is_ours(connection, number)) is False and not stop.is_set():
                        if not took_over:
                            log.info("standing by", seat=seat)
                        took_over = True
                        await pause(stop, LOOK_EVERY)
                    if ours and not stop.is_set():
                        await self._sit(connection, seat, work, stop, took_over)
                finally:
                    await connection.close()
            took_over = True
            await pause(stop, LOOK_EVERY)

    async def _sit(
        self, connection: psycopg.AsyncConnection, seat: str, work: Work, stop: asyncio.Event, took_over: bool
    ) -> None:
        leave = asyncio.Event()
        guard = asyncio.create_task(_guard(connection, seat, leave, stop))
        self.held.add(seat)
        if took_over:
            log.info("taken over", seat=seat)
        try:
            await work(leave, took_over)
        finally:
            self.held.discard(seat)
            guard.cancel()

    async def listen(self, hear: Callable[[str], None], stop: asyncio.Event) -> None:
        """Hear, and after each connection anew hear everything once, for what was said meanwhile is lost."""
        while not stop.is_set():
            connection = await self._connected()
            if connection is not None:
                try:
                    await unless(stop, _hear(connection, hear))
                finally:
                    await connection.close()
            await pause(stop, LOOK_EVERY)

    async def _connected(self) -> psycopg.AsyncConnection | None:
        try:
            connection = await psycopg.AsyncConnection.connect(self._address, autocommit=True, **_LINK)
            await connection.execute(_PATIENCE)
        except (psycopg.Error, OSError) as error:
            log.warning("the database cannot be reached", error=type(error).__name__)
            return None
        return connection


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


async def _hear(connection: psycopg.AsyncConnection, hear: Callable[[str], None]) -> None:
    try:
        await connection.execute(f"LISTEN {CHANNEL}")
        for what in ("due", "outbox"):
            hear(what)
        async for said in connection.notifies():
            hear(said.payload)
    except (psycopg.Error, OSError) as error:
        log.warning("the database cannot be listened to", error=type(error).__name__)


async def _guard(connection: psycopg.AsyncConnection, seat: str, leave: asyncio.Event, stop: asyncio.Event) -> None:
    """Set `leave` when all is to end, and when the connection that holds the seat is no more."""
    try:
        while not stop.is_set():
            async with asyncio.timeout(SILENCE):
                await connection.execute("SELECT 1")
            await pause(stop, LOOK_EVERY)
    except (psycopg.Error, TimeoutError, OSError) as error:
        log.error("the seat is lost", seat=seat, error=type(error).__name__)
    finally:
        leave.set()
