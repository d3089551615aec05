"""The guards: every read about a pupil on behalf of a member of staff goes through one of these.

A tutor sees their own group, a head of year their year, and so does whoever stands in for one who is away, meanwhile; a
DSL or deputy everyone; a counsellor the nudges they were told of; an adult whom a pupil asked for that request; the
head sees totals only (never through here), the installer no pupil at all. What may not be seen and what does not exist
look alike: `NotFound`. Reads of what pupils said or did are audited.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from sqlmodel import Session, col, or_, select

from store import absences, audit, gotos, wishes
from store.care_tables import NudgeAsk
from store.plan_tables import Plan
from store.rights_tables import Contest, CopyRequest
from store.tables import CheckIn, Flag, Posted, Pupil, Request, Staff, TutorGroup, Wave

SAFEGUARDING = frozenset({"dsl", "deputy_dsl"})


class NotFound(Exception):
    """There is no such thing, or this person may not see it; the two are never told apart."""


def may_see_group(viewer: Staff, group: TutorGroup, covered: Collection[Staff] = ()) -> bool:
    """The whole rule of who sees which tutor group's pupils; `covered` are those for whom the viewer stands in now."""
    if not viewer.active or viewer.school_id != group.school_id:
        return False
    return bool(SAFEGUARDING & set(viewer.roles)) or any(_is_theirs(one, group) for one in (viewer, *covered))


def _is_theirs(staff: Staff, group: TutorGroup) -> bool:
    # What a safeguarding lead sees is not handed on: who stands in for one is one.
    return group.tutor_id == staff.id or ("head_of_year" in staff.roles and staff.year == group.year)


def access_group(session: Session, viewer: Staff, group_id: UUID, now: datetime) -> TutorGroup:
    """Read a tutor group this person may see. Raises NotFound."""
    group = session.get(TutorGroup, group_id)
    if group is None or not may_see_group(viewer, group, absences.covered_by(session, viewer, now)):
        raise NotFound
    return group


def access_pupil(session: Session, viewer: Staff, pupil_id: UUID, now: datetime, reason: str) -> Pupil:
    """Read a pupil this person may see; audited with the reason, such as "nudge". Raises NotFound."""
    pupil = session.get(Pupil, pupil_id)
    if pupil is None:
        raise NotFound
    access_group(session, viewer, pupil.group_id, now)
    _audit_pupil(session, viewer, pupil.id, now, reason)
    return pupil


def access_flag(session: Session, viewer: Staff, flag_id: UUID, now: datetime, reason: str) -> Flag:
    """Read, lock and audit a flag this person may see. Raises NotFound."""
    flag = session.exec(select(Flag).where(Flag.id == flag_id).with_for_update()).first()
    if flag is None:
        raise NotFound
    _look_at(session, viewer, flag, now, reason)
    return flag


def _look_at(session: Session, viewer: Staff, flag: Flag, now: datetime, reason: str) -> None:
    """Audit a look at a flag; raises NotFound for whom it is not theirs to see."""
    if flag.id in _told_of(session, viewer, now, flag.id):
        _audit_pupil(session, viewer, flag.pupil_id, now, reason)
    else:
        access_pupil(session, viewer, flag.pupil_id, now, reason)


def _told_of(session: Session, viewer: Staff, now: datetime, flag_id: UUID | None = None) -> set[UUID]:
    """Find the flags, or whether that one, of which a counsellor has a card: until it is decided, or if it is theirs.

    Whoever stands in for one has the card in their place.
    """
    people = (viewer, *absences.covered_by(session, viewer, now))
    if not viewer.active or not any("counsellor" in one.roles for one in people):
        return set()
    cards = [col(Posted.slot).like(f"nudge:{flag_id.hex if flag_id else '%'}:{one.id.hex}:%") for one in people]
    slots = session.exec(select(Posted.slot).where(Posted.school_id == viewer.school_id, or_(*cards))).all()
    told = {UUID(hex=slot.split(":")[1]) for slot in slots}
    return set(
        session.exec(
            select(Flag.id)
            .where(Flag.school_id == viewer.school_id, col(Flag.id).in_(told))
            .where(or_(col(Flag.state).in_(("new", "snoozed")), col(Flag.owner_id).in_([one.id for one in people])))
        ).all()
    )


def access_request(session: Session, viewer: Staff, request_id: UUID, now: datetime, reason: str) -> Request:
    """Read, lock and audit a request to talk: safeguarding leads, and whom it was sent to. Raises NotFound."""
    request = session.exec(select(Request).where(Request.id == request_id).with_for_update()).first()
    if request is None:
        raise NotFound
    if SAFEGUARDING & set(viewer.roles):
        access_pupil(session, viewer, request.pupil_id, now, reason)
    elif wishes.may_see(session, viewer, request):
        _audit_pupil(session, viewer, request.pupil_id, now, reason)
    else:
        raise NotFound
    return request


