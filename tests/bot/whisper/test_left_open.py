"""A whisper that nobody finished: after a quiet, words are asked about before they are taken for its own."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from benchmarks.whisper_town import NOW, Town
from conversations.whisper_waiting import QUIET_SECONDS, WAITING_SECONDS
from store.whisper_desk import queue
from tests.bot.whisper.chats import begin, check_in_opens, photo, threads

ASKED = "Your whisper is still open. Is this for it?"
SEALED = "Received and sealed. You can write more, or tap I have finished."
OFFERED = "Would you like to whisper it? The adults who keep pupils safe read it, and do not see your name."
FIRST = "they take my things"
LATER = "where is room 12"
JUST_UNDER = timedelta(seconds=QUIET_SECONDS - 1)
QUIET = timedelta(seconds=QUIET_SECONDS)


class Hours:
    """A town whose clock can be moved, with one whisper begun in its first chat."""

    def __init__(self, town: Town) -> None:
        self.town, self.chat, self.now = town, town.chats[0], NOW
        town.parts = replace(town.parts, clock=self.clock)
        town.restart()

    def clock(self) -> datetime:
        return self.now

    async def begins(self, *words: str) -> Hours:
        await begin(self.town, self.chat)
        for one in words:
            await self.says(one)
        return self

    def passes(self, time: timedelta) -> None:
        self.now += time
        # What the loop's own timer does.
        self.town.whispering.let_go()

    async def says(self, words: str, **more: dict[str, object]) -> None:
        update = self.town.text(self.chat, words)
        update["message"] |= more
        await self.town.feed(update)

    async def taps(self, label: str) -> None:
        await self.town.feed(self.town.tap(self.chat, self.town.voice.button(self.chat, label)))

    @property
    def said(self) -> list[str]:
        return self.town.voice.words(self.chat)

    @property
    def values(self) -> list[tuple[tuple[str, Any], ...]]:
        """What stands in the fields of all that was said."""
        return [one.params for _, message, _ in self.town.voice.said for one in message.paragraphs]

    @property
    def sealed(self) -> list[list[str]]:
        return threads(self.town)


@pytest.fixture
async def hours(town: Town) -> Hours:
    return await Hours(town).begins(FIRST)


async def test_words_within_half_an_hour_are_the_whispers_and_after_it_are_asked_about(hours: Hours):
    hours.passes(JUST_UNDER)
    await hours.says("and my bag")
    assert (hours.sealed, ASKED in hours.said) == ([[FIRST, "and my bag"]], False)
    hours.passes(QUIET)
    await hours.says(LATER)
    assert (hours.sealed, ASKED in hours.said) == ([[FIRST, "and my bag"]], True)


async def test_yes_seals_what_waited_once_and_the_next_words_are_not_asked_about(hours: Hours):
    hours.passes(QUIET)
    await hours.says("it went on today")
    await hours.says("in the hall")
    assert hours.said.count(ASKED) == 2
    await hours.taps("Yes, add it")
    await hours.taps("Yes, add it")
    await hours.says("and after school")
    assert hours.sealed == [[FIRST, "it went on today\n\nin the hall", "and after school"]]
    assert not any(words.startswith("If you typed something before this") for words in hours.said)


async def test_no_closes_the_whisper_and_offers_the_words_as_any_others(hours: Hours):
    hours.passes(QUIET)
    await hours.says(LATER)
    await hours.taps("No, something else")
    assert (hours.sealed, OFFERED in hours.said) == ([[FIRST]], True)
    assert hours.chat not in hours.town.voice.marks
    await hours.taps("No, thanks")
    assert hours.said[-1] == "You stopped here. What you sent before stays sealed for staff to read."
    assert hours.sealed == [[FIRST]]


async def test_the_way_to_the_six_words_is_open_after_no(hours: Hours):
    hours.passes(QUIET)
    await hours.says(LATER)
    await hours.taps("No, something else")
    await hours.taps("I have finished")
    assert hours.sealed == [[FIRST]]
    assert any(words.startswith("Sealed. These six words") for words in hours.said)


async def test_what_waits_is_neither_sealed_nor_lost_in_silence_when_they_finish_instead(hours: Hours):
    hours.passes(QUIET)
    await hours.says(LATER)
    await hours.taps("I have finished")
    assert (hours.sealed, hours.said.count(ASKED)) == ([[FIRST]], 2)


async def test_yes_after_ten_minutes_says_that_the_words_are_gone(hours: Hours):
    hours.passes(QUIET)
    await hours.says(LATER)
    hours.passes(timedelta(seconds=WAITING_SECONDS))
    await hours.taps("Yes, add it")
    assert any(words.startswith("If you typed something before this") for words in hours.said)
    await hours.says("once more")
    assert hours.sealed == [[FIRST, "once more"]]


async def test_finished_after_ten_minutes_says_that_the_words_are_gone_before_it_ends(hours: Hours):
    hours.passes(QUIET)
    await hours.says(LATER)
    hours.passes(timedelta(seconds=WAITING_SECONDS))
    await hours.taps("I have finished")
    assert hours.said[-1].startswith("If you typed something before this")
    assert not any(words.startswith("Sealed. These six words") for words in hours.said)
    await hours.taps("I have finished")
    assert any(words.startswith("Sealed. These six words") for words in hours.said)
    assert hours.sealed == [[FIRST]]


@pytest.mark.parametrize("way", ["button", "/done"])
async def test_after_the_quiet_a_whisper_can_be_finished_without_a_question(hours: Hours, way: str):
    hours.passes(QUIET)
    await (hours.taps("I have finished") if way == "button" else hours.says("/done"))
    assert any(words.startswith("Sealed. These six words") for words in hours.said)
    assert (hours.sealed, ASKED in hours.said) == ([[FIRST]], False)


async def test_no_after_ten_minutes_says_that_the_words_are_gone(hours: Hours):
    hours.passes(QUIET)
    await hours.says(LATER)
    hours.passes(timedelta(seconds=WAITING_SECONDS))
    await hours.taps("No, something else")
    assert hours.said[-1] == "You stopped here. What you sent before stays sealed for staff to read."
    assert (hours.sealed, hours.chat in hours.town.voice.marks) == ([[FIRST]], False)


@pytest.mark.parametrize(
    ("label", "told"),
    [
        ("Yes, add it", "If you typed something before this, it does not wait here any more. Please write it again."),
        ("No, something else", "That is fine. If you sent something before, it stays sealed for staff to read."),
    ],
)
async def test_either_answer_after_a_restart_is_true(hours: Hours, label: str, told: str):
    hours.passes(QUIET)
    await hours.says(LATER)
    hours.town.restart()
    await hours.taps(label)
    assert (told in hours.said, hours.sealed) == (True, [[FIRST]])


async def test_words_of_danger_are_sealed_at_once_and_never_wait_for_an_answer(hours: Hours):
    hours.passes(QUIET)
    await hours.says("i want to die")
    assert (hours.sealed, ASKED in hours.said) == ([[FIRST, "i want to die"]], False)
    assert [line.urgency for line in queue(hours.town.whispers)] == ["urgent"]
    await hours.says("tonight")
    assert hours.sealed == [[FIRST, "i want to die", "tonight"]]


async def test_words_of_danger_leave_what_waits_to_its_question(hours: Hours):
    hours.passes(QUIET)
    await hours.says(LATER)
    await hours.says("i want to die")
    assert hours.sealed == [[FIRST, "i want to die"]]
    await hours.taps("Yes, add it")
    assert hours.sealed == [[FIRST, "i want to die", LATER]]


async def test_an_answer_to_a_page_of_the_whisper_and_a_photo_can_be_meant_for_nothing_else(hours: Hours):
    hours.passes(QUIET)
    data = hours.town.voice.button(hours.chat, "I have finished")
    page = {"message_id": 7, "reply_markup": {"inline_keyboard": [[{"text": "x", "callback_data": data}]]}}
    await hours.says("and my bag", reply_to_message=page)
    assert hours.sealed == [[FIRST, "and my bag"]]
    hours.passes(QUIET)
    await hours.town.feed(photo(hours.town, hours.chat, "none", 500))
    assert ASKED not in hours.said


async def test_another_way_taken_after_the_quiet_ends_the_whisper(hours: Hours):
    check_in_opens(hours.town, hours.chat)
    hours.passes(QUIET)
    await hours.town.feed(hours.town.text(hours.chat, "/menu"))
    await hours.says(LATER)
    assert (hours.sealed, ASKED in hours.said) == ([[FIRST]], False)
    assert hours.chat not in hours.town.voice.marks


async def test_another_page_within_the_half_hour_leaves_the_whisper_open(hours: Hours):
    hours.passes(JUST_UNDER)
    await hours.town.feed(hours.town.text(hours.chat, "/menu"))
    await hours.says("and my bag")
    assert hours.sealed == [[FIRST, "and my bag"]]


async def test_choices_left_for_hours_hold_no_later_words(town: Town):
    hours = Hours(town)
    await town.feed(town.text(hours.chat, "/whisper"))
    hours.passes(QUIET)
    await hours.says(LATER)
    assert OFFERED in hours.said
    assert hours.chat not in town.voice.marks


async def test_six_words_after_the_quiet_are_a_way_back_and_no_words_of_the_whisper(hours: Hours):
    await hours.taps("I have finished")
    words = [str(values["word"]) for values in map(dict, hours.values) if set(values) == {"number", "word"}]
    assert len(words) == 6
    await hours.begins("something new")
    hours.passes(QUIET)
    await hours.says(" ".join(words))
    assert "There is no reply yet." in hours.said
    assert sorted(hours.sealed) == [["something new"], [FIRST]]


async def test_stop_pressed_when_memory_holds_nothing_does_not_say_that_nothing_was_sent(hours: Hours):
    await hours.taps("I have finished")
    await hours.taps("Stop")
    assert hours.said[-1] == "That is fine. If you sent something before, it stays sealed for staff to read."


async def test_words_offered_are_not_sealed_by_the_end_of_an_earlier_whisper(hours: Hours):
    await hours.taps("I have finished")
    await hours.says(LATER)
    await hours.taps("I have finished")
    assert hours.sealed == [[FIRST]]


async def test_nothing_of_it_is_written_to_the_main_store(hours: Hours):
    before = hours.town.main_store()
    hours.passes(QUIET)
    await hours.says(LATER)
    await hours.taps("Yes, add it")
    hours.passes(QUIET)
    await hours.says(LATER)
    await hours.taps("No, something else")
    assert hours.town.main_store() == before
