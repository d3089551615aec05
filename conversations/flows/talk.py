"""Talk to someone: help lines, asking for an adult, and the crisis card.

Rules
1. Talk to someone is on every screen and works for everyone: before joining, after stopping, in a check-in.
2. It shows whom to ring first, and only then offers: Ask an adult to find me · I am in danger now · Not now.
3. Asking tells the safeguarding leads at once, and the pupil reads when they will see it: today, or the next
   school day.
4. I am in danger now shows the crisis card and tells every safeguarding lead, in the same moment. Nothing is
   asked first: the button stands under a sentence that says what it does.
5. Words of danger, typed anywhere, do the same as that button. The notice of joining says so.
6. The card never promises that staff are watching. It says to ring, and not to wait for them.
7. Somebody who has not joined gets the help lines; nobody can be told, and the card says so.
8. When a member of staff takes the request, the pupil hears the name.
9. A second tap asks again rather than refusing: a call for help is never "already used".
"""

from __future__ import annotations

from typing import Literal

from conversations.model import AskForAdult, Button, Edit, Message, Person, Phrase, Send, State, Step, say
from conversations.wording import (
    danger_button,
    emergency_number,
    help_line_phrases,
    help_line_phrases_for_strangers,
    is_young,
    menu_button,
    talk_button,
    way_on,
)

Cause = Literal["tap", "words", "words kept with the check-in"]


def opened(state: State, person: Person) -> Step:
    """Show the help lines and the choice; always a new message, so that a check-in on the screen stays."""
    if is_young(person):
        words = (
            say("You can always talk to someone. These people listen to children:"),
            *help_line_phrases(person.nation),
            say("Or I can ask the adults who keep you safe at school to find you. They see your name."),
            say("If you tap I am in danger now, I tell them your name straight away."),
        )
    else:
        words = (
            say("You can always talk to someone. These people are there for anyone your age:"),
            *help_line_phrases(person.nation),
            say("Or I can ask the safeguarding leads at your school to have an adult find you. They see your name."),
            say("If you tap I am in danger now, I tell all of them your name at once."),
        )
    rows = (
        (Button(say("Ask an adult to find me"), "talk:ask"),),
        (danger_button(),),
        (Button(say("Not now"), "talk:no"),),
    )
    return Step(state, (Send(Message(words, say("Talk to someone"), rows)),))


def asked(state: State, person: Person) -> Step:
    """Tell the safeguarding leads, and say when they will see it."""
    told = (
        say("Done. I have asked the adults who keep you safe at school to find you.")
        if is_young(person)
        else say("Done. I have asked the safeguarding leads at your school to have an adult find you.")
    )
    message = Message(
        (
            told,
            _when_seen(person),
            say("If you cannot wait, ring {number} or one of the help lines.", number=emergency_number(person.nation)),
        ),
        rows=((danger_button(),), (menu_button(),)),
    )
    return Step(state, (AskForAdult(danger=False), Edit(message)))


def in_danger(state: State, person: Person) -> Step:
    """Show the crisis card and tell every safeguarding lead."""
    return Step(state, (_card(person, "tap"), AskForAdult(danger=True)))


def danger_words(state: State, person: Person, *, kept: bool) -> Step:
    """Do what the danger button does, after words of danger; `kept` when the words go into a check-in."""
    cause: Cause = "words kept with the check-in" if kept else "words"
    return Step(state, (_card(person, cause), AskForAdult(danger=True)))


def not_now(state: State) -> Step:
    words = say("That is fine. Talk to someone is here whenever you like.")
    return Step(state, (Edit(Message((words,), rows=way_on())),))


def owned(state: State, staff_name: str) -> Step:
    """Tell the pupil who took the request."""
    message = Message((say("{name} has seen this and will find you.", name=staff_name),), rows=((talk_button(),),))
    return Step(state, (Send(message, lane="urgent"),))


def stranger(state: State) -> Step:
    """Show the help lines to somebody who has not joined."""
    words = (
        *help_line_phrases_for_strangers(),
        say("I do not know who you are yet, so I cannot tell anyone at your school. An adult near you can help too."),
        say("To join, send the code that is on your letter."),
    )
    return Step(state, (Send(Message(words, say("If you need help now")), lane="urgent"),))


def _card(person: Person, cause: Cause) -> Send:
    paragraphs = (
        *help_line_phrases(person.nation),
        say("If you can, go to an adult you trust, or to a place where other people are."),
        *_who_knows(person, cause),
    )
    rows = ((talk_button(), menu_button()),)
    return Send(Message(paragraphs, say("If you are in danger now"), rows), lane="urgent")


def _who_knows(person: Person, cause: Cause) -> tuple[Phrase, ...]:
    telling = (
        say("I am telling your name to the adults who keep you safe at school.")
        if is_young(person)
        else say("I am telling the safeguarding leads at your school your name now.")
    )
    if cause == "tap":
        return (telling, _do_not_wait(person))
    why = (
        say("Some words you typed can mean danger. What you typed was not kept.")
        if cause == "words"
        else say("Some words you typed can mean danger. What you typed is kept with your check-in.")
    )
    safe = say("If you are safe, that is good. Someone will still ask how you are.")
    return (why, telling, _do_not_wait(person), safe)


def _do_not_wait(person: Person) -> Phrase:
    number = emergency_number(person.nation)
    if person.talk_when is None:
        return say("They may not see it at once. Please do not wait for them: ring {number}.", number=number)
    return say(
        "School is closed, and they may not see it before {when}. Please do not wait for them: ring {number}.",
        when=person.talk_when,
        number=number,
    )


def _when_seen(person: Person) -> Phrase:
    if person.talk_when is None:
        return say("They look on school days, and should see it today.")
    return say("School is closed. They should see it when it opens: {when}.", when=person.talk_when)