def access_copy(session: Session, viewer: Staff, copy_id: UUID, now: datetime, reason: str) -> CopyRequest:
    """Read, lock and audit a copy that a pupil of theirs asked for. Raises NotFound."""
    row = session.exec(select(CopyRequest).where(CopyRequest.id == copy_id).with_for_update()).first()
    if row is None:
        raise NotFound
    access_pupil(session, viewer, row.pupil_id, now, reason)
    return row


def access_contest(session: Session, viewer: Staff, contest_id: UUID, now: datetime, reason: str) -> Contest:
    """Read, lock and audit a contested flag; safeguarding leads only. Raises NotFound."""
    row = session.exec(select(Contest).where(Contest.id == contest_id).with_for_update()).first()
    if row is None or not SAFEGUARDING & set(viewer.roles):
        raise NotFound
    access_flag(session, viewer, row.flag_id, now, reason)
    return row


def access_unanswered(
    session: Session, viewer: Staff, wave_id: UUID, group_id: UUID, now: datetime
) -> tuple[TutorGroup, Sequence[tuple[Pupil, str]]]:
    """Read which pupils of a group did not answer a wave, each with the check-in's state; audited. Raises NotFound."""
    group = access_group(session, viewer, group_id, now)
    wave = session.get(Wave, wave_id)
    if wave is None or wave.school_id != viewer.school_id:
        raise NotFound
    rows = session.exec(
        select(Pupil, CheckIn.state)
        .join(CheckIn, col(CheckIn.pupil_id) == col(Pupil.id))
        .where(CheckIn.school_id == group.school_id, CheckIn.wave_id == wave_id, CheckIn.group_id == group_id)
        # Who has moved to another group since is no longer for this tutor to see.
        .where(CheckIn.state != "answered", Pupil.group_id == group_id)
    ).all()
    audit.record(
        session,
        viewer.school_id,
        now,
        actor=f"staff:{viewer.id.hex}",
        action="read unanswered",
        subject=f"group:{group_id.hex}",
    )
    return group, rows


def words_seen(session: Session, viewer: Staff, since: datetime) -> Sequence[tuple[CheckIn, Pupil, TutorGroup]]:
    """Find the check-ins since a moment to which pupils added words, newest first, fifty at most; none but for leads.

    The words themselves stay sealed: opening them is what `access_words` is for.
    """
    if not viewer.active or not SAFEGUARDING & set(viewer.roles):
        return ()
    waves = select(Wave.id).where(Wave.school_id == viewer.school_id, col(Wave.opens_at) >= since)
    return session.exec(
        select(CheckIn, Pupil, TutorGroup)
        .join(Pupil, col(Pupil.id) == col(CheckIn.pupil_id))
        .join(TutorGroup, col(TutorGroup.id) == col(CheckIn.group_id))
        .where(CheckIn.school_id == viewer.school_id, col(CheckIn.wave_id).in_(waves))
        .where(col(CheckIn.words_sealed).is_not(None))
        .order_by(col(CheckIn.ended_at).desc())
        .limit(50)
    ).all()


def access_words(
    session: Session, viewer: Staff, since: datetime, now: datetime
) -> Sequence[tuple[CheckIn, Pupil, TutorGroup]]:
    """Read the check-ins with words since a moment, as `words_seen` finds them; audited. Raises NotFound."""
    if not viewer.active or not SAFEGUARDING & set(viewer.roles):
        raise NotFound
    _audit_list(session, viewer, now, "read words")
    return words_seen(session, viewer, since)


def groups_seen(session: Session, viewer: Staff, now: datetime) -> list[TutorGroup]:
    """List the tutor groups whose pupils this person may see, by name."""
    groups = session.exec(select(TutorGroup).where(TutorGroup.school_id == viewer.school_id)).all()
    covered = absences.covered_by(session, viewer, now)
    return sorted(
        (group for group in groups if may_see_group(viewer, group, covered)), key=lambda group: (group.year, group.name)
    )


