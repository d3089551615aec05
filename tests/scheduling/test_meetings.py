"""One-to-ones as they go: pairs of a term, times on offer, one reminder, and nothing kept of what is said."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlmodel import Session

from conversations.cards import Card
from scheduling import meetings
from scheduling.meetings import MeetingProblem
from store import absences
from store.plan_tables import OneToOne
from store.sealing import Sealer
from store.tables import Staff
from tests.bot.classroom import Classroom, classroom
from tests.factories import make_staff

# A Tuesday morning in term.
TUESDAY = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)


@pytest.fixture
def room(session: Session, sealer: Sealer) -> Classroom:
    room = classroom(session, sealer)
    room.clock.now = TUESDAY
    return room


def with_head(room: Classroom) -> Staff:
    head = make_staff(room.session, room.sealer, room.school, "head")
    room.session.commit()
    return head


def started(room: Classroom, *leaders: Staff) -> list[OneToOne]:
    meetings.start(room.session, room.sealer, room.school, [one.id for one in leaders], room.clock())
    room.session.commit()
    rows: list[OneToOne] = room.rows(OneToOne)
    return rows


def offered(room: Classroom, row: OneToOne) -> tuple[datetime, ...]:
    return meetings.times(room.session, room.school, row, room.clock())


def card_words(card: dict[str, Any]) -> list[str]:
    return [phrase["t"] for phrase in [card["title"], *card["lines"], *(button[2] for button in card["buttons"])]]


def test_both_of_a_pair_are_told_and_only_one_chooses(room: Classroom):
    head = with_head(room)
    rows = started(room, head)
    assert {(row.staff_id, row.leader_id) for row in rows} == {(one.id, head.id) for one in (room.tutor, room.lead)}
    letters = room.outbox(network="slack", method="post")
    assert sorted(letter.recipient for letter in letters) == sorted(
        f"staff:{one.id.hex}" for one in (room.tutor, room.lead, head, head)
    )
    assert {letter.lane for letter in letters} == {2}
    buttons = {len(room.payload(letter)["card"]["buttons"]) for letter in letters}
    assert buttons == {0, meetings.OFFERED + 1}


def test_times_lie_outside_lessons_on_school_days_to_come(room: Classroom):
    row = started(room, with_head(room))[0]
    times = offered(room, row)
    assert times == (
        datetime(2026, 11, 25, 8, 5, tzinfo=UTC),
        datetime(2026, 11, 25, 15, 40, tzinfo=UTC),
        datetime(2026, 11, 26, 8, 5, tzinfo=UTC),
        datetime(2026, 11, 26, 15, 40, tzinfo=UTC),
    )
    meetings.turn(room.session, row)
    assert offered(room, row)[0] == datetime(2026, 11, 27, 8, 5, tzinfo=UTC)
    # Seventeen school days are left of term and then those of the next: after the last page the first comes again.
    for _ in range(9):
        meetings.turn(room.session, row)
    assert offered(room, row) == times


def test_a_time_given_away_or_on_which_one_is_away_is_not_offered(room: Classroom):
    head = with_head(room)
    first, second = started(room, head)
    taken = offered(room, first)[0]
    assert meetings.pick(room.session, room.school, first, taken, room.clock()) is True
    assert meetings.pick(room.session, room.school, second, taken, room.clock()) is False
    wednesday = datetime(2026, 11, 25, tzinfo=UTC)
    absences.set_away(room.session, head, wednesday, wednesday + timedelta(days=1), None, room.clock())
    assert offered(room, second)[0] == datetime(2026, 11, 26, 8, 5, tzinfo=UTC)


def test_a_time_chosen_is_reminded_of_once_to_both_the_school_day_before(room: Classroom):
    head = with_head(room)
    row = next(one for one in started(room, head) if one.staff_id == room.tutor.id)
    monday = datetime(2026, 11, 30, 8, 5, tzinfo=UTC)
    meetings.pick(room.session, room.school, row, monday, room.clock())
    room.session.commit()
    room.clock.now = datetime(2026, 11, 27, 8, 29, tzinfo=UTC)
    room.run_due()
    before = len(room.outbox(network="slack", method="post"))
    room.clock.now = datetime(2026, 11, 27, 8, 30, tzinfo=UTC)
    room.run_due()
    soon = room.outbox(network="slack", method="post")[before:]
    assert sorted(letter.recipient for letter in soon) == sorted(f"staff:{one.id.hex}" for one in (room.tutor, head))
    assert {card_words(room.payload(letter)["card"])[0] for letter in soon} == {"Soon: your one-to-one with {name}"}
    meetings.free(room.session, room.school, row, room.clock())
    meetings.pick(room.session, room.school, row, monday + timedelta(days=2), room.clock())
    room.session.commit()
    room.clock.move(days=20)
    room.run_due()
    mine = [one for one in room.outbox(network="slack", method="post") if one.recipient == f"staff:{room.tutor.id.hex}"]
    assert len(mine) == 2


def test_whoever_has_chosen_no_time_is_asked_again_once(room: Classroom):
    rows = started(room, with_head(room))
    room.clock.now = datetime(2026, 12, 1, 8, 29, tzinfo=UTC)
    room.run_due()
    assert len(room.outbox(network="slack", method="post")) == 2 * len(rows)
    room.clock.now = datetime(2026, 12, 1, 8, 30, tzinfo=UTC)
    room.run_due()
    again = room.outbox(network="slack", method="post")[2 * len(rows) :]
    assert sorted(one.recipient for one in again) == sorted(f"staff:{row.staff_id.hex}" for row in rows)
    assert "No time is chosen yet. Which suits you?" in card_words(room.payload(again[0])["card"])
    room.clock.move(days=60)
    room.run_due()
    assert len(room.outbox(network="slack", method="post")) == 3 * len(rows)


def test_next_terms_leader_is_another_where_there_is_one(room: Classroom):
    leaders = [with_head(room), with_head(room)]
    first = {row.staff_id: row.leader_id for row in started(room, *leaders)}
    room.clock.now = datetime(2027, 1, 5, 10, 0, tzinfo=UTC)
    rows = started(room, *leaders)
    second = {row.staff_id: row.leader_id for row in rows if row.term == "2027-01-04"}
    assert set(second) == set(first)
    assert all(second[one.id] != first[one.id] for one in (room.tutor, room.lead))


def test_one_term_is_started_once_and_none_without_dates(room: Classroom):
    head = with_head(room)
    started(room, head)
    with pytest.raises(MeetingProblem, match=r"^The one-to-ones of this term have been started already\.$"):
        started(room, head)
    room.school = replace(room.school, calendar=replace(room.school.calendar, terms=()))
    with pytest.raises(MeetingProblem, match=r"^The school has no term dates ahead\."):
        started(room, head)


def test_leaders_nobody_named_are_the_head_and_whom_the_head_manages(room: Classroom):
    head = with_head(room)
    room.lead.manager_id, room.tutor.manager_id = head.id, room.lead.id
    assert meetings.usual_leaders([head, room.lead, room.tutor]) == {head.id, room.lead.id}


def test_each_sees_their_own_alone(room: Classroom):
    head = with_head(room)
    started(room, head)

    def titles(viewer: Staff) -> list[str]:
        cards: tuple[Card, ...] = meetings.listed(room.session, room.sealer, room.school, viewer, room.clock())
        return [card.title.text for card in cards]

    assert titles(room.tutor) == ["Your one-to-one this term: {name}"]
    assert titles(head) == ["Your one-to-ones this term"]
    assert titles(make_staff(room.session, room.sealer, room.school, "tutor")) == []


def test_nothing_but_who_and_when_is_kept():
    assert set(OneToOne.model_fields) == {
        *("id", "school_id", "term", "staff_id", "leader_id"),
        *("made_at", "meets_at", "reminded", "page", "version"),
    }


def test_the_solver_is_loaded_only_when_pairs_are_made():
    code = "import scheduling.jobs, sys; sys.exit('scipy.optimize' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0  # noqa: S603 (our own)
