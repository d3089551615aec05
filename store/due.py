"""Due rows: work with a time, set in the transaction that caused it, so that a restart forgets nothing."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import bindparam
from sqlmodel import Session, col, select

from store import waking
from store.database import is_postgresql
from store.tables import Due

# Made once, for it is asked at the end of every check-in.
_SET = select(Due).where(
    Due.school_id == bindparam("school_id"), Due.kind == bindparam("kind"), Due.subject == bindparam("subject")
)


def set_due(
    session: Session,
    school_id: UUID,
    kind: str,
    subject: str,
    due_at: datetime,
    *,
    version: int = 0,
    no_later: bool = False,
) -> None:
    """Set one piece of work; the same kind and subject set again moves it to the new time and version.

    With `no_later` it is never moved past the time for which it waits already.
    """
    row = session.exec(_SET, params={"school_id": school_id, "kind": kind, "subject": subject}).first()
    if row is None:
        row = Due(school_id=school_id, kind=kind, subject=subject)
    elif no_later and row.state == "waiting":
        due_at = min(due_at, row.due_at)
    row.due_at, row.version, row.state, row.attempts = due_at, version, "waiting", 0
    session.add(row)
    waking.note(session, "due")


def next_due(session: Session, now: datetime) -> Due | None:
    """Find and lock the oldest row that is due; None when nothing is."""
    statement = (
        select(Due)
        .where(Due.state == "waiting", col(Due.due_at) <= now)
        .order_by(col(Due.due_at), col(Due.id))
        .limit(1)
    )
    if is_postgresql(session.get_bind()):
        statement = statement.with_for_update(skip_locked=True)
    return session.exec(statement).first()


def when_next(session: Session) -> datetime | None:
    """Say when the next row falls due; None when none waits."""
    return session.exec(select(Due.due_at).where(Due.state == "waiting").order_by(col(Due.due_at)).limit(1)).first()
