"""The school of the crash tests: built once, then copied for every run, so that all runs have the same people."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Engine

from bot.opening import open_store
from bot.sample import listing, sample
from bot.sample.listing import SampleDirectory
from bot.sample.sample import SampleSize
from bot.settings import Settings
from store.database import make_engine
from store.sealing import Sealer
from tests.rows import read_rows, write_rows

# A Monday in term, half past nine in London; the week's check-in opens the next day.
MONDAY = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
SIZE = SampleSize(pupils=24, groups={5: 1, 9: 1}, others=1, unjoined=2, near=2, weeks=12)


@dataclass(frozen=True)
class School:
    """A folder with a store and its key, and the people in it."""

    folder: Path
    sealer: Sealer
    people: SampleDirectory

    def copy(self, folder: Path, database_url: str = "") -> Engine:
        """Copy the key and the store into a folder, or the store into a migrated, empty database; gives an engine."""
        folder.mkdir()
        shutil.copy(self.folder / "earshot.key", folder)
        if not database_url:
            shutil.copy(self.folder / "earshot.sqlite", folder)
            return make_engine(f"sqlite:///{folder / 'earshot.sqlite'}")
        source, target = make_engine(f"sqlite:///{self.folder / 'earshot.sqlite'}"), make_engine(database_url)
        with target.begin() as writing:
            write_rows(writing, read_rows(source))
        source.dispose()
        return target


def build(folder: Path) -> School:
    """Make the school in a folder, as `make run` makes its sample."""
    folder.mkdir()
    settings = Settings(_env_file=None, data_dir=folder, database_url="")  # type: ignore[call-arg]
    engine, sealer = open_store(settings, make=True)
    sample.build(engine, sealer, MONDAY, size=SIZE)
    people = listing.listed(engine, sealer, MONDAY)
    with engine.connect() as connection:
        connection.exec_driver_sql("COMMIT")
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.exec_driver_sql("BEGIN")
    engine.dispose()
    return School(folder, sealer, people)
