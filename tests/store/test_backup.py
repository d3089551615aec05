"""Backups: every row of every table comes back from either database into either, and a damaged one brings nothing."""

import gzip
import io
import json
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, inspect, select
from sqlmodel import Session, SQLModel
from sqlmodel import select as select_rows

from store import audit, due, vault
from store.backup import BATCH, FORMAT, BackupProblem, Manifest, read_manifest, restore, write_backup
from store.database import make_engine
from store.key_tables import SealingKey
from store.recovery import CHUNK, BoxWriter, RecoveryKey, RecoveryProblem
from store.sealing import Sealer
from store.tables import Audit, Cursor, Pupil, Wave
from tests.factories import NOW, make_group, make_pupil, make_school, make_staff

KEY = RecoveryKey(bytes(range(96)))
PUPILS = 5


def quiet(_done: int, _total: int) -> None:
    """Progress nobody looks at."""


def fill(engine: Engine, sealer: Sealer) -> None:
    with Session(engine) as session:
        school = make_school(session, policy={"lead": "déjà vu"})
        tutor, head = make_staff(session, sealer, school, "tutor"), make_staff(session, sealer, school, "head")
        # Who comes first points at who comes after.
        tutor.manager_id = head.id
        group = make_group(session, school, "7B", 7, tutor)
        pupils = [make_pupil(session, sealer, school, group, chat_id=500 + number) for number in range(PUPILS)]
        session.add(
            Wave(school_id=school.id, day="2026-11-24", number=1, opens_at=NOW, closes_at=NOW, bank_version="2026-1")
        )
        session.add(Cursor(name="telegram:1", position=2**40))
        due.set_due(session, school.id, "score", pupils[0].id.hex, NOW)
        for number in range(3):
            audit.record(session, school.id, NOW + timedelta(seconds=number), actor="a", action="b", subject="c")
        vault.note_key(session, sealer, NOW)
        session.commit()


def dump(engine: Engine) -> dict[str, list[tuple[object, ...]]]:
    with engine.connect() as connection:
        return {
            table.name: sorted((tuple(row) for row in connection.execute(select(table))), key=repr)
            for table in SQLModel.metadata.sorted_tables
        }


def taken(engine: Engine) -> tuple[bytes, Manifest]:
    file = io.BytesIO()
    manifest = write_backup(engine, file, KEY.public(), NOW, quiet)
    return file.getvalue(), manifest


@pytest.fixture
def empty(tmp_path: Path) -> Engine:
    """A database with nothing in it."""
    return make_engine(f"sqlite:///{tmp_path / 'restored.sqlite'}")


def test_everything_comes_back_as_it_was(engine: Engine, empty: Engine, sealer: Sealer) -> None:
    fill(engine, sealer)
    before = dump(engine)
    backup, manifest = taken(engine)
    assert dump(engine) == before
    told: list[tuple[int, int]] = []
    again = restore(empty, io.BytesIO(backup), KEY, lambda done, total: told.append((done, total)))
    assert dump(empty) == before
    assert (again, told[-1]) == (manifest, (manifest.rows, manifest.rows))
    assert manifest.counts == {name: len(rows) for name, rows in before.items()}
    assert (manifest.keys, manifest.made) == ((sealer.key_id.hex(),), NOW)
    with Session(empty) as session:
        (school_id,) = manifest.heads
        assert audit.first_break(session, school_id) is None
        assert sealer.read(session.exec(select_rows(Pupil)).first() or Pupil(), "name").startswith("Pupil Example")
        last = session.exec(select_rows(Audit).where(Audit.number == 3)).one()
        assert manifest.heads == {school_id: (3, last.hash)}
    empty.dispose()


def test_a_backup_of_sqlite_goes_into_the_database_of_this_test(engine: Engine, tmp_path: Path, sealer: Sealer) -> None:
    source = make_engine(f"sqlite:///{tmp_path / 'source.sqlite'}")
    vault.migrate(source)
    fill(source, sealer)
    backup, _ = taken(source)
    vault.migrate(engine, "base")
    restore(engine, io.BytesIO(backup), KEY, quiet)
    assert dump(engine) == dump(source)
    source.dispose()


def test_a_backup_sees_one_moment_while_others_write(engine: Engine, empty: Engine, sealer: Sealer) -> None:
    fill(engine, sealer)
    file = io.BytesIO()

    class Meddling(io.RawIOBase):
        """A file at whose first byte somebody else writes to the store."""

        def write(self, data: object) -> int:
            if not file.getvalue():
                with Session(engine) as session:
                    session.add(Cursor(name="written meanwhile", position=1))
                    session.add(SealingKey(key_id="ffffffff", since=NOW))
                    session.commit()
            return file.write(data)  # type: ignore[arg-type]

    manifest = write_backup(engine, Meddling(), KEY.public(), NOW, quiet)  # type: ignore[arg-type]
    restore(empty, io.BytesIO(file.getvalue()), KEY, quiet)
    kept = dump(empty)
    assert {name: len(rows) for name, rows in kept.items()} == manifest.counts
    empty.dispose()


