"""A small made-up school in a store of its own: two tutor groups, five members of staff, a flag, a request, a wave."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeVar
from uuid import UUID

from sqlalchemy import Engine
from sqlmodel import Session, select

from bot.worker import Worker
from conversations.cards import Card, nudge_card
from conversations.cards_request import request_card
from scheduling.briefing import asked, nudge, post_card
from scheduling.sample import sample_calendar
from scheduling.school import SchoolFacts, facts
from store import audit, outbox
from store.ids import new_id
from store.outbox import Letter
from store.sealing import Sealer
from store.tables import CheckIn, Flag, Outbox, Pupil, Request, School, Staff, TutorGroup, Wave

T = TypeVar("T")

NOW = datetime(2026, 11, 10, 10, 0, tzinfo=UTC)
PEOPLE = [
    {"id": "U0TUTOR", "email": "t.tolling@rehearsal.school", "name": "t.tolling", "real_name": "Tess Tolling"},
    {"id": "U0OTHER", "email": "o.orrin@rehearsal.school", "name": "o.orrin", "real_name": "Otto Orrin"},
    {"id": "U0LEAD", "email": "l.lomax@rehearsal.school", "name": "l.lomax", "real_name": "Lena Lomax"},
    {"id": "U0DEPUTY", "email": "d.dunmore@rehearsal.school", "name": "d.dunmore", "real_name": "Dev Dunmore"},
    {"id": "U0GUEST", "email": "guest@elsewhere.example", "name": "guest", "real_name": "Gil Guest"},
]


@dataclass
class SmallSchool:
    """The store, and the ids of what is in it; `work` runs one transaction."""

    worker: Worker
    sealer: Sealer
    school: SchoolFacts
    staff: dict[str, UUID]
    groups: dict[str, UUID]
    wave: UUID
    flag: UUID
    request: UUID

    def work(self, work: Callable[[Session], T]) -> T:
        return self.worker.run_now(work)

    def member(self, session: Session, name: str) -> Staff:
        return session.get_one(Staff, self.staff[name])

    def the_flag(self) -> Flag:
        return self.work(lambda session: session.get_one(Flag, self.flag))

    def the_request(self) -> Request:
        return self.work(lambda session: session.get_one(Request, self.request))

    def audited(self) -> list[str]:
        """List what was done, oldest first, and check that the chain is whole."""

        def read(session: Session) -> list[str]:
            assert audit.first_break(session, self.school.id) is None
            return [row.action for row in session.exec(select(audit.Audit).order_by(audit.Audit.number))]  # type: ignore[arg-type]

        return self.work(read)

    def waiting(self) -> list[Outbox]:
        return self.work(lambda session: list(session.exec(select(Outbox).where(Outbox.state == "waiting"))))

    def post_nudge(self, *readers: str) -> list[Letter]:
        """Write the nudge's card to some staff, as the job that raised the flag does."""
        return self._post(
            lambda session: nudge_card(nudge(session, self.sealer, self.school, session.get_one(Flag, self.flag))),
            f"nudge:{self.flag.hex}",
            readers,
        )

    def post_request(self, *readers: str) -> list[Letter]:
        return self._post(
            lambda session: request_card(
                asked(session, self.sealer, self.school, session.get_one(Request, self.request))
            ),
            f"request:{self.request.hex}",
            readers,
        )

    def _post(self, make: Callable[[Session], Card], prefix: str, readers: tuple[str, ...]) -> list[Letter]:
        def write(session: Session) -> list[Letter]:
            card, letters = make(session), []
            for reader in readers:
                member = self.member(session, reader)
                slot = f"{prefix}:{member.id.hex}"
                letter = post_card(
                    session, self.sealer, self.school, member, card, slot=slot, dedupe=slot, now=NOW, lease_to="tests"
                )
                assert letter is not None
                letters.append(letter)
            return letters

        return self.work(write)

    def posted(self, letters: list[Letter]) -> None:
        """Pretend that letters have been sent, each to a place of its own."""

        def write(session: Session) -> None:
            for number, letter in enumerate(letters):
                outbox.sent(session, self.sealer, letter, NOW, {"channel": f"D{number}", "ts": "1.000001"})

        self.work(write)


