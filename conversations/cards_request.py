"""The card of a pupil's request for an adult, and what it becomes as adults answer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from conversations.cards import Card, CardButton
from conversations.model import Phrase, say


@dataclass(frozen=True)
class AskedFor:
    """What is told of a request to talk: the pupil by initials (or name, as the school chose), names of staff in full.

    `chosen` is the adult they asked for, "" for the safeguarding leads; `soon` by when; `passed` who cannot. `owner` is
    set once somebody took it, with `until` the end of the day they promised, if they did; `done` once they met.
    `not_yet` when the pupil said that nothing came of an earlier promise. `cut_off` when their phone cannot be reached.
    """

    request: str
    pupil: str
    group: str
    danger: bool
    asked_at: datetime
    owner: str = ""
    done: bool = False
    chosen: str = ""
    soon: Literal["today", "week"] = "today"
    passed: tuple[str, ...] = ()
    until: datetime | None = None
    promise: str = ""
    not_yet: bool = False
    cut_off: bool = False


def request_card(asked: AskedFor) -> Card:
    """The card that adults get when a pupil asks for one, and what it becomes."""
    who = CardButton("request_who", asked.request, say("Who is it"))
    if asked.danger:
        return _danger(asked, who)
    title = say("{pupil} ({group}) asks to talk to someone", pupil=asked.pupil, group=asked.group)
    lines = _wished(asked)
    if asked.done:
        return Card(title, (*lines, _met(asked)), buttons=(_undo(asked), who))
    today = CardButton("request_today", asked.request, say("I’ll find them today"))
    tomorrow = CardButton("request_tomorrow", asked.request, say("Tomorrow"))
    cannot = CardButton("request_cannot", asked.request, say("I can’t"))
    if not asked.owner:
        note = say("It goes on to others until somebody says when. The pupil hears your answer.")
        return Card(title, lines, note, (_primary(today), tomorrow, cannot, who))
    met = CardButton("request_done", asked.request, say("We have talked"), "primary")
    other = tomorrow if asked.promise == "today" else today
    return Card(title, (*lines, _owned(asked)), buttons=(met, other, cannot, who))


def _primary(button: CardButton) -> CardButton:
    return CardButton(button.action, button.value, button.label, "primary")


def _wished(asked: AskedFor) -> tuple[Phrase, ...]:
    lines = [
        say("Asked: {asked_at}, for the same day.", asked_at=asked.asked_at)
        if asked.soon == "today"
        else say("Asked: {asked_at}, for the same week.", asked_at=asked.asked_at)
    ]
    if asked.chosen:
        lines.append(say("They would like to talk to {chosen}.", chosen=asked.chosen))
    lines += [say("{name} cannot this time.", name=name) for name in asked.passed]
    if asked.not_yet:
        lines.append(say("They say that nobody has found them yet."))
    return (*lines, *_cut_off(asked))


def _cut_off(asked: AskedFor) -> tuple[Phrase, ...]:
    """Say so when they see nothing of what is answered here; of what is done there is nothing to see."""
    words = say("Their phone cannot be reached, so they do not see what you answer. Please find them.")
    return (words,) if asked.cut_off and not asked.done else ()


def _owned(asked: AskedFor) -> Phrase:
    if asked.cut_off:
        return say("{owner} owns this.", owner=asked.owner)
    if asked.until:
        return say("{owner} will find them by {until}. The pupil has been told.", owner=asked.owner, until=asked.until)
    return say("{owner} owns this. The pupil has been told.", owner=asked.owner)


def _undo(asked: AskedFor) -> CardButton:
    return CardButton("request_undo", asked.request, say("Undo"))


def _met(asked: AskedFor) -> Phrase:
    return say("{owner} has talked with them.", owner=asked.owner)


def _danger(asked: AskedFor, who: CardButton) -> Card:
    title = say("Urgent: {pupil} ({group}) may be in danger", pupil=asked.pupil, group=asked.group)
    line = say(
        "They said so, or wrote words that may mean it ({asked_at}). They were shown who to ring at once.",
        asked_at=asked.asked_at,
    )
    if asked.done:
        return Card(title, (line, _met(asked)), buttons=(_undo(asked), who))
    if asked.owner:
        met = CardButton("request_done", asked.request, say("We have talked"), "primary")
        back = CardButton("request_back", asked.request, say("Hand it back"))
        return Card(title, (line, *_cut_off(asked), _owned(asked)), buttons=(met, back, who))
    own = CardButton("request_own", asked.request, say("I own this"), "danger")
    return Card(
        title,
        (line, *_cut_off(asked)),
        say("This comes again to every safeguarding lead until one of you owns it."),
        (own, who),
    )
