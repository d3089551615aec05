"""Due rows: one for each kind and subject, the oldest first, never two workers on one."""

from datetime import timedelta

from sqlalchemy import Engine
from sqlmodel import Session, select

from store.database import is_postgresql
from store.due import next_due, set_due, when_next
from store.tables import Due
from tests.factories import NOW, make_school

MINUTE = timedelta(minutes=1)


def test_nothing_is_due_before_its_time(session: Session) -> None:
    school = make_school(session)
    assert (next_due(session, NOW), when_next(session)) == (None, None)
    set_due(session, school.id, "score", "a", NOW + MINUTE)
    assert next_due(session, NOW) is None
    assert when_next(session) == NOW + MINUTE
    row = next_due(session, NOW + MINUTE)
    assert row is not None
    assert (row.kind, row.subject) == ("score", "a")


def test_the_oldest_row_comes_first_and_of_those_at_one_time_the_one_written_first(session: Session) -> None:
    school = make_school(session)
    for subject, due_at in (("late", NOW), ("first", NOW - MINUTE), ("second", NOW - MINUTE)):
        set_due(session, school.id, "score", subject, due_at)
        session.flush()
    done = []
    while (row := next_due(session, NOW)) is not None:
        done.append(row.subject)
        session.delete(row)
        session.flush()
    assert done == ["first", "second", "late"]


def test_what_is_set_no_later_keeps_the_earlier_time_until_it_is_done(session: Session) -> None:
    school = make_school(session)
    for due_at, kept in ((NOW, NOW), (NOW + MINUTE, NOW), (NOW - MINUTE, NOW - MINUTE)):
        set_due(session, school.id, "score", "a", due_at, no_later=True)
        session.flush()
        assert when_next(session) == kept
    row = session.exec(select(Due)).one()
    row.state = "failed"
    set_due(session, school.id, "score", "a", NOW + MINUTE, no_later=True)
    session.flush()
    assert when_next(session) == NOW + MINUTE


def test_setting_the_same_work_again_moves_it_and_makes_it_wait_anew(session: Session) -> None:
    school = make_school(session)
    set_due(session, school.id, "request", "a", NOW, version=1)
    session.flush()
    row = session.exec(select(Due)).one()
    row.state, row.attempts = "failed", 5
    session.flush()
    set_due(session, school.id, "request", "a", NOW + MINUTE, version=2)
    session.flush()
    (row,) = session.exec(select(Due)).all()
    assert (row.due_at, row.version, row.state, row.attempts) == (NOW + MINUTE, 2, "waiting", 0)


def test_kind_subject_and_school_tell_work_apart(session: Session) -> None:
    for school in (make_school(session), make_school(session)):
        for kind in ("score", "home"):
            for subject in ("a", "b"):
                set_due(session, school.id, kind, subject, NOW)
    session.flush()
    assert len(session.exec(select(Due)).all()) == 8


def test_work_that_failed_for_good_is_left_alone(session: Session) -> None:
    school = make_school(session)
    set_due(session, school.id, "score", "a", NOW)
    session.flush()
    session.exec(select(Due)).one().state = "failed"
    session.flush()
    assert (next_due(session, NOW), when_next(session)) == (None, None)


def test_a_row_that_one_worker_holds_is_passed_over_by_another(engine: Engine) -> None:
    if not is_postgresql(engine):
        # On SQLite a transaction begins as the only writer: nobody else is there.
        return
    with Session(engine) as session:
        school = make_school(session)
        set_due(session, school.id, "score", "a", NOW - MINUTE)
        set_due(session, school.id, "score", "b", NOW)
        session.commit()
    # Where writers take turns there is no other meanwhile: these do not, and the rows' own locks must do.
    hasty = engine.execution_options(reading=True)
    with Session(hasty) as session, Session(hasty) as other, Session(hasty) as third:
        first, second = next_due(session, NOW), next_due(other, NOW)
        assert first is not None
        assert second is not None
        assert (first.subject, second.subject) == ("a", "b")
        assert next_due(third, NOW) is None
