"""Sealing: what is kept of a person is readable only with the key, which lies outside the database.

Each sealed column is declared once, in CONTRACTS. An envelope is: version (1 byte), key id (4 bytes), nonce (12),
AES-256-GCM ciphertext with tag, bound to its table, column and row, so that an envelope moved elsewhere does not open.
Keys per purpose are derived by HKDF-SHA256 from the master key. Plain text is padded where its length would tell.
"""

import hmac
import json
import os
import stat
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any, Protocol
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

# Made once: json.dumps would make an encoder at every call.
_to_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode

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
    ("binding", "chat"): Contract("address", 32),
    ("check_in", "answers"): Contract("answers", 128),
    ("check_in", "words"): Contract("answers", 1024),
    ("flag", "reasons"): Contract("signals", 256),
    ("signal", "data"): Contract("signals", 256),
    ("conversation", "data"): Contract("conversation", 256),
    ("outbox", "payload"): Contract("message", 512),
    ("posted", "ref"): Contract("address", 64),
}


class KeyProblem(Exception):
    """The master key is missing, empty, readable by others, or not the one this store was sealed with."""


class Unreadable(Exception):
    """An envelope does not open: changed, moved to another row, or sealed under a key that is not here."""


class _Row(Protocol):
    @property
    def id(self) -> UUID: ...


class Sealer:
    """Seals and opens the columns of CONTRACTS, and makes the keyed hashes that rows are looked up by."""

    def __init__(self, master: bytes) -> None:
        if len(master) != _KEY_BYTES:
            raise KeyProblem(f"the master key must be {_KEY_BYTES} bytes, this one is {len(master)}")
        self._master = master
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
        contract = CONTRACTS[table, column]
        plain = _to_json(value).encode("utf-8", "replace")
        # JSON ignores trailing blanks, so they are the padding.
        plain += b" " * (-len(plain) % contract.pad)
        nonce = os.urandom(_NONCE_BYTES)
        head = bytes([_VERSION]) + self.key_id
        sealed = self._cipher(contract.purpose).encrypt(nonce, plain, head + _place(table, column, row_id))
        return head + nonce + sealed

    def open(self, table: str, column: str, row_id: UUID, envelope: bytes) -> Any:  # noqa: ANN401 (JSON)
        """Open what `seal` made for the same column of the same row. Raises Unreadable."""
        head, nonce = envelope[: 1 + _ID_BYTES], envelope[1 + _ID_BYTES : 1 + _ID_BYTES + _NONCE_BYTES]
        if head != bytes([_VERSION]) + self.key_id:
            raise Unreadable(f"{table}.{column} is sealed under another key or in another format")
        if len(nonce) < _NONCE_BYTES:
            raise Unreadable(f"{table}.{column} was cut off")
        try:
            cipher = self._cipher(CONTRACTS[table, column].purpose)
            plain = cipher.decrypt(
                nonce, envelope[1 + _ID_BYTES + _NONCE_BYTES :], head + _place(table, column, row_id)
            )
        except InvalidTag:
            raise Unreadable(f"{table}.{column} was changed or moved") from None
        return json.loads(plain)

    def blind(self, purpose: str, value: str | int) -> bytes:
        """Make the keyed hash (HMAC-SHA256, 32 bytes) that a value is looked up by."""
        key = self._blind_keys.get(purpose)
        if key is None:
            key = self._blind_keys[purpose] = self._derive(f"look-up {purpose}")
        return hmac.digest(key, str(value).encode(), "sha256")

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


def make_key_file(path: Path) -> None:
    """Make a new master key, readable by its owner alone; an existing file is never overwritten.

    Raises KeyProblem if the file is already there or cannot be written.
    """
    made = False
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        made = True
        with os.fdopen(handle, "w") as file:
            file.write(os.urandom(_KEY_BYTES).hex() + "\n")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        if made:
            # A full disk: half a key left behind would be taken for the wrong file ever after.
            path.unlink(missing_ok=True)
        raise KeyProblem(
            f"the key file cannot be made ({error.strerror}): mend that, or set EARSHOT_KEY_FILE to another place"
        ) from None


def read_key_file(path: Path) -> Sealer:
    """Read the master key: 64 hexadecimal digits in a file of mode 0600. Raises KeyProblem with what to do."""
    try:
        mode = path.stat().st_mode
        words = path.read_text("ascii").strip()
    except FileNotFoundError:
        raise KeyProblem(
            f"there is no key file {path.name}: put back the one this store was made with (its backup), "
            "or set EARSHOT_DATA_DIR to another folder for a new store"
        ) from None
    except (OSError, UnicodeDecodeError):
        raise KeyProblem(f"the key file {path.name} cannot be read: check that it is the right file") from None
    if stat.S_IMODE(mode) & 0o077:
        raise KeyProblem(f"others on this machine could read the key file: run `chmod 600 {path.name}`")
    try:
        master = bytes.fromhex(words)
    except ValueError:
        master = b""
    if len(master) != _KEY_BYTES:
        raise KeyProblem(f"the key file {path.name} holds no key (64 hexadecimal digits): put back the right file")
    return Sealer(master)
