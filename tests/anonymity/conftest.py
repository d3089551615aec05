"""What the tests of Whisper may ask for: a whisper store on each database, with a cost that does not slow them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from store.sealing import Sealer
from store.whisper_desk import keep_readers, reader_id
from store.whisper_sealing import Cost
from store.whisper_store import WhisperStore, open_whispers
from tests.conftest import DATABASES, own_database

CHEAP = Cost(memory=64, passes=1)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out whispers on PostgreSQL beside a main store on SQLite: no school has that, and it shows nothing new."""
    odd = {"whisper_url": "postgresql", "database_url": "sqlite"}
    left_out = [item for item in items if isinstance(item, pytest.Function) and odd.items() <= _params(item).items()]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]


def _params(item: pytest.Function) -> dict[str, object]:
    return item.callspec.params if hasattr(item, "callspec") else {}


@pytest.fixture(params=DATABASES)
def whisper_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a whisper store that is not made yet."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'whispers.sqlite'}"
        return
    base: str = request.getfixturevalue("postgresql_url")
    with own_database(base) as url:
        yield url


@pytest.fixture
def readers(sealer: Sealer) -> list[bytes]:
    """Two readers."""
    return [reader_id(sealer, name) for name in ("first lead", "second lead")]


@pytest.fixture
def whisper_store(whisper_url: str, sealer: Sealer, readers: list[bytes]) -> Iterator[WhisperStore]:
    """A whisper store with two readers."""
    store = open_whispers(whisper_url, sealer, CHEAP, passphrases=CHEAP)
    keep_readers(store, readers)
    yield store
    store.engine.dispose()
