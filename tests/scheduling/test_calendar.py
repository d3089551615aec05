"""The school calendar: days, quiet hours and school minutes, to the minute, through clock changes and holidays."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduling.calendar import CalendarError, Closure, ClosureKind, SchoolCalendar, Term
from scheduling.sample import sample_calendar

LONDON = ZoneInfo("Europe/London")
SCHOOL = sample_calendar(2026)
"""Terms 1 September to 18 December 2026, 4 January to 25 March, 12 April to 21 July 2027; the day 8:30 to 15:30."""


def at(text: str) -> datetime:
    """A moment as London's clock shows it."""
    return datetime.fromisoformat(text).replace(tzinfo=LONDON).astimezone(UTC)


def day(text: str) -> date:
    return date.fromisoformat(text)


def in_nation(nation: str) -> SchoolCalendar:
    return SchoolCalendar(
        zone="Europe/London", nation=nation, terms=(Term("Year", day("2026-01-01"), day("2026-12-31")),)
    )


moments = st.timedeltas(timedelta(), timedelta(days=395)).map(lambda after: at("2026-08-01T00:00") + after)
times_of_day = st.times().map(lambda t: t.replace(second=0, microsecond=0))


@st.composite
def calendars(draw: st.DrawFn) -> SchoolCalendar:
    """Calendars of every nation, zone and pair of hours, with closures strewn over two terms."""
    hours = sorted(draw(st.lists(times_of_day, min_size=2, max_size=2, unique=True)))
    starts = draw(st.lists(st.dates(day("2026-08-20"), day("2027-07-31")), max_size=6))
    kinds: st.SearchStrategy[ClosureKind] = st.sampled_from(("half_term", "inset", "closed"))
    return SchoolCalendar(
        zone=draw(st.sampled_from(["Europe/London", "Europe/Dublin", "America/Santiago", "Australia/Lord_Howe"])),
        nation=draw(st.sampled_from(["ENG", "WLS", "SCT", "NIR", "IE"])),
        terms=(Term("One", day("2026-09-01"), day("2027-01-29")), Term("Two", day("2027-03-01"), day("2027-07-20"))),
        closures=tuple(Closure("Off", s, s + timedelta(draw(st.integers(0, 12))), draw(kinds)) for s in starts),
        day_start=hours[0],
        day_end=hours[1],
        quiet_from=draw(times_of_day),
        quiet_until=draw(times_of_day),
        quiet_weekends=draw(st.booleans()),
    )


# Days


@pytest.mark.parametrize(
    ("date_", "reason"),
    [
        ("2026-09-03", None),
        ("2026-09-05", "weekend"),
        ("2026-09-01", "inset"),
        ("2026-10-28", "half_term"),
        ("2026-12-18", None),
        ("2026-12-21", "between_terms"),
        ("2026-12-25", "bank_holiday"),
        ("2027-03-26", "bank_holiday"),
        ("2027-05-31", "bank_holiday"),
        ("2027-08-30", "bank_holiday"),
        ("2030-01-08", "between_terms"),
    ],
)
def test_a_day_is_closed_for_the_first_reason_that_holds(date_: str, reason: str | None):
    assert SCHOOL.why_closed(day(date_)) == reason
    assert SCHOOL.is_school_day(day(date_)) == (reason is None)


def test_a_day_in_two_closures_is_closed_for_the_kind_named_first():
    monday = day("2026-11-02")
    closures = tuple(Closure(kind, monday, monday, kind) for kind in ("closed", "inset", "half_term"))
    assert replace(SCHOOL, closures=closures).why_closed(monday) == "half_term"
    assert replace(SCHOOL, closures=closures[:2]).why_closed(monday) == "inset"


@pytest.mark.parametrize(
    ("date_", "closed_in"),
    [
        ("2026-01-02", {"SCT"}),
        ("2026-03-17", {"NIR", "IE"}),
        ("2026-04-06", {"ENG", "WLS", "NIR", "IE"}),
        ("2026-07-13", {"NIR"}),
        ("2026-08-03", {"SCT", "IE"}),
        ("2026-08-31", {"ENG", "WLS", "NIR"}),
        ("2026-10-26", {"IE"}),
        ("2026-11-30", {"SCT"}),
        ("2026-12-28", {"ENG", "WLS", "SCT", "NIR"}),
    ],
)
def test_bank_holidays_are_those_of_the_nation(date_: str, closed_in: set[str]):
    nations = ("ENG", "WLS", "SCT", "NIR", "IE")
    assert {n for n in nations if in_nation(n).why_closed(day(date_)) == "bank_holiday"} == closed_in


