"""Whatever is sent, forwarded, changed or delivered again, and whatever ails the store: nothing is lost unsaid."""

from __future__ import annotations

import asyncio
import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import event, select

from benchmarks.whisper_town import Town
from bot.whisper import staff
from bot.whisper.holding import CHATS_MOST, Holding
from conversations.whisper_waiting import WAITING_SECONDS
from store.sealing import Sealer
from store.whisper_care import purge
from store.whisper_desk import change, open_thread, queue
from store.whisper_sealing import Cost, new_receipt, words_of
from store.whisper_store import open_whispers
from store.whisper_tables import reader
from store.whispers import Draft, add, find, see, start
from tests.bot.whisper.chats import begin, photo, threads
from tests.factories import NOW

NOT_KEPT = "That was not received: nothing of it was kept. Please send it again in a few minutes."
INSTEAD = "You can also tap Talk to someone, or tell an adult you trust. In danger, ring {number}."
NONE = "No whisper opens with these words. A letter may be wrong, or it was removed long after it closed."
GONE = "This whisper is closed and gone. To write again, begin a new one with /whisper."
KEPT = "Received and sealed. You can write more, or tap I have finished."


def path_of(town: Town) -> Path:
    assert town.whispers.path is not None
    return town.whispers.path


# --- buttons and words that come from elsewhere -----------------------------------------------------------------------


async def test_button_forwarded_to_another_chat_opens_what_its_words_open_and_removes_nothing_there(town: Town):
    writer, other = town.chats[:2]
    await town.whisper(writer)
    before, see_replies = town.main_store(), town.voice.button(writer, "See replies")
    await town.feed(town.tap(other, see_replies))
    assert town.voice.words(other) == ["Received. Nobody has opened it yet.", "There is no reply yet."]
    # Here each tap is on a message number 1; what Earshot said to the writer has the next numbers.
    of_writer = set(range(2, len(town.voice.said)))
    await town.feed(town.tap(other, "w:z"))
    assert of_writer & {number for numbers in town.voice.deleted for number in numbers} == set()
    await town.feed(town.tap(writer, see_replies))
    assert town.voice.words(writer)[-2:] == ["Received. Nobody has opened it yet.", "There is no reply yet."]
    assert town.main_store() == before


async def test_receipt_of_another_school_opens_nothing_and_looks_like_a_wrong_one(town: Town, tmp_path: Path):
    elsewhere = open_whispers(f"sqlite:///{tmp_path / 'elsewhere.sqlite'}", Sealer(bytes(32)), Cost(64, 1))
    foreign = new_receipt()
    from store.whisper_desk import keep_readers

    keep_readers(elsewhere, [b"r" * 16])
    start(elsewhere, Draft("2026-11-24", "other", "me"), foreign, {"what": "words"}, b"x")
    assert find(elsewhere, foreign) is not None
    elsewhere.engine.dispose()
    chat = town.chats[0]
    await town.feed(town.text(chat, " ".join(words_of(foreign))))
    of_foreign = town.voice.said[-1]
    await town.feed(town.text(chat, " ".join(words_of(new_receipt()))))
    assert town.voice.words(chat) == [NONE, NONE]
    assert [button.label for row in of_foreign[1].rows for button in row] == [
        button.label for row in town.voice.said[-1][1].rows for button in row
    ]


async def test_see_replies_after_the_purge_says_that_it_is_gone(town: Town):
    chat = town.chats[0]
    await town.whisper(chat)
    see_replies = town.voice.button(chat, "See replies")
    await town.feed(town.tap(chat, see_replies))
    write_more = town.voice.button(chat, "Write more")
    purge(town.whispers, queue(town.whispers)[0].id)
    await town.feed(town.tap(chat, see_replies))
    assert town.voice.words(chat)[-1] == NONE
    # The button of before the purge: memory still holds the way in, and nothing may go there unread.
    await town.feed(town.tap(chat, write_more))
    await town.feed(town.text(chat, "it goes on"))
    assert town.voice.words(chat)[-2:] == [GONE, INSTEAD]
    town.restart()
    await town.feed(town.tap(chat, write_more))
    await town.feed(town.text(chat, "it goes on"))
    assert town.voice.words(chat)[-2:] == [GONE, INSTEAD]
    assert queue(town.whispers) == []


# --- what is sent -----------------------------------------------------------------------------------------------------


