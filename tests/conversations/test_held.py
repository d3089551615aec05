"""What a pupil reads whose guardian has the check-ins stopped."""

import pytest

from conversations.model import (
    Bind,
    CodeGiven,
    Command,
    Edit,
    Event,
    Message,
    Person,
    PupilStatus,
    Send,
    SetStatus,
    State,
    Tap,
)
from conversations.router import step
from tests.conversations.strategies import NOW

WORDS = "Check-ins are paused. Someone who looks after you asked us for that."


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
        "If you would like them, you can talk to that person or to your tutor.",
        "Talk to someone and Whisper are here for you.",
    ]
    assert [button.data for row in shown.message.rows for button in row] == ["language", "talk", "menu"]
    assert read(Command("menu"), status) == (WORDS, [])


def test_who_has_left_is_told_that_alone():
    assert read(Tap("settings"), "left")[0] == "You are no longer on the school’s list, so no check-ins come."


@pytest.mark.parametrize("status", ["active", "stopped"])
def test_joining_again_with_a_new_code_says_so_and_what_they_can_do(status: PupilStatus):
    person = Person(band="young", language="en", languages=("en",), nation="ENG", status=status, held=True)
    bound, sent = step(State(), CodeGiven("valid"), person, NOW).effects
    assert (isinstance(bound, Bind), isinstance(sent, Send)) == (True, True)
    assert isinstance(sent, Send)
    assert [phrase.text for phrase in sent.message.paragraphs] == [
        "Welcome back.",
        WORDS,
        "If you would like them, you can talk to that person or to your tutor.",
        "Talk to someone and Whisper are here for you.",
    ]
    offered = [button.data for row in sent.message.rows for button in row]
    assert offered[:2] == ["talk", "w"]
    assert "start" not in offered


@pytest.mark.parametrize(("event", "status"), [(Tap("join:agree"), "invited"), (Command("start"), "active")])
def test_who_agrees_or_starts_is_offered_to_talk_and_to_whisper(event: Event, status: PupilStatus):
    person = Person(band="older", language="en", languages=("en",), nation="ENG", status=status, held=True)
    (message,) = (one.message for one in step(State(), event, person, NOW).effects if isinstance(one, Send | Edit))
    assert [[button.data for button in row] for row in message.rows] == [["talk"], ["w"], ["menu"]]
