"""A whisper of which memory knows nothing: another process has taken over, or this one has its seat again."""

import pytest
from sqlmodel import Session, select

from benchmarks.whisper_town import Town
from store.tables import Request
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
