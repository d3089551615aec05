"""Who is on the stand-in networks: the sample's pupils and parents with their phones, and its staff in Slack.

It is listed at every start; a pupil who has not joined gets a fresh code each time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Engine
from sqlmodel import Session, col, select

from bot.sample import care
from bot.sample.near import one_low_away
from store.invites import issue
from store.sealing import Sealer
from store.tables import Binding, CheckIn, Pupil, School, Staff, TutorGroup

FIRST_CHAT = 5_000_000_000
WAITING_NOTE = "not joined yet, join code "
NEAR_NOTE = "two low answers; one more is a nudge"
_TITLES = {
    "head_of_year": "head of year {year}",
    "dsl": "DSL",
    "deputy_dsl": "deputy DSL",
    "head": "head",
    "counsellor": "counsellor",
    "installer": "installer",
}


@dataclass(frozen=True)
class PhoneUser:
    """A pupil or parent as the stand-in Telegram knows them; `started` tells whether they have joined.

    `showcase` marks the one whom the page shows first.
    """

    id: int
    first_name: str
    last_name: str
    note: str
    started: bool
    showcase: bool = False


@dataclass(frozen=True)
class SlackUser:
    """A member of staff as the stand-in Slack knows them; `title` says what they are in school.

    `showcase` marks the tutor of the pupil whom the page shows first.
    """

    id: str
    email: str
    name: str
    title: str
    showcase: bool = False


Phones = Mapping[UUID, PhoneUser]
"""Some pupils' phones, by the pupil's id."""


def phone_people(pupils: Sequence[PhoneUser]) -> list[dict[str, Any]]:
    """Put pupils into the body of `PUT /phone/people`; those it does not name stay as they are."""
    return [{**asdict(pupil), "username": None, "language_code": "en"} for pupil in pupils]


@dataclass(frozen=True)
class SampleDirectory:
    """Everybody on the stand-in networks, in the order they were brought in.

    `waiting` are the pupils who have not joined yet, `near` those who are one low check-in away from a nudge.
    """

    pupils: list[PhoneUser]
    staff: list[SlackUser]
    parents: list[PhoneUser]
    waiting: Phones = field(default_factory=dict)
    near: Phones = field(default_factory=dict)

    def phone_people(self) -> list[dict[str, Any]]:
        """Put the pupils and parents into the body of `PUT /phone/people`."""
        return phone_people((*self.pupils, *self.parents))

    def workspace_people(self) -> list[dict[str, Any]]:
        """Put the staff into the body of `PUT /workspace/people`; the title stands behind the name, to search for."""
        return [
            {
                "id": user.id,
                "email": user.email,
                "name": user.email.partition("@")[0],
                "real_name": f"{user.name} · {user.title}",
                "showcase": user.showcase,
            }
            for user in self.staff
        ]


def listed(engine: Engine, sealer: Sealer, now: datetime) -> SampleDirectory:
    """The same as `directory`, in a transaction of its own."""
    with Session(engine) as session:
        people = directory(session, sealer, now)
        session.commit()
    return people


def directory(session: Session, sealer: Sealer, now: datetime) -> SampleDirectory:
    """List the people for the stand-in networks; a pupil who has not joined gets a fresh code, which is in their note.

    Codes are kept only as hashes, so an old one cannot be shown again. The caller commits.
    """
    groups = {group.id: group for group in session.exec(select(TutorGroup))}
    pupils = list(session.exec(select(Pupil).order_by(col(Pupil.id))))
    joined = set(session.exec(select(Binding.pupil_id)))
    school = session.exec(select(School).limit(1)).one()
    shown_first = sorted(firsts(pupils, school.policy.get("sample", {}).get("near", 0)))
    near = one_low_away(session, sealer, school.id, [pupils[number] for number in shown_first], now)
    phones: list[PhoneUser] = []
    shown: TutorGroup | None = None
    for number, pupil in enumerate(pupils):
        group, showcase = groups[pupil.group_id], False
        note = [f"Year {group.year}", group.name]
        if pupil.id not in joined:
            note.append(f"{WAITING_NOTE}{issue(session, sealer, pupil, now)}")
        elif pupil.id in near:
            note.append(NEAR_NOTE)
            # The first of them, for a wave reaches the first tutor group first.
            showcase = shown is None
            shown = shown or group
        first, _, last = str(sealer.read(pupil, "name")).partition(" ")
        phones.append(PhoneUser(FIRST_CHAT + number + 1, first, last, " · ".join(note), pupil.id in joined, showcase))
    by_pupil = {pupil.id: phone for pupil, phone in zip(pupils, phones, strict=True)}
    waiting = {pupil_id: phone for pupil_id, phone in by_pupil.items() if not phone.started}
    staff = _slack_users(session, sealer, list(groups.values()), shown)
    parents = [_phone(*one) for one in care.parents(session, sealer, now)]
    return SampleDirectory(phones, staff, parents, waiting, {pupil_id: by_pupil[pupil_id] for pupil_id in near})


def _phone(chat: int, name: str, note: str, joined: bool) -> PhoneUser:
    first, _, last = name.partition(" ")
    return PhoneUser(chat, first, last, note, joined)


def joined_since(session: Session, waiting: Phones) -> list[PhoneUser]:
    """List those whose code has been used since they were listed, with a note that holds it no more."""
    joined = session.exec(select(Binding.pupil_id).where(col(Binding.pupil_id).in_(list(waiting)))).all()
    return [
        replace(phone, note=phone.note.partition(f" · {WAITING_NOTE}")[0], started=True)
        for pupil_id, phone in waiting.items()
        if pupil_id in joined
    ]


def answered_since(session: Session, near: Phones, since: datetime) -> list[PhoneUser]:
    """List those who have answered a check-in since they were listed as near: their note holds that no more."""
    ended = select(CheckIn.pupil_id).where(
        col(CheckIn.pupil_id).in_(list(near)),
        col(CheckIn.ended_at) > since,
        col(CheckIn.state).in_(("answered", "partial")),
    )
    answered = set(session.exec(ended))
    return [
        replace(phone, note=phone.note.partition(f" · {NEAR_NOTE}")[0])
        for pupil_id, phone in near.items()
        if pupil_id in answered
    ]


def firsts(pupils: Sequence[Pupil], count: int) -> set[int]:
    """Number (from 0) the first pupil of each of `count` tutor groups, spread over the school."""
    return _spread({pupil.group_id: number for number, pupil in reversed(list(enumerate(pupils)))}, count)


def lasts(pupils: Sequence[Pupil], count: int) -> set[int]:
    """Number (from 0) the last pupil of each of `count` tutor groups, spread over the school."""
    return _spread({pupil.group_id: number for number, pupil in enumerate(pupils)}, count)


def _spread(of_groups: Mapping[UUID, int], count: int) -> set[int]:
    numbers = sorted(of_groups.values())
    return {numbers[place * len(numbers) // count] for place in range(count)} if numbers else set()


def _slack_users(
    session: Session, sealer: Sealer, groups: Sequence[TutorGroup], shown: TutorGroup | None
) -> list[SlackUser]:
    tutees = {group.tutor_id: group.name for group in groups}
    users = []
    for number, staff in enumerate(session.exec(select(Staff).order_by(col(Staff.id))), 1):
        titles = [f"tutor of {tutees[staff.id]}"] if staff.id in tutees else []
        titles += [_TITLES[role].format(year=staff.year) for role in staff.roles if role in _TITLES]
        users.append(
            SlackUser(
                id=f"U{number:08}",
                email=sealer.read(staff, "email"),
                name=sealer.read(staff, "name"),
                title=", ".join(titles) or "staff",
                showcase=shown is not None and staff.id == shown.tutor_id,
            )
        )
    return users
