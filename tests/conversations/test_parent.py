"""The parent's chat: one tap stops and starts, nothing tells of answers, no event raises and no button is dead."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversations.flows.parent import Child, Parent, ParentEffect, SetHeld, refusal, step, what_it_is, wrong_chat
from conversations.model import Command, Edit, Edited, Event, Message, Phrase, Send, SetLanguage, Tap, Text
from conversations.neutrality import check_reading
from tests.conversations.strategies import events
from tests.dialogues.transcript import in_english

ROBIN, SASHA = Child("0" * 31 + "1", "Robin Example", False), Child("0" * 31 + "2", "Sasha Example", True)
ONE = Parent("en", ("en", "cy"), "ENG", "Larkfield", (ROBIN,))
BOTH = Parent("en", ("en", "cy"), "ENG", "Larkfield", (ROBIN, SASHA))
NONE = Parent("en", ("en",), "ENG", "Larkfield", ())

parents = st.sampled_from([ONE, BOTH, NONE])
taps = st.sampled_from(
    [f"p:{what}:{child.key}" for what in ("stop", "start", "x") for child in (ROBIN, SASHA)]
    + ["p:about", "menu", "help", "language", "lang:cy", "lang:xx", "talk", "p:", "p:stop:", "stop", "start", "mine"]
)


def messages(effects: tuple[ParentEffect, ...]) -> list[Message]:
    return [effect.message for effect in effects if isinstance(effect, Send | Edit)]


def words(effects: tuple[ParentEffect, ...]) -> list[str]:
    return [in_english(phrase) for message in messages(effects) for phrase in message.paragraphs]


@given(events | st.builds(Tap, taps), parents)
def test_no_event_raises_and_every_button_that_is_shown_does_something(event: Event, parent: Parent):
    for message in messages(step(event, parent)):
        buttons = [button for row in message.rows for button in row]
        assert [len(button.data.encode()) <= 64 for button in buttons] == [True] * len(buttons)
        # Whisper's button is taken before this flow hears of it.
        own = [button for button in buttons if button.data != "w"]
        assert [messages(step(Tap(button.data), parent)) != [] for button in own] == [True] * len(own)


@given(events | st.builds(Tap, taps), parents)
def test_only_a_stop_or_a_start_of_a_child_of_theirs_changes_anything(event: Event, parent: Parent):
    held = [effect for effect in step(event, parent) if isinstance(effect, SetHeld)]
    own = {child.key: child.held for child in parent.children}
    assert [effect for effect in held if effect.child not in own or own[effect.child] == effect.held] == []
    asked = isinstance(event, Tap) and event.data.startswith(("p:stop:", "p:start:"))
    assert held == [] or asked or event == Command("stop")


def test_one_tap_stops_a_child_and_the_page_then_offers_the_start():
    effects = step(Tap(f"p:stop:{ROBIN.key}"), BOTH)
    assert effects[0] == SetHeld(ROBIN.key, held=True)
    (page,) = messages(effects)
    assert [button.data for row in page.rows for button in row][:2] == [f"p:start:{ROBIN.key}", f"p:start:{SASHA.key}"]
    assert words(effects)[0] == "Robin Example: a parent or carer has stopped check-ins. None come."


def test_one_tap_starts_a_child_again_and_a_second_tap_changes_nothing():
    assert step(Tap(f"p:start:{SASHA.key}"), BOTH)[0] == SetHeld(SASHA.key, held=False)
    assert [type(effect) for effect in step(Tap(f"p:start:{ROBIN.key}"), BOTH)] == [Edit]


def test_stop_as_a_command_stops_all_of_theirs_and_start_undoes_nothing():
    assert step(Command("stop"), BOTH)[:-1] == (SetHeld(ROBIN.key, held=True),)
    assert [type(effect) for effect in step(Command("start"), BOTH)] == [Send]


def test_a_child_of_somebody_else_cannot_be_stopped():
    assert messages(step(Tap("p:stop:" + "0" * 31 + "9"), BOTH)) == []


def test_who_has_no_child_here_any_more_is_told_so_and_gets_the_help_lines():
    assert words(step(Command("stop"), NONE)) == [
        "No child of yours is on the school’s list now. If that is not right, ask at the school office."
    ]
    assert "Emergency: ring 999. It is free and always open." in words(step(Tap("help"), NONE))


@pytest.mark.parametrize("event", [Text("i want to die"), Edited("i want to die")])
def test_words_of_danger_get_the_help_lines_and_say_that_nobody_is_told(event: Event):
    said = words(step(event, ONE))
    assert said[1] == "Emergency: ring 999. It is free and always open."
    assert said[-1] == "I have told nobody. Please ring one of these, and the school when it is open."


def test_other_words_are_not_kept_and_say_so():
    said = words(step(Text("a word"), ONE))
    assert said[0] == "Thanks for writing. Nobody reads what is typed here, and it was not kept."
    assert [line for line in said if "a word" in line] == []


def test_a_language_is_chosen_and_answered_in_it():
    assert step(Tap("lang:cy"), ONE)[0] == SetLanguage("cy")
    assert messages(step(Tap("lang:xx"), ONE)) == []


def every_phrase() -> list[Phrase]:
    pages = [*messages(step(Command("stop"), BOTH)), *messages(step(Tap("help"), BOTH)), refusal("used"), wrong_chat()]
    return [
        *what_it_is("ENG"),
        *(phrase for page in pages for phrase in page.paragraphs),
        *refusal("expired").paragraphs,
    ]


@pytest.mark.parametrize("phrase", every_phrase(), ids=lambda phrase: phrase.text[:30])
def test_each_page_is_read_with_ease(phrase: Phrase):
    text = in_english(phrase)
    assert check_reading(text, "older") == ()
