"""The sample school's calendar: terms of an English school for any year, worked out by rule and plainly fictional.

No list of dates is kept. The rules give what English schools commonly choose: a start in the first days of September,
half-terms in the last full week of October, in mid-February and around the spring bank holiday, a fortnight around
Christmas and another near Easter, five INSET days, and an end in July once pupils have had their 190 days.
"""

from datetime import date, time, timedelta

from scheduling.bank_holidays import bank_holidays
from scheduling.calendar import FIRST_YEAR, LAST_YEAR, CalendarError, Closure, SchoolCalendar, Term

_WEEK = timedelta(weeks=1)
_PUPIL_DAYS = 190


def sample_calendar(year: int, years: int = 1) -> SchoolCalendar:
    """The sample school's calendar for the academic year that starts in September of `year`, and those that follow.

    `year` from 1900, `years` from 1, the last of them ending by 2100: the years whose bank holidays are known. Outside
    of those it raises `CalendarError`. Each academic year has three terms, three half-terms, five INSET days and 190
    days for pupils.
    """
    if years < 1 or year < FIRST_YEAR or year + years > LAST_YEAR:
        raise CalendarError(f"The sample calendar covers whole academic years from {FIRST_YEAR} to {LAST_YEAR}.")
    terms: list[Term] = []
    closures: list[Closure] = []
    for start in range(year, year + years):
        some_terms, some_closures = _academic_year(start)
        terms += some_terms
        closures += some_closures
    return SchoolCalendar(
        zone="Europe/London",
        nation="ENG",
        terms=tuple(terms),
        closures=tuple(closures),
        day_start=time(8, 30),
        day_end=time(15, 30),
        quiet_from=time(20, 0),
        quiet_until=time(7, 30),
        quiet_weekends=True,
    )


def _academic_year(year: int) -> tuple[list[Term], list[Closure]]:
    easter_break = _easter_break(year + 1)
    autumn_first = _open_day(max(_monday_by(date(year, 9, 4)), date(year, 9, 1)))
    autumn_last = _open_day(_monday_by(date(year, 12, 22) - timedelta(days=4)) + timedelta(days=4), -1)
    spring_first = _open_day(_monday_by(date(year + 1, 1, 9)))
    spring_last = _open_day(easter_break - timedelta(days=1), -1)
    summer_first = _open_day(easter_break + 2 * _WEEK)
    october = _monday_by(date(year, 10, 27))
    february = _monday_by(date(year + 1, 2, 19))
    may = _monday_by(date(year + 1, 5, 31))
    closures = [
        *(_half_term(name, monday) for name, monday in (("Autumn", october), ("Spring", february), ("Summer", may))),
        _inset(autumn_first),
        _inset(_open_day(autumn_first + timedelta(days=1))),
        _inset(october - timedelta(days=3)),
        _inset(spring_first),
        _inset(_open_day(may + _WEEK)),
    ]
    # The last day is counted, not chosen: the calendar itself says when the pupils' days are complete.
    drafts = [
        Term(f"Autumn term {year}", autumn_first, autumn_last),
        Term(f"Spring term {year + 1}", spring_first, spring_last),
        Term(f"Summer term {year + 1}", summer_first, date(year + 1, 8, 31)),
    ]
    draft = SchoolCalendar(zone="Europe/London", nation="ENG", terms=tuple(drafts), closures=tuple(closures))
    last = autumn_first
    for _ in range(_PUPIL_DAYS):
        last = draft.next_school_day(last) or last
    return [*drafts[:2], Term(drafts[2].name, summer_first, last)], closures


def _monday_by(day: date) -> date:
    """The last Monday up to and including a day."""
    return day - timedelta(days=day.weekday())


def _open_day(day: date, step: int = 1) -> date:
    """The first day, from a day on (or back, with a step of -1), that is neither a weekend nor a bank holiday."""
    while day.weekday() >= 5 or day in bank_holidays("ENG", day.year):
        day += timedelta(days=step)
    return day


def _half_term(season: str, monday: date) -> Closure:
    return Closure(f"{season} half-term", monday, monday + timedelta(days=4), "half_term")


def _inset(day: date) -> Closure:
    return Closure("INSET day", day, day, "inset")


def _easter_break(year: int) -> date:
    """The Monday of the week before Easter, or the nearest Monday to it from 27 March to 14 April.

    A fortnight's holiday begins then. A very early or late Easter falls outside of it, as it does where authorities
    keep to the first weeks of April; Good Friday and Easter Monday are then bank holidays within a term.
    """
    earliest = _monday_by(date(year, 3, 27) + timedelta(days=6))
    latest = _monday_by(date(year, 4, 14))
    return min(max(_easter(year) - timedelta(days=6), earliest), latest)


def _easter(year: int) -> date:
    """Easter Sunday by the Gregorian computus (the anonymous method printed in Nature in 1876)."""
    golden = year % 19
    century, rest = divmod(year, 100)
    moon = (19 * golden + century - century // 4 - (century - (century + 8) // 25 + 1) // 3 + 15) % 30
    sunday = (32 + 2 * (century % 4) + 2 * (rest // 4) - moon - rest % 4) % 7
    late = (golden + 11 * moon + 22 * sunday) // 451
    month, day = divmod(moon + sunday - 7 * late + 114, 31)
    return date(year, month, day + 1)
