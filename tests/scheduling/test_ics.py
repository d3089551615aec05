"""Term dates read from calendar files as schools publish them, and written so that they read back the same."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduling.calendar import CalendarError, Closure, ClosureKind, SchoolCalendar, Term
from scheduling.ics import LARGEST_FILE, TermDates, read_ics, write_ics
from scheduling.sample import sample_calendar

STAMP = datetime(2026, 6, 1, 9, tzinfo=UTC)


def file_of(*events: tuple[str, ...]) -> str:
    """A calendar file of events, each a title and its further lines."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Example School//EN"]
    for title, *rest in events:
        lines += ["BEGIN:VEVENT", f"SUMMARY:{title}", *rest, "END:VEVENT"]
    return "\r\n".join([*lines, "END:VCALENDAR", ""])


def whole(title: str, first: str, after: str | None = None) -> tuple[str, ...]:
    """A whole-day event; `after` is its DTEND, the day after its last."""
    ends = (f"DTEND;VALUE=DATE:{after}",) if after else ()
    return title, f"DTSTART;VALUE=DATE:{first}", *ends


def read(*events: tuple[str, ...]) -> TermDates:
    return read_ics(file_of(*events), "Europe/London")


def day(text: str) -> date:
    return date.fromisoformat(text)


AUTUMN = whole("Autumn term", "20260902", "20261219")
"""A term of its own, so that a test of something else has no warning that there is none."""


def closures_in(*events: tuple[str, ...]) -> list[tuple[str, str, str, str]]:
    found = read(AUTUMN, *events)
    assert found.not_understood == ()
    assert found.warnings == ()
    return [(c.name, c.first.isoformat(), c.last.isoformat(), c.kind) for c in found.closures]


def terms_in(*events: tuple[str, ...]) -> list[tuple[str, str, str]]:
    found = read(*events)
    assert found.not_understood == ()
    return [(t.name, t.first.isoformat(), t.last.isoformat()) for t in found.terms]


def test_a_school_year_of_stretches_among_other_events():
    found = read(
        whole("INSET day - school closed to pupils", "20260902", "20260903"),
        whole("Autumn Term", "20260902", "20261219"),
        whole("Half-term holiday", "20261026", "20261031"),
        ("Year 8 parents’ evening", "DTSTART;TZID=Europe/London:20261007T170000", "DTEND:20261007T190000Z"),
        whole("Christmas holidays", "20261219", "20270104"),
        whole("Spring Term", "20270104", "20270326"),
        whole("Sports day", "20270701", "20270702"),
    )
    assert found == TermDates(
        terms=(
            Term("Autumn Term", day("2026-09-02"), day("2026-12-18")),
            Term("Spring Term", day("2027-01-04"), day("2027-03-25")),
        ),
        closures=(
            Closure("INSET day - school closed to pupils", day("2026-09-02"), day("2026-09-02"), "inset"),
            Closure("Half-term holiday", day("2026-10-26"), day("2026-10-30"), "half_term"),
            Closure("Christmas holidays", day("2026-12-19"), day("2027-01-03"), "closed"),
        ),
        warnings=(),
        not_understood=found.not_understood,
    )
    assert [str(unread) for unread in found.not_understood] == [
        "2026-10-07: Year 8 parents’ evening (for some of the school only)",
        "2027-07-01: Sports day (not about term dates)",
    ]


def test_a_school_year_of_first_and_last_days():
    found = read(
        whole("Autumn Term starts", "20260903"),
        whole("Break up for half term", "20261023"),
        whole("Return to school after half-term", "20261102"),
        whole("End of term", "20261218"),
        whole("Pupils return", "20270105"),
        whole("Half term begins", "20270215"),
        whole("Half term ends", "20270219"),
        whole("Last day of Spring Term - 1.30pm finish", "20270325"),
    )
    assert found == TermDates(
        terms=(
            Term("Autumn term from 2026-09-03", day("2026-09-03"), day("2026-12-18")),
            Term("Spring term from 2027-01-05", day("2027-01-05"), day("2027-03-25")),
        ),
        closures=(
            Closure("Half-term", day("2026-10-24"), day("2026-11-01"), "half_term"),
            Closure("Half-term", day("2027-02-15"), day("2027-02-19"), "half_term"),
        ),
        warnings=(),
        not_understood=(),
    )


def test_a_term_starting_again_after_half_term_is_two_terms():
    assert terms_in(
        whole("Term begins", "20260902"),
        whole("Term ends", "20261023"),
        whole("Term begins", "20261102"),
        whole("Term ends", "20261218"),
    ) == [
        ("Term from 2026-09-02", "2026-09-02", "2026-10-23"),
        ("Term from 2026-11-02", "2026-11-02", "2026-12-18"),
    ]


