"""What staff read of their one-to-ones: whom they meet, times to choose from, the time that was chosen."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from conversations.card import Card, CardButton
from conversations.model import Phrase, moment, say


@dataclass(frozen=True)
class Meeting:
    """A one-to-one as one of the two sees it: its id in hexadecimal, the other's name, and the time once chosen."""

    id: str
    other: str
    meets_at: datetime | None = None
    passed: bool = False


def _about() -> Phrase:
    return say("Twenty minutes, about anything you wish. Nothing of what is said is kept here.")


def member_card(meeting: Meeting, times: tuple[datetime, ...], *, again: bool = False) -> Card:
    """What the member of staff gets: times to choose from, or the one they chose."""
    title = say("Your one-to-one this term: {name}", name=meeting.other)
    if meeting.meets_at is not None:
        return Card(title, (_when(meeting.meets_at), _about()), None, _another(meeting))
    picks = tuple(CardButton("meet_pick", f"{meeting.id}:{time.isoformat()}", moment(time)) for time in times)
    other = CardButton("meet_more", meeting.id, say("Other times"))
    asked = say("No time is chosen yet. Which suits you?") if again else say("Which time suits you?")
    none = () if times else (say("No time is free in the next weeks: please agree on one between you."),)
    return Card(title, (_about(), *(none or (asked,))), None, (*picks, *((other,) if times else ())))


def leader_card(meeting: Meeting) -> Card:
    """What the senior leader gets: whom they meet, and when that is known."""
    title = say("A one-to-one this term: {name}", name=meeting.other)
    if meeting.meets_at is not None:
        return Card(title, (_when(meeting.meets_at), _about()), None, _another(meeting))
    return Card(title, (say("They choose a time, and you are told."), _about()))


def reminder_card(meeting: Meeting) -> Card:
    """The one reminder, on the school day before."""
    when = (_when(meeting.meets_at),) if meeting.meets_at is not None else ()
    return Card(say("Soon: your one-to-one with {name}", name=meeting.other), when, None, _another(meeting))


def listed_card(meetings: tuple[Meeting, ...]) -> Card:
    """The one-to-ones of a senior leader in a term."""
    return Card(
        say("Your one-to-ones this term"),
        tuple(
            say("{name}: {when}", name=one.other, when=one.meets_at)
            if one.meets_at is not None
            else say("{name}: no time yet", name=one.other)
            for one in meetings
        ),
    )


def _when(meets_at: datetime) -> Phrase:
    return say("You meet at this time: {when}.", when=meets_at)


def _another(meeting: Meeting) -> tuple[CardButton, ...]:
    return () if meeting.passed else (CardButton("meet_free", meeting.id, say("Another time")),)
