"""What is kept: read together by when pupils were last heard of, and put away for many at once."""

from datetime import UTC, datetime, timedelta
from sqlite3 import Cursor
from uuid import UUID

import pytest
from sqlalchemy import Connection, event
from sqlmodel import Session, select

from scheduling.kept import ALIKE, Known, heard_of_together, points_of, read, write
from scheduling.night import nightly
from store.ids import new_id
from store.sealing import Sealer
from store.signal_tables import Signal
from store.tables import CheckIn
from tests.bot.classroom import Classroom, classroom

MONDAY = datetime(2026, 11, 23, 9, tzinfo=UTC)
WEEK = timedelta(weeks=1)
FIRST = 7_100_000_001


@pytest.fixture
def room(session: Session, sealer: Sealer) -> Classroom:
    return classroom(session, sealer)


def known(room: Classroom, pupil_id: UUID, as_of: datetime, points: float) -> Known:
    """What has come of a pupil after a check-in of theirs, to be written."""
    check_in = CheckIn(opened_at=as_of)
    return Known(pupil_id, as_of=as_of, row="", points=points, check_ins=[check_in], recent=["a"], up_at=as_of)


def test_pupils_are_read_together_who_were_last_heard_of_together():
    one, two, late, gone = (Known(new_id(), as_of=MONDAY + by) for by in (WEEK, WEEK + ALIKE, WEEK + 2 * ALIKE, -WEEK))
    new, newer = Known(new_id()), Known(new_id())

    assert list(heard_of_together([new, late, one, gone, two, newer])) == [[gone], [one, two], [late], [new, newer]]
    assert list(heard_of_together([])) == []


def test_many_rows_are_written_and_changed_as_each_by_itself(room: Classroom):
    pupils = [room.pupil(FIRST + number) for number in range(3)]
    first = [known(room, pupil.id, MONDAY, 1.0) for pupil in pupils]
    write(room.session, room.sealer, room.school.id, first)
    later = [known(room, pupil.id, MONDAY + WEEK, 2.0 + number) for number, pupil in enumerate(pupils)]
    for one in later:
        one.kept, one.flagged = True, one is later[1]

    write(room.session, room.sealer, room.school.id, later[:2])
    write(room.session, room.sealer, room.school.id, later[2:])
    write(room.session, room.sealer, room.school.id, [])
    room.session.commit()

    rows = {row.pupil_id: row for row in room.session.exec(select(Signal))}
    assert [(rows[one.id].as_of, rows[one.id].flagged) for one in pupils] == [
        (MONDAY + WEEK, flagged) for flagged in (False, True, False)
    ]
    assert [room.sealer.read(rows[one.id], "data")["points"] for one in pupils] == [2.0, 3.0, 4.0]
    again = read(room.session, room.sealer, room.school.id, [one.id for one in pupils], MONDAY + WEEK)
    assert [(one.points, one.up_at, one.recent, one.check_ins) for one in again] == [
        (points, MONDAY + WEEK, ["a"], []) for points in (2.0, 3.0, 4.0)
    ]


def test_points_that_are_known_are_not_read(room: Classroom):
    ids = [room.pupil(FIRST + number).id for number in range(3)]
    write(room.session, room.sealer, room.school.id, [known(room, id, MONDAY, 5.0) for id in ids])

    assert sorted(points_of(room.session, room.sealer, ids, {ids[0]: -1.0, new_id(): 9.0})) == [-1.0, 5.0, 5.0]


def test_who_was_away_for_long_has_nobody_elses_past_read(room: Classroom):
    here, away = room.pupil(FIRST), room.pupil(FIRST + 1)
    for _ in range(6):
        room.clock.move(days=7)
        for pupil in (here, away):
            check_in = room.check_in(pupil)
            check_in.state, check_in.ended_at = "missed", room.clock()
            room.session.add(check_in)
    room.session.commit()
    newest = room.clock()
    rows = [known(room, here.id, newest - WEEK, 0.0), known(room, away.id, newest - 5 * WEEK, 0.0)]
    write(room.session, room.sealer, room.school.id, rows)
    room.session.commit()
    fetched: list[int] = []

    @event.listens_for(room.session.connection(), "after_cursor_execute")
    def count(_connection: object, cursor: object, statement: str, *_rest: object) -> None:
        if "FROM check_in" in statement:
            fetched.append(statement.count("check_in.opened_at >"))

    both = read(room.session, room.sealer, room.school.id, [here.id, away.id], room.clock())

    assert [len(one.check_ins) for one in both] == [1, 5]
    assert fetched == [1, 1]


@pytest.mark.only(database_url="sqlite")
def test_a_night_walks_through_no_past_check_ins(room: Classroom):
    pupil = room.pupil(FIRST)
    for _ in range(2):
        room.clock.move(days=7)
        check_in = room.check_in(pupil)
        check_in.state, check_in.ended_at = "missed", room.clock()
        room.session.add(check_in)
    room.session.commit()
    write(room.session, room.sealer, room.school.id, [known(room, pupil.id, room.clock() - WEEK, 0.0)])
    room.session.commit()
    ways: list[str] = []

    @event.listens_for(room.session.connection(), "before_cursor_execute")
    def explain(
        connection: Connection, cursor: Cursor, statement: str, parameters: tuple[str, ...], *_rest: object
    ) -> None:
        if statement.startswith("SELECT"):
            ways.extend(row[3] for row in cursor.connection.execute(f"EXPLAIN QUERY PLAN {statement}", parameters))

    assert nightly(room.session, room.sealer, room.school, room.clock(), lambda flag: None) is False

    assert [way for way in ways if " check_in " in way] == [
        "SEARCH check_in USING INDEX ix_check_in_group (school_id=? AND wave_id=?)",
        "SEARCH check_in USING INDEX ix_check_in_pupil (school_id=? AND pupil_id=? AND opened_at>? AND opened_at<?)",
    ]


def test_a_clock_that_went_back_leaves_what_it_had_put_down_to_be_made_again(room: Classroom):
    """A machine's clock ran a year ahead for a week: what was kept then must not hide the year that follows."""
    pupil = room.pupil(FIRST)

    def missed_at(moment: datetime) -> None:
        room.clock.now = moment
        check_in = room.check_in(pupil)
        check_in.state, check_in.ended_at = "missed", moment
        room.session.add(check_in)
        room.session.commit()

    def pass_at(moment: datetime) -> datetime:
        assert nightly(room.session, room.sealer, room.school, moment, lambda flag: None) is False
        room.session.commit()
        return room.session.get_one(Signal, pupil.id, populate_existing=True).as_of

    missed_at(MONDAY)
    missed_at(MONDAY + 52 * WEEK)
    assert pass_at(MONDAY + 52 * WEEK) == MONDAY + 52 * WEEK
    missed_at(MONDAY + WEEK)
    assert pass_at(MONDAY + WEEK) == MONDAY + WEEK
    # No look-ahead: what is dated later waits for its day.
    missed_at(MONDAY + 2 * WEEK)
    assert pass_at(MONDAY + 2 * WEEK) == MONDAY + 2 * WEEK
    assert pass_at(MONDAY + 52 * WEEK) == MONDAY + 52 * WEEK
