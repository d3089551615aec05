"""Jobs: scoring, flags and their nudges, requests that climb until owned, the Home tab, tidying."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from sqlmodel import Session

from conversations.bank import LATEST, Item, load
from scheduling import cases
from scheduling.jobs import KEEP_SEEN, set_standing
from scheduling.retention import CLOCKS
from signals.flag import MODEL
from store import outbox
from store.due import set_due
from store.sealing import Sealer
from store.tables import CheckIn, Due, Failure, Flag, Outbox, Pupil, Request, Seen, Staff
from tests.bot.classroom import Classroom, classroom
from tests.factories import make_staff

ROBIN = 7_000_000_001
STATE_ITEMS = [item for item in load(LATEST).items.values() if item.kind == "state"]
NIGHT = datetime(2026, 11, 24, 22, 0, tzinfo=UTC)


@pytest.fixture
def room(session: Session, sealer: Sealer) -> Classroom:
    return classroom(session, sealer)


def card_titles(room: Classroom, **where: object) -> list[str]:
    return [room.payload(row)["card"]["title"]["t"] for row in room.outbox(network="slack", **where)]


def set_now(room: Classroom, kind: str, subject: str, version: int = 0) -> None:
    set_due(room.session, room.school.id, kind, subject, room.clock(), version=version)
    room.session.commit()


# --- scoring ----------------------------------------------------------------------------------------------------------


def answered(room: Classroom, pupil: Pupil, level: float, items: list[Item] | None = None) -> CheckIn:
    """A check-in with two state answers as near to a level (0 the low end, 1 the high) as their options allow."""
    room.clock.move(days=7)
    check_in = room.check_in(pupil)
    answers = []
    for item in items or STATE_ITEMS[:2]:
        last = len(item.options["older"]) - 1
        option = round(level * last) if item.direction > 0 else last - round(level * last)
        answers.append([item.id, option, 4_000])
    room.sealer.write(check_in, "answers", answers)
    check_in.state = "answered"
    room.session.add(check_in)
    room.session.commit()
    return check_in


def score(room: Classroom, check_in: CheckIn) -> None:
    set_now(room, "score", check_in.id.hex)
    room.run_due()


def fallen(room: Classroom, pupil: Pupil) -> CheckIn:
    """Three steady check-ins, then low ones: the last of them is due to raise a flag, on a school morning."""
    room.clock.now = datetime(2026, 10, 20, 10, 0, tzinfo=UTC)
    for level in (0.5, 1.0, 0.75, 0.0):
        answered(room, pupil, level)
    return answered(room, pupil, 0.0)


def test_a_pattern_that_changed_raises_one_flag_and_one_nudge(room: Classroom):
    pupil = room.pupil(ROBIN)
    check_in = fallen(room, pupil)
    score(room, check_in)
    score(room, check_in)
    flags = room.rows(Flag)
    assert [(flag.pupil_id, flag.group_id, flag.check_in_id, flag.rule, flag.state) for flag in flags] == [
        (pupil.id, room.group.id, check_in.id, MODEL, "new")
    ]
    why = room.sealer.read(flags[0], "reasons")
    assert (why["model"], why["level"], [reason["code"] for reason in why["reasons"]]) == (MODEL, "watch", ["low"])
    rows = room.outbox(network="slack")
    assert [(row.recipient, row.method, row.lane) for row in rows] == [(f"staff:{room.tutor.id.hex}", "post", 1)]
    assert card_titles(room) == ["{pupil} ({group}): a change in pattern"]


def test_a_steady_pupil_raises_nothing(room: Classroom):
    pupil = room.pupil(ROBIN)
    for level in (0.5, 1.0, 0.75, 0.5, 1.0):
        score(room, answered(room, pupil, level))
    assert (room.rows(Flag), room.outbox(network="slack")) == ([], [])


def test_both_directions_of_a_question_are_read_by_what_they_mean(room: Classroom):
    rising = [item for item in STATE_ITEMS if item.direction > 0][:2]
    falling = [item for item in STATE_ITEMS if item.direction < 0][:2]
    pupil = room.pupil(ROBIN)
    for level in (0.5, 1.0, 0.75):
        answered(room, pupil, level, rising)
    answered(room, pupil, 0.0, falling)
    score(room, answered(room, pupil, 0.0, falling))
    assert len(room.rows(Flag)) == 1


def test_while_a_flag_is_open_no_other_is_raised(room: Classroom):
    pupil = room.pupil(ROBIN)
    score(room, fallen(room, pupil))
    score(room, answered(room, pupil, 0.0))
    assert len(room.rows(Flag)) == 1


def test_answers_skipped_or_of_an_unknown_bank_are_left_out(room: Classroom):
    pupil = room.pupil(ROBIN)
    for level in (0.5, 1.0, 0.75):
        check_in = answered(room, pupil, level)
    room.sealer.write(check_in, "answers", [[STATE_ITEMS[0].id, None, 5], ["NO-SUCH-ITEM", 3, 5]])
    older = room.rows(CheckIn)[0]
    older.bank_version = "1999-1"
    room.session.add_all([check_in, older])
    room.session.commit()
    score(room, check_in)
    assert (room.rows(Flag), room.rows(Due), room.failures()) == ([], [], [])


def test_without_a_tutor_the_safeguarding_lead_gets_the_nudge_at_once(room: Classroom):
    room.tutor.active = False
    room.session.add(room.tutor)
    make_staff(room.session, room.sealer, room.school, "deputy_dsl")
    score(room, fallen(room, room.pupil(ROBIN)))
    assert [row.recipient for row in room.outbox(network="slack")] == [f"staff:{room.lead.id.hex}"]


def test_each_morning_what_was_missed_is_taken_in_and_the_next_morning_set(room: Classroom):
    pupil = room.pupil(ROBIN)
    set_now(room, "signals.night", "nightly")
    room.run_due()
    fallen(room, pupil)
    room.clock.move(hours=1)
    set_now(room, "signals.night", "nightly")
    room.run_due()
    assert [flag.pupil_id for flag in room.rows(Flag)] == [pupil.id]
    assert card_titles(room) == ["{pupil} ({group}): a change in pattern"]
    (night,) = room.rows(Due, kind="signals.night")
    tomorrow = room.school.calendar.local_date(room.clock()) + timedelta(days=1)
    assert (night.kind, night.due_at) == ("signals.night", room.school.calendar.local(tomorrow, time(7)))


# --- snoozed nudges ---------------------------------------------------------------------------------------------------


def snoozed(room: Classroom) -> Flag:
    score(room, fallen(room, room.pupil(ROBIN)))
    flag: Flag = room.rows(Flag)[0]
    flag.state, flag.version, flag.owner_id = "snoozed", flag.version + 1, room.tutor.id
    flag.snoozed_until = room.clock() + timedelta(days=7)
    room.session.add(flag)
    cases.close(room.session, flag, room.clock())
    set_due(room.session, room.school.id, "flag.return", flag.id.hex, flag.snoozed_until, version=flag.version)
    room.session.commit()
    return flag


def test_a_snoozed_nudge_comes_back_once(room: Classroom):
    snoozed(room)
    room.clock.move(days=6)
    room.run_due()
    assert len(room.outbox(network="slack")) == 1
    room.clock.move(days=1)
    room.run_due()
    flag = room.rows(Flag)[0]
    assert (flag.state, flag.owner_id, flag.snoozed_until, flag.version) == ("new", None, None, 2)
    posts = room.outbox(network="slack", method="post")
    assert len(posts) == 2
    # The copy that said that it was snoozed can be decided again, like the new one.
    (update,) = room.outbox(network="slack", method="update")
    assert (update.slot, room.payload(update)["card"]) == (posts[0].slot, room.payload(posts[1])["card"])
    set_now(room, "flag.return", flag.id.hex, version=1)
    room.run_due()
    assert len(room.outbox(network="slack")) == 3


@pytest.mark.parametrize("decided", ["taken", "not_needed", "new"])
def test_a_snooze_does_nothing_once_somebody_decided(room: Classroom, decided: str):
    flag = snoozed(room)
    flag.state, flag.version = decided, flag.version + 1
    room.session.add(flag)
    room.session.commit()
    room.clock.move(days=8)
    room.run_due()
    assert [row.state for row in room.rows(Flag)] == [decided]
    assert len(room.outbox(network="slack")) == 1


# --- requests ---------------------------------------------------------------------------------------------------------


def asked(room: Classroom, *, danger: bool) -> Request:
    request = Request(school_id=room.school.id, pupil_id=room.pupil(ROBIN).id, danger=danger, asked_at=room.clock())
    room.session.add(request)
    room.session.flush()
    set_now(room, "request", request.id.hex, version=5)
    return request


def next_step(room: Classroom) -> datetime:
    found: list[Due] = room.rows(Due, kind="case.step")
    return found[0].due_at


def test_danger_is_told_to_every_lead_at_any_hour_until_one_owns_it(room: Classroom):
    deputy = make_staff(room.session, room.sealer, room.school, "deputy_dsl")
    make_staff(room.session, room.sealer, room.school, "head")
    room.clock.now = NIGHT
    request = asked(room, danger=True)
    for repeat in range(3):
        room.run_due()
        rows = room.outbox(network="slack")
        assert sorted(row.recipient for row in rows) == sorted(
            [f"staff:{room.lead.id.hex}", f"staff:{deputy.id.hex}"] * (repeat + 1)
        )
        assert next_step(room) == room.clock() + timedelta(minutes=5)
        room.clock.now = next_step(room)
    assert {row.lane for row in room.outbox(network="slack")} == {0}
    cases.own(room.session, room.school, request, room.lead, room.clock())
    room.session.commit()
    room.run_due()
    assert len(room.outbox(network="slack")) == 6
    assert [row.kind for row in room.rows(Due)] == ["case.lapse"]


def test_a_wish_to_talk_climbs_in_school_time_alone(room: Classroom):
    deputy = make_staff(room.session, room.sealer, room.school, "deputy_dsl")
    room.clock.now = datetime(2026, 11, 27, 14, 50, tzinfo=UTC)
    asked(room, danger=False)
    room.run_due()
    # Friday's lesson is nearly over: forty-five minutes on is Monday, five minutes in.
    monday = datetime(2026, 11, 30, 8, 35, tzinfo=UTC)
    told = []
    for due in (monday + timedelta(minutes=minutes) for minutes in (0, 45, 105, 165)):
        assert next_step(room) == due
        room.clock.now = due
        room.run_due()
        told.append(len(room.outbox(network="slack")))
    leads = {f"staff:{room.lead.id.hex}": 5, f"staff:{deputy.id.hex}": 5}
    assert (told, Counter(row.recipient for row in room.outbox(network="slack"))) == ([4, 6, 8, 10], leads)


def test_a_request_that_becomes_danger_within_the_second_is_told_of_again(room: Classroom):
    request = asked(room, danger=False)
    room.run_due()
    request.danger = True
    room.session.add(request)
    set_now(room, "request", request.id.hex, version=5)
    room.run_due()
    assert room.failures() == []
    assert card_titles(room) == [
        "{pupil} ({group}) asks to talk to someone",
        "Urgent: {pupil} ({group}) may be in danger",
    ]


def test_a_lead_whose_address_does_not_open_does_not_keep_the_others_from_hearing(room: Classroom):
    broken = make_staff(room.session, room.sealer, room.school, "dsl")
    broken.email_sealed = b"\x01 not an envelope"
    room.session.add(broken)
    asked(room, danger=True)
    room.run_due()
    assert [row.recipient for row in room.outbox(network="slack")] == [f"staff:{room.lead.id.hex}"]
    assert [(row.event, row.error) for row in room.rows(Failure)] == [("case.step", "Unreadable")]
    assert next_step(room) == room.clock() + timedelta(minutes=5)


def test_the_pupil_hears_who_took_the_request(room: Classroom):
    request = asked(room, danger=False)
    room.run_due()
    request.state, request.owner_id = "owned", room.lead.id
    room.session.add(request)
    set_now(room, "request.owned", request.id.hex)
    room.run_due()
    message = room.payload(room.outbox(network="telegram")[0])["message"]
    assert message["paragraphs"] == [
        {"t": "{name} has seen this and will find you.", "p": {"name": room.sealer.read(room.lead, "name")}}
    ]


# --- the Home tab -----------------------------------------------------------------------------------------------------


def opened_home(room: Classroom, days: float) -> Staff:
    room.tutor.home_opened_at = room.clock() - timedelta(days=days)
    room.session.add(room.tutor)
    room.session.commit()
    return room.tutor


@pytest.mark.parametrize(("days", "published"), [(1, 1), (15, 0)])
def test_a_home_tab_looked_at_of_late_is_shown_anew_after_an_answer(room: Classroom, days: float, published: int):
    pupil = room.pupil(ROBIN)
    check_in = answered(room, pupil, 0.5)
    opened_home(room, days)
    score(room, check_in)
    assert len(room.outbox(method="home")) == published


def test_a_home_tab_still_on_its_way_is_not_published_twice(room: Classroom):
    opened_home(room, 1)
    set_now(room, "home", room.tutor.id.hex)
    room.run_due()
    set_now(room, "home", room.tutor.id.hex)
    room.run_due()
    assert len(room.outbox(method="home")) == 1
    assert room.rows(Due, kind="home")[0].due_at == room.clock() + timedelta(seconds=2)
    waiting = room.outbox(method="home")[0]
    letter: Any = outbox.Letter(waiting.id, waiting.school_id, "slack", 1, "home", "", None, {}, 0, None)
    outbox.sent(room.session, room.sealer, letter, room.clock(), None)
    room.session.commit()
    room.clock.move(seconds=2)
    room.run_due()
    assert len(room.outbox(method="home")) == 2
    assert room.rows(Due, kind="home") == []


# --- tidying ----------------------------------------------------------------------------------------------------------


def test_tidying_drops_what_has_served_its_time_and_comes_again(room: Classroom):
    keep_sent = timedelta(days=CLOCKS["messages"].days)
    for age in (keep_sent - timedelta(minutes=1), keep_sent + timedelta(minutes=1)):
        for state in ("sent", "waiting"):
            row = Outbox(
                school_id=room.school.id,
                network="telegram",
                lane=1,
                method="send",
                recipient="",
                dedupe=f"{age}{state}",
                not_before=room.clock() - age,
                state=state,
                done_at=room.clock() - age,
            )
            room.sealer.write(row, "payload", {})
            room.session.add(row)
    for number, age in enumerate((KEEP_SEEN - timedelta(minutes=1), KEEP_SEEN + timedelta(minutes=1))):
        room.session.add(Seen(source="1", key=str(number), at=room.clock() - age))
    set_now(room, "tidy", "nightly")
    room.run_due()
    assert sorted(row.state for row in room.outbox()) == ["sent", "waiting", "waiting"]
    assert [row.key for row in room.rows(Seen)] == ["0"]
    assert [(row.kind, row.due_at) for row in room.rows(Due)] == [("tidy", room.clock() + timedelta(days=1))]


def test_standing_work_is_set_once_and_again_after_it_failed_for_good(room: Classroom):
    set_standing(room.session, room.school, room.clock())
    room.session.commit()
    tidy = room.rows(Due, kind="tidy")[0]
    first = tidy.due_at
    room.clock.move(hours=1)
    set_standing(room.session, room.school, room.clock())
    room.session.commit()
    assert [row.due_at for row in room.rows(Due, kind="tidy")] == [first]
    tidy = room.rows(Due, kind="tidy")[0]
    tidy.state, tidy.attempts = "failed", 5
    room.session.add(tidy)
    room.session.commit()
    set_standing(room.session, room.school, room.clock())
    room.session.commit()
    assert [(row.state, row.attempts) for row in room.rows(Due, kind="tidy")] == [("waiting", 0)]
