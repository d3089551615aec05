"""Guardians' codes and chats: their own, single use, of their own school, and of nobody who has left the lists."""

from datetime import timedelta

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, select

from scheduling.school import SchoolFacts
from store import guardians
from store.database import make_engine
from store.erasure import erase_pupil
from store.guardian_tables import GuardianBinding, GuardianInvite
from store.invites import FREE_TRIES, SLOW_FOR, Lookup, issue, issue_to_guardian, look_up
from store.people import chat_key
from store.people_tables import Guardian
from store.sealing import Sealer
from store.tables import Pupil
from tests.factories import NOW, make_group, make_guardian, make_pupil, make_school

MUM, DAD = 7_000_000_101, 7_000_000_102


@pytest.fixture
def school(session: Session) -> SchoolFacts:
    return make_school(session)


@pytest.fixture
def pupil(session: Session, sealer: Sealer, school: SchoolFacts) -> Pupil:
    return make_pupil(session, sealer, school, make_group(session, school, "7B", 7))


@pytest.fixture
def guardian(session: Session, sealer: Sealer, school: SchoolFacts, pupil: Pupil) -> Guardian:
    return make_guardian(session, sealer, school, pupil)


def asked(session: Session, sealer: Sealer, school: SchoolFacts, code: str, chat: int = MUM) -> Lookup:
    return look_up(session, sealer, school.id, chat_key(sealer, chat), code, NOW)


def bound(session: Session, sealer: Sealer, school: SchoolFacts, code: str, chat: int) -> int | None:
    found = asked(session, sealer, school, code, chat)
    assert found.guardian is not None
    return guardians.bind(session, sealer, found.guardian, chat, NOW)


def test_a_guardians_code_is_theirs_and_only_its_hash_is_kept(
    session: Session, sealer: Sealer, school: SchoolFacts, guardian: Guardian
) -> None:
    code = issue_to_guardian(session, sealer, guardian, NOW)
    found = asked(session, sealer, school, code)
    assert (found.outcome, found.invite, found.for_guardian) == ("valid", None, True)
    assert found.guardian is not None
    assert (found.guardian.guardian_id, found.guardian.code_key) == (
        guardian.id,
        sealer.blind("invite", code.replace("-", "")),
    )


def test_a_pupils_code_is_no_guardians(session: Session, sealer: Sealer, school: SchoolFacts, pupil: Pupil) -> None:
    found = asked(session, sealer, school, issue(session, sealer, pupil, NOW))
    assert (found.outcome, found.guardian, found.for_guardian) == ("valid", None, False)


def test_a_code_issued_anew_ends_the_one_before_and_no_pupils(
    session: Session, sealer: Sealer, school: SchoolFacts, guardian: Guardian, pupil: Pupil
) -> None:
    pupils, first = issue(session, sealer, pupil, NOW), issue_to_guardian(session, sealer, guardian, NOW)
    session.flush()
    second = issue_to_guardian(session, sealer, guardian, NOW + timedelta(seconds=1))
    outcomes = [
        look_up(session, sealer, school.id, b"chat", code, NOW + timedelta(seconds=1)).outcome
        for code in (pupils, first, second)
    ]
    assert outcomes == ["valid", "expired", "valid"]


def test_a_code_works_once_and_again_only_for_the_chat_that_used_it(
    session: Session, sealer: Sealer, school: SchoolFacts, guardian: Guardian
) -> None:
    code = issue_to_guardian(session, sealer, guardian, NOW)
    assert bound(session, sealer, school, code, MUM) is None
    assert [asked(session, sealer, school, code, MUM).outcome for _ in range(FREE_TRIES + 2)] == ["used"] * 12
    assert [asked(session, sealer, school, code, DAD).outcome for _ in range(FREE_TRIES + 1)] == [
        *["used"] * FREE_TRIES,
        "slow_down",
    ]


def test_a_new_phone_tells_which_was_the_former_and_a_chat_is_one_guardians(
    session: Session, sealer: Sealer, school: SchoolFacts, guardian: Guardian, pupil: Pupil
) -> None:
    other = make_guardian(session, sealer, school, pupil)
    bound(session, sealer, school, issue_to_guardian(session, sealer, guardian, NOW), MUM)
    assert bound(session, sealer, school, issue_to_guardian(session, sealer, guardian, NOW), DAD) == MUM
    bound(session, sealer, school, issue_to_guardian(session, sealer, other, NOW), DAD)
    assert [one.guardian_id for one in session.exec(select(GuardianBinding)).all()] == [other.id]


def test_a_chat_is_known_at_its_own_school_and_while_the_guardian_is_in_the_lists(
    session: Session, sealer: Sealer, school: SchoolFacts, guardian: Guardian
) -> None:
    elsewhere = make_school(session)
    code = issue_to_guardian(session, sealer, guardian, NOW)
    assert asked(session, sealer, elsewhere, code).outcome == "unknown"
    bound(session, sealer, school, code, MUM)
    assert guardians.by_chat(session, sealer, school.id, MUM) == guardian
    assert guardians.by_chat(session, sealer, elsewhere.id, MUM) is None
    guardian.active = False
    session.flush()
    assert guardians.by_chat(session, sealer, school.id, MUM) is None


def test_children_are_those_tied_to_the_guardian_who_are_still_at_the_school(
    session: Session, sealer: Sealer, school: SchoolFacts, guardian: Guardian, pupil: Pupil
) -> None:
    group = make_group(session, school, "8A", 8)
    gone, _stranger = (make_pupil(session, sealer, school, group) for _ in range(2))
    second = make_pupil(session, sealer, school, group)
    make_guardian(session, sealer, school, gone, second, guardian=guardian)
    gone.status = "left"
    session.flush()
    found = guardians.children_of(session, sealer, guardian)
    assert {one.id for one, _ in found} == {pupil.id, second.id}
    assert [name for _, name in found] == sorted(str(sealer.read(one, "name")) for one in (pupil, second))


def test_erasing_the_only_child_erases_the_guardians_code_and_chat(
    session: Session, sealer: Sealer, school: SchoolFacts, guardian: Guardian, pupil: Pupil
) -> None:
    bound(session, sealer, school, issue_to_guardian(session, sealer, guardian, NOW), MUM)
    session.commit()
    erase_pupil(session, sealer, pupil, NOW, "test")
    session.commit()
    assert [session.exec(select(table)).all() for table in (Guardian, GuardianInvite, GuardianBinding)] == [[], [], []]


def test_ten_wrong_codes_slow_a_chat_down_and_a_restart_forgets_none_of_them(
    session: Session, engine: Engine, sealer: Sealer, school: SchoolFacts, guardian: Guardian
) -> None:
    code = issue_to_guardian(session, sealer, guardian, NOW)
    outcomes = []
    for _ in range(11):
        session.commit()
        # As after a restart: another engine, nothing in memory.
        fresh = make_engine(engine.url.render_as_string(hide_password=False))
        with Session(fresh) as again:
            outcomes.append(asked(again, sealer, school, "AAAA-AAAA").outcome)
            again.commit()
        fresh.dispose()
    assert outcomes == [*["unknown"] * 10, "slow_down"]
    assert asked(session, sealer, school, code).outcome == "slow_down"
    later = look_up(session, sealer, school.id, chat_key(sealer, MUM), code, NOW + SLOW_FOR)
    assert later.outcome == "valid"