@pytest.mark.parametrize(
    ("from_", "following"),
    [
        ("2026-08-01", "2026-09-03"),
        ("2026-09-03", "2026-09-04"),
        ("2026-09-04", "2026-09-07"),
        ("2026-10-22", "2026-11-02"),
        ("2026-12-18", "2027-01-05"),
        ("2027-03-25", "2027-04-12"),
        ("2027-04-30", "2027-05-04"),
        ("2027-07-21", None),
        ("9999-12-31", None),
    ],
)
def test_next_school_day_steps_over_days_off_and_none_when_the_calendar_runs_out(from_: str, following: str | None):
    assert SCHOOL.next_school_day(day(from_)) == (following and day(following))


@pytest.mark.parametrize(
    ("from_", "before"),
    [
        ("0001-01-01", None),
        ("2026-09-03", None),
        ("2026-09-04", "2026-09-03"),
        ("2026-11-02", "2026-10-22"),
        ("2027-01-05", "2026-12-18"),
        # The first day of a term.
        ("2027-04-13", "2027-04-12"),
        ("2030-01-01", "2027-07-21"),
    ],
)
def test_previous_school_day_steps_back_over_days_off_and_none_before_the_first(from_: str, before: str | None):
    assert SCHOOL.previous_school_day(day(from_)) == (before and day(before))


def test_a_term_holds_its_closures_and_weekends_but_not_the_holidays():
    autumn = SCHOOL.terms[0]
    named = [SCHOOL.term_of(day(d)) for d in ("2026-08-31", "2026-09-01", "2026-10-28", "2026-12-18", "2026-12-19")]
    assert named == [None, autumn, autumn, autumn, None]
    assert [SCHOOL.has_current_term(day(d)) for d in ("2026-10-31", "2026-12-19")] == [True, False]


def test_a_school_that_chose_no_hours_has_a_day_from_half_past_eight_and_quiet_evenings_and_weekends():
    plain = SchoolCalendar(zone="Europe/London", nation="ENG", terms=SCHOOL.terms)
    assert (plain.day_start, plain.day_end) == (time(8, 30), time(15, 30))
    assert (plain.quiet_from, plain.quiet_until, plain.quiet_weekends) == (time(20), time(7, 30), True)


@pytest.mark.parametrize("length", [365, 366, 367])
def test_a_term_may_last_a_year_and_a_day_and_no_longer(length: int):
    first = day("2026-01-01")
    if length <= 366:
        assert Term("Long", first, first + timedelta(days=length)).first == first
    else:
        with pytest.raises(CalendarError, match="lasts longer than a year"):
            Term("Long", first, first + timedelta(days=length))


def test_terms_lie_in_the_years_whose_bank_holidays_are_known():
    for first, last in (("1900-01-01", "1900-03-01"), ("2100-10-01", "2100-12-31")):
        assert replace(SCHOOL, terms=(Term("Edge", day(first), day(last)),)).terms[0].last == day(last)


def test_a_school_day_has_at_least_a_minute():
    with pytest.raises(CalendarError, match="ends before it begins"):
        replace(SCHOOL, day_start=time(9), day_end=time(9))
    assert replace(SCHOOL, day_start=time(9), day_end=time(9, 1)).in_school_time(at("2026-09-03T09:00"))


def test_a_calendar_without_terms_has_no_school_day():
    empty = SchoolCalendar(zone="Europe/London", nation="ENG")
    assert empty.why_closed(day("2026-09-03")) == "between_terms"
    assert empty.next_school_day(day("2026-09-03")) is None
    assert empty.previous_school_day(day("2026-09-03")) is None
    assert empty.add_school_minutes(at("2026-09-03T10:00"), 1) is None


# Moments of the school's clock


