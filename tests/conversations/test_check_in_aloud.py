"""Read it to me: for the youngest, where it can be done, on every page of a check-in; it changes nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from conversations.bank import LATEST
from conversations.model import CheckInId, CheckInOpens, Edit, Person, ReadAloud, Send, State, Tap
from conversations.own_questions import OwnQuestion, OwnWording
from conversations.router import step
from tests.dialogues.transcript import in_english

NOW = datetime(2026, 12, 1, 9, tzinfo=UTC)
OWN = OwnQuestion("own:A", (OwnWording("en", "young", "Where?", ("Here", "There")),))
OPENS = CheckInOpens(CheckInId("a1"), LATEST, ("SD-IN-1", "own:A"), NOW + timedelta(days=1), (OWN,))
CHILD = Person(band="young", language="en", languages=("en",), nation="ENG", status="active", hears=True)


def buttons(person: Person) -> list[str]:
    (send,) = step(State(), OPENS, person, NOW).effects
    assert isinstance(send, Send)
    return [in_english(button.label) for row in send.message.rows for button in row]


def heard(state: State, position: int, person: Person = CHILD) -> ReadAloud:
    taken = step(state, Tap(f"c:a1:{position}:read"), person, NOW)
    (effect,) = taken.effects
    assert isinstance(effect, ReadAloud)
    assert taken.state == state
    return effect


def test_the_button_is_there_for_the_youngest_alone_and_only_where_it_can_be_done():
    assert "Read it to me" in buttons(CHILD)
    assert "Read it to me" not in buttons(replace(CHILD, hears=False))
    assert "Read it to me" not in buttons(replace(CHILD, band="older"))


def test_a_question_is_read_with_its_options_in_order_then_the_last_page():
    state = step(State(), OPENS, CHILD, NOW).state
    assert [in_english(line) for line in heard(state, 0).lines] == [
        "Your class makes a paper tree. What do you put on your leaf?",
        "A pattern",
        "My name",
        "A bit about me",
    ]
    for position in range(2):
        taken = step(state, Tap(f"c:a1:{position}:0"), CHILD, NOW)
        state = taken.state
    assert isinstance(taken.effects[0], Edit)
    assert "Read it to me" in [in_english(row[0].label) for row in taken.effects[0].message.rows]
    assert in_english(heard(state, 2).lines[0]) == "Anything else you would like to say?"


def test_a_question_shown_in_english_is_read_by_an_english_voice():
    welsh = replace(CHILD, language="cy")
    state = step(State(), replace(OPENS, items=("own:A",)), welsh, NOW).state
    assert heard(state, 0, welsh).language == "en"
    assert heard(step(State(), OPENS, welsh, NOW).state, 0, welsh).language is None


def test_a_button_of_a_question_that_was_passed_reads_nothing():
    state = step(State(), OPENS, CHILD, NOW).state
    state = step(state, Tap("c:a1:0:0"), CHILD, NOW).state
    assert not any(isinstance(effect, ReadAloud) for effect in step(state, Tap("c:a1:0:read"), CHILD, NOW).effects)
