"""The auditor: looks at every case by a way of its own, and does again what was not done in time.

It trusts neither the due rows nor the sums that set them: it counts the minutes that have passed for each case and
compares them with what the case waits for. Help asked for with a group's plan is a case like any other, until somebody
takes it. What it finds twice in a row, a pass apart, it mends and reports.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import func
from sqlalchemy.exc import OperationalError
from sqlmodel import Session, col, select

from conversations.cards import Waiting
from scheduling import cases, group_help
from scheduling.escalation import Ladder, waited
from scheduling.school import SchoolFacts
from store import plans
from store.plan_tables import Plan
from store.sealing import Sealer, Unreadable
from store.tables import Escalation, Failure

log = structlog.get_logger()

GRACE = 5


def overdue(session: Session, sealer: Sealer, school: SchoolFacts, now: datetime) -> set[UUID]:
    """Find the cases, and the plans, whose next step, or whose lapse, should have come more than five minutes ago."""
    rows = session.exec(
        select(Escalation).where(Escalation.school_id == school.id, col(Escalation.state).in_(("open", "owned")))
    ).all()
    late = {row.id for row in rows if _case_is_overdue(school, row, now)}
    helps = _helps(session, sealer, school)
    return late | {plan.id for plan, asked in helps if _help_is_overdue(school, plan, asked, now)}


def _case_is_overdue(school: SchoolFacts, row: Escalation, now: datetime) -> bool:
    ladder = cases.ladder_kept(row)
    if row.state == "owned" and not ladder.lapse:
        return False
    return _is_overdue(school, ladder, row.since, row.waits, now)


def _help_is_overdue(school: SchoolFacts, plan: Plan, asked: Mapping[str, Any], now: datetime) -> bool:
    # Help that was asked for before its times were kept counts from the plan's, and has them from its next step on.
    since = datetime.fromisoformat(asked["since"]) if "since" in asked else plan.made_at
    return _is_overdue(school, Ladder.from_json(asked["ladder"]), since, asked.get("waits", 0), now)


def _is_overdue(school: SchoolFacts, ladder: Ladder, since: datetime, waits: int, now: datetime) -> bool:
    # Out of school nothing of school time is late, and what was due as the day ended has until the next begins.
    if ladder.clock == "school" and not school.calendar.in_school_time(now):
        return False
    return waited(ladder.clock, school.calendar, since, now) - waits > GRACE


def _helps(session: Session, sealer: Sealer, school: SchoolFacts) -> list[tuple[Plan, dict[str, Any]]]:
    """Read the plans of groups with which help is asked for, and what is kept of the asking."""
    rows = session.exec(select(Plan).where(Plan.school_id == school.id, Plan.state == "help")).all()
    found = []
    for row in rows:
        try:
            found.append((row, plans.content(sealer, row)["help"]))
        except Unreadable:
            # One that was damaged must not keep the others from being looked at.
            continue
    return found


def mend(
    session: Session, sealer: Sealer, school: SchoolFacts, suspected: set[UUID], now: datetime
) -> tuple[set[UUID], int]:
    """Do again what a pass before suspected and this one still finds overdue.

    Returns what is overdue and was not before, to be looked at in the next pass, and how many were mended.
    """
    found, mended = overdue(session, sealer, school, now), 0
    for late_id in sorted(found & suspected):
        try:
            with session.begin_nested():
                _do_again(session, sealer, school, late_id, now)
            mended, said = mended + 1, "done again"
        except OperationalError:
            raise
        except Exception as error:
            # It is tried again with each other pass; those behind it are mended all the same.
            log.error("an overdue step cannot be done", error=type(error).__name__)
            said = type(error).__name__
        session.add(Failure(school_id=school.id, at=now, event="case overdue", error=said))
    return found - suspected, mended


def _do_again(session: Session, sealer: Sealer, school: SchoolFacts, late_id: UUID, now: datetime) -> None:
    case = session.get(Escalation, late_id, with_for_update=True)
    if case is None:
        plan = session.get_one(Plan, late_id, with_for_update=True)
        group_help.climb(session, sealer, school, plan, now)
        return
    case.overdue += 1
    if case.state == "open":
        cases.take_step(session, sealer, school, case, now)
    else:
        cases.lapse(session, sealer, school, case, now)


def standing(session: Session, sealer: Sealer, school: SchoolFacts, now: datetime) -> Waiting:
    """Count what waits; help with a group's plan is open until somebody takes it."""
    states = session.exec(
        select(Escalation.state, func.count())
        .where(Escalation.school_id == school.id, col(Escalation.state).in_(("open", "owned")))
        .group_by(Escalation.state)
    ).all()
    counts, helps = dict(states), len(_helps(session, sealer, school))
    late = len(overdue(session, sealer, school, now))
    return Waiting(counts.get("open", 0) + helps, counts.get("owned", 0), late)


def oldest(session: Session, sealer: Sealer, school: SchoolFacts) -> datetime | None:
    """Say when the open case that has waited longest began; None when none is open."""
    statement = select(func.min(Escalation.opened_at))
    case = session.exec(statement.where(Escalation.school_id == school.id, Escalation.state == "open")).one()
    helps = [datetime.fromisoformat(asked["asked"]) for _, asked in _helps(session, sealer, school) if "asked" in asked]
    return min((one for one in (case, *helps) if one is not None), default=None)
