"""The report of a school's year: who takes part, what became of nudges and of requests, and how soon. Nobody is in it.

It adds to the view of the whole school what that does not show. How soon is the median over all, those that still wait
counted as longer than any, in minutes of school time: what comes in the evening waits for the morning.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func
from sqlmodel import Session, col, select

from scheduling.school import SchoolFacts
from scheduling.school_view import YEAR, SchoolView, school_view
from signals.totals import FEWEST, shown
from store.sealing import Sealer
from store.tables import Flag, Pupil, Request

TAKES_PART = ("active", "invited", "stopped")
"""How pupils stand, in the order of the table's columns: they take part, have not joined, or have stopped."""

BECAME_OF_REQUESTS = ("open", "owned", "done")


@dataclass(frozen=True)
class SchoolReport:
    """A school's year in totals: rows of counts end with their sum, None for what is kept back.

    `decided_in` and `taken_in` are the minutes of school time within which half of all nudges were decided on and half
    of all requests taken; None for fewer than ten, or while half of them wait.
    """

    made_at: datetime
    view: SchoolView
    pupils: tuple[int | None, ...]
    requests: tuple[int | None, ...]
    decided_in: int | None
    taken_in: int | None


def school_report(session: Session, sealer: Sealer, school: SchoolFacts, now: datetime) -> SchoolReport:
    """Put the last year together; what waves came to has been added up before (`school_view.add_up_next`)."""
    decided = session.exec(
        select(Flag.raised_at, Flag.decided_at)
        .where(Flag.school_id == school.id, col(Flag.raised_at) > now - YEAR, col(Flag.contested).is_(None))
        .order_by(col(Flag.raised_at))
    ).all()
    requests = session.exec(
        select(Request.state, Request.asked_at, Request.owned_at)
        .where(Request.school_id == school.id, col(Request.asked_at) > now - YEAR)
        .order_by(col(Request.asked_at))
    ).all()
    states = Counter(state for state, _, _ in requests)
    return SchoolReport(
        now,
        school_view(session, sealer, school.id, now),
        _row(_pupils(session, school.id), TAKES_PART),
        _row(states, BECAME_OF_REQUESTS),
        _half(school, decided),
        _half(school, [(asked_at, owned_at) for _, asked_at, owned_at in requests]),
    )


def _pupils(session: Session, school_id: UUID) -> Counter[str]:
    """Count how pupils stand; one whose parent stopped check-ins has stopped, joined or not."""
    rows = session.exec(
        select(Pupil.status, Pupil.held, func.count())
        .where(Pupil.school_id == school_id, Pupil.status != "left")
        .group_by(Pupil.status, col(Pupil.held))
    )
    counts: Counter[str] = Counter()
    for status, held, count in rows:
        counts["stopped" if held else status] += count
    return counts


def _row(counts: Counter[str], names: Sequence[str]) -> tuple[int | None, ...]:
    return tuple(shown([[counts[name] for name in names]])[0])


def _half(school: SchoolFacts, spans: Sequence[tuple[datetime, datetime | None]]) -> int | None:
    """Within how many minutes of school time half of what began had its end; see `SchoolReport`."""
    if len(spans) < FEWEST:
        return None
    ended = sorted(school.calendar.school_minutes_between(began, end) for began, end in spans if end is not None)
    middle = (len(spans) - 1) // 2
    return ended[middle] if middle < len(ended) else None
