"""The words of the engine survive JSON text, in this program and in an older or newer one."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from hypothesis import given

from conversations.model import Message, Phrase, State, Step, Toast, say, say_n, verbatim
from tests.conversations.strategies import messages, phrases, states


@given(phrases)
def test_a_phrase_comes_back_from_json_as_it_was(phrase: Phrase):
    assert Phrase.from_json(json.loads(json.dumps(phrase.to_json()))) == phrase


@given(messages)
def test_a_message_comes_back_from_json_as_it_was(message: Message):
    assert Message.from_json(json.loads(json.dumps(message.to_json()))) == message


@given(states)
def test_a_state_comes_back_from_json_as_it_was(state: State):
    assert State.from_json(json.loads(json.dumps(state.to_json()))) == state


def test_a_state_of_nothing_is_a_new_conversation():
    assert State.from_json({}) == State()


def test_a_state_with_keys_of_a_newer_program_is_read():
    assert State.from_json({"awaiting": "x", "version": 4, "mood": "unheard of"}) == State("x", None, 4)


def test_say_keeps_its_fields_in_order():
    when = datetime(2026, 11, 23, 10, tzinfo=UTC)

    phrase = say("{name} at {when} for {what}", name="Ms Alder", when=when, what=say("tea"))

    assert phrase.params == (("name", "Ms Alder"), ("when", when), ("what", Phrase("tea")))


def test_say_n_carries_the_number_as_a_field():
    assert say_n("{count} tap", "{count} taps", 3) == Phrase("{count} tap", (("count", 3),), "{count} taps", 3)


def test_verbatim_is_a_field_and_never_a_format():
    assert verbatim("{braces}") == Phrase("{text}", (("text", "{braces}"),))


def test_also_adds_effects_at_the_end():
    first, second = Toast(say("one")), Toast(say("two"))

    assert Step(State(), (first,)).also(second).effects == (first, second)
