"""The school calendar: which days are school days, which minutes are school time, and when the school wants quiet.

Everything here is pure. A moment is always an argument and always an aware datetime; a naive one is refused with a
`ValueError`. Moments handed back are in UTC; days and times of day are the school's own. A calendar knows only the
terms it was given: past the last of them there is no next school day, and the methods say so with `None`. Bank holidays
come from the `holidays` library, one year at a time, and are kept for the life of the process.
"""

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from typing import Final, Literal, Self, cast, get_args
from zoneinfo import ZoneInfo

from scheduling.bank_holidays import HOME_NATIONS, bank_holidays, countries

ClosureKind = Literal["half_term", "inset", "closed"]
WhyClosed = Literal["weekend", "bank_holiday", "half_term", "inset", "closed", "between_terms"]

CLOSURE_KINDS: Final[tuple[ClosureKind, ...]] = get_args(ClosureKind)
FIRST_YEAR: Final = 1900
LAST_YEAR: Final = 2100
"""The years for which bank holidays of the home nations are known."""
NAME_LENGTH: Final = 120
"""Longest name of a term or closure, in characters."""

_DAY: Final = timedelta(days=1)
_LONGEST: Final = timedelta(days=366)
_SATURDAY: Final = 5


class CalendarError(ValueError):
    """A calendar that cannot be used; its text is one sentence that says what to mend."""


@dataclass(frozen=True)
class Term:
    """A stretch of days in which the school is open, both ends included."""

    name: str
    first: date
    last: date

    def __post_init__(self) -> None:
        _check_stretch("term", self.name, self.first, self.last)


@dataclass(frozen=True)
class Closure:
    """A stretch of days without school, both ends included; it may lie in a term, across its edge, or outside."""

    name: str
    first: date
    last: date
    kind: ClosureKind

    def __post_init__(self) -> None:
        _check_stretch("closure", self.name, self.first, self.last)
        if self.kind not in CLOSURE_KINDS:
            raise CalendarError(f"The closure “{self.name}” needs a kind: {', '.join(CLOSURE_KINDS)}.")

    @classmethod
    def by_hand(cls, day: date) -> Self:
        """The closure of one day that somebody at school closed, for snow say; no list of term dates knows of it."""
        return cls("Closed", day, day, "closed")


