"""The pictures for the head as plans: what stands where, in the reader's words; drawn by `bot.school_pictures`.

A plan is plain data, so that it can be handed to another process.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from bot import text
from bot.slack.blocks import Reader, cut
from conversations import staff_school
from conversations.model import Phrase
from scheduling.school_view import SchoolView, WaveTotals

LATEST = 4
# Slack keeps no more of a description.
ALT_LENGTH = 1_000
# From the top: how things are, then the four factors.
ROWS = (4, 0, 1, 2, 3)
Plan = dict[str, Any]


@dataclass(frozen=True)
class PlannedPicture:
    """One picture to be drawn: its file's name, its title, what it shows for who cannot see it, and its plan."""

    name: str
    title: str
    told: str
    plan: Plan


def pictures(view: SchoolView, reader: Reader) -> tuple[PlannedPicture, ...]:
    """Plan the pictures of a school's year: the school at a glance, trends, how many answer, and nudges."""
    return (_glance(view, reader), _trends(view, reader), _answering(view, reader), _nudges(view, reader))


def message(view: SchoolView, reader: Reader) -> str:
    """The words beside the pictures."""
    count = view.nudges[-1][-1] if view.nudges else 0
    lines = (
        staff_school.title(),
        staff_school.response_line(_percent([wave.answered for wave in view.whole[-LATEST:]])),
        staff_school.nudge_line(count),
        *staff_school.how_to_read(),
    )
    return "\n".join(reader.words(line) for line in lines)


def _glance(view: SchoolView, reader: Reader) -> PlannedPicture:
    words = {key: reader.words(phrase) for key, phrase in staff_school.glance_words().items()}
    names = staff_school.series_names()
    now = [_percent(_values(view.whole[-LATEST:], series)) for series in ROWS]
    plan = {
        "kind": "glance",
        "words": words,
        "days": [_day(wave, reader) for wave in view.waves],
        "rows": [reader.words(name) for name in names],
        "school": [_points(view.whole, series) for series in ROWS],
        "now": now,
    }
    told = staff_school.glance_told([(name, its) for name, its in zip(names, now, strict=True) if its is not None])
    return _picture("school.png", words["title"], told, plan, reader)


def _trends(view: SchoolView, reader: Reader) -> PlannedPicture:
    words = {key: reader.words(phrase) for key, phrase in staff_school.trend_words().items()}
    names = staff_school.series_names()
    latest = [
        (
            name,
            [
                (staff_school.year_name(year), percent)
                for year in view.years
                if (percent := _percent(_values(view.by_year[year][-LATEST:], series))) is not None
            ],
        )
        for name, series in zip(names, ROWS, strict=True)
    ]
    plan = {
        "kind": "trends",
        "words": words,
        **_across(view, reader),
        "rows": [reader.words(name) for name in names],
        "years": [[_points(view.by_year[year], series) for year in view.years] for series in ROWS],
        "school": [_points(view.whole, series) for series in ROWS],
    }
    return _picture("trends.png", words["title"], staff_school.trends_told(latest), plan, reader)


def _answering(view: SchoolView, reader: Reader) -> PlannedPicture:
    words = {key: reader.words(phrase) for key, phrase in staff_school.answering_words().items()}
    latest = [
        (name, percent)
        for name, waves in (
            *((staff_school.year_name(year), view.by_year[year]) for year in view.years),
            (staff_school.whole_school(), view.whole),
        )
        if (percent := _percent([wave.answered for wave in waves[-LATEST:]])) is not None
    ]
    plan = {
        "kind": "answering",
        "words": words,
        **_across(view, reader),
        "years": [[wave.answered for wave in view.by_year[year]] for year in view.years],
        "school": [wave.answered for wave in view.whole],
    }
    return _picture("answering.png", words["title"], staff_school.answering_told(latest), plan, reader)


def _nudges(view: SchoolView, reader: Reader) -> PlannedPicture:
    words = {key: reader.words(phrase) for key, phrase in staff_school.nudge_words().items()}
    rows = [*map(staff_school.year_name, view.years), staff_school.whole_school()]
    plan = {
        "kind": "nudges",
        "words": words,
        "rows": [reader.words(row) for row in rows],
        "columns": [reader.words(name) for name in staff_school.became_names()],
        "counts": [list(row) for row in view.nudges],
    }
    told = staff_school.nudges_told(list(zip(rows, view.nudges, strict=True)))
    return _picture("nudges.png", words["title"], told, plan, reader)


def _picture(name: str, title: str, told: Sequence[Phrase], plan: Plan, reader: Reader) -> PlannedPicture:
    return PlannedPicture(name, title, cut(" ".join(map(reader.words, told)), ALT_LENGTH), plan)


def _across(view: SchoolView, reader: Reader) -> Plan:
    """What both pictures of weeks share: the columns, and the days of the waves with their names."""
    return {
        "columns": [reader.words(staff_school.year_name(year)) for year in view.years],
        "days": [_day(wave, reader) for wave in view.waves],
        "months": [
            [_day(wave, reader), text.month(wave, reader.language, reader.zone)]
            for wave in _each_month(view.waves, reader)
        ],
    }


def _each_month(waves: Sequence[datetime], reader: Reader) -> list[datetime]:
    """The first wave of every third month."""
    months: dict[tuple[int, int], datetime] = {}
    for wave in waves:
        local = wave.astimezone(ZoneInfo(reader.zone))
        months.setdefault((local.year, local.month), wave)
    return list(months.values())[::3]


def _day(wave: datetime, reader: Reader) -> int:
    return wave.astimezone(ZoneInfo(reader.zone)).date().toordinal()


def _points(waves: Sequence[WaveTotals], series: int) -> list[list[float] | None]:
    return [[mean.value, mean.lower, mean.upper] if (mean := wave.means[series]) else None for wave in waves]


def _values(waves: Sequence[WaveTotals], series: int) -> list[float | None]:
    return [mean.value if (mean := wave.means[series]) else None for wave in waves]


def _percent(values: Sequence[float | None]) -> int | None:
    known = [value for value in values if value is not None]
    return round(100 * sum(known) / len(known)) if known else None
