"""The vault: models equal migrations, up and down with data, and what is refused before anything is touched."""

import socket
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, inspect, text
from sqlalchemy.exc import OperationalError
from sqlmodel import Session, SQLModel, select

from store import vault
from store.database import make_engine
from store.key_tables import SealingKey
from store.people_tables import Guardian
from store.sealing import KeyProblem, Sealer
from store.tables import Pupil, School, Staff
from store.vault import StoreProblem
from tests.factories import make_group, make_guardian, make_pupil, make_school, make_staff

NOW = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)


def test_the_models_equal_the_migrations(engine: Engine) -> None:
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, SQLModel.metadata) == []


def test_the_newest_revision_is_the_end_of_the_migrations(engine: Engine) -> None:
    config = Config()
    config.set_main_option("script_location", str(vault.MIGRATIONS))
    with engine.connect() as connection:
        applied = MigrationContext.configure(connection).get_current_revision()
        read = vault.revision_of(connection)
    assert [vault.newest()] * 2 == [ScriptDirectory.from_config(config).get_current_head(), applied]
    assert read == applied


def test_a_store_with_people_goes_down_and_up_again(engine: Engine, sealer: Sealer) -> None:
    for _ in range(2):
        with Session(engine) as session:
            school = make_school(session)
            pupil = make_pupil(session, sealer, school, make_group(session, school, "7B", 7), chat_id=501)
            vault.note_key(session, sealer, NOW)
            session.commit()
            pupil_id = pupil.id
        assert (vault.check_version(engine), vault.is_empty(engine)) == (True, False)
        with Session(engine) as session:
            assert session.exec(select(Pupil.id)).all() == [pupil_id]
        vault.migrate(engine, "base")
        assert (vault.check_version(engine), vault.is_empty(engine)) == (False, True)
        assert inspect(engine).get_table_names() == ["alembic_version"]
        vault.migrate(engine)
    assert vault.check_version(engine)


def test_who_had_left_before_there_was_a_clock_for_it_begins_it_with_the_migration(
    engine: Engine, sealer: Sealer
) -> None:
    with Session(engine) as session:
        school = make_school(session)
        pupil = make_pupil(session, sealer, school, make_group(session, school, "7B", 7))
        make_guardian(session, sealer, school, pupil)
        for number in range(2):
            make_staff(session, sealer, school, "tutor").active = bool(number)
        session.commit()
    vault.migrate(engine, "0010")
    vault.migrate(engine)
    with Session(engine) as session:
        staff, guardian = session.exec(select(Staff)).all(), session.exec(select(Guardian)).one()
        assert [one.active for one in staff] == [one.left_at is None for one in staff]
        (left_at,) = (one.left_at for one in staff if one.left_at)
        assert abs(datetime.now(UTC) - left_at) < timedelta(minutes=5)
        assert guardian.left_at is None


def test_migrating_a_store_of_this_version_changes_nothing(engine: Engine) -> None:
    with Session(engine) as session:
        make_school(session)
        session.commit()
    vault.migrate(engine)
    with Session(engine) as session:
        assert len(session.exec(select(School)).all()) == 1


def test_a_database_of_a_newer_version_is_refused_and_not_touched(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    words = "The database was made by a newer Earshot. Install that version, or restore a backup made by this one."
    for look in (vault.check_version, vault.migrate):
        with pytest.raises(StoreProblem) as problem:
            look(engine)
        assert str(problem.value) == words
    with engine.connect() as connection:
        assert connection.execute(text("SELECT version_num FROM alembic_version")).scalars().all() == ["9999"]


def test_a_key_the_store_was_not_sealed_with_is_refused(session: Session, sealer: Sealer) -> None:
    vault.check_key(session, sealer)
    vault.note_key(session, sealer, NOW)
    vault.note_key(session, sealer, NOW)
    session.commit()
    vault.check_key(session, sealer)
    other = Sealer(bytes(32))
    with pytest.raises(KeyProblem) as problem:
        vault.check_key(session, other)
    assert str(problem.value) == (
        f"this key is {other.key_id.hex()}, but the database was sealed with {sealer.key_id.hex()}: "
        "put that key file back, nothing was changed"
    )
    assert session.exec(select(SealingKey.key_id)).all() == [sealer.key_id.hex()]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"not a database at all, but long enough to be looked at as one" * 40, "The database file is damaged"),
        (None, "The database cannot be used (OperationalError). Check EARSHOT_DATABASE_URL"),
    ],
    ids=["not a database", "a folder"],
)
def test_a_file_that_is_no_database_is_told_in_a_sentence(tmp_path: Path, content: bytes | None, words: str) -> None:
    path = tmp_path / "earshot.sqlite"
    path.mkdir() if content is None else path.write_bytes(content)
    engine = make_engine(f"sqlite:///{path}")
    with pytest.raises(StoreProblem) as problem:
        vault.check_version(engine)
    assert str(problem.value).startswith(words)
    engine.dispose()


def test_a_database_that_may_only_be_read_is_told_in_a_sentence(tmp_path: Path, sqlite_template: bytes) -> None:
    path = tmp_path / "earshot.sqlite"
    path.write_bytes(sqlite_template)
    engine = make_engine(f"sqlite:///file:{path}?mode=ro&uri=true")
    with Session(engine) as session, pytest.raises(StoreProblem) as problem:
        vault.check_writable(session)
    assert str(problem.value) == (
        "The database can only be read. Mend the rights of its file and folder, or the disk they are on."
    )
    engine.dispose()


