"""A pupil's own answers: read for that pupil alone, sealed until then, and sent as a picture and in words."""

from __future__ import annotations

import pytest
from sqlmodel import Session

from bot.own_answers import sheets_of
from conversations.bank import LATEST, load
from conversations.flows.mine import Sheet
from conversations.model import Command, Tap
from store.sealing import Sealer
from store.tables import CheckIn, Pupil
from tests.bot.classroom import Classroom, classroom
from tests.dialogues.transcript import in_english

ITEMS = tuple(load(LATEST).items.values())


@pytest.fixture
def room(session: Session, sealer: Sealer) -> Classroom:
    return classroom(session, sealer)


def answered(room: Classroom, pupil: Pupil, item: int, option: int | None, state: str = "answered") -> CheckIn:
    """A check-in put away with one answer; the clock moves on a week."""
    check_in = room.check_in(pupil)
    check_in.state = state
    room.sealer.write(check_in, "answers", [[ITEMS[item].id, option, 900]])
    room.session.add(check_in)
    room.session.commit()
    room.clock.move(days=7)
    return check_in


def shown(room: Classroom, pupil: Pupil) -> list[str]:
    return [in_english(answer) for sheet in sheets_of(room.session, room.sealer, pupil) for _, answer in sheet.lines]


def option(item: int, number: int) -> str:
    return ITEMS[item].options["older"][number].text


def test_a_pupil_is_shown_their_own_last_answers_newest_first_and_nobody_elses(room: Classroom):
    pupil, other = room.pupil(9), room.pupil(10)
    for item in range(5):
        answered(room, pupil, item, 0)
        answered(room, other, item, 1)
    room.check_in(pupil)
    assert shown(room, pupil) == [option(item, 0) for item in (4, 3, 2, 1)]
    assert shown(room, other) == [option(item, 1) for item in (4, 3, 2, 1)]


def test_what_was_begun_and_not_finished_is_theirs_too(room: Classroom):
    pupil = room.pupil(9)
    answered(room, pupil, 0, None, state="partial")
    assert shown(room, pupil) == ["Skipped"]


@pytest.mark.parametrize("event", [Command("mine"), Tap("mine")])
def test_asking_sends_a_picture_and_then_the_same_in_words(room: Classroom, event: Command | Tap):
    pupil = room.pupil(9)
    answered(room, pupil, 0, 3)
    outcome = room.say(9, event)
    picture, words = room.outbox(network="telegram")
    assert [(row.method, row.lane, row.leased_by) for row in (picture, words)] == [
        ("picture", 1, "test"),
        ("send", 1, "test"),
    ]
    (sheet,) = map(Sheet.from_json, room.payload(picture)["sheets"])
    assert [in_english(answer) for _, answer in sheet.lines] == [option(0, 3)]
    assert room.said(method="send")[0] == "These are your own answers. There is no right or wrong in them."
    assert [letter.method for letter in outcome.letters] == ["picture", "send"]


def test_the_same_update_again_sends_nothing_more(room: Classroom):
    answered(room, room.pupil(9), 0, 3)
    asked = room.incoming(9, Command("mine"))
    room.handle(asked, seen=True)
    room.handle(asked, seen=True)
    assert [row.method for row in room.outbox(network="telegram")] == ["picture", "send"]


def test_with_nothing_kept_no_picture_is_sent(room: Classroom):
    room.pupil(9)
    room.say(9, Command("mine"))
    assert [row.method for row in room.outbox(network="telegram")] == ["send"]
    assert room.said() == ["Nothing here yet. Your answers will show here after a check-in."]


def test_whoever_stopped_still_sees_theirs_and_whoever_has_not_joined_sees_the_notice(room: Classroom):
    stopped, invited = room.pupil(9, status="stopped"), room.pupil(10, status="invited")
    answered(room, stopped, 0, 3)
    answered(room, invited, 0, 3)
    room.say(9, Command("mine"))
    room.say(10, Command("mine"))
    assert [(row.method, row.recipient == f"pupil:{stopped.id.hex}") for row in room.outbox(network="telegram")] == [
        ("picture", True),
        ("send", True),
        ("send", False),
    ]


def test_answers_lie_sealed_in_the_outbox(room: Classroom):
    answered(room, room.pupil(9), 0, 3)
    room.say(9, Command("mine"))
    sealed = b"".join(row.payload_sealed for row in room.outbox())
    assert option(0, 3).encode() not in sealed
