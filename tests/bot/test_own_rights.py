"""A pupil's copy and contested notes, from the tap to the file and the answer, on the runner and the desk."""

from __future__ import annotations

from typing import Any

import pytest
from sqlmodel import Session

from bot import own_rights
from bot.slack.desk import Done, act, not_found_card
from conversations.cards import Card
from conversations.model import Command, Tap
from scheduling import auditor, cases, rights
from store import audit
from store.rights_tables import Contest, CopyRequest
from store.sealing import Sealer
from store.tables import Audit, Escalation, Flag, Outbox, Pupil, Staff
from tests.bot.classroom import Classroom, classroom
from tests.factories import make_group, make_pupil, make_school, make_staff

ROBIN, SASHA = 7_000_000_001, 7_000_000_002


@pytest.fixture
def room(session: Session, sealer: Sealer) -> Classroom:
    return classroom(session, sealer)


@pytest.fixture
def pupil(room: Classroom) -> Pupil:
    return room.pupil(ROBIN)


def tap(room: Classroom, data: str, chat: int = ROBIN) -> None:
    room.say(chat, Tap(data), message_id=9, callback_id=f"cb{room.number}")
    room.run_due()


def press(room: Classroom, staff: Staff, action: str, value: str) -> Done:
    key = f"key{room.number}"
    room.number += 1
    done = act(room.session, room.sealer, room.school, staff, action, value, room.clock(), key)
    room.session.commit()
    room.run_due()
    return done


def cards(room: Classroom, staff: Staff, prefix: str) -> list[Card]:
    """The cards written to a member of staff about something, as they were first posted."""
    rows = [row for row in room.outbox(network="slack", method="post") if (row.slot or "").startswith(prefix)]
    return [Card.from_json(room.payload(row)["card"]) for row in rows if row.recipient == f"staff:{staff.id.hex}"]


def asked(room: Classroom) -> CopyRequest:
    tap(room, "copy:ask")
    return room.rows(CopyRequest)[0]  # type: ignore[no-any-return]


def documents(room: Classroom) -> list[Outbox]:
    return room.outbox(network="telegram", method="document")


def flag_of(room: Classroom, pupil: Pupil) -> Flag:
    check_in = room.check_in(pupil)
    flag = Flag(
        school_id=room.school.id,
        pupil_id=pupil.id,
        group_id=pupil.group_id,
        check_in_id=check_in.id,
        rule="test",
        raised_at=room.clock(),
    )
    room.sealer.write(flag, "reasons", {})
    room.session.add(flag)
    room.session.flush()
    cases.begin(room.session, room.school, flag, "nudge", room.clock())
    room.session.commit()
    room.run_due()
    return flag


def with_copy(room: Classroom) -> None:
    """The pupil has had a copy."""
    press(room, room.tutor, "copy_send", asked(room).id.hex)


# --- a copy -----------------------------------------------------------------------------------------------------------


def test_asking_tells_the_tutor_and_the_leads_once_and_asking_again_changes_nothing(room: Classroom, pupil: Pupil):
    row = asked(room)
    tap(room, "copy:ask")
    assert len(room.rows(CopyRequest)) == 1
    for reader in (room.tutor, room.lead):
        (card,) = cards(room, reader, f"copy:{row.id.hex}")
        assert [button.action for button in card.buttons] == ["copy_send", "copy_decline", "copy_who"]
    assert documents(room) == []


def test_staff_are_told_again_each_week_until_one_decides(room: Classroom, pupil: Pupil):
    row = asked(room)
    room.clock.move(weeks=1)
    room.run_due()
    assert len(cards(room, room.lead, f"copy:{row.id.hex}")) == 2
    press(room, room.lead, "copy_decline", row.id.hex)
    room.clock.move(weeks=1)
    room.run_due()
    assert len(cards(room, room.lead, f"copy:{row.id.hex}")) == 2


def test_a_yes_sends_the_file_then_the_message_and_the_first_to_decide_wins(room: Classroom, pupil: Pupil):
    row = asked(room)
    press(room, room.tutor, "copy_send", row.id.hex)
    press(room, room.lead, "copy_decline", row.id.hex)
    (letter,) = documents(room)
    # Who it is of, and where it goes; not a word of what is in it.
    assert set(room.payload(letter)) == {"pupil", "chat", "language", "zone"}
    assert (room.payload(letter)["chat"], letter.recipient) == (ROBIN, f"pupil:{pupil.id.hex}")
    last = room.outbox(network="telegram", method="send")[-1]
    assert room.payload(last)["message"]["paragraphs"][0]["t"] == "Here is your copy. {name} said yes to it."
    assert letter.id < last.id
    assert [(one.state, one.staff_id) for one in room.rows(CopyRequest)] == [("sent", room.tutor.id)]


