"""Sealing: what is kept of a person is readable only with the key, which lies outside the database.

Each sealed column is declared once, in CONTRACTS. An envelope is: version (1 byte), key id (4 bytes), nonce (12),
AES-256-GCM ciphertext with tag, bound to its table, column and row, so that an envelope moved elsewhere does not open.
Keys per purpose are derived by HKDF-SHA256 from the master key. Plain text is padded where its length would tell.
"""

import hmac
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from typing import Any, Protocol
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

# Made once: json.dumps would make an encoder at every call, and json.loads guess at the encoding.
_to_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_of_json = json.JSONDecoder().decode

_VERSION = 1
_KEY_BYTES = 32
_ID_BYTES = 4
_NONCE_BYTES = 12


@dataclass(frozen=True)
class Contract:
    """One sealed column: `purpose` picks the key, `pad` is the block its plain text is filled up to (bytes)."""

    purpose: str
    pad: int


CONTRACTS: dict[tuple[str, str], Contract] = {
    ("staff", "name"): Contract("person", 64),
    ("staff", "email"): Contract("person", 64),
    ("staff", "slack_user"): Contract("address", 32),
    ("pupil", "name"): Contract("person", 64),
    ("guardian", "name"): Contract("person", 64),
    ("binding", "chat"): Contract("address", 32),
    ("guardian_binding", "chat"): Contract("address", 32),
    ("check_in", "answers"): Contract("answers", 128),
    ("check_in", "words"): Contract("answers", 1024),
    ("flag", "reasons"): Contract("signals", 256),
    ("signal", "data"): Contract("signals", 256),
    ("plan", "content"): Contract("plan", 256),
    ("verdict", "why"): Contract("plan", 32),
    ("trend", "data"): Contract("signals", 1024),
    ("outcome", "data"): Contract("signals", 64),
    ("draw", "before"): Contract("signals", 64),
    ("draw", "after"): Contract("signals", 64),
    ("conversation", "data"): Contract("conversation", 256),
    ("outbox", "payload"): Contract("message", 512),
    ("posted", "ref"): Contract("address", 64),
}

# Which purpose the keyed hash in a column is made for. Purposes not named here are hashed for the moment only.
LOOK_UPS: dict[tuple[str, str], str] = {
    ("staff", "mis_key"): "mis",
    ("staff", "email_key"): "email",
    ("staff", "slack_user_key"): "slack",
    ("pupil", "mis_key"): "mis",
    ("guardian", "mis_key"): "mis",
    ("invite", "code_key"): "invite",
    ("guardian_invite", "code_key"): "invite",
    ("binding", "chat_key"): "chat",
    ("guardian_binding", "chat_key"): "chat",
    ("attempt", "chat_key"): "chat",
}
# Purposes whose hashes are never made again, whatever becomes of the master key: the whisper store's readers are named
# by them inside what only the readers open.
LASTING = frozenset({"whisper-reader"})


class KeyProblem(Exception):
    """The master key is missing, empty, readable by others, or not the one this store was sealed with."""


class Unreadable(Exception):
    """An envelope does not open: changed, moved to another row, or sealed under a key that is not here."""


class _Row(Protocol):
    @property
    def id(self) -> UUID: ...


