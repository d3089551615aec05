"""Unreached: a nudge that nobody with Slack has goes on at once, and who was asked and never heard shows so."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlmodel import Session, select

from scheduling import cases, unreached
from store import outbox
from store.care_tables import NudgeAsk
from store.outbox import Letter
from store.sealing import Sealer
from store.tables import LANES, Due, Escalation, Flag, Staff
from tests.bot.classroom import Classroom, classroom
from tests.factories import NOW, make_staff

ROBIN = 7_000_000_001


@pytest.fixture
def room(session: Session, sealer: Sealer) -> Classroom:
    room = classroom(session, sealer)
    check_in = room.check_in(room.pupil(ROBIN))
    flag = Flag(
        school_id=room.school.id,
        pupil_id=check_in.pupil_id,
        group_id=room.group.id,
        check_in_id=check_in.id,
        rule="test",
        raised_at=NOW,
    )
    sealer.write(flag, "reasons", {"low": 3, "window": 4, "baseline": 20})
    session.add(flag)
    session.flush()
    cases.begin(session, room.school, flag, "nudge", NOW)
    session.commit()
    room.run_due()
    return room


def hand(room: Classroom) -> list[Letter]:
    """What waits to be sent to Slack, taken in hand."""
    now = room.clock()
    found = outbox.claim(
        room.session, room.sealer, network="slack", now=now, worker="t", lanes=LANES.values(), limit=99
    )
    room.session.commit()
    return found


def arrives(room: Classroom, letter: Letter) -> None:
    outbox.sent(room.session, room.sealer, letter, room.clock(), {"channel": "D1", "ts": "1"})
    room.session.commit()


def has_no_slack(room: Classroom, letter: Letter) -> None:
    """As delivery does for a letter whose reader has no account."""
    outbox.ended(room.session, letter, "failed", room.clock(), "no account")
    unreached.note(room.session, letter, room.clock())
    room.session.commit()
    room.run_due()


def readers(letters: list[Letter]) -> list[str]:
    return sorted(letter.recipient for letter in letters)


def of(*staff: Staff) -> list[str]:
    return sorted(f"staff:{one.id.hex}" for one in staff)


def test_a_nudge_whose_tutor_has_no_slack_goes_to_the_next_people_at_once(room: Classroom):
    (letter,) = hand(room)
    assert readers([letter]) == of(room.tutor)
    has_no_slack(room, letter)
    assert of(room.lead)[0] in readers(hand(room))


def test_it_climbs_on_to_the_top_and_no_further_while_nobody_has_slack(room: Classroom):
    deputy = make_staff(room.session, room.sealer, room.school, "deputy_dsl")
    room.session.commit()
    told: list[str] = []
    while letters := hand(room):
        told += readers(letters)
        assert len(told) < 20
        for letter in letters:
            has_no_slack(room, letter)
    assert set(told) == set(of(room.tutor, room.lead, deputy))
    (case,) = room.rows(Escalation)
    assert (case.state, case.step) == ("open", 4)
    # The last rung goes on as it would have.
    assert [due.due_at > NOW for due in room.rows(Due, kind="case.step")] == [True]


def test_a_nudge_that_has_reached_somebody_keeps_its_pace(room: Classroom):
    (first,) = hand(room)
    arrives(room, first)
    room.clock.move(days=2)
    room.run_due()
    letters = hand(room)
    (to_lead,) = [letter for letter in letters if letter.recipient == of(room.lead)[0]]
    has_no_slack(room, to_lead)
    assert hand(room) == []


def test_a_nudge_that_was_decided_meanwhile_stays_so(room: Classroom):
    (letter,) = hand(room)
    flag = room.session.exec(select(Flag)).one()
    cases.own(room.session, room.school, flag, room.tutor, NOW)
    has_no_slack(room, letter)
    assert hand(room) == []


@pytest.mark.parametrize(("answer", "shown"), [("", "no"), ("yes", "yes")])
def test_a_go_to_who_was_asked_and_has_no_slack_shows_as_one_who_cannot(room: Classroom, answer: str, shown: str):
    (nudge,) = hand(room)
    arrives(room, nudge)
    adult = make_staff(room.session, room.sealer, room.school)
    flag = room.session.exec(select(Flag)).one()
    ask = NudgeAsk(
        school_id=room.school.id,
        flag_id=flag.id,
        staff_id=adult.id,
        asked_by=room.tutor.id,
        asked_at=NOW,
        answer=answer,
    )
    room.session.add(ask)
    room.session.commit()
    letter = Letter(
        nudge.id, room.school.id, "slack", 1, "post", of(adult)[0], f"asked:{ask.id.hex}:{adult.id.hex}", {}, 0, None
    )
    unreached.note(room.session, letter, NOW + timedelta(minutes=1))
    room.session.commit()
    room.clock.move(minutes=1)
    room.run_due()
    assert room.rows(NudgeAsk)[0].answer == shown
    assert [letter.method for letter in hand(room)] == (["update"] if shown == "no" else [])


def test_a_card_of_another_kind_asks_for_nothing(room: Classroom):
    (letter,) = hand(room)
    for slot in (None, "plan:1:2", "daily"):
        unreached.note(room.session, Letter(**{**vars(letter), "slot": slot}), NOW)
    room.session.commit()
    assert [due.kind for due in room.rows(Due)] == ["case.step"]
