"""Sealing of whispers: receipts of six words, key pairs, and HPKE around padded plain text.

Everything a reporter or a lead writes is sealed with HPKE (hybrid ML-KEM-768 + X25519, HKDF-SHA256,
ChaCha20-Poly1305; RFC 9180) twice: to the report's own key, whose private half is wrapped for each reader, and to a key
that only the receipt can make. Nothing here knows a person.
"""

import json
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any, NewType

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey, MLKEM768PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import (
    AEAD,
    KDF,
    KEM,
    MLKEM768X25519PrivateKey,
    MLKEM768X25519PublicKey,
    Suite,
)
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

Receipt = NewType("Receipt", bytes)
Seed = NewType("Seed", bytes)
PublicKey = NewType("PublicKey", bytes)
PrivateKey = MLKEM768X25519PrivateKey

RECEIPT_WORDS = 6
_RECEIPT_BYTES = 10
_MLKEM_SEED, _X25519_BYTES, _MLKEM_PUBLIC = 64, 32, 1184
SEED_BYTES = _MLKEM_SEED + _X25519_BYTES
MARK_BYTES, VERIFIER_BYTES, SALT_BYTES, ID_BYTES = 16, 32, 16, 16
# What a sealed turn may weigh (bytes of plain text); the last is for photos.
SIZES = (1024, 4096, 17_408, 65_536, 262_144, 1_048_576, 2_097_152)
_LENGTH_BYTES = 4
# What HPKE adds: the encapsulated key (1,120 bytes) and the tag.
OVERHEAD = 1136
# A route: what seals the smallest size, within AES-256-GCM (nonce and tag, 28 bytes).
ROUTE_BYTES = SIZES[0] + OVERHEAD + 28
_SUITE = Suite(KEM.MLKEM768_X25519, KDF.HKDF_SHA256, AEAD.CHACHA20_POLY1305)


class NotOpened(Exception):
    """A sealed value does not open with this key: it is for somebody else, or was changed or moved."""


class TooLong(Exception):
    """There is more to seal than the largest size holds."""


# --- receipts ---------------------------------------------------------------------------------------------------------


@cache
def word_list() -> tuple[str, ...]:
    """Read the EFF's long list: 7,776 words (eff.org/dice, Creative Commons Attribution 3.0 United States)."""
    return tuple(Path(__file__).with_name("whisper_words.txt").read_text("ascii").split())


@cache
def _places() -> Mapping[str, int]:
    # Without the marks too, for they are easily left out; but a word with one must not hide its twin without.
    plain = {word.replace("-", ""): place for place, word in enumerate(word_list())}
    return plain | {word: place for place, word in enumerate(word_list())}


def new_receipt() -> Receipt:
    """Draw a receipt: one of about 7,776⁶, 77.5 bits."""
    while True:
        receipt = _receipt(secrets.randbelow(len(word_list()) ** RECEIPT_WORDS))
        # The list has "yo-yo" and "yoyo": whoever leaves out the mark would never get in again.
        if "yo-yo" not in words_of(receipt):
            return receipt


def _receipt(number: int) -> Receipt:
    return Receipt(number.to_bytes(_RECEIPT_BYTES, "big"))


def words_of(receipt: Receipt) -> tuple[str, ...]:
    """Give the six words of a receipt, in order."""
    number, words = int.from_bytes(receipt, "big"), []
    for _ in range(RECEIPT_WORDS):
        number, place = divmod(number, len(word_list()))
        words.append(word_list()[place])
    return tuple(reversed(words))


def receipt_of(text: str) -> Receipt | None:
    """Read six words typed by a person, in any case, with any marks between them; None when they are no receipt."""
    letters = "".join(mark if mark.isalpha() or mark == "-" else " " for mark in text.casefold())
    given = letters.split()
    if not RECEIPT_WORDS <= len(given) <= 2 * RECEIPT_WORDS:
        return None
    places: list[int] = []
    at = 0
    while at < len(given):
        # "yo yo" is a word of the list, with the mark between left out.
        for width in (1, 2):
            place = _places().get("".join(given[at : at + width]))
            if place is not None:
                break
        else:
            return None
        places.append(place)
        at += width
    if len(places) != RECEIPT_WORDS:
        return None
    number = 0
    for place in places:
        number = number * len(word_list()) + place
    return _receipt(number)


def code_of(receipt: Receipt) -> str:
    """Write a receipt as a button carries it: 14 letters, digits, "-" and "_"."""
    return urlsafe_b64encode(receipt).decode().rstrip("=")


def receipt_of_code(code: str) -> Receipt | None:
    """Read what `code_of` wrote; None for anything else."""
    try:
        receipt = urlsafe_b64decode(code.encode("ascii") + b"==")
    except ValueError:
        return None
    in_range = len(receipt) == _RECEIPT_BYTES and int.from_bytes(receipt, "big") < len(word_list()) ** RECEIPT_WORDS
    return Receipt(receipt) if in_range and code_of(Receipt(receipt)) == code else None


