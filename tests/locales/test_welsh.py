"""Welsh speaks to a parent or carer as to an adult; what a pupil reads too speaks to nobody in particular."""

from __future__ import annotations

import pytest

from bot import catalogues, text
from bot.text import render
from conversations.flows.parent import Child, Parent, refusal, step, wrong_chat
from conversations.model import CodeGiven, Command, Edit, Event, Message, Send, Tap, Text, Toast
from tests.locales.familiar import familiar

OF_PARENTS = ("conversations/flows/parent.py", "bot/copies/guardian_words.py", "bot/parents_letters.py")
# The runner does not know whose chat it is when something goes wrong.
TO_ANYBODY = "Sorry, that did not work. Please try again, or send /menu."
STOPPED, FREE = Child("0" * 31 + "1", "Robin Example", True), Child("0" * 31 + "2", "Sasha Example", False)
PARENTS = (
    Parent("cy", ("en", "cy"), "WLS", "Larkfield", (STOPPED, FREE)),
    Parent("cy", ("en", "cy"), "WLS", "Larkfield", ()),
)
EVENTS: tuple[Event, ...] = (
    *(Command(name) for name in ("menu", "stop", "help", "talk", "language", "start")),
    *(Tap(data) for data in ("menu", "help", "p:about", "language", "lang:cy", "lang:xx", "p:x", f"p:stop:{FREE.key}")),
    *(Text(words) for words in ("hello", "i want to die")),
    *(CodeGiven(outcome) for outcome in ("valid", "used", "expired", "unknown")),
)


def read(message: Message) -> list[str]:
    """What a message says in Welsh, buttons too."""
    labels = [button.label for row in message.rows for button in row]
    phrases = [*((message.title,) if message.title else ()), *message.paragraphs, *labels]
    return [render(phrase, "cy", "Europe/London") for phrase in phrases]


@pytest.mark.parametrize("words", ["Rwyt ti yma", "Gofynna yn y swyddfa", "â’th ffôn", "beth deipiaist", "dy enw"])
def test_what_is_said_to_one_who_is_known_well_is_found(words: str):
    assert familiar(words) != []


@pytest.mark.parametrize("words", ["Gallwch chi stopio", "ei enw", "di-dâl", "Gofynnwch", "Mae’n agor", "eich cod"])
def test_what_is_said_to_an_adult_or_to_nobody_is_none_of_it(words: str):
    assert familiar(words) == []


def test_no_phrase_of_a_parents_pages_and_letters_speaks_to_them_as_to_a_child():
    welsh = catalogues.read(text.LOCALES / "cy" / "LC_MESSAGES" / "earshot.po", "cy")
    theirs = [
        message
        for message in catalogues.entries(welsh)
        if any(file in OF_PARENTS for file, _ in message.locations) or catalogues.source(message) == TO_ANYBODY
    ]
    assert len(theirs) >= 50
    assert {str(one.string): found for one in theirs if (found := familiar(str(one.string)))} == {}


@pytest.mark.parametrize("parent", PARENTS)
def test_no_answer_in_a_parents_chat_speaks_to_them_as_to_a_child(parent: Parent):
    effects = [effect for event in EVENTS for effect in step(event, parent)]
    said = [words for one in effects if isinstance(one, Send | Edit) for words in read(one.message)]
    said += [render(one.text, "cy", "Europe/London") for one in effects if isinstance(one, Toast)]
    said += [words for message in (refusal("used"), refusal("expired"), wrong_chat()) for words in read(message)]
    assert len(said) > 40
    # Whisper's button stands there; what comes of it is the same for whoever whispers.
    assert [words for words in said if familiar(words)] == []