def small_school(engine: Engine, *, linked: bool = False, flag_id: UUID | None = None) -> SmallSchool:
    """Make the school; `linked` means that every member of staff is known by their Slack user already.

    What a nudge suggests goes by its id: with `flag_id` it is the same each time.
    """
    worker, sealer = Worker(engine), Sealer(bytes(range(32)))
    return worker.run_now(lambda session: _fill(session, worker, sealer, linked, flag_id))


def _fill(session: Session, worker: Worker, sealer: Sealer, linked: bool, flag_id: UUID | None) -> SmallSchool:
    row = School(
        name="Fernhill School",
        zone="Europe/London",
        nation="ENG",
        calendar=sample_calendar(2026).to_json(),
        policy={"basis": {}},
    )
    session.add(row)
    session.flush()
    staff = {
        "tutor": _member(session, sealer, row.id, 0, ["tutor"], linked),
        "other": _member(session, sealer, row.id, 1, ["tutor"], linked),
        "lead": _member(session, sealer, row.id, 2, ["dsl"], linked),
        "deputy": _member(session, sealer, row.id, 3, ["deputy_dsl"], linked),
    }
    session.flush()
    groups = {
        name: TutorGroup(school_id=row.id, name=name, year=7, tutor_id=staff[tutor])
        for name, tutor in (("7A", "tutor"), ("7B", "other"))
    }
    session.add_all(groups.values())
    wave = Wave(
        school_id=row.id,
        day="2026-11-10",
        number=1,
        opens_at=NOW - timedelta(hours=1),
        closes_at=NOW + timedelta(hours=5),
        bank_version="1",
    )
    session.add(wave)
    session.flush()
    first = a_pupil(session, sealer, row.id, groups["7A"], wave, "Wren Ashdown", "answered")
    a_pupil(session, sealer, row.id, groups["7A"], wave, "Bo <!channel> Quill", "open")
    a_pupil(session, sealer, row.id, groups["7B"], wave, "Ivo Tarn", "undelivered")
    flag = Flag(
        id=flag_id or new_id(),
        school_id=row.id,
        pupil_id=first.pupil_id,
        group_id=groups["7A"].id,
        check_in_id=first.id,
        rule="test",
        raised_at=NOW,
    )
    sealer.write(flag, "reasons", {"low": 3, "window": 4, "baseline": 20})
    request = Request(school_id=row.id, pupil_id=first.pupil_id, danger=True, asked_at=NOW)
    session.add_all((flag, request))
    session.flush()
    return SmallSchool(
        worker,
        sealer,
        facts(row),
        staff,
        {name: group.id for name, group in groups.items()},
        wave.id,
        flag.id,
        request.id,
    )


def _member(session: Session, sealer: Sealer, school_id: UUID, number: int, roles: list[str], linked: bool) -> UUID:
    person = PEOPLE[number]
    member = Staff(
        school_id=school_id,
        mis_key=sealer.blind("mis", number),
        email_key=sealer.blind("email", person["email"]),
        roles=roles,
    )
    sealer.write(member, "name", person["real_name"])
    sealer.write(member, "email", person["email"])
    if linked:
        sealer.write(member, "slack_user", person["id"])
        member.slack_user_key = sealer.blind("slack", person["id"])
    session.add(member)
    return member.id


def more_groups(session: Session, here: SmallSchool, count: int) -> None:
    """Add tutor groups 800, 801 and so on, each with a pupil whose check-in is open."""
    wave = session.get_one(Wave, here.wave)
    for number in range(count):
        group = TutorGroup(school_id=here.school.id, name=f"8{number:02}", year=8, tutor_id=None)
        session.add(group)
        session.flush()
        a_pupil(session, here.sealer, here.school.id, group, wave, f"Pupil {number}", "open")


def a_pupil(
    session: Session, sealer: Sealer, school_id: UUID, group: TutorGroup, wave: Wave, name: str, state: str
) -> CheckIn:
    """Add a pupil of a group, with a check-in of the wave in this state."""
    pupil = Pupil(
        school_id=school_id, mis_key=sealer.blind("mis", name), group_id=group.id, phase="older", status="active"
    )
    sealer.write(pupil, "name", name)
    session.add(pupil)
    session.flush()
    check_in = CheckIn(
        school_id=school_id,
        wave_id=wave.id,
        pupil_id=pupil.id,
        group_id=group.id,
        phase="older",
        bank_version="1",
        state=state,
        opened_at=wave.opens_at,
    )
    session.add(check_in)
    session.flush()
    return check_in
