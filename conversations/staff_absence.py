"""What staff read and fill in about who is away, and who stands in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from conversations.card import Card, CardButton
from conversations.forms import Field, Form
from conversations.model import Phrase, say, verbatim

AWAY = "desk_away"
AWAY_OTHER = "desk_away_other"


PROBLEMS: dict[str, Phrase] = {
    "days": say("The last day is before the first, or has passed. Nothing was changed."),
    "far": say("That is more than a year ahead. Nothing was changed."),
    "cover": say("Somebody else must stand in. Nothing was changed."),
    "lead": say("Only another safeguarding lead can stand in for one. Nothing was changed."),
}
"""Why an absence cannot be set as it was filled in."""


def no_lead_left() -> Phrase:
    """Say what it means that every safeguarding lead is away."""
    return say(
        "No safeguarding lead is here then. What waits for one is told to all of them all the same, and the head is "
        "asked to reach one."
    )


def one_lead_left() -> Phrase:
    """Say what it means that one safeguarding lead alone is here."""
    return say(
        "Only one safeguarding lead is here then: every step that tells a lead tells that one. Think of a second for "
        "these days."
    )


@dataclass(frozen=True)
class Away:
    """Somebody who is away, or will be: the name, the last day as a moment in it, and who stands in ("": nobody)."""

    staff: str
    name: str
    starts: datetime
    last: datetime
    cover: str = ""
    begun: bool = True


def away_lines(away: Away) -> tuple[Phrase, ...]:
    """Say until when, and who stands in."""
    cover = say("{cover} stands in.", cover=away.cover) if away.cover else say("Nobody is named to stand in.")
    if away.begun:
        return (say("Until {moment}.", moment=away.last), cover)
    return (say("From {first} to {last}.", first=away.starts, last=away.last), cover)


def own_card(away: Away | None) -> Card:
    """The person's own absence on their Home tab, or the way to set one."""
    if away is None:
        button = CardButton("away_set", "me", say("I’m away until …"))
        line = say("What is for you comes to you. When you are away it goes to whoever stands in.")
        return Card(say("Here"), (line,), buttons=(button,))
    title = say("You are away") if away.begun else say("You will be away")
    label = say("I’m back") if away.begun else say("I will be here")
    return Card(title, away_lines(away), buttons=(CardButton("away_end", away.staff, label),))


def others_card(others: tuple[Away, ...]) -> Card:
    """Who is away, for safeguarding leads, and the way to set it for somebody else."""
    lines = tuple(
        say("{name}: {when} {cover}", name=one.name, when=away_lines(one)[0], cover=away_lines(one)[1])
        for one in others
    )
    buttons = (CardButton("away_other", "other", say("Somebody is away")),)
    return Card(say("Away"), lines or (say("Nobody is away."),), buttons=buttons)


def form(today: str, staff: tuple[tuple[str, str], ...], *, other: bool) -> Form:
    """The window to fill in; `staff` are pairs of an id and a name, by name; `today` is YYYY-MM-DD."""
    people = tuple((id, verbatim(name)) for id, name in staff)
    who = (Field("who", say("Who is away"), "pick", people),) if other else ()
    return Form(
        AWAY_OTHER if other else AWAY,
        "other" if other else "me",
        say("Away"),
        (
            *who,
            Field("first", say("First day away"), "day", first=today),
            Field("last", say("Last day away"), "day", first=today),
            Field("cover", say("Who stands in"), "pick", people, optional=True),
        ),
        (
            say(
                "Whoever stands in gets the nudges of your groups and may read what you may, on these days and no "
                "longer. For a safeguarding lead it is another one."
            ),
            say(
                "When it is more than five school days, pupils who have this adult as a go-to are told until when. No "
                "reason is told."
            ),
        ),
    )


def cover_card(away: Away) -> Card:
    """What somebody gets who stands in for a colleague."""
    return Card(
        say("You stand in for {name}", name=away.name),
        (
            say("From {first} to {last}.", first=away.starts, last=away.last),
            say("Their nudges come to you meanwhile, and your Home tab shows their groups. It ends by itself."),
        ),
    )


def nobody_reached_card() -> Card:
    """What the head gets when something waits and has arrived at none of the leads; it names no pupil."""
    return Card(
        say("No safeguarding lead can be reached in Slack"),
        (
            say("Something waits that only a safeguarding lead can open, and it has arrived at none of them."),
            say("Please find or ring one of them now. Whoever runs Earshot can see what is wrong with their accounts."),
        ),
    )


def nobody_here_card() -> Card:
    """What the head gets when something waits and everybody who could be told is away; it names no pupil."""
    return Card(
        say("No safeguarding lead is here"),
        (
            say("Something waits that only a safeguarding lead can open, and all of them are away."),
            say("They have been told all the same. Please reach one of them, or name somebody to stand in."),
        ),
    )
