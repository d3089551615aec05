"""T6 and its control: after a purge neither plain text, ciphertext, receipt nor route is left in the raw files."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import select, text

from store.sealing import Sealer
from store.whisper_care import back_up, due_for_purge, purge, sweep, tidy
from store.whisper_desk import change, queue, say
from store.whisper_routes import set_route
from store.whisper_sealing import Receipt, new_receipt
from store.whisper_store import WhisperStore, open_whispers
from store.whisper_tables import report, turn, whisper_metadata, wrap
from store.whispers import Draft, add, find, start
from tests.anonymity.conftest import CHEAP

WORDS = b"the marmalade badger hid my compass" * 20


def files_of(store: WhisperStore) -> bytes:
    """All that lies in the store's raw files: SQLite's own and its logs, or the files of a PostgreSQL's tables."""
    if store.path is not None:
        return b"".join(
            file.read_bytes() for file in sorted(store.path.parent.glob(store.path.name + "*")) if file.is_file()
        )
    with store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        # Until then a file that is of no table any more may still lie there.
        connection.execute(text("CHECKPOINT"))
        folder = Path(str(connection.execute(text("SHOW data_directory")).scalar()))
        number = connection.execute(text("SELECT oid FROM pg_database WHERE datname = current_database()")).scalar()
    return b"".join(file.read_bytes() for file in sorted((folder / "base" / str(number)).iterdir()))


def sealed_values(store: WhisperStore, report_id: bytes) -> list[bytes]:
    """Every value of a report that only it has."""
    with store.read() as connection:
        values = list(connection.execute(select(report).where(report.c.id == report_id)).one())
        for table in (turn, wrap):
            for row in connection.execute(select(table).where(table.c.report == report_id)):
                values += list(row)
    return [value for value in values if isinstance(value, bytes)]


# PostgreSQL's own log of changes is another matter, and told in docs/anonymity.md.
on_disk_alone = pytest.mark.only(whisper_url="sqlite")


@on_disk_alone
def test_plain_text_is_never_in_the_files(whisper_store: WhisperStore):
    start(whisper_store, Draft("2026-11-24", "bullying", "me"), new_receipt(), {"what": "words"}, WORDS)
    assert b"marmalade" not in files_of(whisper_store)


