"""A copy of one's own: what its pages hold, read with ease by the youngest, and only one's notes shown."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from conversations.flows import own_copy
from conversations.flows.own_copy import NOTES_SHOWN, notes_page
from conversations.model import ContestNote, Edit, Message, Person, Send, State, Step
from conversations.neutrality import check_reading
from tests.dialogues.transcript import in_english

PUPIL = Person(band="young", language="en", languages=("en",), nation="ENG", status="active")
MONDAY = datetime(2026, 11, 23, 9, tzinfo=UTC)
NOTES = [(f"{number:032x}", MONDAY - timedelta(weeks=number)) for number in range(9)]
STEPS = {
    "offered": own_copy.offered(State(), tapped=True),
    "asked": own_copy.asked(State(), PUPIL),
    "yes": own_copy.decided(State(), "0" * 32, "Ms Alder", yes=True),
    "no": own_copy.decided(State(), "0" * 32, "Ms Alder", yes=False),
    "contested": own_copy.contested(State(), NOTES[0][0]),
    "stands": own_copy.answered(State(), "Ms Alder", stands=True),
    "withdrawn": own_copy.answered(State(), "Ms Alder", stands=False),
    "notes": Step(State(), (Send(notes_page(NOTES)),)),
}


def messages(step: Step) -> list[Message]:
    return [effect.message for effect in step.effects if isinstance(effect, Send | Edit)]


@pytest.mark.parametrize("name", STEPS)
def test_every_page_is_read_at_eight(name: str):
    for message in messages(STEPS[name]):
        for paragraph in message.paragraphs:
            text = in_english(paragraph)
            assert check_reading(text, "young") == ()


def test_the_last_notes_are_shown_by_their_day_each_with_a_button():
    page = notes_page(NOTES)
    data = [button.data for row in page.rows for button in row]
    assert data == [*(f"copy:note:{note}" for note, _ in NOTES[:NOTES_SHOWN]), "menu"]
    assert [len(one) <= 64 for one in data] == [True] * len(data)


def test_with_no_note_there_is_only_whom_to_ask():
    assert [in_english(line) for line in notes_page(()).paragraphs] == [
        "If your name or group is not right, please tell your tutor."
    ]


def test_contesting_names_the_note_that_was_tapped():
    assert STEPS["contested"].effects[0] == ContestNote(NOTES[0][0])
