"""What a reporter reads when nothing can be kept or looked up, and what an update is that is like none of ours."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlmodel import Session
from structlog.testing import capture_logs

from benchmarks.whisper_town import Town
from bot.whisper.epochs import DAYS
from bot.whisper.updates import read_arrived
from store.tables import Conversation
from store.whisper_desk import keep_readers, queue
from store.whisper_tables import reader
from tests.bot.whisper.chats import begin, check_in_opens, threads
from tests.factories import NOW


def lose(town: Town) -> None:
    assert town.whispers.path is not None
    town.whispers.path.unlink()
    town.whispers.engine.dispose()


async def test_whisper_about_the_only_reader_is_not_kept_and_it_is_said_who_else_there_is(town: Town):
    chat = town.chats[0]
    with town.whispers.read() as connection:
        first, *_ = sorted(row.id for row in connection.execute(reader.select()))
    keep_readers(town.whispers, {first})
    await town.feed(town.text(chat, "/whisper"))
    await town.feed(town.tap(chat, "w:a:m"))
    await town.feed(town.tap(chat, "w:k:ma"))
    rows = town.voice.said[-1][1].rows
    named = next(one.data for row in rows for one in row if first.hex()[:8] in one.data)
    await town.feed(town.tap(chat, named))
    await town.feed(town.text(chat, "they shout at me"))
    said = town.voice.words(chat)
    assert "At this school nobody else can read whispers, so nothing was kept." in said[-3:]
    assert queue(town.whispers) == []


async def test_replies_that_cannot_be_looked_up_and_a_hello_that_cannot_be_kept_are_said(town: Town):
    chat = town.chats[0]
    await town.whisper(chat)
    see_replies = town.voice.button(chat, "See replies")
    await town.feed(town.tap(chat, see_replies))
    await town.feed(town.tap(chat, town.voice.button(chat, "Tell me about replies")))
    hello = town.voice.button(chat, "Yes, say hello")
    lose(town)
    for data in (see_replies, hello):
        before = len(town.voice.words(chat))
        with capture_logs() as log:
            await town.feed(town.tap(chat, data))
        assert len(town.voice.words(chat)) > before
        assert not any("say hello here" in words for words in town.voice.words(chat)[before:])
        assert [sorted(line) for line in log] == [["error", "event", "log_level"]]
        assert str(chat) not in str(log)


async def test_hello_asked_for_without_a_key_of_this_epoch_is_said_not_to_be_kept(town: Town):
    chat = town.chats[0]
    await town.whisper(chat)
    await town.feed(town.tap(chat, town.voice.button(chat, "See replies")))
    await town.feed(town.tap(chat, town.voice.button(chat, "Tell me about replies")))
    hello = town.voice.button(chat, "Yes, say hello")
    # The machine's time was set back, past the beginning of the epoch.
    town.epochs.turn(NOW.date() + timedelta(days=DAYS))
    before = len(town.voice.words(chat))
    await town.feed(town.tap(chat, hello))
    assert not any("say hello here" in words for words in town.voice.words(chat)[before:])
    assert len(town.voice.words(chat)) > before


async def test_whisper_goes_on_where_what_was_kept_of_a_conversation_is_damaged(town: Town):
    chat = town.chats[0]
    check_in_opens(town, chat)
    with Session(town.engine) as session:
        row = session.get_one(Conversation, UUID(town.pupils[chat]))
        row.data_sealed = bytes(len(row.data_sealed or b""))
        session.add(row)
        session.commit()
    await begin(town, chat)
    await town.feed(town.text(chat, "they take my things"))
    assert threads(town) == [["they take my things"]]


def with_buttons(*data: str) -> dict[str, Any]:
    rows = [[{"callback_data": one}] for one in data]
    return {"reply_to_message": {"reply_markup": {"inline_keyboard": [*rows, [], [7], "nonsense"]}}}


@pytest.mark.parametrize(
    ("more", "file"),
    [
        ({"photo": [{"file_id": "P1", "file_size": 9}, {"file_id": "P2"}]}, ("P2", 0)),
        ({"photo": ["nonsense"]}, None),
        ({"photo": [{"file_id": 7}]}, None),
        ({"document": {"mime_type": "image/png", "file_id": "D1", "file_size": 12}}, ("D1", 12)),
        ({"document": {"mime_type": "application/pdf", "file_id": "D1"}}, None),
        ({"reply_to_message": "nonsense"}, None),
        ({"reply_to_message": {"reply_markup": "nonsense"}}, None),
        (with_buttons("goto:1", "w:s"), None),
        (with_buttons("w:f:zz--.short"), None),
        (with_buttons(f"w:f:xx--.{'a' * 14}"), None),
        (with_buttons(f"w:f:mb--.{'a' * 14}.x"), None),
    ],
)
def test_message_of_any_form_is_read_without_a_stumble(town: Town, more: dict[str, Any], file: tuple[str, int] | None):
    arrived = read_arrived(town.text(town.chats[0], "words", **more))
    assert arrived is not None
    assert (arrived.file, arrived.choice) == (file, None)
