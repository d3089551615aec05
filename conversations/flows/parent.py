"""The parent's chat: what Earshot is, stop and start a child's check-ins, and whom to ring.

Rules
1. A parent or carer joins with the code on their own letter. No question is asked and nothing is to be agreed to.
2. They see what Earshot is and who sees what. They never see an answer, nor whether their child has joined or answered.
3. One tap stops a child's check-ins, one tap starts them again. /stop stops those of all their children.
4. What a parent stopped the pupil alone cannot start. /start only shows the menu: it undoes nothing.
5. What one parent or carer stopped, another may start: both have a say, and the school's record keeps who did what.
6. Words typed here are not kept. Words of danger get the help lines; nobody is told, and the page says so.
7. A pupil's code does not work in a parent's chat, nor a parent's in a pupil's: neither is spent.
8. Somebody with no child at the school any more is told so, and can stop and start nothing.

The chat has no state: each button says all that is needed, so that nothing of a parent need be kept. A way on for
parents goes into `_rows`; that to Whisper is there, and what is whispered never comes here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from conversations.danger_words import sounds_like_danger
from conversations.flows.language import autonym
from conversations.model import (
    Attachment,
    Button,
    CodeGiven,
    CodeOutcome,
    Command,
    Edit,
    Edited,
    Event,
    Message,
    Phrase,
    Send,
    SetLanguage,
    Tap,
    Text,
    Toast,
    say,
    verbatim,
)
from conversations.whisper_pages import whisper_button
from conversations.wording import Rows, answer, emergency_number, help_line_phrases, menu_button


@dataclass(frozen=True)
class Child:
    """A pupil whom a parent looks after; `key` is 32 hexadecimal digits, `held` that a parent has check-ins stopped."""

    key: str
    name: str
    held: bool


@dataclass(frozen=True)
class Parent:
    """What a step may know of a parent or carer."""

    language: str
    languages: tuple[str, ...]
    nation: str
    school: str
    children: tuple[Child, ...]


@dataclass(frozen=True)
class SetHeld:
    """Stop a child's check-ins, or allow them again."""

    child: str
    held: bool


ParentEffect = Send | Edit | Toast | SetLanguage | SetHeld


COMMANDS: tuple[tuple[str, Phrase], ...] = (
    ("menu", say("see what you can do here")),
    ("whisper", say("tell staff without your name")),
    ("stop", say("stop check-ins")),
    ("help", say("what this is and who sees what")),
    ("language", say("change the language")),
)
"""The commands in the order they are shown in a parent's chat."""


def step(event: Event, parent: Parent) -> tuple[ParentEffect, ...]:
    """Take one event of a parent's chat and say what comes of it, in order. Never raises on what people send."""
    match event:
        case CodeGiven(outcome):
            return _code_given(outcome, parent)
        case Command(name):
            return _command(name, parent)
        case Tap(data):
            return _tap(data, parent)
        case Text(text) | Attachment(_, text):
            return (_danger(parent) if sounds_like_danger(text) else Send(_menu(parent, *_not_read())),)
        case Edited(text):
            return (_danger(parent),) if sounds_like_danger(text) else ()
        case _:
            # What happens in school is told to pupils and staff, never here.
            return ()


def refusal(outcome: CodeOutcome) -> Message:
    """Answer a parent's code that was used or is too old, given by a chat that nobody is known by."""
    if outcome == "used":
        return Message((say("That code has been used. Each works once. The school office can give you a new letter."),))
    return Message((say("That code is too old to work. The school office can give you a new letter."),))


def wrong_chat() -> Message:
    """Answer a parent's code given in a pupil's chat."""
    words = say("That code is for a parent or carer. It works in their own Telegram, on their own phone.")
    return Message((words,), rows=((menu_button(),),))


def moved() -> Message:
    """Tell the phone that was a parent's that it is no longer."""
    return Message((say("Your code was used on another phone, which is yours here now. If not, tell the school."),))


def _code_given(outcome: CodeOutcome, parent: Parent) -> tuple[ParentEffect, ...]:
    if outcome == "valid":
        return (Send(_about(parent, say("Welcome"))),)
    return (Send(_menu(parent, say("You have joined already, so you do not need a code."))),)


def childs_code(parent: Parent) -> tuple[ParentEffect, ...]:
    """Answer a pupil's code given in a parent's chat."""
    return (Send(_menu(parent, say("That code is your child’s own. It works on your child’s phone."))),)


def _command(name: str, parent: Parent) -> tuple[ParentEffect, ...]:
    if name == "stop" and parent.children:
        held = tuple(SetHeld(child.key, held=True) for child in parent.children if not child.held)
        return (*held, Send(_menu(_all_held(parent), say("Check-ins are stopped. That is fine."))))
    if name == "help":
        return (Send(_about(parent, say("Help"))),)
    if name == "talk":
        return (Send(_lines(parent)),)
    if name == "language":
        return (Send(_languages(parent)),)
    return (Send(_menu(parent)),)