@dataclass(frozen=True)
class SchoolCalendar:
    """A school's days and hours.

    `zone` is an IANA name. `nation` is ENG, WLS, SCT or NIR, or the two letters of a country (IE). Times of day are
    whole minutes of the school's own clock. Quiet hours run from `quiet_from` up to, but not including, `quiet_until`,
    on the next day when `quiet_until` is the earlier of the two; equal times mean no quiet hours. `quiet_weekends`
    makes all of Saturday and Sunday quiet. Terms and closures are kept in order of date whatever order they come in.
    Anything contradictory raises `CalendarError`.
    """

    zone: str
    nation: str
    terms: tuple[Term, ...] = ()
    closures: tuple[Closure, ...] = ()
    day_start: time = time(8, 30)
    day_end: time = time(15, 30)
    quiet_from: time = time(20, 0)
    quiet_until: time = time(7, 30)
    quiet_weekends: bool = True

    def __post_init__(self) -> None:
        _check_zone(self.zone)
        _check_nation(self.nation)
        for name in ("day_start", "day_end", "quiet_from", "quiet_until"):
            _check_time(name, getattr(self, name))
        if self.day_start >= self.day_end:
            raise CalendarError("The school day ends before it begins; give day_start and day_end in order.")
        # A frozen dataclass is set this way in its own __post_init__; the order is what bisect and the walks rely on.
        object.__setattr__(self, "terms", tuple(sorted(self.terms, key=lambda term: (term.first, term.last))))
        object.__setattr__(
            self, "closures", tuple(sorted(self.closures, key=lambda c: (c.first, c.last, c.kind, c.name)))
        )
        for earlier, later in zip(self.terms, self.terms[1:], strict=False):
            if later.first <= earlier.last:
                raise CalendarError(
                    f"The terms “{earlier.name}” and “{later.name}” overlap on {later.first.isoformat()}."
                )

    # Days

    def why_closed(self, day: date) -> WhyClosed | None:
        """Say why a day is not a school day, or None when it is one.

        Where several reasons hold, the first of: weekend, bank_holiday, half_term, inset, closed, between_terms.
        """
        if day.weekday() >= _SATURDAY:
            return "weekend"
        if day in bank_holidays(self.nation, day.year):
            return "bank_holiday"
        if (kind := self._closed_days.get(day)) is not None:
            return kind
        return None if self.has_current_term(day) else "between_terms"

    def is_school_day(self, day: date) -> bool:
        """Whether pupils are in school on a day."""
        return self.why_closed(day) is None

    def next_school_day(self, day: date) -> date | None:
        """The first school day strictly after a day, or None when the calendar runs out."""
        return next((found for found in self._school_days_from(day) if found > day), None)

    def previous_school_day(self, day: date) -> date | None:
        """The last school day strictly before a day, or None when the calendar knows of none."""
        for term in reversed(self.terms):
            found = min(term.last, day)
            while found >= term.first:
                if found < day and self.is_school_day(found):
                    return found
                found -= _DAY
        return None

    def term_of(self, day: date) -> Term | None:
        """The term a day lies in, weekends and closures within it included, or None between terms."""
        index = bisect_right(self.terms, day, key=lambda term: term.first) - 1
        return self.terms[index] if index >= 0 and day <= self.terms[index].last else None

    def has_current_term(self, day: date) -> bool:
        """Whether a day lies in a term; False in the holidays, whether or not a later term is known."""
        return self.term_of(day) is not None

    # Moments

    def local(self, day: date, at: time) -> datetime:
        """The moment, in UTC, at which the school's clock shows a time of day.

        A time shown twice, when clocks go back, is the first of the two. A time never shown, when clocks go forward, is
        the moment of the change. So a later time of the same day is never an earlier moment.
        """
        if at.tzinfo is not None:
            raise ValueError("A time of day is the school's own and carries no time zone.")
        wall = datetime.combine(day, at.replace(fold=0))
        moment = wall.replace(tzinfo=self._zone).astimezone(UTC)
        if moment.astimezone(self._zone).replace(tzinfo=None) == wall:
            return moment
        # Never shown: read with the clock of after the change it falls before it, and the other way round.
        before = int(wall.replace(tzinfo=self._zone, fold=1).timestamp())
        after = int(moment.timestamp())
        offset = self._offset(before)
        while after - before > 1:
            middle = (before + after) // 2
            before, after = (middle, after) if self._offset(middle) == offset else (before, middle)
        return datetime.fromtimestamp(after, UTC)

    def local_date(self, now: datetime) -> date:
        """The date the school's calendar shows at a moment."""
        return aware(now).astimezone(self._zone).date()

    def in_school_time(self, now: datetime) -> bool:
        """Whether a moment lies in the hours of a school day; its first moment counts, its last does not."""
        day = self.local_date(now)
        start, end = self._hours(day)
        return self.is_school_day(day) and start <= now < end

    def is_quiet(self, now: datetime) -> bool:
        """Whether a moment lies in quiet hours; their first moment counts, their last does not."""
        return any(start <= now < end for start, end in self._quiet_around(self.local_date(now)))

    def quiet_ends(self, now: datetime) -> datetime:
        """The first moment, from `now` on, outside quiet hours: `now` itself, in UTC, when it is not quiet."""
        moment = aware(now).astimezone(UTC)
        while True:
            ends = [end for start, end in self._quiet_around(self.local_date(moment)) if start <= moment < end]
            if not ends:
                return moment
            moment = max(ends)

    def add_school_minutes(self, now: datetime, minutes: int) -> datetime | None:
        """The earliest moment by which a number of minutes of school time has passed, in UTC.

        Zero minutes is `now` itself, in school time or not. Minutes used up exactly at the end of a school day end
        there, not on the next. None when the calendar runs out first; `ValueError` for fewer than none.
        """
        if minutes < 0:
            raise ValueError("School minutes are counted forwards: give 0 or more.")
        moment = aware(now).astimezone(UTC)
        left = timedelta(minutes=minutes)
        if not left:
            return moment
        for day in self._school_days_from(self.local_date(moment)):
            start, end = self._hours(day)
            start = max(start, moment)
            if start + left <= end:
                return start + left
            left -= max(end - start, timedelta())
        return None

    def school_minutes_between(self, a: datetime, b: datetime) -> int:
        """The whole minutes of school time from `a` to `b`; 0 when `b` is not after `a`."""
        aware(b)
        total = timedelta()
        for day in self._school_days_from(self.local_date(a)):
            start, end = self._hours(day)
            if start >= b:
                break
            total += max(min(end, b) - max(start, a), timedelta())
        return total // timedelta(minutes=1)

    # Plain data

    def to_json(self) -> dict[str, object]:
        """The calendar as plain data: strings, lists and one flag; dates as YYYY-MM-DD, times as HH:MM."""
        return {
            "zone": self.zone,
            "nation": self.nation,
            "day_start": self.day_start.isoformat("minutes"),
            "day_end": self.day_end.isoformat("minutes"),
            "quiet_from": self.quiet_from.isoformat("minutes"),
            "quiet_until": self.quiet_until.isoformat("minutes"),
            "quiet_weekends": self.quiet_weekends,
            "terms": [{"name": t.name, "first": t.first.isoformat(), "last": t.last.isoformat()} for t in self.terms],
            "closures": [
                {"name": c.name, "first": c.first.isoformat(), "last": c.last.isoformat(), "kind": c.kind}
                for c in self.closures
            ],
        }

    @classmethod
    def from_json(cls, data: object) -> Self:
        """Read what `to_json` wrote, all of its fields and no others, or say in a `CalendarError` what is wrong."""
        book = _fields_of(data, "The calendar", {field.name for field in fields(cls)})
        terms = [_fields_of(row, "A term", {"name", "first", "last"}) for row in _rows(book, "terms")]
        closures = [_fields_of(row, "A closure", {"name", "first", "last", "kind"}) for row in _rows(book, "closures")]
        if not isinstance(book["quiet_weekends"], bool):
            raise CalendarError("The calendar's “quiet_weekends” is true or false.")
        return cls(
            zone=_text(book, "zone"),
            nation=_text(book, "nation"),
            terms=tuple(Term(_text(row, "name"), _date(row, "first"), _date(row, "last")) for row in terms),
            closures=tuple(
                Closure(
                    _text(row, "name"), _date(row, "first"), _date(row, "last"), cast(ClosureKind, _text(row, "kind"))
                )
                for row in closures
            ),
            day_start=_time(book, "day_start"),
            day_end=_time(book, "day_end"),
            quiet_from=_time(book, "quiet_from"),
            quiet_until=_time(book, "quiet_until"),
            quiet_weekends=book["quiet_weekends"],
        )

    # Inside

    @cached_property
    def _zone(self) -> ZoneInfo:
        return ZoneInfo(self.zone)

    @cached_property
    def _closed_days(self) -> Mapping[date, ClosureKind]:
        days: dict[date, ClosureKind] = {}
        # The kind named first wins a day, so it is written last.
        for closure in sorted(self.closures, key=lambda c: CLOSURE_KINDS.index(c.kind), reverse=True):
            for offset in range((closure.last - closure.first).days + 1):
                days[closure.first + offset * _DAY] = closure.kind
        return days

    def _offset(self, seconds: int) -> timedelta | None:
        return datetime.fromtimestamp(seconds, self._zone).utcoffset()

    def _hours(self, day: date) -> tuple[datetime, datetime]:
        return self.local(day, self.day_start), self.local(day, self.day_end)

    def _school_days_from(self, day: date) -> Iterator[date]:
        """School days from a day on, in order, stepping over the holidays between terms at once."""
        for term in self.terms[max(bisect_right(self.terms, day, key=lambda term: term.first) - 1, 0) :]:
            found = max(day, term.first)
            while found <= term.last:
                if self.is_school_day(found):
                    yield found
                found += _DAY

    def _quiet_around(self, day: date) -> Iterator[tuple[datetime, datetime]]:
        """Every quiet stretch that may hold a moment of a day."""
        if self.quiet_from != self.quiet_until:
            for evening in (day - _DAY, day):
                morning = evening if self.quiet_from < self.quiet_until else evening + _DAY
                yield self.local(evening, self.quiet_from), self.local(morning, self.quiet_until)
        if self.quiet_weekends and day.weekday() >= _SATURDAY:
            saturday = day - (day.weekday() - _SATURDAY) * _DAY
            yield self.local(saturday, time.min), self.local(saturday + 2 * _DAY, time.min)


