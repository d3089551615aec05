"""The report of a school's year: totals with small counts kept back, and how soon, in school time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import Session

from scheduling.school_report import SchoolReport, school_report
from scheduling.school_view import YEAR
from signals.totals import FEWEST
from store.sealing import Sealer
from store.tables import Flag, Pupil, Request
from tests.bot.classroom import Classroom, classroom

MORNING = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


@pytest.fixture
def room(session: Session, sealer: Sealer) -> Classroom:
    room = classroom(session, sealer)
    room.clock.now = MORNING + timedelta(days=7)
    return room


def made(room: Classroom) -> SchoolReport:
    report = school_report(room.session, room.sealer, room.school, room.clock())
    room.session.commit()
    return report


def asked(room: Classroom, minutes: int | None, state: str = "owned", at: datetime = MORNING) -> Request:
    """A request of a new pupil that was taken after so many minutes; None for one that waits."""
    owned_at = None if minutes is None else at + timedelta(minutes=minutes)
    pupil = room.pupil()
    room.session.flush()
    row = Request(school_id=room.school.id, pupil_id=pupil.id, state=state, asked_at=at, owned_at=owned_at)
    room.session.add(row)
    room.session.commit()
    return row


def flagged(room: Classroom, minutes: int | None, **more: object) -> Flag:
    check_in = room.check_in(room.pupil())
    decided_at = None if minutes is None else MORNING + timedelta(minutes=minutes)
    whose = {"pupil_id": check_in.pupil_id, "group_id": check_in.group_id, "check_in_id": check_in.id}
    flag = Flag(school_id=room.school.id, rule="test", raised_at=MORNING, decided_at=decided_at, **whose)
    for name, value in more.items():
        setattr(flag, name, value)
    room.sealer.write(flag, "reasons", {})
    room.session.add(flag)
    room.session.commit()
    return flag


def test_pupils_are_counted_by_whether_they_take_part_and_a_parents_stop_is_a_stop(room: Classroom):
    for number in range(12):
        room.pupil(8_000_000_000 + number)
    for status, times in (("invited", 6), ("stopped", 5), ("left", 9)):
        for _ in range(times):
            room.pupil(status=status)
    held = room.pupil(status="invited")
    held.held = True
    room.session.add(held)
    room.session.commit()
    assert made(room).pupils == (12, 6, 6, 24)


def test_a_small_count_is_kept_back_and_another_with_it_that_would_give_it_away(room: Classroom):
    for status, times in (("active", 20), ("invited", 8), ("stopped", 2)):
        for _ in range(times):
            room.pupil(status=status)
    room.session.commit()
    assert made(room).pupils == (20, None, None, 30)


def test_requests_are_counted_by_what_became_of_them_for_a_year(room: Classroom):
    for state, times in (("open", 6), ("owned", 7), ("done", 9)):
        for _ in range(times):
            asked(room, None, state)
    asked(room, 5, "done", MORNING - YEAR)
    assert made(room).requests == (6, 7, 9, 22)


def test_half_of_ten_requests_were_taken_within_the_median_of_school_minutes(room: Classroom):
    for minutes in (1, 2, 3, 4, 50, 60, 70, 80, 90):
        asked(room, minutes)
    assert made(room).taken_in is None
    asked(room, None, "open")
    assert len(room.rows(Request)) == FEWEST
    assert made(room).taken_in == 50


def test_while_half_of_them_wait_how_soon_is_not_told(room: Classroom):
    for minutes in (1, 2, 3, 4, None, None, None, None, None, None):
        asked(room, minutes)
    assert made(room).taken_in is None


def test_what_comes_in_the_evening_waits_for_the_morning(room: Classroom):
    evening = MORNING.replace(hour=20)
    for _ in range(FEWEST):
        asked(room, 14 * 60, at=evening)
    began = room.school.calendar.local(datetime(2026, 11, 25, tzinfo=UTC).date(), room.school.calendar.day_start)
    assert made(room).taken_in == (evening + timedelta(hours=14) - began) // timedelta(minutes=1)


def test_how_soon_nudges_were_decided_on_leaves_out_what_was_contested(room: Classroom):
    for minutes in range(10, 100, 10):
        flagged(room, minutes, state="taken")
    flagged(room, 1, state="taken", contested="withdrawn")
    assert made(room).decided_in is None
    flagged(room, 100, state="done")
    assert made(room).decided_in == 50


def test_a_new_school_has_a_report_of_noughts(room: Classroom):
    for row in room.rows(Pupil):
        room.session.delete(row)
    room.session.commit()
    report = made(room)
    assert (report.pupils, report.requests, report.view.waves) == ((0, 0, 0, 0), (0, 0, 0, 0), ())
