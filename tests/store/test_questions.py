"""A school's own questions as rows: versions are numbered, kept, and found by the moment they hold at."""

from __future__ import annotations

from datetime import timedelta

from sqlmodel import Session

from store import questions
from tests.factories import NOW, make_school


def test_versions_count_from_one_and_are_kept_as_they_were(session: Session):
    school = make_school(session).id
    questions.publish(session, school, "first", NOW)
    questions.publish(session, school, "first", NOW, retired={"B", "A"})
    found = [(row.number, row.file, row.retired) for row in questions.versions(session, school)]
    assert found == [(1, "first", []), (2, "first", ["A", "B"])]


def test_the_newest_by_a_moment_is_the_last_published_until_then(session: Session):
    school = make_school(session).id
    assert questions.newest(session, school) is None
    for number in range(3):
        questions.publish(session, school, f"file {number}", NOW + number * timedelta(hours=1))
    numbers = [
        row.number if (row := questions.newest(session, school, NOW + timedelta(minutes=minutes))) else None
        for minutes in (-1, 0, 59, 60, 900)
    ]
    assert numbers == [None, 1, 1, 2, 3]


def test_one_schools_versions_are_not_anothers(session: Session):
    first, second = make_school(session).id, make_school(session).id
    questions.publish(session, first, "first", NOW)
    assert questions.newest(session, second) is None
    assert questions.publish(session, second, "second", NOW).number == 1