async def test_message_edited_after_sending_is_not_read_again_and_names_nobody(town: Town):
    chat = town.chats[0]
    await begin(town, chat)
    update = town.text(chat, "they take my things")
    await town.feed(update)
    before = town.main_store()
    await town.feed({"update_id": next(town.updates), "edited_message": update["message"] | {"text": "i want to die"}})
    assert town.voice.words(chat)[-4].startswith("A message you change afterwards is not read again.")
    assert threads(town) == [["they take my things"]]
    assert (town.main_store(), queue(town.whispers)[0].urgency) == (before, "ordinary")


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ({"sticker": {"file_id": "one"}}, "I keep words and photos only. That was not kept."),
        ({"document": {"file_id": "one", "file_size": 50 << 20}}, "I keep words and photos only. That was not kept."),
        (
            {"document": {"file_id": "one", "file_size": 50 << 20, "mime_type": "image/png"}},
            "That photo could not be read, so it was not kept.",
        ),
        ({"voice": {"file_id": "one"}}, "I do not keep sound or film, because a voice can be known."),
    ],
    ids=["sticker", "file of 50 MB", "picture of 50 MB", "voice"],
)
async def test_file_that_is_not_kept_is_said_at_once_and_is_never_fetched(town: Town, what: dict, words: str):
    chat = town.chats[0]
    await begin(town, chat)
    update = photo(town, chat, "one", 0)
    del update["message"]["photo"]
    update["message"] |= what
    calls, before = town.voice.calls, town.main_store()
    await town.feed(update)
    said = [one for one in town.voice.words(chat) if one.startswith(words)]
    assert (len(said), queue(town.whispers), town.main_store()) == (1, [], before)
    # To fetch it would be a call more.
    assert town.voice.calls == calls + 2


async def test_finish_delivered_twice_shows_the_words_once(town: Town):
    chat = town.chats[0]
    await begin(town, chat)
    await town.feed(town.text(chat, "they take my things"))
    update = town.tap(chat, town.voice.button(chat, "I have finished"))
    await town.feed(update, update)
    await town.feed(update)
    titles = [message.title.text for one, message, _ in town.voice.said if one == chat and message.title]
    assert titles.count("Your six words") == 1


# --- a store that ails ------------------------------------------------------------------------------------------------


async def test_store_missing_in_the_first_batch_of_a_process_is_said_and_holds_nobody_up(town: Town):
    chat = town.chats[0]
    await begin(town, chat)
    await town.feed(town.text(chat, "they take my things"))
    finish = town.voice.button(chat, "I have finished")
    town.restart()
    path_of(town).unlink()
    town.whispers.engine.dispose()
    answered = {
        "message_id": 1,
        "reply_markup": {"inline_keyboard": [[{"text": "x", "callback_data": finish}]]},
    }
    await town.feed(town.text(chat, "and my lunch", reply_to_message=answered))
    assert town.voice.words(chat)[-2:] == [NOT_KEPT, INSTEAD]
    await town.feed(town.tap(town.chats[1], "menu"))


