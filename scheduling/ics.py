"""Term dates as an iCalendar file: read as schools publish them, and written so that reading gives the same again.

Reading takes what it understands and lists the rest, so that a person can see what was left out before the calendar is
used. Nothing here opens a file: text goes in and text comes out. Titles may hold anything a school put in its calendar,
so they are for the installer's eyes and never for a log.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Final, cast, get_args
from uuid import NAMESPACE_URL, uuid5
from zoneinfo import ZoneInfo

from icalendar import Calendar, Component, Event
from icalendar.prop import vDDDTypes, vDuration

from scheduling.calendar import FIRST_YEAR, LAST_YEAR, NAME_LENGTH, CalendarError, Closure, SchoolCalendar, Term, aware
from scheduling.term_pairs import Dated, Mark, Unread, closures_of, only_apart, terms_of
from scheduling.term_words import Kind, Meaning, meaning_of

LARGEST_FILE: Final = 2_000_000
"""Bytes of the largest file read: some twenty times a busy school's year."""

_DAY: Final = timedelta(days=1)
_KIND: Final = "X-EARSHOT-KIND"
_PART_OF_A_DAY: Final = timedelta(hours=4)
_LENGTHS: Final[dict[Kind, range]] = {
    "term": range(14, 201),
    "half_term": range(1, 19),
    "inset": range(1, 8),
    "closed": range(1, 101),
}
"""Days each kind may plausibly last, both ends included."""


@dataclass(frozen=True)
class TermDates:
    """What a calendar file says of term dates.

    `terms` are in order and do not overlap. `warnings` are sentences on what was read but wants a second look.
    `not_understood` lists every event nothing was taken from.
    """

    terms: tuple[Term, ...]
    closures: tuple[Closure, ...]
    warnings: tuple[str, ...]
    not_understood: tuple[Unread, ...]


@dataclass
class _Draft:
    """What has been read so far."""

    marks: list[Mark] = field(default_factory=list)
    terms: list[Term] = field(default_factory=list)
    closures: list[Closure] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    unread: list[Unread] = field(default_factory=list)


def read_ics(content: str | bytes, zone: str) -> TermDates:
    """Read term dates from the content of an .ics file, given the school's IANA time zone for events with hours.

    Whole-day events end the day before their DTEND, as the format has it. Of an event that repeats only the first date
    is read. `CalendarError` when the content is not a calendar file, is too large, or holds no events.
    """
    events = [event for part in _parse(content) for event in part.walk("VEVENT")]
    if not events:
        raise CalendarError("The file is a calendar without events; export the school's term dates and try again.")
    draft = _Draft()
    for event in events:
        _take(event, ZoneInfo(zone), draft)
    terms = only_apart(draft.terms + terms_of(draft.marks, draft.terms, draft.unread), draft.warnings)
    closures = draft.closures + closures_of(draft.marks, draft.closures, draft.unread)
    draft.warnings += [
        f"“{closure.name}” ends on Thursday {closure.last}; check that the Friday after it is a school day."
        for closure in closures
        if closure.kind == "half_term" and closure.first < closure.last and closure.last.isoweekday() == 4
    ]
    if not terms:
        draft.warnings.append("No terms were found in the file; without them no day is a school day.")
    return TermDates(
        terms=tuple(terms),
        closures=tuple(sorted(set(closures), key=lambda c: (c.first, c.last, c.kind, c.name))),
        warnings=tuple(draft.warnings),
        not_understood=tuple(sorted(draft.unread, key=lambda unread: (unread.first or date.min, unread.title))),
    )


def write_ics(calendar: SchoolCalendar, stamp: datetime) -> str:
    """The terms and closures of a calendar as the text of an .ics file, each a whole-day event; `stamp` is its time.

    Any calendar program shows it, and `read_ics` gives the same terms and closures back.
    """
    book = Calendar()
    book.add("PRODID", "-//Earshot//Term dates//EN")
    book.add("VERSION", "2.0")
    for kind, stretch in [("term", t) for t in calendar.terms] + [(c.kind, c) for c in calendar.closures]:
        event = Event()
        # The same dates keep their identity from one export to the next, so a calendar that subscribes does not double.
        event.add("UID", str(uuid5(NAMESPACE_URL, f"earshot:{kind}:{stretch.first}:{stretch.last}:{stretch.name}")))
        event.add("DTSTAMP", aware(stamp).astimezone(UTC))
        event.add("DTSTART", stretch.first)
        event.add("DTEND", stretch.last + _DAY)
        event.add("SUMMARY", stretch.name)
        event.add(_KIND, kind)
        event.add("TRANSP", "TRANSPARENT")
        book.add_component(event)
    written: bytes = book.to_ical()
    return written.decode()


