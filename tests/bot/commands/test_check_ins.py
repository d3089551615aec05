"""`earshot policy check-ins`: the day and times of the weekly check-in are shown, chosen, and refused in a sentence."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlmodel import Session, select

from bot.opening import open_store
from bot.settings import Settings
from store.tables import Due
from tests.bot.commands.test_care import actions, school
from tests.bot.test_command_line import TERMS, Earshot, _as_before, earshot, made, move_clock

__all__ = ["_as_before", "earshot", "made"]

# A Monday of the calendar's autumn term, in winter time.
MONDAY = datetime(2026, 11, 23, 9, tzinfo=UTC)
USUAL = (
    "Check-ins open on Tuesdays at 08:40, or on the next school day of that week. They close at 15:00 on the next "
    "school day. Whoever has not answered is reminded once, 7 h 00 min after it opens. The next one opens on Tuesday, "
    "24 November 2026, at 08:40."
)


def planned() -> list[datetime]:
    engine, _ = open_store(Settings(), make=False)
    with Session(engine) as session:
        found = [row.due_at for row in session.exec(select(Due).where(Due.kind == "wave.open"))]
    engine.dispose()
    return found


@pytest.fixture
def on_monday(made: Earshot) -> Earshot:
    Path("terms.ics").write_bytes(TERMS.encode())
    made("calendar", "terms.ics")
    move_clock(MONDAY)
    return made


def test_the_usual_times_are_shown_and_nothing_is_changed(on_monday: Earshot) -> None:
    told = on_monday("policy", "check-ins")
    assert (told.status, told.out) == (0, USUAL)
    assert ("wave" in school().policy, actions()) == (False, [])


def test_another_day_and_time_hold_from_now_on_and_are_on_record(on_monday: Earshot) -> None:
    told = on_monday("policy", "check-ins", "--day", "thursday", "--opens", "12:30", "--remind-after", "150")
    assert told.out == (
        "Check-ins open on Thursdays at 12:30, or on the next school day of that week. They close at 15:00 on the next "
        "school day. Whoever has not answered is reminded once, 2 h 30 min after it opens. The next one opens on "
        "Thursday, 26 November 2026, at 12:30."
    )
    assert school().policy["wave"] == {"weekday": 3, "opens": "12:30", "remind_minutes": 150}
    assert actions() == ["check-in times set"]
    assert planned() == [datetime(2026, 11, 26, 12, 30, tzinfo=UTC)]


def test_what_was_chosen_before_stays_when_something_else_is_chosen(on_monday: Earshot) -> None:
    on_monday("policy", "check-ins", "--day", "friday")
    on_monday("policy", "check-ins", "--closes", "14:00")
    assert school().policy["wave"] == {"weekday": 4, "closes": "14:00"}


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--opens", "noon"), "--opens takes a time of the day such as 08:40, not “noon”."),
        (("--closes", "25:00"), "--closes takes a time of the day such as 08:40, not “25:00”."),
        (("--opens", "08:40+01:00"), "--opens takes a time of the day such as 08:40, not “08:40+01:00”."),
        (("--opens", "22:30"), "The wave would open at 22:30, in quiet hours; choose an earlier time."),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence_and_changes_nothing(
    on_monday: Earshot, words: tuple[str, str], sentence: str
) -> None:
    told = on_monday("policy", "check-ins", *words)
    assert (told.status, told.err) == (1, sentence)
    assert ("wave" in school().policy, actions()) == (False, [])
