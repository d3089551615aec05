"""What many tests begin with is made once in a test process, and its rows are written into the stores of the tests."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, Table, insert, select
from sqlmodel import SQLModel

from bot.sample import listing, sample
from bot.sample.listing import SampleDirectory
from bot.sample.sample import SampleSize
from store.database import make_engine
from store.sealing import Sealer
from tests.factories import NOW

Rows = list[tuple[Table, list[dict[str, Any]]]]

# Two tutor groups of four; in each the first pupil is one low check-in away from a flag, and one has not joined.
SMALL = SampleSize(pupils=8, groups={5: 1, 9: 1}, others=1, unjoined=1, near=2, weeks=14)

_made: dict[bytes, tuple[Rows, SampleDirectory]] = {}


def read_rows(engine: Engine) -> Rows:
    """Read all that a store holds, parents before their children."""
    with engine.connect() as reading:
        tables = ((table, reading.execute(select(table)).mappings()) for table in SQLModel.metadata.sorted_tables)
        return [(table, rows) for table, found in tables if (rows := [dict(row) for row in found])]


def write_rows(writing: Connection, rows: Rows) -> None:
    """Write what was read from a store into another, which may be of the other kind."""
    for table, held in rows:
        writing.execute(insert(table), held)


@contextmanager
def scratch() -> Iterator[Engine]:
    """A store in memory, to build something in whose rows are then read."""
    engine = make_engine("sqlite://")
    SQLModel.metadata.create_all(engine)
    yield engine
    engine.dispose()


def small_school(engine: Engine, sealer: Sealer) -> SampleDirectory:
    """Put the small school, as it is at NOW, into an empty store; gives who is in it."""
    if sealer.key_id not in _made:
        _made[sealer.key_id] = _build(sealer)
    rows, people = _made[sealer.key_id]
    with engine.begin() as writing:
        write_rows(writing, rows)
    return people


def _build(sealer: Sealer) -> tuple[Rows, SampleDirectory]:
    with scratch() as engine:
        sample.build(engine, sealer, NOW, size=SMALL)
        people = listing.listed(engine, sealer, NOW)
        return read_rows(engine), people
