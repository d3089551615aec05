"""Effects become rows: what is written, to whom, when it may leave, and what is never doubled."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlmodel import Session

from bot.effects import Context, Outcome, apply
from conversations.model import (
    Answer,
    AskForAdult,
    CheckInId,
    Edit,
    Effect,
    Message,
    RecordCheckIn,
    Send,
    SetLanguage,
    SetStatus,
    Toast,
    say,
)
from store import outbox
from store.outbox import posted_ref, sent
from store.sealing import Sealer
from store.tables import CheckIn, Due, Pupil, Request
from tests.bot.classroom import Classroom, classroom

HELLO = Message((say("Hello"),))
QUIET = datetime(2026, 11, 24, 22, 0, tzinfo=UTC)
MORNING = datetime(2026, 11, 25, 7, 30, tzinfo=UTC)


@pytest.fixture
def room(session: Session, sealer: Sealer) -> Classroom:
    return classroom(session, sealer)


def carry_out(room: Classroom, pupil: Pupil | None, *effects: Effect, **more: object) -> Outcome:
    room.number += 1
    context = Context(
        school=room.school,
        key=f"test:{room.number}",
        now=room.clock(),
        chat_id=9,
        language="en",
        worker="me",
        pupil=pupil,
    )
    outcome = Outcome()
    apply(room.session, room.sealer, replace(context, **more), effects, outcome)  # type: ignore[arg-type]
    room.session.commit()
    return outcome


def test_a_reply_is_leased_to_this_process_and_bulk_waits_to_be_claimed(room: Classroom):
    outcome = carry_out(room, room.pupil(9), Send(HELLO), Send(HELLO, lane="bulk"), Send(HELLO, lane="urgent"))
    assert [(row.lane, row.leased_by) for row in room.outbox()] == [(1, "me"), (2, None), (0, "me")]
    assert [letter.lane for letter in outcome.letters] == [1, 0]
    assert [row.dedupe for row in room.outbox()] == ["test:101:0", "test:101:1", "test:101:2"]


def test_bulk_in_quiet_hours_waits_for_the_morning_and_a_reply_does_not(room: Classroom):
    room.clock.now = QUIET
    expires = MORNING + timedelta(hours=3)
    carry_out(room, room.pupil(9), Send(HELLO, lane="bulk", expires_at=expires), Send(HELLO), Edit(HELLO, "s", "bulk"))
    assert [(row.method, row.not_before, row.expires_at) for row in room.outbox()] == [
        ("send", MORNING, expires),
        ("send", QUIET, None),
        ("edit", MORNING, None),
    ]


def test_an_edit_goes_to_its_slot_else_to_the_message_tapped_else_as_a_new_message(room: Classroom):
    pupil = room.pupil(9)
    carry_out(room, pupil, Edit(HELLO, "check-in:1"), Edit(HELLO), message_id=77)
    carry_out(room, pupil, Edit(HELLO))
    rows = room.outbox()
    assert [(row.method, row.slot, room.payload(row).get("message_id")) for row in rows] == [
        ("edit", "check-in:1", None),
        ("edit", None, 77),
        ("send", None, None),
    ]


def test_what_follows_the_choice_of_a_language_is_said_in_it(room: Classroom):
    outcome = carry_out(
        room, room.pupil(9), Send(HELLO), SetLanguage("cy"), Send(HELLO), Toast(say("Hi")), callback_id="c"
    )
    assert [room.payload(row)["language"] for row in room.outbox()] == ["en", "cy"]
    assert outcome.toasts == [("c", say("Hi"), "cy")]
    assert room.rows(Pupil)[0].language == "cy"


def test_a_toast_without_a_tap_has_nowhere_to_go(room: Classroom):
    assert carry_out(room, room.pupil(9), Toast(say("Hi"))).toasts == []


def test_a_stranger_is_answered_and_nothing_else_is_kept(room: Classroom):
    effects = (Send(HELLO), SetStatus("active"), AskForAdult(danger=True), SetLanguage("cy"))
    outcome = carry_out(room, None, *effects)
    assert [row.recipient for row in room.outbox()] == [""]
    assert (room.rows(Request), room.rows(Due), outcome.due) == ([], [], False)


def test_stopping_withdraws_bulk_of_this_pupil_alone(room: Classroom):
    pupil, other = room.pupil(9), room.pupil(10)
    for one in (pupil, other):
        carry_out(room, one, Send(HELLO, lane="bulk"), Send(HELLO))
    carry_out(room, pupil, SetStatus("stopped"))
    states = {(row.recipient, row.lane): row.state for row in room.outbox()}
    mine, theirs = f"pupil:{pupil.id.hex}", f"pupil:{other.id.hex}"
    assert states == {(mine, 2): "replaced", (mine, 1): "waiting", (theirs, 2): "waiting", (theirs, 1): "waiting"}


def test_stopping_lets_go_on_what_takes_old_buttons_away(room: Classroom):
    pupil = room.pupil(9)
    carry_out(room, pupil, Edit(HELLO, "check-in:1", "bulk"), Send(HELLO, "check-in:2", lane="bulk"))
    carry_out(room, pupil, SetStatus("stopped"))
    assert [(row.method, row.state) for row in room.outbox()] == [("edit", "waiting"), ("send", "replaced")]


# --- check-ins --------------------------------------------------------------------------------------------------------


def record(check_in: CheckIn, ending: str, *answers: Answer, words: str = "") -> RecordCheckIn:
    return RecordCheckIn(CheckInId(check_in.id.hex), ending, answers, words)  # type: ignore[arg-type]


def test_a_check_in_ends_once(room: Classroom):
    pupil = room.pupil(9)
    check_in = room.check_in(pupil)
    first = carry_out(room, pupil, record(check_in, "answered", Answer("WEATHER-1", 2, 900), words="hm"))
    room.clock.move(minutes=5)
    again = carry_out(room, pupil, record(check_in, "partial", Answer("WEATHER-1", 0, 1), words="other"))
    row = room.rows(CheckIn)[0]
    assert (row.state, row.ended_at) == ("answered", room.clock() - timedelta(minutes=5))
    assert room.sealer.read(row, "answers") == [["WEATHER-1", 2, 900]]
    assert room.sealer.read(row, "words") == "hm"
    assert (first.due, again.due) == (True, False)
    assert [(due.kind, due.subject) for due in room.rows(Due)] == [("score", check_in.id.hex)]


def test_a_check_in_without_answers_is_not_scored(room: Classroom):
    pupil = room.pupil(9)
    assert carry_out(room, pupil, record(room.check_in(pupil), "missed")).due is False
    assert (room.rows(CheckIn)[0].state, room.rows(Due)) == ("missed", [])


def test_a_check_in_of_another_pupil_or_unknown_is_left_alone(room: Classroom):
    check_in = room.check_in(room.pupil(9))
    carry_out(room, room.pupil(10), record(check_in, "answered", Answer("WEATHER-1", 2, 900)))
    unknown = RecordCheckIn(CheckInId(UUID(int=1).hex), "answered", (Answer("WEATHER-1", 2, 900),))
    carry_out(room, room.pupil(11), unknown)
    assert [row.state for row in room.rows(CheckIn)] == ["open"]
    assert room.rows(Due) == []


@pytest.mark.parametrize("before", ["undelivered", "replaced"])
@pytest.mark.parametrize("ending", ["missed", "partial", "answered"])
def test_a_check_in_that_never_arrived_or_was_cut_short_is_not_counted_as_missed(
    room: Classroom, before: str, ending: str
):
    pupil = room.pupil(9)
    check_in = room.check_in(pupil)
    check_in.state = before
    room.session.add(check_in)
    carry_out(room, pupil, record(check_in, ending))
    assert room.rows(CheckIn)[0].state == (before if ending == "missed" else ending)


# --- asking for an adult ----------------------------------------------------------------------------------------------


def test_asking_again_while_a_request_is_open_doubles_nothing(room: Classroom):
    pupil = room.pupil(9)
    first = carry_out(room, pupil, AskForAdult(danger=False))
    again = carry_out(room, pupil, AskForAdult(danger=False), AskForAdult(danger=False))
    assert [(row.danger, row.state) for row in room.rows(Request)] == [(False, "open")]
    assert (first.due, again.due) == (True, False)
    assert [row.kind for row in room.rows(Due)] == ["request"]


def test_danger_raises_an_open_request_once_and_is_never_lowered(room: Classroom):
    pupil = room.pupil(9)
    carry_out(room, pupil, AskForAdult(danger=False))
    room.clock.move(minutes=1)
    assert carry_out(room, pupil, AskForAdult(danger=True)).due is True
    assert carry_out(room, pupil, AskForAdult(danger=True), AskForAdult(danger=False)).due is False
    assert [(row.danger, row.state) for row in room.rows(Request)] == [(True, "open")]
    assert [(row.kind, row.due_at) for row in room.rows(Due)] == [("request", room.clock())]


def test_a_request_after_one_that_is_owned_is_a_new_one(room: Classroom):
    pupil = room.pupil(9)
    carry_out(room, pupil, AskForAdult(danger=True))
    owned = room.rows(Request)[0]
    owned.state = "owned"
    room.session.add(owned)
    carry_out(room, pupil, AskForAdult(danger=False))
    assert sorted((row.danger, row.state) for row in room.rows(Request)) == [(False, "open"), (True, "owned")]


# --- slots ------------------------------------------------------------------------------------------------------------


def test_a_second_message_to_a_slot_moves_it(room: Classroom):
    outcome = carry_out(room, room.pupil(9), Send(HELLO, "check-in:7"), Send(HELLO, "check-in:7"))
    for letter, number in zip(outcome.letters, (41, 42), strict=True):
        sent(room.session, room.sealer, letter, room.clock(), {"chat": 9, "message_id": number})
        room.session.commit()
        assert posted_ref(room.session, room.sealer, "check-in:7") == {"chat": 9, "message_id": number}
    assert [row.state for row in room.outbox()] == ["sent", "sent"]


def test_a_check_in_shown_again_and_refused_was_delivered_all_the_same(room: Classroom):
    pupil = room.pupil(9)
    check_in = room.check_in(pupil)
    slot = f"check-in:{check_in.id.hex}"
    outcome = carry_out(room, pupil, Send(HELLO, slot), Send(HELLO, slot))
    sent(room.session, room.sealer, outcome.letters[0], room.clock(), {"chat": 9, "message_id": 41})
    room.session.flush()
    outbox.ended(room.session, outcome.letters[1], "failed", room.clock(), "the bot is blocked")
    room.session.commit()
    assert room.rows(CheckIn)[0].state == "open"


def test_a_check_in_that_is_refused_at_first_is_undelivered(room: Classroom):
    pupil = room.pupil(9)
    check_in = room.check_in(pupil)
    outcome = carry_out(room, pupil, Send(HELLO, f"check-in:{check_in.id.hex}"))
    outbox.ended(room.session, outcome.letters[0], "failed", room.clock(), "the bot is blocked")
    room.session.commit()
    assert room.rows(CheckIn)[0].state == "undelivered"
