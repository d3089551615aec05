"""Waves: the weekly opening, its one reminder and its close, around days off, quiet hours and clock changes."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduling.calendar import CalendarError, Closure, SchoolCalendar, Term
from scheduling.sample import sample_calendar
from scheduling.waves import WaveRule, WaveTimes, next_wave, wave_now

LONDON = ZoneInfo("Europe/London")
SCHOOL = sample_calendar(2026)
WEDNESDAYS = WaveRule(weekday=2, opens=time(10), closes=time(9), remind_after=timedelta(hours=6))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=LONDON).astimezone(UTC)


def times(opens: str, remind: str | None, closes: str) -> WaveTimes:
    return WaveTimes(at(opens), at(remind) if remind else None, at(closes))


def on(weekday: int, **other: time | timedelta) -> WaveRule:
    return replace(WEDNESDAYS, weekday=weekday, **other)


@pytest.mark.parametrize(
    ("rule", "after", "expected"),
    [
        # An ordinary week, and strictly after its opening the one that follows.
        (WEDNESDAYS, "2026-09-07T00:00", times("2026-09-09T10:00", "2026-09-09T16:00", "2026-09-10T09:00")),
        (WEDNESDAYS, "2026-09-09T09:59", times("2026-09-09T10:00", "2026-09-09T16:00", "2026-09-10T09:00")),
        (WEDNESDAYS, "2026-09-09T10:00", times("2026-09-16T10:00", "2026-09-16T16:00", "2026-09-17T09:00")),
        # On the last day of the week its wave may still be ahead.
        (on(4), "2026-09-11T09:59", times("2026-09-11T10:00", "2026-09-11T16:00", "2026-09-14T09:00")),
        (on(4), "2026-09-12T12:00", times("2026-09-18T10:00", "2026-09-18T16:00", "2026-09-21T09:00")),
        # INSET on Wednesday 2 September: Thursday, in the same week.
        (WEDNESDAYS, "2026-08-01T00:00", times("2026-09-03T10:00", "2026-09-03T16:00", "2026-09-04T09:00")),
        # Half-term has no wave; the week after it is in winter time.
        (WEDNESDAYS, "2026-10-21T10:00", times("2026-11-04T10:00", "2026-11-04T16:00", "2026-11-05T09:00")),
        # A bank holiday Monday moves to Tuesday.
        (on(0), "2027-04-26T12:00", times("2027-05-04T10:00", "2027-05-04T16:00", "2027-05-05T09:00")),
        # Friday is INSET and no day is left: the Thursday before, closing that evening, not after half-term.
        (on(4), "2026-10-19T00:00", times("2026-10-22T10:00", "2026-10-22T16:00", "2026-10-22T20:00")),
        # Good Friday, and the holidays after it: the same evening.
        (on(4), "2027-03-22T00:00", times("2027-03-25T10:00", "2027-03-25T16:00", "2027-03-25T20:00")),
        # The last day of a term closes that evening, not on the first day of the next.
        (on(4), "2026-12-14T00:00", times("2026-12-18T10:00", "2026-12-18T16:00", "2026-12-18T20:00")),
        # A weekend with a bank holiday is no holiday: Friday's closes on Tuesday.
        (on(4), "2027-04-26T00:00", times("2027-04-30T10:00", "2027-04-30T16:00", "2027-05-04T09:00")),
        # The last school day known closes with the school day, before the reminder.
        (WEDNESDAYS, "2027-07-20T00:00", times("2027-07-21T10:00", None, "2027-07-21T15:30")),
        (WEDNESDAYS, "2027-07-21T10:00", None),
    ],
)
def test_the_next_wave(rule: WaveRule, after: str, expected: WaveTimes | None):
    assert next_wave(SCHOOL, rule, at(after)) == expected


@pytest.mark.parametrize(
    ("rule", "after", "remind"),
    [
        # In the evening: the next morning, when that is still before closing.
        (on(2, remind_after=timedelta(hours=11)), "2026-09-07T00:00", "2026-09-10T07:30"),
        (on(2, remind_after=timedelta(hours=11), closes=time(7)), "2026-09-07T00:00", None),
        # Friday's waits for Monday morning, after the weekend.
        (on(4, remind_after=timedelta(hours=20)), "2026-09-07T00:00", "2026-09-14T07:30"),
        # Before half-term: none, for the wave closes that evening.
        (on(3, remind_after=timedelta(days=5)), "2026-10-19T00:00", None),
        (on(2, remind_after=timedelta(days=3)), "2026-09-07T00:00", None),
        (on(2, remind_after=timedelta(days=200)), "2026-09-07T00:00", None),
    ],
)
def test_the_reminder_waits_for_quiet_to_end_and_school_to_be_back(rule: WaveRule, after: str, remind: str | None):
    wave = next_wave(SCHOOL, rule, at(after))
    assert wave is not None
    assert wave.remind_at == (at(remind) if remind else None)


THROUGH = replace(SCHOOL, nation="SCT", closures=(), terms=(Term("Whole year", date(2026, 8, 17), date(2027, 6, 25)),))
"""A school open on both sides of each clock change, which the sample school spends in holidays."""


@pytest.mark.parametrize(
    ("rule", "after", "expected"),
    [
        # Over 25 October 2026: 71 hours after ten on Friday the clock shows eight on Monday.
        (
            on(4, remind_after=timedelta(hours=71)),
            "2026-10-19T00:00",
            times("2026-10-23T10:00", "2026-10-26T08:00", "2026-10-26T09:00"),
        ),
        # Over 28 March 2027: it shows eight after 93 hours from Thursday, for Friday is Good Friday.
        (
            on(3, remind_after=timedelta(hours=93)),
            "2027-03-22T00:00",
            times("2027-03-25T10:00", "2027-03-29T08:00", "2027-03-29T09:00"),
        ),
        # A closing that 94 real hours would pass brings no reminder.
        (
            on(3, remind_after=timedelta(hours=94)),
            "2027-03-22T00:00",
            times("2027-03-25T10:00", None, "2027-03-29T09:00"),
        ),
        # Opening on the first day after a change is at ten by the new clock.
        (on(0), "2026-10-24T00:00", times("2026-10-26T10:00", "2026-10-26T16:00", "2026-10-27T09:00")),
        (on(0), "2027-03-27T00:00", times("2027-03-29T10:00", "2027-03-29T16:00", "2027-03-30T09:00")),
    ],
)
def test_a_wave_through_a_clock_change_keeps_to_the_clock_on_the_wall(rule: WaveRule, after: str, expected: WaveTimes):
    assert next_wave(THROUGH, rule, at(after)) == expected


def test_a_weekend_the_school_left_open_may_bring_the_reminder():
    wave = next_wave(
        replace(SCHOOL, quiet_weekends=False), on(4, remind_after=timedelta(hours=25)), at("2026-09-07T00:00")
    )
    assert wave == times("2026-09-11T10:00", "2026-09-12T11:00", "2026-09-14T09:00")


def test_an_opening_in_quiet_hours_waits_for_their_end_on_the_same_day():
    wave = next_wave(SCHOOL, on(2, opens=time(6)), at("2026-09-07T00:00"))
    assert wave == times("2026-09-09T07:30", "2026-09-09T13:30", "2026-09-10T09:00")


@pytest.mark.parametrize("opens", [time(20), time(20, 15)])
def test_an_opening_in_quiet_hours_that_last_overnight_is_refused(opens: time):
    with pytest.raises(CalendarError) as refused:
        next_wave(SCHOOL, on(2, opens=opens), at("2026-09-07T00:00"))
    assert str(refused.value) == f"The wave would open at {opens:%H:%M}, in quiet hours; choose an earlier time."


def test_an_opening_after_the_last_known_school_day_has_ended_is_no_wave():
    assert next_wave(SCHOOL, on(2, opens=time(16)), at("2027-07-20T00:00")) is None


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("2026-09-09T11:15", times("2026-09-09T11:15", "2026-09-09T17:15", "2026-09-10T09:00")),
        ("2026-09-09T21:00", None),
        ("2026-09-12T11:00", None),
        ("2026-10-28T11:00", None),
        ("2026-10-22T11:15", times("2026-10-22T11:15", "2026-10-22T17:15", "2026-10-22T20:00")),
        ("2027-07-21T11:00", times("2027-07-21T11:00", None, "2027-07-21T15:30")),
        ("2027-07-21T15:30", None),
    ],
)
def test_a_wave_opened_now_needs_a_school_day_outside_quiet_hours(now: str, expected: WaveTimes | None):
    assert wave_now(SCHOOL, WEDNESDAYS, at(now)) == expected


@pytest.mark.parametrize(
    ("quiet", "closes"),
    [
        # No quiet hours, or none of them in the evening: at midnight.
        ({"quiet_from": time(7), "quiet_until": time(7)}, "2026-10-23T00:00"),
        ({"quiet_from": time(0), "quiet_until": time(7)}, "2026-10-23T00:00"),
        ({"quiet_from": time(18), "quiet_until": time(7)}, "2026-10-22T18:00"),
        ({"quiet_from": time(15), "quiet_until": time(16)}, "2026-10-22T15:00"),
    ],
)
def test_a_wave_before_a_holiday_closes_when_quiet_hours_begin(quiet: dict[str, time], closes: str):
    wave = next_wave(replace(SCHOOL, **quiet), on(3), at("2026-10-19T00:00"))
    assert wave is not None
    assert (wave.opens_at, wave.closes_at) == (at("2026-10-22T10:00"), at(closes))


@pytest.mark.parametrize(("off", "closes"), [(1, "2026-09-14T09:00"), (2, "2026-09-10T20:00")])
def test_a_wave_stays_open_over_four_days_and_not_over_five(off: int, closes: str):
    days = (date(2026, 9, 11), date(2026, 9, 14))[:off]
    school = replace(SCHOOL, closures=tuple(Closure.by_hand(day) for day in days))
    wave = next_wave(school, on(3), at("2026-09-07T00:00"))
    assert wave == times("2026-09-10T10:00", "2026-09-10T16:00", closes)


def test_a_reminder_that_would_come_on_a_day_off_waits_until_school_is_back():
    school = replace(SCHOOL, closures=(Closure.by_hand(date(2026, 9, 9)),))
    wave = next_wave(school, on(1, remind_after=timedelta(hours=24)), at("2026-09-07T00:00"))
    assert wave == times("2026-09-08T10:00", "2026-09-10T07:30", "2026-09-10T09:00")


@pytest.mark.parametrize(
    ("first", "last", "open_on"), [(9, 12, "2026-11-13"), (10, 13, "2026-11-09")], ids=["Friday", "Monday"]
)
def test_a_week_with_one_school_day_has_its_wave_on_it(first: int, last: int, open_on: str):
    closed = Closure("Flood", date(2026, 11, first), date(2026, 11, last), "closed")
    for weekday in range(5):
        wave = next_wave(replace(SCHOOL, closures=(closed,)), on(weekday), at("2026-11-07T00:00"))
        assert wave is not None
        assert wave.opens_at == at(f"{open_on}T10:00")


def test_a_wave_never_moves_into_the_week_after():
    school = replace(SCHOOL, closures=(Closure.by_hand(date(2026, 9, 11)),))
    wave = next_wave(school, on(4), at("2026-09-07T00:00"))
    assert wave == times("2026-09-10T10:00", "2026-09-10T16:00", "2026-09-14T09:00")


def test_a_moment_without_a_time_zone_is_refused():
    with pytest.raises(ValueError, match="A moment needs its time zone"):
        next_wave(SCHOOL, WEDNESDAYS, datetime(2026, 9, 7))  # noqa: DTZ001 - the very thing to refuse


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"weekday": 5}, "A wave opens on a weekday from 0, Monday, to 4, Friday."),
        ({"opens": time(10, tzinfo=UTC)}, "A wave opens and closes by the school's own clock, without a time zone."),
        ({"remind_after": timedelta()}, "The reminder of a wave comes some time after it opens."),
    ],
)
def test_a_rule_out_of_range_is_refused(change: dict[str, object], sentence: str):
    with pytest.raises(CalendarError) as refused:
        replace(WEDNESDAYS, **change)
    assert str(refused.value) == sentence


@st.composite
def schools(draw: st.DrawFn) -> SchoolCalendar:
    """The sample school with other quiet hours and a few more days closed."""
    starts = draw(st.lists(st.dates(SCHOOL.terms[0].first, SCHOOL.terms[2].last), max_size=8))
    closures = tuple(Closure("Off", s, s + timedelta(draw(st.integers(0, 9))), "closed") for s in starts)
    whole = st.times().map(lambda t: t.replace(second=0, microsecond=0))
    return replace(
        SCHOOL,
        closures=SCHOOL.closures + closures,
        quiet_from=draw(whole),
        quiet_until=draw(whole),
        quiet_weekends=draw(st.booleans()),
    )


rules = st.builds(
    WaveRule,
    weekday=st.integers(0, 4),
    opens=st.times(),
    closes=st.times(),
    remind_after=st.timedeltas(timedelta(minutes=1), timedelta(days=10)),
)


moments = st.timedeltas(timedelta(), timedelta(days=365)).map(lambda after: at("2026-08-01T00:00") + after)


@given(schools(), rules, moments)
def test_every_wave_is_after_the_moment_on_a_school_day_outside_quiet_hours_and_in_order(
    school: SchoolCalendar, rule: WaveRule, after: datetime
):
    if school.quiet_until < school.quiet_from <= rule.opens:
        return
    wave = next_wave(school, rule, after)
    if wave is None:
        return
    opening_day = school.local_date(wave.opens_at)
    assert after < wave.opens_at < wave.closes_at
    assert school.is_school_day(opening_day)
    assert not school.is_quiet(wave.opens_at)
    assert wave.closes_at - wave.opens_at <= timedelta(days=5)
    if wave.remind_at is not None:
        assert wave.opens_at < wave.remind_at < wave.closes_at
        assert not school.is_quiet(wave.remind_at)
        assert school.why_closed(school.local_date(wave.remind_at)) in (None, "weekend")
    following = next_wave(school, rule, wave.opens_at)
    if following is not None:
        assert school.local_date(following.opens_at).isocalendar()[:2] > opening_day.isocalendar()[:2]
