"""Cases: flags and requests on their climb, as rows. Each step tells people; owning stops the climb, and may lapse.

A step is due work of one version: whatever happens to a case (owned, closed, raised to danger) moves its version, and a
step set before that does nothing. What a case is about is its subject; this module alone knows which cards that means.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from sqlmodel import Session, col, select

from conversations.cards import Card, nudge_card
from conversations.cards_request import request_card
from conversations.staff_absence import nobody_here_card
from scheduling import care_cards
from scheduling.briefing import asked, nudge, update_copies
from scheduling.escalation import (
    DEFAULT,
    SAFEGUARDING,
    Around,
    Kind,
    Ladder,
    Member,
    PolicyError,
    falls_due,
    read_policy,
    told,
)
from scheduling.school import SchoolFacts, next_in_school
from scheduling.telling import could_post
from store import absences, outbox, plans, wishes
from store.due import set_due
from store.people import tutor_of
from store.plan_tables import Absence
from store.sealing import Sealer
from store.tables import Escalation, Flag, Pupil, Request, Staff, TutorGroup

Subject = Flag | Request


def slots_of(row: Subject) -> str:
    """Begin the names of the slots of its card's copies."""
    return f"{'nudge' if isinstance(row, Flag) else 'request'}:{row.id.hex}:"


def kind_of(sealer: Sealer, flag: Flag) -> Kind:
    """Say how a flag climbs."""
    return "priority" if care_cards.why_of(sealer, flag).get("level") == "priority" else "nudge"


def case_of(session: Session, row: Subject) -> Escalation | None:
    """Find and lock the case of a flag or request."""
    mine = Escalation.flag_id == row.id if isinstance(row, Flag) else Escalation.request_id == row.id
    return session.exec(select(Escalation).where(mine).with_for_update()).first()


def begin(session: Session, school: SchoolFacts, row: Subject, kind: Kind, now: datetime) -> None:
    """Begin the climb of a flag or request, or begin it anew at another kind; its first step is due at once.

    A climb under way at the same kind is left as it is.
    """
    case = case_of(session, row)
    if case is not None and case.state == "open" and case.kind == kind:
        return
    if case is None:
        case = Escalation(school_id=school.id, kind=kind)
        if isinstance(row, Flag):
            case.flag_id = row.id
        else:
            case.request_id = row.id
    case.kind, case.ladder, case.opened_at, case.step = kind, ladder_of(school, kind).to_json(), now, 0
    _open(session, school, case, now, waits=0)


def own(session: Session, school: SchoolFacts, row: Subject, owner: Staff, now: datetime, *, promised: int = 0) -> None:
    """Note that somebody owns it: the climb stops, until owning lapses for want of a recorded action.

    Who said that they would act within so many minutes (`promised`) has these before the wait for it begins.
    """
    case = case_of(session, row)
    if case is None or case.state == "closed":
        return
    ladder = ladder_kept(case)
    case.state, case.version, case.owner_id = "owned", case.version + 1, owner.id
    case.since, case.waits = now, ladder.lapse + promised if ladder.lapse else 0
    case.lapses_at = when_due(school, ladder, now, case.waits) if ladder.lapse else None
    session.add(case)
    if case.lapses_at is not None:
        set_due(session, school.id, "case.lapse", case.id.hex, case.lapses_at, version=case.version)
    # What a network that was away has kept back must not nag whoever has a copy of it.
    outbox.withdraw_repeats(session, school.id, slots_of(row), now)


def own_again(session: Session, school: SchoolFacts, row: Subject, owner: Staff, now: datetime) -> None:
    """Note that somebody has what was closed after all; where it stood on its ladder is kept."""
    case = case_of(session, row)
    if case is not None and case.state == "closed":
        case.state = "open"
        session.add(case)
        own(session, school, row, owner, now)


def close(session: Session, row: Subject, now: datetime) -> None:
    """Note that nothing of it waits any more."""
    case = case_of(session, row)
    if case is not None:
        case.state, case.version, case.lapses_at = "closed", case.version + 1, None
        session.add(case)
        outbox.withdraw_repeats(session, case.school_id, slots_of(row), now)


def hand_back(session: Session, school: SchoolFacts, row: Subject, now: datetime) -> None:
    """Open it again, for nobody owns it any more; who was told has its card, so the next step keeps its wait."""
    case = case_of(session, row)
    if case is not None:
        _open(session, school, case, now, waits=ladder_kept(case).waits(case.step))