def test_a_store_with_anything_in_it_is_not_restored_into(engine: Engine, sealer: Sealer) -> None:
    fill(engine, sealer)
    before = dump(engine)
    backup, _ = taken(engine)
    with pytest.raises(BackupProblem, match="There is a database here already, and it stays as it is"):
        restore(engine, io.BytesIO(backup), KEY, quiet)
    assert dump(engine) == before


@pytest.mark.parametrize("cut", [0, 30, 1500, -40, -1])
def test_a_damaged_backup_brings_nothing_at_all(engine: Engine, empty: Engine, sealer: Sealer, cut: int) -> None:
    fill(engine, sealer)
    backup = bytearray(taken(engine)[0])
    backup[cut] ^= 1
    with pytest.raises((RecoveryProblem, BackupProblem)):
        restore(empty, io.BytesIO(bytes(backup)), KEY, quiet)
    if inspect(empty).has_table("school"):
        assert {name: rows for name, rows in dump(empty).items() if rows} == {}
    empty.dispose()


def test_a_backup_of_another_version_is_refused_before_a_table_is_made(
    engine: Engine, empty: Engine, sealer: Sealer
) -> None:
    fill(engine, sealer)
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0000'")
    backup, _ = taken(engine)
    with pytest.raises(BackupProblem, match=r"made by another version of Earshot \(its tables are 0000\)"):
        restore(empty, io.BytesIO(backup), KEY, quiet)
    assert inspect(empty).get_table_names() == []
    empty.dispose()


def test_many_rows_come_back_in_parts_and_both_ways_say_how_far_they_are(engine: Engine, empty: Engine) -> None:
    with Session(engine) as session:
        session.add_all(Cursor(name=f"telegram:{number}", position=number) for number in range(BATCH + 1))
        session.commit()
    file, told = io.BytesIO(), list[int]()
    write_backup(engine, file, KEY.public(), NOW, lambda done, _total: told.append(done))
    file.seek(0)
    restore(empty, file, KEY, lambda done, _total: told.append(done))
    assert told == [BATCH, BATCH + 1, BATCH, BATCH + 1, BATCH + 1]
    assert dump(empty) == dump(engine)
    empty.dispose()


def boxed(*lines: object, behind: bytes = b"") -> bytes:
    """A backup of these lines, whatever they say."""
    file = io.BytesIO()
    box = BoxWriter(file, KEY.public())
    box.write(gzip.compress("".join(json.dumps(line) + "\n" for line in lines).encode()) + behind)
    box.close()
    return file.getvalue()


HEAD = {"format": FORMAT, "made": NOW.isoformat(), "revision": vault.newest(), "keys": [], "heads": {}}
ROWS = ({"table": "cursor", "columns": ["name", "position"]}, ["telegram:1", 1])


@pytest.mark.parametrize(
    ("backup", "problem"),
    [
        (boxed({"format": FORMAT + 1}), "newer Earshot"),
        (boxed({**HEAD, "counts": {"cursor": 2}}, *ROWS, {"end": 1}), "does not hold the rows it says"),
        (boxed({**HEAD, "counts": {"cursor": 2}}, *ROWS, ["telegram:2", 2]), "cut off"),
        (boxed({**HEAD, "counts": {"cursor": 1}}, *ROWS, {"end": 1}, ["telegram:2", 2]), "cut off"),
        # Its last piece, in which there is nothing, is missing.
        (boxed({**HEAD, "counts": {"cursor": 1}}, *ROWS, {"end": 1}, behind=bytes(CHUNK))[:-40], "cut off"),
    ],
    ids=["form", "fewer rows", "no end", "more behind the end", "last piece"],
)
def test_after_a_backup_that_was_of_no_use_another_can_be_restored(
    engine: Engine, tmp_path: Path, sealer: Sealer, backup: bytes, problem: str
) -> None:
    good = make_engine(f"sqlite:///{tmp_path / 'good.sqlite'}")
    vault.migrate(good)
    fill(good, sealer)
    with engine.begin() as connection:
        for name in inspect(connection).get_table_names():
            connection.exec_driver_sql(f'DROP TABLE "{name}"' + (" CASCADE" if engine.name == "postgresql" else ""))
    with pytest.raises((BackupProblem, RecoveryProblem), match=problem):
        restore(engine, io.BytesIO(backup), KEY, quiet)
    restore(engine, io.BytesIO(taken(good)[0]), KEY, quiet)
    assert dump(engine) == dump(good)
    good.dispose()


def test_the_manifest_is_read_without_the_rows(engine: Engine, sealer: Sealer) -> None:
    fill(engine, sealer)
    backup, manifest = taken(engine)
    assert read_manifest(io.BytesIO(backup), KEY) == manifest
    with pytest.raises(RecoveryProblem):
        read_manifest(io.BytesIO(backup), RecoveryKey.make())