async def test_store_locked_by_another_program_is_said_and_sent_again_it_is_kept_once(town: Town):
    chat = town.chats[0]
    await begin(town, chat)
    other = sqlite3.connect(path_of(town), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    await town.feed(town.text(chat, "they take my things"))
    assert town.voice.words(chat)[-2:] == [NOT_KEPT, INSTEAD]
    other.execute("ROLLBACK")
    other.close()
    await town.feed(town.text(chat, "they take my things"))
    assert (town.voice.words(chat)[-1], threads(town)) == (KEPT, [["they take my things"]])


async def test_store_on_a_full_disk_is_said_and_holds_what_it_held(town: Town):
    chat = town.chats[0]
    await begin(town, chat)
    await town.feed(town.text(chat, "they take my things"))
    limit = [1]
    # SQLite's own way to be full: never less than the pages there are.
    event.listen(town.whispers.engine, "connect", lambda one, _entry: one.execute(f"PRAGMA max_page_count={limit[0]}"))
    town.whispers.engine.dispose()
    await town.feed(town.text(chat, "a long story " * 300))
    assert town.voice.words(chat)[-2:] == [NOT_KEPT, INSTEAD]
    limit[0] = 1 << 20
    town.whispers.engine.dispose()
    await town.feed(town.text(chat, "and a short one"))
    assert threads(town) == [["they take my things", "and a short one"]]


def test_member_of_staff_is_told_when_what_they_add_to_was_purged(town: Town):
    receipt = new_receipt()
    door = start(town.whispers, Draft("2026-11-24", "other", "me"), receipt, {"what": "words"}, b"x")
    entered = {"receipt": " ".join(words_of(receipt)), "words": "more"}
    assert staff.take(town.whispers, entered, (), "2026-11-24").message.paragraphs[0].text == "Received and sealed."
    purge(town.whispers, door.report.hex())
    told = staff.take(town.whispers, entered, (), "2026-11-24").message.paragraphs[0].text
    assert told.startswith("No whisper opens with these words.")
    assert [phrase.text for phrase in staff.take(town.whispers, entered, (), "2026-11-24").message.paragraphs][1:] == [
        "What you wrote was not kept: send it again without the six words, or with the right ones."
    ]
    assert see(town.whispers, find(town.whispers, receipt)) is None


def said(told: staff.Told) -> list[str]:
    return [phrase.text for phrase in told.message.paragraphs]


def test_member_of_staff_sees_how_it_stands_and_says_whether_it_helped(town: Town):
    receipt, who = new_receipt(), reader_of(town)
    door = start(town.whispers, Draft("2026-11-24", "other", "me"), receipt, {"what": "words"}, b"x")
    change(town.whispers, who, door.report.hex(), status="closed", outcome="helped", closed="2026-11-24")
    entered = {"receipt": " ".join(words_of(receipt)), "helped": "y"}
    assert said(staff.take(town.whispers, entered, (), "2026-11-24")) == [
        "Thank you. Staff will see that, and not your name.",
        "Closed: staff acted on it.",
        "There is no reply yet.",
    ]
    assert [turn.what for turn in open_thread(town.whispers, who, door.report.hex()).turns] == ["words", "helped"]
    assert queue(town.whispers)[0].status == "closed"


def test_member_of_staff_who_writes_words_of_danger_reads_that_leads_are_told_now(town: Town):
    told = staff.take(town.whispers, {"words": "he hits me"}, (), "2026-11-24")
    assert (told.urgent, said(told)[-1]) == (
        True,
        "This sounds urgent. Staff are told now that there is an urgent whisper, not who wrote it.",
    )
    assert queue(town.whispers)[0].urgency == "urgent"


def reader_of(town: Town) -> bytes:
    with town.whispers.read() as connection:
        return bytes(connection.execute(select(reader.c.id)).scalars().first() or b"")


def test_nothing_is_added_to_a_report_that_was_purged(town: Town):
    from store.whispers import Gone

    door = start(town.whispers, Draft("2026-11-24", "other", "me"), new_receipt(), {"what": "words"}, b"x")
    purge(town.whispers, door.report.hex())
    with pytest.raises(Gone):
        add(town.whispers, door, {"what": "words"}, b"more")


# --- words that nothing waits for -------------------------------------------------------------------------------------


async def test_words_offered_are_let_go_when_an_adult_is_asked_and_later_words_are_the_main_paths(town: Town):
    chat = town.chats[0]
    await town.feed(town.text(chat, "they take my things"))
    offer = town.voice.said[-1][1]
    assert [button.label.text for row in offer.rows for button in row] == [
        "Whisper this",
        "Ask for an adult",
        "No, thanks",
        "Menu",
    ]
    await town.feed(town.tap(chat, town.voice.button(chat, "Ask for an adult")))
    # What was typed before is not whispered by whoever comes back another way.
    await begin(town, chat)
    assert queue(town.whispers) == []
    await town.feed(town.text(chat, "only this"))
    assert threads(town) == [["only this"]]


async def test_words_offered_do_not_take_those_of_a_later_check_in(town: Town):
    chat = town.chats[0]
    await town.feed(town.text(chat, "they take my things"))
    assert await town.whispering.took(town.tap(chat, "c:any")) is False
    said = len(town.voice.said)
    await town.feed(town.text(chat, "hello again"))
    assert [message.paragraphs[0].text for _, message, _ in town.voice.said[said:]] == [
        "Thanks for writing. Nobody has read it, and it is not kept."
    ]


async def test_words_that_wait_are_let_go_by_a_timer_where_nobody_writes_meanwhile(town: Town):
    loop = asyncio.get_running_loop()
    await town.feed(town.text(town.chats[0], "they take my things"))
    timers = [one for one in loop._scheduled if one._callback == town.whispering.let_go]  # type: ignore[attr-defined]
    assert [round(one.when() - loop.time()) for one in timers] == [WAITING_SECONDS + 1]


async def test_words_of_the_oldest_of_too_many_chats_are_let_go():
    holding = Holding()
    for chat in range(CHATS_MOST + 2):
        holding.note(chat, NOW)
    holding.note(0, NOW)
    assert holding.over(NOW) == [1, 2]
    assert holding.over(NOW) == []


@pytest.mark.parametrize(
    ("passed", "gone"),
    [
        (timedelta(minutes=10) - timedelta(seconds=1), []),
        (timedelta(minutes=10), [7]),
        # A clock that was set back.
        (-timedelta(seconds=1), [7]),
    ],
)
def test_words_are_let_go_after_ten_minutes(passed: timedelta, gone: list[int]):
    holding = Holding()
    holding.note(7, NOW)
    assert holding.over(NOW + passed) == gone


async def test_whisper_under_way_is_not_ended_by_a_button_of_another_page(town: Town):
    chat = town.chats[0]
    await begin(town, chat)
    await town.feed(town.tap(chat, "menu"))
    await town.feed(town.text(chat, "they take my things"))
    assert threads(town) == [["they take my things"]]
