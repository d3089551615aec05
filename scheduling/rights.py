"""Copies asked for and contested nudges, as rows: asking, deciding, and telling staff again until somebody has.

A contested nudge stands still: its climb is closed, it is in no list and no count, until a safeguarding lead answers.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal, cast
from uuid import UUID

from sqlmodel import Session, col, select

from conversations.cards import Card, nudge_card
from conversations.model import ContestAnswered, CopyDecided
from conversations.staff_rights import Contested, CopyAsked, contest_card, copy_card
from scheduling import cases
from scheduling.briefing import nudge, pupil_label, update_copies
from scheduling.rounds import Addressed
from scheduling.school import SchoolFacts
from scheduling.telling import could_post
from store import audit
from store.due import set_due
from store.people import name_of, tutor_of, with_role
from store.rights_tables import Contest, CopyRequest
from store.sealing import Sealer
from store.tables import Due, Flag, Pupil, Staff, TutorGroup

AGAIN = timedelta(weeks=1)
LEADS = ("dsl", "deputy_dsl")


# --- a copy -----------------------------------------------------------------------------------------------------------


def ask_copy(session: Session, school: SchoolFacts, pupil: Pupil, now: datetime) -> None:
    """Ask for a pupil's copy; one that is asked for already is not asked for twice."""
    open_ones = select(CopyRequest.id).where(
        CopyRequest.school_id == school.id, CopyRequest.pupil_id == pupil.id, CopyRequest.state == "asked"
    )
    if session.exec(open_ones).first() is not None:
        return
    row = CopyRequest(school_id=school.id, pupil_id=pupil.id, asked_at=now)
    session.add(row)
    session.flush()
    set_due(session, school.id, "copy.asked", row.id.hex, now)


def decide_copy(
    session: Session, school: SchoolFacts, row: CopyRequest, staff: Staff, now: datetime, *, yes: bool
) -> bool:
    """Decide on a copy; the first to decide wins, and False says that somebody has."""
    if row.state != "asked":
        return False
    row.state, row.staff_id, row.decided_at = "sent" if yes else "declined", staff.id, now
    session.add(row)
    set_due(session, school.id, "copy.decided", row.id.hex, now)
    return True


def copy_words(session: Session, sealer: Sealer, school: SchoolFacts, row: CopyRequest) -> Card:
    """Put a copy asked for into its card as it stands."""
    pupil, group, owner = _about(session, sealer, school, row.pupil_id, row.staff_id)
    state = cast('Literal["asked", "sent", "declined"]', row.state)
    return copy_card(CopyAsked(row.id.hex, pupil, group, state, owner))


def copy_asked(session: Session, sealer: Sealer, school: SchoolFacts, due: Due, now: datetime) -> list[Addressed]:
    """Tell the tutor and the safeguarding leads, and again each week until somebody has decided."""
    row = session.get(CopyRequest, UUID(due.subject))
    if row is None or row.state != "asked":
        return []
    readers = with_role(session, school.id, *LEADS)
    tutor = tutor_of(session, session.get_one(Pupil, row.pupil_id).group_id)
    readers += [tutor] if tutor is not None and tutor.id not in {one.id for one in readers} else []
    _tell(session, sealer, school, readers, copy_words(session, sealer, school, row), f"copy:{row.id.hex}", now)
    set_due(session, school.id, "copy.asked", due.subject, now + AGAIN)
    return []


def copy_decided(session: Session, sealer: Sealer, _school: SchoolFacts, due: Due, _now: datetime) -> list[Addressed]:
    """Let the pupil have it, or a kind word."""
    row = session.get(CopyRequest, UUID(due.subject))
    owner = session.get(Staff, row.staff_id) if row and row.staff_id else None
    if row is None or owner is None:
        return []
    return [(row.pupil_id, CopyDecided(row.id.hex, name_of(sealer, owner), yes=row.state == "sent"))]


def had_copy(session: Session, pupil: Pupil) -> bool:
    """Say whether a pupil has had a copy."""
    return (
        session.exec(
            select(CopyRequest.id).where(
                CopyRequest.school_id == pupil.school_id,
                CopyRequest.pupil_id == pupil.id,
                CopyRequest.state == "sent",
            )
        ).first()
        is not None
    )


# --- a contested nudge ------------------------------------------------------------------------------------------------


def contestable(session: Session, pupil: Pupil) -> Sequence[Flag]:
    """List a pupil's nudges that nobody has contested before, newest first."""
    before = select(Contest.flag_id).where(Contest.school_id == pupil.school_id)
    return session.exec(
        select(Flag)
        .where(Flag.school_id == pupil.school_id, Flag.pupil_id == pupil.id, col(Flag.id).not_in(before))
        .order_by(col(Flag.raised_at).desc())
    ).all()


