"""The whisper store through a change of the master key, and through a backup and back: nothing lost, nothing told."""

from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import select, update

from bot.whisper import backups
from store import whisper_keys
from store.backup import BackupProblem
from store.keys import KeyRing
from store.recovery import RecoveryKey, RecoveryProblem
from store.sealing import KeyProblem, Sealer
from store.whisper_care import sweep
from store.whisper_desk import Climb, cards_of, keep_readers, note_cards, open_thread, queue, reader_id, recuse
from store.whisper_sealing import NotOpened, Receipt, new_receipt
from store.whisper_store import WhisperStore, open_whispers
from store.whisper_tables import reader, report, whisper_metadata
from store.whispers import Draft, find, start
from tests.anonymity.conftest import CHEAP
from tests.factories import NOW

DAY = date(2026, 11, 24)
RING = KeyRing(bytes(range(32)))
FOLLOWING = RING.next()
RECOVERY = RecoveryKey.make()
PLACES = [["D1", "1.5"]]


@pytest.fixture
def receipt(whisper_store: WhisperStore, readers: list[bytes]) -> Receipt:
    """One report, with a card, from which the second reader stands back."""
    receipt = new_receipt()
    door = start(whisper_store, Draft(DAY.isoformat(), "bullying", "me"), receipt, {"what": "words"}, b"made up")
    note_cards(whisper_store, door.report.hex(), PLACES, "posted", Climb("whisper", NOW, 0), "new")
    recuse(whisper_store, readers[1], door.report.hex())
    return receipt


def assert_whole(url: str, sealer: Sealer, receipt: Receipt, readers: list[bytes]) -> None:
    """The report opens for its reader and its writer; who stood back still cannot, and is still the same reader."""
    store = open_whispers(url, sealer, CHEAP)
    assert [reader_id(sealer, name) for name in ("first lead", "second lead")] == readers
    assert keep_readers(store, readers) is False
    sweep(store)
    (line,) = queue(store)
    assert [turn.words for turn in open_thread(store, readers[0], line.id).turns] == ["made up"]
    assert [one.id for one in queue(store, readers[1])] == []
    assert cards_of(store, line.id) == PLACES
    assert find(store, receipt) is not None
    store.engine.dispose()


def sealers(ring: KeyRing) -> list[Sealer]:
    return list(ring.sealers().values())


# --- the master key ---------------------------------------------------------------------------------------------------


def test_after_a_change_of_key_everything_opens_and_the_old_key_opens_nothing(
    whisper_store: WhisperStore, whisper_url: str, receipt: Receipt, readers: list[bytes]
):
    whisper_store.engine.dispose()
    assert whisper_keys.bring_to(whisper_url, sealers(FOLLOWING)) is True
    assert_whole(whisper_url, FOLLOWING.current, receipt, readers)
    with pytest.raises(KeyProblem, match="made with another key"):
        open_whispers(whisper_url, RING.current, CHEAP)
    with whisper_store.read() as connection:
        rows = connection.execute(select(reader)).all()
    for row in rows:
        with pytest.raises(NotOpened):
            WhisperStore(whisper_store.engine, RING.current).unlock(row.private, b"reader" + row.id)


def test_a_second_change_changes_nothing_and_a_third_key_goes_on_from_there(
    whisper_store: WhisperStore, whisper_url: str, receipt: Receipt, readers: list[bytes]
):
    whisper_store.engine.dispose()
    whisper_keys.bring_to(whisper_url, sealers(FOLLOWING))
    assert whisper_keys.bring_to(whisper_url, sealers(FOLLOWING)) is False
    third = FOLLOWING.next()
    assert whisper_keys.bring_to(whisper_url, sealers(third)) is True
    assert_whole(whisper_url, third.current, receipt, readers)


def test_a_store_of_a_foreign_key_is_refused_and_left_as_it_is(
    whisper_store: WhisperStore, whisper_url: str, receipt: Receipt, readers: list[bytes]
):
    foreign = [Sealer(bytes(32))]
    for act in (whisper_keys.check, whisper_keys.bring_to):
        with pytest.raises(KeyProblem, match="made with another key"):
            act(whisper_url, foreign)
    assert_whole(whisper_url, RING.current, receipt, readers)