def flags_seen(session: Session, viewer: Staff, group_ids: Sequence[UUID], now: datetime) -> Sequence[Flag]:
    """Read the flags of some groups this person may see that are to be decided, or that they took and have not done.

    What was taken by somebody for whom they stand in counts as theirs; with them those that a counsellor was told of.
    Oldest first, sixty at most; audited.
    """
    told = _told_of(session, viewer, now)
    allowed = {group.id for group in groups_seen(session, viewer, now)} & set(group_ids)
    takers = [viewer.id, *(one.id for one in absences.covered_by(session, viewer, now))]
    if not allowed and not told:
        return ()
    flags = session.exec(
        select(Flag)
        .join(Pupil, col(Pupil.id) == col(Flag.pupil_id))
        # The pupil's group of today: a flag moves with its pupil.
        .where(Pupil.school_id == viewer.school_id, or_(col(Pupil.group_id).in_(allowed), col(Flag.id).in_(told)))
        .where(Flag.school_id == viewer.school_id, col(Flag.contested).is_(None))
        .where(or_(Flag.state == "new", (col(Flag.state) == "taken") & col(Flag.owner_id).in_(takers)))
        .order_by(col(Flag.raised_at))
        .limit(60)
    ).all()
    if flags:
        _audit_list(session, viewer, now, "read open nudges")
    return flags


def requests_seen(session: Session, viewer: Staff, now: datetime) -> Sequence[Request]:
    """Read the requests to talk that nobody owns, or that this person owns and has not done; audited.

    Oldest first, sixty at most. Safeguarding leads see all of them, others those that were sent to them.
    """
    if not viewer.active:
        return ()
    requests = _all_requests(session, viewer) if SAFEGUARDING & set(viewer.roles) else wishes.seen_by(session, viewer)
    if requests:
        _audit_list(session, viewer, now, "read open requests")
    return requests


def _all_requests(session: Session, viewer: Staff) -> Sequence[Request]:
    return session.exec(
        select(Request)
        .where(Request.school_id == viewer.school_id)
        .where(
            (col(Request.state) == "open") | ((col(Request.state) == "owned") & (col(Request.owner_id) == viewer.id))
        )
        .order_by(col(Request.asked_at))
        .limit(60)
    ).all()


def access_nobody_named(session: Session, viewer: Staff, now: datetime) -> list[tuple[Pupil, TutorGroup]]:
    """Read which pupils have no go-to, with their groups, by year; for leads only; audited. Raises NotFound."""
    if not viewer.active or not SAFEGUARDING & set(viewer.roles):
        raise NotFound
    _audit_list(session, viewer, now, "read pupils without a go-to")
    return gotos.groups_of(session, gotos.coverage(session, viewer.school_id).nobody)


def access_asked(session: Session, viewer: Staff, ask_id: UUID, now: datetime, reason: str) -> NudgeAsk:
    """Read, lock and audit that this person was asked to check in with a pupil. Raises NotFound."""
    ask = session.exec(select(NudgeAsk).where(NudgeAsk.id == ask_id).with_for_update()).first()
    if ask is None or ask.staff_id != viewer.id or not viewer.active:
        raise NotFound
    _audit_pupil(session, viewer, session.get_one(Flag, ask.flag_id).pupil_id, now, reason)
    return ask


def _audit_pupil(session: Session, viewer: Staff, pupil_id: UUID, now: datetime, reason: str) -> None:
    actor, subject = f"staff:{viewer.id.hex}", f"pupil:{pupil_id.hex}"
    audit.record(session, viewer.school_id, now, actor=actor, action=f"read {reason}", subject=subject)


def _audit_list(session: Session, viewer: Staff, now: datetime, action: str) -> None:
    actor = f"staff:{viewer.id.hex}"
    audit.record(session, viewer.school_id, now, actor=actor, action=action, subject=actor)


def access_plan(session: Session, viewer: Staff, plan_id: UUID, now: datetime, reason: str) -> Plan:
    """Read, lock and audit a plan for a pupil or a group that this person may see. Raises NotFound."""
    plan = session.exec(select(Plan).where(Plan.id == plan_id).with_for_update()).first()
    if plan is None:
        raise NotFound
    flag = session.get(Flag, plan.flag_id) if plan.flag_id is not None else None
    if flag is not None:
        _look_at(session, viewer, flag, now, reason)
    elif plan.pupil_id is not None:
        access_pupil(session, viewer, plan.pupil_id, now, reason)
    else:
        access_group(session, viewer, plan.group_id, now)
    return plan


def plans_seen(session: Session, viewer: Staff, now: datetime) -> Sequence[Plan]:
    """Find the plans for whole groups that this person, or somebody for whom they stand in, has still to do.

    With them those of groups they see for which help is asked.
    """
    if not viewer.active:
        return ()
    owners = [viewer.id, *(one.id for one in absences.covered_by(session, viewer, now))]
    groups = [group.id for group in groups_seen(session, viewer, now)]
    return session.exec(
        select(Plan)
        .where(Plan.school_id == viewer.school_id, col(Plan.pupil_id).is_(None), col(Plan.group_id).in_(groups))
        .where(or_(col(Plan.owner_id).in_(owners), col(Plan.state) == "help"))
        .where(col(Plan.state).in_(("open", "asked", "help")))
        .order_by(col(Plan.due_at))
        .limit(20)
    ).all()
