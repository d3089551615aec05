"""Which flow gets which event: the whole routing of conversations, in one place.

`step` is the only door: the runner in `bot` calls it for every event, and carries out the effects it returns. Read from
the top: what happens in school (waves, requests) first, then strangers, then danger words before anything else a person
may type, then the tables of commands and buttons.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType
from typing import assert_never

from conversations.adults import (
    AdultAnswered,
    FromAdults,
    GoToAway,
    GoToBack,
    GoToGone,
    GoTosAsked,
    MetAsked,
    Need,
    NobodyReached,
)
from conversations.danger_words import sounds_like_danger
from conversations.flows import check_in, gotos, help, join, language, menu, mine, own_copy, stopping, talk
from conversations.model import (
    Attachment,
    CheckInCloses,
    CheckInOpens,
    CheckInReminder,
    CodeGiven,
    Command,
    ContestAnswered,
    CopyDecided,
    Edit,
    Edited,
    Event,
    Person,
    ReadAloud,
    RequestOwned,
    Send,
    ShowAnswers,
    ShowNotes,
    State,
    Step,
    Tap,
    Text,
    Toast,
)

Page = Callable[[State, Person, bool], Step]
# What only speaks: nothing that is kept changes by it.
SPEAKING = (Send, Edit, Toast, ShowAnswers, ShowNotes, ReadAloud)


def step(state: State, event: Event, person: Person | None, now: datetime) -> Step:
    """Take one event and say what comes of it.

    `person` is the pupil of this chat, None for a stranger; with CodeGiven("valid") it is the pupil of the code. `now`
    and all times are aware. The next state's version is one higher if the state changed or an effect changes anything
    that is kept; a step that only speaks leaves it. Never raises on what people send.
    """
    taken = _route(state, event, person, now)
    speaks_only = all(isinstance(effect, SPEAKING) for effect in taken.effects)
    if taken.state == state and speaks_only:
        return taken
    return replace(taken, state=replace(taken.state, version=state.version + 1))


def _route(state: State, event: Event, person: Person | None, now: datetime) -> Step:
    if join.may_be_given_on(state) and isinstance(event, Command | Tap | Text | Attachment):
        # They went on with something else, so the phone is theirs.
        state = replace(state, awaiting="")
    match event:
        case CodeGiven(outcome):
            return join.code_given(state, outcome, person)
        case CheckInOpens() | CheckInReminder() | CheckInCloses() | RequestOwned():
            return Step(state) if person is None else _from_school(state, event, person, now)
        case CopyDecided(copy, staff_name, yes):
            return Step(state) if person is None else own_copy.decided(state, copy, staff_name, yes=yes)
        case ContestAnswered(staff_name, stands):
            return Step(state) if person is None else own_copy.answered(state, staff_name, stands=stands)
        case AdultAnswered() | MetAsked() | GoTosAsked() | GoToGone() | GoToAway() | GoToBack() | NobodyReached():
            return Step(state) if person is None else _from_adults(state, event, person)
        case Command(name):
            return _stranger(state, name, "") if person is None else _command(state, name, person)
        case Tap(data):
            return _stranger(state, data, "") if person is None else _tap(state, data, person, now)
        case Text(text):
            return _stranger(state, "", text) if person is None else _text(state, text, person)
        case Attachment(_, caption):
            return _stranger(state, "", caption) if person is None else _attachment(state, caption, person)
        case Edited(text):
            return _edited(state, text, person)
        case _:
            assert_never(event)


def _from_school(
    state: State, event: CheckInOpens | CheckInReminder | CheckInCloses | RequestOwned, person: Person, now: datetime
) -> Step:
    match event:
        case CheckInOpens():
            return check_in.opens(state, event, person, now)
        case CheckInReminder():
            return check_in.reminder(state, event, person, now)
        case CheckInCloses():
            return check_in.closes(state, event)
        case RequestOwned(staff_name):
            return talk.owned(state, staff_name)


def _from_adults(state: State, event: FromAdults, person: Person) -> Step:
    match event:
        case AdultAnswered():
            return talk.answered(state, event, person)
        case MetAsked():
            return talk.whether_met(state, event)
        case GoTosAsked(reminder):
            return gotos.asked_for(state, person, reminder=reminder)
        case GoToGone():
            return gotos.gone(state, event, person)
        case GoToAway():
            return gotos.away(state, event, person)
        case GoToBack():
            return gotos.back(state, event, person)
        case NobodyReached():
            return talk.nobody_reached(state, event, person)


def needs(state: State, event: Event) -> Need:
    """Say which adults a step has to know for an event, so that the runner reads them for no other."""
    match event:
        case Text(text) if gotos.waits_for_a_name(state) and not sounds_like_danger(text):
            return "everyone"
        case Tap(data) if data.split(":")[0] == "goto":
            return "everyone"
        case Command("goto"):
            return "everyone"
        case Tap(data) if data.split(":")[0] == "talk":
            return "mine"
        case Command("talk") | GoTosAsked() | GoToGone():
            return "mine"
        case Text(text) | Edited(text) | Attachment(_, text) if sounds_like_danger(text):
            return "mine"
    return "nobody"


def _stranger(state: State, asked_for: str, text: str) -> Step:
    """Answer somebody who has not joined: help lines if they ask or their words call for it, else how to join."""
    if asked_for == "help" or asked_for.split(":")[0] == "talk" or sounds_like_danger(text):
        return talk.stranger(state)
    return join.how_to_join(state)


def _text(state: State, text: str, person: Person) -> Step:
    takes_words = check_in.waits_for_words(state) and person.status == "active"
    if sounds_like_danger(text):
        card = talk.danger_words(state, person, kept=takes_words)
        if not takes_words:
            return card
        finished = check_in.words(state, text, person, receipt=False)
        return replace(card, state=finished.state).also(*finished.effects)
    if person.status == "invited":
        return join.notice_again(state, person, tapped=False)
    if gotos.waits_for_a_name(state):
        return gotos.typed(state, person)
    if takes_words:
        return check_in.words(state, text, person, receipt=True)
    if state.check_in is not None and person.status == "active":
        return check_in.tap_please(state)
    return menu.unprompted(state, person)


def is_unprompted(state: State, text: str, person: Person) -> bool:
    """Say whether words would meet nothing that waits for them: Whisper offers to take those."""
    if person.status == "invited" or sounds_like_danger(text):
        return False
    if gotos.waits_for_a_name(state):
        return False
    return person.status != "active" or not check_in.waits_for_words(state)


def _attachment(state: State, caption: str, person: Person) -> Step:
    if sounds_like_danger(caption):
        return talk.danger_words(state, person, kept=False)
    if person.status == "invited":
        return join.notice_again(state, person, tapped=False)
    return menu.attachment(state, person)


def _edited(state: State, text: str, person: Person | None) -> Step:
    if person is None:
        return talk.stranger(state) if sounds_like_danger(text) else Step(state)
    if sounds_like_danger(text):
        return talk.danger_words(state, person, kept=False)
    return menu.edited(state) if person.status == "active" else Step(state)


# --- commands and buttons ---------------------------------------------------------------------------------------------

# For anybody who is tied to a pupil, whatever their status.
_ALWAYS: Mapping[str, Page] = MappingProxyType(
    {
        "talk": lambda state, person, tapped: talk.opened(state, person),
        "help": lambda state, person, tapped: help.shown(state, person, tapped=tapped),
        "language": lambda state, person, tapped: language.choose(state, person, tapped=tapped),
        "stop": lambda state, person, tapped: stopping.stop(state, person, tapped=tapped),
    }
)

# For those who have agreed to the notice; to others each of these shows the notice.
_ONCE_JOINED: Mapping[str, Page] = MappingProxyType(
    {
        "menu": lambda state, person, tapped: menu.shown(state, person, tapped=tapped),
        "mine": lambda state, person, tapped: mine.asked(state),
        "goto": lambda state, person, tapped: gotos.shown(state, person, tapped=tapped),
        "settings": lambda state, person, tapped: menu.settings(state, person, tapped=tapped),
        "copy": lambda state, person, tapped: own_copy.offered(state, tapped=tapped),
        "copy:ask": lambda state, person, tapped: own_copy.asked(state, person),
        "copy:wrong": lambda state, person, tapped: own_copy.wrong(state),
    }
)

_BUTTONS: Mapping[str, Callable[[State, Person], Step]] = MappingProxyType(
    {
        "talk:ask": talk.who,
        "talk:danger": talk.in_danger,
        "talk:no": lambda state, person: talk.not_now(state),
        "join:agree": join.agreed,
        "join:later": join.later,
    }
)


def _command(state: State, name: str, person: Person) -> Step:
    state = gotos.left(state)
    if name in _ALWAYS:
        return _ALWAYS[name](state, person, False)
    if person.status == "invited":
        return join.notice_again(state, person, tapped=False)
    if name == "start" and (person.held or person.status != "active"):
        return stopping.start(state, person, tapped=False)
    if name == "start":
        return menu.shown(state, person, tapped=False)
    if name in _ONCE_JOINED:
        return _ONCE_JOINED[name](state, person, False)
    return menu.unknown_command(state, person)


def _tap(state: State, data: str, person: Person, now: datetime) -> Step:
    if not data.startswith("goto"):
        state = gotos.left(state)
    if data in _ALWAYS:
        return _ALWAYS[data](state, person, True)
    if data in _BUTTONS:
        return _BUTTONS[data](state, person)
    invited = person.status == "invited"
    if data.startswith("lang:"):
        code = data.removeprefix("lang:")
        return join.language_chosen(state, person, code) if invited else language.chosen(state, person, code)
    if (of_talk := talk.tapped(state, data, person)) is not None:
        return of_talk
    of_gotos = gotos.tapped(state, data, person)
    if of_gotos is not None:
        return join.notice_again(state, person, tapped=True) if invited else of_gotos
    if data.startswith("c:"):
        return check_in.tapped(state, data, person, now)
    if data.startswith("copy:note:"):
        note = data.removeprefix("copy:note:")
        return join.notice_again(state, person, tapped=True) if invited else own_copy.contested(state, note)
    if data in _ONCE_JOINED or data == "start":
        if invited:
            return join.notice_again(state, person, tapped=True)
        page = _ONCE_JOINED.get(data)
        return stopping.start(state, person, tapped=True) if page is None else page(state, person, True)
    return menu.unknown_button(state)
