"""The fixed times at which staff hear of ordinary whispers, so that a card's time tells nothing of its writer's."""

from datetime import datetime, time, timedelta
from typing import Final

from scheduling.calendar import SchoolCalendar

SLOTS: Final = (time(8, 30), time(12, 30), time(15, 30))
# Beyond the end of a calendar a promise must still name a time.
_LOOK_AHEAD = 120


def next_slot(calendar: SchoolCalendar, now: datetime) -> datetime:
    """Say when the next cards go out, in the school's time; strictly after `now` (aware)."""
    day = calendar.local_date(now)
    for _ in range(_LOOK_AHEAD):
        if calendar.is_school_day(day):
            for slot in SLOTS:
                moment = calendar.local(day, slot)
                if moment > now:
                    return moment
        day += timedelta(days=1)
    return calendar.local(calendar.local_date(now) + timedelta(days=1), SLOTS[0])


def last_slot(calendar: SchoolCalendar, now: datetime) -> datetime | None:
    """Say when cards last went out, at `now` or before; None when that is longer ago than a long holiday."""
    day = calendar.local_date(now)
    for _ in range(_LOOK_AHEAD):
        if calendar.is_school_day(day):
            for slot in reversed(SLOTS):
                moment = calendar.local(day, slot)
                if moment <= now:
                    return moment
        day -= timedelta(days=1)
    return None