def _tap(data: str, parent: Parent) -> tuple[ParentEffect, ...]:
    what, _, key = data.removeprefix("p:").partition(":")
    child = next((child for child in parent.children if child.key == key), None)
    if data.startswith("p:") and what in ("stop", "start") and child is not None:
        return _set(parent, child, held=what == "stop")
    if data.startswith("lang:"):
        return _language(data.removeprefix("lang:"), parent)
    if data in _PAGES:
        return (answer(_PAGES[data](parent), tapped=True),)
    return (Toast(say("That button is an old one. Send /menu to see what you can do.")),)


def _set(parent: Parent, child: Child, *, held: bool) -> tuple[ParentEffect, ...]:
    children = tuple(replace(one, held=held) if one is child else one for one in parent.children)
    after = replace(parent, children=children)
    effects = () if child.held == held else (SetHeld(child.key, held=held),)
    return (*effects, Edit(_menu(after)))


def _all_held(parent: Parent) -> Parent:
    return replace(parent, children=tuple(replace(child, held=True) for child in parent.children))


def _language(code: str, parent: Parent) -> tuple[ParentEffect, ...]:
    if code not in parent.languages:
        return (Toast(say("That language is not here now. Send /language to see which ones are.")),)
    words = say("From now on messages come in {language}.", language=autonym(code))
    return (SetLanguage(code), Edit(_menu(parent, words)))


# --- pages ------------------------------------------------------------------------------------------------------------


def _menu(parent: Parent, *words: Phrase) -> Message:
    if not parent.children:
        gone = say("No child of yours is on the school’s list now. If that is not right, ask at the school office.")
        return Message((*words, gone), rows=_rows(parent))
    return Message((*words, *map(_standing, parent.children)), rows=_rows(parent))


def _standing(child: Child) -> Phrase:
    if child.held:
        return say("{name}: a parent or carer has stopped check-ins. None come.", name=child.name)
    return say("{name}: you have not stopped check-ins.", name=child.name)


def _about(parent: Parent, title: Phrase | None = None) -> Message:
    return Message((*what_it_is(parent.nation), *help_line_phrases(parent.nation)), title, _rows(parent))


def what_it_is(nation: str) -> tuple[Phrase, ...]:
    """Say to a parent what Earshot is, who sees what, what they decide and what it is not; letters say the same."""
    return (
        say("Your child may get a few short questions from school, about once a week. They can skip any of them."),
        say("Taking part is a choice. You or your child can stop at any time. It never counts against anyone."),
        say("What you stop, your child cannot start on their own. They can still ask for an adult."),
        say("You do not see the answers. If staff are worried, a person from school talks with you."),
        say(
            "Tutors, heads of year and safeguarding leads see who answered. They see a short note if answers change. "
            "No screen shows them the answers: those can be read only if a copy is made. "
            "The leads can read what is typed."
        ),
        say("Telegram and Slack carry the messages, and they keep them."),
        say(
            "This is not an emergency service. Nobody reads what you type in this chat. In danger, ring {number}.",
            number=emergency_number(nation),
        ),
    )


def _lines(parent: Parent) -> Message:
    words = say("To tell the school something, ring it or go there.")
    return Message((*help_line_phrases(parent.nation), words), say("Help lines"), _rows(parent))


def _danger(parent: Parent) -> Send:
    words = (
        say("Some words you typed can mean danger. What you typed was not kept."),
        *help_line_phrases(parent.nation),
        say("I have told nobody. Please ring one of these, and the school when it is open."),
    )
    return Send(Message(words, say("If you are in danger now"), _rows(parent)), lane="urgent")


def _languages(parent: Parent) -> Message:
    each = tuple(Button(verbatim(autonym(code)), f"lang:{code}") for code in parent.languages)
    rows = tuple(each[start : start + 3] for start in range(0, len(each), 3))
    return Message((say("Which language would you like?"),), rows=(*rows, (menu_button(),)))


_PAGES: Mapping[str, Callable[[Parent], Message]] = MappingProxyType(
    {"menu": _menu, "p:about": _about, "help": _lines, "talk": _lines, "language": _languages}
)


def _not_read() -> tuple[Phrase, ...]:
    return (
        say("Thanks for writing. Nobody reads what is typed here, and it was not kept."),
        say("To tell the school something, ring it or go there."),
    )


def _rows(parent: Parent) -> Rows:
    children = tuple((_button(child),) for child in parent.children)
    last = (Button(say("What this is"), "p:about"), Button(say("Help lines"), "help"))
    choice = ((Button(say("Language"), "language"),),) if len(parent.languages) > 1 else ()
    # Only of those who have a child at the school: the way there knows nobody else.
    whisper = ((whisper_button(),),) if parent.children else ()
    return (*children, *whisper, last, *choice)


def _button(child: Child) -> Button:
    if child.held:
        return Button(say("Start: {name}", name=child.name), f"p:start:{child.key}")
    return Button(say("Stop: {name}", name=child.name), f"p:stop:{child.key}")
