"""The locked desk: readers' keys under each lead's own passphrase, and a recovery key on paper that opens every report.

A desk is locked once there is a recovery key. From then on a reader's private key lies under the passphrase (Argon2id)
beneath the store's own key, so neither the master key nor the database opens a report; an open desk holds the key in
memory for a few hours. The recovery key is a reader of its own, with no private half in the store.

Nobody's key is made for them: a lead who is new chooses a passphrase first, and reads what is open as soon as another
lead's desk is open, or the recovery key is at hand. A school that wants passphrases no more takes the lock away
(`store.whisper_unlock`).
"""

import secrets
from datetime import date
from typing import Any, Literal

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from sqlalchemy import Connection, Row, delete, insert, select

from store.vault import StoreProblem
from store.whisper_desk import DeskLocked, NotThere, seed_of
from store.whisper_sealing import (
    SALT_BYTES,
    SEED_BYTES,
    Cost,
    NotOpened,
    PublicKey,
    Seed,
    new_seed,
    open_sealed,
    private_of,
    public_of,
    seal,
    unpack,
)
from store.whisper_store import WhisperStore, place_of
from store.whisper_tables import RECOVERY, reader, report, setting, wrap

PASSPHRASE_LEAST = 12
_RECOVERY_ID = b"the recovery key"
_NONCE = 12
REHEARSED = "rehearsed"
_WORDS = "earshot whisper recovery key: keep it on paper in a safe, apart from the master key"

DeskState = Literal["open", "locked", "new"]


class LockProblem(StoreProblem):
    """A passphrase or a recovery key cannot be used; the sentence says why and what to do."""


def is_locked(store: WhisperStore) -> bool:
    """Say whether the desk is opened by passphrases."""
    with store.read() as connection:
        return _recovery(connection) is not None


def state_of(store: WhisperStore, who: bytes) -> DeskState:
    """Say how a reader's desk stands; "new" means that they have a passphrase to choose first."""
    with store.read() as connection:
        if _recovery(connection) is None:
            return "open"
        row = connection.execute(select(reader).where(reader.c.id == who)).first()
    if row is None or row.state != "locked":
        return "new"
    try:
        seed_of(store, row)
    except DeskLocked:
        return "locked"
    return "open"


# --- the recovery key -------------------------------------------------------------------------------------------------


def new_recovery() -> Seed:
    """Draw a recovery key."""
    return new_seed()


def lock(store: WhisperStore, seed: Seed) -> None:
    """Lock the desk by a new recovery key, which gets every report there is. Raises LockProblem if it is locked."""
    with store.write() as connection:
        if _recovery(connection) is not None:
            raise LockProblem("The desk is locked already, and its recovery key made. Nothing was changed.")
        public = public_of(seed)
        row = {"id": _RECOVERY_ID, "public": public, "private": b"", "state": RECOVERY}
        connection.execute(insert(reader), row)
        for one in connection.execute(select(report)).all():
            desk = desk_of(store, connection, one)
            if desk is not None:
                give(connection, one.id, desk, _RECOVERY_ID, public)


def recovery_words(seed: Seed) -> str:
    """Write a recovery key as the text of a file, in short lines that can be printed and typed in again."""
    digits = seed.hex()
    return "\n".join([_WORDS, *(digits[at : at + 48] for at in range(0, len(digits), 48))]) + "\n"


def read_recovery(words: str) -> Seed:
    """Read what `recovery_words` wrote. Raises LockProblem."""
    try:
        seed = Seed(bytes.fromhex(words.split("\n", 1)[1]))
    except (ValueError, IndexError):
        seed = Seed(b"")
    if len(seed) != SEED_BYTES:
        raise LockProblem("This is no recovery key of whispers. Take the file that `earshot whisper desk lock` wrote.")
    return seed


def rehearse(store: WhisperStore, seed: Seed, today: date) -> int:
    """Open every report with the recovery key, and note the day; gives how many there are. Raises LockProblem."""
    with store.write() as connection:
        check_recovery(connection, seed)
        reports = connection.execute(select(report)).all()
        closed_to_it = [one for one in reports if by_recovery(connection, one, seed) is None]
        if closed_to_it:
            raise LockProblem(
                f"The recovery key does not open {len(closed_to_it)} of {len(reports)} whispers: they came with a "
                "backup that was filled up, or are damaged."
            )
        connection.execute(delete(setting).where(setting.c.name == REHEARSED))
        connection.execute(insert(setting), {"name": REHEARSED, "value": today.isoformat().encode()})
    return len(reports)


