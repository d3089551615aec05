"""T6: after a purge neither plain text nor ciphertext nor receipt is left in the raw files."""

from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import select

from store.sealing import Sealer
from store.whisper_care import back_up, due_for_purge, purge, sweep
from store.whisper_desk import change, queue, say
from store.whisper_sealing import new_receipt
from store.whisper_store import WhisperStore, open_whispers
from store.whisper_tables import report, turn, whisper_metadata, wrap
from store.whispers import Draft, add, find, start
from tests.anonymity.conftest import CHEAP

WORDS = b"the marmalade badger hid my compass" * 20


def files_of(store: WhisperStore) -> bytes:
    assert store.path is not None
    return b"".join(
        file.read_bytes() for file in sorted(store.path.parent.glob(store.path.name + "*")) if file.is_file()
    )


def sealed_values(store: WhisperStore, report_id: bytes) -> list[bytes]:
    """Every value of a report that only it has."""
    with store.read() as connection:
        values = list(connection.execute(select(report).where(report.c.id == report_id)).one())
        for table in (turn, wrap):
            for row in connection.execute(select(table).where(table.c.report == report_id)):
                values += list(row)
    return [value for value in values if isinstance(value, bytes)]


# Raw files are SQLite's; what PostgreSQL leaves in its own is told in docs/anonymity.md.
on_disk_alone = pytest.mark.only(whisper_url="sqlite")


@on_disk_alone
def test_plain_text_is_never_in_the_files(whisper_store: WhisperStore):
    start(whisper_store, Draft("2026-11-24", "bullying", "me"), new_receipt(), {"what": "words"}, WORDS)
    assert b"marmalade" not in files_of(whisper_store)


@on_disk_alone
def test_purge_leaves_nothing_of_a_report_in_the_files(whisper_store: WhisperStore, readers: list[bytes]):
    receipt = new_receipt()
    door = start(whisper_store, Draft("2026-11-24", "bullying", "me"), receipt, {"what": "words"}, WORDS)
    kept = start(whisper_store, Draft("2026-11-24", "other", "me"), new_receipt(), {"what": "words"}, b"stays")
    add(whisper_store, door, {"what": "photo"}, bytes(range(256)) * 2000)
    say(whisper_store, readers[0], door.report.hex(), "reply", "A Lead", "thank you")
    values = sealed_values(whisper_store, door.report)
    assert len(values) > 20
    # Long values lie in pieces of a page: the middle of each piece is looked for.
    pieces = [value[at : at + 24] for value in values for at in range(0, max(1, len(value) - 24), 400)]
    # Readers' ids stay, for they read the other one too.
    pieces = [piece for piece in pieces if piece not in readers]
    before = files_of(whisper_store)
    assert sum(piece in before for piece in pieces) > len(pieces) * 0.9

    purge(whisper_store, door.report.hex())
    after = files_of(whisper_store)
    assert [piece for piece in pieces if piece in after] == []
    assert kept.report in after
    assert find(whisper_store, receipt) is None


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
