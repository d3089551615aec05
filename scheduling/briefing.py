"""What staff are told, read from the store and put into cards, and the letters that carry them to Slack."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Literal, cast
from uuid import UUID

from sqlalchemy import func
from sqlmodel import Session, col, select

from conversations import cards
from conversations.actions import LATEST, Action, load
from conversations.actions.choosing import choose
from conversations.cards import Card
from conversations.cards_request import AskedFor, request_card
from conversations.model import Band, say, verbatim
from conversations.reasons import action_codes, reason_phrases
from conversations.staff_absence import Away, others_card, own_card
from conversations.staff_nudges import Planned, group_plan_card
from conversations.whisper_cards import desk_card
from scheduling import care_cards
from scheduling.school import SchoolFacts
from store import absences, guards, outbox, plans, wishes
from store.home_pages import keep_page, page_of
from store.outbox import Letter
from store.people import initials, name_of
from store.plan_tables import Absence, Plan
from store.sealing import Sealer, Unreadable
from store.tables import CheckIn, Flag, Pupil, Request, Staff, TutorGroup, Wave

# More would be too much for one modal, and for ten minutes.
IDEAS = 2
# Totals of the whole school are theirs to see; whose they are made of is the guards' to say.
WHOLE_SCHOOL = guards.SAFEGUARDING | {"head"}
WORDS_FOR = timedelta(days=14)


def pupil_label(sealer: Sealer, school: SchoolFacts, pupil: Pupil) -> str:
    """Name a pupil as the school chose for places where history lasts: initials unless it said "full"."""
    name = name_of(sealer, pupil)
    return name if school.policy.get("names") == "full" else initials(name)


def nudge(session: Session, sealer: Sealer, school: SchoolFacts, flag: Flag) -> cards.Nudge:
    """Put a flag into the words of its card."""
    pupil, group = _pupil_and_group(session, flag.pupil_id, flag.group_id)
    why = care_cards.why_of(sealer, flag)
    plan = plans.of_flag(session, flag.id) if flag.state in ("taken", "done") else None
    go_tos = care_cards.go_tos_of(session, sealer, flag)
    return cards.Nudge(
        flag=flag.id.hex,
        pupil=pupil_label(sealer, school, pupil),
        group=group.name,
        reasons=reason_phrases(why),
        ideas=tuple(say(idea.title) for idea in _ideas(session, sealer, flag, pupil, go_to=bool(go_tos))),
        priority=why.get("level") == "priority",
        state=cast('Literal["new", "taken", "snoozed", "not_needed", "done"]', flag.state),
        owner=_staff_name(session, sealer, flag.owner_id),
        until=flag.snoozed_until,
        contested=flag.contested is not None,
        why=plans.judgement(session, sealer, flag.id) if flag.state == "not_needed" else "",
        plan=planned(session, sealer, plan) if plan else None,
        help_for=_help_for(session, sealer, flag),
        gotos=go_tos,
    )


def _help_for(session: Session, sealer: Sealer, flag: Flag) -> str:
    """Name whoever took a flag that is open again and asked for help with it."""
    asked_by = plans.asked_for_help(session, sealer, flag.id) if flag.state == "new" and flag.version else None
    return _staff_name(session, sealer, asked_by)


def ideas(session: Session, sealer: Sealer, flag: Flag, pupil: Pupil) -> tuple[Action, ...]:
    """Choose the actions to suggest for a flag: the same each time, for the same go-tos."""
    return _ideas(session, sealer, flag, pupil, go_to=bool(care_cards.go_tos_of(session, sealer, flag)))


def _ideas(session: Session, sealer: Sealer, flag: Flag, pupil: Pupil, *, go_to: bool) -> tuple[Action, ...]:
    band: Band = "young" if pupil.phase == "young" else "older"
    tried, outcomes = plans.tried(session, sealer, pupil.id, flag.raised_at)
    codes = action_codes(care_cards.why_of(sealer, flag))
    return choose(codes, band, tried, outcomes, flag.id.int, IDEAS, go_to=go_to)


def planned(session: Session, sealer: Sealer, plan: Plan) -> Planned:
    """Put a plan into the words of its card."""
    what = plans.content_or_blank(sealer, plan)
    action = load(LATEST).actions.get(what["action"])
    return Planned(
        plan=plan.id.hex,
        action=say(action.title) if action else None,
        owner=_staff_name(session, sealer, plan.owner_id),
        due=plan.due_at,
        asked=plan.state == "asked",
        noticed=what["noticed"],
        words=bool(what["words"]),
        help_for=_staff_name(session, sealer, UUID(hex=what["help"]["by"]))
        if isinstance(what.get("help"), dict)
        else "",
    )


def asked(session: Session, sealer: Sealer, school: SchoolFacts, request: Request) -> AskedFor:
    """Put a request to talk into the words of its card."""
    pupil = session.get_one(Pupil, request.pupil_id)
    _, group = _pupil_and_group(session, pupil.id, pupil.group_id)
    wish = wishes.wish_of(session, request)
    owned = request.state != "open"
    return AskedFor(
        request=request.id.hex,
        pupil=pupil_label(sealer, school, pupil),
        group=group.name,
        danger=request.danger,
        asked_at=request.asked_at,
        owner=_staff_name(session, sealer, request.owner_id),
        done=request.state == "done",
        chosen=_staff_name(session, sealer, wish.chosen_id),
        soon="week" if wish.soon == "week" else "today",
        passed=tuple(_staff_name(session, sealer, UUID(hex=one)) for one in wish.passed),
        until=wish.promised_for if owned else None,
        promise=wish.promise,
        not_yet=wish.met == "not yet",
        cut_off=pupil.unreachable_since is not None,
    )


def response(session: Session, wave: Wave, group: TutorGroup) -> cards.Response:
    """Count how far one group has answered one wave."""
    return _counted(session, wave, group.name, group.id)


def responses(session: Session, wave: Wave, groups: Sequence[TutorGroup]) -> list[cards.Response]:
    """Count how far each of some groups has answered one wave, in one look, in the order of the groups."""
    counts: dict[UUID, dict[str, int]] = {group.id: {} for group in groups}
    statement = select(CheckIn.group_id, CheckIn.state, func.count()).where(
        CheckIn.school_id == wave.school_id, CheckIn.wave_id == wave.id
    )
    for group_id, state, count in session.exec(statement.group_by(col(CheckIn.group_id), col(CheckIn.state))):
        if group_id in counts:
            counts[group_id][state] = count
    return [_response(wave, group.name, group.id, counts[group.id]) for group in groups]


def _counted(session: Session, wave: Wave, name: str, group_id: UUID | None) -> cards.Response:
    statement = select(CheckIn.state, func.count()).where(
        CheckIn.school_id == wave.school_id, CheckIn.wave_id == wave.id
    )
    if group_id is not None:
        statement = statement.where(CheckIn.group_id == group_id)
    return _response(wave, name, group_id, dict(session.exec(statement.group_by(CheckIn.state)).all()))


def _response(wave: Wave, name: str, group_id: UUID | None, counts: Mapping[str, int]) -> cards.Response:
    return cards.Response(
        wave=wave.id.hex,
        group_id=group_id.hex if group_id else "",
        group=name,
        answered=counts.get("answered", 0),
        asked=sum(counts.values()) - counts.get("absent", 0) - counts.get("cut_off", 0),
        undelivered=counts.get("undelivered", 0),
        closes_at=wave.closes_at,
        closed=wave.state == "closed",
    )


def latest_wave(session: Session, school_id: UUID) -> Wave | None:
    """Find the wave opened last; one that lapsed was never opened."""
    return session.exec(
        select(Wave)
        .where(Wave.school_id == school_id, Wave.state != "lapsed")
        .order_by(col(Wave.opens_at).desc())
        .limit(1)
    ).first()


def home(session: Session, sealer: Sealer, school: SchoolFacts, viewer: Staff, now: datetime) -> tuple[Card, ...]:
    """Put together a person's Home tab, the whole of it: what they may see, through the guards."""
    kept = home_kept(session, sealer, school, viewer, now)
    return kept.shown(kept.cards)


