"""Retention: each class of data goes when its clock says so, not a minute before, and the purge says what it purged."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlmodel import Session, SQLModel, col, func, select

from scheduling import retention
from scheduling.retention import CLOCKS, RetentionProblem
from scheduling.school import SchoolFacts, facts
from store import audit
from store.care_tables import Campaign, CampaignAsk, GoTo, GoToRefusal, Wish
from store.people_tables import Guardian
from store.plan_tables import Absence, OneToOne, Plan
from store.sealing import Sealer
from store.tables import Audit, CheckIn, Failure, Flag, Invite, Outbox, Posted, Pupil, Request, School, Staff, Wave
from tests.factories import NOW, make_group, make_guardian, make_pupil, make_school, make_staff

PAGE = Path(__file__).resolve().parents[2] / "docs" / "retention.md"


def id_of(moment: datetime) -> UUID:
    """An id as it would have been made at a moment."""
    return UUID(int=(int(moment.timestamp() * 1000) << 80) | (0x7 << 76) | (0b10 << 62) | 5)


def plant(session: Session, sealer: Sealer, school: SchoolFacts, at: datetime) -> None:
    """One of each class of data, as old as a moment."""
    group = make_group(session, school, f"7{at.timestamp():.0f}", 7)
    pupil = make_pupil(session, sealer, school, group)
    wave = Wave(
        school_id=school.id,
        day=at.isoformat(),
        number=0,
        opens_at=at,
        closes_at=at,
        bank_version="2026-1",
        state="closed",
    )
    session.add(wave)
    session.flush()
    check_in = CheckIn(
        school_id=school.id,
        wave_id=wave.id,
        pupil_id=pupil.id,
        group_id=group.id,
        bank_version="2026-1",
        phase="older",
        state="answered",
        opened_at=at,
    )
    sealer.write(check_in, "words", "made up")
    sealer.write(check_in, "answers", [["S1", 0, 900]])
    session.add(check_in)
    session.flush()
    flag = Flag(
        school_id=school.id, pupil_id=pupil.id, group_id=group.id, check_in_id=check_in.id, rule="test", raised_at=at
    )
    sealer.write(flag, "reasons", {})
    letter = Outbox(
        school_id=school.id,
        network="telegram",
        lane=1,
        method="send",
        recipient="",
        dedupe=f"one {at}",
        not_before=at,
        state="sent",
        done_at=at,
    )
    sealer.write(letter, "payload", {})
    place = Posted(id=id_of(at), school_id=school.id, slot=f"slot {at}")
    sealer.write(place, "ref", {"chat": 1, "message_id": 2})
    leaver = make_pupil(session, sealer, school, group, status="left")
    leaver.left_at = at
    session.add_all([flag, letter, place, leaver])
    session.add(Request(school_id=school.id, pupil_id=pupil.id, asked_at=at, state="owned"))
    session.add(Invite(school_id=school.id, pupil_id=pupil.id, code_key=str(at).encode(), expires_at=at))
    staff = make_staff(session, sealer, school)
    session.add(GoTo(school_id=school.id, pupil_id=pupil.id, staff_id=staff.id, place=1, since=at, until=at))
    session.add(GoTo(school_id=school.id, pupil_id=pupil.id, staff_id=staff.id, place=1, since=at))
    session.add(Failure(school_id=school.id, at=at, event="Tap", error="ValueError"))
    staff = make_staff(session, sealer, school, "tutor")
    whole = {"school_id": school.id, "group_id": group.id, "owner_id": staff.id, "made_at": at, "due_at": at}
    session.add(Plan(**whole, content_sealed=b""))
    session.add(Absence(school_id=school.id, staff_id=staff.id, starts_at=at, ends_at=at))
    gone = make_guardian(session, sealer, school, pupil)
    former = make_staff(session, sealer, school, "tutor")
    group.tutor_id = staff.manager_id = former.id
    for one in (gone, former):
        one.active, one.left_at = False, at
        session.add(one)
    session.add(OneToOne(school_id=school.id, term=at.isoformat(), staff_id=staff.id, leader_id=staff.id, made_at=at))
    session.flush()


@pytest.fixture
def school(session: Session) -> SchoolFacts:
    return make_school(session)


def kept(session: Session) -> dict[str, int]:
    """How many of each class there are."""

    def count(table: type[SQLModel], *where: object) -> int:
        return session.exec(select(func.count()).select_from(table).where(*where)).one()  # type: ignore[arg-type]

    return {
        "words": count(CheckIn, col(CheckIn.words_sealed).is_not(None)),
        "answers": count(CheckIn, col(CheckIn.answers_sealed).is_not(None)),
        "nudges": count(Flag),
        "requests": count(Request),
        "plans": count(Plan),
        "absences": count(Absence),
        "one_to_ones": count(OneToOne),
        "go_tos": count(GoTo, col(GoTo.until).is_not(None)),
        "messages": count(Outbox),
        "places": count(Posted),
        "codes": count(Invite),
        "failures": count(Failure),
        "leavers": count(Pupil, col(Pupil.status) == "left"),
        "guardians": count(Guardian),
        "staff": count(Staff, col(Staff.active).is_(False)),
    }


@pytest.mark.parametrize("name", CLOCKS)
def test_each_class_goes_when_its_own_clock_says_so_and_no_other(
    session: Session, sealer: Sealer, school: SchoolFacts, name: str
) -> None:
    row = session.get_one(School, school.id)
    # Every other clock is set to ten years, so that this one acts alone.
    row.policy = {"retention": dict.fromkeys(CLOCKS, 3_650) | {name: CLOCKS[name].days}}
    days = timedelta(days=CLOCKS[name].days)
    plant(session, sealer, school, NOW - days - timedelta(minutes=1))
    plant(session, sealer, school, NOW - days + timedelta(minutes=1))
    assert retention.purge(session, sealer, facts(row), NOW) == {name: 1}
    session.expire_all()
    assert kept(session) == dict.fromkeys(CLOCKS, 2) | {name: 1}
    # What was answered goes, that it was answered stays.
    assert session.exec(select(func.count()).select_from(CheckIn)).one() == 2


def test_a_round_of_asking_goes_with_who_was_asked_and_takes_nothing_else_of_theirs(
    session: Session, sealer: Sealer, school: SchoolFacts
) -> None:
    pupil = make_pupil(session, sealer, school, make_group(session, school, "7A", 7))
    old = NOW - timedelta(days=CLOCKS["go_tos"].days + 1)
    for state, at in (("closed", old), ("open", old), ("closed", NOW)):
        campaign = Campaign(school_id=school.id, started_at=at, remind_at=at, state=state)
        session.add(campaign)
        session.flush()
        session.add(CampaignAsk(pupil_id=pupil.id, campaign_id=campaign.id, school_id=school.id, asked_at=at))
    letter = Outbox(
        school_id=school.id,
        network="telegram",
        lane=1,
        method="send",
        recipient=f"pupil:{pupil.id.hex}",
        dedupe="one",
        not_before=NOW,
    )
    sealer.write(letter, "payload", {})
    session.add(letter)
    session.flush()
    assert retention.purge(session, sealer, school, NOW) == {"go_tos": 1}
    counts = [session.exec(select(func.count()).select_from(table)).one() for table in (Campaign, CampaignAsk, Outbox)]
    assert counts == [2, 2, 1]


def test_who_dealt_with_something_is_named_as_long_as_it_is_kept(
    session: Session, sealer: Sealer, school: SchoolFacts
) -> None:
    pupil = make_pupil(session, sealer, school, make_group(session, school, "7A", 7))
    owner, told, free, here = (make_staff(session, sealer, school, "tutor") for _ in range(4))
    for one in (owner, told, free):
        one.active, one.left_at = False, NOW - timedelta(days=1_096)
    request = Request(school_id=school.id, pupil_id=pupil.id, asked_at=NOW, state="owned", owner_id=owner.id)
    session.add(request)
    session.add(GoToRefusal(school_id=school.id, staff_id=free.id, since=NOW))
    session.flush()
    session.add(Wish(request_id=request.id, school_id=school.id, told=[told.id.hex]))
    session.flush()
    assert retention.purge(session, sealer, school, NOW) == {"staff": 1}
    assert {one.id for one in session.exec(select(Staff))} == {owner.id, told.id, here.id}


def test_the_purge_says_in_the_record_what_it_purged_and_nothing_when_nothing(
    session: Session, sealer: Sealer, school: SchoolFacts
) -> None:
    assert retention.purge(session, sealer, school, NOW) == {}
    assert session.exec(select(Audit)).all() == []
    plant(session, sealer, school, NOW - timedelta(days=100))
    retention.purge(session, sealer, school, NOW)
    row = session.exec(select(Audit)).one()
    assert (row.actor, row.action) == ("job:retention", "purged 1 messages, 1 codes, 1 failures")
    assert audit.first_break(session, school.id) is None


def test_one_class_that_cannot_be_purged_keeps_no_other_from_going(
    session: Session, sealer: Sealer, school: SchoolFacts
) -> None:
    plant(session, sealer, school, NOW - timedelta(days=4_000))
    spoilt = replace(school, policy={"retention": {"words": "a while"}})
    counts = retention.purge(session, sealer, spoilt, NOW)
    assert "words" not in counts
    assert {"answers", "messages", "leavers", "staff"} <= counts.keys()
    failed = session.exec(select(Failure).where(Failure.event == "purge words")).all()
    assert [row.error for row in failed] == ["ValueError"]


def test_a_leaver_who_cannot_be_erased_keeps_no_other_from_it(
    session: Session, sealer: Sealer, school: SchoolFacts
) -> None:
    group = make_group(session, school, "7X", 7)
    leavers = [make_pupil(session, sealer, school, group, status="left") for _ in range(3)]
    for one in leavers:
        one.left_at = NOW - timedelta(days=4_000)
    session.flush()
    stuck = leavers[1].id
    if session.get_bind().dialect.name == "sqlite":
        session.execute(
            text(
                f"CREATE TRIGGER stuck BEFORE DELETE ON pupil WHEN OLD.id = '{stuck.hex}' "
                "BEGIN SELECT RAISE(ABORT, 'stuck'); END"
            )
        )
    else:
        body = f"BEGIN IF OLD.id = '{stuck}' THEN RAISE EXCEPTION 'stuck'; END IF; RETURN OLD; END"
        session.execute(text(f"CREATE FUNCTION stuck() RETURNS trigger LANGUAGE plpgsql AS $${body}$$"))
        session.execute(text("CREATE TRIGGER stuck BEFORE DELETE ON pupil FOR EACH ROW EXECUTE FUNCTION stuck()"))
    assert retention.purge(session, sealer, school, NOW)["leavers"] == 2
    assert session.exec(select(Pupil.id)).all() == [stuck]
    failed = session.exec(select(Failure).where(Failure.event == "purge leavers")).all()
    assert len(failed) == 1


def test_another_schools_data_and_an_open_request_stay(session: Session, sealer: Sealer, school: SchoolFacts) -> None:
    other = make_school(session)
    long_ago = NOW - timedelta(days=3_000)
    plant(session, sealer, other, long_ago)
    assert retention.purge(session, sealer, school, NOW) == {}
    for request in session.exec(select(Request)):
        request.state = "open"
    session.flush()
    purged = retention.purge(session, sealer, other, NOW)
    assert set(CLOCKS) - set(purged) == {"requests"}


@pytest.mark.parametrize(
    ("name", "days", "words"),
    [
        ("secrets", 5, "There is no class of data of that name; there are words, "),
        ("words", 13, "words can be kept from 14 to 3,650 days."),
        ("words", 3_651, "words can be kept from 14 to 3,650 days."),
    ],
)
def test_a_clock_that_cannot_be_set_so_is_told(name: str, days: int, words: str) -> None:
    with pytest.raises(RetentionProblem) as problem:
        retention.checked(name, days)
    assert str(problem.value).startswith(words)


def test_defaults_can_be_set_and_the_page_gives_them_with_their_reasons() -> None:
    check: Callable[[str, int], int] = retention.checked
    assert [check(name, clock.days) for name, clock in CLOCKS.items()] == [clock.days for clock in CLOCKS.values()]
    rows = [
        f"| `{name}` | {clock.what} | {clock.days:,} | {clock.least} | {clock.why} |" for name, clock in CLOCKS.items()
    ]
    assert [line for line in PAGE.read_text("utf-8").splitlines() if line.startswith("| `")] == rows
