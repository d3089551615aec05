"""A school in one process: the real main path, the real whisper path and its rounds, on real stores, less the networks.

The proof that nobody can tell who whispered is played in it, by the tests and by `benchmarks.anonymity_game`.

`MemoryVoice` is what Telegram would be: it remembers messages, deletions and each chat's menu of commands, and lives on
when a process is killed.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from itertools import count
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, text
from sqlmodel import Session, SQLModel

from bot.runner import Runner
from bot.telegram.updates import read_update
from bot.whisper.desk import readers_wanted
from bot.whisper.epochs import Epochs
from bot.whisper.parts import Parts
from bot.whisper.rounds import Rounds
from bot.whisper.speech import Unreachable
from bot.whisper.whispering import Whispering
from bot.worker import Worker
from conversations.cards import Card
from conversations.model import Message, Phrase
from scheduling.calendar import SchoolCalendar, Term
from scheduling.school import SchoolFacts, Schools, facts
from store.people import chat_key
from store.sealing import Sealer
from store.tables import Binding, Cursor, Pupil, School, Staff, TutorGroup
from store.whisper_desk import keep_readers
from store.whisper_store import WhisperStore

# A Tuesday in term, 10:00 in London: between two of the fixed times.
NOW = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
CALENDAR = SchoolCalendar(
    zone="Europe/London",
    nation="ENG",
    terms=(Term("Autumn", date(2026, 9, 1), date(2026, 12, 18)), Term("Spring", date(2027, 1, 4), date(2027, 3, 25))),
)
ROUTING_KEY = bytes(range(100, 132))
FIRST_CHAT = 7_310_459_000


class Killed(BaseException):
    """The process is killed here."""


@dataclass
class MemoryVoice:
    """A voice that speaks to chats of this process; `deadline` kills at that call,
    counted from one; while `down` nobody can be reached. A `lost` file is named, and never handed out."""

    said: list[tuple[int, Message, int | None]] = field(default_factory=list)
    marks: set[int] = field(default_factory=set)
    # Chats whose menu of commands is a parent's.
    parents: set[int] = field(default_factory=set)
    deleted: list[tuple[int, ...]] = field(default_factory=list)
    hints: int = 0
    hinted: list[Phrase] = field(default_factory=list)
    photos: dict[str, bytes] = field(default_factory=dict)
    lost: set[str] = field(default_factory=set)
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
        if file_id in self.lost:
            raise Unreachable
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
                if incoming is not None:
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
    """Make a school of one tutor group with a lead and a deputy, all of whose pupils have joined."""
    with Session(engine, expire_on_commit=False) as session:
        row = School(
            name="Larkfield",
            zone=CALENDAR.zone,
            nation=CALENDAR.nation,
            calendar=CALENDAR.to_json(),
            policy={"basis": {}},
        )
        session.add(row)
        session.flush()
        school = facts(row)
        for number, role in enumerate(("dsl", "deputy_dsl"), start=1):
            _make_lead(session, sealer, school, role, number)
        group = TutorGroup(school_id=school.id, name="9Q", year=9)
        session.add(group)
        session.flush()
        chats = [FIRST_CHAT + 7 * number for number in range(pupils)]
        ids = {chat: _make_pupil(session, sealer, group, chat) for chat in chats}
        session.commit()
    worker = Worker(engine)
    voice = MemoryVoice()
    epochs = Epochs(Path(tempfile.mkdtemp()) / "knock.key", ROUTING_KEY)
    epochs.turn(NOW.date())
    parts = Parts(store, worker, sealer, _now, Schools(school.id).of)
    town = Town(engine, sealer, store, school, chats, ids, voice, None, worker, parts, epochs)  # type: ignore[arg-type]
    town.restart()
    with Session(engine) as session:
        keep_readers(store, set(readers_wanted(session, sealer, school)))
    return town


def _make_lead(session: Session, sealer: Sealer, school: SchoolFacts, role: str, number: int) -> None:
    email = f"lead{number}@example.org"
    staff = Staff(
        school_id=school.id,
        mis_key=sealer.blind("mis", f"L{number}"),
        email_key=sealer.blind("email", email),
        roles=[role],
    )
    sealer.write(staff, "name", f"Lead Example{number}")
    sealer.write(staff, "email", email)
    session.add(staff)
    session.flush()


def _make_pupil(session: Session, sealer: Sealer, group: TutorGroup, chat: int) -> str:
    pupil = Pupil(
        school_id=group.school_id,
        mis_key=sealer.blind("mis", f"T{chat}"),
        group_id=group.id,
        phase="older",
        status="active",
    )
    sealer.write(pupil, "name", f"Pupil Example{chat % 1000}")
    session.add(pupil)
    session.flush()
    binding = Binding(pupil_id=pupil.id, school_id=group.school_id, chat_key=chat_key(sealer, chat))
    sealer.write(binding, "chat", chat)
    session.add(binding)
    session.flush()
    return pupil.id.hex


# --- the leads' side --------------------------------------------------------------------------------------------------


class MemorySlack:
    """Where cards would be posted, and when (seconds)."""

    def __init__(self) -> None:
        self.posted: list[tuple[str, str]] = []
        self.times: list[float] = []
        self.deleted: list[tuple[str, str]] = []
        self.refuses_files = False
        self.showing: set[str] = set()
        self.left_behind = True
        self.files: list[tuple[str, str]] = []
        self.rewritten: list[tuple[str, str, Card]] = []

    async def user_of(self, staff: Staff, _school: SchoolFacts) -> str | None:
        return "+".join(staff.roles)

    async def post(self, user: str, card: Card, _school: SchoolFacts) -> tuple[str, str]:
        self.posted.append((user, card.title.text))
        self.times.append(time.time())
        return f"D{user}", str(len(self.posted))

    async def rewrite(self, channel: str, ts: str, card: Card, _school: SchoolFacts) -> None:
        self.rewritten.append((channel, ts, card))

    async def delete_file(self, report: str, file_id: str) -> None:
        if self.refuses_files:
            raise ConnectionError
        self.files.append((report, file_id))

    async def delete(self, channel: str, ts: str) -> None:
        self.deleted.append((channel, ts))


class Hand:
    """A clock that is moved by hand."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


async def rounds_of(town: Town, now: datetime) -> tuple[Rounds, MemorySlack, Hand]:
    """Give the rounds of a town, prepared, with where their cards go and the clock they go by."""
    slack, clock = MemorySlack(), Hand(now)
    parts = replace(town.parts, clock=clock, school=lambda _session: town.school)
    made = Rounds(parts, slack, town.voice, town.epochs)  # type: ignore[arg-type]
    await made.prepare()
    return made, slack, clock
