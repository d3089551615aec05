"""Who leaves, who comes back, guardians and line managers: what an import does to people who are here already."""

from datetime import UTC, date, datetime

import pytest
from sqlmodel import Session, col, select

from bot.importing import importing
from bot.importing.importing import BadRow, Counts
from scheduling import rounds
from scheduling.school import facts
from scheduling.waves import WaveTimes
from store import outbox
from store.people import chat_key, with_role
from store.people_tables import Guardian, Guardianship
from store.tables import Binding, CheckIn, Outbox, Pupil, School, Staff
from tests.bot.importing.test_importing import (
    GROUPS,
    PUPILS,
    SEALER,
    STAFF,
    brought_in,
    planned,
    pupil_called,
    staff_called,
)
from tests.factories import CALENDAR, NOW

GUARDIANS = """guardian_id,name,pupil_id
G1,Rowan Foxlark,P1
G1,Rowan Foxlark,P3
G2,Sorrel Quillmere,P2
"""
TODAY = date(2026, 11, 23)


@pytest.fixture
def school(session: Session) -> School:
    school = School(
        name="Larkfield", zone="Europe/London", nation="ENG", calendar=CALENDAR.to_json(), policy={"basis": {}}
    )
    session.add(school)
    session.commit()
    brought_in(session, school, staff=STAFF, groups=GROUPS, pupils=PUPILS)
    return school


def joined(session: Session, reference: str, chat_id: int) -> Pupil:
    pupil = pupil_called(session, reference)
    binding = Binding(pupil_id=pupil.id, school_id=pupil.school_id, chat_key=chat_key(SEALER, chat_id))
    SEALER.write(binding, "chat", chat_id)
    pupil.status = "active"
    session.add_all([binding, pupil])
    session.commit()
    return pupil


def everyone(session: Session, school: School, **texts: str) -> importing.ImportPlan:
    files = [importing.read_text(f"{name}.csv", text) for name, text in texts.items()]
    plan = importing.plan(session, SEALER, school, files, TODAY, everyone=True)
    importing.apply(session, SEALER, school, plan)
    session.commit()
    return plan


def asked(session: Session, school: School) -> list[Pupil]:
    """The pupils whom a wave that opens now asks."""
    wave = rounds.open_now(session, facts(school), WaveTimes(NOW, None, NOW.replace(hour=15)), NOW)
    for group_id in {pupil.group_id for pupil in session.exec(select(Pupil))}:
        rounds.open_group(session, SEALER, facts(school), wave, group_id, NOW)
    found = session.exec(select(Pupil).join(CheckIn, col(CheckIn.pupil_id) == col(Pupil.id))).all()
    session.rollback()
    return list(found)


def test_a_gap_in_a_file_is_no_leaver(session: Session, school: School):
    plan = brought_in(session, school, pupils="pupil_id,name,group,born\nP1,Mina Foxlark,7A,2014-12-01\n")
    assert plan.counts() == {"pupils": Counts(same=1)}
    assert pupil_called(session, "P2").status == "invited"


def test_with_everyone_who_is_not_named_has_left_and_is_asked_no_more(session: Session, school: School):
    pupil = joined(session, "P2", 502)
    assert [one.id for one in asked(session, school)] == [pupil.id]
    outbox.post(
        session,
        SEALER,
        school_id=school.id,
        network="telegram",
        lane="bulk",
        method="send",
        recipient=f"pupil:{pupil.id.hex}",
        payload={},
        dedupe="a reminder",
        now=NOW,
    )
    session.commit()
    plan = everyone(session, school, pupils=PUPILS.replace("P2,Théo Quillmere,7A,31/08/2015\n", ""))
    assert plan.counts() == {"pupils": Counts(left=1, same=2)}
    assert pupil_called(session, "P2").status == "left"
    assert asked(session, school) == []
    assert session.exec(select(Outbox.state)).all() == ["replaced"]
    # Staff and groups, of whom no file came, are as they were.
    assert [staff.active for staff in session.exec(select(Staff))] == [True, True, True]


@pytest.mark.parametrize("before", ["active", "stopped", "invited"])
def test_a_pupil_who_comes_back_picks_up_where_they_were(session: Session, school: School, before: str):
    pupil = joined(session, "P2", 502)
    pupil.status = before
    session.add(pupil)
    session.commit()
    left = "pupil_id,name,group,born,Leaving date\nP2,Théo Quillmere,7A,31/08/2015,{}\n"
    assert brought_in(session, school, pupils=left.format("2026-11-20")).counts() == {"pupils": Counts(left=1)}
    assert (pupil_called(session, "P2").status, pupil_called(session, "P2").status_before) == ("left", before)
    assert brought_in(session, school, pupils=left.format("2026-11-20")).counts() == {"pupils": Counts(same=1)}
    assert brought_in(session, school, pupils=left.format("")).counts() == {"pupils": Counts(back=1)}
    assert (pupil_called(session, "P2").status, pupil_called(session, "P2").status_before) == (before, None)
    assert brought_in(session, school, pupils=left.format("")).counts() == {"pupils": Counts(same=1)}


def test_a_day_of_leaving_that_has_not_come_changes_nothing(session: Session, school: School):
    text = "pupil_id,name,group,born,left\nP2,Théo Quillmere,7A,31/08/2015,2027-07-20\n"
    assert planned(session, school, pupils=text).counts() == {"pupils": Counts(same=1)}


