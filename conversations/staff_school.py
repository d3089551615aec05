"""What the head reads of the whole school: the words in its pictures, and those beside them. No pupil is in any."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from conversations.cards import Card
from conversations.model import Phrase, say, say_n, verbatim
from conversations.reasons import factor_name

HOW_THINGS_ARE = 4


def on_its_way_card() -> Card:
    """Shown at once after a press: what was asked for comes as a message."""
    return Card(say("On its way"), (say("It is being put together, and comes as a message from Earshot in a minute."),))


def not_made_card() -> Card:
    """The message that comes instead when it could not be put together."""
    return Card(
        say("It could not be put together"),
        (say("Nothing was changed. Please press the button on the Home tab again in a few minutes."),),
    )


def nothing_yet_card() -> Card:
    """The message that comes instead while there is nothing to show."""
    return Card(
        say("Nothing to show yet"), (say("The pictures begin when the first check-in has been closed for an hour."),)
    )


def title() -> Phrase:
    """The first words of the message with the pictures."""
    return say("The last twelve months in pictures.")


def how_to_read() -> tuple[Phrase, ...]:
    """What has to be said beside the pictures."""
    return (
        say("They show averages of answers, of ten pupils or more each, and never one pupil."),
        say("A line that moves is a reason to ask, not a finding: who answers changes from week to week too."),
        say("Either end of the four factors can be right for a pupil. No figure here is a national one."),
    )


def year_name(year: int) -> Phrase:
    """Name a year group."""
    return say("Year {year}", year=str(year))


def whole_school() -> Phrase:
    return say("Whole school")


def series_names() -> tuple[Phrase, ...]:
    """The rows of the trends from the top: how things are, then the four factors."""
    return (factor_name(HOW_THINGS_ARE), *(factor_name(number) for number in range(HOW_THINGS_ARE)))


def glance_words() -> Mapping[str, Phrase]:
    """The words in the first picture, the whole school at a glance."""
    return {
        "title": say("The whole school, week by week"),
        "scale": say("The number: the last four check-ins, 0 to 100"),
        "gap": say("A gap: fewer than ten pupils"),
    }


def trend_words() -> Mapping[str, Phrase]:
    """The words in the picture of trends."""
    return {
        "title": say("How year groups answer, week by week"),
        "scale": say("0 is the low end, 100 the high end"),
        "year": say("Blue: this year group, with its 95 per cent interval"),
        "school": say("Grey: the whole school"),
        "gap": say("A gap: fewer than ten pupils"),
    }


def answering_words() -> Mapping[str, Phrase]:
    """The words in the picture of how many answer."""
    return {
        "title": say("How many finish the check-in, of those it reached"),
        "year": say("Blue: this year group"),
        "school": say("Grey: the whole school"),
        "gap": say("A gap: fewer than ten pupils"),
    }


def nudge_words() -> Mapping[str, Phrase]:
    """The words in the picture of nudges."""
    return {
        "title": say("Nudges, and what became of them"),
        "kept_back": say("kept back"),
        "small": say("“Kept back”: fewer than five, or a number that would give one away"),
    }


def became_names() -> tuple[Phrase, ...]:
    """What became of nudges: the columns of their table, the last for all of them."""
    return (say("waiting"), say("taken on"), say("done"), say("not needed"), say("all"))


def glance_told(latest: Sequence[tuple[Phrase, int]]) -> tuple[Phrase, ...]:
    """Tell the first picture to who cannot see it: each series' place from 0 to 100."""
    return (
        say("Line charts of a year for the whole school, one for each series."),
        say("In the last four check-ins, from 0, the low end, to 100:"),
        say("{places}.", places=_listed(latest)),
    )


def trends_told(latest: Sequence[tuple[Phrase, Sequence[tuple[Phrase, int]]]]) -> tuple[Phrase, ...]:
    """Tell the picture of trends to who cannot see it: for each series, each year group's place from 0 to 100."""
    return (
        say("Line charts of a year, one for each year group and series."),
        say("In the last four check-ins, from 0, the low end, to 100:"),
        *(say("{series}: {places}.", series=series, places=_listed(places)) for series, places in latest),
    )


def answering_told(latest: Sequence[tuple[Phrase, int]]) -> tuple[Phrase, ...]:
    """Tell the picture of how many answer."""
    return (
        say("Line charts of a year, one for each year group."),
        say("In the last four check-ins, in per cent: {places}.", places=_listed(latest)),
    )


def nudges_told(rows: Sequence[tuple[Phrase, Sequence[int | None]]]) -> tuple[Phrase, ...]:
    """Tell the table of nudges, row by row."""
    return (
        say("A table of nudges of a year by year group."),
        *(say("{row}: {counts}.", row=row, counts=_counted(counts)) for row, counts in rows),
    )


def response_line(percent: int | None) -> Phrase:
    """How many answered lately, in one line."""
    if percent is None:
        return say("Fewer than ten pupils were reached in the last four check-ins.")
    return say("{percent} per cent finished the last four check-ins, of those they reached.", percent=percent)


def nudge_line(count: int | None) -> Phrase:
    """How many nudges there were, in one line."""
    if count is None:
        return say("How many nudges there were is kept back: fewer than five, or it would give a smaller number away.")
    return say_n("There was {count} nudge.", "There were {count} nudges.", count)


def _listed(places: Sequence[tuple[Phrase, int]]) -> Phrase:
    """Put "Year 7 61" beside its neighbours; the pairs are joined by a comma in any language."""
    pairs = [say("{name} {number}", name=name, number=str(number)) for name, number in places]
    return _joined(pairs) if pairs else say("fewer than ten pupils")


def _counted(counts: Sequence[int | None]) -> Phrase:
    kept_back = say("kept back")
    return _joined(
        [
            say("{number} {name}", number=kept_back if count is None else str(count), name=name)
            for name, count in zip(became_names(), counts, strict=True)
        ]
    )


def _joined(phrases: Sequence[Phrase]) -> Phrase:
    whole = phrases[0] if phrases else verbatim("")
    for phrase in phrases[1:]:
        whole = say("{first}, {second}", first=whole, second=phrase)
    return whole
