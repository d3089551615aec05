"""A whisper of which memory knows nothing: another process has taken over, or this one has its seat again."""

from dataclasses import replace

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, select

from benchmarks.whisper_town import NOW, Town, rounds_of
from bot.seats import SeatLost
from store.database import PATIENCE_SECONDS
from store.sealing import Sealer
from store.tables import Request
from store.whisper_desk import cards_of, change, note_file, readers_of
from store.whisper_sealing import new_receipt
from store.whisper_store import open_whispers
from store.whispers import Draft, start
from tests.bot.whisper.chats import begin, threads

GONE = "If you typed something before this, it does not wait here any more. Please write it again."


async def test_words_that_waited_in_another_process_are_said_to_be_gone(town: Town):
    chat = town.chats[0]
    await town.feed(town.text(chat, "/whisper"))
    await town.feed(town.text(chat, "they take my things"))
    town.restart()
    await town.feed(town.text(chat, "and my bag"))
    assert GONE in town.voice.words(chat)
    await town.feed(town.tap(chat, "w:a:m"))
    await town.feed(town.tap(chat, "w:k:mb"))
    assert threads(town) == [["and my bag"]]
    assert town.voice.words(chat).count(GONE) == 1


@pytest.mark.parametrize("label", ["I have finished", "Stop"])
async def test_a_whisper_that_ends_in_another_process_is_over(town: Town, label: str):
    chat = town.chats[0]
    await begin(town, chat)
    await town.feed(town.text(chat, "they take my things"))
    town.restart()
    await town.feed(town.tap(chat, town.voice.button(chat, label)))
    assert chat not in town.voice.marks
    # What is typed now is none of it: somebody hears of danger.
    await town.feed(town.text(chat, "i want to die"))
    with Session(town.engine) as session:
        assert len(session.exec(select(Request)).all()) == 1


async def test_a_whisper_is_not_over_that_began_elsewhere_and_holds_nothing_yet(town: Town):
    chat = town.chats[0]
    await begin(town, chat)
    finished = town.voice.button(chat, "I have finished")
    town.restart()
    await town.feed(town.tap(chat, finished))
    assert chat in town.voice.marks
    await town.feed(town.tap(chat, "w:d"))
    assert chat in town.voice.marks


async def begun_here_and_ended_elsewhere(town: Town, chat: int) -> None:
    await begin(town, chat)
    await town.feed(town.text(chat, "they take my things"))
    town.restart()
    await town.feed(town.tap(chat, town.voice.button(chat, "I have finished")))


async def test_who_takes_over_again_knows_nothing_of_before(town: Town):
    chat, first = town.chats[0], town.whispering
    await begun_here_and_ended_elsewhere(town, chat)
    town.whispering = first
    first.begin_anew()
    await town.feed(town.text(chat, "i want to die"))
    assert threads(town) == [["they take my things"]]
    with Session(town.engine) as session:
        assert len(session.exec(select(Request)).all()) == 1


async def test_who_takes_over_again_does_not_seal_what_the_other_has_sealed(town: Town):
    chat, first = town.chats[0], town.whispering
    await begun_here_and_ended_elsewhere(town, chat)
    await begin(town, chat)
    update = town.text(chat, "and my bag")
    # Sealed and answered, and never acknowledged.
    assert await town.whispering.took(update) is True
    town.whispering = first
    first.begin_anew()
    await town.feed(update)
    assert sorted(threads(town)) == [["and my bag"], ["they take my things"]]


@pytest.mark.only(database_url="postgresql")
def test_a_process_that_hangs_as_it_writes_a_whisper_keeps_nobody_from_writing(engine: Engine, sealer: Sealer):
    store = open_whispers(engine.url.render_as_string(hide_password=False), sealer)
    with store.write() as connection:
        patience = connection.exec_driver_sql("SHOW idle_in_transaction_session_timeout").scalar()
    store.engine.dispose()
    assert patience == f"{PATIENCE_SECONDS}s"


async def test_nothing_is_posted_once_another_process_may_do_the_rounds(town: Town):
    sure = list[bool]()
    town.parts = replace(town.parts, may=lambda: not sure)
    rounds, slack, _ = await rounds_of(town, NOW)
    start(town.whispers, Draft("2026-11-24", "other", "me", "urgent"), new_receipt(), {"what": "words"}, b"x")
    sure.append(False)
    with pytest.raises(SeatLost):
        await rounds.once()
    assert slack.posted == []
    sure.clear()
    await rounds.once()
    assert len(slack.posted) == 2


async def test_cards_say_that_somebody_has_opened_it_though_the_process_died_before_it_said_so(town: Town):
    draft = Draft("2026-11-24", "other", "me", "urgent")
    report = start(town.whispers, draft, new_receipt(), {"what": "words"}, b"x").report.hex()
    rounds, _, _ = await rounds_of(town, NOW)
    await rounds.once()
    change(town.whispers, min(readers_of(town.whispers, report)), report, status="read", stage="read")
    rounds, slack, _ = await rounds_of(town, NOW)
    await rounds.once()
    await rounds.once()
    assert [[channel, ts] for channel, ts, _ in slack.rewritten] == cards_of(town.whispers, report)


async def test_photos_that_another_process_showed_are_taken_away_by_who_takes_over_again(town: Town):
    report = start(town.whispers, Draft("2026-11-24", "other", "me"), new_receipt(), {"what": "words"}, b"x").report
    rounds, slack, _ = await rounds_of(town, NOW)
    await rounds.once()
    note_file(town.whispers, report.hex(), "F1", there=True)
    await rounds.once()
    assert slack.files == []
    await rounds.prepare()
    await rounds.once()
    assert slack.files == [(report.hex(), "F1")]
