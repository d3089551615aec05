"""What happens in the simulated year, drawn from its seed before it begins: nudges, requests, dangers and faults."""

import random
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from benchmarks.year_clock import DAY, Window

# Nudges come of the nightly pass, before school; so does the head's decision on a snow day.
EARLY = timedelta(minutes=90)
# Days of quiet at the end, in which what was begun climbs to its top or finds an owner.
QUIET_DAYS = 12
OUTAGES = (7, 25, 60, 95)


@dataclass(frozen=True)
class Plan:
    """How much happens in the year; `sick_days` is each member of staff's, `reported` the share of them noted."""

    nudges: int = 180
    requests: int = 110
    dangers: int = 14
    outages: int = 14
    restarts: int = 40
    sick_days: int = 6
    reported: float = 0.7


@dataclass(frozen=True)
class Drawn:
    """When it happens; windows of one network do not meet one another."""

    nudges: list[datetime]
    requests: list[datetime]
    dangers: list[datetime]
    restarts: list[datetime]
    slack_out: list[Window]
    telegram_out: list[Window]
    snow: datetime | None


def draw(plan: Plan, days: list[Window], chance: random.Random) -> Drawn:
    """Draw the year's events over its school days, given by their hours."""
    busy = days[:-QUIET_DAYS]
    whole = (busy[0][0], busy[-1][1])
    slack: list[Window] = []
    telegram: list[Window] = []
    for number in range(plan.outages):
        start = _within(chance.choice(busy), chance)
        window, out = (start, start + timedelta(minutes=chance.choice(OUTAGES))), slack if number % 3 else telegram
        if not any(window[0] < last and first < window[1] for first, last in out):
            out.append(window)
    return Drawn(
        # Some nudges come of a check-in just finished.
        nudges=[
            _within(day, chance) if number % 3 == 0 else day[0] - EARLY
            for number, day in enumerate(chance.choices(busy, k=plan.nudges))
        ],
        requests=[_awake(day, chance) for day in chance.choices(busy, k=plan.requests)],
        dangers=[_within(whole, chance) for _ in range(plan.dangers)],
        restarts=[
            _within(chance.choice(busy) if chance.random() < 0.7 else whole, chance) for _ in range(plan.restarts)
        ],
        slack_out=slack,
        telegram_out=telegram,
        snow=next((start - EARLY for start, _ in busy if start.month == 1 and start.weekday() == 2), None),
    )


def _within(window: Window, chance: random.Random) -> datetime:
    return window[0] + chance.random() * (window[1] - window[0])


def _awake(day: Window, chance: random.Random) -> datetime:
    """A moment when a pupil may ask: mostly in school, some in the evening or at a weekend."""
    if chance.random() < 0.75:
        return _within(day, chance)
    date = day[0].date() + chance.randrange(7) * DAY
    start, end = (datetime.combine(date, at, tzinfo=UTC) for at in (time(8), time(21)))
    return _within((start, end), chance)
