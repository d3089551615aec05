"""The locked desk: a passphrase each, a recovery key that opens all, and nothing for whoever has neither."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest
from sqlalchemy import select

from store import whisper_lock
from store.sealing import Sealer
from store.whisper_care import back_up, sweep
from store.whisper_desk import (
    DeskLocked,
    LastReader,
    NotThere,
    change,
    keep_readers,
    open_thread,
    queue,
    reader_id,
    recuse,
)
from store.whisper_lock import (
    LockProblem,
    choose_passphrase,
    lock,
    new_recovery,
    open_desk,
    recover,
    rehearse,
    state_of,
)
from store.whisper_sealing import Cost, NotOpened, Seed, new_receipt, new_seed
from store.whisper_store import WhisperStore, open_whispers
from store.whisper_tables import reader
from store.whispers import Draft, NobodyReads, start
from tests.conftest import DATABASES, own_database

TODAY = date(2026, 11, 24)
WORDS = "correct horse battery staple"
OTHER_WORDS = "four quite other words here"


@pytest.fixture(params=DATABASES)
def whisper_url(request: pytest.FixtureRequest, tmp_path) -> Iterator[str]:  # noqa: ANN001
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'whispers.sqlite'}"
        return
    with own_database(request.getfixturevalue("postgresql_url")) as url:
        yield url


@pytest.fixture
def leads(sealer: Sealer) -> list[bytes]:
    return [reader_id(sealer, name) for name in ("first lead", "second lead", "third lead")]


@pytest.fixture
def store(whisper_url: str, sealer: Sealer, leads: list[bytes]) -> Iterator[WhisperStore]:
    """A store with two readers, whose desk is not locked yet."""
    store = open_whispers(whisper_url, sealer, Cost(64, 1), passphrases=Cost(64, 1))
    keep_readers(store, leads[:2])
    yield store
    store.engine.dispose()


def new(store: WhisperStore, words: bytes = b"they take my things", **more: object) -> str:
    draft = Draft("2026-11-24", "bullying", "me", **more)  # type: ignore[arg-type]
    return start(store, draft, new_receipt(), {"what": "words"}, words).report.hex()


def locked(store: WhisperStore, leads: list[bytes]) -> Seed:
    """Lock the desk, with a passphrase for each of two leads; both desks are closed again."""
    recovery = new_recovery()
    lock(store, recovery)
    choose_passphrase(store, leads[0], WORDS)
    choose_passphrase(store, leads[1], OTHER_WORDS)
    for one in leads:
        store.close_desk(one)
    return recovery


def read(store: WhisperStore, who: bytes, report: str) -> str:
    return open_thread(store, who, report).turns[0].words


def test_passphrase_opens_what_was_there_before_and_what_came_since(store: WhisperStore, leads: list[bytes]):
    before = new(store, b"before")
    locked(store, leads)
    since = new(store, b"since")
    assert state_of(store, leads[0]) == "locked"
    for report in (before, since):
        with pytest.raises(DeskLocked):
            open_thread(store, leads[0], report)
    assert open_desk(store, leads[0], OTHER_WORDS) is False
    assert open_desk(store, leads[0], WORDS) is True
    assert (state_of(store, leads[0]), state_of(store, leads[1])) == ("open", "locked")
    assert [read(store, leads[0], report) for report in (before, since)] == ["before", "since"]
    with pytest.raises(DeskLocked):
        open_thread(store, leads[1], since)


def test_master_key_and_store_alone_open_nothing(
    store: WhisperStore, leads: list[bytes], whisper_url: str, sealer: Sealer
):
    report = new(store)
    assert read(store, leads[0], report) == "they take my things"
    locked(store, leads)
    thief = open_whispers(whisper_url, sealer, Cost(64, 1), passphrases=Cost(64, 1))
    for who in leads:
        with pytest.raises((DeskLocked, NotThere)):
            open_thread(thief, who, report)
    with thief.read() as connection:
        rows = connection.execute(select(reader)).all()
    # What the master key gives is no key that opens anything.
    for row in rows:
        try:
            held = thief.unlock(row.private, b"reader" + row.id)
        except NotOpened:
            continue
        thief.open_desk(row.id, Seed((held * 3)[:96]))
        with pytest.raises((DeskLocked, NotThere)):
            open_thread(thief, row.id, report)
    thief.engine.dispose()


def test_desk_closes_by_itself_after_its_hours(store: WhisperStore, leads: list[bytes]):
    report = new(store)
    locked(store, leads)
    open_desk(store, leads[0], WORDS)
    seed = store.opened(leads[0])
    assert seed is not None
    store.open_desk(leads[0], seed, seconds=0.0)
    with pytest.raises(DeskLocked):
        open_thread(store, leads[0], report)


def test_desk_open_elsewhere_closes_when_its_passphrase_is_changed(
    store: WhisperStore, leads: list[bytes], whisper_url: str, sealer: Sealer
):
    report = new(store)
    locked(store, leads)
    open_desk(store, leads[0], WORDS)
    elsewhere = open_whispers(whisper_url, sealer, Cost(64, 1), passphrases=Cost(64, 1))
    open_desk(elsewhere, leads[0], WORDS)
    choose_passphrase(elsewhere, leads[0], "quite another phrase")
    assert read(elsewhere, leads[0], report) == "they take my things"
    assert state_of(store, leads[0]) == "locked"
    with pytest.raises(DeskLocked):
        open_thread(store, leads[0], report)
    elsewhere.engine.dispose()


def test_new_lead_chooses_a_passphrase_and_reads_what_is_open_once_another_desk_is(
    store: WhisperStore, leads: list[bytes]
):
    open_one, closed, without = new(store, b"open"), new(store, b"closed"), new(store, excluded=(leads[2].hex(),))
    change(store, leads[0], closed, status="closed", closed="2026-11-24")
    locked(store, leads)
    # No key is made for anybody: the master key would hold it.
    assert keep_readers(store, leads) is False
    assert state_of(store, leads[2]) == "new"
    choose_passphrase(store, leads[2], "words of the third lead")
    with pytest.raises(NotThere):
        open_thread(store, leads[2], open_one)
    later = new(store, b"later")
    assert read(store, leads[2], later) == "later"
    open_desk(store, leads[0], WORDS)
    assert read(store, leads[2], open_one) == "open"
    for report in (closed, without):
        with pytest.raises(NotThere):
            open_thread(store, leads[2], report)


def test_lead_who_leaves_reads_nothing_more_even_with_their_desk_open(store: WhisperStore, leads: list[bytes]):
    report = new(store)
    locked(store, leads)
    open_desk(store, leads[0], WORDS)
    assert keep_readers(store, leads[1:2]) is True
    assert store.opened(leads[0]) is None
    for one in (report, new(store)):
        with pytest.raises(NotThere):
            open_thread(store, leads[0], one)
    assert open_desk(store, leads[0], WORDS) is False
    open_desk(store, leads[1], OTHER_WORDS)
    assert read(store, leads[1], report) == "they take my things"


def test_last_leads_who_leave_together_lose_no_report(store: WhisperStore, leads: list[bytes]):
    report = new(store)
    recovery = locked(store, leads)
    assert keep_readers(store, leads[2:]) is False
    recover(store, recovery, leads[2], "words of the third lead")
    assert keep_readers(store, leads[2:]) is True
    assert read(store, leads[2], report) == "they take my things"
    assert queue(store, leads[0]) == []


def test_forgotten_passphrase_is_recovered_with_all_that_was_theirs(store: WhisperStore, leads: list[bytes]):
    mine, closed, not_mine = new(store, b"mine"), new(store, b"closed"), new(store, excluded=(leads[0].hex(),))
    change(store, leads[0], closed, status="closed", closed="2026-11-24")
    recovery = locked(store, leads)
    assert recover(store, recovery, leads[0], "quite another phrase") == 2
    store.close_desk(leads[0])
    assert open_desk(store, leads[0], WORDS) is False
    assert open_desk(store, leads[0], "quite another phrase") is True
    assert [read(store, leads[0], one) for one in (mine, closed)] == ["mine", "closed"]
    with pytest.raises(NotThere):
        open_thread(store, leads[0], not_mine)


def test_rehearsal_opens_every_report_and_is_noted_for_the_doctor(store: WhisperStore, leads: list[bytes]):
    new(store)
    recovery = locked(store, leads)
    new(store)
    assert whisper_lock.rehearsed_on(store) is None
    with pytest.raises(LockProblem, match="not of these whispers"):
        rehearse(store, new_seed(), TODAY)
    assert rehearse(store, recovery, TODAY) == 2
    assert whisper_lock.rehearsed_on(store) == TODAY


def test_recovery_key_survives_its_paper(store: WhisperStore, leads: list[bytes]):
    recovery = locked(store, leads)
    words = whisper_lock.recovery_words(recovery)
    assert max(map(len, words.splitlines())) < 90
    assert whisper_lock.read_recovery(words.replace("\n", " \n")) == recovery
    for wrong in ("", "words\nnothing", words[:-60]):
        with pytest.raises(LockProblem):
            whisper_lock.read_recovery(wrong)


def test_recovery_key_is_no_reader_that_takes_a_report(store: WhisperStore, leads: list[bytes]):
    locked(store, leads)
    with pytest.raises(NobodyReads):
        new(store, excluded=tuple(one.hex() for one in leads[:2]))
    alone = new(store, excluded=(leads[1].hex(),))
    open_desk(store, leads[0], WORDS)
    with pytest.raises(LastReader):
        recuse(store, leads[0], alone)


def test_store_opened_without_saying_so_has_the_full_costs(whisper_url: str, sealer: Sealer):
    store = open_whispers(whisper_url, sealer)
    assert (store.cost, store.passphrases) == (Cost(19_456, 2), Cost(65_536, 3))
    store.engine.dispose()


def test_nothing_is_swept_away_while_nobody_can_open_it(store: WhisperStore, leads: list[bytes]):
    new(store)
    locked(store, leads)
    assert (sweep(store), len(queue(store))) == (0, 1)


def test_passphrase_too_short_or_before_the_lock_is_refused(store: WhisperStore, leads: list[bytes]):
    with pytest.raises(LockProblem, match="not locked"):
        choose_passphrase(store, leads[0], WORDS)
    locked(store, leads)
    with pytest.raises(LockProblem, match="12 characters"):
        choose_passphrase(store, leads[0], "short")
    with pytest.raises(DeskLocked):
        choose_passphrase(store, leads[0], "a thief's own passphrase")
    with pytest.raises(LockProblem, match="locked already"):
        lock(store, new_recovery())


def test_backup_of_a_locked_desk_opens_with_the_passphrase(
    store: WhisperStore,
    leads: list[bytes],
    sealer: Sealer,
    tmp_path,  # noqa: ANN001
):
    report = new(store)
    locked(store, leads)
    back_up(store, tmp_path / "copy.sqlite", sealer, TODAY)
    copy = open_whispers(f"sqlite:///{tmp_path / 'copy.sqlite'}", sealer, Cost(64, 1), passphrases=Cost(64, 1))
    with pytest.raises(DeskLocked):
        open_thread(copy, leads[0], report)
    assert open_desk(copy, leads[0], WORDS) is True
    assert read(copy, leads[0], report) == "they take my things"
    copy.engine.dispose()
