"""Handing on: what a pupil asked of an adult who is away, or has left, goes to the next, and the pupil is told."""

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from uuid import UUID

import structlog
from sqlalchemy.exc import OperationalError
from sqlmodel import Session, col, select

from scheduling import cases, talking
from scheduling.campaigns import next_morning
from scheduling.school import SchoolFacts
from store import absences, wishes
from store.sealing import Sealer
from store.tables import Failure, Request, Staff

log = structlog.get_logger()


def past_the_away(session: Session, school: SchoolFacts, request: Request, now: datetime, *, tell: bool = True) -> None:
    """Let an open request go past an adult who is away, as if they could not, to the first in line who is here.

    Without `tell` a step that tells them follows.

    Who is back tomorrow is waited for when it is for this week. With nobody of the line here it stays as it is while
    somebody stands in for one of them; else it is the leads'.
    """
    line = wishes.line(session, request)
    wish = wishes.wish_of(session, request)
    until = next_morning(school, now) if wish.soon == "week" else now
    now_away = absences.away(session, school.id, now)
    away = {one for one, row in now_away.items() if row.ends_at > until}
    if request.danger or request.state != "open" or not line or line[0] not in away:
        return
    here = [one for one in line if one not in away]
    if not here and any(absences.stand_in(now_away, one) for one in line):
        return
    # Of those between the pupil hears nothing, for they never heard of them.
    between = line[1 : line.index(here[0])] if here else line[1:]
    wish.passed = sorted({*wish.passed, *(one.hex for one in between)})
    session.add(wish)
    session.flush()
    talking.pass_on(session, school, request, session.get_one(Staff, line[0]), now, tell=tell)


def of_who_is_away(
    session: Session, sealer: Sealer, school: SchoolFacts, staff_id: UUID, back: datetime, now: datetime
) -> None:
    """As somebody's absence begins, hand on what waits for them; a promise for a day after it stands."""
    for request in _of(session, school, "owned", [staff_id]):
        promised = wishes.wish_of(session, request).promised_for
        if promised is None or promised <= back:
            _alone(session, school, request, now, partial(_let_go, session, sealer, school, request, now))
    for request in _of(session, school, "open"):
        _alone(session, school, request, now, partial(past_the_away, session, school, request, now))


def of_who_left(session: Session, sealer: Sealer, school: SchoolFacts, now: datetime) -> None:
    """Hand on what is owned by somebody who has left the school."""
    gone = session.exec(select(Staff.id).where(Staff.school_id == school.id, col(Staff.active).is_(False))).all()
    for request in _of(session, school, "owned", gone):
        _alone(session, school, request, now, partial(_let_go, session, sealer, school, request, now))


def _alone(session: Session, school: SchoolFacts, request: Request, now: datetime, hand_on: Callable[[], None]) -> None:
    """Hand one request on within a savepoint: one that cannot be must not keep the other pupils waiting."""
    try:
        with session.begin_nested():
            hand_on()
            session.flush()
    except OperationalError:
        raise
    except Exception as error:
        log.error("a request cannot be handed on", request=request.id.hex, error=type(error).__name__)
        session.add(Failure(school_id=school.id, at=now, event="hand on", error=type(error).__name__))


def _of(session: Session, school: SchoolFacts, state: str, owners: Sequence[UUID] | None = None) -> list[Request]:
    statement = select(Request).where(Request.school_id == school.id, Request.state == state)
    if owners is not None:
        statement = statement.where(col(Request.owner_id).in_(owners))
    return list(session.exec(statement.order_by(col(Request.asked_at)).with_for_update()).all())


def _let_go(session: Session, sealer: Sealer, school: SchoolFacts, request: Request, now: datetime) -> None:
    owner = session.get_one(Staff, request.owner_id)
    if not request.danger:
        talking.pass_on(session, school, request, owner, now)
        return
    # Danger is everybody's again, at once.
    request.state, request.owner_id, request.owned_at = "open", None, None
    session.add(request)
    cases.climb_on(session, school, request, now)
    talking.tell_danger_again(session, school, request, now)
    session.flush()
    talking.show(session, sealer, school, request, now)
