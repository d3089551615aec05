"""A change of the master key: how long a million rows take to be sealed anew, half of them with a hash as well."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, insert
from sqlmodel import Session

from benchmarks import stage
from benchmarks.report import Report, Row, Scale
from benchmarks.school import store_settings
from bot.opening import key_ring, open_store
from store.ids import new_id
from store.rotation import change_key
from store.sealing import Sealer
from store.tables import Posted, Pupil, School, TutorGroup

ROWS = {"tiny": 2_000, "usual": 1_000_000, "full": 1_000_000}
CHUNK = 10_000


async def measure(scale: Scale) -> Report:
    """Make the rows, then change the key under them."""
    rows = ROWS[scale]
    with stage.folder() as path:
        settings = store_settings(Path(path))
        engine, sealer = open_store(settings, make=True)
        _fill(engine, sealer, rows)
        ring = key_ring(settings)
        began = time.monotonic()
        changed = change_key(
            engine, ring.current, ring.next().current, datetime.now(UTC), progress=lambda done, total: None
        )
        took = time.monotonic() - began
        engine.dispose()
    figures = (
        Row("rows sealed anew", f"{changed.rows:,}", f"{rows:,}", changed.rows == rows),
        Row("time", f"{took:,.1f} s"),
        Row("rows a second", f"{rows / took:,.0f}"),
    )
    return Report(figures, "SQLite with full sync; half are pupils (a name and a hash), half places of messages.")


def _fill(engine: Engine, sealer: Sealer, rows: int) -> None:
    with Session(engine) as session:
        school = School(name="Larkfield", zone="Europe/London", nation="ENG")
        session.add(school)
        session.flush()
        group = TutorGroup(school_id=school.id, name="7B", year=7)
        session.add(group)
        session.commit()
        pupils, places = _pupils(sealer, school, group, rows // 2), _places(sealer, school, rows - rows // 2)
        for table, chunks in ((Pupil, pupils), (Posted, places)):
            for chunk in chunks:
                session.execute(insert(table), chunk)
                session.commit()


def _pupils(sealer: Sealer, school: School, group: TutorGroup, count: int) -> Iterator[list[dict[str, Any]]]:
    common = {"school_id": school.id, "group_id": group.id, "phase": "older", "language": "en", "status": "active"}
    for numbers in _chunks(count):
        ids = [new_id() for _ in numbers]
        yield [
            {
                "id": row_id,
                "mis_key": sealer.blind("mis", f"P{number}"),
                "name_sealed": sealer.seal("pupil", "name", row_id, f"Pupil Example{number}"),
                **common,
            }
            for row_id, number in zip(ids, numbers, strict=True)
        ]


def _places(sealer: Sealer, school: School, count: int) -> Iterator[list[dict[str, Any]]]:
    for numbers in _chunks(count):
        ids = [new_id() for _ in numbers]
        yield [
            {
                "id": row_id,
                "school_id": school.id,
                "slot": f"slot {number}",
                "ref_sealed": sealer.seal("posted", "ref", row_id, {"chat": number, "message": number}),
            }
            for row_id, number in zip(ids, numbers, strict=True)
        ]


def _chunks(count: int) -> Iterator[range]:
    for first in range(0, count, CHUNK):
        yield range(first, min(count, first + CHUNK))
