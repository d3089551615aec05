"""What the tests of the runner and of the edges share: a small school, its clock, and what waits in its outbox."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from sqlmodel import Session, SQLModel, select

from bot.effects import Outcome
from bot.runner import Incoming, Runner
from conversations.bank import LATEST, load
from conversations.model import CheckInId, CheckInOpens, Event, Phrase
from scheduling import cases
from scheduling.school import SchoolFacts
from store.people import by_pupil
from store.sealing import Sealer
from store.tables import CheckIn, Failure, Flag, Outbox, Pupil, Staff, TutorGroup, Wave
from tests.factories import NOW, make_group, make_pupil, make_school, make_staff

WAVES = count(1)


@dataclass
class Hand:
    """A clock that a test moves."""

    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now

    def move(self, **by: float) -> None:
        self.now += timedelta(**by)


@dataclass
class Classroom:
    """A school with one tutor group, its tutor and one safeguarding lead, and a runner for its bot."""

    session: Session
    sealer: Sealer
    school: SchoolFacts
    tutor: Staff
    lead: Staff
    group: TutorGroup
    clock: Hand = field(default_factory=Hand)
    number: int = 100

    @property
    def runner(self) -> Runner:
        return Runner(self.sealer, self.clock, "test", bot="1")

    def pupil(self, chat_id: int | None = None, status: str = "active") -> Pupil:
        return make_pupil(self.session, self.sealer, self.school, self.group, chat_id=chat_id, status=status)

    def incoming(self, chat_id: int, event: Event | None, **more: Any) -> Incoming:  # noqa: ANN401
        self.number += 1
        return Incoming(more.pop("update_id", self.number), chat_id, event, **more)

    def handle(self, *batch: Incoming, seen: bool = False) -> Outcome:
        outcome = self.runner.handle(self.session, self.school, batch, seen=seen)
        self.session.commit()
        return outcome

    def say(self, chat_id: int, event: Event, **more: Any) -> Outcome:  # noqa: ANN401
        return self.handle(self.incoming(chat_id, event, **more))

    def run_due(self) -> int:
        """Do all that is due; gives the number of rows."""
        rows = 0
        while self.runner.run_due(self.session, self.school)[0]:
            self.session.commit()
            rows += 1
            assert rows < 500
        self.session.commit()
        return rows

    def rows(self, table: type[SQLModel], **where: object) -> list[Any]:
        self.session.expire_all()
        found = self.session.exec(select(table)).all()
        # A test that looks must not keep the store locked for whoever works on it beside.
        self.session.commit()
        return [row for row in found if all(getattr(row, name) == value for name, value in where.items())]

    def outbox(self, **where: object) -> list[Outbox]:
        """What was written to be sent, in order."""
        return sorted(self.rows(Outbox, **where), key=lambda row: row.id)

    def payload(self, row: Outbox) -> dict[str, Any]:
        payload: dict[str, Any] = self.sealer.read(row, "payload")
        return payload

    def said(self, **where: object) -> list[str]:
        """The English sources of all that was written to be sent to phones, without buttons."""
        messages = [self.payload(row)["message"] for row in self.outbox(network="telegram", **where)]
        return [phrase["t"] for message in messages for phrase in message["paragraphs"]]

    def failures(self) -> list[tuple[str, str]]:
        return [(row.event, row.error) for row in self.rows(Failure)]

    def check_in(self, pupil: Pupil) -> CheckIn:
        """A check-in of a wave of its own, as the job that opens one writes it."""
        wave = Wave(
            school_id=self.school.id,
            day=f"test.{next(WAVES)}",
            number=0,
            opens_at=self.clock(),
            closes_at=self.clock() + timedelta(days=1),
            bank_version=LATEST,
        )
        check_in = CheckIn(
            school_id=self.school.id,
            wave_id=wave.id,
            pupil_id=pupil.id,
            group_id=pupil.group_id,
            bank_version=LATEST,
            phase=pupil.phase,
            opened_at=self.clock(),
        )
        self.session.add(wave)
        self.session.flush()
        self.session.add(check_in)
        self.session.commit()
        return check_in

    def flag(self, pupil: Pupil, at: datetime = NOW) -> Flag:
        """A flag over a check-in of the pupil's, of which somebody is to hear."""
        check_in = self.check_in(pupil)
        flag = Flag(
            school_id=self.school.id,
            pupil_id=pupil.id,
            group_id=pupil.group_id,
            check_in_id=check_in.id,
            rule="test",
            raised_at=at,
        )
        self.sealer.write(flag, "reasons", {"low": 3, "window": 4, "baseline": 20})
        self.session.add(flag)
        self.session.flush()
        cases.begin(self.session, self.school, flag, "nudge", at)
        self.session.commit()
        return flag

    def opens(self, check_in: CheckIn) -> CheckInOpens:
        items = tuple(load(LATEST).items)[:2]
        return CheckInOpens(CheckInId(check_in.id.hex), LATEST, items, self.clock() + timedelta(days=1))

    def state(self, pupil: Pupil) -> dict[str, Any]:
        self.session.expire_all()
        who = by_pupil(self.session, self.sealer, pupil.id)
        assert who is not None
        return who.state


def classroom(session: Session, sealer: Sealer, **policy: object) -> Classroom:
    school = make_school(session, **policy)
    tutor = make_staff(session, sealer, school, "tutor")
    lead = make_staff(session, sealer, school, "dsl")
    group = make_group(session, school, "7B", 7, tutor)
    session.commit()
    return Classroom(session, sealer, school, tutor, lead, group)


def plain(phrase: Phrase | None) -> str | None:
    return phrase.text if phrase else None
