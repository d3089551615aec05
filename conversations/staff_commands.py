"""What staff may type after /earshot, and the words of the answer to what is not known."""

from __future__ import annotations

from conversations.card import Card
from conversations.model import Phrase, say

COMMANDS: dict[str, Phrase] = {
    "home": say("/earshot home: all that your Home tab shows"),
    "nudges": say("/earshot nudges: nudges to decide, and those you took"),
    "plans": say("/earshot plans: your plans for groups"),
    "group": say("/earshot group: how far your groups have answered; /earshot group 7B for one"),
    "waiting": say("/earshot waiting: requests to you; for leads all, and how many cases are open and overdue"),
    "away": say("/earshot away until 2026-12-04: you are away from today to that day; /earshot away shows who is"),
    "back": say("/earshot back: you are here again"),
    "meet": say("/earshot meet: your one-to-ones of this term"),
    "help": say("/earshot help: this list"),
}
"""Every word that is known, and what it does."""


def help_card(unknown: str = "") -> Card:
    """The list of what can be typed; `unknown` is a word that is not in it."""
    above = (say("“{word}” is not known here.", word=unknown),) if unknown else ()
    note = say("Only you see the answer. Buttons in it do what they do on a card.")
    return Card(say("What you can type"), (*above, *COMMANDS.values()), note)


def page_card(typed: str, page: int, last: int, other: int) -> Card:
    """Which page of an answer this is, and what to type for another; pages count from 1."""
    line = say("Page {other}: /earshot {typed} page {other}", typed=typed, other=other)
    return Card(say("Page {page} of {last}", page=page, last=last), (line,))


def nothing_card() -> Card:
    """The answer when there is nothing to show."""
    return Card(say("Nothing here"), (say("Nothing of that kind is yours to see just now."),))
