"""T1, T2 and their controls: whoever whispers, the same is written; and nobody's id or name is written anywhere."""

from __future__ import annotations

import base64
import json
import sqlite3
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import structlog
from sqlalchemy import Engine, event
from sqlmodel import Session, select
from structlog.testing import capture_logs

from benchmarks.whisper_town import NOW, Hand, Town, make_town
from bot.whisper.anonymity import needles, search, search_file, writings
from bot.whisper.rounds import Rounds
from bot.whisper.slack import WhisperSlack
from conversations.whisper_waiting import QUIET_SECONDS
from store.people import by_chat
from store.sealing import Sealer
from store.tables import Binding, Pupil, Seen, Staff
from store.whisper_care import back_up, purge
from store.whisper_desk import queue
from store.whisper_store import WhisperStore
from store.whisper_tables import report, whisper_metadata

WORDS = "the marmalade badger hid my compass"


@pytest.fixture
def town(engine: Engine, sealer: Sealer, whisper_store: WhisperStore) -> Iterator[Town]:
    made = make_town(engine, sealer, whisper_store, pupils=12)
    yield made
    made.parts.close()


class Written:
    """What a whisper store is told, less its random and sealed values: statements, sizes, and the plain words."""

    def __init__(self, store: WhisperStore) -> None:
        self.seen: list[Any] = []
        event.listen(store.engine, "before_cursor_execute", self._note)

    def _note(self, _connection: Any, _cursor: Any, statement: str, parameters: Any, *_rest: Any) -> None:  # noqa: ANN401
        self.seen.append((statement, _shape(parameters)))


