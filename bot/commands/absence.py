"""`earshot absence FILE.csv`: who was not at school on which days, so that not answering then is no silence."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer
from sqlmodel import Session, select

from bot.clock import kept_clock
from bot.commands.tools import bar, out, settings, the_school
from bot.importing.columns import read_pairs
from bot.importing.rows import ImportProblem, read_day
from bot.opening import open_store
from scheduling.absence import set_aside, work_out_anew
from scheduling.school import SchoolFacts, facts
from store import audit
from store.sealing import Sealer
from store.tables import Pupil

AT_ONCE = 20
SHOWN = 20


def absence(
    file: Annotated[Path, typer.Argument(help="A CSV or XLSX file with pupil_id and date, a line for each day.")],
) -> None:
    """Take absence out of silence: check-ins missed on a day a pupil was not at school do not count. It is not kept.

    Example: earshot absence absence.csv
    """
    marks = read_marks(file)
    engine, sealer = open_store(settings(), make=False)
    with Session(engine) as session:
        school, now = facts(the_school(session)), kept_clock(session)()
        count, anew, unknown = note(session, sealer, school, marks, now)
        session.commit()
        with bar("Working out") as progress:
            for start in range(0, len(anew), AT_ONCE):
                progress(start, len(anew))
                work_out_anew(session, sealer, school, anew[start : start + AT_ONCE], now)
                session.commit()
    out.print(f"Check-ins that were missed on a day of absence and do not count any more: {count}.")
    if unknown:
        out.print(f"Ids in the file that are no pupil's here, and were left out: {unknown}.")


def read_marks(file: Path) -> list[tuple[str, date]]:
    """Read pairs of a pupil's id and a day. Raises ImportProblem; a wrong line is named, and then none is taken."""
    marks, wrong = [], []
    for line, reference, words in read_pairs(file, "pupil_id", "date", "day"):
        day = read_day(words)
        if not reference or day is None:
            wrong.append(line)
        else:
            marks.append((reference, day))
    if wrong:
        lines = ", ".join(map(str, wrong[:SHOWN])) + (" and more" if len(wrong) > SHOWN else "")
        hold = f"line {lines} holds" if len(wrong) == 1 else f"lines {lines} hold"
        raise ImportProblem(
            f"{file.name}: {hold} no id or no day such as 2026-11-24, so nothing was changed. Mend them."
        )
    return marks


def note(
    session: Session, sealer: Sealer, school: SchoolFacts, marks: Sequence[tuple[str, date]], now: datetime
) -> tuple[int, tuple[UUID, ...], int]:
    """Set aside what was missed on those days; gives how many, who is to be worked out anew, and ids not known."""
    rows = session.exec(select(Pupil.id, Pupil.mis_key).where(Pupil.school_id == school.id)).all()
    by_key = {bytes(key): pupil_id for pupil_id, key in rows}
    days: dict[UUID, set[date]] = defaultdict(set)
    unknown = set()
    for reference, day in marks:
        pupil_id = by_key.get(sealer.blind("mis", reference))
        if pupil_id is None:
            unknown.add(reference)
        else:
            days[pupil_id].add(day)
    count, anew = set_aside(session, school, days)
    audit.record(session, school.id, now, actor="command line", action="absence noted", subject="school")
    return count, anew, len(unknown)
