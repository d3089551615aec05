"""What a pupil reads whose guardian has the check-ins stopped."""

import pytest

from conversations.model import Command, Edit, Event, Message, Person, PupilStatus, Send, SetStatus, State, Tap
from conversations.router import step
from tests.conversations.strategies import NOW

WORDS = "Someone who looks after you has asked us not to send check-ins, so none come."


def read(event: Event, status: PupilStatus) -> tuple[str, list[object]]:
    """The first line a held pupil gets, and what else is done."""
    person = Person(band="older", language="en", languages=("en",), nation="ENG", status=status, held=True)
    effects = step(State(), event, person, NOW).effects
    messages: list[Message] = [effect.message for effect in effects if isinstance(effect, Send | Edit)]
    return messages[0].paragraphs[0].text, [effect for effect in effects if not isinstance(effect, Send | Edit)]


@pytest.mark.parametrize("event", [Command("start"), Tap("start")])
def test_starting_says_plainly_that_none_come_and_keeps_the_wish(event: Event):
    assert read(event, "active") == (WORDS, [])
    assert read(event, "stopped") == (WORDS, [SetStatus("active")])


def test_agreeing_to_the_notice_says_so_too():
    assert read(Tap("join:agree"), "invited") == (WORDS, [SetStatus("active")])


def test_talk_to_someone_and_stopping_go_on_working():
    assert read(Command("talk"), "active")[0] != WORDS
    assert read(Command("stop"), "active")[1] == [SetStatus("stopped")]


@pytest.mark.parametrize("status", ["active", "stopped"])
def test_settings_and_the_menu_say_so_and_offer_neither_to_stop_nor_to_start(status: PupilStatus):
    person = Person(band="older", language="en", languages=("en", "cy"), nation="ENG", status=status, held=True)
    (shown,) = step(State(), Tap("settings"), person, NOW).effects
    assert isinstance(shown, Edit)
    assert [phrase.text for phrase in shown.message.paragraphs] == [
        WORDS,
        "If you would like them, you can talk about it at home, or with your tutor.",
        "Talk to someone is still here.",
    ]
    assert [button.data for row in shown.message.rows for button in row] == ["language", "talk", "menu"]
    assert read(Command("menu"), status) == (WORDS, [])


def test_who_has_left_is_told_that_alone():
    assert read(Tap("settings"), "left")[0] == "You are no longer on the school’s list, so no check-ins come."