def test_a_no_is_a_kind_word_and_no_file(room: Classroom, pupil: Pupil):
    press(room, room.lead, "copy_decline", asked(room).id.hex)
    assert documents(room) == []
    assert room.said()[-2:] == [
        "{name} cannot send your copy here just now.",
        "It is still fine that you asked. They would like to talk with you, and show you what is kept.",
    ]
    tap(room, "copy:ask")
    assert [one.state for one in room.rows(CopyRequest)] == ["declined", "asked"]


def test_the_copy_holds_the_pupils_own_and_nobody_elses_and_is_on_record(room: Classroom, pupil: Pupil):
    other = room.pupil(SASHA)
    page = own_rights.copy_of(room.session, room.sealer, pupil.id, room.clock())
    assert page is not None
    names = [str(room.sealer.read(one, "name")) for one in (pupil, other)]
    assert [name in page.decode() for name in names] == [True, False]
    assert [(row.actor, row.action, row.subject) for row in room.rows(Audit)] == [
        ("bot", "person exported", f"pupil:{pupil.id.hex}")
    ]


def test_another_tutor_and_the_staff_of_another_school_can_decide_nothing(
    room: Classroom, pupil: Pupil, session: Session, sealer: Sealer
):
    row = asked(room)
    elsewhere = make_school(session)
    others = [make_staff(session, sealer, room.school, "tutor"), make_staff(session, sealer, elsewhere, "dsl")]
    for viewer in others:
        for action in ("copy_send", "copy_decline", "copy_who"):
            assert press(room, viewer, action, row.id.hex) == Done(modal=not_found_card())
    assert [one.state for one in room.rows(CopyRequest)] == ["asked"]


def test_who_it_is_is_told_to_those_who_decide_and_is_on_record(room: Classroom, pupil: Pupil):
    name = str(room.sealer.read(pupil, "name"))

    def told(staff: Staff, action: str, value: str) -> str:
        return repr(press(room, staff, action, value).modal)

    assert name in told(room.tutor, "copy_who", asked(room).id.hex)
    flag = flag_of(room, pupil)
    press(room, room.tutor, "copy_send", room.rows(CopyRequest)[0].id.hex)
    tap(room, f"copy:note:{flag.id.hex}")
    (row,) = room.rows(Contest)
    assert name in told(room.lead, "contest_who", row.id.hex)
    assert name not in told(room.tutor, "contest_who", row.id.hex)
    assert [one.action for one in room.rows(Audit)].count("read name") == 2


def test_who_has_not_agreed_to_the_notice_asks_for_nothing(room: Classroom):
    room.pupil(SASHA, status="invited")
    tap(room, "copy:ask", SASHA)
    room.say(SASHA, Command("copy"))
    assert room.rows(CopyRequest) == []


# --- a contested note -------------------------------------------------------------------------------------------------


def buttons(room: Classroom) -> list[str]:
    """What the last message to a phone offers."""
    last = room.outbox(network="telegram", method="send")[-1]
    rows: Any = room.payload(last)["message"]["rows"]
    return [button[1] for row in rows for button in row]


def test_notes_are_shown_only_after_a_copy(room: Classroom, pupil: Pupil):
    flag = flag_of(room, pupil)
    tap(room, "copy:wrong")
    assert buttons(room) == ["talk", "menu"]
    tap(room, f"copy:note:{flag.id.hex}")
    assert room.rows(Contest) == []
    with_copy(room)
    tap(room, "copy:wrong")
    assert buttons(room) == [f"copy:note:{flag.id.hex}", "menu"]


