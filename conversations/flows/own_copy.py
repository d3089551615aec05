"""A copy of one's own: a pupil asks for all that is kept about them, gets it as a file, and may say what is not right.

Rules
1. Anybody who has joined may ask. A member of staff says yes before the file is sent; asking twice asks once.
2. The page that offers it says what it is, and that whoever opens this chat can read the file.
3. Yes: the file comes, then a button for what is not right. No: a kind word, and who will talk with them.
4. What is not right: name and group are the tutor's to mend. A note about a change in their answers (a flag) they can
   contest with one tap, once they have had a copy, for only then do they know of it.
5. A note that is contested counts nowhere until a safeguarding lead has answered; the pupil hears the answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from conversations.model import (
    AskForCopy,
    Button,
    ContestNote,
    Edit,
    Message,
    Person,
    Phrase,
    Send,
    SendCopy,
    ShowNotes,
    State,
    Step,
    say,
)
from conversations.wording import answer, menu_button, way_on

NOTES_SHOWN = 5


def button() -> Button:
    return Button(say("Ask for a copy"), "copy")


def offered(state: State, *, tapped: bool) -> Step:
    """Say what a copy is, and ask."""
    words = (
        say("You can ask for a copy of all that is kept about you."),
        say("It comes here as a file. Anyone who opens this chat can read it."),
        say("An adult at school says yes first."),
    )
    rows = ((Button(say("Ask for it"), "copy:ask"),), *way_on())
    return Step(state, (answer(Message(words, say("Ask for a copy"), rows), tapped=tapped),))


def asked(state: State, person: Person) -> Step:
    """Ask for it."""
    words = say("Done. I have asked. An adult at school will look, and then you hear here.")
    return Step(state, (AskForCopy(), Edit(Message((words,), rows=way_on()))))


def decided(state: State, copy: str, staff_name: str, *, yes: bool) -> Step:
    """Send the copy, or a kind word; `copy` is the id of what was asked for, in hexadecimal."""
    if yes:
        words = (
            say("Here is your copy. {name} said yes to it.", name=staff_name),
            say("If something in it is not right, tap below."),
        )
        rows = ((Button(say("Something is not right"), "copy:wrong"),), *way_on())
        return Step(state, (SendCopy(copy), Send(Message(words, rows=rows))))
    words = (
        say("{name} cannot send your copy here just now.", name=staff_name),
        say("It is still fine that you asked. They would like to talk with you, and show you what is kept."),
    )
    return Step(state, (Send(Message(words, rows=way_on())),))


def wrong(state: State) -> Step:
    """Show what can be said to be not right; the notes there are are read where they are kept."""
    return Step(state, (ShowNotes(),))


def notes_page(notes: Sequence[tuple[str, datetime]]) -> Message:
    """Give the page on what is not right: pairs of a note's id in hexadecimal and when it was made, newest first."""
    words = (say("If your name or group is not right, please tell your tutor."),)
    if not notes:
        return Message(words, rows=way_on())
    rows = tuple((Button(Phrase("{at}", (("at", at),)), f"copy:note:{note}"),) for note, at in notes[:NOTES_SHOWN])
    more = say("If a note about your answers is not right, tap its day.")
    return Message((*words, more), rows=(*rows, (menu_button(),)))


def contested(state: State, note: str) -> Step:
    """Contest a note; one that is not theirs, or that they cannot know of, stays as it is."""
    words = (
        say("Done. An adult who keeps you safe will look at it and talk with you."),
        say("Until then the note does not count."),
    )
    return Step(state, (ContestNote(note), Edit(Message(words, rows=way_on()))))


def answered(state: State, staff_name: str, *, stands: bool) -> Step:
    """Tell the pupil what came of it."""
    if stands:
        words = (
            say("{name} has looked at the note that you said is not right.", name=staff_name),
            say("It stays for now. They would like to talk with you about it."),
        )
    else:
        words = (
            say("{name} has looked at the note that you said is not right.", name=staff_name),
            say("You were right to say so. It does not count any more."),
        )
    return Step(state, (Send(Message(words, rows=way_on())),))