def contest(
    session: Session,
    sealer: Sealer,
    school: SchoolFacts,
    flag: Flag,
    by: Literal["pupil", "guardian"],
    now: datetime,
    actor: str,
) -> None:
    """Note that a nudge is contested; it is in no count and climbs no further until it is answered."""
    row = Contest(school_id=school.id, flag_id=flag.id, by=by, at=now)
    flag.contested, flag.version = "open", flag.version + 1
    session.add_all((row, flag))
    session.flush()
    cases.close(session, flag, now)
    audit.record(session, school.id, now, actor=actor, action="nudge contested", subject=f"flag:{flag.id.hex}")
    set_due(session, school.id, "contest.open", row.id.hex, now)
    show_nudge(session, sealer, school, flag, now, key=f"contest:{row.id.hex}")


def answer(
    session: Session, sealer: Sealer, school: SchoolFacts, row: Contest, staff: Staff, now: datetime, *, stands: bool
) -> bool:
    """Answer a contest; the first answer holds, and False says that there is one. A nudge that stands waits again."""
    if row.state != "open":
        return False
    row.state, row.staff_id, row.answered_at = "stands" if stands else "withdrawn", staff.id, now
    flag = session.get_one(Flag, row.flag_id, with_for_update=True)
    flag.contested, flag.version = None if stands else "withdrawn", flag.version + 1
    if stands and flag.state in ("new", "snoozed"):
        flag.state, flag.snoozed_until, flag.owner_id = "new", None, None
        cases.begin(session, school, flag, cases.kind_of(sealer, flag), now)
    elif stands and flag.owner_id is not None and flag.state == "taken":
        cases.own_again(session, school, flag, session.get_one(Staff, flag.owner_id), now)
    elif not stands:
        flag.state, flag.owner_id, flag.decided_at = "not_needed", staff.id, now
    session.add_all((row, flag))
    set_due(session, school.id, "contest.answered", row.id.hex, now)
    show_nudge(session, sealer, school, flag, now, key=f"answered:{row.id.hex}")
    return True


def contest_words(session: Session, sealer: Sealer, school: SchoolFacts, row: Contest) -> Card:
    """Put a contested nudge into its card as it stands."""
    flag = session.get_one(Flag, row.flag_id)
    pupil, group, owner = _about(session, sealer, school, flag.pupil_id, row.staff_id)
    state = cast('Literal["open", "stands", "withdrawn"]', row.state)
    by: Literal["pupil", "guardian"] = "pupil" if row.by == "pupil" else "guardian"
    return contest_card(Contested(row.id.hex, pupil, group, by, state, owner))


def contest_open(session: Session, sealer: Sealer, school: SchoolFacts, due: Due, now: datetime) -> list[Addressed]:
    """Tell the safeguarding leads, and again each week until one of them has answered."""
    row = session.get(Contest, UUID(due.subject))
    if row is None or row.state != "open":
        return []
    readers = with_role(session, school.id, *LEADS)
    _tell(session, sealer, school, readers, contest_words(session, sealer, school, row), f"contest:{row.id.hex}", now)
    set_due(session, school.id, "contest.open", due.subject, now + AGAIN)
    return []


def contest_answered(
    session: Session, sealer: Sealer, _school: SchoolFacts, due: Due, _now: datetime
) -> list[Addressed]:
    """Tell the pupil what came of it, if it was they who said so; a family hears it from a person."""
    row = session.get(Contest, UUID(due.subject))
    owner = session.get(Staff, row.staff_id) if row and row.staff_id else None
    if row is None or owner is None or row.by != "pupil":
        return []
    pupil_id = session.get_one(Flag, row.flag_id).pupil_id
    return [(pupil_id, ContestAnswered(name_of(sealer, owner), stands=row.state == "stands"))]


def show_nudge(session: Session, sealer: Sealer, school: SchoolFacts, flag: Flag, now: datetime, key: str) -> None:
    """Bring the copies of a nudge's card up to date."""
    card = nudge_card(nudge(session, sealer, school, flag))
    update_copies(session, sealer, school, f"nudge:{flag.id.hex}:", card, dedupe=key, now=now)


# --- both -------------------------------------------------------------------------------------------------------------


def _about(
    session: Session, sealer: Sealer, school: SchoolFacts, pupil_id: UUID, staff_id: UUID | None
) -> tuple[str, str, str]:
    pupil = session.get_one(Pupil, pupil_id)
    owner = session.get(Staff, staff_id) if staff_id else None
    group = session.get_one(TutorGroup, pupil.group_id)
    return pupil_label(sealer, school, pupil), group.name, name_of(sealer, owner) if owner else ""


def _tell(
    session: Session,
    sealer: Sealer,
    school: SchoolFacts,
    readers: Sequence[Staff],
    card: Card,
    about: str,
    now: datetime,
) -> None:
    for reader in readers:
        slot = f"{about}:{reader.id.hex}"
        how = {"slot": slot, "dedupe": f"{slot}:{now.isoformat()}", "now": now}
        could_post(session, sealer, school, reader, card, event="right", **how)