def rehearsed_on(store: WhisperStore) -> date | None:
    """Say on which day recovery was last rehearsed."""
    with store.read() as connection:
        value = connection.execute(select(setting.c.value).where(setting.c.name == REHEARSED)).scalar()
    return date.fromisoformat(bytes(value).decode()) if value is not None else None


def recover(store: WhisperStore, seed: Seed, who: bytes, passphrase: str) -> int:
    """Give a reader a new key under a new passphrase, by the recovery key; gives how many reports they now read.

    They read what they read before, what is open, and what nobody else reads; never what they are left out of.
    Raises LockProblem.
    """
    _check_passphrase(passphrase)
    with store.write() as connection:
        check_recovery(connection, seed)
        had = set(connection.execute(select(wrap.c.report).where(wrap.c.reader == who)).scalars())
        own = _make_reader(store, connection, who, passphrase)
        given = 0
        for one in connection.execute(select(report)).all():
            others = connection.execute(
                select(wrap.c.reader).where(wrap.c.report == one.id, wrap.c.reader.not_in((who, _RECOVERY_ID)))
            ).first()
            desk = by_recovery(connection, one, seed)
            if desk is None or is_left_out(desk, one, who):
                continue
            if one.status != "closed" or one.id in had or others is None:
                give(connection, one.id, desk, who, public_of(own))
                given += 1
    store.open_desk(who, own)
    return given


# --- passphrases ------------------------------------------------------------------------------------------------------


def choose_passphrase(store: WhisperStore, who: bytes, passphrase: str) -> None:
    """Lock a reader's key under a passphrase: a new one's, one the master key held till now, or one whose desk is open.

    The key itself is made anew, for an old backup may hold the former one. Raises LockProblem, DeskLocked.
    """
    _check_passphrase(passphrase)
    with store.write() as connection:
        if _recovery(connection) is None:
            raise LockProblem("The desk is not locked. Run `earshot whisper desk lock FILE` first.")
        row = connection.execute(select(reader).where(reader.c.id == who)).first()
        held = _held(store, connection, row) if row is not None else {}
        own = _make_reader(store, connection, who, passphrase)
        for report_id, desk in held.items():
            give(connection, report_id, desk, who, public_of(own))
    store.open_desk(who, own)
    share(store)


def open_desk(store: WhisperStore, who: bytes, passphrase: str) -> bool:
    """Open a reader's desk for a few hours; False for a wrong passphrase. What waited for a key is shared then."""
    with store.read() as connection:
        row = connection.execute(select(reader).where(reader.c.id == who, reader.c.state == "locked")).first()
    if row is None:
        return False
    locked = store.unlock(row.private, b"reader" + who)
    salt, nonce, sealed = locked[:SALT_BYTES], locked[SALT_BYTES : SALT_BYTES + _NONCE], locked[SALT_BYTES + _NONCE :]
    try:
        seed = Seed(AESGCM(_stretched(passphrase, salt, store.passphrases)).decrypt(nonce, sealed, b"reader" + who))
    except InvalidTag:
        return False
    store.open_desk(who, seed)
    share(store)
    return True


def share(store: WhisperStore) -> None:
    """Give open reports to those of their readers who have no key to them yet, by whatever desk is open."""
    with store.read() as connection:
        pairs = {(one.report, one.reader) for one in connection.execute(select(wrap.c.report, wrap.c.reader)).all()}
        readers = connection.execute(select(reader).where(reader.c.state != RECOVERY)).all()
        reports = connection.execute(select(report).where(report.c.status != "closed")).all()
    wanting = [(one, who) for one in reports for who in readers if (one.id, who.id) not in pairs]
    if not wanting:
        return
    with store.write() as connection:
        for one, who in wanting:
            desk = desk_of(store, connection, one)
            if desk is not None and not is_left_out(desk, one, who.id):
                give(connection, one.id, desk, who.id, who.public)


