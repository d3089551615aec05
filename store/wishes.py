"""Wishes to talk: whom a pupil asked for, who is next in line, who was told of it."""

from collections.abc import Iterable
from uuid import UUID

from sqlmodel import Session, col, select

from store import gotos
from store.care_tables import Wish
from store.people import tutor_of
from store.tables import Pupil, Request, Staff


def wish_of(session: Session, request: Request) -> Wish:
    """Give the wish of a request; a request made before there were wishes was for the leads, today."""
    return session.get(Wish, request.id) or Wish(request_id=request.id, school_id=request.school_id)


def askable(session: Session, pupil: Pupil) -> list[Staff]:
    """Give the adults whom a pupil may ask for: their go-tos, then their tutor."""
    found = gotos.of_pupil(session, pupil)
    tutor = tutor_of(session, pupil.group_id)
    return found if tutor is None or tutor in found else [*found, tutor]


def line(session: Session, request: Request) -> list[UUID]:
    """Give who is in line for a request: the adult chosen, then the pupil's others; without those who cannot.

    Empty when the pupil asked for the safeguarding leads, or nobody is left: then it is the leads'.
    """
    wish = wish_of(session, request)
    if wish.chosen_id is None:
        return []
    pupil = session.get_one(Pupil, request.pupil_id)
    chosen = session.get(Staff, wish.chosen_id)
    first = [chosen.id] if chosen is not None and chosen.active else []
    everyone = dict.fromkeys((*first, *(one.id for one in askable(session, pupil))))
    return [one for one in everyone if one.hex not in wish.passed]


def note_told(session: Session, request: Request, staff_ids: Iterable[UUID]) -> None:
    """Note who was told of a request: from then on they may see it."""
    wish = wish_of(session, request)
    wish.told = sorted({*wish.told, *(one.hex for one in staff_ids)})
    session.add(wish)


def may_see(session: Session, viewer: Staff, request: Request) -> bool:
    """Say whether somebody who is no safeguarding lead may see a request: who was told of it, until it is done.

    Whoever it was done by sees how it ended.
    """
    if not viewer.active or viewer.school_id != request.school_id:
        return False
    if request.state == "done":
        return request.owner_id == viewer.id
    return viewer.id.hex in wish_of(session, request).told


def seen_by(session: Session, viewer: Staff) -> list[Request]:
    """List the requests that somebody was told of and that wait for them: open, or theirs; oldest first, twenty."""
    rows = session.exec(
        select(Request, Wish)
        .join(Wish, col(Wish.request_id) == col(Request.id))
        .where(Request.school_id == viewer.school_id, col(Request.state).in_(("open", "owned")))
        .order_by(col(Request.asked_at))
    ).all()
    mine = [row for row, wish in rows if viewer.id.hex in wish.told and viewer.id.hex not in wish.passed]
    # What became danger since is the leads' alone.
    return [row for row in mine if not row.danger and (row.state == "open" or row.owner_id == viewer.id)][:20]
