"""Absence: a check-in missed by who was not at school, or while school was closed, says nothing of silence.

Such a check-in gets the state "absent". What had been taken in as missed before is worked out anew from the check-ins;
a nudge that was sent stays sent, and so does the rest after it.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import delete
from sqlmodel import Session, col, select

from scheduling.kept import data_of
from scheduling.school import SchoolFacts
from scheduling.scoring import read_bars, take_in
from signals import flag
from store.sealing import Sealer
from store.signal_tables import Signal
from store.tables import CheckIn

LATELY = timedelta(weeks=2)
DAY = timedelta(days=1)


def set_aside(
    session: Session, school: SchoolFacts, days: Mapping[UUID, Collection[date]]
) -> tuple[int, tuple[UUID, ...]]:
    """Set aside check-ins missed by pupils who were absent on the day they opened; `days` by pupil.

    Gives how many, and whose had been taken in already: those are for `work_out_anew`.
    """
    marked = {pupil_id: set(its) for pupil_id, its in days.items() if its}
    if not marked:
        return 0, ()
    first, last = min(map(min, marked.values())), max(map(max, marked.values()))
    statement = (
        select(CheckIn)
        .where(CheckIn.school_id == school.id, CheckIn.state == "missed")
        .where(col(CheckIn.pupil_id).in_(list(marked)))
        # A day more on both ends: the school's day is not that of UTC.
        .where(col(CheckIn.opened_at) >= school.calendar.local(first, school.calendar.day_start) - DAY)
        .where(col(CheckIn.opened_at) <= school.calendar.local(last, school.calendar.day_end) + DAY)
    )
    rows = session.exec(statement).all()
    return put_aside(
        session, [row for row in rows if school.calendar.local_date(row.opened_at) in marked[row.pupil_id]], "absent"
    )


def set_aside_closed(session: Session, school: SchoolFacts, now: datetime) -> int:
    """Set aside check-ins of the last two weeks that opened on what has become a closed day (snow); gives how many."""
    statement = (
        select(CheckIn)
        .where(CheckIn.school_id == school.id, CheckIn.state == "missed")
        .where(col(CheckIn.opened_at) > now - LATELY)
    )
    since = school.calendar.local_date(now - LATELY)
    if not any(closure.kind == "closed" and closure.last >= since for closure in school.calendar.closures):
        return 0
    rows = session.exec(statement).all()
    closed = [row for row in rows if _closed(school, school.calendar.local_date(row.opened_at))]
    return put_aside(session, closed, "absent")[0]


def _closed(school: SchoolFacts, day: date) -> bool:
    return school.calendar.why_closed(day) == "closed"


def put_aside(session: Session, check_ins: Sequence[CheckIn], state: str) -> tuple[int, tuple[UUID, ...]]:
    """Give missed check-ins a state that says nothing of silence; how many, and whose had been taken in already."""
    kept = {}
    pupils = {row.pupil_id for row in check_ins}
    if pupils:
        known = session.exec(select(Signal.pupil_id, Signal.as_of).where(col(Signal.pupil_id).in_(list(pupils))))
        kept = dict(known.all())
    taken_in = set()
    for row in check_ins:
        row.state = state
        session.add(row)
        if row.pupil_id in kept and kept[row.pupil_id] >= row.opened_at:
            taken_in.add(row.pupil_id)
    session.flush()
    return len(check_ins), tuple(sorted(taken_in))


def work_out_anew(
    session: Session, sealer: Sealer, school: SchoolFacts, pupil_ids: Sequence[UUID], now: datetime
) -> None:
    """Work out what is known of some pupils from all their check-ins; nobody is told, and rests go on."""
    rows = session.exec(select(Signal).where(col(Signal.pupil_id).in_(list(pupil_ids)), Signal.model == flag.MODEL))
    read = ((row, data_of(sealer, row.pupil_id, row.data_sealed)) for row in rows)
    before = {row.pupil_id: (row.flagged, data["up_at"]) for row, data in read if data is not None}
    session.execute(delete(Signal).where(col(Signal.pupil_id).in_(list(pupil_ids))))
    session.expire_all()
    take_in(session, sealer, school, pupil_ids, now, None)
    bars = read_bars(session, school.id)
    for row in session.exec(select(Signal).where(col(Signal.pupil_id).in_(list(before)))):
        flagged, up_at = before[row.pupil_id]
        data = sealer.read(row, "data")
        data["up_at"] = max(filter(None, (data["up_at"], up_at)), default=None)
        row.flagged = row.flagged or flag.stays(data["points"], flagged, bars)
        sealer.write(row, "data", data)
        session.add(row)
    session.flush()