@pytest.mark.parametrize(
    ("zone", "local", "utc"),
    [
        ("Europe/London", "2026-09-03T09:00", "2026-09-03T08:00"),
        ("Europe/London", "2026-12-03T09:00", "2026-12-03T09:00"),
        # Doubled on 25 October: the first of the two, still in summer time.
        ("Europe/London", "2026-10-25T00:59", "2026-10-24T23:59"),
        ("Europe/London", "2026-10-25T01:00", "2026-10-25T00:00"),
        ("Europe/London", "2026-10-25T01:59", "2026-10-25T00:59"),
        ("Europe/London", "2026-10-25T02:00", "2026-10-25T02:00"),
        # Left out on 28 March: the moment of the change.
        ("Europe/London", "2027-03-28T00:59", "2027-03-28T00:59"),
        ("Europe/London", "2027-03-28T01:00", "2027-03-28T01:00"),
        ("Europe/London", "2027-03-28T01:37", "2027-03-28T01:00"),
        ("Europe/London", "2027-03-28T02:00", "2027-03-28T01:00"),
        ("Europe/London", "2027-03-28T02:01", "2027-03-28T01:01"),
        # Lord Howe moves by half an hour, and Samoa once left out a whole day.
        ("Australia/Lord_Howe", "2026-10-04T02:15", "2026-10-03T15:30"),
        ("Pacific/Apia", "2011-12-30T12:00", "2011-12-30T10:00"),
    ],
)
def test_a_local_time_is_one_defined_moment_through_clock_changes(zone: str, local: str, utc: str):
    wall = datetime.fromisoformat(local)
    moment = replace(SCHOOL, zone=zone).local(wall.date(), wall.time())
    assert moment == datetime.fromisoformat(utc).replace(tzinfo=UTC)
    assert moment.tzinfo == UTC


@given(calendars(), st.sampled_from(["2026-10-25", "2027-03-28", "2026-10-04", "2027-04-04", "2026-09-06"]), st.data())
def test_a_later_local_time_is_never_an_earlier_moment(calendar: SchoolCalendar, date_: str, data: st.DataObject):
    earlier, later = sorted(data.draw(st.lists(st.times(), min_size=2, max_size=2)))
    assert calendar.local(day(date_), earlier) <= calendar.local(day(date_), later)


def test_local_date_is_the_schools_own_when_utc_is_still_on_the_day_before():
    assert SCHOOL.local_date(datetime(2026, 9, 3, 23, 30, tzinfo=UTC)) == day("2026-09-04")


@pytest.mark.parametrize(
    ("moment", "inside"),
    [
        ("2026-09-03T08:29", False),
        ("2026-09-03T08:30", True),
        ("2026-09-03T15:29", True),
        ("2026-09-03T15:30", False),
        ("2026-09-05T10:00", False),
        ("2026-10-28T10:00", False),
        ("2026-10-23T10:00", False),
    ],
)
def test_school_time_is_the_hours_of_school_days(moment: str, inside: bool):
    assert SCHOOL.in_school_time(at(moment)) == inside


# Quiet hours


@pytest.mark.parametrize(
    ("moment", "ends"),
    [
        ("2026-09-03T19:59", "2026-09-03T19:59"),
        ("2026-09-03T20:00", "2026-09-04T07:30"),
        ("2026-09-04T00:00", "2026-09-04T07:30"),
        ("2026-09-04T07:29", "2026-09-04T07:30"),
        ("2026-09-04T07:30", "2026-09-04T07:30"),
        # Friday evening runs through the weekend into Monday morning.
        ("2026-09-04T20:00", "2026-09-07T07:30"),
        ("2026-09-05T12:00", "2026-09-07T07:30"),
        ("2026-09-06T23:59", "2026-09-07T07:30"),
        # Through both clock changes it is still half past seven that ends it.
        ("2026-10-23T21:00", "2026-10-26T07:30"),
        ("2027-03-26T21:00", "2027-03-29T07:30"),
    ],
)
def test_quiet_hours_run_over_midnight_and_weekends(moment: str, ends: str):
    assert SCHOOL.quiet_ends(at(moment)) == at(ends)
    assert SCHOOL.is_quiet(at(moment)) == (moment != ends)


