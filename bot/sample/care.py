"""Who cares for the sample's pupils: the go-tos they have named, and a few parents with a phone of their own."""

from __future__ import annotations

import random
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Table, insert
from sqlmodel import Session, SQLModel, col, select

from bot.sample.names import FIRST
from store import gotos
from store.care_tables import GoTo
from store.guardian_tables import GuardianBinding
from store.ids import new_id
from store.invites import issue_to_guardian
from store.people import chat_key
from store.people_tables import Guardian, Guardianship
from store.sealing import Sealer
from store.tables import Pupil, School, TutorGroup

FIRST_PARENT_CHAT = 5_500_000_000
# Of those who have joined: who has named one adult or two, and who of these two.
_NAMED, _TWO = 0.9, 0.85
# How often an adult is the pupil's own tutor, and how often one of the few whom everybody names.
_TUTOR, _LIKED = 0.3, 0.3
_LIKED_STAFF = 4
_ONE_IN = 25
_CODES = 3


def parents_of(pupils: Sequence[tuple[str, str]], seed: int) -> Iterator[tuple[str, str, str]]:
    """Draw parents for pupils given as (pupil_id, name): (guardian_id, name, pupil_id), one a line of a list.

    One pupil in 25 has one here, every fifth of those two, and every seventh parent has the next pupil too.
    """
    chance = random.Random(f"parents {seed}")  # noqa: S311 (a sample, no secret)
    number = 0
    for place in range(0, len(pupils), _ONE_IN):
        pupil_id, name = pupils[place]
        for _ in range(2 if place // _ONE_IN % 5 == 4 else 1):
            number += 1
            reference, parent = f"G{number:03}", f"{chance.choice(FIRST)} {name.partition(' ')[2]}"
            yield reference, parent, pupil_id
            if number % 7 == 0 and place + 1 < len(pupils):
                yield reference, parent, pupils[place + 1][0]


def add_go_tos(
    session: Session, school: School, pupils: Sequence[Pupil], shown: Collection[UUID], began: datetime, seed: int
) -> None:
    """Let pupils have named their go-tos in the first weeks since a moment.

    Most name two, some one, some nobody; those in `shown` two who are not their tutor.
    """
    chance = random.Random(f"go-tos {seed}")  # noqa: S311 (a sample, no secret)
    staff = sorted(one.id for one in gotos.can_be_named(session, school.id))
    liked = chance.sample(staff, min(_LIKED_STAFF, len(staff)))
    tutors = {group.id: group.tutor_id for group in session.exec(select(TutorGroup))}
    rows: list[dict[str, Any]] = []
    for pupil in pupils:
        tutor, named = tutors[pupil.group_id], list[UUID]()
        wanted = 2 if pupil.id in shown else (chance.random() < _NAMED) * (1 + (chance.random() < _TWO))
        while len(named) < min(wanted, len(staff) - 1):
            draw = chance.random()
            one = tutor if draw < _TUTOR else chance.choice(liked if draw < _TUTOR + _LIKED else staff)
            if one is not None and one not in named and not (pupil.id in shown and one == tutor):
                named.append(one)
        since = began + timedelta(minutes=chance.randrange(20 * 24 * 60))
        rows += [
            {
                "id": new_id(),
                "school_id": school.id,
                "pupil_id": pupil.id,
                "staff_id": staff_id,
                "place": place,
                "since": since,
                "until": None,
                "ended": "",
            }
            for place, staff_id in enumerate(named, 1)
        ]
    if rows:
        session.execute(insert(_table(GoTo)), rows)


def add_parents_phones(session: Session, sealer: Sealer, school: School) -> None:
    """Give every parent but a few their phone."""
    rows = [
        {
            "guardian_id": guardian.id,
            "school_id": school.id,
            "chat_key": chat_key(sealer, FIRST_PARENT_CHAT + number),
            "chat_sealed": sealer.seal("guardian_binding", "chat", guardian.id, FIRST_PARENT_CHAT + number),
        }
        for number, guardian in enumerate(_parents(session), 1)
        if number > _CODES
    ]
    if rows:
        session.execute(insert(_table(GuardianBinding)), rows)


def parents(session: Session, sealer: Sealer, now: datetime) -> list[tuple[int, str, str, bool]]:
    """List the parents: (chat, name, note, whether they have joined); who has not gets a fresh code, in the note."""
    joined = set(session.exec(select(GuardianBinding.guardian_id)))
    children: dict[UUID, list[str]] = {}
    of = (
        select(Guardianship.guardian_id, Pupil, TutorGroup.name)
        .join(Pupil, col(Pupil.id) == col(Guardianship.pupil_id))
        .join(TutorGroup, col(TutorGroup.id) == col(Pupil.group_id))
        .order_by(col(Pupil.id))
    )
    for guardian_id, pupil, group in session.exec(of):
        children.setdefault(guardian_id, []).append(f"{sealer.read(pupil, 'name')} ({group})")
    listed = []
    for number, guardian in enumerate(_parents(session), 1):
        note = [f"parent of {', '.join(children.get(guardian.id, []))}"]
        if guardian.id not in joined:
            note.append(f"not joined yet, join code {issue_to_guardian(session, sealer, guardian, now)}")
        name = str(sealer.read(guardian, "name"))
        listed.append((FIRST_PARENT_CHAT + number, name, " · ".join(note), guardian.id in joined))
    return listed


def _parents(session: Session) -> Sequence[Guardian]:
    return session.exec(select(Guardian).order_by(col(Guardian.id))).all()


def _table(model: type[SQLModel]) -> Table:
    return SQLModel.metadata.tables[str(model.__tablename__)]
