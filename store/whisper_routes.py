"""Knocks: the way back to a reporter's chat, for those who ask for it; all others have as many random bytes.

A route is the chat's number, sealed to the report's own key (HPKE), and that once more under a key that lies outside
database and backups and lasts one epoch (`bot.whisper.epochs`). Without that key a route looks like any other, and like
none. All are written anew at each fixed time, so that one that changed tells nothing.
"""

import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Connection, Row, select, update

from store.whisper_desk import NotThere
from store.whisper_lock import desk_of
from store.whisper_sealing import NotOpened, PublicKey, no_route, open_sealed, seal
from store.whisper_store import WhisperStore, place_of
from store.whisper_tables import report
from store.whispers import Door, Gone

_NONCE = 12


def set_route(store: WhisperStore, door: Door, chat: int, key: bytes) -> None:
    """Keep the way back to a chat with a report; `key` (32 bytes) is the epoch's. Raises Gone."""
    sealed = seal(PublicKey(door.desk_key), str(chat).encode(), place_of("route", door.report))
    route = _shut(sealed, door.report, key)
    with store.write() as connection:
        changed = update(report).where(report.c.id == door.report).values(route=route)
        if connection.execute(changed).rowcount == 0:
            raise Gone


def due(store: WhisperStore, key: bytes) -> list[tuple[str, int]]:
    """List the reports that were answered and the chats to knock at; what has no route is not due any more.

    One whose readers' desks are all locked stays due until one of them is open.
    """
    found = []
    with store.write() as connection:
        for row in connection.execute(select(report).where(report.c.knock == "due")).all():
            sealed = _unshut(row.route, row.id, key)
            if sealed is None:
                _done(connection, row.id)
            elif (chat := _chat(store, connection, row, sealed)) is not None:
                found.append((row.id.hex(), chat))
    return found


def done(store: WhisperStore, report_id: str) -> None:
    """Note that the knock of a report was made."""
    with store.write() as connection:
        _done(connection, bytes.fromhex(report_id))


def renew(store: WhisperStore, key: bytes) -> None:
    """Write every route anew: those of this epoch sealed again, the others as random bytes."""
    with store.write() as connection:
        for row in connection.execute(select(report.c.id, report.c.route)).all():
            sealed = _unshut(row.route, row.id, key)
            route = no_route() if sealed is None else _shut(sealed, row.id, key)
            connection.execute(update(report).where(report.c.id == row.id).values(route=route))


def _done(connection: Connection, report_id: bytes) -> None:
    connection.execute(update(report).where(report.c.id == report_id).values(knock=""))


def _chat(store: WhisperStore, connection: Connection, row: Row[tuple[object, ...]], sealed: bytes) -> int | None:
    try:
        desk = desk_of(store, connection, row)
        return None if desk is None else int(open_sealed(desk, sealed, place_of("route", row.id)))
    except (NotOpened, NotThere, ValueError):
        return None


def _shut(sealed: bytes, report_id: bytes, key: bytes) -> bytes:
    nonce = secrets.token_bytes(_NONCE)
    return nonce + AESGCM(key).encrypt(nonce, sealed, place_of("route", report_id))


def _unshut(route: bytes, report_id: bytes, key: bytes) -> bytes | None:
    try:
        return AESGCM(key).decrypt(bytes(route[:_NONCE]), bytes(route[_NONCE:]), place_of("route", report_id))
    except InvalidTag:
        return None
