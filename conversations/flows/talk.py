"""Talk to someone: help lines, asking an adult, what they answer, and the crisis card.

Rules
1. Talk to someone is on every screen and works for everyone: before joining, after stopping, in a check-in.
2. It shows whom to ring first, and only then whom to ask: the pupil's go-tos, their tutor, or those who keep pupils
   safe; beside them I’m in danger now and Not now.
3. After the adult comes one more question: today, this week, or I’m in danger now. Then that adult is told, and the
   pupil reads when they should see it: today, or when school opens, with whom to ring until then.
4. What the adult answers is told at once, and again when it changes: who will find the pupil and when, or who is asked
   next. The school day after, the pupil is asked once whether it happened; Not yet lets it go on.
5. I’m in danger now shows the crisis card and tells every safeguarding lead, in the same moment. Nothing is
   asked first: the button stands under a sentence that says what it does.
6. Words of danger, typed anywhere, do the same as that button. The notice of joining says so.
7. The card never promises that staff are watching. It says to ring, and not to wait for them.
8. Somebody who has not joined gets the help lines; nobody can be told, and the card says so. The same where a school
   has nobody who could be told.
9. A second tap asks again rather than refusing: a call for help is never "already used".
10. When what was asked has arrived at nobody, because the way to staff is out of order, the pupil is told so, once.
11. When nobody has answered by the time the pupil was given, they are told so, once, with whom to ring meanwhile; in
    danger at once when whoever had it has it no more.
"""

from __future__ import annotations

from typing import Literal

