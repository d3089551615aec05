"""The recovery key: backups are encrypted to its public half, which lies with the data; the private half is in a safe.

A box is a stream: a line that names the format, the box's own key encrypted to the recovery key (HPKE, RFC 9180, with
the hybrid of ML-KEM-768 and X25519), then chunks of AES-256-GCM, each with its length, numbered by its nonce, the last
one marked. So a chunk changed, left out, moved, or a stream cut off anywhere does not open.
"""

import os
from collections.abc import Iterator
from hashlib import sha256
from typing import IO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey, MLKEM768PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hpke import (
    AEAD,
    KDF,
    KEM,
    MLKEM768X25519PrivateKey,
    MLKEM768X25519PublicKey,
    Suite,
)

from store.vault import StoreProblem

CHUNK = 1 << 20
_MAGIC = b"earshot box 1\n"
_INFO = b"earshot backup"
_SEED_BYTES, _CURVE_BYTES = 64, 32
_SUITE = Suite(KEM.MLKEM768_X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
_WORDS = "earshot recovery key: keep it in a safe, apart from the backups and from the master key"


class RecoveryProblem(StoreProblem):
    """A recovery key or a box cannot be used; the sentence says why and what to do."""


class RecoveryKey:
    """The private half."""

    def __init__(self, secret: bytes) -> None:
        if len(secret) != _SEED_BYTES + _CURVE_BYTES:
            raise RecoveryProblem("This is no recovery key. Take the file that `earshot keys recovery` wrote.")
        self._secret = secret
        self._lattice = MLKEM768PrivateKey.from_seed_bytes(secret[:_SEED_BYTES])
        self._curve = X25519PrivateKey.from_private_bytes(secret[_SEED_BYTES:])

    @classmethod
    def make(cls) -> "RecoveryKey":
        """Make a new one."""
        return cls(os.urandom(_SEED_BYTES + _CURVE_BYTES))

    @classmethod
    def read(cls, words: str) -> "RecoveryKey":
        """Read what `write` wrote. Raises RecoveryProblem."""
        try:
            return cls(bytes.fromhex(words.split("\n", 1)[1]))
        except (ValueError, IndexError):
            return cls(b"")

    def write(self) -> str:
        """Write it as the text of a file, in short lines that can be printed and typed in again."""
        digits = self._secret.hex()
        lines = [digits[at : at + 48] for at in range(0, len(digits), 48)]
        return "\n".join([_WORDS, *lines]) + "\n"

    def public(self) -> bytes:
        """Give the public half (1,216 bytes)."""
        return self._lattice.public_key().public_bytes_raw() + self._curve.public_key().public_bytes_raw()

    def open(self, wrapped: bytes) -> bytes:
        """Open what was encrypted to the public half. Raises RecoveryProblem."""
        try:
            return _SUITE.decrypt(wrapped, MLKEM768X25519PrivateKey(self._lattice, self._curve), _INFO)
        except (InvalidTag, ValueError):
            raise RecoveryProblem(
                "This recovery key does not open this backup. Take the one it was made for."
            ) from None


def fingerprint(public: bytes) -> str:
    """Name a public half in eight characters."""
    return sha256(b"earshot recovery key" + public).hexdigest()[:8]


def _wrap(secret: bytes, public: bytes) -> bytes:
    try:
        lattice = MLKEM768PublicKey.from_public_bytes(public[:-_CURVE_BYTES])
        curve = X25519PublicKey.from_public_bytes(public[-_CURVE_BYTES:])
    except ValueError:
        raise RecoveryProblem("The recovery key's public half is damaged. Run `earshot keys recovery` again.") from None
    return _SUITE.encrypt(secret, MLKEM768X25519PublicKey(lattice, curve), _INFO)


class BoxWriter:
    """Encrypts what is written to it, in order; `close` marks the end, without which the box does not open."""

    def __init__(self, file: IO[bytes], public: bytes) -> None:
        secret = os.urandom(32)
        self._file, self._cipher, self._number, self._waiting = file, AESGCM(secret), 0, bytearray()
        wrapped = _wrap(secret, public)
        self._head = _MAGIC + len(wrapped).to_bytes(4, "big") + wrapped
        file.write(self._head)

    def write(self, plain: bytes) -> int:
        """Take more of the content."""
        self._waiting += plain
        # One byte stays, so that the last chunk is never empty but for an empty box.
        while len(self._waiting) > CHUNK:
            self._put(bytes(self._waiting[:CHUNK]), last=False)
            del self._waiting[:CHUNK]
        return len(plain)

    def flush(self) -> None:
        """Do nothing: chunks are written when they are full."""

    def close(self) -> None:
        """Write what is left, and the mark of the end."""
        self._put(bytes(self._waiting), last=True)

    def _put(self, plain: bytes, *, last: bool) -> None:
        sealed = self._cipher.encrypt(_nonce(self._number, last=last), plain, self._head)
        self._file.write(len(sealed).to_bytes(4, "big") + sealed)
        self._number += 1


def open_box(file: IO[bytes], key: RecoveryKey) -> Iterator[bytes]:
    """Yield a box's content in order; what was yielded holds only if the end is reached. Raises RecoveryProblem."""
    if file.read(len(_MAGIC)) != _MAGIC:
        raise RecoveryProblem("This is no backup of Earshot's. Take a file that `earshot backup` wrote.")
    size = file.read(4)
    wrapped = file.read(int.from_bytes(size, "big")) if size < b"\0\1" else b""
    cipher = AESGCM(key.open(wrapped))
    head, number, last = _MAGIC + size + wrapped, 0, False
    while not last:
        length = int.from_bytes(file.read(4), "big")
        sealed = file.read(length) if length <= CHUNK + 16 else b""
        if len(sealed) != length:
            sealed = b""
        plain = None
        for last in (False, True):
            try:
                plain = cipher.decrypt(_nonce(number, last=last), sealed, head)
                break
            except (InvalidTag, ValueError):
                continue
        if plain is None:
            raise RecoveryProblem("The backup is damaged or was cut off. Take another one.")
        yield plain
        number += 1
    if file.read(1):
        raise RecoveryProblem("The backup is damaged or was cut off. Take another one.")


def _nonce(number: int, *, last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([last])
