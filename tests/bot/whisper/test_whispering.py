"""Whisper's path: what is delivered twice, too often, too large, or to a store that cannot keep it; and its rounds."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import Engine
from sqlmodel import Session, select

from benchmarks.whisper_town import Town, rounds_of
from bot.settings import Settings
from bot.whisper.keeping import SEALS_A_MINUTE, TRIES
from bot.whisper.service import check_apart, read_routing_key
from bot.whisper.speech import Unreachable
from conversations.whisper_cards import opened_card
from scheduling.school import next_in_school
from scheduling.whisper_slots import last_slot, next_slot
from store.sealing import KeyProblem, Sealer
from store.vault import StoreProblem
from store.whisper_care import back_up
from store.whisper_desk import (
    Climb,
    NotThere,
    cards_of,
    change,
    files_of,
    keep_readers,
    note_cards,
    note_file,
    open_thread,
    queue,
    reader_id,
    readers_of,
    recuse,
    say,
)
from store.whisper_sealing import Cost, Seed, new_receipt, words_of
from store.whisper_store import open_whispers
from store.whisper_tables import reader
from store.whispers import Draft, find, start
from tests.bot.whisper.chats import begin, photo, threads
from tests.factories import CALENDAR, NOW


async def test_update_delivered_again_is_sealed_once(town: Town):
    chat = town.chats[0]
    await begin(town, chat)
    update = town.text(chat, "they take my things")
    await town.feed(update, update)
    await town.feed(update)
    assert threads(town) == [["they take my things"]]


async def test_update_sealed_by_a_process_that_died_is_not_sealed_again(town: Town):
    chat = town.chats[0]
    await begin(town, chat)
    update = town.text(chat, "i want to die")
    assert await town.whispering.took(update) is True
    before = town.main_store()
    # Never acknowledged: the next process gets it again, and knows nothing but what the chat holds.
    town.restart()
    await town.feed(update)
    assert threads(town) == [["i want to die"]]
    assert town.voice.words(chat)[-1].startswith("I was away for a moment. What you sent was received.")
    assert town.main_store() == before


@pytest.mark.parametrize("brought", [{"video": {"file_id": "one"}}, {"photo": [{"file_id": "none", "file_size": 1}]}])
async def test_words_with_what_is_refused_are_sealed_once_when_the_process_died(town: Town, brought: dict[str, Any]):
    chat = town.chats[0]
    await begin(town, chat)
    update = town.text(chat, "")
    del update["message"]["text"]
    update["message"] |= {**brought, "caption": "i want to die"}
    assert await town.whispering.took(update) is True
    assert [line.urgency for line in queue(town.whispers)] == ["urgent"]
    town.restart()
    await town.feed(update)
    assert threads(town) == [["i want to die"]]
    assert town.voice.words(chat)[-1].startswith("I was away for a moment. What you sent was received.")


async def test_network_out_of_reach_leaves_the_update_to_be_taken_again(town: Town):
    chat = town.chats[0]
    await begin(town, chat)
    update = town.text(chat, "they take my things")
    town.voice.down = True
    with pytest.raises(Unreachable):
        await town.feed(update)
    town.voice.down = False
    await town.feed(update)
    assert threads(town) == [["they take my things"]]
    assert town.voice.words(chat)[-1] == "Received and sealed. You can write more, or tap I have finished."


async def test_too_many_messages_in_a_minute_are_said_not_to_be_kept(town: Town):
    chat = town.chats[0]
    await begin(town, chat)
    for number in range(SEALS_A_MINUTE + 1):
        await town.feed(town.text(chat, f"message {number}"))
    assert "That is a lot in a short time, so this one was not kept. Wait a minute, then send it again." in (
        town.voice.words(chat)
    )
    assert [len(thread) for thread in threads(town)] == [SEALS_A_MINUTE]


async def test_many_wrong_receipts_are_slowed_down(town: Town):
    chat = town.chats[0]
    for _ in range(TRIES + 1):
        await town.feed(town.text(chat, " ".join(words_of(new_receipt()))))
    said = town.voice.words(chat)
    wrong = "No whisper opens with these words. A letter may be wrong, or it was removed long after it closed."
    assert said.count(wrong) == TRIES
    assert "Those were many tries. Wait ten minutes, then type your six words once more." in said


async def test_album_is_sealed_photo_by_photo_and_a_file_too_large_refused(town: Town):
    chat = town.chats[0]
    await begin(town, chat)
    picture = io.BytesIO()
    Image.new("RGB", (40, 30), "grey").save(picture, "PNG")
    town.voice.photos["one"] = picture.getvalue()
    for _ in range(3):
        await town.feed(photo(town, chat, "one", 500))
    assert threads(town) == [["a photo"] * 3]
    await town.feed(photo(town, chat, "one", 50 * 1024 * 1024))
    await town.feed(photo(town, chat, "unknown", 500))
    refused = "That photo could not be read, so it was not kept. Send it as a photo, smaller than 8 MB."
    assert town.voice.words(chat).count(refused) == 2
    assert threads(town) == [["a photo"] * 3]


async def test_store_that_was_taken_away_is_said_at_once(town: Town):
    chat = town.chats[0]
    await begin(town, chat)
    assert town.whispers.path is not None
    town.whispers.path.unlink()
    await town.feed(town.text(chat, "they take my things"))
    assert "That was not received: nothing of it was kept. Please send it again in a few minutes." in (
        town.voice.words(chat)
    )


async def test_message_changed_after_a_restart_names_nobody(town: Town):
    chat = town.chats[0]
    await begin(town, chat)
    await town.feed(town.tap(chat, "w:q"))
    town.restart()
    before = town.main_store()
    update = town.text(chat, "i want to die")
    update["edited_message"] = update.pop("message") | {"date": int((NOW - timedelta(hours=1)).timestamp())}
    await town.feed(update)
    assert town.voice.words(chat)[-4].startswith("A message you change afterwards is not read again.")
    assert town.main_store() == before


async def test_words_of_danger_outside_a_whisper_go_the_identified_way(town: Town):
    from store.tables import Request

    await town.feed(town.text(town.chats[0], "i want to die"))
    with Session(town.engine) as session:
        assert len(session.exec(select(Request)).all()) == 1


async def test_button_of_a_stranger_is_left_to_the_main_path(town: Town):
    assert await town.whispering.took(town.tap(999, "w")) is False
    assert await town.whispering.took(town.text(999, "/whisper")) is False


async def test_button_forged_or_old_is_answered_with_a_line(town: Town):
    for data in ("w:s:nonsense", "w:f:mb--.short", "w:k:zz", "w:?", f"w:s:----.{'é' * 7}"):
        await town.feed(town.tap(town.chats[0], data))
    assert town.voice.hints == 5
    assert town.voice.said == []


# --- readers ----------------------------------------------------------------------------------------------------------


def test_lead_added_reads_what_is_open_and_one_who_left_reads_nothing(town: Town, sealer: Sealer):
    store, first, second = town.whispers, reader_id(sealer, "a"), reader_id(sealer, "b")
    keep_readers(store, [first])
    open_one = start(store, Draft("2026-11-24", "other", "me"), new_receipt(), {"what": "words"}, b"open")
    closed = start(store, Draft("2026-11-24", "other", "me"), new_receipt(), {"what": "words"}, b"closed")
    change(store, first, closed.report.hex(), status="closed", closed="2026-11-24")
    keep_readers(store, [first, second])
    assert [line.id for line in queue(store, second)] == [open_one.report.hex()]
    keep_readers(store, [second])
    assert queue(store, first) == []
    assert open_thread(store, second, open_one.report.hex()).turns[0].words == "open"


def test_lead_left_out_or_who_stood_back_stays_so_when_they_leave_and_come_back(town: Town, sealer: Sealer):
    store, first, second = town.whispers, reader_id(sealer, "a"), reader_id(sealer, "b")
    keep_readers(store, [first, second])
    named, recused, open_to_both = new(town, excluded=(second.hex(),)), new(town), new(town)
    recuse(store, second, recused)
    keep_readers(store, [first])
    keep_readers(store, [first, second])
    assert [line.id for line in queue(store, second)] == [open_to_both]
    for report in (named, recused):
        with pytest.raises(NotThere):
            open_thread(store, second, report)
        assert readers_of(store, report) == {first}


def test_new_lead_reads_what_is_open_in_a_backup_that_was_put_back_and_nothing_that_filled_it_up(
    town: Town, sealer: Sealer, tmp_path: Path
):
    first, second = reader_id(sealer, "a"), reader_id(sealer, "b")
    keep_readers(town.whispers, [first])
    report = new(town)
    back_up(town.whispers, tmp_path / "copy.sqlite", sealer, NOW.date())
    store = open_whispers(f"sqlite:///{tmp_path / 'copy.sqlite'}", sealer, Cost(64, 1))
    assert len(queue(store)) > 1
    keep_readers(store, [first, second])
    assert [line.id for line in queue(store, second)] == [report]
    store.engine.dispose()


def test_no_readers_at_all_are_never_the_end_of_those_there(town: Town):
    before = queue(town.whispers)
    assert keep_readers(town.whispers, []) is False
    assert queue(town.whispers) == before


# --- rounds -----------------------------------------------------------------------------------------------------------


def new(town: Town, **more: Any) -> str:  # noqa: ANN401
    draft = Draft("2026-11-24", "other", "me", **more)
    return start(town.whispers, draft, new_receipt(), {"what": "words"}, b"x").report.hex()


async def test_every_copy_of_a_card_says_once_that_somebody_has_opened_it(town: Town):
    rounds, slack, _ = await rounds_of(town, datetime(2026, 11, 24, 10, 0, tzinfo=UTC))
    report = new(town, urgency="urgent")
    await rounds.once()
    await rounds.once()
    assert (len(slack.posted), slack.rewritten) == (2, [])
    with town.whispers.read() as connection:
        who = connection.execute(select(reader.c.id)).scalars().first()
    assert who is not None
    change(town.whispers, who, report, status="read", stage="read")
    await rounds.once()
    await rounds.once()
    handle = report[:6].upper()
    card = opened_card(report, "other", "read", "2026-11-24", handle)
    assert slack.rewritten == [(channel, ts, card) for channel, ts in cards_of(town.whispers, report)]
    assert len(slack.rewritten) == 2
    assert [line.text for line in card.lines] == ["{handle}: {kind}, {day}, {status}"]


async def test_photo_left_in_slack_by_a_process_that_died_is_taken_away_at_the_next_start(town: Town):
    report, other = new(town), new(town, urgency="urgent")
    note_file(town.whispers, report, "F1", there=True)
    note_cards(town.whispers, report, [["D1", "1"]], "posted", Climb("whisper", NOW, 0), "new")
    note_file(town.whispers, other, "F2", there=True)
    note_file(town.whispers, other, "F2", there=False)
    assert (cards_of(town.whispers, report), files_of(town.whispers, report)) == ([["D1", "1"]], ["F1"])
    rounds, slack, _ = await rounds_of(town, NOW)
    slack.refuses_files = True
    await rounds.once()
    # Cards go out all the same.
    assert (slack.files, len(slack.posted)) == ([], 2)
    slack.refuses_files = False
    await rounds.once()
    await rounds.once()
    assert slack.files == [(report, "F1")]


async def test_closed_whisper_goes_after_ninety_days_with_its_cards(town: Town):
    rounds, slack, clock = await rounds_of(town, datetime(2026, 11, 24, 10, 0, tzinfo=UTC))
    receipt = new_receipt()
    report = start(town.whispers, Draft("2026-11-24", "other", "me"), receipt, {"what": "words"}, b"x").report.hex()
    clock.now = datetime(2026, 11, 24, 12, 31, tzinfo=UTC)
    await rounds.once()
    with town.whispers.read() as connection:
        who = connection.execute(select(reader.c.id)).scalars().first()
    assert who is not None
    say(town.whispers, who, report, "reply", "A Lead", "thank you")
    change(town.whispers, who, report, status="closed", closed="2026-11-24", stage="read")
    clock.now = datetime(2027, 3, 1, 12, 31, tzinfo=UTC)
    await rounds.once()
    assert (queue(town.whispers), slack.deleted, find(town.whispers, receipt)) == ([], [("Ddsl", "1")], None)


def test_slots_are_on_school_days_at_their_times():
    monday = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
    assert next_slot(CALENDAR, monday).astimezone(UTC) == datetime(2026, 11, 23, 8, 30, tzinfo=UTC)
    friday = datetime(2026, 11, 27, 15, 30, tzinfo=UTC)
    assert next_slot(CALENDAR, friday).astimezone(UTC) == datetime(2026, 11, 30, 8, 30, tzinfo=UTC)
    assert last_slot(CALENDAR, monday) == CALENDAR.local(datetime(2026, 11, 20, tzinfo=UTC).date(), time(15, 30))
    # Before the first term there was none; until it begins there is none.
    summer = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
    assert last_slot(CALENDAR, summer) is None
    assert next_slot(CALENDAR, summer) == CALENDAR.local(CALENDAR.terms[0].first, time(8, 30))


async def test_past_the_end_of_the_calendar_cards_go_out_on_weekdays_as_was_promised(town: Town):
    """What waits must not wait for somebody to enter term dates."""
    saturday = datetime(2027, 3, 27, 10, 0, tzinfo=UTC)
    rounds, slack, clock = await rounds_of(town, saturday)
    new(town)
    await rounds.once()
    promised = next_slot(CALENDAR, saturday)
    assert promised == next_in_school(town.school, saturday) == CALENDAR.local(date(2027, 3, 29), time(8, 30))
    clock.now = promised - timedelta(minutes=1)
    await rounds.once()
    assert slack.posted == []
    clock.now = promised
    await rounds.once()
    assert len(slack.posted) == 1
    assert last_slot(CALENDAR, promised) == promised


# --- the store and the key --------------------------------------------------------------------------------------------


def test_whisper_store_of_another_key_is_refused(town: Town):
    assert town.whispers.path is not None
    with pytest.raises(KeyProblem):
        open_whispers(f"sqlite:///{town.whispers.path}", Sealer(bytes(32)))


def test_whispers_on_the_main_stores_own_server_are_refused():
    one, other = "postgresql://e@db.example/earshot", "postgresql://e@db.example:5432/whispers"
    with pytest.raises(StoreProblem):
        check_apart(Settings(_env_file=None, database_url=one, whisper_database_url=other))  # type: ignore[call-arg]
    elsewhere = "postgresql://e@other.example/whispers"
    check_apart(Settings(_env_file=None, database_url=one, whisper_database_url=elsewhere))  # type: ignore[call-arg]
    check_apart(Settings(_env_file=None, database_url=one))  # type: ignore[call-arg]


@pytest.mark.only(database_url="postgresql")
def test_the_main_stores_own_server_is_known_by_another_name_too(engine: Engine):
    one = engine.url.render_as_string(hide_password=False)
    host = str(engine.url.query["host"])
    other = engine.url.set(database="postgres", query={"host": f"{host}/."}).render_as_string(hide_password=False)
    with pytest.raises(StoreProblem, match="own PostgreSQL server"):
        check_apart(Settings(_env_file=None, database_url=one, whisper_database_url=other))  # type: ignore[call-arg]


def test_routing_key_is_made_once_and_read_by_its_owner_alone(tmp_path: Path):
    path = tmp_path / "routing.key"
    key = read_routing_key(path)
    assert read_routing_key(path) == key
    assert path.stat().st_mode & 0o777 == 0o600
    path.write_text("nonsense")
    with pytest.raises(KeyProblem):
        read_routing_key(path)


def test_seed_is_never_what_lies_in_the_store(town: Town):
    with town.whispers.read() as connection:
        rows = connection.execute(select(reader)).all()
    for row in rows:
        seed = Seed(town.whispers.unlock(row.private, b"reader" + row.id))
        assert seed not in row.private