from conversations.adults import LEADS, AdultAnswered, MetAsked, NobodyReached, SayIfMet, Soon
from conversations.model import AskForAdult, Button, Edit, Message, Person, Phrase, Send, State, Step, say, verbatim
from conversations.wording import (
    Rows,
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
    return Step(state, (Send(_choice(person)),))


def who(state: State, person: Person) -> Step:
    """Show the choice again, in place of what was tapped."""
    return Step(state, (Edit(_choice(person)),))


def tapped(state: State, data: str, person: Person) -> Step | None:
    """Take a tap of one of the later questions; None for data that is not of this flow."""
    match data.split(":"):
        case ["talk", "to", adult]:
            return _how_soon(state, adult, person)
        case ["talk", "at", adult, ("today" | "week") as soon]:
            return _asked(state, adult, "week" if soon == "week" else "today", person)
        case ["talk", "met", request, promise, ("yes" | "no") as answer] if promise.isascii() and promise.isdigit():
            return _met(state, SayIfMet(request, int(promise), answer == "yes"), person)
    return None


def _choice(person: Person) -> Message:
    young, adults = is_young(person), person.adults
    if young:
        first = say("You can always talk to someone. These people listen to children:")
        ask = say("Or I can ask an adult at school to find you. They see your name. Tap who you would like.")
        danger = say("If you tap I’m in danger now, I tell your name at once. The adults who keep you safe get it.")
    else:
        first = say("You can always talk to someone. These people are there for anyone your age:")
        ask = say("Or I can ask an adult at your school to find you. They see your name. Tap who you would like.")
        danger = say("If you tap I’m in danger now, I tell all the safeguarding leads your name at once.")
    last = ((danger_button(),), (Button(say("Not now"), "talk:no"),))
    if not adults.askable() and not adults.leads:
        words = (first, *help_line_phrases(person.nation), _nobody())
        return Message(words, say("Talk to someone"), last)
    rows: Rows = tuple((Button(_label(one.id, person), f"talk:to:{one.id}"),) for one in adults.askable())
    if adults.leads:
        rows = (*rows, (Button(_label(LEADS, person), f"talk:to:{LEADS}"),))
    return Message((first, *help_line_phrases(person.nation), ask, danger), say("Talk to someone"), (*rows, *last))


def _label(adult: str, person: Person) -> Phrase:
    if adult == LEADS:
        return say("Someone keeping me safe") if is_young(person) else say("A safeguarding lead")
    tutor = person.adults.tutor
    if tutor is not None and tutor.id == adult and tutor not in person.adults.gotos:
        return say("{name}, my tutor", name=tutor.name)
    return verbatim(_name(adult, person) or "")


def _name(adult: str, person: Person) -> str | None:
    return next((one.name for one in person.adults.askable() if one.id == adult), None)


def _can_be_asked(adult: str, person: Person) -> bool:
    return person.adults.leads if adult == LEADS else _name(adult, person) is not None


def _how_soon(state: State, adult: str, person: Person) -> Step:
    if not _can_be_asked(adult, person):
        return _somebody_else(state, person)
    at_once = say("Today") if person.talk_when is None else say("When school opens")
    rows = (
        (Button(at_once, f"talk:at:{adult}:today"), Button(say("This week"), f"talk:at:{adult}:week")),
        (danger_button(),),
        (Button(say("Back"), "talk:ask"), Button(say("Not now"), "talk:no")),
    )
    return Step(state, (Edit(Message((say("How soon?"),), _label(adult, person), rows)),))


def _somebody_else(state: State, person: Person) -> Step:
    """The adult of an old button has gone, or is not this pupil's to ask: show who is there now."""
    shown = _choice(person)
    words = (say("That adult cannot be asked just now. Here is who can."), *shown.paragraphs)
    return Step(state, (Edit(Message(words, shown.title, shown.rows)),))


def _asked(state: State, adult: str, soon: Soon, person: Person) -> Step:
    """Tell the adult, and say when they will see it."""
    if not _can_be_asked(adult, person):
        return _somebody_else(state, person)
    name = _name(adult, person)
    if name is not None:
        told = say("Done. I have asked {name} to find you.", name=name)
    elif is_young(person):
        told = say("Done. I have asked the adults who keep you safe at school to find you.")
    else:
        told = say("Done. I have asked the safeguarding leads at your school to have an adult find you.")
    if person.talk_when is None:
        until: tuple[Phrase, ...] = (
            _seen_today(name),
            say("If you cannot wait, ring {number} or one of the help lines.", number=emergency_number(person.nation)),
        )
    else:
        closed = say("School is closed. They should see it when it opens: {when}.", when=person.talk_when)
        until = (closed, say("If you cannot wait, these people are there now:"), *help_line_phrases(person.nation))
    words = (told, *until)
    rows = ((danger_button(),), (menu_button(),))
    return Step(state, (AskForAdult(danger=False, adult=adult, soon=soon), Edit(Message(words, rows=rows))))


def _seen_today(name: str | None) -> Phrase:
    if name is None:
        return say("They look on school days, and should see it today.")
    return say("They should see it today. If no answer comes, I ask someone else too.")


def _nobody() -> Phrase:
    return say("I have nobody at your school to ask just now. Please tell an adult near you.")


# --- what comes of it -------------------------------------------------------------------------------------------------


def answered(state: State, event: AdultAnswered, person: Person) -> Step:
    """Tell the pupil what an adult answered, or that somebody else is asked."""
    words = [say("It has changed.")] if event.changed else []
    if event.answer == "today":
        words.append(say("{name} will find you today.", name=event.name))
    elif event.answer == "tomorrow":
        words.append(say("{name} will find you tomorrow.", name=event.name))
    elif event.answer == "later":
        words.append(say("{name} will find you on the next school day.", name=event.name))
    else:
        if event.answer == "passed":
            words.append(say("{name} cannot find you this time.", name=event.name))
        if event.answer == "unanswered":
            words.append(say("No answer has come yet."))
        words.append(_goes_to(event.other, person))
        words += _meanwhile(event, person)
    return Step(state, (Send(Message(tuple(words), rows=((talk_button(),),)), lane="urgent"),))


def _goes_to(other: str, person: Person) -> Phrase:
    if other:
        return say("I am asking {name} now.", name=other)
    if is_young(person):
        return say("I am asking the adults who keep you safe at school now.")
    return say("I am asking the safeguarding leads at your school now.")


def _meanwhile(event: AdultAnswered, person: Person) -> tuple[Phrase, ...]:
    """Say whom to ring while nobody has it."""
    if event.danger:
        return _ring_at_once(person)
    return _ring_if_it_cannot_wait(person) if event.answer == "unanswered" else ()


def _ring_at_once(person: Person) -> tuple[Phrase, ...]:
    first = say("Please do not wait: ring {number}.", number=emergency_number(person.nation))
    return (first, *help_line_phrases(person.nation), _go_to_somebody())


def _ring_if_it_cannot_wait(person: Person) -> tuple[Phrase, ...]:
    return (say("If you cannot wait, these people are there now:"), *help_line_phrases(person.nation))


def nobody_reached(state: State, event: NobodyReached, person: Person) -> Step:
    """Say that nobody could be reached yet, and whom to turn to meanwhile."""
    sorry = say("I could not reach anyone at your school yet. I keep trying.")
    words = (sorry, *(_ring_at_once(person) if event.danger else _ring_if_it_cannot_wait(person)))
    return Step(state, (Send(Message(words, rows=((talk_button(),),)), lane="urgent"),))


def whether_met(state: State, event: MetAsked) -> Step:
    """Ask, once, whether the adult has found the pupil."""
    words = (say("{name} was going to find you. Have you talked?", name=event.name),)
    data = f"talk:met:{event.request}:{event.promise}"
    rows = ((Button(say("Yes"), f"{data}:yes"), Button(say("Not yet"), f"{data}:no")), (talk_button(),))
    return Step(state, (Send(Message(words, rows=rows)),))


def _met(state: State, said: SayIfMet, person: Person) -> Step:
    words: tuple[Phrase, ...]
    if said.met:
        words = (say("Thank you for telling me. Talk to someone is here whenever you like."),)
    elif person.talk_when is None:
        words = (say("Thank you for telling me. I am asking again, and someone else hears of it too."),)
    else:
        again = say("Thank you for telling me. I ask again when school opens: {when}.", when=person.talk_when)
        words = (again, *help_line_phrases(person.nation))
    return Step(state, (said, Edit(Message(words, rows=way_on()))))


# --- danger -----------------------------------------------------------------------------------------------------------


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
        _go_to_somebody(),
        *_who_knows(person, cause),
    )
    rows = ((talk_button(), menu_button()),)
    return Send(Message(paragraphs, say("If you are in danger now"), rows), lane="urgent")


def _go_to_somebody() -> Phrase:
    return say("If you can, go to an adult you trust, or to a place where other people are.")


def _who_knows(person: Person, cause: Cause) -> tuple[Phrase, ...]:
    if not person.adults.leads:
        return (_nobody(), say("Please do not wait: ring {number}.", number=emergency_number(person.nation)))
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
