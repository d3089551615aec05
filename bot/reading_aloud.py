"""Questions read aloud: spoken on this machine by espeak-ng, packed by opusenc as Telegram's voice messages are.

Both are small packages of Debian (espeak-ng, opus-tools), found when they are needed; without them nothing is offered.
No word leaves the machine to be spoken. What was spoken once is kept in a folder by a hash of its words and language:
only wordings of questions are, and nothing of a person.
"""

import contextlib
import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from types import MappingProxyType

SPEAKER, PACKER = "espeak-ng", "opusenc"
PACKAGES: Mapping[str, str] = MappingProxyType({SPEAKER: "espeak-ng", PACKER: "opus-tools"})
SECONDS = 20
# A little slower than its usual 175 words a minute: it is heard by children of eight.
WORDS_A_MINUTE = "140"
BITRATE = "24"
# A voice message of more than a megabyte is shown as a file.
MOST_BYTES = 1_000_000
_VOICES = {"en": "en-gb"}
# Marks of direction are for the eye.
_UNSPOKEN = dict.fromkeys(map(ord, "\u2066\u2068\u2069"))


class NoSpeech(Exception):
    """Nothing could be spoken; the message says which program failed, and nothing of the words."""


def missing() -> tuple[str, ...]:
    """Name the Debian packages that are not installed, of those that reading aloud needs."""
    return tuple(package for program, package in PACKAGES.items() if shutil.which(program) is None)


@cache
def languages() -> frozenset[str]:
    """Say which languages can be read aloud, found once a process: none if a program is missing."""
    if missing():
        return frozenset()
    try:
        listed = _run([SPEAKER, "--voices"], b"").decode("utf-8", "replace")
    except NoSpeech:
        return frozenset()
    codes = {line.split()[1] for line in listed.splitlines()[1:] if len(line.split()) > 1}
    return frozenset(code.partition("-")[0] for code in codes)


def spoken(folder: Path, lines: Sequence[str], language: str) -> bytes:
    """Give the lines as one voice message (Ogg with Opus), made now or kept from before. Raises NoSpeech."""
    # An empty line between them is a breath.
    words = "\n\n".join(lines).translate(_UNSPOKEN).encode()
    name = hashlib.sha256(b"\0".join((language.encode(), WORDS_A_MINUTE.encode(), words))).hexdigest()
    kept = folder / f"{name}.ogg"
    with contextlib.suppress(OSError):
        if data := kept.read_bytes():
            return data
    made = _made(words, language)
    # A full disk makes it slower, not silent.
    with contextlib.suppress(OSError):
        _keep(kept, made)
    return made


def _made(words: bytes, language: str) -> bytes:
    voice = _VOICES.get(language, language)
    sound = _run([SPEAKER, "-b", "1", "-v", voice, "-s", WORDS_A_MINUTE, "--stdin", "--stdout"], words)
    packed = _run([PACKER, "--quiet", "--bitrate", BITRATE, "-", "-"], sound)
    if not packed or len(packed) > MOST_BYTES:
        raise NoSpeech(f"{PACKER} gave {len(packed)} bytes")
    return packed


def _run(command: list[str], given: bytes) -> bytes:
    try:
        # The programs are named here, and words go in by their standard input: nothing of them is a command.
        done = subprocess.run(command, input=given, capture_output=True, timeout=SECONDS, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NoSpeech(f"{command[0]}: {type(error).__name__}") from None
    if done.returncode != 0 or not done.stdout:
        raise NoSpeech(f"{command[0]} ended with {done.returncode}")
    return done.stdout


def _keep(file: Path, data: bytes) -> None:
    """Write it whole or not at all: two may be made at once."""
    file.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=file.parent)
    try:
        with os.fdopen(handle, "wb") as out:
            out.write(data)
        os.replace(name, file)
    except OSError:
        os.unlink(name)
        raise