def test_quiet_hours_within_a_day_leave_the_night_alone():
    lessons = replace(SCHOOL, quiet_from=time(9), quiet_until=time(15), quiet_weekends=False)
    assert [lessons.is_quiet(at(f"2026-09-03T{h}")) for h in ("08:59", "09:00", "14:59", "15:00", "23:00")] == [
        False,
        True,
        True,
        False,
        False,
    ]
    assert lessons.quiet_ends(at("2026-09-03T11:00")) == at("2026-09-03T15:00")


def test_equal_quiet_times_mean_no_quiet_hours_but_weekends_stay_quiet_by_their_flag():
    open_ = replace(SCHOOL, quiet_from=time(20), quiet_until=time(20), quiet_weekends=False)
    assert not open_.is_quiet(at("2026-09-03T20:00"))
    assert not open_.is_quiet(at("2026-09-05T03:00"))
    assert replace(open_, quiet_weekends=True).quiet_ends(at("2026-09-05T03:00")) == at("2026-09-07T00:00")


def test_quiet_hours_on_the_night_clocks_go_back_are_one_stretch():
    school = replace(SCHOOL, quiet_until=time(1, 30), quiet_weekends=False)
    first, second = at("2026-10-25T01:29"), at("2026-10-25T01:29") + timedelta(hours=1)
    assert school.quiet_ends(first) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert not school.is_quiet(second)


@given(calendars(), moments)
def test_quiet_ends_is_outside_quiet_hours_and_everything_before_it_is_inside(calendar: SchoolCalendar, now: datetime):
    ends = calendar.quiet_ends(now)
    assert ends >= now
    assert not calendar.is_quiet(ends)
    if ends > now:
        assert calendar.is_quiet(now)
        assert calendar.is_quiet(now + (ends - now) / 2)
        assert calendar.is_quiet(ends - timedelta(microseconds=1))


# School minutes


@pytest.mark.parametrize(
    ("start", "minutes", "end"),
    [
        ("2026-09-03T10:00", 45, "2026-09-03T10:45"),
        ("2026-09-03T06:00", 1, "2026-09-03T08:31"),
        ("2026-09-03T22:00", 0, "2026-09-03T22:00"),
        # Friday, half past three: the end of the day is reached, and the next minute is Monday's.
        ("2026-09-04T15:00", 30, "2026-09-04T15:30"),
        ("2026-09-04T15:00", 31, "2026-09-07T08:31"),
        ("2026-09-04T15:30", 1, "2026-09-07T08:31"),
        ("2026-09-04T15:29:30", 1, "2026-09-07T08:30:30"),
        ("2026-09-05T12:00", 420, "2026-09-07T15:30"),
        # Over the INSET day, half-term and the clock change of 25 October.
        ("2026-10-22T15:00", 60, "2026-11-02T09:00"),
        # From the last day of term to the second of the next, the first being INSET.
        ("2026-12-18T15:20", 20, "2027-01-05T08:40"),
        # Over Good Friday, the clock change of 28 March and the spring holidays.
        ("2027-03-25T15:00", 31, "2027-04-12T08:31"),
        ("2027-04-30T15:30", 5, "2027-05-04T08:35"),
        ("2027-07-21T15:00", 30, "2027-07-21T15:30"),
        ("2027-07-21T15:00", 31, None),
    ],
)
def test_school_minutes_count_only_in_school_time(start: str, minutes: int, end: str | None):
    assert SCHOOL.add_school_minutes(at(start), minutes) == (end and at(end))
    if end is not None:
        assert SCHOOL.school_minutes_between(at(start), at(end)) == minutes


def test_a_school_open_through_a_clock_change_counts_the_minutes_that_pass():
    nights = SchoolCalendar(
        zone="Africa/Cairo",
        nation="EG",
        terms=(Term("Term", day("2026-04-20"), day("2026-04-30")),),
        day_start=time(0),
        day_end=time(6),
    )
    # Friday 24 April 2026 begins with an hour left out: six hours on the clock, five that pass.
    friday = nights.local(day("2026-04-24"), time(0))
    assert nights.school_minutes_between(friday, friday + timedelta(days=1)) == 300
    assert nights.add_school_minutes(friday, 300) == nights.local(day("2026-04-24"), time(6))


def test_school_minutes_of_a_year_are_its_school_days_times_seven_hours():
    assert SCHOOL.school_minutes_between(at("2026-08-01T00:00"), at("2027-08-31T00:00")) == 190 * 7 * 60


