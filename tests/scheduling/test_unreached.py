"""Unreached: a nudge that nobody with Slack has goes on at once, and who was asked and never heard shows so."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import Session, select

from conversations.staff_absence import nobody_reached_card
from scheduling import cases, unreached
from store import outbox
from store.care_tables import NudgeAsk
from store.ids import new_id
from store.outbox import Letter
from store.sealing import Sealer
from store.tables import LANES, Due, Escalation, Flag, Request, Staff
from tests.bot.classroom import Classroom, classroom
from tests.factories import NOW, make_staff

ROBIN = 7_000_000_001


@pytest.fixture
def room(session: Session, sealer: Sealer) -> Classroom:
    room = classroom(session, sealer)
    room.flag(room.pupil(ROBIN))
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


# --- no safeguarding lead at all --------------------------------------------------------------------------------------


def calls_for_help(room: Classroom) -> Request:
    request = Request(
        school_id=room.school.id, pupil_id=room.session.exec(select(Flag)).one().pupil_id, danger=True, asked_at=NOW
    )
    room.session.add(request)
    room.session.flush()
    cases.begin(room.session, room.school, request, "danger", room.clock())
    room.session.commit()
    for letter in hand(room):
        arrives(room, letter)
    room.run_due()
    return request


def cards_of(room: Classroom, staff: Staff) -> list[dict[str, Any]]:
    return [room.payload(row)["card"] for row in room.outbox(network="slack", recipient=of(staff)[0])]


def test_a_child_in_danger_whom_no_lead_can_hear_of_is_told_of_to_the_head_once_an_hour(room: Classroom):
    deputy = make_staff(room.session, room.sealer, room.school, "deputy_dsl")
    head = make_staff(room.session, room.sealer, room.school, "head")
    room.session.commit()
    calls_for_help(room)
    first, second = hand(room)
    assert readers([first, second]) == of(room.lead, deputy)
    has_no_slack(room, first)
    # The other may still hear.
    assert cards_of(room, head) == []
    has_no_slack(room, second)
    assert cards_of(room, head) == [nobody_reached_card().to_json()]
    for _ in range(11):
        room.clock.move(minutes=5)
        room.run_due()
        for letter in hand(room):
            if letter.recipient != of(head)[0]:
                has_no_slack(room, letter)
    assert len(cards_of(room, head)) == 1
    room.clock.move(minutes=5)
    room.run_due()
    for letter in hand(room):
        has_no_slack(room, letter)
    assert len(cards_of(room, head)) == 2


def test_one_lead_who_can_be_reached_is_enough(room: Classroom):
    make_staff(room.session, room.sealer, room.school, "deputy_dsl")
    head = make_staff(room.session, room.sealer, room.school, "head")
    room.session.commit()
    calls_for_help(room)
    first, second = hand(room)
    arrives(room, first)
    has_no_slack(room, second)
    assert cards_of(room, head) == []


def test_a_nudge_that_climbed_past_every_lead_is_told_of_to_the_head_once_a_day(room: Classroom):
    head = make_staff(room.session, room.sealer, room.school, "head")
    room.session.commit()
    while letters := [one for one in hand(room) if one.recipient != of(head)[0]]:
        for letter in letters:
            has_no_slack(room, letter)
    assert cards_of(room, head) == [nobody_reached_card().to_json()]


def test_with_no_address_of_any_lead_that_opens_the_head_hears_too(room: Classroom):
    head = make_staff(room.session, room.sealer, room.school, "head")
    room.lead.email_sealed = b"\x01 not an envelope"
    room.session.add(room.lead)
    room.session.commit()
    calls_for_help(room)
    assert cards_of(room, head) == [nobody_reached_card().to_json()]


def test_a_card_that_no_reader_will_see_for_a_fault_of_ours_is_not_one_that_is_on_its_way(room: Classroom):
    head = make_staff(room.session, room.sealer, room.school, "head")
    room.session.commit()
    calls_for_help(room)
    (letter,) = hand(room)
    outbox.put_back(room.session, letter, "fault: KeyError", room.clock() + timedelta(minutes=5))
    unreached.note(room.session, letter, room.clock())
    room.session.commit()
    room.run_due()
    assert cards_of(room, head) == [nobody_reached_card().to_json()]


def test_whoever_was_asked_sees_when_the_pupil_can_be_reached_no_more_and_when_again(room: Classroom):
    request = calls_for_help(room)
    (letter,) = hand(room)
    arrives(room, letter)
    pupil = f"pupil:{request.pupil_id.hex}"
    to_phone = Letter(**{**vars(letter), "network": "telegram", "recipient": pupil, "slot": None, "method": "send"})
    unreached.of_phone(room.session, to_phone, room.clock())
    room.session.commit()
    room.run_due()
    cut_off = "Their phone cannot be reached, so they do not see what you answer. Please find them."
    update = room.outbox(network="slack", method="update")[-1]
    assert (update.slot, cut_off in str(room.payload(update)["card"])) == (letter.slot, True)
    # A second message that does not arrive says nothing new.
    unreached.of_phone(room.session, to_phone, room.clock())
    assert room.run_due() == 0
    room.handle(room.incoming(ROBIN, None, reachable=True))
    room.run_due()
    again = room.outbox(network="slack", method="update")[-1]
    assert (again.id != update.id, cut_off in str(room.payload(again)["card"])) == (True, False)


def test_what_it_was_about_may_be_gone(room: Classroom):
    (letter,) = hand(room)
    gone = new_id().hex
    for slot in (f"request:{gone}:{room.lead.id.hex}:1", f"nudge:{gone}:x:1", f"asked:{gone}:x"):
        unreached.note(room.session, Letter(**{**vars(letter), "slot": slot}), room.clock())
    room.session.commit()
    room.run_due()
    assert [row.kind for row in room.rows(Due)] == ["case.step"]
    assert room.failures() == []


def test_who_is_tied_to_an_account_that_is_gone_is_looked_for_by_their_address_from_then_on(room: Classroom):
    room.sealer.write(room.lead, "slack_user", "U1")
    room.lead.slack_user_key = room.sealer.blind("slack", "U1")
    room.session.add(room.lead)
    room.session.commit()
    calls_for_help(room)
    (letter,) = hand(room)
    assert letter.payload["user"] == "U1"
    unreached.unlink(room.sealer, room.session, letter, room.clock())
    room.session.commit()
    room.clock.move(minutes=5)
    room.run_due()
    *_, again = hand(room)
    assert (again.payload["user"], again.payload["email"]) == (None, room.sealer.read(room.lead, "email"))
    # An old letter unties nobody from the account they have since.
    room.sealer.write(room.lead, "slack_user", "U2")
    room.lead.slack_user_key = room.sealer.blind("slack", "U2")
    room.session.add(room.lead)
    unreached.unlink(room.sealer, room.session, letter, room.clock())
    assert room.lead.slack_user_key is not None
