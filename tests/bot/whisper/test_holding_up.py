"""What fails for ever in one chat, or of one name, holds up nobody else: the updates behind it are taken."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session

from benchmarks.whisper_town import NOW, ROUTING_KEY, Town
from bot.whisper.speech import Unreachable
from bot.whisper.whispering import TRIES_MOST, Whispering
from store.tables import Staff
from store.whisper_care import sweep
from store.whisper_desk import Climb, cards_of, climb_of, keep_readers, note_climb, open_thread, queue
from store.whisper_tables import reader, turn
from store.whisper_tables import report as report_table
from tests.bot.whisper.chats import begin, photo, threads

NOT_KEPT = "That was not received: nothing of it was kept. Please send it again in a few minutes."
INSTEAD = "You can also tap Talk to someone, or tell an adult you trust. In danger, ring {number}."


def unnamed(town: Town) -> None:
    """As after damage: the name of a lead does not open."""
    with Session(town.engine) as session:
        lead = session.execute(select(Staff)).scalars().all()[0]
        lead.name_sealed = b"\x01 not an envelope"
        session.add(lead)
        session.commit()


async def test_a_lead_whose_name_does_not_open_keeps_nobody_from_writing(town: Town):
    unnamed(town)
    one, other = town.chats[:2]
    await town.feed(town.text(other, "hello"))
    await town.whisper(one)
    assert threads(town) == [["they take my things"]]


async def fails(town: Town, update: dict[str, Any]) -> int:
    """Take an update again and again, as the edge does; gives how often it failed before it was taken."""
    for failed in range(TRIES_MOST + 2):
        try:
            await town.feed(update)
        except Unreachable:
            continue
        return failed
    raise AssertionError("it holds up everybody for ever")


async def test_what_can_never_be_taken_is_let_go_and_its_writer_told(town: Town):
    town.whispering = Whispering(town.parts, town.voice, ROUTING_KEY, town.epochs, patience=0.0)
    writer, other = town.chats[:2]
    await begin(town, writer)
    # A file that Telegram names and never hands out.
    town.voice.lost.add("lost")
    assert await fails(town, photo(town, writer, "lost", 100)) == TRIES_MOST - 1
    assert town.voice.words(writer)[-2:] == [NOT_KEPT, INSTEAD]
    before = len(town.voice.words(writer))
    await town.feed(town.text(writer, "they take my things"))
    assert threads(town) == [["they take my things"]]
    assert len(town.voice.words(writer)) > before
    await town.whisper(other, "so it is with me")
    assert sorted(threads(town)) == [["so it is with me"], ["they take my things"]]


async def test_a_network_that_is_away_for_a_moment_loses_nothing(town: Town):
    writer = town.chats[0]
    await begin(town, writer)
    town.voice.down = True
    update = town.text(writer, "they take my things")
    for _ in range(TRIES_MOST + 2):
        with pytest.raises(Unreachable):
            await town.feed(update)
    town.voice.down = False
    await town.feed(update)
    assert NOT_KEPT not in town.voice.words(writer)
    assert threads(town) == [["they take my things"]]


async def test_while_the_store_is_away_nothing_is_let_go(town: Town):
    town.whispering = Whispering(town.parts, town.voice, ROUTING_KEY, town.epochs, patience=0.0)
    writer = town.chats[0]
    with town.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE pupil RENAME TO taken_away")
    update = town.text(writer, "/whisper")
    for _ in range(TRIES_MOST + 2):
        with pytest.raises(DBAPIError):
            await town.feed(update)
    with town.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE taken_away RENAME TO pupil")
    await town.feed(update)
    assert NOT_KEPT not in town.voice.words(writer)


# --- rows of the whisper store that do not open -----------------------------------------------------------------------


def first_reader(town: Town) -> bytes:
    with town.whispers.read() as connection:
        return connection.execute(select(reader.c.id)).scalars().all()[0]


async def told_twice(town: Town) -> str:
    """A whisper of two messages, of which one is damaged; gives its id."""
    chat = town.chats[0]
    await begin(town, chat)
    await town.feed(town.text(chat, "they take my things"))
    await town.feed(town.text(chat, "every day"))
    with town.whispers.write() as connection:
        one = connection.execute(select(turn.c.id)).scalars().all()[0]
        connection.execute(update(turn).where(turn.c.id == one).values(desk=b"not an envelope"))
    return queue(town.whispers)[0].id


async def test_one_part_that_does_not_open_keeps_no_other_from_being_read(town: Town):
    report = await told_twice(town)
    turns = open_thread(town.whispers, first_reader(town), report).turns
    assert sorted(one.what for one in turns) == ["lost", "words"]
    assert {one.words for one in turns if one.what == "words"} < {"they take my things", "every day"}


async def test_a_whisper_of_which_one_part_does_not_open_is_not_swept_away(town: Town):
    report = await told_twice(town)
    assert sweep(town.whispers) == 0
    assert [line.id for line in queue(town.whispers)] == [report]


async def test_where_its_cards_lie_may_be_lost_and_it_is_told_of_anew(town: Town):
    await town.whisper(town.chats[0])
    (line,) = queue(town.whispers)
    with town.whispers.write() as connection:
        connection.execute(update(report_table).values(card=b"not an envelope"))
    assert (cards_of(town.whispers, line.id), climb_of(town.whispers, line.id)) == ([], None)
    note_climb(town.whispers, line.id, Climb("whisper", NOW, 1))
    assert climb_of(town.whispers, line.id) == Climb("whisper", NOW, 1)


async def test_a_readers_key_that_does_not_open_keeps_nobody_else_from_reading(town: Town):
    await town.whisper(town.chats[0])
    with town.whispers.read() as connection:
        one, other = connection.execute(select(reader.c.id)).scalars().all()
    with town.whispers.write() as connection:
        connection.execute(update(reader).where(reader.c.id == one).values(private=b"not an envelope"))
    new = b"n" * 16
    assert keep_readers(town.whispers, {one, other, new}) is True
    (line,) = queue(town.whispers)
    assert open_thread(town.whispers, new, line.id).turns[0].words == "they take my things"