@pytest.mark.parametrize(
    "lines",
    [
        ("DTSTART;VALUE=DATE:20261116", "DTEND;VALUE=DATE:20261117"),
        ("DTSTART;VALUE=DATE:20261116",),
        ("DTSTART;VALUE=DATE:20261116", "DTEND;VALUE=DATE:20261116"),
        ("DTSTART;VALUE=DATE:20261116", "DURATION:P1D"),
        ("DTSTART:20261116T000000", "DTEND:20261117T000000"),
        ("DTSTART:20261116T000000Z", "DTEND:20261117T000000Z"),
        ("DTSTART;TZID=Europe/London:20261116T083000", "DTEND;TZID=Europe/London:20261116T153000"),
        ("DTSTART;TZID=GMT Standard Time:20261116T083000", "DURATION:PT7H"),
        ("DTSTART:20261116T083000",),
        ("DTSTART;TZID=Nowhere/Known:20261116T083000", "DTEND;TZID=Nowhere/Known:20261116T153000"),
    ],
)
def test_one_day_however_it_is_written(lines: tuple[str, ...]):
    assert closures_in(("INSET", *lines)) == [("INSET", "2026-11-16", "2026-11-16", "inset")]


def test_whole_days_written_as_moments_in_summer_time_keep_their_dates():
    # Midnight in London in June is 23:00 of the day before in UTC.
    assert closures_in(("Half term", "DTSTART:20270530T230000Z", "DTEND:20270604T230000Z")) == [
        ("Half term", "2027-05-31", "2027-06-04", "half_term")
    ]


def test_a_stretch_that_ends_a_minute_before_midnight_ends_that_day():
    assert closures_in(("Half term", "DTSTART:20261026T000000", "DTEND:20261030T235900")) == [
        ("Half term", "2026-10-26", "2026-10-30", "half_term")
    ]


def test_a_title_folded_escaped_and_decorated_is_one_plain_line():
    assert closures_in(
        ("INSET day\\, hall\\nand\u200b  rooms \\; both", *whole("", "20261116")[1:]),
        ("Half\r\n  term", *whole("", "20261026", "20261031")[1:]),
    ) == [
        ("Half term", "2026-10-26", "2026-10-30", "half_term"),
        ("INSET day, hall and rooms ; both", "2026-11-16", "2026-11-16", "inset"),
    ]


def test_a_title_longer_than_a_name_may_be_is_cut():
    [(name, *_)] = closures_in(whole("INSET " + "x" * 500, "20261116"))
    assert name == "INSET " + "x" * 114


@pytest.mark.parametrize(
    ("event", "listed"),
    [
        (
            whole("Autumn term", "20260902", "20260903"),
            "2026-09-02: Autumn term (is too short or too long for its title)",
        ),
        (
            whole("Half term", "20261026", "20261231"),
            "2026-10-26: Half term (is too short or too long for its title)",
        ),
        (whole("INSET", "20260101", "20990101"), "2026-01-01: INSET (is too short or too long for its title)"),
        (
            whole("Term starts", "20260902", "20260905"),
            "2026-09-02: Term starts (lasts more than the one day its title speaks of)",
        ),
        (whole("INSET", "20261116", "20261110"), "no date: INSET (ends before it begins)"),
        (("INSET", "DTSTART:20261116T130000", "DTEND:20261116T150000"), "2026-11-16: INSET (takes only part of a day)"),
        (("INSET", "DTSTART:soon"), "no date: INSET (its dates could not be read)"),
        (("INSET",), "no date: INSET (its dates could not be read)"),
        (("INSET", "DTSTART;VALUE=DATE:18991231"), "no date: INSET (its dates could not be read)"),
        (("INSET", "DTSTART;VALUE=DATE:00010101"), "no date: INSET (its dates could not be read)"),
        (("INSET", "DTSTART:99991231T120000", "DURATION:P9D"), "no date: INSET (its dates could not be read)"),
        (
            ("INSET", "DTSTART;VALUE=DATE:20261116", "DURATION:P99999999D"),
            "no date: INSET (its dates could not be read)",
        ),
        ((*whole("INSET", "20261116"), "STATUS:CANCELLED"), "2026-11-16: INSET (cancelled)"),
        (whole("", "20261116"), "2026-11-16: (no title) (not about term dates)"),
        (whole("Pupils return", "20270104"), "2027-01-04: Pupils return (no last day of this term was found)"),
        (whole("Term ends", "20270325"), "2027-03-25: Term ends (no first day of this term was found)"),
        (
            whole("Break up for half term", "20270212"),
            "2027-02-12: Break up for half term (no end of these days off was found)",
        ),
        (
            whole("Half term ends", "20270219"),
            "2027-02-19: Half term ends (no beginning of these days off was found)",
        ),
    ],
)
def test_an_event_that_cannot_be_used_is_listed_with_its_reason(event: tuple[str, ...], listed: str):
    found = read(AUTUMN, event)
    assert [str(unread) for unread in found.not_understood] == [listed]
    assert found.closures == ()
    assert [term.name for term in found.terms] == ["Autumn term"]


