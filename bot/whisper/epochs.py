"""The keys of knocks: one for each fourteen days, in a file outside database and backups, destroyed with its epoch."""

import hmac
import os
import secrets
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Final

from store.sealing import KeyProblem

DAYS: Final = 14
_KEY_BYTES: Final = 32


class Epochs:
    """The key of the epoch that runs. `turn` is called with each round, so that the file's time tells of no knock."""

    def __init__(self, path: Path, routing_key: bytes) -> None:
        self._path, self._routing_key = path, routing_key
        self._epoch, self._secret = _read(path)

    def turn(self, today: date) -> None:
        """Begin a new epoch where the last one is over: its key is written over. Raises KeyProblem."""
        epoch = today.toordinal() // DAYS
        if epoch == self._epoch:
            return
        secret = secrets.token_bytes(_KEY_BYTES)
        try:
            # In place, so that the former key's own blocks are written over where the disk allows it.
            handle = os.open(self._path, os.O_WRONLY | os.O_CREAT, 0o600)
            with os.fdopen(handle, "w") as file:
                file.write(f"{epoch:08d} {secret.hex()}\n")
                file.flush()
                os.fsync(file.fileno())
        except OSError:
            raise KeyProblem(f"the file {self._path.name} cannot be written: see that its folder can be") from None
        self._epoch, self._secret = epoch, secret

    def key(self, today: date) -> bytes | None:
        """Give the key (32 bytes) of the epoch of a day; None when that is not the one that runs."""
        if today.toordinal() // DAYS != self._epoch:
            return None
        return hmac.digest(self._routing_key, b"knock" + self._secret, sha256)


def _read(path: Path) -> tuple[int, bytes]:
    """Read the epoch and its secret; what cannot be read is as good as over."""
    try:
        epoch, secret = path.read_text("ascii").split()
        return int(epoch), bytes.fromhex(secret)
    except (OSError, ValueError):
        return -1, b""
