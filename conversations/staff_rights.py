"""What staff read when a pupil asks for a copy of what is kept, or a note about a pupil is contested."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from conversations.cards import Card, CardButton
from conversations.model import say


@dataclass(frozen=True)
class CopyAsked:
    """What staff are told of a copy asked for; `owner` is who decided."""

    copy: str
    pupil: str
    group: str
    state: Literal["asked", "sent", "declined"] = "asked"
    owner: str = ""


def copy_card(asked: CopyAsked) -> Card:
    """The card for the tutor and the safeguarding leads, and what it becomes once somebody decided."""
    title = say("{pupil} ({group}) asks for a copy of what is kept", pupil=asked.pupil, group=asked.group)
    who = CardButton("copy_who", asked.copy, say("Who is it"))
    if asked.state == "sent":
        return Card(title, (say("{owner} said yes: it was sent.", owner=asked.owner),), buttons=(who,))
    if asked.state == "declined":
        line = say("{owner} said not in Telegram, and will talk with them.", owner=asked.owner)
        return Card(title, (line,), buttons=(who,))
    return Card(
        title,
        (say("With a yes it goes to their Telegram as a file: answers, words, notes, and who looked."),),
        say("Talk with them first. It is theirs by right; without a yes, show it to them in school within a month."),
        (
            CardButton("copy_send", asked.copy, say("Yes, send it"), "primary"),
            CardButton("copy_decline", asked.copy, say("Not in Telegram")),
            who,
        ),
    )


@dataclass(frozen=True)
class Contested:
    """What safeguarding leads are told of a contested note; `by` says who says so, `owner` who answered."""

    contest: str
    pupil: str
    group: str
    by: Literal["pupil", "guardian"]
    state: Literal["open", "stands", "withdrawn"] = "open"
    owner: str = ""


def contest_card(contested: Contested) -> Card:
    """The card for the safeguarding leads, and what it becomes once answered."""
    title = say("{pupil} ({group}): a nudge is contested", pupil=contested.pupil, group=contested.group)
    who = CardButton("contest_who", contested.contest, say("Who is it"))
    if contested.state == "stands":
        return Card(title, (say("{owner} has looked: it stands.", owner=contested.owner),), buttons=(who,))
    if contested.state == "withdrawn":
        return Card(title, (say("{owner} has looked: it is withdrawn.", owner=contested.owner),), buttons=(who,))
    line = (
        say("The pupil says that it is not right.")
        if contested.by == "pupil"
        else say("Their family says that it is not right.")
    )
    return Card(
        title,
        (line, say("It counts nowhere, and waits for nobody, until one of you has answered.")),
        say("Talk with them before you answer. The pupil reads here what came of it, if it was they who said so."),
        (
            CardButton("contest_stands", contested.contest, say("It stands")),
            CardButton("contest_withdraw", contested.contest, say("Withdraw it"), "primary"),
            who,
        ),
    )