def test_a_leaver_who_never_was_here_is_not_brought_in(session: Session, school: School):
    text = "pupil_id,name,group,born,left\nP9,Old Boy,7A,31/08/2009,2020-07-20\n"
    assert brought_in(session, school, pupils=text).counts() == {}
    assert len(session.exec(select(Pupil)).all()) == 3


def test_a_member_of_staff_who_left_sees_nothing_and_comes_back(session: Session, school: School):
    text = STAFF.replace("roles,year", "roles,year,left").replace("dsl,", "dsl,,2026-11-01")
    text = text.replace("tutor,\n", "tutor,,\n").replace("head_of_year,7", "head_of_year,7,")
    assert brought_in(session, school, staff=text).counts() == {"staff": Counts(left=1, same=2)}
    assert with_role(session, school.id, "dsl") == []
    assert staff_called(session, "S3").left_at == datetime(2026, 11, 23, tzinfo=UTC)
    assert brought_in(session, school, staff=STAFF).counts() == {"staff": Counts(back=1, same=2)}
    assert [staff.id for staff in with_role(session, school.id, "dsl")] == [staff_called(session, "S3").id]
    assert staff_called(session, "S3").left_at is None


def test_line_managers_are_set_whatever_the_order_of_rows_and_kept_without_the_column(session: Session, school: School):
    managed = STAFF.replace("roles,year", "roles,year,line manager id")
    managed = managed.replace("tutor,\n", "tutor,,S2\n").replace("year,7", "year,7,S3").replace("dsl,", "dsl,,")
    assert brought_in(session, school, staff=managed).counts() == {"staff": Counts(changed=2, same=1)}
    names = {one: staff_called(session, one).id for one in ("S1", "S2", "S3")}
    managers = [staff_called(session, one).manager_id for one in names]
    assert managers == [names["S2"], names["S3"], None]
    assert brought_in(session, school, staff=managed).counts() == {"staff": Counts(same=3)}
    assert brought_in(session, school, staff=STAFF).counts() == {"staff": Counts(same=3)}
    assert staff_called(session, "S1").manager_id == names["S2"]
    bad = managed.replace(",S2\n", ",S1\n")
    assert planned(session, school, staff=bad).bad == (
        BadRow("staff.csv", 2, "the line_manager_id is not that of another member of staff"),
    )


def test_guardians_are_brought_in_once_each_with_all_their_children(session: Session, school: School):
    plan = brought_in(session, school, guardians=GUARDIANS)
    assert plan.counts() == {"guardians": Counts(added=2)}
    guardians = session.exec(select(Guardian)).all()
    assert {SEALER.read(one, "name") for one in guardians} == {"Rowan Foxlark", "Sorrel Quillmere"}
    assert len(session.exec(select(Guardianship)).all()) == 3
    assert brought_in(session, school, guardians=GUARDIANS).counts() == {"guardians": Counts(same=2)}
    assert len(session.exec(select(Guardianship)).all()) == 3


def test_a_guardian_of_nobody_here_is_a_bad_row(session: Session, school: School):
    assert planned(session, school, guardians=GUARDIANS + "G2,Sorrel Quillmere,P9\n").bad == (
        BadRow("guardians.csv", 5, "the pupil_id is not that of any pupil"),
    )


def test_a_tie_ends_only_when_the_file_names_everyone(session: Session, school: School):
    brought_in(session, school, guardians=GUARDIANS)
    fewer = GUARDIANS.replace("G1,Rowan Foxlark,P3\n", "").replace("G2,Sorrel Quillmere,P2\n", "")
    assert brought_in(session, school, guardians=fewer).counts() == {"guardians": Counts(same=1)}
    assert len(session.exec(select(Guardianship)).all()) == 3
    plan = everyone(session, school, guardians=fewer)
    assert plan.counts() == {"guardians": Counts(left=1, same=1)}
    kept = session.exec(select(Guardianship).join(Guardian).where(col(Guardian.active).is_(True))).all()
    assert [link.pupil_id for link in kept] == [pupil_called(session, "P1").id]
    assert brought_in(session, school, guardians=GUARDIANS).counts() == {"guardians": Counts(back=1, changed=1)}
    assert {one.left_at for one in session.exec(select(Guardian))} == {None}


def test_another_schools_people_are_not_seen_nor_changed(session: Session, school: School):
    other = School(name="Fernhill", zone="Europe/London", nation="ENG")
    session.add(other)
    session.commit()
    plan = brought_in(session, other, staff=STAFF.replace("Ravi", "Rava"), groups=GROUPS, pupils=PUPILS)
    assert plan.counts() == {"staff": Counts(added=3), "groups": Counts(added=2), "pupils": Counts(added=3)}
    everyone(session, other, pupils="pupil_id,name,group,born\nP1,Mina Foxlark,7A,2014-12-01\n")
    ours = session.exec(select(Pupil.status).where(Pupil.school_id == school.id)).all()
    assert ours == ["invited", "invited", "invited"]
    names = {SEALER.read(one, "name") for one in session.exec(select(Staff).where(Staff.school_id == school.id))}
    assert names == {"Wren Thistlewick", "Odalys Brambury", "Ravi Lanternby"}
