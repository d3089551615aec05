"""What tests of Whisper's path may ask for: a small school with phones."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from benchmarks.whisper_town import Town, make_town
from store.sealing import Sealer
from store.whisper_sealing import Cost
from store.whisper_store import open_whispers


@pytest.fixture
def town(engine: Engine, sealer: Sealer, tmp_path: Path) -> Iterator[Town]:
    store = open_whispers(f"sqlite:///{tmp_path / 'whispers.sqlite'}", sealer, Cost(64, 1), passphrases=Cost(64, 1))
    made = make_town(engine, sealer, store, pupils=6)
    yield made
    made.parts.close()
