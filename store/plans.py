"""Plans as rows: whose is open, what was tried with a pupil before and how it went, and what was thought of a nudge."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlmodel import Session, col, select

from store.plan_tables import Plan, Verdict
from store.sealing import Sealer, Unreadable
from store.tables import Flag

OPEN = ("open", "asked")
LIVE = (*OPEN, "help")
Outcome = Literal["helped", "no_change", "not_done", "open"]


def make(
    session: Session,
    sealer: Sealer,
    *,
    school_id: UUID,
    group_id: UUID,
    owner_id: UUID,
    action: str,
    due_at: datetime,
    now: datetime,
    flag: Flag | None = None,
) -> Plan:
    """Make a plan for the pupil of a flag, or without one for a whole group; `action` is an id, or "" for their own."""
    plan = Plan(
        school_id=school_id,
        group_id=group_id,
        pupil_id=flag.pupil_id if flag else None,
        flag_id=flag.id if flag else None,
        owner_id=owner_id,
        made_at=now,
        due_at=due_at,
    )
    sealer.write(plan, "content", {"action": action, "noticed": "", "words": "", "moved": 0})
    session.add(plan)
    session.flush()
    return plan


def of_flag(session: Session, flag_id: UUID) -> Plan | None:
    """Find the plan made last for a flag, unless it was taken back."""
    return session.exec(
        select(Plan).where(Plan.flag_id == flag_id, Plan.state != "ended").order_by(col(Plan.id).desc()).limit(1)
    ).first()


def asked_for_help(session: Session, sealer: Sealer, flag_id: UUID) -> UUID | None:
    """Say who had a flag last and asked for help with it, if that is why it is open again."""
    last = session.exec(select(Plan).where(Plan.flag_id == flag_id).order_by(col(Plan.id).desc()).limit(1)).first()
    return last.owner_id if last and content_or_blank(sealer, last).get("help") else None


def content(sealer: Sealer, plan: Plan) -> dict[str, Any]:
    """Read what a plan holds: "action", "noticed", "words", "moved"."""
    read: dict[str, Any] = sealer.read(plan, "content")
    return read


def content_or_blank(sealer: Sealer, plan: Plan) -> dict[str, Any]:
    """The same; for one that does not open what a plan of somebody's own holds at first, so that its card is shown."""
    return _content_or_none(sealer, plan) or {"action": "", "noticed": "", "words": "", "moved": 0}


def change(session: Session, sealer: Sealer, plan: Plan, **changed: object) -> None:
    """Write anew some of what a plan holds."""
    sealer.write(plan, "content", {**content(sealer, plan), **changed})
    plan.version += 1
    session.add(plan)


def close(session: Session, plan: Plan, state: str, now: datetime) -> None:
    """End a plan: done, or ended without that."""
    plan.state, plan.closed_at, plan.version = state, now, plan.version + 1
    session.add(plan)


def end_of_flag(session: Session, flag_id: UUID, now: datetime) -> None:
    """End the plan of a flag that is nobody's any more, done or not."""
    plan = of_flag(session, flag_id)
    if plan is not None:
        close(session, plan, "ended", now)


def tried(
    session: Session, sealer: Sealer, pupil_id: UUID, before: datetime
) -> tuple[tuple[str, ...], tuple[Outcome, ...]]:
    """Read what was tried with a pupil before a moment, oldest first, and how each had gone by then.

    By then, so that a nudge suggests the same each time it is asked.
    """
    rows = session.exec(
        select(Plan).where(Plan.pupil_id == pupil_id, col(Plan.made_at) < before).order_by(col(Plan.made_at))
    ).all()
    read = [(row, _content_or_none(sealer, row)) for row in rows]
    known = [(what["action"], _outcome(row, what, before)) for row, what in read if what and what["action"]]
    return tuple(action for action, _ in known), tuple(outcome for _, outcome in known)


def _content_or_none(sealer: Sealer, plan: Plan) -> dict[str, Any] | None:
    try:
        return content(sealer, plan)
    except Unreadable:
        # A damaged plan of last year must not keep a nudge from being shown.
        return None


def _outcome(plan: Plan, what: dict[str, Any], before: datetime) -> Outcome:
    if plan.closed_at is None or plan.closed_at >= before:
        return "open"
    if plan.state != "done":
        return "not_done"
    return "helped" if what["noticed"] == "helped" else "no_change"


# --- why a nudge was not needed ---------------------------------------------------------------------------------------


def judge(session: Session, sealer: Sealer, flag: Flag, why: str, now: datetime) -> None:
    """Keep why a nudge was not needed; said again, the last counts."""
    row = session.get(Verdict, flag.id) or Verdict(flag_id=flag.id, school_id=flag.school_id)
    row.at = now
    sealer.write(row, "why", why)
    session.add(row)
    session.flush()


def judgement(session: Session, sealer: Sealer, flag_id: UUID) -> str:
    """Read why a nudge was not needed; "" when nobody said."""
    row = session.get(Verdict, flag_id)
    return _why(sealer, row) if row else ""


def _why(sealer: Sealer, row: Verdict) -> str:
    return str(sealer.open_if_whole("verdict", "why", row.id, row.why_sealed) or "")


def unjudge(session: Session, flag_id: UUID) -> None:
    """Forget it: the nudge is open again."""
    row = session.get(Verdict, flag_id)
    if row is not None:
        session.delete(row)


def judged(session: Session, sealer: Sealer, flags: Sequence[Flag]) -> dict[UUID, str]:
    """Read why each of some flags was not needed, where somebody said."""
    ids = {flag.id for flag in flags}
    rows = session.exec(select(Verdict)).all()
    return {row.flag_id: _why(sealer, row) for row in rows if row.flag_id in ids}