def climb_on(
    session: Session,
    school: SchoolFacts,
    row: Subject,
    now: datetime,
    *,
    past_first: bool = False,
    asks: UUID | None = None,
) -> None:
    """Let the next step of an open case come at once.

    With `past_first` its climb goes on after the first rung; steps that tell nobody but who `asks` for help are passed.
    """
    case = case_of(session, row)
    if case is None:
        return
    if past_first:
        case.step = 1
    if asks is not None:
        ladder, people = ladder_kept(case), around(session, school, row, now)
        while case.step < len(ladder.rungs) - 1 and not set(told(ladder, case.step, people)) - {asks}:
            case.step += 1
    _open(session, school, case, now, waits=0)


def climb_to_leads(session: Session, school: SchoolFacts, row: Subject, now: datetime) -> None:
    """Let the first step that tells safeguarding leads come at once; an open case that is past it climbs on."""
    case = case_of(session, row)
    if case is None or case.state != "open":
        return
    rungs = ladder_kept(case).rungs
    leads = next((number for number, rung in enumerate(rungs) if SAFEGUARDING & set(rung.tell)), len(rungs) - 1)
    case.step = max(case.step, leads)
    _open(session, school, case, now, waits=0)


def hand_over(session: Session, row: Subject, owner_id: UUID) -> None:
    """Note that somebody else owns it from now on; it lapses when it would have."""
    case = case_of(session, row)
    if case is not None and case.state == "owned":
        case.owner_id = owner_id
        session.add(case)


def _open(session: Session, school: SchoolFacts, case: Escalation, now: datetime, *, waits: int) -> None:
    """Let a case climb from here: its next step is due so many minutes from now."""
    case.state, case.version, case.owner_id, case.lapses_at = "open", case.version + 1, None, None
    case.since, case.waits = now, waits
    session.add(case)
    due = when_due(school, ladder_kept(case), now, waits)
    set_due(session, school.id, "case.step", case.id.hex, due, version=case.version)


def when_due(school: SchoolFacts, ladder: Ladder, since: datetime, waits: int) -> datetime:
    """When something falls due that has waited so many minutes of a ladder's clock since a moment."""
    due = falls_due(ladder.clock, school.calendar, since, waits)
    # Past the end of the calendar it goes by weekdays: what waits must not wait for somebody to enter term dates.
    return due or next_in_school(school, since + timedelta(minutes=waits)) or since + timedelta(minutes=waits)


def ladder_kept(case: Escalation) -> Ladder:
    """The ladder that a case has climbed from the first; the usual one where what was kept cannot be read any more."""
    try:
        return Ladder.from_json(case.ladder)
    except PolicyError:
        return DEFAULT[case.kind]  # type: ignore[index]


def ladder_of(school: SchoolFacts, kind: Kind) -> Ladder:
    """The ladder that a case of a kind climbs in this school, as its policy stands."""
    try:
        return read_policy(school.policy.get("escalation", {}))[kind]
    except PolicyError:
        # A policy is checked before it is kept; one that was spoilt since must not leave anybody waiting.
        return DEFAULT[kind]


# --- the climb --------------------------------------------------------------------------------------------------------


def take_step(session: Session, sealer: Sealer, school: SchoolFacts, case: Escalation, now: datetime) -> None:
    """Tell the people of the step that is due, and set the next."""
    ladder = ladder_kept(case)
    due = when_due(school, ladder, case.since, case.waits)
    # What fell due while nothing ran waits for school to begin again, if the calendar knows when that is.
    due = max(due, falls_due(ladder.clock, school.calendar, now, 0) or due)
    if due > now:
        # It was so, or the calendar has changed since it was set: a snow day.
        set_due(session, school.id, "case.step", case.id.hex, due, version=case.version)
        return
    row, step = _row(session, case), case.step
    case.step = step + 1
    _open(session, school, case, now, waits=ladder.waits(case.step))
    people = around(session, school, row, now)
    readers = told(ladder, step, people)
    if isinstance(row, Flag):
        # Who took it and asks for help, or passed it on, knows of it, as long as there is anybody else.
        knows = {plans.asked_for_help(session, sealer, row.id), row.owner_id}
        readers = tuple(one for one in readers if one not in knows) or readers
    tell(session, sealer, school, row, readers, str(case.version), now)
    if not any(one.here for one in people.staff if one.id in readers):
        _tell_head(session, sealer, school, case, people, now)


def tell(
    session: Session,
    sealer: Sealer,
    school: SchoolFacts,
    row: Subject,
    staff_ids: Collection[UUID],
    mark: str,
    now: datetime,
) -> None:
    """Send the card of a flag or request to people; `mark` tells this sending from others of the same card."""
    if isinstance(row, Request):
        # Before the card is made, for only who was told may press its buttons.
        wishes.note_told(session, row, staff_ids)
    card = card_of(session, sealer, school, row)
    for staff_id in staff_ids:
        reader = session.get_one(Staff, staff_id)
        slot = f"{slots_of(row)}{reader.id.hex}:{mark}"
        lane = "urgent" if isinstance(row, Request) else "reply"
        how = {"slot": slot, "dedupe": slot, "now": now, "lane": lane}
        if not could_post(session, sealer, school, reader, card, event="case.step", **how):
            # Whoever is next must hear of it.
            kind = "talk.unreached" if isinstance(row, Request) else "nudge.unreached"
            set_due(session, school.id, kind, f"{row.id.hex}:{reader.id.hex}", now)


