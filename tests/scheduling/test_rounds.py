"""Rounds, from planning to the tutor's card, run through the runner as they are in a school."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from sqlmodel import Session

from bot.runner import Incoming
from conversations.model import Tap
from scheduling import rounds
from scheduling.briefing import latest_wave
from scheduling.calendar import Closure
from scheduling.rounds import WaveProblem
from scheduling.school import facts, wave_rule
from scheduling.waves import wave_now
from store import absences
from store.due import set_due
from store.outbox import Letter, ended
from store.sealing import Sealer
from store.tables import Binding, CheckIn, Due, Outbox, Pupil, School, Wave
from tests.bot.classroom import Classroom, classroom
from tests.factories import make_group, make_pupil, make_school, make_staff

# Tuesday 24 November 2026 is a school day; London keeps winter time.
OPENS = datetime(2026, 11, 24, 8, 40, tzinfo=UTC)
REMINDS = datetime(2026, 11, 24, 15, 40, tzinfo=UTC)
CLOSES = datetime(2026, 11, 25, 15, 0, tzinfo=UTC)
ROBIN, SASHA = 7_000_000_001, 7_000_000_002


@pytest.fixture
def room(session: Session, sealer: Sealer) -> Classroom:
    room = classroom(session, sealer)
    room.clock.now = OPENS - timedelta(days=1)
    return room


def plan(room: Classroom) -> None:
    rounds.plan(room.session, room.school, room.clock())
    room.session.commit()


def run_at(room: Classroom, moment: datetime) -> int:
    room.clock.now = moment
    return room.run_due()


def due(room: Classroom) -> dict[str, datetime]:
    return {row.kind: row.due_at for row in room.rows(Due)}


def states(room: Classroom) -> dict[UUID, str]:
    return {row.pupil_id: row.state for row in room.rows(CheckIn)}


def answer(room: Classroom, chat_id: int, taps: int) -> None:
    """Tap so many answers; a seventh tap would be "nothing to add"."""
    check_in = room.state(next(iter(pupil for pupil in room.rows(Pupil) if chat_of(room, pupil) == chat_id)))[
        "check_in"
    ]
    for at in range(taps):
        what = "done" if at == len(check_in["items"]) else "0"
        tap = Tap(f"c:{check_in['id']}:{at}:{what}")
        room.handle(Incoming(chat_id * 10 + at, chat_id, tap, 5, f"cb-{chat_id}-{at}"))
        room.number += 1


def chat_of(room: Classroom, pupil: Pupil) -> int | None:
    binding = room.session.get(Binding, pupil.id)
    return int(room.sealer.read(binding, "chat")) if binding else None


def cards(room: Classroom) -> list[tuple[str, list[str]]]:
    """Title and lines of the cards written to staff, as the English sources with the numbers they hold."""
    found = []
    for row in room.outbox(network="slack"):
        card = room.payload(row)["card"]
        found.append((card["title"]["t"], [dict(line.get("p", {})) for line in card["lines"]]))
    return found


def test_planning_sets_the_opening_and_the_next_planning_and_twice_is_once(room: Classroom):
    plan(room)
    plan(room)
    assert due(room) == {"wave.open": OPENS, "wave.plan": OPENS + timedelta(seconds=1)}
    assert [(row.kind, row.subject) for row in room.rows(Due, kind="wave.open")] == [("wave.open", "2026-11-24")]


def test_a_calendar_that_ran_out_is_looked_at_again_each_morning(room: Classroom):
    room.clock.now = datetime(2027, 5, 3, 12, 0, tzinfo=UTC)
    plan(room)
    assert due(room) == {"wave.plan": datetime(2027, 5, 4, 7, 30, tzinfo=UTC)}
    room.clock.now = datetime(2027, 5, 4, 7, 30, tzinfo=UTC)
    assert room.run_due() == 1
    assert due(room) == {"wave.plan": datetime(2027, 5, 5, 7, 30, tzinfo=UTC)}


def test_a_round_opens_reminds_closes_and_tells_the_tutor(room: Classroom):
    robin, sasha = room.pupil(ROBIN), room.pupil(SASHA)
    room.pupil(7_000_000_003, status="stopped")
    room.pupil(status="invited")
    plan(room)
    run_at(room, OPENS)
    assert states(room) == {robin.id: "open", sasha.id: "open"}
    assert [(row.lane, row.expires_at, row.not_before) for row in room.outbox()] == [(2, CLOSES, OPENS)] * 2
    assert due(room)["wave.remind"] == REMINDS
    assert due(room)["wave.close"] == CLOSES
    answer(room, ROBIN, 6)
    assert states(room)[robin.id] == "answered"
    run_at(room, REMINDS)
    reminders = [row for row in room.outbox(network="telegram", lane=2) if str(row.slot).startswith("reminder:")]
    assert [room.payload(row)["chat"] for row in reminders] == [SASHA]
    run_at(room, CLOSES)
    assert states(room) == {robin.id: "answered", sasha.id: "missed"}
    assert cards(room) == [("{group}: check-in closed", [{"count": 2, "answered": 1}])]
    assert [row.state for row in room.rows(Wave)] == ["closed"]
    # What waits now is the next round alone.
    assert set(due(room)) == {"wave.open", "wave.plan"}
    assert due(room)["wave.open"] == OPENS + timedelta(days=7)


def test_whoever_stands_in_for_the_tutor_reads_how_many_answered_too(room: Classroom):
    room.pupil(ROBIN)
    cover = make_staff(room.session, room.sealer, room.school, "tutor")
    absences.set_away(room.session, room.tutor, OPENS, CLOSES + timedelta(days=1), cover, room.clock())
    plan(room)
    run_at(room, OPENS)
    run_at(room, CLOSES)
    run_at(room, CLOSES)
    told = [row.recipient for row in room.outbox(network="slack", method="post") if str(row.slot).startswith("wave:")]
    assert sorted(told) == sorted(f"staff:{one.id.hex}" for one in (room.tutor, cover))


def test_every_step_run_a_second_time_changes_nothing(room: Classroom):
    room.pupil(ROBIN)
    plan(room)
    seen: list[tuple[str, str, int]] = []
    for moment in (OPENS, REMINDS, CLOSES):
        room.clock.now = moment
        while True:
            row = next((row for row in room.rows(Due) if row.due_at <= moment), None)
            if row is None:
                break
            seen.append((row.kind, row.subject, row.version))
            assert room.runner.run_due(room.session, room.school)[0]
            room.session.commit()
    before = (states(room), len(room.outbox()), [row.state for row in room.rows(Wave)])
    for kind, subject, version in seen:
        if kind == "wave.plan":
            continue
        set_due(room.session, room.school.id, kind, subject, room.clock(), version=version)
    room.session.commit()
    room.run_due()
    assert (states(room), len(room.outbox()), [row.state for row in room.rows(Wave)]) == before
    assert room.failures() == []
    assert {kind for kind, _, _ in seen} == {
        *("wave.open", "wave.plan", "wave.group.open", "wave.remind", "wave.group.remind"),
        *("wave.close", "wave.group.close", "wave.group.card"),
    }


def test_a_group_opened_twice_asks_only_those_not_asked_yet(room: Classroom):
    room.pupil(ROBIN)
    plan(room)
    run_at(room, OPENS)
    late = room.pupil(SASHA)
    wave = room.rows(Wave)[0]
    set_due(room.session, room.school.id, "wave.group.open", f"{wave.id.hex}:{room.group.id.hex}", room.clock())
    room.session.commit()
    room.run_due()
    assert [room.payload(row)["chat"] for row in room.outbox()] == [ROBIN, SASHA]
    assert states(room)[late.id] == "open"


def test_a_half_answered_check_in_is_put_away_as_partial(room: Classroom):
    robin = room.pupil(ROBIN)
    plan(room)
    run_at(room, OPENS)
    answer(room, ROBIN, 2)
    run_at(room, CLOSES)
    row = room.rows(CheckIn)[0]
    assert states(room) == {robin.id: "partial"}
    assert len(room.sealer.read(row, "answers")) == 2


# --- when the machine was off -----------------------------------------------------------------------------------------


def test_a_wave_whose_closing_has_passed_lapses_and_asks_nobody(room: Classroom):
    room.pupil(ROBIN)
    plan(room)
    run_at(room, CLOSES)
    assert [row.state for row in room.rows(Wave)] == ["lapsed"]
    assert (room.rows(CheckIn), room.outbox()) == ([], [])
    assert due(room)["wave.open"] == OPENS + timedelta(days=7)


def test_a_wave_that_opens_late_does_not_remind_at_once(room: Classroom):
    room.pupil(ROBIN)
    plan(room)
    run_at(room, REMINDS + timedelta(minutes=5))
    assert len(room.outbox()) == 1
    assert "wave.remind" not in due(room)


def test_a_wave_that_opens_in_quiet_hours_waits_for_the_morning(room: Classroom):
    room.pupil(ROBIN)
    plan(room)
    run_at(room, datetime(2026, 11, 24, 21, 0, tzinfo=UTC))
    assert [(row.not_before, row.expires_at) for row in room.outbox()] == [
        (datetime(2026, 11, 25, 7, 30, tzinfo=UTC), CLOSES)
    ]


def test_a_lapsed_wave_does_not_hide_the_one_before_it(room: Classroom):
    room.pupil(ROBIN)
    plan(room)
    run_at(room, OPENS + timedelta(seconds=1))
    first = room.rows(Wave)[0]
    run_at(room, CLOSES + timedelta(days=7))
    assert sorted(row.state for row in room.rows(Wave)) == ["closed", "lapsed"]
    latest = latest_wave(room.session, room.school.id)
    assert latest is not None
    assert latest.id == first.id


# --- when the calendar changes ----------------------------------------------------------------------------------------


def snow(room: Classroom, day: str) -> None:
    closed = Closure("Snow", date.fromisoformat(day), date.fromisoformat(day), "closed")
    calendar = replace(room.school.calendar, closures=(*room.school.calendar.closures, closed))
    row = room.session.get_one(School, room.school.id)
    row.calendar = calendar.to_json()
    room.session.add(row)
    room.session.commit()
    room.school = facts(row)


def test_a_snow_day_has_no_wave_and_the_next_school_day_has_it(room: Classroom):
    room.pupil(ROBIN)
    plan(room)
    snow(room, "2026-11-24")
    run_at(room, OPENS + timedelta(seconds=1))
    assert (room.rows(Wave), room.outbox()) == ([], [])
    assert due(room)["wave.open"] == OPENS + timedelta(days=1)
    run_at(room, OPENS + timedelta(days=1))
    assert [row.day for row in room.rows(Wave)] == ["2026-11-25"]
    assert len(room.outbox()) == 1


# --- what never arrived -----------------------------------------------------------------------------------------------


def test_what_never_reached_the_phone_is_not_counted_as_missed(room: Classroom):
    robin, sasha = room.pupil(ROBIN), room.pupil(SASHA)
    plan(room)
    run_at(room, OPENS)
    refused = next(row for row in room.outbox() if room.payload(row)["chat"] == ROBIN)
    _refuse(room, refused)
    run_at(room, REMINDS)
    assert [room.payload(row)["chat"] for row in room.outbox() if str(row.slot).startswith("reminder:")] == [SASHA]
    run_at(room, CLOSES)
    assert states(room) == {robin.id: "undelivered", sasha.id: "missed"}
    assert cards(room)[0][1] == [{"count": 2, "answered": 0}, {"count": 1}]


def _refuse(room: Classroom, row: Outbox) -> None:
    letter = Letter(row.id, row.school_id, "telegram", 2, "send", row.recipient, row.slot, {}, 0, None)
    ended(room.session, letter, "failed", room.clock(), "the bot is blocked")
    room.session.commit()


@pytest.mark.parametrize(("status", "state"), [("left", "partial"), ("stopped", "partial"), ("active", "missed")])
def test_a_pupil_who_left_or_stopped_meanwhile_is_put_away_too_and_has_missed_nothing(
    room: Classroom, status: str, state: str
):
    robin = room.pupil(ROBIN)
    plan(room)
    run_at(room, OPENS)
    row = room.session.get_one(Pupil, robin.id)
    row.status = status
    room.session.delete(room.session.get_one(Binding, robin.id))
    room.session.commit()
    run_at(room, CLOSES)
    assert states(room) == {robin.id: state}
    assert len(cards(room)) == 1


# --- opening by hand --------------------------------------------------------------------------------------------------


def open_now(room: Classroom) -> Wave:
    times = wave_now(room.school.calendar, wave_rule(room.school), room.clock())
    wave = rounds.open_now(room.session, room.school, times, room.clock())
    room.session.commit()
    return wave


def test_whoever_had_not_answered_a_wave_that_another_took_the_place_of_has_missed_nothing(room: Classroom):
    robin = room.pupil(ROBIN)
    room.clock.now = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
    first = open_now(room)
    room.run_due()
    second = open_now(room)
    room.run_due()
    assert (first.day, second.day) == ("2026-11-23", "2026-11-23.2")
    assert sorted((row.day, row.state) for row in room.rows(Wave)) == [
        ("2026-11-23", "closed"),
        ("2026-11-23.2", "open"),
    ]
    assert sorted(row.state for row in room.rows(CheckIn, pupil_id=robin.id)) == ["open", "replaced"]
    # “0 of 1 answered” would be of a check-in that nobody has missed.
    assert cards(room) == []
    assert [row.method for row in room.outbox(network="telegram")] == ["send", "edit", "send"]


def test_what_was_answered_of_a_wave_that_another_took_the_place_of_counts(room: Classroom):
    robin, sasha = room.pupil(ROBIN), room.pupil(SASHA)
    room.clock.now = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
    open_now(room)
    room.run_due()
    answer(room, ROBIN, 6)
    answer(room, SASHA, 2)
    open_now(room)
    room.run_due()
    earlier = {row.pupil_id: row.state for row in room.rows(CheckIn) if row.state != "open"}
    assert earlier == {robin.id: "answered", sasha.id: "partial"}
    assert cards(room) == [("{group}: check-in closed", [{"count": 2, "answered": 1}])]


def test_a_planned_wave_takes_the_place_of_one_that_was_opened_by_hand(room: Classroom):
    robin = room.pupil(ROBIN)
    plan(room)
    room.clock.now = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
    open_now(room)
    room.run_due()
    run_at(room, OPENS)
    assert sorted((row.day, row.state) for row in room.rows(Wave)) == [("2026-11-23", "closed"), ("2026-11-24", "open")]
    assert sorted(row.state for row in room.rows(CheckIn, pupil_id=robin.id)) == ["open", "replaced"]


def test_a_wave_by_hand_needs_a_school_day(room: Classroom):
    room.clock.now = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
    with pytest.raises(WaveProblem) as refused:
        open_now(room)
    assert str(refused.value) == "There is no school now, so no check-in is sent. Choose a time in the school day."


def test_pupils_whom_a_wave_reaches_have_joined_and_not_stopped(room: Classroom):
    room.pupil(ROBIN)
    room.pupil(SASHA, status="stopped")
    room.pupil(status="active")
    # Nor are those of another school counted.
    elsewhere = make_school(room.session)
    make_pupil(room.session, room.sealer, elsewhere, make_group(room.session, elsewhere, "7B", 7), chat_id=909)
    assert rounds.reachable_pupils(room.session, room.school.id) == 1
