"""Whisper put together: its store, its two ways in, its rounds; started and stopped with the service."""

import asyncio
import hashlib
import os
import secrets
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import structlog
from sqlalchemy import make_url
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session
from telegram import Bot

from bot.settings import Settings
from bot.whisper.door import DeskDoor, door_of
from bot.whisper.epochs import Epochs
from bot.whisper.parts import Parts
from bot.whisper.rounds import Rounds
from bot.whisper.slack import WhisperSlack
from bot.whisper.voice import TelegramVoice
from bot.whisper.whispering import Whispering
from bot.worker import Worker
from scheduling.school import SchoolFacts
from store.database import make_engine
from store.sealing import KeyProblem, Sealer
from store.tables import Cursor
from store.vault import StoreProblem
from store.whisper_store import open_whispers

log = structlog.get_logger()

_KEY_BYTES = 32
_PLACE = "whispers"
_WHICH = "SELECT system_identifier, pg_postmaster_start_time() FROM pg_control_system()"


class WhisperService:
    """One school's Whisper in one process. Raises StoreProblem or KeyProblem when its store cannot be used."""

    def __init__(
        self,
        settings: Settings,
        bot: Bot,
        worker: Worker,
        sealer: Sealer,
        clock: Callable[[], datetime],
        school: Callable[[Session], SchoolFacts],
        may: Callable[[], bool],
    ) -> None:
        check_apart(settings)
        parts = Parts(open_whispers(settings.whisper_url, sealer), worker, sealer, clock, school, may)
        self._parts, self.store = parts, parts.store
        routing_key = read_routing_key(settings.routing_key_path)
        epochs, voice = Epochs(settings.routing_key_path.with_name("knock.key"), routing_key), TelegramVoice(bot, clock)
        self.telegram = Whispering(parts, voice, routing_key, epochs, lambda: self.rounds.wake())
        self.slack = WhisperSlack(parts, lambda: self.rounds.wake())
        self.rounds = Rounds(parts, self.slack, voice, epochs)
        self._door = DeskDoor(parts, door_of(settings.data_dir))
        self.problems: list[str] = []

    def note_place(self, session: Session) -> None:
        """Note which store whispers are taken into; that the process before took them into another is a problem.

        The mark is a hash of what the store drew when it was made, and tells nothing of what is in it.
        """
        mark = int.from_bytes(hashlib.sha256(self.store.salt).digest()[:7])
        cursor = session.get(Cursor, _PLACE) or Cursor(name=_PLACE, position=mark)
        if cursor.position != mark:
            self.problems = ["whispers were taken into another store before: see docs/scaling.md"]
            log.error(self.problems[0])
        cursor.position = mark
        session.add(cursor)

    async def begin_anew(self) -> None:
        """Know nothing of before: another process has gone on in the chats, and in the rounds."""
        self.telegram.begin_anew()
        await self.rounds.prepare()

    async def run(self, stop: asyncio.Event) -> None:
        """Do the rounds until `stop`, and let leads open their desk from the command line meanwhile."""
        await self._door.start()
        try:
            await self.rounds.run(stop)
        finally:
            await self._door.close()

    async def close(self) -> None:
        """Finish, and let go of the store."""
        await self.slack.close()
        await asyncio.to_thread(self._parts.close)


def check_apart(settings: Settings) -> None:
    """Refuse a whisper store on the PostgreSQL server of the main store. Raises StoreProblem.

    All databases of a server number their transactions together: gaps in the main store's would tell of whispers. A
    server has many names, so where both answer they are asked which they are.
    """
    one, other = settings.whisper_url, settings.store_url
    if _server(one) is None or _server(other) is None:
        return
    if _server(one) == _server(other) or ((known := _identity(one)) and known == _identity(other)):
        raise StoreProblem(
            "Whispers may not lie on the main database's own PostgreSQL server: its transaction numbers would tell "
            "of them. Leave EARSHOT_WHISPER_DATABASE_URL empty, or name another server."
        )


def _server(url: str) -> tuple[str, int] | None:
    """Name the server of a PostgreSQL address; None for SQLite."""
    read = make_url(url)
    if read.get_backend_name() != "postgresql":
        return None
    host = read.host or read.query.get("host") or "localhost"
    return str(host), read.port or 5432


def _identity(url: str) -> tuple[int, datetime] | None:
    """Ask a PostgreSQL server which it is; None when it does not say. A copy of a server began at another moment."""
    engine = make_engine(url)
    try:
        with engine.connect().execution_options(reading=True) as connection:
            number, began = connection.exec_driver_sql(_WHICH).one()
            return number, began
    except DBAPIError:
        return None
    finally:
        engine.dispose()


def read_routing_key(path: Path) -> bytes:
    """Read the routing key (32 bytes), making it where there is none.

    It lies outside database and backups. Losing it costs nothing but that an update delivered again just then may be
    sealed twice. Raises KeyProblem.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            key = bytes.fromhex(path.read_text("ascii").strip())
        else:
            key = secrets.token_bytes(_KEY_BYTES)
            with os.fdopen(handle, "w") as file:
                file.write(key.hex() + "\n")
    except (OSError, ValueError):
        key = b""
    if len(key) != _KEY_BYTES:
        raise KeyProblem(
            f"the file {path.name} cannot be read or made: delete it, and see that its folder can be written"
        )
    return key
