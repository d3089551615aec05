"""Knocks: only for those who ask, only at fixed times, and nothing in the store that leads anybody to a chat."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import select, text

from benchmarks.whisper_town import ROUTING_KEY, Town, rounds_of
from bot.whisper.anonymity import needles, search, search_file
from bot.whisper.epochs import DAYS, Epochs
from store import whisper_lock, whisper_routes
from store.sealing import Sealer
from store.whisper_care import purge
from store.whisper_desk import queue, say
from store.whisper_sealing import ROUTE_BYTES, Cost, new_receipt
from store.whisper_store import open_whispers
from store.whisper_tables import reader, report
from store.whispers import Draft, start
from tests.factories import NOW

HELLO = "Hello. There may be something new for you here. Look when it suits you."
MORNING = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
NOON = datetime(2026, 11, 24, 12, 31, tzinfo=UTC)
AFTERNOON = datetime(2026, 11, 24, 15, 31, tzinfo=UTC)


def routes(town: Town) -> dict[str, bytes]:
    with town.whispers.read() as connection:
        rows = connection.execute(select(report.c.id, report.c.route)).all()
    return {row.id.hex(): bytes(row.route) for row in rows}


async def whisper(town: Town, chat: int, *, knock: bool) -> str:
    """Whisper from a chat and ask for a knock or not; gives the report."""
    had = set(routes(town))
    await town.whisper(chat)
    if knock:
        see_replies = town.voice.button(chat, "See replies")
        await town.feed(town.tap(chat, see_replies))
        await town.feed(town.tap(chat, town.voice.button(chat, "Tell me about replies")))
        await town.feed(town.tap(chat, town.voice.button(chat, "Yes, say hello")))
        assert (
            town.voice.words(chat)[-1] == "Good. I will say hello here when staff answer, at a fixed time of the day."
        )
    return (set(routes(town)) - had).pop()


def answer(town: Town, *reports: str) -> None:
    with town.whispers.read() as connection:
        who = connection.execute(select(reader.c.id).where(reader.c.state == "active")).scalars().first()
    assert who is not None
    for one in reports:
        say(town.whispers, who, one, "reply", "A Lead", "thank you")


def files_of(folder: Path) -> list[Path]:
    return [file for file in folder.iterdir() if file.name.startswith("whispers")]


def hellos(town: Town) -> list[int]:
    return [chat for chat, message, _ in town.voice.said if message.paragraphs[0].text == HELLO]


async def test_answer_knocks_at_the_next_fixed_time_where_it_was_asked_for_and_nowhere_else(town: Town):
    asked, other = town.chats[:2]
    before = town.main_store()
    reports = [await whisper(town, asked, knock=True), await whisper(town, other, knock=False)]
    rounds, _, clock = await rounds_of(town, MORNING)
    answer(town, *reports)
    await rounds.once()
    assert hellos(town) == []
    clock.now = NOON
    await rounds.once()
    assert hellos(town) == [asked]
    clock.now = AFTERNOON
    await rounds.once()
    assert hellos(town) == [asked]
    assert town.main_store() == before


async def test_route_is_as_long_as_none_and_opens_with_neither_master_key_nor_receipt(town: Town, tmp_path: Path):
    asked = town.chats[0]
    mine, others = await whisper(town, asked, knock=True), await whisper(town, town.chats[1], knock=False)
    answer(town, mine, others)
    assert {len(route) for route in routes(town).values()} == {ROUTE_BYTES}
    for key in (bytes(32), ROUTING_KEY, bytes(range(32))):
        assert whisper_routes.due(town.whispers, key) == []
    wanted = needles([*town.chats, *town.pupils.values()])
    assert search("routes", b"|".join(routes(town).values()), wanted) == []
    assert [hit for file in files_of(tmp_path) for hit in search_file(file, wanted)] == []
    # Planted, it is found.
    assert search("routes", b"|" + str(asked).encode() + b"|", wanted) != []


async def test_with_the_epochs_key_a_route_opens_so_the_key_is_what_keeps_it(town: Town):
    asked = town.chats[0]
    mine = await whisper(town, asked, knock=True)
    answer(town, mine)
    epoch = town.epochs.key(NOW.date())
    assert epoch is not None
    assert whisper_routes.due(town.whispers, epoch) == [(mine, asked)]


async def test_key_is_destroyed_with_its_epoch_and_then_nobody_is_knocked_at(town: Town, tmp_path: Path):
    mine = await whisper(town, town.chats[0], knock=True)
    former = town.epochs._path.read_bytes()
    rounds, _, clock = await rounds_of(town, MORNING)
    answer(town, mine)
    clock.now = NOON + timedelta(days=DAYS)
    await rounds.once()
    assert hellos(town) == []
    assert town.epochs._path.read_bytes() != former
    assert len(town.epochs._path.read_bytes()) == len(former)
    assert town.epochs.key(NOW.date()) is None
    # A process that begins reads the key that runs, and only that.
    assert Epochs(town.epochs._path, ROUTING_KEY).key(clock.now.date()) == town.epochs.key(clock.now.date())
    assert town.epochs._path.stat().st_mode & 0o777 == 0o600


async def test_cards_go_out_though_the_next_epochs_key_cannot_be_kept(town: Town):
    rounds, slack, clock = await rounds_of(town, MORNING)
    await whisper(town, town.chats[0], knock=False)
    town.epochs._path.unlink()
    town.epochs._path.mkdir()
    clock.now = NOON + timedelta(days=DAYS)
    await rounds.once()
    assert slack.posted == [("dsl", "A whisper is waiting")]
    assert town.epochs.key(clock.now.date()) is None


async def test_all_routes_are_written_anew_at_each_fixed_time_and_still_open(town: Town):
    mine, other = await whisper(town, town.chats[0], knock=True), await whisper(town, town.chats[1], knock=False)
    before = routes(town)
    rounds, _, clock = await rounds_of(town, MORNING)
    clock.now = NOON
    await rounds.once()
    after = routes(town)
    assert [after[one] == before[one] for one in (mine, other)] == [False, False]
    answer(town, mine, other)
    clock.now = AFTERNOON
    await rounds.once()
    assert hellos(town) == [town.chats[0]]


async def test_network_out_of_reach_is_knocked_through_at_the_fixed_time_after(town: Town):
    mine = await whisper(town, town.chats[0], knock=True)
    rounds, _, clock = await rounds_of(town, MORNING)
    answer(town, mine)
    clock.now, town.voice.down = NOON, True
    await rounds.once()
    clock.now, town.voice.down = AFTERNOON, False
    await rounds.once()
    assert hellos(town) == [town.chats[0]]


async def test_locked_desk_knocks_once_a_desk_is_open(town: Town):
    mine = await whisper(town, town.chats[0], knock=True)
    rounds, _, clock = await rounds_of(town, MORNING)
    answer(town, mine)
    whisper_lock.lock(town.whispers, whisper_lock.new_recovery())
    with town.whispers.read() as connection:
        leads = list(connection.execute(select(reader.c.id).where(reader.c.state == "active")).scalars())
    for who in leads:
        whisper_lock.choose_passphrase(town.whispers, who, "correct horse battery")
        town.whispers.close_desk(who)
    clock.now = NOON
    await rounds.once()
    assert hellos(town) == []
    assert whisper_lock.open_desk(town.whispers, leads[0], "correct horse battery")
    clock.now = AFTERNOON
    await rounds.once()
    assert hellos(town) == [town.chats[0]]


async def test_knock_asked_for_after_the_purge_is_said_not_to_be_kept(town: Town):
    chat = town.chats[0]
    mine = await whisper(town, chat, knock=True)
    yes = town.voice.button(chat, "Yes, say hello")
    purge(town.whispers, mine)
    await town.feed(town.tap(chat, yes))
    assert town.voice.words(chat)[-2].startswith("This whisper is closed and gone.")


def test_store_of_the_version_without_knocks_is_brought_up_with_what_it_held(town: Town, sealer: Sealer):
    store = town.whispers
    start(store, Draft("2026-11-24", "other", "me"), new_receipt(), {"what": "words"}, b"x")
    lines, path = queue(store), store.path
    with store.write() as connection:
        connection.execute(text("ALTER TABLE report DROP COLUMN knock"))
        connection.execute(text("ALTER TABLE report DROP COLUMN route"))
        connection.execute(text("UPDATE setting SET value = CAST('1' AS BLOB) WHERE name = 'schema'"))
    fresh = open_whispers(f"sqlite:///{path}", sealer, Cost(64, 1))
    assert queue(fresh) == lines
    assert [len(route) for route in routes(town).values()] == [ROUTE_BYTES]
    open_whispers(f"sqlite:///{path}", sealer, Cost(64, 1)).engine.dispose()
    fresh.engine.dispose()
