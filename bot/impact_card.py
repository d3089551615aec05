"""The impact card: the two comparisons worked out and put into words, for Slack and for the command line."""

from conversations.cards import Card
from conversations.staff_impact import Found, impact_card
from scheduling.outcomes import Followed
from signals.impact import FEWEST, Impact, drawn, impact


def card_of(cases: Followed, *, draws: bool) -> Card:
    """Compare, and put what was found into the card."""
    return impact_card(len(cases.nudged), FEWEST, _found(impact(cases.nudged)), _found(drawn(cases.drawn)), draws=draws)


def _found(one: Impact | None) -> Found | None:
    if one is None:
        return None
    improved, of_itself = round(100 * one.improved), round(100 * one.of_itself)
    return Found(one.pairs, improved, of_itself, one.difference, one.lower, one.upper)