def pieces_of(value: bytes) -> list[bytes]:
    return [value[at : at + 24] for at in range(0, max(1, len(value) - 24), max(400, len(value) // 50))]


@dataclass
class Purged:
    """A report that is to go, another that stays, and pieces of all that only the first has."""

    report: bytes
    kept: bytes
    receipt: Receipt
    pieces: list[bytes]

    @classmethod
    def make(cls, store: WhisperStore, readers: list[bytes]) -> Purged:
        receipt = new_receipt()
        door = start(store, Draft("2026-11-24", "bullying", "me"), receipt, {"what": "words"}, WORDS)
        kept = start(store, Draft("2026-11-24", "other", "me"), new_receipt(), {"what": "words"}, b"stays")
        add(store, door, {"what": "photo"}, bytes(range(256)) * 2000)
        say(store, readers[0], door.report.hex(), "reply", "A Lead", "thank you")
        set_route(store, door, 7_310_459_201, bytes(32))
        values = sealed_values(store, door.report)
        assert len(values) > 20
        # Long values lie in pieces of a page: the middle of each piece is looked for. Readers' ids stay, for they read
        # the other one too.
        pieces = {
            value[at : at + 24]
            for value in values
            for at in range(0, max(1, len(value) - 24), max(400, len(value) // 50))
        }
        found = cls(door.report, kept.report, receipt, sorted(pieces - set(readers)))
        assert len(found.left(store)) > len(found.pieces) * 0.9
        return found

    def left(self, store: WhisperStore) -> list[bytes]:
        files = files_of(store)
        return [piece for piece in self.pieces if piece in files]


def test_purge_leaves_nothing_of_a_report_in_the_files(whisper_store: WhisperStore, readers: list[bytes]):
    made = Purged.make(whisper_store, readers)
    purge(whisper_store, made.report.hex())
    assert made.left(whisper_store) == []
    assert made.kept in files_of(whisper_store)
    assert find(whisper_store, made.receipt) is None


def test_report_that_is_only_deleted_is_found_in_the_files(whisper_store: WhisperStore, readers: list[bytes]):
    """The control: rows deleted as any database deletes them, with nothing written over and nothing written anew."""
    made = Purged.make(whisper_store, readers)
    with whisper_store.write() as connection:
        if whisper_store.path is not None:
            connection.execute(text("PRAGMA secure_delete = OFF"))
        for table in (turn, wrap):
            connection.execute(table.delete().where(table.c.report == made.report))
        connection.execute(report.delete().where(report.c.id == made.report))
    assert len(made.left(whisper_store)) > len(made.pieces) * 0.5


def test_store_written_anew_does_not_say_which_report_came_first(whisper_store: WhisperStore):
    def order() -> list[bytes]:
        place = text("ctid") if whisper_store.path is None else report.c.id
        with whisper_store.read() as connection:
            return [bytes(one) for one in connection.execute(select(report.c.id).order_by(place)).scalars()]

    came = [
        start(whisper_store, Draft("2026-11-24", "other", "me"), new_receipt(), {"what": "words"}, b"x").report
        for _ in range(12)
    ]
    # PostgreSQL's rows lie as they came until then; a table without row ids has them by their ids.
    assert order() == (came if whisper_store.path is None else sorted(came))
    assert whisper_store.untidy
    tidy(whisper_store)
    assert not whisper_store.untidy
    assert sorted(order()) == sorted(came)
    assert order() != came
    if whisper_store.path is None:
        with whisper_store.read() as connection:
            assert connection.execute(text("SELECT count(DISTINCT xmin::text) FROM report")).scalar() == 1


@on_disk_alone
def test_write_ahead_log_is_empty_after_every_commit(whisper_store: WhisperStore):
    assert whisper_store.path is not None
    start(whisper_store, Draft("2026-11-24", "bullying", "me"), new_receipt(), {"what": "words"}, WORDS)
    log = whisper_store.path.with_name(whisper_store.path.name + "-wal")
    assert (log.stat().st_size if log.exists() else 0) == 0


@on_disk_alone
def test_file_time_is_midnight_whenever_it_was_written(whisper_store: WhisperStore):
    assert whisper_store.path is not None
    start(whisper_store, Draft("2026-11-24", "bullying", "me"), new_receipt(), {"what": "words"}, WORDS)
    for file in whisper_store.path.parent.glob(whisper_store.path.name + "*"):
        assert file.stat().st_mtime % 86_400 == 0


def test_closed_reports_are_due_after_ninety_days_unless_kept(whisper_store: WhisperStore, readers: list[bytes]):
    doors = [
        start(whisper_store, Draft("2026-09-01", "other", "me"), new_receipt(), {"what": "words"}, b"x")
        for _ in range(4)
    ]
    ids = [door.report.hex() for door in doors]
    change(whisper_store, readers[0], ids[0], status="closed", closed="2026-09-02")
    change(whisper_store, readers[0], ids[1], status="closed", closed="2026-09-02", kept="yes")
    change(whisper_store, readers[0], ids[2], status="closed", closed="2026-11-01")
    assert due_for_purge(whisper_store, date(2026, 12, 1)) == [ids[0]]
    assert due_for_purge(whisper_store, date(2026, 11, 30)) == []  # the 89th day
    purge(whisper_store, ids[0])
    assert sorted(line.id for line in queue(whisper_store)) == sorted(ids[1:])


def counts(store: WhisperStore) -> dict[str, int]:
    with store.read() as connection:
        return {table.name: len(connection.execute(select(table)).all()) for table in whisper_metadata.sorted_tables}


def test_backups_of_one_report_and_of_two_are_of_one_size(whisper_store: WhisperStore, sealer: Sealer, tmp_path: Path):
    sizes, rows = [], []
    for number in range(3):
        path = tmp_path / f"backup-{number}.sqlite"
        back_up(whisper_store, path, sealer, date(2026, 11, 24))
        copy = open_whispers(f"sqlite:///{path}", sealer, CHEAP)
        rows.append(counts(copy))
        copy.engine.dispose()
        sizes.append(path.stat().st_size)
        start(whisper_store, Draft("2026-11-24", "other", "me"), new_receipt(), {"what": "words"}, b"x")
    assert rows[0] == rows[1] == rows[2]
    assert (rows[0]["report"], rows[0]["turn"]) == (32, 128)
    assert max(sizes) - min(sizes) <= 0.02 * max(sizes)


def test_reports_made_up_for_a_backup_go_when_it_is_put_back(
    whisper_store: WhisperStore, sealer: Sealer, tmp_path: Path, readers: list[bytes]
):
    door = start(whisper_store, Draft("2026-11-24", "other", "me"), new_receipt(), {"what": "words"}, b"x")
    back_up(whisper_store, tmp_path / "backup.sqlite", sealer, date(2026, 11, 24))
    restored = open_whispers(f"sqlite:///{tmp_path / 'backup.sqlite'}", sealer, CHEAP)
    assert sweep(restored) == 31
    assert [line.id for line in queue(restored, readers[0])] == [door.report.hex()]
    restored.engine.dispose()
