"""Menu and settings, and the kind answer to whatever else is sent.

Rules
1. The menu shows Talk to someone, Whisper, My go-tos, My check-ins, Settings and Help, the same for everyone, and an
   open check-in if there is one.
2. Settings shows the language (if there is a choice), and stop or start; neither if a guardian has check-ins stopped.
3. Words that nothing was waiting for get a kind line and the menu. They are not kept and never repeated back.
4. Photos, voice notes, stickers and all else that is not words get one gentle line. They are not opened or kept.
5. A message changed afterwards changes nothing that was answered; Back in the check-in does that.
6. A button nobody knows any more is answered gently and changes nothing.
"""

from __future__ import annotations

from conversations.flows import check_in, gotos, mine, stopping
from conversations.model import Button, Message, Person, Phrase, Send, State, Step, Toast, say
from conversations.whisper_pages import whisper_button
from conversations.wording import Rows, answer, is_young, menu_button, talk_button


def shown(state: State, person: Person, *, tapped: bool) -> Step:
    """Show the menu."""
    return Step(state, (answer(page(state, person, *_standing(person)), tapped=tapped),))


def page(state: State, person: Person, *words: Phrase) -> Message:
    """Give the menu under some words, or under its own question when there are none."""
    paragraphs = words or (say("What would you like to do?"),)
    return Message(paragraphs, rows=_rows(state, person))


def settings(state: State, person: Person, *, tapped: bool) -> Step:
    """Show the settings."""
    rows: list[tuple[Button, ...]] = []
    if len(person.languages) > 1:
        rows.append((Button(say("Language"), "language"),))
    words: tuple[Phrase, ...] = _standing(person) or (say("Check-ins are on."),)
    if person.held and person.status != "left":
        words = stopping.held().paragraphs
    elif person.status == "active":
        rows.append((stopping.stop_button(),))
    elif person.status == "stopped":
        words = (say("Check-ins are stopped. To start again, tap Start check-ins again."),)
        rows.append((stopping.start_button(),))
    rows.append((talk_button(), menu_button()))
    return Step(state, (answer(Message(words, say("Settings"), tuple(rows)), tapped=tapped),))


def unprompted(state: State, person: Person) -> Step:
    """Answer words that nothing was waiting for."""
    words = (
        say("Thank you for writing. Nobody reads words typed here, and I did not keep them.")
        if is_young(person)
        else say("Thanks for writing. Nobody reads what is typed here, and it was not kept.")
    )
    reach = say("To tell someone, tap Talk to someone.")
    return Step(state, (Send(page(state, person, words, reach)),))


def unknown_command(state: State, person: Person) -> Step:
    return Step(state, (Send(page(state, person, say("I do not know that one. Here is what I can do."))),))


def attachment(state: State, person: Person) -> Step:
    """Answer anything that is not words."""
    words = (
        say("I cannot open that here, so nobody sees it and it was not kept. You can type words instead.")
        if check_in.waits_for_words(state)
        else say("I cannot open that here, so nobody sees it and it was not kept.")
    )
    return Step(state, (Send(page(state, person, words)),))


def edited(state: State) -> Step:
    """Answer a changed message while a check-in is open; else there is nothing it could mean."""
    if state.check_in is None:
        return Step(state)
    words = say("You changed a message. Your answers stay as they were. To change one, tap Back in the check-in.")
    rows = ((check_in.go_on_button(state.check_in),), (talk_button(), menu_button()))
    return Step(state, (Send(Message((words,), rows=rows)),))


def unknown_button(state: State) -> Step:
    return Step(state, (Toast(say("That button is an old one. Send /menu to see what you can do.")),))


def _standing(person: Person) -> tuple[Phrase, ...]:
    if person.held and person.status != "left":
        return stopping.held().paragraphs[:1]
    if person.status == "stopped":
        return (say("Check-ins are stopped. You can start again in Settings."),)
    if person.status == "left":
        return (say("You are no longer on the school’s list, so no check-ins come."),)
    return ()


def _rows(state: State, person: Person) -> Rows:
    go_on: Rows = ()
    if state.check_in is not None and person.status == "active":
        go_on = ((check_in.go_on_button(state.check_in),),)
    last = (Button(say("Settings"), "settings"), Button(say("Help"), "help"))
    rest = ((talk_button(),), (whisper_button(),), (gotos.button(),), (mine.button(),), last)
    return (*go_on, *rest)