@dataclass(frozen=True)
class Kept:
    """Cards of which nudges are only places kept, each by its flag's id: few of many are on one page, and written."""

    cards: tuple[Card, ...]
    _flags: Mapping[Card, Flag] = field(default_factory=dict)
    _write: Callable[[Flag], Card] | None = None

    def shown(self, page: tuple[Card, ...]) -> tuple[Card, ...]:
        """Put the nudges themselves where their places are kept."""
        if self._write is None:
            return page
        return tuple(self._write(self._flags[one]) if one in self._flags else one for one in page)


def nudges_kept(session: Session, sealer: Sealer, school: SchoolFacts, flags: Sequence[Flag]) -> Kept:
    """Keep the places of nudges, in their order."""
    places = {Card(verbatim(flag.id.hex)): flag for flag in flags}
    return Kept(tuple(places), places, lambda flag: cards.nudge_card(nudge(session, sealer, school, flag)))


def home_kept(session: Session, sealer: Sealer, school: SchoolFacts, viewer: Staff, now: datetime) -> Kept:
    """Put a Home tab together with the nudges' places kept."""
    groups = guards.groups_seen(session, viewer, now)
    wave = latest_wave(session, school.id)
    tutors = {viewer.id, *(one.id for one in absences.covered_by(session, viewer, now))}
    own = [group for group in groups if group.tutor_id in tutors]
    counted = [one for one in responses(session, wave, groups) if one.asked] if wave else []
    first = [one for one in counted if one.group_id in {group.id.hex for group in own}]
    if wave and viewer.active and WHOLE_SCHOOL & set(viewer.roles):
        first.insert(0, _counted(session, wave, school.name, None))
    flags = guards.flags_seen(session, viewer, [group.id for group in own] or [group.id for group in groups], now)
    nudges = nudges_kept(session, sealer, school, flags)
    shown_cards = cards.home_cards(
        tuple(one for one in first if one.asked),
        nudges.cards,
        tuple(request_card(asked(session, sealer, school, one)) for one in guards.requests_seen(session, viewer, now)),
        len(guards.words_seen(session, viewer, now - WORDS_FOR)),
        plan_cards(session, sealer, viewer, now),
    )
    of_gotos = care_cards.home_of(session, viewer)
    # Groups that are not theirs come last: there may be dozens, and what can be done about them is little.
    others = cards.response_cards(tuple(one for one in counted if one not in first))
    if (of_gotos or others) and shown_cards == (cards.quiet_card(),):
        shown_cards = ()
    shown_cards = (*shown_cards, *of_gotos)
    if guards.SAFEGUARDING & set(viewer.roles):
        shown_cards = (*shown_cards, desk_card())
    return replace(nudges, cards=(*shown_cards, *_absence_cards(session, sealer, viewer, now), *others))