def _shape(value: Any) -> Any:  # noqa: ANN401
    if isinstance(value, dict):
        return {name: _shape(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_shape(one) for one in value]
    # psycopg wraps bytes.
    value = getattr(value, "obj", value)
    return len(value) if isinstance(value, bytes | memoryview) else value


class Recorder:
    """Slack's side of `AsyncWebClient`: it answers, and keeps every call as it would leave."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.users: list[str] = []

    async def users_lookupByEmail(self, **call: Any) -> dict[str, Any]:  # noqa: ANN401 (Slack's name)
        self.users.append(str(call["email"]))
        return {"user": {"id": f"U{len(self.users)}"}}

    async def conversations_open(self, **call: Any) -> dict[str, Any]:  # noqa: ANN401
        self.calls.append(("conversations.open", call))
        return {"channel": {"id": f"D{call['users']}"}}

    async def chat_postMessage(self, **call: Any) -> dict[str, Any]:  # noqa: ANN401
        self.calls.append(("chat.postMessage", call))
        return {"ts": "1.5"}


@dataclass
class World:
    """A town with its leads' side, whose whispers are heard of at the next fixed time."""

    town: Town
    folder: Path
    client: Recorder = field(default_factory=Recorder)
    clock: Hand = field(default_factory=lambda: Hand(NOW))
    phones: Hand = field(default_factory=lambda: Hand(NOW))

    async def begin(self) -> World:
        self.town.parts = replace(self.town.parts, clock=self.phones)
        self.town.restart()
        slack = WhisperSlack(self.town.parts, lambda: None)
        slack.client = self.client  # type: ignore[assignment]
        parts = type(self.town.parts)(
            self.town.whispers, self.town.worker, self.town.sealer, self.clock, lambda _session: self.town.school
        )
        self.rounds = Rounds(parts, slack, self.town.voice, self.town.epochs)
        await self.rounds.prepare()
        with Session(self.town.engine) as session:
            staff = session.exec(select(Staff)).all()
        for one in staff:
            # Slack's users are found once, and that is noted of staff.
            await slack.user_of(one, self.town.school)
        # The first round of a process looks for what another may have left.
        await self.rounds.once()
        self.town.whispering.committed()
        return self

    async def seen_of(self, chat: int, plant: Plant | None = None) -> dict[str, Any]:
        """Whisper from one chat, leave it open, have one message not kept; gives all that is written, by place."""
        town, name = self.town, f"backup-{len(list(self.folder.glob('backup-*')))}.sqlite"
        written, said, calls = Written(town.whispers), len(town.voice.said), len(self.client.calls)
        with capture_logs() as log:
            await town.whisper(chat, WORDS)
            await self._left_open(chat)
            await self._not_kept(chat)
            (line,) = queue(town.whispers)
            if plant is not None and plant is not plant_in_backup:
                await plant(self, chat)
            # The slots take turns: 12:30, then 15:30 of the same day.
            self.clock.now = NOW.replace(hour=15 if self.clock.now.hour == 12 else 12, minute=31)
            await self.rounds.once()
        statements = list(written.seen)
        event.remove(town.whispers.engine, "before_cursor_execute", written._note)
        back_up(town.whispers, self.folder / name, town.sealer, NOW.date())
        if plant is plant_in_backup:
            await plant_in_backup(self, chat)
        sent = json.dumps(self.client.calls[calls:]).replace(line.id, "report").replace(line.handle, "handle")
        seen = {
            "main store": town.main_store(),
            "whisper store": statements,
            "files": self._files("whispers"),
            "log": log,
            "Slack": sent,
            "backup": [(size, time) for _, size, time in self._files(name)],
            "chat": [[phrase.text for phrase in message.paragraphs] for _, message, _ in town.voice.said[said:]],
        }
        purge(town.whispers, line.id)
        return seen

    async def _left_open(self, chat: int) -> None:
        """Write more, and once more after a quiet: words that are for it, and words that are not."""
        town = self.town
        for pressed in ("See replies", "Write more"):
            await town.feed(town.tap(chat, town.voice.button(chat, pressed)))
        for number, pressed in enumerate(("Yes, add it", "No, something else"), start=1):
            self.phones.now = NOW + number * timedelta(seconds=QUIET_SECONDS)
            await town.feed(town.text(chat, WORDS))
            await town.feed(town.tap(chat, town.voice.button(chat, pressed)))
        self.phones.now = NOW

    async def _not_kept(self, chat: int) -> None:
        """Have one message fail, so that there is something to log."""

        def fails(*_arguments: Any) -> None:  # noqa: ANN401
            raise OSError

        await self.town.feed(self.town.text(chat, "/whisper"))
        await self.town.feed(self.town.tap(chat, "w:a:o"))
        await self.town.feed(self.town.tap(chat, "w:k:of"))
        event.listen(self.town.whispers.engine, "before_cursor_execute", fails)
        await self.town.feed(self.town.text(chat, "and one that is not kept"))
        event.remove(self.town.whispers.engine, "before_cursor_execute", fails)
        await self.town.feed(self.town.tap(chat, "w:q"))

    def _files(self, *named: str) -> list[tuple[str, int, float]]:
        found = files_in(self.folder, *named)
        return [
            (path.name, path.stat().st_size, path.stat().st_mtime if "backup" not in path.name else 0) for path in found
        ]


Plant = Callable[[World, int], Awaitable[None]]


async def test_whoever_whispers_the_same_is_written(town: Town, tmp_path: Path):
    world = await World(town, tmp_path).begin()
    before = town.main_store()
    one, other = await world.seen_of(town.chats[3]), await world.seen_of(town.chats[9])
    assert one == other
    # Of the main store it is not only the same: nothing at all.
    assert one["main store"] == before
    assert len(one["whisper store"]) > 10
    assert [line["event"] for line in one["log"]] == ["whisper not kept"]
    assert one["Slack"].count("chat.postMessage") == 1
    assert one["backup"] != []


async def plant_in_main_store(world: World, chat: int) -> None:
    world.town.worker.run_now(lambda session: session.add(Seen(source="1", key=str(chat), at=NOW)))


async def plant_in_whisper_store(world: World, chat: int) -> None:
    with world.town.whispers.write() as connection:
        connection.execute(report.update().values(outcome=str(chat)))


async def plant_in_log(_world: World, chat: int) -> None:
    structlog.get_logger().info("whisper kept", chat=chat)


async def plant_in_slack(world: World, chat: int) -> None:
    await world.client.chat_postMessage(channel="D1", text=f"from {chat}")


async def plant_in_files(world: World, chat: int) -> None:
    world.folder.joinpath(f"whispers-{chat}.spool").write_bytes(b"x")


async def plant_in_backup(world: World, chat: int) -> None:
    newest = max(world.folder.glob("backup*"), key=lambda path: path.stat().st_ctime)
    newest.write_bytes(newest.read_bytes() + str(chat).encode())


PLANTS = (
    (plant_in_whisper_store, "whisper store"),
    (plant_in_log, "log"),
    (plant_in_slack, "Slack"),
    (plant_in_files, "files"),
    (plant_in_backup, "backup"),
    # Last, for it stays.
    (plant_in_main_store, "main store"),
)


async def test_each_trace_planted_is_seen_where_it_is(town: Town, tmp_path: Path):
    world = await World(town, tmp_path).begin()
    one = await world.seen_of(town.chats[3])
    for plant, place in PLANTS:
        other = await world.seen_of(town.chats[9], plant)
        assert [name for name in one if one[name] != other[name]] == [place]
        for spool in files_in(tmp_path, ".spool"):
            spool.unlink()


# PostgreSQL's rows are compared with their system columns above.
@pytest.mark.only(database_url="sqlite")
async def test_main_stores_file_is_the_same_to_the_byte(town: Town):
    path = Path(str(town.engine.url.database))

    def settled() -> bytes:
        raw = town.engine.raw_connection()
        raw.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        raw.close()
        return path.read_bytes()

    before = settled()
    await town.whisper(town.chats[3])
    await town.feed(town.text(town.chats[4], "is anybody there"))
    assert "Would you like to whisper it? The adults who keep pupils safe read it, and do not see your name." in (
        town.voice.words(town.chats[4])
    )
    assert settled() == before


def planted_contact(town: Town, chat: int) -> None:
    def work(session: Session) -> None:
        pupil = session.get_one(Pupil, UUID(town.pupils[chat]))
        pupil.unreachable_since = NOW
        session.add(pupil)

    town.worker.run_now(work)


def planted_lock(town: Town, chat: int) -> None:
    town.worker.run_now(lambda session: by_chat(session, town.sealer, town.school.id, chat) and None)


@pytest.mark.parametrize(
    "plant",
    # SQLite has no locks on rows.
    [planted_contact, pytest.param(planted_lock, marks=pytest.mark.only(database_url="postgresql"))],
)
async def test_each_change_of_a_pupils_row_is_seen_in_the_main_store(town: Town, plant: Callable[[Town, int], None]):
    before = town.main_store()
    await town.whisper(town.chats[3])
    plant(town, town.chats[3])
    assert town.main_store() != before


# --- canaries ---------------------------------------------------------------------------------------------------------


def wanted_of(town: Town) -> dict[bytes, str]:
    """Give the writings of each chat's number, name and user name, of pupils' and staff's names, and of the words."""
    names = ["Zephyrine", *(f"zeph{chat}" for chat in town.chats)]
    with Session(town.engine) as session:
        names += [str(town.sealer.read(one, "name")) for one in session.exec(select(Pupil)).all()]
        staff = session.exec(select(Staff)).all()
        names += [str(town.sealer.read(one, column)) for one in staff for column in ("name", "email")]
    assert len(names) > 2 * len(town.chats) + 2
    return needles([*town.chats, *names, WORDS])


def files_in(folder: Path, *named: str) -> list[Path]:
    return [path for path in sorted(folder.iterdir()) if path.is_file() and any(one in path.name for one in named)]


def values_of(store: WhisperStore) -> bytes:
    """Every value of a whisper store, whichever database it lies in."""
    parts = []
    with store.read() as connection:
        for table in whisper_metadata.sorted_tables:
            for row in connection.execute(select(table)):
                parts += [value if isinstance(value, bytes) else str(value).encode() for value in row]
    return b"|".join(parts)


def kept_by(world: World) -> dict[str, bytes]:
    """All that the school keeps, by place."""
    town = world.town
    return {
        "whisper store": values_of(town.whispers),
        "main store": repr(town.main_store()).encode(),
        "Slack": json.dumps(world.client.calls).encode(),
        **{path.name: path.read_bytes() for path in files_in(world.folder, "whispers", "backup", "earshot", "log")},
    }


def hits(world: World, wanted: dict[bytes, str]) -> list[str]:
    return sorted(place for place, data in kept_by(world).items() if search(place, data, wanted))


async def whispered(town: Town, folder: Path) -> World:
    """Have everybody whisper and come back, and the card go out, and a backup be made."""
    world = await World(town, folder).begin()
    with capture_logs() as log:
        for chat in town.chats:
            await town.whisper(chat, WORDS)
            await town.feed(town.tap(chat, town.voice.button(chat, "See replies")))
        await world._not_kept(town.chats[0])
        world.clock.now = NOW.replace(hour=12, minute=31)
        await world.rounds.once()
    folder.joinpath("log.txt").write_text(repr(log))
    back_up(town.whispers, folder / "backup.sqlite", town.sealer, NOW.date())
    return world


async def test_no_id_no_name_and_no_word_is_in_any_file_log_slack_call_or_backup(town: Town, tmp_path: Path):
    world = await whispered(town, tmp_path)
    assert set(kept_by(world)) >= {"whisper store", "main store", "Slack", "log.txt", "backup.sqlite"}
    assert b"whisper not kept" in kept_by(world)["log.txt"]
    assert hits(world, wanted_of(town)) == []
    # In the whispers' own places not even anybody's id, nor the keyed hash by which the main store finds a chat.
    with Session(town.engine) as session:
        everybody = [*map(UUID, town.pupils.values()), *session.exec(select(Staff.id)).all()]
    ids = needles([*(one.hex for one in everybody), *(one.int for one in everybody)])
    assert [place for place in hits(world, ids) if place != "main store" and "earshot" not in place] == []
    with Session(town.engine) as session:
        keys = [bytes(one) for one in session.exec(select(Binding.chat_key)).all()]
    assert len(keys) == len(town.chats)
    assert [key for key in keys if key in values_of(town.whispers)] == []
    # And were there any, it would be found.
    tmp_path.joinpath("log.txt").write_text(f"'{town.chats[2]}'")
    for plant in (plant_in_whisper_store, plant_in_slack, plant_in_backup, plant_in_main_store):
        await plant(world, town.chats[2])
    assert set(hits(world, wanted_of(town))) >= {"whisper store", "main store", "Slack", "log.txt", "backup.sqlite"}


@pytest.mark.parametrize("writing", [writing for writing, _ in writings(7_310_459_201)])
def test_each_writing_of_an_id_that_is_planted_is_found(writing: str, tmp_path: Path):
    for name, written in writings(7_310_459_201):
        if name == writing:
            path = tmp_path / "whispers.sqlite"
            path.write_bytes(b"\x00" * 5000 + b"ab" + written + b"yz" + b"\x00" * 5000)
            assert writing in [hit.writing for hit in search_file(path, needles([7_310_459_201]))]


@pytest.mark.parametrize("kind", ["INTEGER PRIMARY KEY", "INTEGER", "TEXT", "REAL", "BLOB"])
def test_id_that_a_database_keeps_in_its_own_way_is_found(kind: str, tmp_path: Path):
    path = tmp_path / "whispers.sqlite"
    with sqlite3.connect(path) as made:
        made.execute(f"CREATE TABLE planted (value {kind})")
        made.execute("INSERT INTO planted VALUES (?)", (7_310_459_201,))
    made.close()
    assert search_file(path, needles([7_310_459_201])) != []
    assert search_file(path, needles([7_310_459_202])) == []


def test_base64_within_other_text_is_found():
    wanted = needles([7_310_459_201])
    for before in (b"", b"a", b"ab", b"abc"):
        coded = base64.b64encode(before + b"7310459201" + b" and more")
        assert search("x", coded, wanted) != []
