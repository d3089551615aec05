"""What goes on beside a whisper in the same chat: an open check-in, and commands of other pages."""

from __future__ import annotations

import pytest

from benchmarks.whisper_town import Town
from tests.bot.whisper.chats import begin, check_in_opens, threads

OFFERED = "Would you like to whisper it? The adults who keep pupils safe read it, and do not see your name."
SEALED = "Received and sealed. You can write more, or tap I have finished."


async def test_words_typed_where_a_tap_is_due_are_offered_and_leave_no_trace_in_the_main_store(town: Town):
    chat = town.chats[0]
    check_in_opens(town, chat)
    before = town.main_store()
    assert await town.whispering.took(town.text(chat, "they take my things")) is True
    assert OFFERED in town.voice.words(chat)
    assert town.voice.button(chat, "Show my check-in").startswith("c:")
    await town.whispering.took(town.tap(chat, "w:t"))
    await town.whispering.took(town.tap(chat, "w:a:m"))
    await town.whispering.took(town.tap(chat, "w:k:mb"))
    assert threads(town) == [["they take my things"]]
    assert town.main_store() == before


@pytest.mark.parametrize("command", ["/language", "/menu", "/settings", "/help", "/talk", "/mine", "/nothing"])
async def test_whisper_under_way_is_not_ended_by_a_command_of_another_page(town: Town, command: str):
    chat = town.chats[0]
    await begin(town, chat)
    await town.feed(town.text(chat, "they take my things"))
    await town.feed(town.text(chat, command))
    # Words of danger, in Arabic.
    await town.feed(town.text(chat, "أريدُ أن أموت"))
    assert threads(town) == [["they take my things", "أريدُ أن أموت"]]
    assert any("{number}" in words for words in town.voice.words(chat)[town.voice.words(chat).index(SEALED) + 1 :])
    assert chat in town.voice.marks


@pytest.mark.parametrize("command", ["/goto", "/stop", "/start"])
async def test_command_whose_next_words_are_its_own_or_that_begins_anew_ends_a_whisper(town: Town, command: str):
    chat = town.chats[0]
    await begin(town, chat)
    await town.feed(town.text(chat, command))
    await town.feed(town.text(chat, "they take my things"))
    assert threads(town) == []
    assert chat not in town.voice.marks


async def test_words_of_danger_in_a_language_that_calls_nobody_are_offered_with_the_help_lines(town: Town):
    chat = town.chats[0]
    await town.feed(town.text(chat, "they take my things"))
    assert not any("{number}" in words for words in town.voice.words(chat))
    await town.feed(town.text(chat, "أريدُ أن أموت"))
    assert any("{number}" in words for words in town.voice.words(chat))
    assert OFFERED in town.voice.words(chat)
    assert town.voice.button(chat, "I’m in danger now") == "w:d"