def test_a_change_that_fails_half_way_leaves_the_store_at_its_old_key(
    whisper_store: WhisperStore, whisper_url: str, receipt: Receipt, readers: list[bytes]
):
    (line,) = queue(whisper_store)
    with whisper_store.write() as connection:
        # Cards are changed after readers; one that does not open stops all of it.
        broken = whisper_store.lock_card(b"[]", b"another report")
        connection.execute(update(report).values(card=broken))
    with pytest.raises(NotOpened):
        whisper_keys.bring_to(whisper_url, sealers(FOLLOWING))
    note_cards(whisper_store, line.id, PLACES, "posted", Climb("whisper", NOW, 0), "new")
    assert_whole(whisper_url, RING.current, receipt, readers)


def test_where_there_is_no_store_there_is_nothing_to_do(tmp_path: Path):
    url = f"sqlite:///{tmp_path / 'none.sqlite'}"
    assert (whisper_keys.is_made(url), whisper_keys.bring_to(url, sealers(RING))) == (False, False)
    whisper_keys.check(url, sealers(RING))
    assert list(tmp_path.iterdir()) == []


# --- backups ----------------------------------------------------------------------------------------------------------


def taken(store: WhisperStore, folder: Path) -> Path:
    path = folder / backups.file_name(DAY)
    backups.take(store, RING.current, RECOVERY.public(), path, DAY)
    return path


def test_a_backup_is_proven_and_put_back_also_at_a_later_key(
    whisper_store: WhisperStore, receipt: Receipt, readers: list[bytes], tmp_path: Path
):
    path = taken(whisper_store, tmp_path)
    assert (path.name, path.stat().st_mode & 0o777) == ("whispers-2026-W48.backup", 0o600)
    # Two readers, one report, and what fills it up to thirty-two.
    assert backups.prove(path, RECOVERY, sealers(RING)).opened == 2 + 32
    for number, ring in enumerate((RING, FOLLOWING)):
        url = f"sqlite:///{tmp_path / f'back-{number}.sqlite'}"
        backups.put_back(url, path, RECOVERY, sealers(ring))
        assert_whole(url, ring.current, receipt, readers)


def test_a_backup_goes_back_into_either_database(
    whisper_store: WhisperStore, whisper_url: str, receipt: Receipt, readers: list[bytes], tmp_path: Path
):
    path = taken(whisper_store, tmp_path)
    with pytest.raises(BackupProblem, match="There are whispers here already"):
        backups.put_back(whisper_url, path, RECOVERY, sealers(RING))
    with whisper_store.write() as connection:
        for table in whisper_metadata.sorted_tables:
            if table.name != "setting":
                connection.execute(table.delete())
    backups.put_back(whisper_url, path, RECOVERY, sealers(RING))
    assert_whole(whisper_url, RING.current, receipt, readers)


def test_the_size_of_a_backup_does_not_tell_that_there_is_one_more(
    whisper_store: WhisperStore, receipt: Receipt, tmp_path: Path
):
    (tmp_path / "before").mkdir()
    before = taken(whisper_store, tmp_path / "before").stat().st_size
    start(whisper_store, Draft(DAY.isoformat(), "other", "me"), new_receipt(), {"what": "words"}, b"one more")
    assert taken(whisper_store, tmp_path).stat().st_size == before


def test_a_backup_needs_both_keys_and_every_byte(whisper_store: WhisperStore, receipt: Receipt, tmp_path: Path):
    path = taken(whisper_store, tmp_path)
    with pytest.raises(RecoveryProblem, match="does not open this backup"):
        backups.prove(path, RecoveryKey.make(), sealers(RING))
    with pytest.raises(KeyProblem, match="made with another key"):
        backups.prove(path, RECOVERY, [Sealer(bytes(32))])
    content = bytearray(path.read_bytes())
    for at in (0, len(content) // 2, len(content) - 1):
        broken = bytearray(content)
        broken[at] ^= 1
        path.write_bytes(broken)
        with pytest.raises(RecoveryProblem):
            backups.prove(path, RECOVERY, sealers(RING))
    path.write_bytes(content[:-9])
    with pytest.raises(RecoveryProblem, match="damaged or was cut off"):
        backups.prove(path, RECOVERY, sealers(RING))
    with pytest.raises(BackupProblem, match="cannot be read"):
        backups.prove(tmp_path / "none", RECOVERY, sealers(RING))
