"""The page that says who sees what is what the guards do."""

import pytest
from sqlmodel import Session

from store.sealing import Sealer
from tests.docs.who_sees_what import ASKED, GROUPS, PAGE, every_guard, page
from tests.factories import make_group, make_pupil, make_school, make_staff
from tests.store.test_guards import fill


def test_the_page_is_what_the_guards_answer(session: Session, sealer: Sealer) -> None:
    assert PAGE.read_text("utf-8") == page(session, sealer), "python -m tests.docs.who_sees_what writes it anew"


def test_every_guard_is_in_the_page() -> None:
    assert every_guard() == set(ASKED)


@pytest.mark.parametrize("guard", ASKED)
def test_nobody_of_another_school_gets_through_any_guard(session: Session, sealer: Sealer, guard: str) -> None:
    here, there = fill(session, sealer), fill(session, sealer)
    _, ask = ASKED[guard]
    through = {name for name, viewer in there.staff.items() for group in GROUPS if ask(session, viewer, here, group)}
    assert through == set()
    # The same guard lets somebody of this school through.
    assert any(ask(session, viewer, here, group) for viewer in here.staff.values() for group in GROUPS)


def test_a_change_of_tutor_moves_access_with_the_next_look(session: Session, sealer: Sealer) -> None:
    school = make_school(session)
    before, after = (make_staff(session, sealer, school, "tutor") for _ in range(2))
    one = fill(session, sealer)
    group = make_group(session, school, "9C", 9, before)
    pupil = make_pupil(session, sealer, school, group)
    one.pupils["9C"], one.groups["9C"] = pupil, group
    _, ask = ASKED["access_pupil"]
    assert [ask(session, viewer, one, "9C") for viewer in (before, after)] == [True, False]
    group.tutor_id = after.id
    session.add(group)
    session.flush()
    assert [ask(session, viewer, one, "9C") for viewer in (before, after)] == [False, True]
