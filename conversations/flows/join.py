"""Join: from a code on a letter to the first menu.

Rules
1. Somebody without a code is told, plainly, where the code is. Nothing else is asked, and nothing is kept.
2. A code that does not work gets one sentence that says why, and what to do.
3. A good code ties this chat to the pupil; then comes the notice, in the wording of the pupil's age, before any
   question: who sees what, when people look, that it is not an emergency service, what danger words do, how to stop.
4. Check-ins begin only after the pupil taps that they have read it. Not now is as good an answer; nothing is sent.
5. The notice can be read in any language of the school.
6. A good code from somebody who has joined already means a new phone: welcome back, and the menu.
   A good code of somebody else, in the chat of a pupil who has joined, does nothing until it is sent once more at once:
   a classmate's code, tried for fun, must not take this phone away from one and give it to the other.
7. A pupil who has left the school cannot join again with an old code.
8. Whose guardian has check-ins stopped is not told that all is set: they read that none come, and what they can do.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from conversations.flows import language, menu, stopping
from conversations.flows.help import who_sees_what
from conversations.model import (
    Bind,
    Button,
    CodeOutcome,
    Edit,
    Message,
    Person,
    Phrase,
    Send,
    SetStatus,
    State,
    Step,
    Toast,
    say,
)
from conversations.wording import is_young, menu_button, talk_button, way_on

# After the code of another pupil was sent once: sent again at once it means that the phone is theirs now.
GIVEN_ON: Final = "join:given_on"


def may_be_given_on(state: State) -> bool:
    """Say whether a good code of another pupil was sent just before."""
    return state.awaiting == GIVEN_ON


def how_to_join(state: State) -> Step:
    """Tell somebody who has not joined how to."""
    words = (
        say("Hello! To join, scan the code on your letter, or type it here. It looks like ABCD-EFGH."),
        say("No letter? Your tutor can give you one."),
    )
    return Step(state, (Send(Message(words, rows=_help())),))


def _help() -> tuple[tuple[Button, ...], ...]:
    # Under whatever a stranger is told: a code that fails is no reason to be left without the help lines.
    return ((Button(say("I need help now"), "help"),),)


def code_given(state: State, outcome: CodeOutcome, person: Person | None) -> Step:
    """Answer a join code. With "valid" `person` is the pupil of the code; else the pupil of this chat, if any."""
    if person is None:
        # A valid code without its pupil cannot be bound; to the person it is a code nobody knows.
        words = _refusal("unknown" if outcome == "valid" else outcome)
        return Step(state, (Send(Message((words,), rows=_help())),))
    if outcome == "valid":
        return _welcomed(state, person)
    if outcome == "anothers":
        words = say(
            "This phone has joined with another code. Is it your phone now? Then send your code once more. If not, "
            "nothing changes."
        )
        return Step(replace(state, awaiting=GIVEN_ON), (Send(Message((words,), rows=way_on())),))
    if person.status == "invited" and outcome == "used":
        # Most likely their own: the phone is theirs, and only the notice is still to be read.
        return notice_again(state, person, tapped=False)
    if person.status in ("active", "stopped"):
        words = say("You have joined already, so you do not need a code.")
        return Step(state, (Send(Message((words,), rows=way_on())),))
    return Step(state, (Send(Message((_refusal(outcome),), rows=way_on())),))


def _refusal(outcome: CodeOutcome) -> Phrase:
    if outcome == "used":
        return say("That code has been used. Each code works once; please ask your tutor for a new letter.")
    if outcome == "expired":
        return say("That code is too old to work. Please ask your tutor for a new letter.")
    if outcome == "slow_down":
        return say("That was a few codes in a short time. Please wait some minutes, then try again.")
    return say("I do not know that code. Please check each letter, or ask your tutor for a new one.")


def _welcomed(state: State, person: Person) -> Step:
    if person.status == "invited":
        return Step(state, (Bind(), Send(notice(person))))
    if person.status == "left":
        words = (
            say("That code belongs to someone who is no longer on the school’s list."),
            say("If that is not right, please ask at the school office."),
        )
        return Step(state, (Send(Message(words, rows=way_on())),))
    if person.held:
        paused = menu.page(state, person, say("Welcome back."), *stopping.held().paragraphs)
        return Step(state, (Bind(), Send(paused)))
    if person.status == "stopped":
        stopped = say("Welcome back. Check-ins are stopped, as you left them.")
        rows = ((stopping.start_button(),), (talk_button(), menu_button()))
        return Step(state, (Bind(), Send(Message((stopped,), rows=rows))))
    return Step(state, (Bind(), Send(menu.page(state, person, say("Welcome back! You are all set here.")))))


def notice(person: Person) -> Message:
    """Give the notice that stands before the first question."""
    if is_young(person):
        first = say(
            "Hello! Once a week or so, you get a few short questions here. "
            "They are from your school. You can skip any of them."
        )
        last = say("You can stop when you like: send /stop. That is always fine.")
    else:
        first = say(
            "Hello! About once a week, your school sends a short check-in here. "
            "It takes about a minute, and you can skip any question."
        )
        last = say("To stop, send /stop at any time. That is fine, and it is never held against you.")
    rows = (
        (Button(say("I’ve read this: start"), "join:agree"),),
        (Button(say("Not now"), "join:later"), talk_button()),
        *language.buttons(person),
    )
    return Message((first, *who_sees_what(person), last), say("Before you start"), rows)


def notice_again(state: State, person: Person, *, tapped: bool) -> Step:
    """Show the notice to somebody who has not yet agreed, whatever they sent."""
    return Step(state, (Edit(notice(person)) if tapped else Send(notice(person)),))


def language_chosen(state: State, person: Person, code: str) -> Step:
    """Show the notice in another language."""
    changed = language.change(code, person)
    if changed is None:
        return language.not_offered(state)
    return Step(state, (*changed, Edit(notice(replace(person, language=code)))))


def agreed(state: State, person: Person) -> Step:
    """Begin: the pupil has read the notice."""
    if person.status != "invited":
        return Step(state, (Toast(say("You have joined already. Send /menu to see what you can do.")),))
    joined = replace(person, status="active")
    welcome = (
        say("Welcome! You are all set. Your first questions come soon.")
        if is_young(person)
        else say("Welcome! You are all set. Your first check-in comes soon.")
    )
    if person.held:
        return Step(state, (SetStatus("active"), Edit(stopping.held())))
    return Step(state, (SetStatus("active"), Edit(menu.page(state, joined, welcome))))


def later(state: State, person: Person) -> Step:
    """Leave it for now."""
    if person.status != "invited":
        return agreed(state, person)
    words = (say("That is fine. Nothing is sent until you start. When you like, send /start."),)
    rows = ((Button(say("Read it again"), "menu"), talk_button()),)
    return Step(state, (Edit(Message(words, rows=rows)),))
