"""A school's own questions as rows: publishing a version, and finding the one that holds at a moment."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlmodel import Session, col, select

from store.question_tables import QuestionSet


def publish(
    session: Session, school_id: UUID, file: str, now: datetime, *, retired: Collection[str] = ()
) -> QuestionSet:
    """Write the next version; check-ins that began with an earlier one keep theirs."""
    last = newest(session, school_id)
    row = QuestionSet(
        school_id=school_id,
        number=last.number + 1 if last else 1,
        published_at=now,
        file=file,
        retired=sorted(retired),
    )
    session.add(row)
    session.flush()
    return row


def newest(session: Session, school_id: UUID, at: datetime | None = None) -> QuestionSet | None:
    """Find the newest version, or the newest that was published by a moment; None while there is none."""
    statement = select(QuestionSet).where(QuestionSet.school_id == school_id)
    if at is not None:
        statement = statement.where(col(QuestionSet.published_at) <= at)
    return session.exec(statement.order_by(col(QuestionSet.number).desc()).limit(1)).first()


def versions(session: Session, school_id: UUID) -> list[QuestionSet]:
    """List every version, the oldest first."""
    statement = select(QuestionSet).where(QuestionSet.school_id == school_id)
    return list(session.exec(statement.order_by(col(QuestionSet.number))).all())