class Sealer:
    """Seals and opens the columns of CONTRACTS, and makes the keyed hashes that rows are looked up by.

    `earlier` holds, oldest first, the look-up keys by purpose of the master keys before this one: their hashes were
    hashed again, not made anew, when the key was changed, because the plain value is not always kept.
    """

    def __init__(self, master: bytes, earlier: Sequence[Mapping[str, bytes]] = ()) -> None:
        if len(master) != _KEY_BYTES:
            raise KeyProblem(f"the master key must be {_KEY_BYTES} bytes, this one is {len(master)}")
        self._master = master
        self._earlier = tuple(earlier)
        self.key_id = sha256(b"earshot key id" + master).digest()[:_ID_BYTES]
        self._ciphers: dict[str, AESGCM] = {}
        self._blind_keys: dict[str, bytes] = {}

    def write(self, row: _Row, column: str, value: object) -> None:
        """Seal a JSON value into the row's `<column>_sealed`."""
        table = type(row).__tablename__  # type: ignore[attr-defined]
        setattr(row, f"{column}_sealed", self.seal(table, column, row.id, value))

    def read(self, row: _Row, column: str) -> Any:  # noqa: ANN401 (JSON)
        """Open the row's `<column>_sealed`; None stays None. Raises Unreadable."""
        envelope = getattr(row, f"{column}_sealed")
        if envelope is None:
            return None
        return self.open(type(row).__tablename__, column, row.id, envelope)  # type: ignore[attr-defined]

    def seal(self, table: str, column: str, row_id: UUID, value: object) -> bytes:
        """Seal a JSON value for one column of one row."""
        plain = _to_json(value).encode("utf-8", "replace")
        # JSON ignores trailing blanks, so they are the padding.
        plain += b" " * (-len(plain) % CONTRACTS[table, column].pad)
        return self._enclose(table, column, row_id, plain)

    def reseal(self, table: str, column: str, row_id: UUID, envelope: bytes, old: "Sealer") -> bytes:
        """Open what `old` sealed and seal it for the same place; raises Unreadable."""
        return self._enclose(table, column, row_id, old._plain(table, column, row_id, envelope))

    def sealed(self, envelope: bytes) -> bool:
        """Say whether an envelope names this key."""
        return envelope[: 1 + _ID_BYTES] == bytes([_VERSION]) + self.key_id

    def _enclose(self, table: str, column: str, row_id: UUID, plain: bytes) -> bytes:
        nonce = os.urandom(_NONCE_BYTES)
        head = bytes([_VERSION]) + self.key_id
        cipher = self._cipher(CONTRACTS[table, column].purpose)
        return head + nonce + cipher.encrypt(nonce, plain, head + _place(table, column, row_id))

    def open(self, table: str, column: str, row_id: UUID, envelope: bytes) -> Any:  # noqa: ANN401 (JSON)
        """Open what `seal` made for the same column of the same row. Raises Unreadable."""
        return _of_json(self._plain(table, column, row_id, envelope).decode())

    def open_if_whole(self, table: str, column: str, row_id: UUID, envelope: bytes) -> Any:  # noqa: ANN401 (JSON)
        """The same, but None for what was damaged: for where one row must not hold up those of everybody else."""
        try:
            return self.open(table, column, row_id, envelope)
        except Unreadable:
            return None

    def _plain(self, table: str, column: str, row_id: UUID, envelope: bytes) -> bytes:
        head, nonce = envelope[: 1 + _ID_BYTES], envelope[1 + _ID_BYTES : 1 + _ID_BYTES + _NONCE_BYTES]
        if head != bytes([_VERSION]) + self.key_id:
            raise Unreadable(f"{table}.{column} is sealed under another key or in another format")
        if len(nonce) < _NONCE_BYTES:
            raise Unreadable(f"{table}.{column} was cut off")
        try:
            cipher = self._cipher(CONTRACTS[table, column].purpose)
            return cipher.decrypt(nonce, envelope[1 + _ID_BYTES + _NONCE_BYTES :], head + _place(table, column, row_id))
        except InvalidTag:
            raise Unreadable(f"{table}.{column} was changed or moved") from None

    def blind(self, purpose: str, value: str | int) -> bytes:
        """Make the keyed hash (HMAC-SHA256, 32 bytes) that a value is looked up by."""
        digest = str(value).encode()
        for keys in self._earlier:
            # A purpose that came later has no key there.
            if purpose in keys:
                digest = hmac.digest(keys[purpose], digest, "sha256")
        return self._hash(purpose, digest)

    def lasting(self, purpose: str, value: str | int) -> bytes:
        """Make a keyed hash (32 bytes) that stays the same through every change of the master key."""
        key = next((keys[purpose] for keys in self._earlier if purpose in keys), None)
        return hmac.digest(key or self._derive(f"look-up {purpose}"), str(value).encode(), "sha256")

    def blind_again(self, purpose: str, digest: bytes, old: "Sealer") -> bytes:
        """Bring a keyed hash that `old` made, the sealer of one of the keys before this one, to this one."""
        for keys in self._earlier[len(old._earlier) + 1 :]:
            if purpose in keys:
                digest = hmac.digest(keys[purpose], digest, "sha256")
        return self._hash(purpose, digest)

    def _hash(self, purpose: str, digest: bytes) -> bytes:
        key = self._blind_keys.get(purpose)
        if key is None:
            key = self._blind_keys[purpose] = self._derive(f"look-up {purpose}")
        return hmac.digest(key, digest, "sha256")

    def look_up_keys(self) -> dict[str, bytes]:
        """Give the keys that hashes kept in the store are made with, by purpose: what outlives this master key."""
        return {purpose: self._derive(f"look-up {purpose}") for purpose in sorted({*LOOK_UPS.values(), *LASTING})}

    def _cipher(self, purpose: str) -> AESGCM:
        cipher = self._ciphers.get(purpose)
        if cipher is None:
            cipher = self._ciphers[purpose] = AESGCM(self._derive(f"seal {purpose}"))
        return cipher

    def _derive(self, purpose: str) -> bytes:
        return HKDF(SHA256(), _KEY_BYTES, salt=None, info=f"earshot 1 {purpose}".encode()).derive(self._master)


@cache
def _place_prefix(table: str, column: str) -> bytes:
    return f"{table}|{column}|".encode()


def _place(table: str, column: str, row_id: UUID) -> bytes:
    return _place_prefix(table, column) + row_id.bytes
