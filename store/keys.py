"""Where the master key is kept: a file of mode 0600, or what a command prints, never the database.

Both hold the same lines. The first is the key in use, 64 hexadecimal digits. After a change of keys there follow
`look-up` lines, the look-up keys of the keys before it, oldest first, which are needed for good (see
`Sealer.blind`), and `old` lines, the keys before it themselves, which open backups made with them until they are
retired.
"""

import os
import shlex
import stat
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from store.sealing import KeyProblem, Sealer

_KEY_BYTES = 32
_COMMAND_SECONDS = 30


@dataclass(frozen=True)
class KeyRing:
    """The key in use, the look-up keys of those before it (oldest first), and old keys with their place in that row."""

    # Never part of a message, however it comes to be printed.
    master: bytes = field(repr=False)
    earlier: tuple[Mapping[str, bytes], ...] = field(default=(), repr=False)
    old: tuple[tuple[int, bytes], ...] = field(default=(), repr=False)

    @property
    def current(self) -> Sealer:
        """The sealer of the key in use."""
        return Sealer(self.master, self.earlier)

    def sealers(self) -> dict[str, Sealer]:
        """Give a sealer for every key that is here, by the key's id in hexadecimal, the one in use first."""
        everyone = [self.current, *(Sealer(key, self.earlier[:place]) for place, key in self.old)]
        return {sealer.key_id.hex(): sealer for sealer in everyone}

    def next(self) -> "KeyRing":
        """Make the ring that follows: a new key, this one among the old."""
        place = len(self.earlier)
        return KeyRing(
            os.urandom(_KEY_BYTES), (*self.earlier, self.current.look_up_keys()), (*self.old, (place, self.master))
        )

    def without(self, key_id: str) -> "KeyRing":
        """Leave out an old key. Raises KeyProblem when it is in use or not here."""
        if key_id == self.current.key_id.hex():
            raise KeyProblem(f"the key {key_id} is in use: change it first with `earshot keys rotate`")
        kept = tuple((place, key) for place, key in self.old if Sealer(key).key_id.hex() != key_id)
        if len(kept) == len(self.old):
            raise KeyProblem(f"there is no key {key_id} here: `earshot keys show` lists those that are")
        return replace(self, old=kept)

    def write(self) -> str:
        """Write the ring as the lines of a key file."""
        layers = [" ".join(f"{purpose}:{key.hex()}" for purpose, key in sorted(keys.items())) for keys in self.earlier]
        lines = [self.master.hex(), *(f"look-up {layer}" for layer in layers)]
        return "\n".join([*lines, *(f"old {place} {key.hex()}" for place, key in self.old)]) + "\n"


def read_ring(words: str, source: str) -> KeyRing:
    """Read the lines of a key file; `source` is what messages call it. Raises KeyProblem."""
    try:
        first, *lines = words.strip().splitlines()
        ring = KeyRing(_key(first))
        for line in lines:
            word, *parts = line.split()
            if word == "look-up":
                layer = {purpose: _key(key) for purpose, key in (part.split(":") for part in parts)}
                ring = replace(ring, earlier=(*ring.earlier, layer))
            elif word == "old":
                place, key = parts
                ring = replace(ring, old=(*ring.old, (int(place), _key(key))))
            else:
                raise ValueError
        if any(not 0 <= place < len(ring.earlier) for place, _key_of_it in ring.old):
            raise ValueError
    except ValueError:
        raise KeyProblem(f"{source} holds no key (64 hexadecimal digits): put back the right file") from None
    return ring


def _key(digits: str) -> bytes:
    key = bytes.fromhex(digits)
    if len(key) != _KEY_BYTES:
        raise ValueError
    return key


def make_key_file(path: Path) -> None:
    """Make a new master key, readable by its owner alone; an existing file is never overwritten.

    Raises KeyProblem if the file is already there or cannot be written.
    """
    write_key_file(path, KeyRing(os.urandom(_KEY_BYTES)))


def write_key_file(path: Path, ring: KeyRing) -> None:
    """Write a ring to a new file, readable by its owner alone. Raises KeyProblem if it is there or cannot be made."""
    made = False
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        made = True
        with os.fdopen(handle, "w") as file:
            file.write(ring.write())
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        if made:
            # A full disk: half a key left behind would be taken for the wrong file ever after.
            path.unlink(missing_ok=True)
        raise KeyProblem(
            f"the key file cannot be made ({error.strerror}): mend that, or set EARSHOT_KEY_FILE to another place"
        ) from None


def replace_key_file(new: Path, path: Path) -> None:
    """Put a new key file in the place of the old one, at once and for good. Raises KeyProblem."""
    try:
        os.replace(new, path)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        raise KeyProblem(
            f"{new.name} cannot be put in the place of {path.name} ({error.strerror}): mend that and try again"
        ) from None


def read_key_file(path: Path) -> KeyRing:
    """Read the key file, which must be of mode 0600. Raises KeyProblem with what to do."""
    try:
        mode = path.stat().st_mode
        words = path.read_text("ascii")
    except FileNotFoundError:
        raise KeyProblem(
            f"there is no key file {path}: put back the one this store was made with (its backup), "
            "or set EARSHOT_DATA_DIR to another folder for a new store"
        ) from None
    except (OSError, UnicodeDecodeError):
        raise KeyProblem(f"the key file {path.name} cannot be read: check that it is the right file") from None
    if stat.S_IMODE(mode) & 0o077:
        raise KeyProblem(f"others on this machine could read the key file: run `chmod 600 {shlex.quote(str(path))}`")
    return read_ring(words, f"the key file {path.name}")


def read_key_command(command: str) -> KeyRing:
    """Run the command that prints the key, without a shell, and read what it prints. Raises KeyProblem.

    What the command writes is never repeated, it may be a key.
    """
    try:
        ended = subprocess.run(  # noqa: S603 (the school's own setting)
            shlex.split(command), capture_output=True, timeout=_COMMAND_SECONDS, check=False, stdin=subprocess.DEVNULL
        )
    except (OSError, ValueError, IndexError):
        raise KeyProblem("EARSHOT_KEY_COMMAND cannot be run: check that the program is there") from None
    except subprocess.TimeoutExpired:
        raise KeyProblem(f"EARSHOT_KEY_COMMAND gave no key within {_COMMAND_SECONDS} seconds: try it by hand") from None
    if ended.returncode:
        raise KeyProblem(f"EARSHOT_KEY_COMMAND failed (status {ended.returncode}): try it by hand")
    return read_ring(ended.stdout.decode("ascii", "replace"), "what EARSHOT_KEY_COMMAND prints")
