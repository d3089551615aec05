"""Golden dialogues with Whisper: each text file in `whisper` is what is said, held in memory and sealed, word for word.

After a change that is meant, `python -m tests.dialogues.test_whisper_dialogues` writes the files anew; read the
difference.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from benchmarks.whisper_town import Town, make_town
from store import vault
from store.database import make_engine
from store.sealing import Sealer
from store.whisper_sealing import Cost
from store.whisper_store import open_whispers
from tests.dialogues.whisper_transcript import FOLDER, Phone, transcript
from tests.locales import in_pseudo

DIALOGUES = sorted(FOLDER.glob("*.txt"))


def town_at(engine: Engine, sealer: Sealer, folder: Path) -> Town:
    store = open_whispers(f"sqlite:///{folder / 'whispers.sqlite'}", sealer, Cost(64, 1))
    return make_town(engine, sealer, store, pupils=2)


def all_files(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in folder.iterdir() if file.is_file())


@pytest.fixture
def phone(engine: Engine, sealer: Sealer, tmp_path: Path) -> Iterator[Phone]:
    town = town_at(engine, sealer, tmp_path)
    yield Phone(town)
    town.parts.close()


@pytest.mark.parametrize("path", DIALOGUES, ids=lambda path: path.stem)
async def test_whisper_dialogue_goes_as_written_and_no_word_of_it_is_in_any_file(
    path: Path, phone: Phone, tmp_path: Path
):
    script = await asyncio.to_thread(path.read_text, "utf-8")

    assert await transcript(script, phone) == script
    voice = phone.town.voice
    assert [found for _, message, _ in voice.said for found in in_pseudo.of_message(message)] == []
    assert [found for hint in voice.hinted for found in in_pseudo.of_toast(hint)] == []
    kept = repr(phone.town.main_store()).encode() + await asyncio.to_thread(all_files, tmp_path)
    assert [words for words in phone.typed if not words.startswith("/") and words.encode() in kept] == []


def main() -> None:
    """Write the files anew."""
    for path in DIALOGUES:
        with tempfile.TemporaryDirectory() as folder:
            engine = make_engine(f"sqlite:///{Path(folder) / 'earshot.sqlite'}")
            vault.migrate(engine)
            town = town_at(engine, Sealer(bytes(range(32))), Path(folder))
            path.write_text(asyncio.run(transcript(path.read_text("utf-8"), Phone(town))), "utf-8")
            town.parts.close()
            engine.dispose()


if __name__ == "__main__":
    main()
