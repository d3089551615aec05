"""The master key's part in the whisper store: which key it is of, and its change to a later one.

Under the master key lie the readers' private keys and the places of cards; reports are sealed to the readers and are
not touched. So a change is small, and done in one transaction: a kill leaves the store at one key or the other.
"""

from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, select, update

from store.database import make_engine
from store.sealing import KeyProblem, Sealer
from store.whisper_store import WhisperStore
from store.whisper_tables import reader, report, setting


def bring_to(url: str, sealers: Sequence[Sealer]) -> bool:
    """Bring a whisper store to the first of some keys, from whichever of them it is of; False if nothing is to do.

    Raises KeyProblem, having touched nothing, when it is of none of them.
    """
    engine = _there(url)
    if engine is None:
        return False
    try:
        old = key_of(engine, sealers)
        if old is None or old is sealers[0]:
            return False
        _change(WhisperStore(engine, old), WhisperStore(engine, sealers[0]))
        return True
    finally:
        engine.dispose()


def is_made(url: str) -> bool:
    """Say whether there is a whisper store."""
    engine = _there(url)
    if engine is None:
        return False
    try:
        return inspect(engine).has_table(setting.name)
    finally:
        engine.dispose()


def check(url: str, sealers: Sequence[Sealer]) -> None:
    """See that a whisper store, if there is one, is of one of some keys. Raises KeyProblem."""
    engine = _there(url)
    if engine is not None:
        try:
            key_of(engine, sealers)
        finally:
            engine.dispose()


def key_of(engine: Engine, sealers: Sequence[Sealer]) -> Sealer | None:
    """Find the key a whisper store is of; None while nothing was made in it. Raises KeyProblem for a foreign one."""
    with engine.connect().execution_options(reading=True) as connection:
        if not inspect(connection).has_table(setting.name):
            return None
        name = connection.execute(select(setting.c.value).where(setting.c.name == "key")).scalar()
    if name is None:
        return None
    for sealer in sealers:
        if WhisperStore(engine, sealer).name == bytes(name):
            return sealer
    raise KeyProblem("the whisper store was made with another key: put that key file back, nothing was changed")


def _there(url: str) -> Engine | None:
    engine = make_engine(url)
    if engine.dialect.name == "sqlite" and not Path(engine.url.database or "").exists():
        engine.dispose()
        return None
    return engine


def _change(old: WhisperStore, new: WhisperStore) -> None:
    with new.write() as connection:
        for one in connection.execute(select(reader.c.id, reader.c.private)).all():
            # A recovery key's private half is on paper only.
            if one.private:
                place = b"reader" + one.id
                sealed = new.lock(old.unlock(one.private, place), place)
                connection.execute(update(reader).where(reader.c.id == one.id).values(private=sealed))
        for row in connection.execute(select(report.c.id, report.c.card)).all():
            place = b"card" + row.id
            sealed = new.lock(old.unlock(row.card, place), place)
            connection.execute(update(report).where(report.c.id == row.id).values(card=sealed))
        _name(connection, new)


def _name(connection: Connection, store: WhisperStore) -> None:
    connection.execute(update(setting).where(setting.c.name == "key").values(value=store.name))
