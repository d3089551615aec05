"""The engine: how SQLite is set, what becomes of times, and that errors keep values to themselves."""

import sqlite3
import threading
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import IntegrityError, OperationalError, StatementError
from sqlmodel import Session, col, select

from store.database import PATIENCE_SECONDS, is_postgresql, make_engine
from store.ids import new_id
from store.tables import Cursor, Pupil, School, Seen
from tests.factories import make_school

MOMENT = datetime(2026, 10, 25, 0, 59, 59, 123456, tzinfo=UTC)


def test_a_time_without_a_zone_is_refused(session: Session) -> None:
    session.add(Seen(source="a", key="b", at=MOMENT.replace(tzinfo=None)))
    with pytest.raises(StatementError, match="a time without a zone cannot be stored"):
        session.flush()


def test_a_time_of_any_zone_comes_back_as_the_same_instant_in_utc(engine: Engine) -> None:
    with Session(engine) as session:
        session.add(Seen(source="a", key="b", at=MOMENT.astimezone(timezone(timedelta(hours=-9, minutes=-30)))))
        session.commit()
    with Session(engine) as session:
        at = session.exec(select(Seen.at)).one()
    assert (at, at.utcoffset()) == (MOMENT, timedelta())


def test_times_compare_as_instants_in_the_database(session: Session) -> None:
    zones = [timezone(timedelta(hours=hours)) for hours in (-11, 0, 13)]
    for number, zone in enumerate(zones):
        session.add(Seen(source="a", key=str(number), at=(MOMENT + timedelta(seconds=number)).astimezone(zone)))
    session.flush()
    assert session.exec(select(Seen.key).where(Seen.at > MOMENT).order_by(col(Seen.at))).all() == ["1", "2"]


def test_sqlite_keeps_a_write_ahead_log_syncs_fully_and_holds_foreign_keys(tmp_path: Path) -> None:
    engine = make_engine(f"sqlite:///{tmp_path / 'a.sqlite'}")
    with engine.connect() as connection:
        kept = {
            name: connection.execute(text(f"PRAGMA {name}")).scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "secure_delete")
        }
    engine.dispose()
    assert kept == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "secure_delete": 1}


def test_a_row_that_points_at_nothing_is_refused(session: Session) -> None:
    session.add(Pupil(school_id=new_id(), mis_key=b"", name_sealed=b"", group_id=new_id(), phase="older"))
    with pytest.raises(IntegrityError):
        session.flush()


def test_what_is_rolled_back_to_a_savepoint_is_gone_and_the_rest_is_kept(engine: Engine) -> None:
    with Session(engine) as session:
        session.add(Cursor(name="kept", position=1))
        nested = session.begin_nested()
        session.add(Cursor(name="gone", position=2))
        session.flush()
        nested.rollback()
        session.commit()
    with Session(engine) as session:
        assert session.exec(select(Cursor.name)).all() == ["kept"]


def test_an_error_does_not_repeat_the_values_of_its_statement(session: Session) -> None:
    session.add(Seen(source="wren.example@example.org", key="k", at=MOMENT))
    session.flush()
    session.expunge_all()
    session.add(Seen(source="wren.example@example.org", key="k", at=MOMENT))
    with pytest.raises(IntegrityError) as error:
        session.flush()
    if is_postgresql(session.get_bind()):
        # PostgreSQL's own detail names the key, which for every unique column is an id or a keyed hash.
        assert "[parameters:" not in str(error.value)
    else:
        assert "wren" not in str(error.value)


def test_sqlite_transactions_begin_as_writers_so_that_two_never_meet_half_way(tmp_path: Path) -> None:
    engine = make_engine(f"sqlite:///{tmp_path / 'a.sqlite'}")
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE t (n INTEGER)"))
    added = threading.Barrier(4)

    def add() -> None:
        added.wait()
        with engine.begin() as connection:
            count = connection.execute(text("SELECT count(*) FROM t")).scalar()
            connection.execute(text("INSERT INTO t VALUES (:n)"), {"n": count})

    threads = [threading.Thread(target=add) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with engine.connect() as connection:
        assert connection.execute(text("SELECT n FROM t ORDER BY n")).scalars().all() == [0, 1, 2, 3]
    engine.dispose()


def test_a_reading_connection_takes_no_lock_on_sqlite(tmp_path: Path) -> None:
    path = tmp_path / "a.sqlite"
    engine = make_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE t (n INTEGER)"))
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with engine.execution_options(reading=True).connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM t")).scalar() == 0
        connection.execute(text("PRAGMA busy_timeout=0"))
        with pytest.raises(OperationalError, match="locked"):
            connection.execute(text("INSERT INTO t VALUES (1)"))
    other.close()
    engine.dispose()


# --- turns ------------------------------------------------------------------------------------------------------------


def test_whoever_may_write_waits_until_the_writer_before_has_committed(engine: Engine) -> None:
    told: list[str] = []

    def second() -> None:
        with Session(engine) as session:
            session.exec(select(School)).all()
            told.append("second")
            session.commit()

    thread = threading.Thread(target=second)
    with Session(engine) as session:
        session.exec(select(School)).all()
        thread.start()
        thread.join(0.3)
        # It has not even read: what the first reads cannot change under it.
        assert told == []
        told.append("first")
        session.commit()
    thread.join()
    assert told == ["first", "second"]


def test_what_only_reads_neither_waits_nor_is_waited_for(engine: Engine) -> None:
    with Session(engine) as writer:
        make_school(writer)
        writer.flush()
        with Session(engine.execution_options(reading=True)) as reader:
            assert reader.exec(select(School)).all() == []
            writer.commit()


@pytest.mark.only(database_url="postgresql")
def test_patience_with_another_writer_is_that_of_sqlite(engine: Engine) -> None:
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SHOW lock_timeout").scalar() == f"{PATIENCE_SECONDS}s"


@pytest.mark.only(database_url="postgresql")
def test_whoever_is_brief_and_hangs_keeps_the_turn_for_no_longer_than_others_wait_for_it(engine: Engine) -> None:
    for brief, patience in ((True, f"{PATIENCE_SECONDS}s"), (False, "0")):
        with engine.execution_options(brief=brief).connect() as connection:
            assert connection.exec_driver_sql("SHOW idle_in_transaction_session_timeout").scalar() == patience


@pytest.mark.only(database_url="postgresql")
def test_each_side_soon_finds_that_the_other_is_gone(engine: Engine) -> None:
    with engine.connect() as connection:
        driver = connection.connection.driver_connection
        assert isinstance(driver, psycopg.Connection)
        asked = driver.info.get_parameters()
        assert [asked[name] for name in ("connect_timeout", "keepalives_idle", "tcp_user_timeout")] == [
            "5",
            "5",
            "10000",
        ]
        # Over a socket of the machine itself the server keeps none, and says so.
        kept = connection.exec_driver_sql("SHOW tcp_keepalives_idle").scalar()
        assert kept == ("0" if str(engine.url.query.get("host", "")).startswith("/") else "10")