def test_a_postgresql_that_may_only_be_read_is_told_in_the_same_sentence(postgresql_url: str) -> None:
    url = postgresql_url.replace("/postgres?", "/earshot_template?")
    engine = make_engine(f"{url}&options=-c%20default_transaction_read_only%3Don")
    with Session(engine) as session, pytest.raises(StoreProblem) as problem:
        vault.check_writable(session)
    assert str(problem.value).startswith("The database can only be read.")
    engine.dispose()


def test_a_store_that_may_be_written_to_is_not_changed_by_asking(session: Session, sealer: Sealer) -> None:
    vault.check_writable(session)
    vault.note_key(session, sealer, NOW)
    session.commit()
    vault.check_writable(session)
    session.commit()
    session.expire_all()
    assert session.exec(select(SealingKey.since)).one() == NOW


def test_a_disk_that_fills_up_while_tables_are_made_leaves_none_of_them(tmp_path: Path) -> None:
    engine = make_engine(f"sqlite:///{tmp_path / 'earshot.sqlite'}")
    with engine.connect() as connection:
        connection.execute(text("PRAGMA max_page_count=20"))
    with pytest.raises(OperationalError) as error:
        vault.migrate(engine)
    assert str(vault.problem(error.value)) == (
        "The disk of the database is full. Make room, then try again: what was kept before is unharmed."
    )
    assert inspect(engine).get_table_names() == []
    with engine.connect() as connection:
        connection.execute(text("PRAGMA max_page_count=100000"))
    vault.migrate(engine)
    assert vault.check_version(engine)
    engine.dispose()


def test_a_disk_that_fills_up_harms_nothing_kept_before(tmp_path: Path, sqlite_template: bytes, sealer: Sealer) -> None:
    path = tmp_path / "earshot.sqlite"
    path.write_bytes(sqlite_template)
    engine = make_engine(f"sqlite:///{path}")
    with Session(engine, expire_on_commit=False) as session:
        school = make_school(session)
        group = make_group(session, school, "7B", 7)
        make_pupil(session, sealer, school, group)
        session.commit()
    with engine.connect() as connection:
        connection.execute(text("PRAGMA max_page_count=1"))
    with Session(engine) as session, pytest.raises(OperationalError) as error:
        _ = [make_pupil(session, sealer, school, group) for _ in range(500)]
    assert str(vault.problem(error.value)).startswith("The disk of the database is full.")
    with Session(engine) as session:
        assert len(session.exec(select(Pupil)).all()) == 1
        assert session.execute(text("PRAGMA integrity_check")).scalar() == "ok"
    engine.dispose()


# --- a PostgreSQL that does not let us in -----------------------------------------------------------------------------


def told_of(url: str) -> str:
    engine = make_engine(url)
    with pytest.raises(vault.StoreProblem) as told:
        vault.check_version(engine)
    engine.dispose()
    assert "secret" not in str(told.value)
    return str(told.value)


def refusing(words: str) -> str:
    """Have a server refuse the next one to connect, as PostgreSQL does, in these words; gives its address."""
    server = socket.create_server(("127.0.0.1", 0))
    fields = b"".join(code + text.encode() + b"\0" for code, text in ((b"S", "FATAL"), (b"M", words)))

    def refuse() -> None:
        with server, server.accept()[0] as caller:
            caller.recv(4096)
            caller.sendall(b"E" + (len(fields) + 5).to_bytes(4) + fields + b"\0")

    threading.Thread(target=refuse, daemon=True).start()
    return f"postgresql+psycopg://secret:secret@127.0.0.1:{server.getsockname()[1]}/secret?sslmode=disable"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (
            'password authentication failed for user "secret"',
            "The server of the database refuses the name or the password: check them in EARSHOT_DATABASE_URL.",
        ),
        (
            'role "secret" does not exist',
            "The server of the database refuses the name or the password: check them in EARSHOT_DATABASE_URL.",
        ),
        (
            'no pg_hba.conf entry for host "127.0.0.1", user "secret", database "secret", no encryption',
            "The server of the database lets nobody in from this machine as EARSHOT_DATABASE_URL says: "
            "see its pg_hba.conf.",
        ),
        (
            'database "secret" does not exist',
            "There is no such database on the server: make it, or mend its name at the end of EARSHOT_DATABASE_URL.",
        ),
        (
            "something else about secret",
            "The server of the database cannot be used (OperationalError): "
            "check EARSHOT_DATABASE_URL, and that PostgreSQL is well.",
        ),
    ],
)
def test_what_a_postgresql_refuses_is_one_sentence_without_the_address(words: str, sentence: str) -> None:
    assert told_of(refusing(words)) == sentence


def test_a_postgresql_that_is_not_there_is_one_sentence_without_the_address() -> None:
    assert [
        told_of(f"postgresql+psycopg://secret:secret@{host}/secret") for host in ("secret.invalid", "127.0.0.1:9")
    ] == [
        "The server of the database cannot be found by its name: check the host in EARSHOT_DATABASE_URL.",
        "No server of the database answers there: see that PostgreSQL runs, and check the host and the port in "
        "EARSHOT_DATABASE_URL.",
    ]


@pytest.mark.only(database_url="postgresql")
def test_a_database_that_is_not_on_its_server_is_told_as_that(engine: Engine) -> None:
    assert told_of(engine.url.set(database="secret").render_as_string(hide_password=False)) == (
        "There is no such database on the server: make it, or mend its name at the end of EARSHOT_DATABASE_URL."
    )