def _tell_head(
    session: Session, sealer: Sealer, school: SchoolFacts, case: Escalation, people: Around, now: datetime
) -> None:
    """Ask the head to reach somebody: everybody who was told is away. What it is about stays closed to the head."""
    for member in people.staff:
        if "head" in member.roles:
            key = f"nobody:{case.id.hex}:{member.id.hex}:{case.version}"
            head, how = session.get_one(Staff, member.id), {"slot": None, "dedupe": key, "now": now, "lane": "urgent"}
            could_post(session, sealer, school, head, nobody_here_card(), event="case.step", **how)


def lapse(session: Session, sealer: Sealer, school: SchoolFacts, case: Escalation, now: datetime) -> None:
    """Take a case from an owner who recorded nothing in time: it is open again, and its next step is due at once."""
    due = when_due(school, ladder_kept(case), case.since, case.waits)
    if due > now:
        case.lapses_at = due
        session.add(case)
        set_due(session, school.id, "case.lapse", case.id.hex, due, version=case.version)
        return
    row = _row(session, case)
    row.owner_id = None
    if isinstance(row, Flag):
        row.state, row.version = "new", row.version + 1
        plans.end_of_flag(session, row.id, now)
    else:
        row.state = "open"
    session.add(row)
    _open(session, school, case, now, waits=0)
    session.flush()
    card, slots = card_of(session, sealer, school, row), slots_of(row)
    update_copies(session, sealer, school, slots, card, dedupe=f"{slots}lapse:{case.version}", now=now)


def card_of(session: Session, sealer: Sealer, school: SchoolFacts, row: Subject) -> Card:
    """Make the card of a flag or request as it stands."""
    if isinstance(row, Flag):
        return nudge_card(nudge(session, sealer, school, row))
    return request_card(asked(session, sealer, school, row))


def around(session: Session, school: SchoolFacts, row: Subject, now: datetime) -> Around:
    """Find the people around a case: who of the staff is here, and the pupil's tutor and heads of year."""
    group = session.get_one(TutorGroup, session.get_one(Pupil, row.pupil_id).group_id)
    line = wishes.line(session, row) if isinstance(row, Request) else []
    people = around_group(session, school, group, now)
    return replace(people, chosen=line[0] if line else None, other=line[1] if len(line) > 1 else None)


def around_group(session: Session, school: SchoolFacts, group: TutorGroup, now: datetime) -> Around:
    """Find the people around a tutor group: who of the staff is here, its tutor and heads of year."""
    staff, tutor = _staff(session, school), tutor_of(session, group.id)
    return Around(
        _members(session, school, staff, now),
        tutor=tutor.id if tutor else None,
        heads_of_year=frozenset(one.id for one in staff if "head_of_year" in one.roles and one.year == group.year),
    )


def around_nobody(session: Session, school: SchoolFacts, now: datetime) -> Around:
    """Find the people around what is of no pupil that is known: who of the staff is here."""
    return Around(_members(session, school, _staff(session, school), now))


def _staff(session: Session, school: SchoolFacts) -> Sequence[Staff]:
    return session.exec(select(Staff).where(Staff.school_id == school.id, Staff.active).order_by(col(Staff.id))).all()


def _members(session: Session, school: SchoolFacts, staff: Sequence[Staff], now: datetime) -> tuple[Member, ...]:
    away = absences.away(session, school.id, now)
    return tuple(_member(one, away, staff) for one in staff)


def _member(one: Staff, away: Mapping[UUID, Absence], staff: Sequence[Staff]) -> Member:
    if one.id not in away:
        return Member(one.id, frozenset(one.roles))
    cover = next((other for other in staff if other.id == away[one.id].cover_id), None)
    if cover is not None and SAFEGUARDING & set(one.roles) and not SAFEGUARDING & set(cover.roles):
        # Told, they could not open it: what a lead reads is read by leads alone.
        cover = None
    return Member(one.id, frozenset(one.roles), here=False, deputy=cover.id if cover else None)


def _row(session: Session, case: Escalation) -> Subject:
    if case.flag_id is not None:
        return session.get_one(Flag, case.flag_id, with_for_update=True)
    assert case.request_id is not None  # noqa: S101 (a case is of one of the two)
    return session.get_one(Request, case.request_id, with_for_update=True)
