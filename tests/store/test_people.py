"""Who is who: phones bound, moved and shared, Slack accounts linked, conversations locked before they are loaded."""

import threading
from collections.abc import Callable

import pytest
from sqlalchemy import Engine, text
from sqlmodel import Session, select

from scheduling.school import SchoolFacts
from store import people
from store.database import is_postgresql
from store.invites import Lookup, issue, look_up
from store.people import by_chat, by_pupil, chat_key, initials, link_slack, staff_by_slack, tutor_of, with_role
from store.sealing import Sealer
from store.tables import Binding, Pupil, Staff, TutorGroup
from tests.factories import NOW, make_group, make_pupil, make_school, make_staff


@pytest.fixture
def school(session: Session) -> SchoolFacts:
    return make_school(session)


@pytest.fixture
def group(session: Session, school: SchoolFacts) -> TutorGroup:
    return make_group(session, school, "7B", 7)


def code_found(session: Session, sealer: Sealer, pupil: Pupil, chat_id: int) -> Lookup:
    code = issue(session, sealer, pupil, NOW)
    return look_up(session, sealer, pupil.school_id, chat_key(sealer, chat_id), code, NOW)


def bind(session: Session, sealer: Sealer, pupil: Pupil, chat_id: int) -> int | None:
    former = people.bind(session, sealer, code_found(session, sealer, pupil, chat_id), chat_id, NOW)
    session.flush()
    return former


def pupil_of(session: Session, sealer: Sealer, school: SchoolFacts, chat_id: int) -> Pupil | None:
    found = by_chat(session, sealer, school.id, chat_id)
    return found.pupil if found else None


# --- phones -----------------------------------------------------------------------------------------------------------


def test_a_bound_chat_finds_its_pupil_and_the_pupil_their_chat(
    session: Session, sealer: Sealer, school: SchoolFacts, group: TutorGroup
) -> None:
    pupil = make_pupil(session, sealer, school, group, status="invited")
    assert (pupil_of(session, sealer, school, 501), by_pupil(session, sealer, pupil.id)) == (None, None)
    assert bind(session, sealer, pupil, 501) is None
    assert pupil_of(session, sealer, school, 501) == pupil
    found = by_pupil(session, sealer, pupil.id)
    assert found is not None
    assert (found.pupil, found.chat_id, found.conversation, found.state) == (pupil, 501, None, {})


def test_a_second_phone_takes_over_and_the_first_is_named_and_unknown(
    session: Session, sealer: Sealer, school: SchoolFacts, group: TutorGroup
) -> None:
    pupil = make_pupil(session, sealer, school, group, chat_id=501)
    assert bind(session, sealer, pupil, 502) == 501
    assert pupil_of(session, sealer, school, 501) is None
    assert pupil_of(session, sealer, school, 502) == pupil


def test_the_same_phone_again_has_no_former_one(
    session: Session, sealer: Sealer, school: SchoolFacts, group: TutorGroup
) -> None:
    pupil = make_pupil(session, sealer, school, group, chat_id=501)
    assert bind(session, sealer, pupil, 501) is None
    assert len(session.exec(select(Binding)).all()) == 1


def test_a_siblings_phone_moves_to_who_joined_with_it_last(
    session: Session, sealer: Sealer, school: SchoolFacts, group: TutorGroup
) -> None:
    elder = make_pupil(session, sealer, school, group, chat_id=501)
    younger = make_pupil(session, sealer, school, group, status="invited")
    assert bind(session, sealer, younger, 501) is None
    assert pupil_of(session, sealer, school, 501) == younger
    assert by_pupil(session, sealer, elder.id) is None


def test_siblings_may_swap_phones(session: Session, sealer: Sealer, school: SchoolFacts, group: TutorGroup) -> None:
    elder = make_pupil(session, sealer, school, group, chat_id=501)
    younger = make_pupil(session, sealer, school, group, chat_id=502)
    assert bind(session, sealer, elder, 502) == 501
    assert by_pupil(session, sealer, younger.id) is None
    assert bind(session, sealer, younger, 501) is None
    assert pupil_of(session, sealer, school, 501) == younger
    assert pupil_of(session, sealer, school, 502) == elder


