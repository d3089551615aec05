"""Taking part: a pupil's own stop, and a guardian's, which only a guardian ends.

The two are kept apart: `Pupil.status` is the pupil's, `Pupil.held` the guardian's, and a pupil is asked only if neither
stands in the way. So what a guardian stopped the pupil alone cannot start, and a guardian who allows check-ins again
does not undo what the pupil wished. Either takes effect at once and is never counted as a sign of anything: a check-in
that was open is put away as partial, not as missed.
"""

from datetime import datetime
from uuid import UUID

from sqlmodel import Session, col, select

from store import audit, outbox
from store.due import set_due
from store.tables import LANES, CheckIn, Pupil

# The due work that lets a pupil's conversation know that a check-in is over.
CLOSE = "check_in.close"


def hold(session: Session, pupil: Pupil, now: datetime, actor: str) -> bool:
    """Stop a pupil's check-ins for a guardian; False when they are already. `actor` is who did it, for the audit."""
    if pupil.held:
        return False
    pupil.held = True
    _changed(session, pupil, now, actor, "stopped for a guardian")
    return True


def release(session: Session, pupil: Pupil, now: datetime, actor: str) -> bool:
    """Allow a pupil's check-ins again for a guardian; False when they are allowed."""
    if not pupil.held:
        return False
    pupil.held = False
    _changed(session, pupil, now, actor, "allowed again for a guardian")
    return True


def stop(session: Session, pupil: Pupil, now: datetime, actor: str) -> bool:
    """Stop a pupil's check-ins as they asked a person, not the bot; False when they have not begun or are stopped."""
    if pupil.status != "active":
        return False
    pupil.status = "stopped"
    _changed(session, pupil, now, actor, "stopped for the pupil")
    return True


def start(session: Session, pupil: Pupil, now: datetime, actor: str) -> bool:
    """Begin a pupil's check-ins again as they asked a person; False when they are not stopped by the pupil."""
    if pupil.status != "stopped":
        return False
    pupil.status = "active"
    _changed(session, pupil, now, actor, "started for the pupil")
    return True


def end_check_ins(session: Session, pupil_id: UUID, school_id: UUID, now: datetime) -> None:
    """Put away the check-ins a pupil has open, and take back what of them has not been sent."""
    outbox.withdraw(session, school_id, f"pupil:{pupil_id.hex}", now, lanes=[LANES["bulk"]], edits=False)
    unfinished = select(CheckIn).where(
        CheckIn.school_id == school_id,
        CheckIn.pupil_id == pupil_id,
        col(CheckIn.state).in_(("open", "undelivered")),
    )
    for check_in in session.exec(unfinished):
        check_in.state, check_in.ended_at = "partial", now
        session.add(check_in)
        set_due(session, school_id, CLOSE, check_in.id.hex, now)


def _changed(session: Session, pupil: Pupil, now: datetime, actor: str, action: str) -> None:
    session.add(pupil)
    if pupil.held or pupil.status != "active":
        end_check_ins(session, pupil.id, pupil.school_id, now)
    audit.record(session, pupil.school_id, now, actor=actor, action=action, subject=f"pupil:{pupil.id.hex}")
