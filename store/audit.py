"""The audit chain: who did what, append-only, each row's hash covering the one before."""

import hmac
from datetime import UTC, datetime
from hashlib import sha256
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session, col, select

from store.database import is_postgresql
from store.tables import Audit


def record(session: Session, school_id: UUID, now: datetime, *, actor: str, action: str, subject: str) -> None:
    """Add one row to a school's chain; `actor` and `subject` are ids such as "staff:HEX", never names."""
    if is_postgresql(session.get_bind()):
        # Two writers must not both follow the same row.
        session.execute(text("SELECT pg_advisory_xact_lock(hashtext(:key))"), {"key": f"audit {school_id}"})
    last = session.exec(
        select(Audit).where(Audit.school_id == school_id).order_by(col(Audit.number).desc()).limit(1)
    ).first()
    row = Audit(
        school_id=school_id,
        number=last.number + 1 if last else 1,
        at=now,
        actor=actor,
        action=action,
        subject=subject,
        previous=last.hash if last else Audit.GENESIS,
    )
    row.hash = _hash(row)
    session.add(row)
    session.flush()


def first_break(session: Session, school_id: UUID) -> int | None:
    """Walk the chain; returns the number of the first row that was changed, removed or moved, None if all is well."""
    previous, number = Audit.GENESIS, 1
    for row in session.exec(select(Audit).where(Audit.school_id == school_id).order_by(col(Audit.number))):
        if row.number != number or row.previous != previous or not hmac.compare_digest(row.hash, _hash(row)):
            return number
        previous, number = row.hash, number + 1
    return None


def _hash(row: Audit) -> bytes:
    # In UTC, as it will be read back.
    at = row.at.astimezone(UTC).isoformat()
    parts = (row.school_id.hex, str(row.number), at, row.actor, row.action, row.subject)
    return sha256(row.previous + "\x1f".join(parts).encode()).digest()
