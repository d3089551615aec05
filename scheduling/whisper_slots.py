"""The fixed times at which staff hear of ordinary whispers, so that a card's time tells nothing of its writer's."""

from datetime import date, datetime, time, timedelta
from typing import Final

from scheduling.calendar import SchoolCalendar

SLOTS: Final = (time(8, 30), time(12, 30), time(15, 30))
_LOOK_BACK = 120


def next_slot(calendar: SchoolCalendar, now: datetime) -> datetime:
    """Say when the next cards go out, in the school's time; strictly after `now` (aware)."""
    day = calendar.local_date(now)
    while True:
        if _has_cards(calendar, day):
            for slot in SLOTS:
                moment = calendar.local(day, slot)
                if moment > now:
                    return moment
        day = calendar.next_school_day(day) or day + timedelta(days=1)


def last_slot(calendar: SchoolCalendar, now: datetime) -> datetime | None:
    """Say when cards last went out, at `now` or before; None when that is longer ago than a long holiday."""
    day = calendar.local_date(now)
    for _ in range(_LOOK_BACK):
        if _has_cards(calendar, day):
            for slot in reversed(SLOTS):
                moment = calendar.local(day, slot)
                if moment <= now:
                    return moment
        day -= timedelta(days=1)
    return None


def _has_cards(calendar: SchoolCalendar, day: date) -> bool:
    """Say whether cards go out on a day: a school day, or, past the end of the calendar, a weekday.

    What waits must not wait for somebody to enter term dates.
    """
    return calendar.is_school_day(day) or (day.weekday() < 5 and calendar.next_school_day(day) is None)
