"""Until when what is kept names a member of staff: the last of its clocks, or no end while something is open."""

from datetime import datetime, timedelta

from sqlmodel import Session, SQLModel

from scheduling.naming import _CLOCKS, named_until
from store.care_tables import GoTo, Wish
from store.former import _OF_THE_LISTS, naming
from store.plan_tables import OneToOne
from store.sealing import Sealer
from store.tables import Request
from tests.factories import NOW, make_group, make_pupil, make_school, make_staff


def test_the_last_clock_counts_and_what_is_open_has_no_end(session: Session, sealer: Sealer) -> None:
    school = make_school(session, retention={"requests": 100})
    pupil = make_pupil(session, sealer, school, make_group(session, school, "7A", 7))
    staff, other = (make_staff(session, sealer, school, "tutor") for _ in range(2))

    def until() -> tuple[set[str], datetime | None]:
        session.flush()
        named = naming(session, school.id, {staff.id})
        return set(named), named_until(session, school.policy, staff, named)

    session.add(OneToOne(school_id=school.id, term="2026-09-01", staff_id=other.id, leader_id=other.id, made_at=NOW))
    assert until() == (set(), None)
    request = Request(school_id=school.id, pupil_id=pupil.id, asked_at=NOW, state="done", owner_id=other.id)
    session.add(request)
    session.flush()
    session.add(Wish(request_id=request.id, school_id=school.id, told=[staff.id.hex]))
    assert until() == ({"wish"}, NOW + timedelta(days=100))
    met = OneToOne(school_id=school.id, term="2026-05-01", staff_id=staff.id, leader_id=other.id, made_at=NOW)
    session.add(met)
    assert until() == ({"wish", "one_to_one"}, NOW + timedelta(days=760))
    named = GoTo(school_id=school.id, pupil_id=pupil.id, staff_id=staff.id, place=1, since=NOW)
    session.add(named)
    assert until() == ({"wish", "one_to_one", "go_to"}, None)
    named.until = NOW
    assert until() == ({"wish", "one_to_one", "go_to"}, NOW + timedelta(days=1_095))
    request.state = "open"
    assert until() == ({"wish", "one_to_one", "go_to"}, None)


def test_every_table_that_can_hold_somebody_back_has_a_clock() -> None:
    holding = {
        table.name
        for table in SQLModel.metadata.sorted_tables
        for foreign in table.foreign_keys
        if foreign.column.table.name == "staff" and (table.name, foreign.parent.name) not in _OF_THE_LISTS
    }
    assert holding - {"wish"} == set(_CLOCKS)