def test_one_chat_may_belong_to_pupils_of_two_schools(
    session: Session, sealer: Sealer, school: SchoolFacts, group: TutorGroup
) -> None:
    other = make_school(session)
    here = make_pupil(session, sealer, school, group, chat_id=501)
    there = make_pupil(session, sealer, other, make_group(session, other, "7B", 7), chat_id=501)
    assert pupil_of(session, sealer, school, 501) == here
    assert pupil_of(session, sealer, other, 501) == there
    third = make_pupil(session, sealer, school, group, status="invited")
    bind(session, sealer, third, 501)
    assert pupil_of(session, sealer, other, 501) == there


# --- conversations ----------------------------------------------------------------------------------------------------


def test_a_state_put_away_is_loaded_again(engine: Engine, sealer: Sealer) -> None:
    with Session(engine) as session:
        school = make_school(session)
        pupil = make_pupil(session, sealer, school, make_group(session, school, "7B", 7), chat_id=501)
        for version in (1, 2):
            found = by_chat(session, sealer, school.id, 501)
            assert found is not None
            people.save_state(session, sealer, found, {"awaiting": "words", "version": version}, version)
            session.flush()
        pupil_id = pupil.id
        session.commit()
    with Session(engine) as session:
        for found in (by_chat(session, sealer, school.id, 501), by_pupil(session, sealer, pupil_id)):
            assert found is not None
            assert found.state == {"awaiting": "words", "version": 2}
            assert found.conversation is not None
            assert found.conversation.version == 2


def test_the_chats_of_a_batch_are_found_at_once_where_a_conversation_has_begun(
    session: Session, sealer: Sealer, school: SchoolFacts, group: TutorGroup
) -> None:
    for chat_id in (501, 502):
        make_pupil(session, sealer, school, group, chat_id=chat_id)
    elsewhere = make_school(session)
    make_pupil(session, sealer, elsewhere, make_group(session, elsewhere, "7B", 7), chat_id=501)
    found = by_chat(session, sealer, school.id, 501)
    assert found is not None
    people.save_state(session, sealer, found, {"awaiting": "words", "version": 2}, 2)
    known = people.by_chats(session, sealer, school.id, [501, 502, 501, 503])
    assert list(known) == [501]
    assert people.of_known(sealer, known, 501) == found
    assert people.of_known(sealer, known, 502) is None
    assert people.by_chats(session, sealer, elsewhere.id, [501]) == {}
    # What a step of the same batch puts away is what the next one finds.
    people.save_state(session, sealer, found, {"awaiting": "words", "version": 3}, 3)
    after = people.of_known(sealer, known, 501)
    assert after is not None
    assert after.state["version"] == 3


@pytest.mark.parametrize("way", ["by_chat", "by_pupil"])
def test_who_waited_for_the_lock_loads_the_conversation_as_the_other_left_it(
    engine: Engine, sealer: Sealer, way: str
) -> None:
    if not is_postgresql(engine):
        # On SQLite a transaction begins as the only writer, and so waits before it reads anything.
        return
    with Session(engine, expire_on_commit=False) as session:
        school = make_school(session)
        pupil = make_pupil(session, sealer, school, make_group(session, school, "7B", 7), chat_id=501)
        found = by_chat(session, sealer, school.id, 501)
        assert found is not None
        people.save_state(session, sealer, found, {"version": 1}, 1)
        session.commit()
    find: Callable[[Session], people.Correspondent | None] = (
        (lambda session: by_chat(session, sealer, school.id, 501))
        if way == "by_chat"
        else (lambda session: by_pupil(session, sealer, pupil.id))
    )
    # Where writers take turns the second would wait before it reads anything: these do not.
    hasty = engine.execution_options(reading=True)
    seen: list[int] = []

    def second() -> None:
        with Session(hasty) as session:
            found = find(session)
            assert found is not None
            seen.append(found.state["version"])

    with Session(hasty) as session:
        found = find(session)
        assert found is not None
        people.save_state(session, sealer, found, {"version": 2}, 2)
        session.flush()
        thread = threading.Thread(target=second)
        thread.start()
        with Session(hasty) as watching:
            while not _waits_for_a_lock(watching):
                watching.rollback()
        session.commit()
        thread.join()
    assert seen == [2]


