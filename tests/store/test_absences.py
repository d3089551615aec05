"""Who is away, and who stands in: at the minute, at any remove, and never in a ring."""

from datetime import timedelta

from sqlmodel import Session

from scheduling.school import SchoolFacts
from store import absences
from store.sealing import Sealer
from store.tables import Staff
from tests.factories import NOW, make_school, make_staff

HOUR = timedelta(hours=1)


def three(session: Session, sealer: Sealer) -> tuple[SchoolFacts, Staff, Staff, Staff]:
    school = make_school(session)
    one, two, three = (make_staff(session, sealer, school, "tutor") for _ in range(3))
    return school, one, two, three


def test_somebody_is_away_from_the_first_moment_up_to_the_last(session: Session, sealer: Sealer) -> None:
    school, one, two, _ = three(session, sealer)
    absences.set_away(session, one, NOW, NOW + HOUR, two, NOW)
    moments = (NOW - timedelta(seconds=1), NOW, NOW + HOUR - timedelta(seconds=1), NOW + HOUR)
    assert [one.id in absences.away(session, school.id, moment) for moment in moments] == [False, True, True, False]
    assert [bool(absences.covered_by(session, two, moment)) for moment in moments] == [False, True, True, False]


def test_whoever_stands_in_for_one_who_stands_in_covers_both(session: Session, sealer: Sealer) -> None:
    school, one, two, three_ = three(session, sealer)
    absences.set_away(session, one, NOW, NOW + HOUR, two, NOW)
    absences.set_away(session, two, NOW, NOW + HOUR, three_, NOW)
    assert {row.id for row in absences.covered_by(session, three_, NOW)} == {one.id, two.id}
    assert absences.covered_by(session, two, NOW) == []
    assert absences.stand_in(absences.away(session, school.id, NOW), one.id) == three_.id


def test_a_ring_of_people_who_are_all_away_has_nobody(session: Session, sealer: Sealer) -> None:
    school, one, two, _ = three(session, sealer)
    absences.set_away(session, one, NOW, NOW + HOUR, two, NOW)
    absences.set_away(session, two, NOW, NOW + HOUR, one, NOW)
    assert absences.stand_in(absences.away(session, school.id, NOW), one.id) is None


def test_who_has_left_covers_nobody_and_is_covered_by_nobody(session: Session, sealer: Sealer) -> None:
    _, one, two, _ = three(session, sealer)
    absences.set_away(session, one, NOW, NOW + HOUR, two, NOW)
    one.active = False
    session.flush()
    assert absences.covered_by(session, two, NOW) == []
    one.active, two.active = True, False
    session.flush()
    assert absences.covered_by(session, two, NOW) == []


def test_ending_says_whether_there_was_anything_to_end(session: Session, sealer: Sealer) -> None:
    _, one, _, _ = three(session, sealer)
    assert absences.end(session, one, NOW) is False
    absences.set_away(session, one, NOW, NOW + HOUR, None, NOW)
    assert absences.end(session, one, NOW + HOUR / 2) is True
    assert absences.own(session, one, NOW + HOUR / 2) is None