def _parse(content: str | bytes) -> Sequence[Component]:
    # The library takes a string of one line for the name of a file and opens it; bytes are always content.
    data = content.encode() if isinstance(content, str) else content
    if len(data) > LARGEST_FILE:
        raise CalendarError("The file is too large for term dates; export one school year at a time.")
    try:
        parts: Sequence[Component] = Calendar.from_ical(data.decode("utf-8-sig").encode(), multiple=True)
    except Exception:
        # Broken content surfaces from the library as errors of many types, whose text repeats the content.
        parts = []
    if not any(part.name == "VCALENDAR" for part in parts):
        raise CalendarError("This is not a whole calendar file; export the term dates as .ics and try again.")
    return parts


def _take(event: Component, zone: ZoneInfo, draft: _Draft) -> None:
    """Sort one event into the draft."""
    title = _line(str(_value(event, "SUMMARY") or "")) or "(no title)"
    dates = _dates(event, zone)
    if isinstance(dates, str):
        draft.unread.append(Unread(None, title, dates))
        return
    first, last, hours = dates
    written = str(_value(event, _KIND) or "")
    meaning = Meaning(cast(Kind, written), "span") if written in get_args(Kind) else meaning_of(title)
    why = meaning if isinstance(meaning, str) else _why_not(event, meaning, first, last, hours, bool(written))
    if why or isinstance(meaning, str):
        draft.unread.append(Unread(first, title, why or ""))
        return
    if _value(event, "RRULE") is not None or _value(event, "RDATE") is not None:
        draft.warnings.append(f"“{title}” repeats; only its first date, {first}, was read.")
    if meaning.edge != "span":
        draft.marks.append(Mark(title, first, meaning))
    elif meaning.kind == "term":
        draft.terms.append(Term(title, first, last))
    else:
        draft.closures.append(Closure(title, first, last, meaning.kind))


def _why_not(event: Component, meaning: Meaning, first: date, last: date, hours: timedelta, ours: bool) -> str:
    """Why an event whose title is understood is still not used, or nothing."""
    if str(_value(event, "STATUS") or "").upper() == "CANCELLED":
        return "cancelled"
    if meaning.edge != "span":
        return "" if first == last else "lasts more than the one day its title speaks of"
    days = (last - first).days + 1
    if days > 366 or (not ours and days not in _LENGTHS[meaning.kind]):
        return "is too short or too long for its title"
    if timedelta() < hours < _PART_OF_A_DAY:
        return "takes only part of a day"
    return ""


def _dates(event: Component, zone: ZoneInfo) -> tuple[date, date, timedelta] | str:
    """First and last day of an event and, when it has hours within a day, how long it lasts; or why there are none."""
    start, end = (_moment(event, name, zone) for name in ("DTSTART", "DTEND"))
    duration = _value(event, "DURATION")
    try:
        if start is None:
            return "its dates could not be read"
        if end is None and isinstance(duration, vDDDTypes | vDuration) and isinstance(duration.dt, timedelta):
            end = Dated(start.at + duration.dt, start.whole)
        finish = end.at if end else start.at
        if finish < start.at:
            return "ends before it begins"
        # An end is the first moment that no longer belongs to it; a whole-day event without one lasts that day.
        last = max(finish - timedelta(microseconds=1), start.at).date()
    except OverflowError:
        return "its dates could not be read"
    if start.at.year < FIRST_YEAR or last.year > LAST_YEAR:
        return "its dates could not be read"
    midnights = start.at.time() == finish.time() == time.min
    return start.at.date(), last, timedelta() if start.whole or midnights else finish - start.at


def _moment(event: Component, name: str, zone: ZoneInfo) -> Dated | None:
    """A start or end on the school's clock, and whether it names a whole day."""
    value = _value(event, name)
    at = value.dt if isinstance(value, vDDDTypes) else None
    if isinstance(at, datetime):
        if not FIRST_YEAR <= at.year <= LAST_YEAR:
            return None
        return Dated(at.astimezone(zone).replace(tzinfo=None) if at.utcoffset() is not None else at, False)
    return Dated(datetime.combine(at, time.min), True) if isinstance(at, date) else None


def _value(event: Component, name: str) -> object:
    """A property of an event, the first of them where a file repeats it, or None."""
    value = event.get(name)
    return value[0] if isinstance(value, list) else value


def _line(title: str) -> str:
    """A title as one printable line of bounded length."""
    return " ".join("".join(c if c.isprintable() else " " for c in title).split())[:NAME_LENGTH].rstrip()
