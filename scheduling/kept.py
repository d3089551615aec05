"""What is kept of pupils between passes, and the check-ins that ended since: read for many at a time, and put away.

A night passes over tens of thousands of rows, so they are read and written as columns, not as objects, and in few
statements. Nothing is read but what is new: pupils who were last heard of at about the same time are read together, so
that one who was away for a year does not have everybody's year read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Column, ColumnElement, any_, bindparam, insert, select, update
from sqlmodel import Session, SQLModel

from signals import flag
from store.database import is_postgresql
from store.sealing import Sealer
from store.signal_tables import Signal
from store.tables import CheckIn

CHUNK = 2_000
# Passes of neighbouring days are read together: each pupil's check-in of a week may have opened at an hour of its own.
ALIKE = timedelta(days=3)
# What is older has faded, and a pupil's first pass must not keep everybody's taps waiting.
LEARNT_FROM = 52


@dataclass(slots=True)
class Known:
    """What is kept of one pupil while a pass is under way; `recent` are the steering items they met lately.

    `check_ins` are those not yet taken in, oldest first: rows of CHECK_IN.
    """

    pupil_id: UUID
    kept: bool = False
    as_of: datetime | None = None
    row: str | None = None
    flagged: bool = False
    up_at: datetime | None = None
    recent: list[str] = field(default_factory=list)
    points: float = 0.0
    check_ins: list[Any] = field(default_factory=list)


_SIGNALS = SQLModel.metadata.tables[str(Signal.__tablename__)]
_CHECK_INS = SQLModel.metadata.tables[str(CheckIn.__tablename__)]
_KEPT = [_SIGNALS.c[name] for name in ("pupil_id", "model", "as_of", "flagged", "data_sealed")]
_CHECK_IN = [
    _CHECK_INS.c[name]
    for name in (
        *("id", "pupil_id", "group_id", "bank_version", "phase", "state"),
        *("opened_at", "ended_at", "answers_sealed"),
    )
]


def read(session: Session, sealer: Sealer, school_id: UUID, pupil_ids: Sequence[UUID], now: datetime) -> list[Known]:
    """Read what is kept of some pupils, and their check-ins that ended since, oldest first.

    What was kept by a clock that has since gone back is not taken over: it is made again from what is not to come.
    """
    rows = session.execute(select(*_KEPT).where(_among(session, _SIGNALS.c.pupil_id, pupil_ids)))
    kept = {row.pupil_id: _of_row(sealer, row, now) for row in rows.all()}
    known = [kept.get(pupil_id) or Known(pupil_id) for pupil_id in dict.fromkeys(pupil_ids)]
    for together in heard_of_together(known):
        add_check_ins(session, school_id, together, now)
    for one in known:
        if one.as_of is None:
            one.check_ins = one.check_ins[-LEARNT_FROM:]
    return known


def heard_of_together(known: Sequence[Known]) -> Iterator[list[Known]]:
    """Part pupils by when they were last heard of; those of whom nothing is known come last, by themselves."""
    batch: list[Known] = []
    begins: datetime | None = None
    for as_of, one in sorted(((one.as_of, one) for one in known if one.as_of), key=lambda pair: pair[0]):
        if batch and begins and as_of - begins > ALIKE:
            yield batch
            batch = []
        begins = begins if batch else as_of
        batch.append(one)
    if batch:
        yield batch
    if strangers := [one for one in known if one.as_of is None]:
        yield strangers


def add_check_ins(session: Session, school_id: UUID, known: Sequence[Known], until: datetime) -> None:
    """Read the check-ins of some pupils, opened up to a moment, that ended and are not in what is kept of them, oldest
    first."""
    by_pupil = {one.pupil_id: one for one in known}
    statement = (
        select(*_CHECK_IN)
        .where(_CHECK_INS.c.school_id == school_id, _among(session, _CHECK_INS.c.pupil_id, list(by_pupil)))
        .where(_CHECK_INS.c.state != "open", _CHECK_INS.c.opened_at <= until)
        .order_by(_CHECK_INS.c.opened_at, _CHECK_INS.c.id)
    )
    since = [one.as_of for one in known if one.as_of]
    if since and len(since) == len(known):
        statement = statement.where(_CHECK_INS.c.opened_at > min(since))
    for check_in in session.execute(statement).all():
        one = by_pupil[check_in.pupil_id]
        if one.as_of is None or check_in.opened_at > one.as_of:
            one.check_ins.append(check_in)


def _of_row(sealer: Sealer, row: Any, now: datetime) -> Known:  # noqa: ANN401 (a row of columns)
    data = data_of(sealer, row.pupil_id, row.data_sealed)
    if data is None:
        # Damaged: it is worked out anew from all check-ins. Whoever was up has had their nudge, at the latest then.
        return Known(row.pupil_id, kept=True, up_at=row.as_of if row.flagged and row.as_of <= now else None)
    up_at = datetime.fromisoformat(data["up_at"]) if data.get("up_at") else None
    if row.model != flag.MODEL or row.as_of > now:
        # The rest after a nudge goes on: a new release, or a clock set right, is no reason to tell a tutor again.
        return Known(row.pupil_id, kept=True, up_at=up_at if up_at and up_at <= now else None)
    return Known(row.pupil_id, True, row.as_of, data["board"], row.flagged, up_at, data["recent"], data["points"])


def data_of(sealer: Sealer, pupil_id: UUID, sealed: bytes) -> dict[str, Any] | None:
    """Open what is kept of a pupil; None for what was damaged, or is of no shape known here."""
    data = sealer.open_if_whole("signal", "data", pupil_id, sealed)
    return data if isinstance(data, dict) and data.keys() >= {"board", "points", "up_at", "recent"} else None


def points_of(
    session: Session, sealer: Sealer, pupil_ids: Sequence[UUID], known: Mapping[UUID, float]
) -> Iterator[float]:
    """Give the points of some pupils of whom something is kept: the `known` ones as they are, the others read."""
    others = []
    for pupil_id in pupil_ids:
        points = known.get(pupil_id)
        if points is None:
            others.append(pupil_id)
        else:
            yield points
    for start in range(0, len(others), CHUNK):
        some = others[start : start + CHUNK]
        rows = session.execute(
            select(_SIGNALS.c.pupil_id, _SIGNALS.c.data_sealed).where(_among(session, _SIGNALS.c.pupil_id, some))
        )
        read = (data_of(sealer, pupil_id, sealed) for pupil_id, sealed in rows)
        yield from (data["points"] for data in read if data is not None)


def _among(session: Session, column: Column[UUID], ids: Sequence[UUID]) -> ColumnElement[bool]:
    """Where a column is one of many ids: on PostgreSQL one array, for thousands of parameters are slow."""
    if is_postgresql(session.connection()):
        return column == any_(bindparam(None, ids, ARRAY(column.type)))
    return column.in_(ids)


def write(session: Session, sealer: Sealer, school_id: UUID, everyone: Sequence[Known]) -> None:
    """Put away what has changed, in few statements."""
    for start in range(0, len(everyone), CHUNK):
        some = [one for one in everyone[start : start + CHUNK] if one.check_ins]
        if new := [_values(sealer, one) for one in some if not one.kept]:
            session.execute(insert(_SIGNALS).values(school_id=bindparam("school", school_id)), new)
        if changed := [_values(sealer, one) for one in some if one.kept]:
            _change(session, changed)
    if everyone:
        session.expire_all()


def _change(session: Session, rows: Sequence[dict[str, Any]]) -> None:
    """Change many rows by their pupil: on PostgreSQL by COPY and one statement, which is several times cheaper."""
    if len(rows) == 1 or not is_postgresql(session.connection()):
        of = [{"of": row["pupil_id"], **{name: row[name] for name in row if name != "pupil_id"}} for row in rows]
        session.execute(update(_SIGNALS).where(_SIGNALS.c.pupil_id == bindparam("of")), of)
        return
    connection: Any = session.connection().connection.driver_connection
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TEMP TABLE IF NOT EXISTS signal_new ON COMMIT DROP AS "
            "SELECT pupil_id, model, as_of, flagged, data_sealed FROM signal WITH NO DATA"
        )
        cursor.execute("TRUNCATE signal_new")
        with cursor.copy("COPY signal_new FROM STDIN (FORMAT BINARY)") as copy:
            copy.set_types(["uuid", "varchar", "timestamptz", "bool", "bytea"])
            for row in rows:
                copy.write_row([row[column.name] for column in _KEPT])
        cursor.execute(
            "UPDATE signal SET model = new.model, as_of = new.as_of, flagged = new.flagged, "
            "data_sealed = new.data_sealed FROM signal_new AS new WHERE signal.pupil_id = new.pupil_id"
        )


def _values(sealer: Sealer, one: Known) -> dict[str, Any]:
    data = {
        "board": one.row,
        "points": one.points,
        "up_at": one.up_at.isoformat() if one.up_at else None,
        "recent": one.recent,
    }
    return {
        "pupil_id": one.pupil_id,
        "model": flag.MODEL,
        "as_of": one.as_of,
        "flagged": one.flagged,
        "data_sealed": sealer.seal("signal", "data", one.pupil_id, data),
    }