def test_school_minutes_are_none_backwards_and_whole_minutes_forwards():
    assert SCHOOL.school_minutes_between(at("2026-09-03T12:00"), at("2026-09-03T11:00")) == 0
    assert SCHOOL.school_minutes_between(at("2026-09-03T12:00:00"), at("2026-09-03T12:01:59")) == 1


def test_fewer_than_no_school_minutes_are_refused():
    with pytest.raises(ValueError, match="counted forwards"):
        SCHOOL.add_school_minutes(at("2026-09-03T12:00"), -1)


@given(calendars(), moments, st.integers(0, 30_000))
def test_minutes_added_are_the_minutes_between(calendar: SchoolCalendar, now: datetime, minutes: int):
    end = calendar.add_school_minutes(now, minutes)
    if end is None:
        assert calendar.school_minutes_between(now, datetime(2028, 1, 1, tzinfo=UTC)) < minutes
    else:
        assert end >= now
        assert calendar.school_minutes_between(now, end) == minutes


@given(calendars(), moments, moments)
def test_minutes_between_added_again_never_go_past_the_end(calendar: SchoolCalendar, a: datetime, b: datetime):
    a, b = sorted((a, b))
    end = calendar.add_school_minutes(a, calendar.school_minutes_between(a, b))
    assert end is not None
    assert end <= b


@given(calendars(), st.lists(moments, min_size=3, max_size=3))
def test_minutes_between_add_up_over_a_moment_in_the_middle(calendar: SchoolCalendar, three: list[datetime]):
    a, b, c = sorted(moment.replace(second=0, microsecond=0) for moment in three)
    between = calendar.school_minutes_between
    assert between(a, b) + between(b, c) == between(a, c)


@pytest.mark.parametrize(
    "ask",
    [
        lambda naive: SCHOOL.local_date(naive),
        lambda naive: SCHOOL.in_school_time(naive),
        lambda naive: SCHOOL.is_quiet(naive),
        lambda naive: SCHOOL.quiet_ends(naive),
        lambda naive: SCHOOL.add_school_minutes(naive, 5),
        lambda naive: SCHOOL.school_minutes_between(naive, at("2026-09-03T12:00")),
        lambda naive: SCHOOL.school_minutes_between(at("2026-09-03T12:00"), naive),
    ],
)
def test_a_moment_without_a_time_zone_is_refused_everywhere(ask: Callable[[datetime], object]):
    with pytest.raises(ValueError, match="A moment needs its time zone"):
        ask(datetime(2026, 9, 3, 12))  # noqa: DTZ001 - the very thing to refuse


def test_a_time_of_day_with_a_time_zone_is_refused():
    with pytest.raises(ValueError, match="carries no time zone"):
        SCHOOL.local(day("2026-09-03"), time(12, tzinfo=UTC))


# Plain data


@given(calendars())
def test_a_calendar_read_back_from_plain_data_is_equal(calendar: SchoolCalendar):
    assert SchoolCalendar.from_json(calendar.to_json()) == calendar


def test_plain_data_is_strings_lists_and_a_flag():
    small = replace(SCHOOL, terms=SCHOOL.terms[:1], closures=SCHOOL.closures[:1])
    assert small.to_json() == {
        "zone": "Europe/London",
        "nation": "ENG",
        "day_start": "08:30",
        "day_end": "15:30",
        "quiet_from": "20:00",
        "quiet_until": "07:30",
        "quiet_weekends": True,
        "terms": [{"name": "Autumn term 2026", "first": "2026-09-01", "last": "2026-12-18"}],
        "closures": [{"name": "INSET day", "first": "2026-09-01", "last": "2026-09-01", "kind": "inset"}],
    }


def test_terms_in_any_order_make_the_same_calendar():
    assert replace(SCHOOL, terms=SCHOOL.terms[::-1], closures=SCHOOL.closures[::-1]) == SCHOOL


