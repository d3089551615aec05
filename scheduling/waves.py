"""Waves: when a school's weekly check-in opens, is reminded of once, and closes.

Pure arithmetic over the school calendar. A wave opens on its weekday; when that is not a school day, on the next
school day of the same ISO week; when none is left in it, on the last school day before. A week without a school day has
no wave. It closes on the next school day, or the same evening when days off come first: a check-in does not lie about
over a holiday, and its tutor hears of it while it is fresh.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from scheduling.calendar import CalendarError, SchoolCalendar, aware

_DAY = timedelta(days=1)
_WEEK = timedelta(weeks=1)
_FRIDAY = 4
# A weekend with a bank holiday is four days on; what is further off is a holiday.
_LONGEST_OPEN = timedelta(days=4)


@dataclass(frozen=True)
class WaveRule:
    """A school's choice of when its weekly check-in happens.

    `weekday` counts from Monday, 0, to Friday, 4. `opens` and `closes` are times of the school's clock; closing is on
    the school day after opening, unless that is after a holiday. `remind_after` is the wait from opening to the one
    reminder. `CalendarError` when a value is out of range.
    """

    weekday: int
    opens: time
    closes: time
    remind_after: timedelta

    def __post_init__(self) -> None:
        if not 0 <= self.weekday <= _FRIDAY:
            raise CalendarError("A wave opens on a weekday from 0, Monday, to 4, Friday.")
        if self.opens.tzinfo is not None or self.closes.tzinfo is not None:
            raise CalendarError("A wave opens and closes by the school's own clock, without a time zone.")
        if self.remind_after <= timedelta():
            raise CalendarError("The reminder of a wave comes some time after it opens.")


@dataclass(frozen=True)
class WaveTimes:
    """The moments of one wave, in UTC: `opens_at` < `remind_at` < `closes_at`; no reminder when none would fit."""

    opens_at: datetime
    remind_at: datetime | None
    closes_at: datetime


def next_wave(calendar: SchoolCalendar, rule: WaveRule, after: datetime) -> WaveTimes | None:
    """The first wave that opens strictly after a moment, or None when the calendar runs out.

    A wave due to open in quiet hours opens when they end, on the same day. It closes on the next school day; when that
    is more than four days on, it closes as quiet hours begin on the day it opened (at midnight when none begin). On the
    last school day the calendar knows it closes with the school day, and there is no wave when that leaves it no time.
    The reminder waits for quiet hours to end and for pupils to be back from days off, and is left out when it would not
    come before closing. `CalendarError` when every opening would fall in quiet hours that last into the next day.
    """
    aware(after)
    overnight = calendar.quiet_until < calendar.quiet_from <= rule.opens
    if overnight:
        raise CalendarError(f"The wave would open at {rule.opens:%H:%M}, in quiet hours; choose an earlier time.")
    for day in _wave_days(calendar, rule, calendar.local_date(after)):
        opens_at = calendar.quiet_ends(calendar.local(day, rule.opens))
        closes_at = _closes_at(calendar, rule, opens_at)
        if opens_at > after and opens_at < closes_at:
            return WaveTimes(opens_at, _remind_at(calendar, rule, opens_at, closes_at), closes_at)
    return None


def _wave_days(calendar: SchoolCalendar, rule: WaveRule, today: date) -> Iterator[date]:
    """The opening day of this week's wave, and of every later week that has one."""
    monday = today - today.weekday() * _DAY
    while True:
        first = calendar.next_school_day(monday - _DAY)
        if first is None:
            return
        monday = first - first.weekday() * _DAY
        chosen = monday + rule.weekday * _DAY
        later = calendar.next_school_day(chosen - _DAY)
        if later is not None and later < monday + _WEEK:
            yield later
        else:
            # The week has a school day, the first one found, so there is one before the chosen day.
            yield calendar.previous_school_day(chosen) or first
        monday += _WEEK


def _closes_at(calendar: SchoolCalendar, rule: WaveRule, opens_at: datetime) -> datetime:
    day = calendar.local_date(opens_at)
    following = calendar.next_school_day(day)
    if following is None:
        return calendar.local(day, calendar.day_end)
    if following - day <= _LONGEST_OPEN:
        return calendar.local(following, rule.closes)
    evening = calendar.local(day, calendar.quiet_from)
    has_evening = calendar.quiet_from != calendar.quiet_until and evening > opens_at
    return evening if has_evening else calendar.local(day + _DAY, time.min)


def _remind_at(calendar: SchoolCalendar, rule: WaveRule, opens_at: datetime, closes_at: datetime) -> datetime | None:
    moment = opens_at.astimezone(UTC) + rule.remind_after
    while moment < closes_at:
        moment = calendar.quiet_ends(moment)
        day = calendar.local_date(moment)
        # Weekends are for the school to make quiet or not; any other day off is not one for a reminder.
        if calendar.why_closed(day) in (None, "weekend"):
            return moment if moment < closes_at else None
        moment = calendar.local(calendar.next_school_day(day) or day + _DAY, time.min)
    return None


def wave_now(calendar: SchoolCalendar, rule: WaveRule, now: datetime) -> WaveTimes | None:
    """A wave that opens at this very moment, or None on a day without school and in quiet hours.

    It closes when a wave opened at this moment by the rule would.
    """
    aware(now)
    day = calendar.local_date(now)
    if not calendar.is_school_day(day) or calendar.is_quiet(now):
        return None
    closes_at = _closes_at(calendar, rule, now)
    if closes_at <= now:
        return None
    return WaveTimes(now, _remind_at(calendar, rule, now, closes_at), closes_at)