def away_of(session: Session, sealer: Sealer, row: Absence, now: datetime) -> Away:
    """Put an absence into words."""
    return Away(
        row.staff_id.hex,
        _staff_name(session, sealer, row.staff_id),
        row.starts_at,
        row.ends_at - timedelta(minutes=1),
        _staff_name(session, sealer, row.cover_id),
        begun=row.starts_at <= now,
    )


def away_listed(session: Session, sealer: Sealer, school_id: UUID, now: datetime) -> tuple[Away, ...]:
    """List who of the staff is away or will be, the one that begins first first."""
    return tuple(away_of(session, sealer, row, now) for row in absences.to_come(session, school_id, now))


def plan_cards(session: Session, sealer: Sealer, viewer: Staff, now: datetime) -> tuple[Card, ...]:
    """The plans for whole groups that are theirs to do, a card each."""
    return tuple(
        group_plan_card(planned(session, sealer, plan), session.get_one(TutorGroup, plan.group_id).name, plan.state)
        for plan in guards.plans_seen(session, viewer, now)
    )


def _absence_cards(session: Session, sealer: Sealer, viewer: Staff, now: datetime) -> tuple[Card, ...]:
    own = absences.own(session, viewer, now)
    card = own_card(away_of(session, sealer, own, now) if own else None)
    if not viewer.active or not guards.SAFEGUARDING & set(viewer.roles):
        return (card,)
    return card, others_card(away_listed(session, sealer, viewer.school_id, now))