def test_an_event_that_repeats_is_read_once_with_a_warning():
    found = read(AUTUMN, (*whole("INSET day", "20261116"), "RRULE:FREQ=WEEKLY;COUNT=5"))
    assert found.closures == (Closure("INSET day", day("2026-11-16"), day("2026-11-16"), "inset"),)
    assert found.warnings == ("“INSET day” repeats; only its first date, 2026-11-16, was read.",)


def test_a_half_term_that_ends_on_a_thursday_is_asked_about():
    found = read(AUTUMN, whole("Half term", "20261026", "20261030"))
    assert found.warnings == (
        "“Half term” ends on Thursday 2026-10-29; check that the Friday after it is a school day.",
    )


def test_a_file_without_terms_says_so():
    assert read(whole("INSET", "20261116")).warnings == (
        "No terms were found in the file; without them no day is a school day.",
    )


def test_edges_that_agree_with_a_stretch_add_nothing():
    found = read(
        AUTUMN,
        whole("Term starts", "20260902"),
        whole("Last day of term", "20261218"),
        whole("Half term", "20261026", "20261031"),
        whole("Break up for half term", "20261023"),
        whole("School reopens after half term", "20261102"),
    )
    assert found == read(AUTUMN, whole("Half term", "20261026", "20261031"))


def test_a_staggered_start_keeps_the_first_day_and_lists_the_other():
    found = read(
        whole("Term starts", "20260902"), whole("All pupils return", "20260904"), whole("Term ends", "20261218")
    )
    assert [(t.first, t.last) for t in found.terms] == [(day("2026-09-02"), day("2026-12-18"))]
    assert [str(unread) for unread in found.not_understood] == [
        "2026-09-04: All pupils return (the term had begun on 2026-09-02)"
    ]


def test_a_start_without_an_end_does_not_swallow_the_term_after_it():
    found = read(whole("Term starts", "20260902"), whole("Term starts", "20270104"), whole("Term ends", "20270325"))
    assert [(t.first, t.last) for t in found.terms] == [(day("2027-01-04"), day("2027-03-25"))]
    assert [str(unread) for unread in found.not_understood] == [
        "2026-09-02: Term starts (no last day of this term was found)"
    ]


def test_the_halves_of_a_term_are_kept_in_place_of_the_whole():
    found = read(AUTUMN, whole("Autumn 1", "20260902", "20261024"), whole("Autumn 2", "20261102", "20261219"))
    assert [term.name for term in found.terms] == ["Autumn 1", "Autumn 2"]
    assert found.warnings == ("“Autumn term” (2026-09-02 to 2026-12-18) was not used: it overlaps with “Autumn 1”.",)


def test_of_two_terms_that_overlap_the_longer_is_kept_whatever_their_order():
    other = whole("Michaelmas term", "20261201", "20270115")
    for events in ((AUTUMN, other), (other, AUTUMN)):
        found = read(*events)
        assert [term.name for term in found.terms] == ["Autumn term"]
        assert found.warnings == (
            "“Michaelmas term” (2026-12-01 to 2027-01-14) was not used: it overlaps with “Autumn term”.",
        )


def test_the_same_event_twice_is_one():
    inset = whole("INSET", "20261116")
    assert read(AUTUMN, AUTUMN, inset, inset) == read(AUTUMN, inset)


def test_two_calendars_in_one_file_are_both_read():
    found = read_ics(file_of(AUTUMN) + file_of(whole("INSET", "20261116")), "Europe/London")
    assert (len(found.terms), len(found.closures)) == (1, 1)


def test_a_file_in_bytes_with_a_byte_order_mark_is_read():
    assert read_ics(b"\xef\xbb\xbf" + file_of(AUTUMN).encode(), "Europe/London") == read(AUTUMN)


@pytest.mark.parametrize(
    "content",
    [
        "",
        "hello",
        "/etc/hostname",
        "pyproject.toml",
        "<html>\n<body>Please sign in</body>\n</html>",
        b"%PDF-1.7\n\x93\x8c\x8b\x9e",
        b"\x00\x01\xff\xfe",
        "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nSUMMARY:INSET\r\n",
        "END:VCALENDAR\r\n",
        "BEGIN:VEVENT\r\nSUMMARY:INSET\r\nEND:VEVENT\r\n",
    ],
)
def test_content_that_is_no_calendar_file_is_refused(content: str | bytes):
    with pytest.raises(CalendarError) as refused:
        read_ics(content, "Europe/London")
    assert str(refused.value) == "This is not a whole calendar file; export the term dates as .ics and try again."


