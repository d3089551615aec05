"""Did acting help? The head's card, in words that a governor can follow; numbers come with their limits beside them."""

from __future__ import annotations

from dataclasses import dataclass

from conversations.cards import Card
from conversations.model import Phrase, say, say_n


@dataclass(frozen=True)
class Found:
    """A comparison: `pairs`, shares in per cent that were better with and without, the difference in SD with its 95 %
    interval (`lower`, `upper`)."""

    pairs: int
    improved: int
    of_itself: int
    difference: float
    lower: float
    upper: float


def impact_card(flagged: int, fewest: int, matched: Found | None, drawn: Found | None, *, draws: bool) -> Card:
    """The card: nudges taken beside like ones that were not, and the draw where the school has agreed to one.

    `flagged` is how many flags are old enough, `fewest` how many pairs are needed for anything to be said.
    """
    lines = [*_matched(flagged, fewest, matched), *_drawn(fewest, drawn, draws=draws)]
    return Card(say("Did acting help?"), tuple(lines), say("How this is worked out: docs/impact.md, for governors."))


def _matched(flagged: int, fewest: int, found: Found | None) -> list[Phrase]:
    if found is None:
        return [
            say_n(
                "Too little to go by yet: {count} nudge is eight weeks old. It takes {fewest} pairs of like pupils.",
                "Too little to go by yet: {count} nudges are eight weeks old. It takes {fewest} pairs of like pupils.",
                flagged,
                fewest=fewest,
            )
        ]
    return [
        say_n(
            "{count} pupil whose nudge somebody took, beside a like pupil whose nudge nobody took.",
            "{count} pupils whose nudge somebody took, each beside a like pupil whose nudge nobody took.",
            found.pairs,
        ),
        say(
            "Eight weeks later {improved} per cent of the first were better. Of the second it was {of_itself}: so many "
            "get better by themselves after a bad week, and nobody should take credit for that part.",
            improved=found.improved,
            of_itself=found.of_itself,
        ),
        _difference(found),
        say("This is an observation. Who takes a nudge may know what no number holds."),
    ]


def _drawn(fewest: int, found: Found | None, *, draws: bool) -> list[Phrase]:
    if found is None:
        if not draws:
            return []
        return [
            say("The order among near ties is drawn. At least {fewest} pupils on each side are needed.", fewest=fewest)
        ]
    return [
        say(
            "By the draw: of those nudged about at once {improved} per cent were better four weeks later, of those who "
            "waited {of_itself}. Chance alone decided who came first, so this comparison is sound.",
            improved=found.improved,
            of_itself=found.of_itself,
        ),
        _difference(found),
    ]


def _difference(found: Found) -> Phrase:
    numbers = {name: f"{getattr(found, name):+.2f}" for name in ("difference", "lower", "upper")}
    if found.lower > 0:
        return say("The difference is {difference} SD ({lower} to {upper}): better than chance would do.", **numbers)
    if found.upper < 0:
        return say("The difference is {difference} SD ({lower} to {upper}): worse than chance would do.", **numbers)
    return say("The difference is {difference} SD ({lower} to {upper}): no more than chance could do.", **numbers)
