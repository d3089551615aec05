"""A one-to-one in Slack: chosen, given back, and nobody's but the two's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, select

from bot.slack.blocks import message_blocks
from bot.slack.press import Done, not_found_card
from conversations.cards import Card
from rehearsal.slack_blocks import message_faults
from scheduling import meetings
from store.plan_tables import OneToOne
from tests.bot.slack.test_plan_desk import press, read, said, words
from tests.bot.slack.test_typed import ask
from tests.bot.slack_school import NOW, SmallSchool, small_school


@pytest.fixture
def here(engine: Engine) -> Iterator[SmallSchool]:
    school = small_school(engine, linked=True)

    def begin(session: Session) -> None:
        meetings.start(session, school.sealer, school.school, [school.staff["lead"]], NOW)

    school.work(begin)
    yield school
    school.worker.close()


def row(here: SmallSchool, who: str = "tutor") -> OneToOne:
    return here.work(lambda session: session.exec(select(OneToOne).where(OneToOne.staff_id == here.staff[who])).one())


def card(here: SmallSchool, who: str) -> list[str]:
    def work(session: Session) -> Card:
        the_row = session.get_one(OneToOne, row(here).id)
        return meetings.card_for(session, here.sealer, here.school, the_row, here.staff[who], NOW)

    shown = here.work(work)
    assert message_faults(message_blocks(shown, "en", "Europe/London", NOW)[0], lambda _file: False) == []
    return read(shown)


def first_time(here: SmallSchool) -> str:
    def work(session: Session) -> str:
        the_row = session.get_one(OneToOne, row(here).id)
        return meetings.times(session, here.school, the_row, NOW)[0].isoformat()

    return f"{row(here).id.hex}:{here.work(work)}"


def test_a_time_chosen_shows_on_both_cards(here: SmallSchool):
    assert card(here, "tutor")[-1].count("|") == meetings.OFFERED
    done = press(here, "tutor", "meet_pick", first_time(here))
    assert sorted(letter.recipient for letter in done.letters) == sorted(
        f"staff:{here.staff[who].hex}" for who in ("tutor", "lead")
    )
    assert {letter.method for letter in done.letters} == {"update"}
    for who in ("tutor", "lead"):
        assert card(here, who)[0] == "You meet at this time: Wednesday 08:05."
        assert card(here, who)[-1] == "Another time"


def test_a_time_is_given_back_by_either(here: SmallSchool):
    for who in ("tutor", "lead"):
        press(here, "tutor", "meet_pick", first_time(here))
        press(here, who, "meet_free", row(here).id.hex)
        assert row(here).meets_at is None
    assert here.audited() == ["one-to-one set", "one-to-one freed"] * 2


def test_the_other_hears_of_a_time_that_is_given_back_and_a_reminder_says_it_no_more(here: SmallSchool):
    press(here, "tutor", "meet_pick", first_time(here))

    def remind(session: Session) -> None:
        meetings.remind(session, here.sealer, here.school, session.get_one(OneToOne, row(here).id), NOW)

    here.work(remind)
    before = {one.id for one in here.waiting()}
    done = press(here, "lead", "meet_free", row(here).id.hex)
    # Two copies each: the card, and the reminder.
    assert Counter(letter.recipient for letter in done.letters) == {
        f"staff:{here.staff[who].hex}": 2 for who in ("tutor", "lead")
    }
    fresh = [one for one in here.waiting() if one.method == "post" and one.id not in before]
    assert [one.recipient for one in fresh] == [f"staff:{here.staff['tutor'].hex}"]


def test_other_times_are_shown(here: SmallSchool):
    before = card(here, "tutor")
    press(here, "tutor", "meet_more", row(here).id.hex)
    assert card(here, "tutor") != before
    press(here, "lead", "meet_more", row(here).id.hex)
    assert row(here).page == 1


def test_a_time_that_is_gone_is_told(here: SmallSchool):
    time = first_time(here).partition(":")[2]
    press(here, "other", "meet_pick", f"{row(here, 'other').id.hex}:{time}")
    assert said(press(here, "tutor", "meet_pick", first_time_as(here, time))) == (
        "That time is gone. Please choose another."
    )
    assert row(here).meets_at is None


def first_time_as(here: SmallSchool, time: str) -> str:
    return f"{row(here).id.hex}:{time}"


@pytest.mark.parametrize("action", ["meet_pick", "meet_more", "meet_free"])
def test_it_is_nobodys_but_the_twos(here: SmallSchool, action: str):
    value = first_time(here) if action == "meet_pick" else row(here).id.hex
    assert press(here, "other", action, value) == Done(modal=not_found_card())
    assert (row(here).meets_at, row(here).page) == (None, 0)


def test_the_leader_chooses_no_time_and_a_forged_one_is_not_found(here: SmallSchool):
    refused = Done(modal=not_found_card())
    assert press(here, "lead", "meet_pick", first_time(here)) == refused
    for time in ("", "soon", "2026-11-25T08:05:00"):
        assert press(here, "tutor", "meet_pick", first_time_as(here, time)) == refused
    assert said(press(here, "tutor", "meet_pick", first_time_as(here, "2020-01-01T08:05:00+00:00"))) != ""
    assert row(here).meets_at is None


def test_a_time_chosen_twice_stays_the_first(here: SmallSchool):
    first = first_time(here)
    press(here, "tutor", "meet_pick", first)
    chosen = row(here).meets_at
    press(here, "tutor", "meet_pick", first_time_as(here, "2026-11-26T08:05:00+00:00"))
    assert row(here).meets_at == chosen


def test_own_one_to_one_and_those_a_leader_holds_can_be_typed_for(here: SmallSchool):
    assert [words(one.title) for one in ask(here, "tutor", "meet")] == ["Your one-to-one this term: Lena Lomax"]
    press(here, "tutor", "meet_pick", first_time(here))
    held = ask(here, "lead", "meet")[-1]
    assert words(held.title) == "Your one-to-ones this term"
    lines = [words(line) for line in held.lines]
    assert "Tess Tolling: Wednesday 08:05" in lines
    assert {line.partition(": ")[2] for line in lines} == {"Wednesday 08:05", "no time yet"}


def test_a_time_given_back_twice_is_given_back_once(here: SmallSchool):
    press(here, "tutor", "meet_pick", first_time(here))
    for _ in range(2):
        press(here, "tutor", "meet_free", row(here).id.hex)
    assert here.audited() == ["one-to-one set", "one-to-one freed"]


def test_near_the_end_of_the_calendar_and_while_all_of_it_is_away_no_times_are_offered(here: SmallSchool):
    last = here.school.calendar.terms[-1].last

    def times(day: date) -> int:
        def work(session: Session) -> int:
            at = here.school.calendar.local(day, here.school.calendar.day_start)
            return len(meetings.times(session, here.school, session.get_one(OneToOne, row(here).id), at))

        return here.work(work)

    assert times(last) == 0
    assert times(here.school.calendar.previous_school_day(last) or last) == 2
