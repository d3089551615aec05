"""An import: how long the lists of a large trust take, brought in and brought in again."""

import time
from datetime import UTC, datetime
from pathlib import Path

from sqlmodel import Session, select

from benchmarks import stage
from benchmarks.report import Report, Row, Scale, at_most
from benchmarks.school import store_settings
from bot.importing import importing
from bot.opening import open_store
from store.tables import School

ROWS = {"tiny": 300, "usual": 25_000, "full": 25_000}
GROUP_OF = 25
TARGET_S = 20.0


async def measure(scale: Scale) -> Report:
    """Bring the same lists in twice, and once more with every name changed."""
    rows = ROWS[scale]
    with stage.folder() as path:
        engine, sealer = open_store(store_settings(Path(path)), make=True)
        with Session(engine) as session:
            session.add(School(name="Larkfield", zone="Europe/London", nation="ENG"))
            session.commit()
        times = []
        for name in ("Example", "Example", "Sample"):
            texts = _texts(rows, name)
            began = time.monotonic()
            files = [importing.read_text(file, text) for file, text in texts.items()]
            with Session(engine) as session:
                school = session.exec(select(School)).one()
                planned = importing.plan(session, sealer, school, files, datetime.now(UTC).date())
                importing.apply(session, sealer, school, planned)
                session.commit()
            times.append(time.monotonic() - began)
        engine.dispose()
    figures = (
        at_most(f"{rows:,} rows, all new", times[0], TARGET_S, "s"),
        at_most("the same again", times[1], TARGET_S, "s"),
        at_most("every pupil's name changed", times[2], TARGET_S, "s"),
        Row("bad rows", str(len(planned.bad)), "0", not planned.bad),
    )
    return Report(figures, "Pupils, their groups and tutors, from CSV; comparing, sealing, writing, one commit.")


def _texts(rows: int, name: str) -> dict[str, str]:
    groups = range(rows // GROUP_OF)
    staff = "".join(f"S{number},Tutor Example{number},t{number}@fernhill.example,tutor,\n" for number in groups)
    tutor_groups = "".join(f"G{number},{7 + number % 5},S{number}\n" for number in groups)
    pupils = "".join(
        f"P{number},Pupil {name}{number},G{number % len(groups)},2012-12-01\n"
        for number in range(rows - 2 * len(groups))
    )
    return {
        "staff.csv": f"staff_id,name,email,roles,year\n{staff}",
        "groups.csv": f"group,year,tutor_id\n{tutor_groups}",
        "pupils.csv": f"pupil_id,name,group,born\n{pupils}",
    }