def _waits_for_a_lock(session: Session) -> bool:
    return bool(session.execute(text("SELECT count(*) FROM pg_locks WHERE NOT granted")).scalar())


# --- staff ------------------------------------------------------------------------------------------------------------


def test_a_slack_user_is_linked_by_address_whatever_its_case(
    session: Session, sealer: Sealer, school: SchoolFacts
) -> None:
    staff = make_staff(session, sealer, school, "tutor")
    address = sealer.read(staff, "email")
    assert link_slack(session, sealer, school.id, "U1", f" {address.upper()} ") == staff
    session.flush()
    assert staff_by_slack(session, sealer, school.id, "U1") == staff
    assert sealer.read(staff, "slack_user") == "U1"


def test_an_unknown_address_another_schools_or_that_of_one_who_left_links_nobody(
    session: Session, sealer: Sealer, school: SchoolFacts
) -> None:
    left = make_staff(session, sealer, school, "tutor")
    left.active = False
    elsewhere = make_staff(session, sealer, make_school(session), "tutor")
    session.flush()
    for address in ("nobody@example.org", sealer.read(left, "email"), sealer.read(elsewhere, "email")):
        assert link_slack(session, sealer, school.id, "U1", address) is None
    assert staff_by_slack(session, sealer, school.id, "U1") is None


def test_who_left_is_found_by_slack_no_more(session: Session, sealer: Sealer, school: SchoolFacts) -> None:
    staff = make_staff(session, sealer, school, "dsl")
    link_slack(session, sealer, school.id, "U1", sealer.read(staff, "email"))
    staff.active = False
    session.flush()
    assert staff_by_slack(session, sealer, school.id, "U1") is None


def test_a_slack_account_given_on_to_somebody_else_is_no_longer_the_first_ones(
    session: Session, sealer: Sealer, school: SchoolFacts
) -> None:
    first, second = (make_staff(session, sealer, school, "tutor") for _ in range(2))
    there = make_school(session)
    elsewhere = make_staff(session, sealer, there, "tutor")
    link_slack(session, sealer, there.id, "U1", sealer.read(elsewhere, "email"))
    for staff in (first, second):
        link_slack(session, sealer, school.id, "U1", sealer.read(staff, "email"))
        session.flush()
    session.expire_all()
    assert staff_by_slack(session, sealer, school.id, "U1") == second
    assert (first.slack_user_key, first.slack_user_sealed) == (None, None)
    assert staff_by_slack(session, sealer, there.id, "U1") == elsewhere


def test_with_role_lists_active_staff_of_the_school_who_hold_any_of_the_roles(
    session: Session, sealer: Sealer, school: SchoolFacts
) -> None:
    lead = make_staff(session, sealer, school, "dsl", "tutor")
    deputy = make_staff(session, sealer, school, "deputy_dsl")
    make_staff(session, sealer, school, "tutor")
    make_staff(session, sealer, make_school(session), "dsl")
    make_staff(session, sealer, school, "dsl").active = False
    session.flush()
    held = with_role(session, school.id, "dsl", "deputy_dsl")
    assert {staff.id for staff in held} == {lead.id, deputy.id}


def test_the_tutor_of_a_group_is_there_while_they_are(session: Session, sealer: Sealer, school: SchoolFacts) -> None:
    tutor: Staff = make_staff(session, sealer, school, "tutor")
    led, without = make_group(session, school, "7A", 7, tutor), make_group(session, school, "7C", 7)
    assert (tutor_of(session, led.id), tutor_of(session, without.id)) == (tutor, None)
    tutor.active = False
    assert tutor_of(session, led.id) is None


@pytest.mark.parametrize(
    ("name", "short"),
    [("Ada Lovelace", "A.L."), ("Wren", "W."), ("Ana Maria da Silva", "A.M.d."), ("  Émile  Zed ", "É.Z."), ("", "")],
)
def test_initials_are_of_the_first_three_parts_of_a_name(name: str, short: str) -> None:
    assert initials(name) == short