def aware(moment: datetime) -> datetime:
    """Hand a moment back as it is, or refuse one without a time zone with a `ValueError`."""
    if moment.utcoffset() is None:
        raise ValueError("A moment needs its time zone: give an aware datetime, such as datetime.now(UTC).")
    return moment


def _check_stretch(what: str, name: object, first: date, last: date) -> None:
    if not isinstance(name, str) or not name.strip() or len(name) > NAME_LENGTH or not name.isprintable():
        raise CalendarError(f"The {what} of {first} needs a name of one line and at most {NAME_LENGTH} characters.")
    if last < first:
        raise CalendarError(f"The {what} “{name}” ends on {last}, before it begins on {first}.")
    if last - first > _LONGEST:
        raise CalendarError(f"The {what} “{name}” lasts longer than a year; check its dates.")
    if first.year < FIRST_YEAR or last.year > LAST_YEAR:
        raise CalendarError(f"The {what} “{name}” lies outside the years {FIRST_YEAR} to {LAST_YEAR}.")


def _check_zone(zone: object) -> None:
    try:
        ZoneInfo(cast(str, zone))
    except (LookupError, ValueError, OSError, TypeError):
        raise CalendarError(f"The time zone {zone!r:.60} is unknown; use a name such as Europe/London.") from None


