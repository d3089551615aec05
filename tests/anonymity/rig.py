"""A school in memory of one process: the real main path and the real whisper path, on real stores, less the networks.

`MemoryVoice` is what Telegram would be: it remembers messages, deletions and each chat's menu of commands, and lives on
when a process is killed.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, text
from sqlmodel import Session, SQLModel

from bot.runner import Runner
from bot.telegram.updates import read_update
from bot.whisper.epochs import Epochs
from bot.whisper.parts import Parts
from bot.whisper.speech import Unreachable
from bot.whisper.whispering import Whispering
from bot.worker import Worker
from conversations.model import Message, Phrase
from scheduling.school import SchoolFacts, Schools
from store.sealing import Sealer
from store.tables import Cursor
from store.whisper_desk import keep_readers
from store.whisper_store import WhisperStore
from tests.factories import NOW, make_group, make_pupil, make_school, make_staff

ROUTING_KEY = bytes(range(100, 132))
FIRST_CHAT = 7_310_459_000


class Killed(BaseException):
    """The process is killed here."""


@dataclass
class MemoryVoice:
    """A voice that speaks to chats of this process; `deadline` kills at that call,
    counted from one; while `down` nobody can be reached."""

    said: list[tuple[int, Message, int | None]] = field(default_factory=list)
    marks: set[int] = field(default_factory=set)
    # Chats whose menu of commands is a parent's.
    parents: set[int] = field(default_factory=set)
    deleted: list[tuple[int, ...]] = field(default_factory=list)
    hints: int = 0
    hinted: list[Phrase] = field(default_factory=list)
    photos: dict[str, bytes] = field(default_factory=dict)
    calls: int = 0
    deadline: int = 0
    down: bool = False
    numbers: count[int] = field(default_factory=lambda: count(1))

    def _call(self) -> None:
        self.calls += 1
        if self.down:
            raise Unreachable
        if self.calls == self.deadline:
            raise Killed

    async def speak(self, chat: int, message: Message, language: str, zone: str, over: int | None) -> int | None:
        self._call()
        self.said.append((chat, message, over))
        number = next(self.numbers)
        self._call()
        return over or number

    async def remove(self, chat: int, numbers: Sequence[int]) -> bool:
        self._call()
        self.deleted.append(tuple(numbers))
        return True

    async def hint(self, callback_id: str, phrase: Phrase | None, language: str) -> None:
        self._call()
        self.hints += 1
        if phrase is not None:
            self.hinted.append(phrase)

    async def set_mark(self, chat: int, language: str, *, on: bool, parent: bool = False) -> None:
        self._call()
        if on:
            self.marks.add(chat)
        else:
            self.marks.discard(chat)
        if parent:
            self.parents.add(chat)
        self._call()

    async def is_marked(self, chat: int) -> bool:
        self._call()
        return chat in self.marks

    async def photo(self, file_id: str) -> bytes | None:
        self._call()
        return self.photos.get(file_id)

    def button(self, chat: int, label: str) -> str:
        """Give the data of the newest button with this English label in a chat."""
        for one, message, _ in reversed(self.said):
            for button in (button for row in message.rows for button in row):
                words = button.label.text.format(**dict(button.label.params))
                if one == chat and words == label:
                    return button.data
        raise AssertionError(f"no button {label}")

    def words(self, chat: int) -> list[str]:
        """Give the English sources of all that was said in a chat."""
        return [phrase.text for one, message, _ in self.said if one == chat for phrase in message.paragraphs]


@dataclass
class Town:
    """A school whose pupils have phones, and both paths on it."""

    engine: Engine
    sealer: Sealer
    whispers: WhisperStore
    school: SchoolFacts
    chats: list[int]
    pupils: dict[int, str]
    voice: MemoryVoice
    whispering: Whispering
    worker: Worker
    parts: Parts
    epochs: Epochs
    updates: count[int] = field(default_factory=lambda: count(5000))
    # A leak may be planted: numbers as Telegram gave them.
    opaque: bool = True
    # What was committed of the offset last: a database's log of changes holds each.
    offset: int = 0

    def restart(self) -> None:
        """Begin a new process on what was kept."""
        self.whispering = whispering(self)

    async def feed(self, *updates: dict[str, Any]) -> None:
        """Take a batch as the edge does: Whisper's first, then the main path's, then the offset."""
        batch = []
        for update in updates:
            if not await self.whispering.took(update):
                incoming = read_update(update)
                assert incoming is not None
                batch.append((update["update_id"], incoming))

        def handle(session: Session) -> None:
            runner = Runner(self.sealer, lambda: NOW, "town", bot="1")
            for number, incoming in batch:
                changed = {**incoming.__dict__}
                if self.opaque:
                    changed["update_id"] = self.whispering.opaque(number)
                runner.handle(session, self.school, [type(incoming)(**changed)])
            cursor = session.get(Cursor, "telegram:1") or Cursor(name="telegram:1")
            reached = updates[-1]["update_id"] + 1
            cursor.position = self.whispering.hidden(reached) if self.opaque else reached
            session.add(cursor)
            self.offset = cursor.position

        if batch:
            self.worker.run_now(handle)
        self.whispering.committed()

    # --- updates ------------------------------------------------------------------------------------------------------

    def text(self, chat: int, words: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401 (JSON)
        number = next(self.updates)
        message = {"message_id": number, "date": int(NOW.timestamp()) + 1, "chat": _chat(chat), "from": _sender(chat)}
        return {"update_id": number, "message": {**message, "text": words, **more}}

    def tap(self, chat: int, data: str) -> dict[str, Any]:
        number = next(self.updates)
        message = {"message_id": 1, "chat": _chat(chat)}
        query = {"id": str(number), "from": _sender(chat), "message": message, "data": data}
        return {"update_id": number, "callback_query": query}

    async def whisper(self, chat: int, words: str = "they take my things") -> None:
        """Whisper from the first screen to the six words, one update at a time."""
        await self.feed(self.text(chat, "/whisper"))
        await self.feed(self.tap(chat, "w:a:m"))
        await self.feed(self.tap(chat, "w:k:mb"))
        await self.feed(self.text(chat, words))
        await self.feed(self.tap(chat, self.voice.button(chat, "I have finished")))

    # --- what is kept -------------------------------------------------------------------------------------------------

    def main_store(self) -> dict[str, list[str]]:
        """Every row of the main store, with the system columns that PostgreSQL adds to each."""
        system = "xmin, xmax, ctid, " if self.engine.dialect.name == "postgresql" else ""
        with self.engine.connect() as connection:
            return {
                table.name: sorted(
                    repr(tuple(row))
                    for row in connection.execute(text(f'SELECT {system}* FROM "{table.name}"'))  # noqa: S608
                )
                for table in SQLModel.metadata.sorted_tables
            }


def _chat(chat: int) -> dict[str, Any]:
    return {"id": chat, "type": "private"}


def _sender(chat: int) -> dict[str, Any]:
    return {"id": chat, "is_bot": False, "first_name": "Zephyrine", "username": f"zeph{chat}", "language_code": "en"}


def whispering(town: Town) -> Whispering:
    return Whispering(town.parts, town.voice, ROUTING_KEY, town.epochs)


def _now() -> datetime:
    return NOW


def make_town(engine: Engine, sealer: Sealer, store: WhisperStore, *, pupils: int) -> Town:
    with Session(engine, expire_on_commit=False) as session:
        school = make_school(session)
        for role in ("dsl", "deputy_dsl"):
            make_staff(session, sealer, school, role)
        group = make_group(session, school, "9Q", 9)
        chats = [FIRST_CHAT + 7 * number for number in range(pupils)]
        ids = {chat: make_pupil(session, sealer, school, group, chat_id=chat).id.hex for chat in chats}
        session.commit()
    worker = Worker(engine)
    voice = MemoryVoice()
    epochs = Epochs(Path(tempfile.mkdtemp()) / "knock.key", ROUTING_KEY)
    epochs.turn(NOW.date())
    parts = Parts(store, worker, sealer, _now, Schools(school.id).of)
    town = Town(engine, sealer, store, school, chats, ids, voice, None, worker, parts, epochs)  # type: ignore[arg-type]
    town.restart()
    from bot.whisper.desk import readers_wanted

    with Session(engine) as session:
        keep_readers(store, set(readers_wanted(session, sealer, school)))
    return town
