"""Go-tos as staff see them, read from the store and put into cards."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlmodel import Session, col, select

from conversations.cards import Card
from conversations.cards_gotos import CheckInAsk, YearStands, coverage_card, named_card
from conversations.reasons import UNREADABLE
from conversations.staff_nudges import NudgeGoTo
from scheduling.school import SchoolFacts
from store import gotos, guards
from store.care_tables import GoTo, NudgeAsk
from store.people import initials, name_of, tutor_of
from store.sealing import Sealer
from store.tables import Flag, Pupil, Staff, TutorGroup


def home_of(session: Session, viewer: Staff) -> tuple[Card, ...]:
    """What a Home tab says of go-tos: to leads how the school stands, to an adult who was named by how many."""
    shown = []
    if viewer.active and guards.SAFEGUARDING & set(viewer.roles):
        stands = gotos.coverage(session, viewer.school_id)
        asking = gotos.open_campaign(session, viewer.school_id)
        years = [YearStands(one.year, one.two, one.one, one.nobody) for one in stands.years]
        shown.append(coverage_card(years, len(stands.named_by_many), asking.started_at if asking else None))
    refuses = gotos.refuses(session, viewer.id)
    named = len(session.exec(select(GoTo.id).where(GoTo.staff_id == viewer.id, col(GoTo.until).is_(None))).all())
    if viewer.active and (named or refuses):
        shown.append(named_card(named, refuses=refuses))
    return tuple(shown)


def go_tos_of(session: Session, sealer: Sealer, flag: Flag) -> tuple[NudgeGoTo, ...]:
    """Give the go-tos of a flag's pupil who could be asked to check in, without the pupil's own tutor."""
    pupil = session.get_one(Pupil, flag.pupil_id)
    named = gotos.of_pupil(session, pupil)
    if not named:
        return ()
    tutor = tutor_of(session, pupil.group_id)
    asks = {one.staff_id: one for one in session.exec(select(NudgeAsk).where(NudgeAsk.flag_id == flag.id)).all()}
    return tuple(
        NudgeGoTo(staff.id.hex, name_of(sealer, staff), asks[staff.id].answer or "asked" if staff.id in asks else "")
        # Two, as there is room for: one who is away for long comes last, after whoever was named for now.
        for staff in named[: len(gotos.PLACES)]
        if tutor is None or staff.id != tutor.id
    )


def check_in_ask(session: Session, sealer: Sealer, school: SchoolFacts, ask: NudgeAsk) -> CheckInAsk:
    """Put an ask into the words of its card."""
    pupil = session.get_one(Pupil, session.get_one(Flag, ask.flag_id).pupil_id)
    group = session.get_one(TutorGroup, pupil.group_id)
    name = name_of(sealer, pupil)
    label = name if school.policy.get("names") == "full" else initials(name)
    asker = name_of(sealer, session.get_one(Staff, ask.asked_by))
    return CheckInAsk(ask.id.hex, label, group.name, asker, ask.answer)


def why_of(sealer: Sealer, flag: Flag) -> Mapping[str, Any]:
    """Read why a flag was raised; where that does not open, that it cannot be read: it is heard of all the same."""
    why: Mapping[str, Any] | None = sealer.open_if_whole("flag", "reasons", flag.id, flag.reasons_sealed)
    return UNREADABLE if why is None else why


def copies_of(ask_id: UUID) -> str:
    """Begin the names of the slots of an ask's card."""
    return f"asked:{ask_id.hex}:"