def _check_nation(nation: object) -> None:
    if nation not in HOME_NATIONS and nation not in countries():
        raise CalendarError(
            f"The nation {nation!r:.20} is unknown; use ENG, WLS, SCT or NIR, or a country's two letters such as IE."
        )


def _check_time(name: str, at: time) -> None:
    if at.tzinfo is not None or at.second or at.microsecond:
        raise CalendarError(f"The time {name} is the school's own, in whole minutes, such as 08:30.")


def _fields_of(data: object, what: str, names: set[str]) -> dict[str, object]:
    if not isinstance(data, dict):
        raise CalendarError(f"{what} is a set of named fields: {', '.join(sorted(names))}.")
    for name in sorted(names - data.keys()):
        raise CalendarError(f"{what} has no “{name}”; add it.")
    for name in sorted(str(key) for key in data.keys() - names):
        raise CalendarError(f"{what} has a field “{name:.40}” that is not known; take it out.")
    return data


def _rows(book: dict[str, object], name: str) -> list[object]:
    rows = book[name]
    if not isinstance(rows, list):
        raise CalendarError(f"The calendar's “{name}” is a list.")
    return rows


def _text(row: dict[str, object], name: str) -> str:
    value = row[name]
    if not isinstance(value, str):
        raise CalendarError(f"The field “{name}” is text, not {value!r:.40}.")
    return value


def _date(row: dict[str, object], name: str) -> date:
    try:
        return date.fromisoformat(_text(row, name))
    except ValueError:
        raise CalendarError(f"The date “{name}” is written YYYY-MM-DD, not {row[name]!r:.40}.") from None


def _time(row: dict[str, object], name: str) -> time:
    try:
        return time.fromisoformat(_text(row, name))
    except ValueError:
        raise CalendarError(f"The time “{name}” is written HH:MM, not {row[name]!r:.40}.") from None