def _make_reader(store: WhisperStore, connection: Connection, who: bytes, passphrase: str) -> Seed:
    """Write a reader anew, with a new key under a passphrase and no report yet."""
    connection.execute(delete(wrap).where(wrap.c.reader == who))
    connection.execute(delete(reader).where(reader.c.id == who))
    seed, salt, nonce = new_seed(), secrets.token_bytes(SALT_BYTES), secrets.token_bytes(_NONCE)
    sealed = AESGCM(_stretched(passphrase, salt, store.passphrases)).encrypt(nonce, seed, b"reader" + who)
    private = store.lock(salt + nonce + sealed, b"reader" + who)
    row = {"id": who, "public": public_of(seed), "private": private, "state": "locked"}
    connection.execute(insert(reader), row)
    return seed


def _stretched(passphrase: str, salt: bytes, cost: Cost) -> bytes:
    return Argon2id(
        salt=salt, length=32, iterations=cost.passes, lanes=1, memory_cost=cost.memory, ad=b"earshot whisper desk"
    ).derive(passphrase.encode("utf-8", "replace"))


def _check_passphrase(passphrase: str) -> None:
    if len(passphrase) < PASSPHRASE_LEAST:
        raise LockProblem(f"A passphrase has {PASSPHRASE_LEAST} characters or more: four or five words do well.")


# --- reports' keys ----------------------------------------------------------------------------------------------------


def _recovery(connection: Connection) -> Row[Any] | None:
    return connection.execute(select(reader).where(reader.c.id == _RECOVERY_ID)).first()


def check_recovery(connection: Connection, seed: Seed) -> None:
    """See that a recovery key is the one of this store. Raises LockProblem."""
    row = _recovery(connection)
    if row is None:
        raise LockProblem("The desk is not locked, so there is nothing to recover.")
    if bytes(row.public) != public_of(seed):
        raise LockProblem("This recovery key is not of these whispers. Take the one that was made for them.")


def by_recovery(connection: Connection, one: Row[Any], seed: Seed) -> Seed | None:
    """Open a report's key with the recovery key; None for a report that it does not open."""
    mine = connection.execute(select(wrap).where(wrap.c.report == one.id, wrap.c.reader == _RECOVERY_ID)).first()
    try:
        return Seed(open_sealed(seed, mine.sealed, place_of("wrap", one.id, _RECOVERY_ID))) if mine else None
    except NotOpened:
        return None


def desk_of(store: WhisperStore, connection: Connection, one: Row[Any]) -> Seed | None:
    """Open a report's key with whichever reader's key is at hand."""
    rows = connection.execute(
        select(reader, wrap.c.sealed).join(wrap, wrap.c.reader == reader.c.id).where(wrap.c.report == one.id)
    ).all()
    for row in rows:
        try:
            return Seed(open_sealed(seed_of(store, row), row.sealed, place_of("wrap", one.id, row.id)))
        except (DeskLocked, NotThere, NotOpened):
            continue
    return None


def _held(store: WhisperStore, connection: Connection, row: Row[Any]) -> dict[bytes, Seed]:
    """Open every report's key that a reader holds. Raises DeskLocked."""
    key, held = private_of(seed_of(store, row)), {}
    for one in connection.execute(select(wrap).where(wrap.c.reader == row.id)).all():
        try:
            held[bytes(one.report)] = Seed(open_sealed(key, one.sealed, place_of("wrap", one.report, row.id)))
        except NotOpened:
            continue
    return held


def is_left_out(desk: Seed, one: Row[Any], who: bytes) -> bool:
    """Say whether a reader is named in a report, or has stood back from it."""
    head, _ = unpack(open_sealed(desk, one.head, place_of("head", one.id)))
    return who.hex() in head["excluded"]


def give(connection: Connection, report_id: bytes, desk: Seed, who: bytes, public: bytes) -> None:
    """Wrap a report's key for a reader."""
    sealed = seal(PublicKey(public), desk, place_of("wrap", report_id, who))
    connection.execute(insert(wrap), {"report": report_id, "reader": who, "sealed": sealed})