def post_card(
    session: Session,
    sealer: Sealer,
    school: SchoolFacts,
    staff: Staff,
    card: Card,
    *,
    slot: str | None,
    dedupe: str,
    now: datetime,
    method: str = "post",
    lane: str = "reply",
    lease_to: str | None = None,
    expires_at: datetime | None = None,
    not_before: datetime | None = None,
) -> Letter | None:
    """Write one card to one member of staff; returns the letter when it was leased. Raises Unreadable."""
    payload: dict[str, Any] = {"card": card.to_json(), **_address(sealer, school, staff)}
    return outbox.post(
        session,
        sealer,
        school_id=school.id,
        network="slack",
        lane=lane,
        method=method,
        recipient=f"staff:{staff.id.hex}",
        payload=payload,
        slot=slot,
        dedupe=dedupe,
        now=now,
        lease_to=lease_to,
        expires_at=expires_at,
        not_before=not_before,
    )


def update_copies(
    session: Session,
    sealer: Sealer,
    school: SchoolFacts,
    slot_prefix: str,
    card: Card,
    *,
    dedupe: str,
    now: datetime,
    lease_to: str | None = None,
) -> list[Letter]:
    """Write an update of every copy of a card, posted or on its way; slots begin `<slot_prefix><staff id in hex>`."""
    letters = []
    for slot in outbox.slots_of(session, school.id, slot_prefix):
        staff = session.get(Staff, UUID(slot.removeprefix(slot_prefix).partition(":")[0]))
        if staff is None:
            continue
        key = f"{dedupe}:{slot.removeprefix(slot_prefix)}"
        # One copy whose reader's address does not open must not keep the others as they were.
        with suppress(Unreadable):
            letter = post_card(
                *(session, sealer, school, staff, card),
                slot=slot,
                dedupe=key,
                now=now,
                method="update",
                lease_to=lease_to,
            )
            letters += [letter] if letter else []
    return letters


def post_home(
    session: Session,
    sealer: Sealer,
    school: SchoolFacts,
    staff: Staff,
    *,
    dedupe: str,
    now: datetime,
    lease_to: str | None = None,
    page: int | None = None,
) -> Letter | None:
    """Write the person's Home tab anew, at a page from 0. An old one is of no use: it expires after ten minutes.

    Without a page it stays at the one they are on: others change what is shown there, and they press in other places.
    """
    if page is None:
        page = page_of(session, staff.id)
    else:
        keep_page(session, staff.id, page)
    kept = home_kept(session, sealer, school, staff, now)
    shown_cards = [card.to_json() for card in kept.shown(cards.home_pages(kept.cards, page))]
    payload: dict[str, Any] = {"cards": shown_cards, "page": page, **_address(sealer, school, staff)}
    return outbox.post(
        session,
        sealer,
        school_id=school.id,
        network="slack",
        lane="reply",
        method="home",
        recipient=f"staff:{staff.id.hex}",
        payload=payload,
        dedupe=dedupe,
        now=now,
        lease_to=lease_to,
        expires_at=now + timedelta(minutes=10),
    )


def _address(sealer: Sealer, school: SchoolFacts, staff: Staff) -> dict[str, Any]:
    sealed = staff.slack_user_sealed
    # One that does not open is looked up by the address, and kept anew.
    user = sealer.open_if_whole("staff", "slack_user", staff.id, sealed) if sealed else None
    address = {"user": user, "language": school.locale, "zone": school.zone}
    if user is None:
        address["email"] = sealer.read(staff, "email")
    return address


def _staff_name(session: Session, sealer: Sealer, staff_id: UUID | None) -> str:
    staff = session.get(Staff, staff_id) if staff_id else None
    return name_of(sealer, staff) if staff else ""


def _pupil_and_group(session: Session, pupil_id: UUID, group_id: UUID) -> tuple[Pupil, TutorGroup]:
    return session.get_one(Pupil, pupil_id), session.get_one(TutorGroup, group_id)