TERM = {"name": "Autumn", "first": "2026-09-01", "last": "2026-12-18"}
CLOSURE = {"name": "INSET", "first": "2026-09-01", "last": "2026-09-01", "kind": "inset"}


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"zone": "Europe/Londn"}, "The time zone 'Europe/Londn' is unknown; use a name such as Europe/London."),
        ({"zone": "Europe"}, "The time zone 'Europe' is unknown; use a name such as Europe/London."),
        ({"zone": "../secret"}, "The time zone '../secret' is unknown; use a name such as Europe/London."),
        ({"zone": 7}, "The field “zone” is text, not 7."),
        (
            {"nation": "ZZ"},
            "The nation 'ZZ' is unknown; use ENG, WLS, SCT or NIR, or a country's two letters such as IE.",
        ),
        (
            {"nation": "GB"},
            "The nation 'GB' is unknown; use ENG, WLS, SCT or NIR, or a country's two letters such as IE.",
        ),
        ({"day_start": "8.30"}, "The time “day_start” is written HH:MM, not '8.30'."),
        ({"day_start": "08:30:15"}, "The time day_start is the school's own, in whole minutes, such as 08:30."),
        ({"day_start": "16:00"}, "The school day ends before it begins; give day_start and day_end in order."),
        ({"quiet_weekends": "yes"}, "The calendar's “quiet_weekends” is true or false."),
        ({"terms": {}}, "The calendar's “terms” is a list."),
        ({"terms": ["Autumn"]}, "A term is a set of named fields: first, last, name."),
        ({"terms": [{"name": "Autumn", "first": "2026-09-01"}]}, "A term has no “last”; add it."),
        ({"terms": [TERM | {"kind": "x"}]}, "A term has a field “kind” that is not known; take it out."),
        ({"terms": [TERM | {"first": "1 Sept"}]}, "The date “first” is written YYYY-MM-DD, not '1 Sept'."),
        (
            {"terms": [TERM | {"last": "2026-08-31"}]},
            "The term “Autumn” ends on 2026-08-31, before it begins on 2026-09-01.",
        ),
        ({"terms": [TERM | {"last": "2027-12-18"}]}, "The term “Autumn” lasts longer than a year; check its dates."),
        (
            {"terms": [TERM | {"first": "0026-09-01", "last": "0026-12-18"}]},
            "The term “Autumn” lies outside the years 1900 to 2100.",
        ),
        (
            {"terms": [TERM | {"name": " "}]},
            "The term of 2026-09-01 needs a name of one line and at most 120 characters.",
        ),
        (
            {"terms": [TERM, TERM | {"name": "Spring", "first": "2026-12-18", "last": "2027-03-25"}]},
            "The terms “Autumn” and “Spring” overlap on 2026-12-18.",
        ),
        (
            {"closures": [CLOSURE | {"kind": "snow"}]},
            "The closure “INSET” needs a kind: half_term, inset, closed.",
        ),
        (
            {"closures": [CLOSURE | {"last": "2026-08-31"}]},
            "The closure “INSET” ends on 2026-08-31, before it begins on 2026-09-01.",
        ),
        ({"extra": 1}, "The calendar has a field “extra” that is not known; take it out."),
    ],
)
def test_plain_data_that_is_wrong_is_refused_in_one_sentence(change: dict[str, object], sentence: str):
    with pytest.raises(CalendarError) as refused:
        SchoolCalendar.from_json(SCHOOL.to_json() | change)
    assert str(refused.value) == sentence


def test_plain_data_that_is_no_calendar_at_all_is_refused():
    with pytest.raises(CalendarError, match=r"^The calendar is a set of named fields: "):
        SchoolCalendar.from_json([])
    with pytest.raises(CalendarError, match=r"^The calendar has no “closures”; add it\.$"):
        SchoolCalendar.from_json({})


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)


@given(st.sampled_from(sorted(SCHOOL.to_json())), json_values)
def test_any_value_in_any_field_is_read_or_refused_with_a_calendar_error(name: str, value: object):
    try:
        calendar = SchoolCalendar.from_json(SCHOOL.to_json() | {name: value})
    except CalendarError:
        return
    assert SchoolCalendar.from_json(calendar.to_json()) == calendar


def test_a_closure_outside_of_any_term_is_accepted():
    summer = Closure("Summer works", day("2027-08-02"), day("2027-08-06"), "closed")
    assert replace(SCHOOL, closures=(summer,)).why_closed(day("2027-08-03")) == "closed"
