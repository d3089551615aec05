"""The sample school's year: plausible for every year whose bank holidays are known."""

from datetime import date, timedelta

import pytest

from scheduling.calendar import CalendarError
from scheduling.sample import sample_calendar


def test_the_sample_year_2026_is_as_an_english_school_would_publish_it():
    calendar = sample_calendar(2026)
    assert [(t.name, t.first.isoformat(), t.last.isoformat()) for t in calendar.terms] == [
        ("Autumn term 2026", "2026-09-01", "2026-12-18"),
        ("Spring term 2027", "2027-01-04", "2027-03-25"),
        ("Summer term 2027", "2027-04-12", "2027-07-21"),
    ]
    assert [(c.kind, c.first.isoformat(), c.last.isoformat()) for c in calendar.closures] == [
        ("inset", "2026-09-01", "2026-09-01"),
        ("inset", "2026-09-02", "2026-09-02"),
        ("inset", "2026-10-23", "2026-10-23"),
        ("half_term", "2026-10-26", "2026-10-30"),
        ("inset", "2027-01-04", "2027-01-04"),
        ("half_term", "2027-02-15", "2027-02-19"),
        ("half_term", "2027-05-31", "2027-06-04"),
        ("inset", "2027-06-07", "2027-06-07"),
    ]


@pytest.mark.parametrize("year", range(1900, 2100))
def test_a_sample_year_has_three_terms_five_inset_days_and_190_days_for_pupils(year: int):
    calendar = sample_calendar(year)
    autumn, spring, summer = calendar.terms
    days = [autumn.first + timedelta(days=n) for n in range((summer.last - autumn.first).days + 1)]
    assert sum(map(calendar.is_school_day, days)) == 190
    assert [calendar.why_closed(day) for day in days].count("inset") == 5
    assert [closure.kind for closure in calendar.closures].count("half_term") == 3
    assert date(year, 9, 1) <= autumn.first <= date(year, 9, 4)
    assert date(year, 12, 16) <= autumn.last <= date(year, 12, 22)
    assert date(year + 1, 1, 3) <= spring.first <= date(year + 1, 1, 9)
    assert timedelta(days=14) <= summer.first - spring.last <= timedelta(days=24)
    assert date(year + 1, 7, 16) <= summer.last <= date(year + 1, 7, 31)
    assert all(edge.weekday() < 5 for term in calendar.terms for edge in (term.first, term.last))


def test_several_sample_years_are_the_years_one_after_another():
    both = sample_calendar(2025, years=2)
    assert both.terms == sample_calendar(2025).terms + sample_calendar(2026).terms
    assert both.closures == sample_calendar(2025).closures + sample_calendar(2026).closures


@pytest.mark.parametrize(("year", "years"), [(1899, 1), (2100, 1), (2099, 2), (2026, 0)])
def test_a_sample_year_whose_bank_holidays_are_unknown_is_refused(year: int, years: int):
    with pytest.raises(CalendarError, match="whole academic years from 1900 to 2100"):
        sample_calendar(year, years)
