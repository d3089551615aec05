"""What the simulated year judges by: school minutes counted one day after the other.

This is a second way to the sums of `scheduling.calendar` and `scheduling.escalation`, apart from theirs on purpose.
"""

from bisect import bisect_right
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta

from scheduling.calendar import SchoolCalendar

DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)
Window = tuple[datetime, datetime]


class SchoolHours:
    """The hours of every school day of a year, in UTC, in order."""

    def __init__(self, calendar: SchoolCalendar, first: date, last: date) -> None:
        days = [first + number * DAY for number in range((last - first).days + 1)]
        self.days: list[Window] = [
            (calendar.local(day, calendar.day_start), calendar.local(day, calendar.day_end))
            for day in days
            if calendar.is_school_day(day)
        ]
        self._starts = [start for start, _ in self.days]

    def holds(self, moment: datetime) -> bool:
        """Say whether a moment is in school time; the end of a day is not."""
        number = bisect_right(self._starts, moment) - 1
        return number >= 0 and moment < self.days[number][1]

    def opens(self, moment: datetime) -> datetime | None:
        """Give the moment itself in school time, else when school next begins; None after the last day."""
        if self.holds(moment):
            return moment
        number = bisect_right(self._starts, moment)
        return self._starts[number] if number < len(self._starts) else None

    def due(self, since: datetime, minutes: int, clock: str) -> datetime | None:
        """Say when so many minutes have passed, at a moment when this clock runs; None after the last day."""
        if clock == "always":
            return since + minutes * MINUTE
        left = minutes * MINUTE
        for start, end in self.days[max(0, bisect_right(self._starts, since) - 1) :]:
            begin = max(start, since)
            if begin + left < end:
                return begin + left
            left -= max(end - begin, timedelta())
        return None


def overlap(windows: Iterable[Window], start: datetime, end: datetime) -> timedelta:
    """Add up how much of a stretch falls into windows that do not meet one another."""
    spans = (min(end, last) - max(start, first) for first, last in windows)
    return sum((span for span in spans if span > timedelta()), timedelta())


def start_of_year(year: int) -> datetime:
    """Give the morning of 1 September, before any school day of the academic year."""
    return datetime(year, 9, 1, 5, tzinfo=UTC)