def words_of_code(code: str) -> tuple[str, ...]:
    """Give the six words of a receipt as a button carries it; the code must be one."""
    receipt = receipt_of_code(code)
    assert receipt is not None  # noqa: S101 (asked only of what `receipt_of_code` has read)
    return words_of(receipt)


def decoys_of(code: str, number: int) -> tuple[str, ...]:
    """Choose three words to stand beside the right one, the same each time."""
    own, words, at = set(words_of_code(code)), word_list(), 0
    chosen: list[str] = []
    while len(chosen) < 3:
        digest = sha256(f"{code} {number} {at}".encode()).digest()
        word = words[int.from_bytes(digest[:4], "big") % len(words)]
        at += 1
        if word not in own and word not in chosen:
            chosen.append(word)
    return tuple(chosen)


# --- from a receipt to keys -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Cost:
    """What one Argon2id costs: memory in KiB, and passes. A receipt is checked with two."""

    memory: int = 19_456
    passes: int = 2


def find_by(receipt: Receipt, salt: bytes, cost: Cost) -> bytes:
    """Make the mark a receipt's report is found by; `salt` is the store's own (16 bytes)."""
    return _stretch(b"find" + receipt, salt, MARK_BYTES, cost)


def keys_of(receipt: Receipt, salt: bytes, cost: Cost) -> tuple[bytes, Seed]:
    """Make a receipt's verifier (32 bytes) and its key's seed; `salt` is the report's own (16 bytes)."""
    made = _stretch(b"open" + receipt, salt, VERIFIER_BYTES + SEED_BYTES, cost)
    return made[:VERIFIER_BYTES], Seed(made[VERIFIER_BYTES:])


def _stretch(secret: bytes, salt: bytes, length: int, cost: Cost) -> bytes:
    return Argon2id(
        salt=salt, length=length, iterations=cost.passes, lanes=1, memory_cost=cost.memory, ad=b"earshot whisper"
    ).derive(secret)


def new_seed() -> Seed:
    """Draw the seed of a key pair."""
    return Seed(secrets.token_bytes(SEED_BYTES))


def private_of(seed: Seed) -> PrivateKey:
    """Make the private half of a seed's key pair; to make it costs more than to open with it."""
    return MLKEM768X25519PrivateKey(
        MLKEM768PrivateKey.from_seed_bytes(seed[:_MLKEM_SEED]),
        X25519PrivateKey.from_private_bytes(seed[_MLKEM_SEED:]),
    )


def public_of(seed: Seed) -> PublicKey:
    """Give the public half of a seed's key pair: 1,216 bytes."""
    kem = MLKEM768PrivateKey.from_seed_bytes(seed[:_MLKEM_SEED]).public_key().public_bytes_raw()
    curve = X25519PrivateKey.from_private_bytes(seed[_MLKEM_SEED:]).public_key().public_bytes_raw()
    return PublicKey(kem + curve)


# --- sealing ----------------------------------------------------------------------------------------------------------


def seal(public: PublicKey, plain: bytes, place: bytes) -> bytes:
    """Seal padded bytes for whoever has the private half; they open at the same `place` only. Raises TooLong."""
    key = MLKEM768X25519PublicKey(
        MLKEM768PublicKey.from_public_bytes(public[:_MLKEM_PUBLIC]),
        X25519PublicKey.from_public_bytes(public[_MLKEM_PUBLIC:]),
    )
    return _SUITE.encrypt(_padded(plain), key, place)


def open_sealed(key: Seed | PrivateKey, sealed: bytes, place: bytes) -> bytes:
    """Open what `seal` made for the same place. Raises NotOpened."""
    try:
        padded = _SUITE.decrypt(sealed, key if isinstance(key, PrivateKey) else private_of(key), place)
    except (InvalidTag, ValueError):
        raise NotOpened from None
    length = int.from_bytes(padded[:_LENGTH_BYTES], "big")
    return padded[_LENGTH_BYTES : _LENGTH_BYTES + length]


def no_route() -> bytes:
    """Draw what stands where a reporter asked for no knock."""
    return secrets.token_bytes(ROUTE_BYTES)


def _padded(plain: bytes) -> bytes:
    needed = len(plain) + _LENGTH_BYTES
    size = next((size for size in SIZES if needed <= size), None)
    if size is None:
        raise TooLong
    return len(plain).to_bytes(_LENGTH_BYTES, "big") + plain + bytes(size - needed)


def pack(facts: Mapping[str, Any], body: bytes = b"") -> bytes:
    """Write facts (JSON) and a body of any bytes as one plain text."""
    return json.dumps(facts, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace") + b"\0" + body


def unpack(plain: bytes) -> tuple[dict[str, Any], bytes]:
    """Read what `pack` wrote."""
    facts, _, body = plain.partition(b"\0")
    return json.loads(facts), body
