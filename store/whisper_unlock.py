"""Taking the lock of the leads' desk away for good: readers' keys lie under the master key again.

It needs the recovery key, which alone opens every report, so that none is lost with a lead who is not asked.
"""

from dataclasses import dataclass

from sqlalchemy import Connection, delete, insert, select

from store.whisper_lock import REHEARSED, by_recovery, check_recovery, give, is_left_out
from store.whisper_sealing import Seed, new_seed, public_of
from store.whisper_store import WhisperStore
from store.whisper_tables import RECOVERY, reader, report, setting, wrap


@dataclass(frozen=True)
class Unlocked:
    """What taking the lock away came to: how many reports there are, and how many of them open for nobody."""

    reports: int
    lost: int


def remove_lock(store: WhisperStore, seed: Seed) -> Unlocked:
    """Seal every reader's key by the master key again, and forget the recovery key. Raises LockProblem.

    The keys are made anew, since the former ones are under passphrases that nobody is asked for here. Each reader gets
    what they read before and what is open; never what they are left out of. A report that the recovery key does not
    open came with a backup that was filled up, or is damaged: no key is given to it.
    """
    with store.write() as connection:
        check_recovery(connection, seed)
        readers = [bytes(row.id) for row in connection.execute(select(reader)).all() if row.state != RECOVERY]
        had = {(one.report, one.reader) for one in connection.execute(select(wrap.c.report, wrap.c.reader)).all()}
        reports = connection.execute(select(report)).all()
        desks = {bytes(one.id): by_recovery(connection, one, seed) for one in reports}
        connection.execute(delete(wrap))
        connection.execute(delete(reader))
        connection.execute(delete(setting).where(setting.c.name == REHEARSED))
        for who in readers:
            own = _make_reader(store, connection, who)
            for one in reports:
                desk = desks[bytes(one.id)]
                if desk is None or is_left_out(desk, one, who):
                    continue
                if one.status != "closed" or (one.id, who) in had:
                    give(connection, one.id, desk, who, public_of(own))
    for who in readers:
        store.close_desk(who)
    return Unlocked(len(reports), sum(desk is None for desk in desks.values()))


def _make_reader(store: WhisperStore, connection: Connection, who: bytes) -> Seed:
    """Write a reader with a new key, as `store.whisper_desk.keep_readers` makes one."""
    own = new_seed()
    row = {"id": who, "public": public_of(own), "private": store.lock(own, b"reader" + who), "state": "active"}
    connection.execute(insert(reader), row)
    return own
