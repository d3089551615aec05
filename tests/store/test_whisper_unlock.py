"""Taking the lock away for good: nothing is lost, nobody reads more than before, the former keys are worth nothing."""

from __future__ import annotations

import pytest

from store.sealing import Sealer
from store.whisper_care import back_up, sweep, tidy
from store.whisper_desk import DeskLocked, NotThere, change, open_thread, queue, recuse
from store.whisper_lock import LockProblem, choose_passphrase, is_locked, open_desk, rehearsed_on, state_of
from store.whisper_sealing import Cost, Seed, new_seed
from store.whisper_store import WhisperStore, open_whispers
from store.whisper_unlock import Unlocked, remove_lock
from tests.store.test_whisper_lock import OTHER_WORDS, TODAY, WORDS, leads, locked, new, read, store, whisper_url

__all__ = ["leads", "store", "whisper_url"]


def test_lock_taken_away_leaves_each_reader_what_they_read_and_no_more(store: WhisperStore, leads: list[bytes]):
    both, closed = new(store, b"both"), new(store, b"closed")
    not_first, stood_back = new(store, b"not first", excluded=(leads[0].hex(),)), new(store, b"stood back")
    change(store, leads[0], closed, status="closed", closed="2026-11-24")
    recuse(store, leads[1], stood_back)
    recovery = locked(store, leads)
    since = new(store, b"since")
    assert remove_lock(store, recovery) == Unlocked(5, 0)
    assert (is_locked(store), rehearsed_on(store)) == (False, None)
    for who, wanted in ((leads[0], {both, closed, stood_back, since}), (leads[1], {both, closed, not_first, since})):
        assert state_of(store, who) == "open"
        assert {line.id for line in queue(store, who)} == wanted
        assert read(store, who, since) == "since"
        for other in {both, closed, not_first, stood_back} - wanted:
            with pytest.raises(NotThere):
                open_thread(store, who, other)


def test_lock_stays_without_its_own_recovery_key(store: WhisperStore, leads: list[bytes]):
    with pytest.raises(LockProblem, match="not locked"):
        remove_lock(store, new_seed())
    report = new(store)
    locked(store, leads)
    with pytest.raises(LockProblem, match="not of these whispers"):
        remove_lock(store, new_seed())
    assert is_locked(store)
    with pytest.raises(DeskLocked):
        open_thread(store, leads[0], report)
    assert open_desk(store, leads[0], WORDS) is True


def test_former_keys_and_passphrases_open_nothing_once_the_lock_is_gone(store: WhisperStore, leads: list[bytes]):
    report = new(store)
    recovery = locked(store, leads)
    open_desk(store, leads[0], WORDS)
    former = store.opened(leads[0])
    assert former is not None
    remove_lock(store, recovery)
    tidy(store)
    assert store.opened(leads[0]) is None
    assert open_desk(store, leads[1], OTHER_WORDS) is False
    with pytest.raises(LockProblem, match="not locked"):
        choose_passphrase(store, leads[0], WORDS)
    # A new lock asks for new passphrases: nothing of the former one is left.
    second = locked(store, leads)
    store.open_desk(leads[0], Seed(former))
    with pytest.raises(DeskLocked):
        open_thread(store, leads[0], report)
    assert second != recovery


def test_report_of_a_backup_that_opens_for_nobody_is_counted_and_goes_at_the_next_start(
    store: WhisperStore,
    leads: list[bytes],
    sealer: Sealer,
    tmp_path,  # noqa: ANN001
):
    report = new(store)
    recovery = locked(store, leads)
    back_up(store, tmp_path / "copy.sqlite", sealer, TODAY)
    copy = open_whispers(f"sqlite:///{tmp_path / 'copy.sqlite'}", sealer, Cost(64, 1), passphrases=Cost(64, 1))
    assert remove_lock(copy, recovery) == Unlocked(32, 31)
    assert sweep(copy) == 31
    assert read(copy, leads[1], report) == "they take my things"
    copy.engine.dispose()
