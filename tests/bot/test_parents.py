"""The parent's chat on the runner: joining, one-step stop and start, and a chat that is never both kinds."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlmodel import Session, select

from bot.telegram.updates import read_update
from conversations.model import CheckInOpens, Command, Tap, Text
from scheduling import rounds
from store import consent, invites
from store.guardian_tables import GuardianBinding, GuardianInvite
from store.people_tables import Guardian
from store.sealing import Sealer
from store.tables import Attempt, Audit, Binding, CheckIn, Conversation, Pupil
from tests.bot.classroom import Classroom, classroom
from tests.factories import make_guardian, make_school

ROBIN, CARER, OTHER = 7_000_000_001, 7_000_000_002, 7_000_000_003
FIRST = "Your child may get a few short questions from school, about once a week. They can skip any of them."


@pytest.fixture
def room(session: Session, sealer: Sealer) -> Classroom:
    return classroom(session, sealer)


@pytest.fixture
def pupil(room: Classroom) -> Pupil:
    return room.pupil(ROBIN)


@pytest.fixture
def carer(room: Classroom, pupil: Pupil) -> Guardian:
    guardian = make_guardian(room.session, room.sealer, room.school, pupil)
    room.session.commit()
    return guardian


def code_of(room: Classroom, guardian: Guardian) -> str:
    code = invites.issue_to_guardian(room.session, room.sealer, guardian, room.clock())
    room.session.commit()
    return code


def send(room: Classroom, chat: int, words: str) -> list[str]:
    """Send words as Telegram would bring them; gives what is said in answer to that chat."""
    room.number += 1
    person = {"id": chat, "type": "private"}
    message = {"message_id": room.number, "date": 0, "chat": person, "from": {"id": chat, "is_bot": False}}
    incoming = read_update({"update_id": room.number, "message": {**message, "text": words}})
    assert incoming is not None
    letters = room.handle(incoming).letters
    return [
        phrase["t"]
        for letter in letters
        if letter.payload["chat"] == chat
        for phrase in letter.payload["message"]["paragraphs"]
    ]


def join(room: Classroom, guardian: Guardian, chat: int = CARER) -> list[str]:
    return send(room, chat, f"/start {code_of(room, guardian)}")


def tap(room: Classroom, data: str, chat: int = CARER) -> None:
    room.say(chat, Tap(data), message_id=9, callback_id=f"cb{room.number}")


def test_a_parent_joins_with_their_code_and_reads_what_it_is_first(room: Classroom, carer: Guardian, pupil: Pupil):
    assert join(room, carer)[0] == FIRST
    assert [row.guardian_id for row in room.rows(GuardianBinding)] == [carer.id]
    # Nothing of the parent's goes by way of the pupil, and no state is kept.
    assert [row.recipient for row in room.outbox()] == [f"guardian:{carer.id.hex}"]
    assert (room.rows(Conversation), [row.pupil_id for row in room.rows(Binding)]) == ([], [pupil.id])


def test_a_parent_stops_and_starts_a_childs_check_ins_in_one_step_each(room: Classroom, carer: Guardian, pupil: Pupil):
    join(room, carer)
    check_in = room.check_in(pupil)
    tap(room, f"p:stop:{pupil.id.hex}")
    assert [(row.held, row.status) for row in room.rows(Pupil)] == [(True, "active")]
    assert [row.state for row in room.rows(CheckIn, id=check_in.id)] == ["partial"]
    assert rounds.reachable_pupils(room.session, room.school.id) == 0
    room.session.commit()
    tap(room, f"p:start:{pupil.id.hex}")
    assert [row.held for row in room.rows(Pupil)] == [False]
    assert rounds.reachable_pupils(room.session, room.school.id) == 1
    done = [(row.actor, row.action) for row in room.rows(Audit)]
    assert done == [
        (f"guardian:{carer.id.hex}", "stopped for a guardian"),
        (f"guardian:{carer.id.hex}", "allowed again for a guardian"),
    ]


def test_the_pupil_alone_cannot_undo_a_parents_stop(room: Classroom, carer: Guardian, pupil: Pupil):
    join(room, carer)
    send(room, CARER, "/stop")
    for words in ("/start", "/stop", "/start"):
        send(room, ROBIN, words)
    tap(room, f"p:start:{pupil.id.hex}", ROBIN)
    assert [row.held for row in room.rows(Pupil)] == [True]


def test_stop_stops_each_child_and_start_undoes_none(room: Classroom, carer: Guardian, pupil: Pupil):
    make_guardian(room.session, room.sealer, room.school, room.pupil(), guardian=carer)
    join(room, carer)
    send(room, CARER, "/stop")
    send(room, CARER, "/start")
    assert [row.held for row in room.rows(Pupil)] == [True, True]


def test_a_child_of_somebody_else_stays_as_it_is(room: Classroom, carer: Guardian):
    stranger = room.pupil(OTHER)
    join(room, carer)
    tap(room, f"p:stop:{stranger.id.hex}")
    assert [row.held for row in room.rows(Pupil)] == [False, False]


def test_a_parents_code_in_a_pupils_chat_is_neither_taken_nor_spent(room: Classroom, carer: Guardian, pupil: Pupil):
    code = code_of(room, carer)
    assert send(room, ROBIN, f"/start {code}") == [
        "That code is for a parent or carer. It works in their own Telegram, on their own phone."
    ]
    assert (room.rows(GuardianBinding), [row.used_at for row in room.rows(GuardianInvite)]) == ([], [None])
    assert send(room, CARER, code)[0] == FIRST


def test_a_pupils_code_in_a_parents_chat_is_neither_taken_nor_spent(room: Classroom, carer: Guardian):
    fresh = room.pupil(status="invited")
    code = invites.issue(room.session, room.sealer, fresh, room.clock())
    join(room, carer)
    said = send(room, CARER, code)
    assert said[0] == "That code is your child’s own. It works on your child’s phone."
    assert [row.pupil_id for row in room.rows(Binding)] != [fresh.id]
    assert send(room, OTHER, code)[0].startswith("Hello! About once a week")


def test_a_used_or_old_code_and_one_of_somebody_no_longer_listed_say_so(room: Classroom, carer: Guardian):
    code = code_of(room, carer)
    send(room, CARER, code)
    used = "That code has been used. Each works once. The school office can give you a new letter."
    assert send(room, OTHER, code) == [used]
    assert send(room, CARER, code)[0] == "You have joined already, so you do not need a code."
    late = code_of(room, carer)
    room.clock.move(days=31)
    old = "That code is too old to work. The school office can give you a new letter."
    assert send(room, OTHER, late) == [old]
    fresh = code_of(room, carer)
    carer.active = False
    room.session.commit()
    assert send(room, OTHER, fresh) == [old]


def test_who_is_no_longer_listed_is_a_stranger_to_the_bot(room: Classroom, carer: Guardian, pupil: Pupil):
    join(room, carer)
    carer.active = False
    room.session.commit()
    assert send(room, CARER, "/menu")[0].startswith("Hello! To join, scan the code")
    tap(room, f"p:stop:{pupil.id.hex}")
    assert [row.held for row in room.rows(Pupil)] == [False]


def test_ten_wrong_codes_slow_a_parents_chat_too(room: Classroom, carer: Guardian):
    join(room, carer)
    for _ in range(invites.FREE_TRIES + 1):
        send(room, CARER, "AAAA-AAAA")
    assert [row.tries for row in room.rows(Attempt)] == [invites.FREE_TRIES]


def test_a_new_phone_takes_over_and_the_former_hears_of_it(room: Classroom, carer: Guardian, pupil: Pupil):
    join(room, carer)
    join(room, carer, OTHER)
    said = [self_said for self_said in room.said() if "another phone" in self_said]
    assert said == ["Your code was used on another phone, which is yours here now. If not, tell the school."]
    tap(room, f"p:stop:{pupil.id.hex}")
    assert [row.held for row in room.rows(Pupil)] == [False]


def test_a_parent_of_another_school_is_nobody_here(room: Classroom, carer: Guardian):
    elsewhere = make_school(room.session)
    code = code_of(room, carer)
    room.session.commit()
    here, room.school = room.school, elsewhere
    assert send(room, CARER, code)[0].startswith("I do not know that code")
    room.school = here
    send(room, CARER, code)
    room.school = elsewhere
    assert send(room, CARER, "/menu")[0].startswith("Hello! To join, scan the code")


def test_no_page_of_a_parents_chat_tells_of_an_answer_or_that_a_child_has_joined(
    room: Classroom, carer: Guardian, pupil: Pupil
):
    before = [join(room, carer), send(room, CARER, "/menu"), send(room, CARER, "/help"), send(room, CARER, "/mine")]
    check_in = room.check_in(pupil)
    room.sealer.write(check_in, "answers", [["SD-IN-1", 0, 900]])
    check_in.state, pupil.status = "answered", "stopped"
    room.session.add_all((check_in, pupil))
    room.session.commit()
    after = [send(room, CARER, f"/{name}") for name in ("menu", "help", "mine")]
    assert after == before[1:]


def test_a_parents_own_language_is_theirs_and_their_menu_of_commands_follows(room: Classroom, carer: Guardian):
    join(room, carer)
    outcome = room.say(CARER, Tap("lang:cy"), message_id=9, callback_id="cb")
    assert outcome.parents_menus == [(CARER, "cy")]
    assert [row.language for row in room.rows(Guardian)] == ["cy"]
    assert {letter.payload["language"] for letter in outcome.letters} == {"cy"}


def test_what_a_parent_types_is_in_no_row(room: Classroom, carer: Guardian):
    join(room, carer)
    room.say(CARER, Text("a marmalade secret"))
    payloads = [str(room.payload(row)) for row in room.outbox()]
    assert [payload for payload in payloads if "marmalade" in payload] == []
    assert room.session.exec(select(Conversation)).all() == []


def test_a_wave_does_not_reach_a_parent(room: Classroom, carer: Guardian, pupil: Pupil):
    join(room, carer)
    consent.hold(room.session, pupil, room.clock(), "test")
    room.session.commit()
    event = CheckInOpens(room.opens(room.check_in(pupil)).check_in, "2026-1", (), room.clock() + timedelta(hours=1))
    assert room.say(CARER, event).letters == []
    assert room.say(CARER, Command("menu")).letters != []
