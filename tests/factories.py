"""Schools and people made for tests, through the same functions the product uses."""

from datetime import UTC, date, datetime, time
from itertools import count

from sqlmodel import Session

from conversations.model import Band
from scheduling.calendar import SchoolCalendar, Term
from scheduling.school import SchoolFacts, facts
from store.people import chat_key
from store.people_tables import Guardian, Guardianship
from store.sealing import Sealer
from store.tables import Binding, Pupil, School, Staff, TutorGroup

# A Tuesday in term, 10:00 in London.
NOW = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
_numbers = count(1)

CALENDAR = SchoolCalendar(
    zone="Europe/London",
    nation="ENG",
    terms=(Term("Autumn", date(2026, 9, 1), date(2026, 12, 18)), Term("Spring", date(2027, 1, 4), date(2027, 3, 25))),
    day_start=time(8, 30),
    day_end=time(15, 30),
)


def make_school(session: Session, calendar: SchoolCalendar = CALENDAR, **policy: object) -> SchoolFacts:
    """A school of one calendar, without people."""
    school = School(
        name="Larkfield",
        zone=calendar.zone,
        nation=calendar.nation,
        calendar=calendar.to_json(),
        policy={"basis": {}, **policy},
    )
    session.add(school)
    session.flush()
    return facts(school)


def make_staff(session: Session, sealer: Sealer, school: SchoolFacts, *roles: str, year: int | None = None) -> Staff:
    """A member of staff with roles, not yet linked to Slack."""
    number = next(_numbers)
    email = f"staff{number}@example.org"
    staff = Staff(
        school_id=school.id,
        mis_key=sealer.blind("mis", f"S{number}"),
        email_key=sealer.blind("email", email),
        roles=list(roles),
        year=year,
    )
    sealer.write(staff, "name", f"Staff Member{number}")
    sealer.write(staff, "email", email)
    session.add(staff)
    session.flush()
    return staff


def make_group(session: Session, school: SchoolFacts, name: str, year: int, tutor: Staff | None = None) -> TutorGroup:
    """A tutor group."""
    group = TutorGroup(school_id=school.id, name=name, year=year, tutor_id=tutor.id if tutor else None)
    session.add(group)
    session.flush()
    return group


def make_pupil(
    session: Session,
    sealer: Sealer,
    school: SchoolFacts,
    group: TutorGroup,
    *,
    chat_id: int | None = None,
    status: str = "active",
    phase: Band = "older",
) -> Pupil:
    """A pupil; with a chat id, one who has joined."""
    number = next(_numbers)
    pupil = Pupil(
        school_id=school.id,
        mis_key=sealer.blind("mis", f"P{number}"),
        group_id=group.id,
        phase=phase,
        status=status,
    )
    sealer.write(pupil, "name", f"Pupil Example{number}")
    session.add(pupil)
    session.flush()
    if chat_id is not None:
        binding = Binding(pupil_id=pupil.id, school_id=school.id, chat_key=chat_key(sealer, chat_id))
        sealer.write(binding, "chat", chat_id)
        session.add(binding)
        session.flush()
    return pupil


def make_guardian(
    session: Session, sealer: Sealer, school: SchoolFacts, *pupils: Pupil, guardian: Guardian | None = None
) -> Guardian:
    """A guardian of some pupils; or these pupils tied to one who is there."""
    if guardian is None:
        number = next(_numbers)
        guardian = Guardian(school_id=school.id, mis_key=sealer.blind("mis", f"G{number}"))
        sealer.write(guardian, "name", f"Carer Example{number}")
        session.add(guardian)
        session.flush()
    for pupil in pupils:
        session.add(Guardianship(guardian_id=guardian.id, pupil_id=pupil.id, school_id=school.id))
    session.flush()
    return guardian
