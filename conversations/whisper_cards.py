"""What staff read of whispers on cards and lists: kind, urgency, day and a short handle; never a word of content."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from types import MappingProxyType

from conversations.cards import Card, CardButton
from conversations.model import Phrase, say, say_n, verbatim

WHISPER_ACTIONS = ("whisper_open", "whisper_queue", "whisper_photo", "whisper_counts")
# With the button that opens all of it, as many as a Home tab's card has rows for.
HOME_MOST = 4

KINDS: Mapping[str, Phrase] = MappingProxyType(
    {
        "bullying": say("Bullying"),
        "online": say("Something online"),
        "home": say("Not safe at home"),
        "friend": say("Worry about a friend"),
        "adult": say("An adult in school"),
        "other": say("Something else"),
    }
)
STATUSES: Mapping[str, Phrase] = MappingProxyType(
    {
        "received": say("not opened yet"),
        "read": say("read"),
        "acting": say("being acted on"),
        "closed": say("closed"),
    }
)
OUTCOMES: Mapping[str, Phrase] = MappingProxyType(
    {
        "helped": say("Acted on"),
        "passed_on": say("Passed on to those who can help"),
        "known": say("Known already, being dealt with"),
        "no_action": say("Looked into, nothing more to do"),
        "misuse": say("Misuse"),
    }
)


COUNTS_BUTTON = CardButton("whisper_counts", "all", say("Counts for governors"))
_QUEUE_BUTTON = CardButton("whisper_queue", "all", say("Open the queue"))


def is_desk_card(card: Card) -> bool:
    """Say whether a card is the one that stands for the queue."""
    return _QUEUE_BUTTON in card.buttons


def line_of(kind: str, status: str, day: str, handle: str) -> Phrase:
    """One whisper in one line; `day` as YYYY-MM-DD."""
    return say(
        "{handle}: {kind}, {day}, {status}",
        handle=handle,
        kind=KINDS.get(kind, verbatim(kind)),
        day=date.fromisoformat(day),
        status=STATUSES.get(status, verbatim(status)),
    )


def arrived_card(report: str, kind: str, status: str, day: str, handle: str, *, urgent: bool, climbed: bool) -> Card:
    """The card a reader gets when a whisper waits to be opened."""
    title = say("Urgent: a whisper is waiting") if urgent else say("A whisper is waiting")
    note = (
        say("Nobody has opened it yet, so it comes to you too.")
        if climbed
        else say("What it says opens in a window, for its readers alone. Opening is recorded.")
    )
    button = CardButton("whisper_open", report, say("Open"), "danger" if urgent else "primary")
    return Card(title, (line_of(kind, status, day, handle),), note, (button,))


def opened_card(report: str, kind: str, status: str, day: str, handle: str) -> Card:
    """What the card becomes once one of its readers has opened it: it asks for nothing more."""
    note = say("What it says opens in a window, for its readers alone. Opening is recorded.")
    title = say("Whisper {handle}", handle=handle)
    return Card(title, (line_of(kind, status, day, handle),), note, (CardButton("whisper_open", report, say("Open")),))


def queue_card(lines: tuple[tuple[str, str, str, str, str, bool], ...]) -> Card:
    """The whispers a reader may open, each as report, kind, status, day, handle, and whether it is urgent."""
    if not lines:
        return Card(say("Whispers"), (say("There is no whisper for you to read."),))
    return Card(
        say("Whispers"),
        tuple(
            say("Urgent: {line}", line=line_of(kind, status, day, handle))
            if urgent
            else line_of(kind, status, day, handle)
            for _, kind, status, day, handle, urgent in lines
        ),
        say("Closed ones go ninety days after closing."),
        tuple(
            CardButton("whisper_open", report, say("Open {handle}", handle=handle))
            for report, _, status, _, handle, _ in lines
            if status != "closed"
        ),
    )


def counts_card(terms: list[tuple[str, list[tuple[str, str]]]]) -> Card:
    """Counts for governors: for each term its name, and kinds with their counts as they may be shown; no content."""
    title = say("Counts for governors")
    if not any(counts for _, counts in terms):
        return Card(title, (say("There is nothing to count yet."),))
    parts = tuple(Card(verbatim(name), tuple(map(_counted, counts))) for name, counts in terms)
    note = say(
        "These are the whispers you may read. Small numbers are not shown. One that was removed is not counted any "
        "more, so count at the end of each term."
    )
    return Card(title, (), note, parts=parts)


def _counted(cell: tuple[str, str]) -> Phrase:
    kind = KINDS.get(cell[0], verbatim(cell[0]))
    under = cell[1].removeprefix("under ")
    if under != cell[1]:
        return say("{kind}: under {count}", kind=kind, count=under)
    return say("{kind}: {count}", kind=kind, count=under)


def desk_card() -> Card:
    """What stands for the queue where a Home tab is put together: the main store knows nothing of what is in it."""
    return Card(
        say("Whispers"),
        (say("The queue opens in a window."),),
        buttons=(_QUEUE_BUTTON,),
    )


def home_card(lines: tuple[tuple[str, str, str, str, str, bool], ...], *, no_key: bool = False) -> Card:
    """The queue on a reader's Home tab: how many are open, and the first few, urgent and old ones first; no content.

    Takes what `queue_card` takes, of whispers that are open and whose card has gone out; `no_key` says that the desk is
    locked and this reader has no passphrase yet.
    """
    if no_key:
        return Card(say("Whispers"), (say("Open the queue to choose your passphrase."),), buttons=(_QUEUE_BUTTON,))
    if not lines:
        return Card(say("Whispers"), (say("No whisper waits for you."),), buttons=(_QUEUE_BUTTON,))
    urgent, unread = (sum(1 for line in lines if line[at] == what) for at, what in ((5, True), (2, "received")))
    counts = (
        say_n("{count} is open.", "{count} are open.", len(lines)),
        *((say_n("{count} of them is urgent.", "{count} of them are urgent.", urgent),) if urgent else ()),
        *((say_n("{count} is not opened yet.", "{count} are not opened yet.", unread),) if unread else ()),
    )
    shown = queue_card(lines[:HOME_MOST])
    return Card(shown.title, (*counts, *shown.lines), buttons=(_QUEUE_BUTTON, *shown.buttons))


def line_of_turn(by: str, what: str, words: str) -> Phrase:
    """Say who did what in a turn of a whisper; the words follow, but of "helped" and "lost" there are none.

    `by` is "reporter" or a lead's name; `what` is words, photo, helped, reply, question, note or lost.
    """
    who = say("The writer") if by == "reporter" else verbatim(by)
    if what == "helped":
        return say("The writer says: this helped.") if words == "y" else say("The writer says: this did not help.")
    if what == "lost":
        return say("One part of this cannot be opened any more.")
    lines = {
        "photo": say("{who} sent a photo.", who=who),
        "question": say("{who} asked:", who=who),
        "note": say("{who} noted, for readers alone:", who=who),
    }
    return lines.get(what, say("{who}:", who=who))