def test_a_calendar_without_events_is_refused():
    with pytest.raises(CalendarError, match="a calendar without events"):
        read()


def test_a_file_too_large_for_term_dates_is_refused():
    with pytest.raises(CalendarError, match="too large for term dates"):
        read_ics(b" " * (LARGEST_FILE + 1), "Europe/London")


lines = st.sampled_from(
    [
        "BEGIN:VEVENT",
        "END:VEVENT",
        "BEGIN:VCALENDAR",
        "END:VCALENDAR",
        "SUMMARY:Autumn term begins",
        "SUMMARY:Term ends",
        "SUMMARY:Half term",
        "DTSTART;VALUE=DATE:20260902",
        "DTSTART;VALUE=DATE:20261218",
        "DTSTART:20261026T000000Z/P1D",
        "DTEND;VALUE=DATE:20261219",
        "DTEND:20261031T000000",
        "DURATION:PT5H",
        "RRULE:FREQ=NEVER",
        "X-EARSHOT-KIND:term",
    ]
) | st.text(max_size=30)


@given(st.lists(lines, max_size=25))
def test_any_lines_are_read_or_refused_with_a_calendar_error(some: list[str]):
    content = "\r\n".join(["BEGIN:VCALENDAR", "BEGIN:VEVENT", *some, "END:VEVENT", "END:VCALENDAR", ""])
    try:
        found = read_ics(content, "Europe/London")
    except CalendarError:
        return
    SchoolCalendar(zone="Europe/London", nation="ENG", terms=found.terms, closures=found.closures)


events = st.builds(
    whole,
    st.sampled_from(
        [
            "Autumn term",
            "Term starts",
            "Term ends",
            "Half term",
            "Break up for half term",
            "Pupils return",
            "Autumn 1",
            "Return after half term",
            "Half term ends",
            "Holidays begin",
            "Holidays end",
            "INSET",
            "Summer holidays",
        ]
    ),
    st.dates(day("2026-08-20"), day("2027-07-31")).map(lambda d: f"{d:%Y%m%d}"),
    st.none() | st.dates(day("2026-08-20"), day("2027-07-31")).map(lambda d: f"{d:%Y%m%d}"),
)


@given(st.lists(events, min_size=1, max_size=12))
def test_whatever_a_file_says_its_terms_make_a_calendar_and_its_order_does_not_matter(some: list[tuple[str, ...]]):
    found = read(*some)
    SchoolCalendar(zone="Europe/London", nation="ENG", terms=found.terms, closures=found.closures)
    assert [(t.first, t.last) for t in read(*reversed(some)).terms] == [(t.first, t.last) for t in found.terms]


def test_the_sample_calendar_written_and_read_back_is_the_same():
    calendar = sample_calendar(2025, years=2)
    found = read_ics(write_ics(calendar, STAMP), calendar.zone)
    assert found == TermDates(calendar.terms, calendar.closures, (), ())


names = st.text(st.characters(codec="utf-8"), min_size=1, max_size=120).filter(
    lambda name: name.isprintable() and name == " ".join(name.split())
)
kinds: st.SearchStrategy[ClosureKind] = st.sampled_from(("half_term", "inset", "closed"))


@given(names, names, kinds, st.dates(day("2026-09-02"), day("2026-12-18")), st.integers(0, 300))
def test_any_name_and_length_written_is_read_back(name: str, other: str, kind: ClosureKind, first: date, length: int):
    term = Term(name, day("2026-09-02"), day("2026-09-02") + timedelta(days=length))
    closure = Closure(other, first, first + timedelta(days=length), kind)
    calendar = replace(sample_calendar(2026), terms=(term,), closures=(closure,))
    found = read_ics(write_ics(calendar, STAMP), calendar.zone)
    assert (found.terms, found.closures, found.not_understood) == ((term,), (closure,), ())


def test_a_written_file_is_the_same_for_the_same_dates_and_ends_the_day_after():
    calendar = replace(sample_calendar(2026), closures=(), terms=sample_calendar(2026).terms[:1])
    written = write_ics(calendar, STAMP)
    assert written == write_ics(calendar, STAMP)
    assert [line for line in written.splitlines() if line.startswith(("DT", "SUMMARY"))] == [
        "SUMMARY:Autumn term 2026",
        "DTSTART;VALUE=DATE:20260901",
        "DTEND;VALUE=DATE:20261219",
        "DTSTAMP:20260601T090000Z",
    ]


def test_a_file_is_not_stamped_with_a_moment_without_a_time_zone():
    with pytest.raises(ValueError, match="A moment needs its time zone"):
        write_ics(sample_calendar(2026), datetime(2026, 6, 1))  # noqa: DTZ001 - the very thing to refuse
