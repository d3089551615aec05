"""The simulated year: a short one has nothing wrong in it, and what would be wrong is found."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import Session, delete, select

from benchmarks.school_year import live, wrong
from benchmarks.year_cases import Book
from benchmarks.year_clock import SchoolHours, overlap
from benchmarks.year_plan import Plan
from benchmarks.year_world import World
from scheduling.escalation import DEFAULT, falls_due
from scheduling.sample import sample_calendar
from store.plan_tables import Absence
from store.tables import Due

CALENDAR = sample_calendar(2026)
HOURS = SchoolHours(CALENDAR, date(2026, 9, 1), CALENDAR.terms[-1].last)
SHORT = Plan(nudges=16, requests=12, dangers=3, outages=40, restarts=5)
MINUTE = timedelta(minutes=1)
# A Tuesday in the week before half-term and the change of the clocks.
TUESDAY = CALENDAR.local(date(2026, 10, 13), CALENDAR.day_start)


def test_the_years_own_sum_of_school_minutes_agrees_with_the_one_it_judges():
    for start in range(0, 190, 7):
        since = HOURS.days[start][0] + 37 * MINUTE
        for minutes in (0, 45, 383, 384, 420, 840, 2_100):
            assert HOURS.due(since, minutes, "school") == falls_due("school", CALENDAR, since, minutes)


def test_a_short_year_with_a_clock_change_has_nothing_late_lost_early_or_repeated(tmp_path: Path):
    world = live(tmp_path, seed=7, plan=SHORT, pupils=60, school_days=40)
    assert {what: count for what, count in wrong(world).items() if count} == {}
    begun = [one.kind for one in world.book.cases.values()]
    assert (len(begun) >= 25, begun.count("danger") >= 2, world.counts.kills, world.counts.refused > 0) == (
        True,
        True,
        5,
        True,
    )
    # Who is away is so in the store as well: others are told instead, and some have somebody who stands in.
    with Session(world.engine) as session:
        rows = session.exec(select(Absence)).all()
    assert len(rows) == world.counts.absences > 20
    assert {row.cover_id is None for row in rows} == {True, False}
    # What was on the wire at each kill left once more.
    assert 0 < world.counts.repeated <= world.counts.kills


def test_a_step_whose_row_was_lost_is_done_again_by_the_auditor_and_found_late(tmp_path: Path):
    def lose(world: World) -> None:
        with Session(world.engine) as session:
            session.exec(delete(Due).where(Due.kind == "case.step"))  # type: ignore[arg-type]
            session.commit()

    world = live(
        tmp_path,
        seed=7,
        plan=Plan(nudges=12, requests=0, dangers=0, outages=0, restarts=0),
        pupils=60,
        school_days=20,
        also=[(HOURS.days[number][0] + 3 * MINUTE, lose) for number in range(8)],
    )
    assert world.counts.mended > 0
    assert wrong(world)["steps taken late"] + wrong(world)["steps not taken"] > 0


@pytest.fixture
def book() -> Book:
    book = Book(HOURS, [(TUESDAY + 200 * MINUTE, TUESDAY + 260 * MINUTE)], [])
    book.begin("a", "today", DEFAULT["today"], TUESDAY)
    book.written("a", "1", 1, TUESDAY)
    return book


def test_a_step_in_time_is_well_and_so_is_one_after_a_stop(book: Book):
    book.written("a", "2", 2, TUESDAY + 45 * MINUTE)
    book.written("a", "3", 2, TUESDAY + 90 * MINUTE)
    book.written("a", "4", 2, TUESDAY + 150 * MINUTE)
    # The next was due at 210 minutes, while nothing ran.
    book.written("a", "5", 2, TUESDAY + 260 * MINUTE)
    book.look(TUESDAY + 300 * MINUTE)
    assert (book.found.late, book.found.early, book.found.missed, book.found.nags) == (0, 0, 0, 0)
    assert book.cases["a"].is_at_top


def test_each_thing_that_is_wrong_is_found(book: Book):
    book.written("a", "2", 2, TUESDAY + 40 * MINUTE)
    assert book.found.early == 1
    book.written("a", "3", 2, TUESDAY + 90 * MINUTE)
    assert (book.found.late, book.found.latest) == (1, 5 * MINUTE)
    book.look(TUESDAY + 157 * MINUTE)
    assert book.found.missed == 1
    book.delivered("a", "3", "reader", TUESDAY + 97 * MINUTE)
    assert book.found.delivered_late == 1
    book.own("a", TUESDAY + 160 * MINUTE)
    book.written("a", "4", 2, TUESDAY + 170 * MINUTE)
    assert book.found.nags == 2
    book.hand_back("a", TUESDAY + 180 * MINUTE)
    book.written("a", "5", 1, datetime.combine(date(2026, 10, 17), TUESDAY.timetz()))
    assert (book.found.out_of_hours, book.found.late) == (1, 2)
    book.written("z", "1", 1, TUESDAY)
    assert book.found.unknown == 1


def test_windows_count_only_where_they_meet_the_stretch():
    windows = [(TUESDAY, TUESDAY + 10 * MINUTE), (TUESDAY + 20 * MINUTE, TUESDAY + 30 * MINUTE)]
    assert overlap(windows, TUESDAY + 5 * MINUTE, TUESDAY + 25 * MINUTE) == 10 * MINUTE


def test_a_lapse_is_judged_by_when_it_was_owned_and_one_of_a_case_handed_back_is_none(book: Book):
    book.own("a", TUESDAY + 10 * MINUTE)
    book.hand_back("a", TUESDAY + 20 * MINUTE)
    book.lapse("a", TUESDAY + 30 * MINUTE)
    # Whoever cannot come hands it on, and the next are told at once.
    book.written("a", "2", 1, TUESDAY + 20 * MINUTE)
    assert (book.found.early, book.found.late) == (0, 0)
    book.own("a", TUESDAY + 70 * MINUTE)
    book.lapse("a", TUESDAY + 80 * MINUTE)
    assert book.found.early == 1
