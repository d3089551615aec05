"""Two small programs in the place of espeak-ng and opusenc, for machines that have neither; they count what they do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bot import reading_aloud

# The beginning of an Ogg stream with Opus, then the words, so that a test can hear them.
_SPEAKER = """#!/bin/sh
echo "$@" >> "{log}"
if [ "$1" = --voices ]; then
  printf 'Pty Language Age/Gender VoiceName File\\n 5  cy  --/M Welsh cel/cy\\n 2  en-gb --/M English gmw/en\\n'
else
  cat
fi
"""
_PACKER = """#!/bin/sh
printf 'OggS\\0\\2\\0\\0\\0\\0\\0\\0\\0\\0aaaa\\0\\0\\0\\0bbbb\\1\\23OpusHead'
cat
"""


class Programs:
    """A folder of programs that stands on the path."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.log = folder, folder / "log"

    def write(self, name: str, script: str) -> None:
        file = self.folder / name
        file.write_text(script.replace("{log}", str(self.log)))
        file.chmod(0o755)

    def spoken(self) -> list[str]:
        """List the command lines by which something was spoken."""
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        return [line for line in lines if line != "--voices"]


@contextmanager
def programs(folder: Path, monkeypatch: pytest.MonkeyPatch, *, only: bool = False) -> Iterator[Programs]:
    """Put the two programs on the path, before all others; with `only`, nothing but what is in the folder is found."""
    folder.mkdir()
    found = Programs(folder)
    found.write("espeak-ng", _SPEAKER)
    found.write("opusenc", _PACKER)
    monkeypatch.setenv("PATH", str(folder) if only else f"{folder}:/usr/bin:/bin")
    reading_aloud.languages.cache_clear()
    yield found
    reading_aloud.languages.cache_clear()
