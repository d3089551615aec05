"""The sample's go-tos and parents: most have two, some one, some nobody; a few adults are named by many."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, SQLModel, col, select

from bot.sample import care, listing, sample
from bot.sample.care import FIRST_PARENT_CHAT
from bot.sample.listing import NEAR_NOTE, SampleDirectory
from bot.sample.sample import SampleSize
from store import gotos
from store.care_tables import GoTo
from store.database import make_engine
from store.guardian_tables import GuardianBinding, GuardianInvite
from store.guardians import by_chat, children_of
from store.people_tables import Guardian
from store.sealing import Sealer
from store.tables import Pupil, School, Staff, TutorGroup

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
SEALER = Sealer(bytes(range(32)))
SIZE = SampleSize(pupils=250, groups={6: 3, 7: 5}, others=10, unjoined=5, near=3, weeks=12)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    engine = make_engine(f"sqlite:///{tmp_path_factory.mktemp('care') / 'school.sqlite'}")
    SQLModel.metadata.create_all(engine)
    sample.build(engine, SEALER, NOW, size=SIZE)
    yield engine
    engine.dispose()


@pytest.fixture
def session(built: Engine) -> Iterator[Session]:
    with Session(built) as session:
        yield session
        session.rollback()


@pytest.fixture
def listed(session: Session) -> SampleDirectory:
    return listing.directory(session, SEALER, NOW)


def test_most_have_two_go_tos_some_one_some_nobody_and_a_few_adults_are_named_by_many(session: Session):
    school = session.exec(select(School)).one()
    stands = gotos.coverage(session, school.id)
    two, one, nobody = (sum(getattr(year, what) for year in stands.years) for what in ("two", "one", "nobody"))
    assert two > 0.65 * SIZE.pupils
    assert 0.05 < one / SIZE.pupils < 0.25
    assert 0.05 < nobody / SIZE.pupils < 0.25
    assert 1 <= len(stands.named_by_many) <= 6


def test_every_go_to_stands_since_before_now_with_somebody_who_can_be_named(session: Session):
    able = {one.id for one in gotos.can_be_named(session, session.exec(select(School)).one().id)}
    rows = session.exec(select(GoTo)).all()
    assert all(row.until is None and row.since < NOW and row.staff_id in able for row in rows)
    places = Counter((row.pupil_id, row.place) for row in rows)
    assert set(places.values()) == {1}
    assert len({(row.pupil_id, row.staff_id) for row in rows}) == len(rows)


def test_who_is_one_answer_from_a_nudge_has_two_go_tos_beside_their_tutor(session: Session, listed: SampleDirectory):
    pupils = session.exec(select(Pupil).order_by(col(Pupil.id))).all()
    near = [pupil for pupil, one in zip(pupils, listed.pupils, strict=True) if NEAR_NOTE in one.note]
    assert len(near) == 3
    for pupil in near:
        tutor = session.get_one(TutorGroup, pupil.group_id).tutor_id
        named = [one.id for one in gotos.of_pupil(session, pupil)]
        assert len(named) == 2
        assert tutor not in named


def test_nobody_who_has_not_joined_has_named_anybody(session: Session):
    waiting = set(session.exec(select(Pupil.id).where(Pupil.status == "invited")))
    assert len(waiting) == 5
    assert waiting.isdisjoint(session.exec(select(GoTo.pupil_id)).all())


def test_parents_have_phones_or_a_code_in_their_note_and_each_is_tied_to_their_children(
    session: Session, listed: SampleDirectory
):
    school = session.exec(select(School)).one()
    assert [one.id for one in listed.parents] == [FIRST_PARENT_CHAT + n for n in range(1, len(listed.parents) + 1)]
    assert Counter(one.started for one in listed.parents) == {True: 9, False: 3}
    assert len(session.exec(select(GuardianBinding)).all()) == 9
    for one in listed.parents:
        guardian = by_chat(session, SEALER, school.id, one.id)
        assert (guardian is not None) == one.started
        if guardian is None:
            found = re.fullmatch(r"parent of .+ · not joined yet, join code (\w{4})-(\w{4})", one.note)
            assert found is not None
            key = SEALER.blind("invite", "".join(found.groups()))
            assert session.exec(select(GuardianInvite.expires_at).where(GuardianInvite.code_key == key)).one() > NOW
        else:
            assert SEALER.read(guardian, "name") == f"{one.first_name} {one.last_name}"
            children = [name for _, name in children_of(session, SEALER, guardian)]
            assert children
            assert all(name in one.note for name in children)
            assert one.last_name in children[0]


def test_some_pupils_have_two_parents_and_some_parents_two_pupils():
    pupils = [(f"P{number}", f"Wren Ashdown{number}") for number in range(1_035)]
    rows = list(care.parents_of(pupils, 1))
    assert rows == list(care.parents_of(pupils, 1))
    assert set(Counter(guardian for guardian, _, _ in rows).values()) == {1, 2}
    assert set(Counter(pupil for _, _, pupil in rows).values()) == {1, 2}
    assert len({guardian for guardian, _, _ in rows}) == 50


def test_parents_are_on_the_stand_in_phone(listed: SampleDirectory):
    people = {one["id"]: one for one in listed.phone_people()}
    assert len(people) == len(listed.pupils) + len(listed.parents)
    assert set(people[FIRST_PARENT_CHAT + 1]) == set(people[listed.pupils[0].id])


def test_the_same_seed_names_the_same_adults(session: Session, tmp_path: Path):
    def named(session: Session) -> list[tuple[str, str, int]]:
        rows = session.exec(
            select(Pupil, Staff, GoTo.place)
            .join(GoTo, col(GoTo.pupil_id) == col(Pupil.id))
            .join(Staff, col(Staff.id) == col(GoTo.staff_id))
        )
        return sorted((SEALER.read(pupil, "name"), SEALER.read(staff, "name"), place) for pupil, staff, place in rows)

    engine = make_engine(f"sqlite:///{tmp_path / 'again.sqlite'}")
    SQLModel.metadata.create_all(engine)
    sample.build(engine, SEALER, NOW, size=SIZE)
    with Session(engine) as again:
        assert named(again) == named(session)
        assert len(again.exec(select(Guardian)).all()) == 12
    engine.dispose()