def test_a_contested_note_is_marked_stands_still_and_is_shown_to_the_leads(room: Classroom, pupil: Pupil):
    flag = flag_of(room, pupil)
    with_copy(room)
    before = auditor.standing(room.session, room.sealer, room.school, room.clock())
    tap(room, f"copy:note:{flag.id.hex}")
    assert [(one.contested, one.state) for one in room.rows(Flag)] == [("open", "new")]
    (row,) = room.rows(Contest)
    assert (row.by, row.state, row.flag_id) == ("pupil", "open", flag.id)
    assert [one.state for one in room.rows(Escalation)] == ["closed"]
    after = auditor.standing(room.session, room.sealer, room.school, room.clock())
    assert (before.open, after.open) == (1, 0)
    assert len(cards(room, room.lead, f"contest:{row.id.hex}")) == 1
    assert cards(room, room.tutor, f"contest:{row.id.hex}") == []
    # Nothing is decided by way of an old card meanwhile.
    press(room, room.tutor, "nudge_take", flag.id.hex)
    assert [one.state for one in room.rows(Flag)] == ["new"]
    # Nor is it contested twice.
    tap(room, f"copy:note:{flag.id.hex}")
    assert len(room.rows(Contest)) == 1


def test_one_that_stands_counts_and_climbs_again_and_the_pupil_hears(room: Classroom, pupil: Pupil):
    flag = flag_of(room, pupil)
    with_copy(room)
    tap(room, f"copy:note:{flag.id.hex}")
    (row,) = room.rows(Contest)
    press(room, room.lead, "contest_stands", row.id.hex)
    assert [(one.contested, one.state) for one in room.rows(Flag)] == [(None, "new")]
    assert [one.state for one in room.rows(Escalation)] == ["open"]
    assert room.said(method="send")[-1] == "It stays for now. They would like to talk with you about it."
    press(room, room.lead, "contest_withdraw", row.id.hex)
    assert [one.state for one in room.rows(Contest)] == ["stands"]


def test_one_that_stands_and_was_taken_is_its_takers_again_until_owning_lapses(room: Classroom, pupil: Pupil):
    flag = flag_of(room, pupil)
    with_copy(room)
    press(room, room.tutor, "nudge_take", flag.id.hex)
    tap(room, f"copy:note:{flag.id.hex}")
    assert [one.state for one in room.rows(Escalation)] == ["closed"]
    press(room, room.lead, "contest_stands", room.rows(Contest)[0].id.hex)
    (case,) = room.rows(Escalation)
    assert (case.state, case.owner_id) == ("owned", room.tutor.id)
    assert case.lapses_at is not None
    assert [one.state for one in room.rows(Flag)] == ["taken"]


def test_one_that_is_withdrawn_never_counts_again_and_the_pupil_hears(room: Classroom, pupil: Pupil):
    flag = flag_of(room, pupil)
    with_copy(room)
    tap(room, f"copy:note:{flag.id.hex}")
    press(room, room.lead, "contest_withdraw", room.rows(Contest)[0].id.hex)
    assert [(one.contested, one.state) for one in room.rows(Flag)] == [("withdrawn", "not_needed")]
    assert room.said(method="send")[-1] == "You were right to say so. It does not count any more."
    assert audit.first_break(room.session, room.school.id) is None


def test_a_family_contests_through_staff_and_the_pupil_is_not_written_to(room: Classroom, pupil: Pupil):
    flag = flag_of(room, pupil)
    rights.contest(room.session, room.sealer, room.school, flag, "guardian", room.clock(), "command:person")
    room.session.commit()
    room.run_due()
    said = room.said()
    (row,) = room.rows(Contest)
    press(room, room.lead, "contest_withdraw", row.id.hex)
    assert (room.said(), [one.contested for one in room.rows(Flag)]) == (said, ["withdrawn"])


def test_only_leads_of_this_school_answer(room: Classroom, pupil: Pupil, session: Session, sealer: Sealer):
    flag = flag_of(room, pupil)
    with_copy(room)
    tap(room, f"copy:note:{flag.id.hex}")
    (row,) = room.rows(Contest)
    foreign = make_staff(session, sealer, make_school(session), "dsl")
    for viewer in (room.tutor, foreign):
        for action in ("contest_stands", "contest_withdraw", "contest_who"):
            assert press(room, viewer, action, row.id.hex) == Done(modal=not_found_card())
    assert [one.state for one in room.rows(Contest)] == ["open"]


def test_a_note_of_somebody_else_or_of_another_school_cannot_be_contested(
    room: Classroom, pupil: Pupil, session: Session, sealer: Sealer
):
    theirs = flag_of(room, room.pupil(SASHA))
    elsewhere = make_school(session)
    stranger = make_pupil(session, sealer, elsewhere, make_group(session, elsewhere, "7B", 7))
    session.commit()
    with_copy(room)
    tap(room, f"copy:note:{theirs.id.hex}")
    assert rights.contestable(session, stranger) == []
    assert room.rows(Contest) == []
