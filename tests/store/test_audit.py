"""The audit chain: whatever is changed, removed or moved shows."""

import threading
from datetime import timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, col, select

from store import audit
from store.ids import new_id
from store.tables import Audit
from tests.factories import NOW, make_school


@pytest.fixture
def chain(session: Session) -> UUID:
    """A school with a chain of five rows, beside another school with one of its own."""
    schools = [make_school(session).id, make_school(session).id]
    for number in range(5):
        for school_id in schools:
            audit.record(
                session,
                school_id,
                NOW + timedelta(seconds=number),
                actor=f"staff:{number}",
                action="read nudge",
                subject=f"pupil:{number}",
            )
    session.commit()
    return schools[0]


def row(session: Session, school_id: UUID, number: int) -> Audit:
    return session.exec(select(Audit).where(Audit.school_id == school_id, Audit.number == number)).one()


def test_a_chain_left_alone_is_whole(session: Session, chain: UUID) -> None:
    session.expire_all()
    assert audit.first_break(session, chain) is None
    rows = session.exec(select(Audit).where(Audit.school_id == chain).order_by(col(Audit.id))).all()
    assert [one.number for one in rows] == [1, 2, 3, 4, 5]


def test_a_school_without_a_chain_is_whole(session: Session) -> None:
    assert audit.first_break(session, new_id()) is None


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("actor", "staff:other"),
        ("action", "read request"),
        ("subject", "pupil:other"),
        ("at", NOW + timedelta(days=1)),
        ("previous", bytes(32)),
        ("hash", bytes(32)),
    ],
)
def test_a_changed_row_is_found(session: Session, chain: UUID, column: str, value: object) -> None:
    setattr(row(session, chain, 3), column, value)
    session.commit()
    assert audit.first_break(session, chain) == 3


def test_a_removed_row_is_found(session: Session, chain: UUID) -> None:
    session.delete(row(session, chain, 3))
    session.commit()
    assert audit.first_break(session, chain) == 3


def test_a_removed_row_whose_followers_were_numbered_anew_is_found(session: Session, chain: UUID) -> None:
    session.delete(row(session, chain, 3))
    session.commit()
    for number in (4, 5):
        row(session, chain, number).number = number - 1
        session.commit()
    assert audit.first_break(session, chain) == 3


def test_rows_that_changed_places_are_found(session: Session, chain: UUID) -> None:
    second, third = row(session, chain, 2), row(session, chain, 3)
    second.number = 99
    session.commit()
    third.number = 2
    session.commit()
    second.number = 3
    session.commit()
    assert audit.first_break(session, chain) == 2


def test_a_row_of_another_school_put_in_is_found(session: Session, chain: UUID) -> None:
    other = session.exec(select(Audit).where(Audit.school_id != chain, Audit.number == 5)).one()
    session.delete(row(session, chain, 5))
    session.flush()
    other.school_id = chain
    session.commit()
    assert audit.first_break(session, chain) == 5


def test_a_chain_written_by_a_clock_of_another_zone_is_whole(engine: Engine) -> None:
    with Session(engine) as session:
        school_id = make_school(session).id
        now = NOW.astimezone(ZoneInfo("Pacific/Auckland"))
        audit.record(session, school_id, now, actor="staff:1", action="read nudge", subject="pupil:1")
        session.commit()
    with Session(engine) as session:
        assert audit.first_break(session, school_id) is None


def test_writers_at_once_make_one_chain(engine: Engine) -> None:
    with Session(engine) as session:
        school_id = make_school(session).id
        session.commit()

    def write() -> None:
        for _ in range(5):
            with Session(engine) as session:
                audit.record(session, school_id, NOW, actor="staff:1", action="read nudge", subject="pupil:1")
                session.commit()

    threads = [threading.Thread(target=write) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with Session(engine) as session:
        assert len(session.exec(select(Audit)).all()) == 15
        assert audit.first_break(session, school_id) is None
