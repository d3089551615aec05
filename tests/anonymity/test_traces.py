"""T1, T2 and their controls: whoever whispers, the same is written; and nobody's id or name is written anywhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine, event
from sqlmodel import Session, select
from structlog.testing import capture_logs

from bot.slack.blocks import message_blocks
from bot.whisper.anonymity import needles, search, search_file, writings
from conversations.whisper_cards import arrived_card
from store.people import by_chat
from store.sealing import Sealer
from store.tables import Binding, Pupil, Seen, Staff
from store.whisper_care import back_up
from store.whisper_desk import queue
from store.whisper_store import WhisperStore
from tests.anonymity.rig import Killed, Town, make_town
from tests.factories import NOW

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


async def one_world(town: Town, chat: int) -> tuple[list[Any], list[Any], list[Any], list[Any]]:
    """Whisper from one chat; gives what the store was told, the log, what was said, and the card for Slack."""
    written, said = Written(town.whispers), len(town.voice.said)
    with capture_logs() as log:
        await town.whisper(chat, WORDS)
    words = [[phrase.text for phrase in message.paragraphs] for _, message, _ in town.voice.said[said:]]
    line = queue(town.whispers)[-1]
    card = arrived_card("", line.kind, line.status, line.day, "", urgent=False, climbed=False)
    seen = list(written.seen)
    event.remove(town.whispers.engine, "before_cursor_execute", written._note)
    return seen, log, words, message_blocks(card, "en", "Europe/London", NOW)[0]


async def test_whoever_whispers_the_same_is_written(town: Town):
    town.whispering.committed()
    first, second = town.chats[3], town.chats[9]
    before = town.main_store()
    one = await one_world(town, first)
    assert town.main_store() == before
    other = await one_world(town, second)
    assert town.main_store() == before
    assert one == other
    assert len(one[0]) > 10


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


def planted_seen(town: Town, chat: int) -> None:
    town.worker.run_now(lambda session: session.add(Seen(source="1", key=str(chat), at=NOW)))


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
    [planted_seen, planted_contact, pytest.param(planted_lock, marks=pytest.mark.only(database_url="postgresql"))],
)
async def test_each_trace_planted_in_the_main_store_is_seen(town: Town, plant: Callable[[Town, int], None]):
    before = town.main_store()
    await town.whisper(town.chats[3])
    plant(town, town.chats[3])
    assert town.main_store() != before


# --- canaries ---------------------------------------------------------------------------------------------------------


def wanted_of(town: Town) -> dict[bytes, str]:
    names = ["Zephyrine", *(f"zeph{chat}" for chat in town.chats)]
    with Session(town.engine) as session:
        staff = session.exec(select(Staff)).all()
        names += [str(town.sealer.read(one, column)) for one in staff for column in ("name", "email")]
    assert len(names) > len(town.chats) + 2
    return needles([*town.chats, *names, *town.pupils.values(), *(one.id.hex for one in staff), WORDS])


def files_in(folder: Path, *named: str) -> list[Path]:
    return [path for path in sorted(folder.iterdir()) if path.is_file() and any(one in path.name for one in named)]


def values_of(store: WhisperStore) -> bytes:
    """Every value of a whisper store, whichever database it lies in."""
    from store.whisper_tables import whisper_metadata

    parts = []
    with store.read() as connection:
        for table in whisper_metadata.sorted_tables:
            for row in connection.execute(select(table)):
                parts += [value if isinstance(value, bytes) else str(value).encode() for value in row]
    return b"|".join(parts)


async def test_no_id_no_name_and_no_word_is_in_any_file_log_or_backup(town: Town, tmp_path: Path):
    with capture_logs() as log:
        for chat in town.chats:
            await town.whisper(chat, WORDS)
            await town.feed(town.tap(chat, town.voice.button(chat, "See replies")))
    back_up(town.whispers, tmp_path / "backup.sqlite", town.sealer, NOW.date())
    wanted = wanted_of(town)
    assert search("values", values_of(town.whispers), wanted) == []
    assert search("log", repr(log).encode(), wanted) == []
    assert [hit for path in files_in(tmp_path, "whispers", "backup") for hit in search_file(path, wanted)] == []
    # Nor the keyed hash by which the main store finds a chat.
    with Session(town.engine) as session:
        keys = [bytes(one) for one in session.exec(select(Binding.chat_key)).all()]
    assert len(keys) == len(town.chats)
    assert [key for key in keys if key in values_of(town.whispers)] == []


@pytest.mark.parametrize("writing", [writing for writing, _ in writings(7_310_459_201)])
def test_each_writing_of_an_id_that_is_planted_is_found(writing: str, tmp_path: Path):
    for name, written in writings(7_310_459_201):
        if name == writing:
            path = tmp_path / "whispers.sqlite"
            path.write_bytes(b"\x00" * 5000 + b"ab" + written + b"yz" + b"\x00" * 5000)
            assert writing in [hit.writing for hit in search_file(path, needles([7_310_459_201]))]


def test_base64_within_other_text_is_found():
    import base64

    wanted = needles([7_310_459_201])
    for before in (b"", b"a", b"ab", b"abc"):
        coded = base64.b64encode(before + b"7310459201" + b" and more")
        assert search("x", coded, wanted) != []


# --- killed at every point --------------------------------------------------------------------------------------------


def stored(town: Town) -> list[str]:
    """What readers would read, of all reports."""
    from store.whisper_desk import open_thread
    from store.whisper_tables import reader

    with town.whispers.read() as connection:
        who = connection.execute(select(reader.c.id)).scalars().first()
    assert who is not None
    return [turn.words for line in queue(town.whispers, who) for turn in open_thread(town.whispers, who, line.id).turns]


async def test_killed_at_every_call_nothing_sent_is_lost_and_nobody_is_named(town: Town, tmp_path: Path):
    """T5: the process dies at each call to the network in turn, and what was not acknowledged comes again."""
    chat = town.chats[5]
    words = "he hits me and I want to die"
    before = town.main_store()
    points = 0
    for point in range(1, 200):
        had = stored(town).count(words)
        town.voice.marks.clear()
        town.restart()
        # A process that has run a while: its first batch is long past.
        await town.feed(town.text(town.chats[0], "/whisper"))
        await town.feed(town.tap(town.chats[0], "w:q"))
        town.voice.calls, town.voice.deadline = 0, point
        killed = await _exchange(town, chat, words)
        town.voice.deadline = 0
        assert stored(town).count(words) > had, point
        if not killed:
            break
        points += 1
    assert points > 10
    after = town.main_store()
    assert {name for name in after if after[name] != before[name]} <= {"cursor"}
    assert [path.name for path in files_in(tmp_path, "") if b"he hits me" in path.read_bytes()] == []


async def _exchange(town: Town, chat: int, words: str) -> bool:
    """Go through a whisper as a person does, sending again nothing themselves; gives whether the process was killed."""
    killed = False

    async def deliver(update: dict[str, Any]) -> None:
        nonlocal killed
        try:
            await town.feed(update)
        except Killed:
            killed = True
            town.restart()
            # Not acknowledged, so Telegram delivers it again.
            await town.feed(update)

    await deliver(town.text(chat, "/whisper"))
    await deliver(town.tap(chat, "w:a:m"))
    await deliver(town.tap(chat, "w:k:mb"))
    await deliver(town.text(chat, words))
    await deliver(town.tap(chat, town.voice.button(chat, "I have finished")))
    assert "Sealed. These six words are the only way back to it, for you or anybody who has them:" in (
        town.voice.words(chat)
    )
    return killed
