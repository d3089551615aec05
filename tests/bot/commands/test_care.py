"""`earshot policy` and `earshot closed`: a policy is shown, checked and set; a day is closed and opened again."""

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import Session, select

from bot.opening import open_store
from bot.settings import Settings
from scheduling.escalation import DEFAULT
from scheduling.school import facts
from store.tables import Audit, School
from tests.bot.commands.test_keys import people
from tests.bot.test_command_line import TERMS, Earshot, _as_before, earshot, made, move_clock

__all__ = ["_as_before", "earshot", "made", "people"]


def school() -> School:
    engine, _ = open_store(Settings(), make=False)
    with Session(engine) as session:
        found = session.exec(select(School)).one()
        session.expunge(found)
    engine.dispose()
    return found


def actions() -> list[str]:
    engine, _ = open_store(Settings(), make=False)
    with Session(engine) as session:
        found = [row.action for row in session.exec(select(Audit)).all()]
    engine.dispose()
    return found


def shown(run: Earshot) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(run("policy", "show", "--json").out)
    return read


def test_the_usual_policy_is_shown_whole_and_can_be_set_as_it_is(made: Earshot) -> None:
    policy = shown(made)
    assert policy == {kind: ladder.to_json() for kind, ladder in DEFAULT.items()}
    Path("policy.json").write_text(json.dumps(policy))
    assert made("policy", "set", "policy.json").status == 0
    assert (school().policy["escalation"], actions()) == ({}, ["policy set"])
    assert "deputy_dsl" in made("policy", "show").out


def test_a_changed_ladder_is_kept_and_shown(made: Earshot) -> None:
    policy = shown(made)
    policy["today"]["every"] = 20
    Path("policy.json").write_text(json.dumps(policy))
    told = made("policy", "set", "policy.json")
    assert told.out.startswith("The policy is set; what begins from now on goes by it. A hole: No member of staff is a")
    assert list(school().policy["escalation"]) == ["today"]
    assert shown(made)["today"]["every"] == 20


@pytest.mark.parametrize("kind", ["nudge", "priority"])
def test_a_policy_that_takes_a_pupils_nudge_to_the_head_is_refused(made: Earshot, kind: str) -> None:
    policy = shown(made)
    policy[kind]["rungs"][-1]["tell"].append("head")
    Path("policy.json").write_text(json.dumps(policy))
    told = made("policy", "set", "policy.json")
    words = f"{kind.capitalize()}: the head sees totals only and could not open it; name somebody else."
    assert (told.status, told.out, told.err) == (1, "", words)
    assert (school().policy, actions()) == ({}, [])


def test_a_policy_that_opens_a_hole_is_refused_until_it_is_meant(made: Earshot) -> None:
    policy = shown(made)
    policy["danger"]["rungs"] = [{"after": 0, "tell": ["tutor"]}]
    Path("policy.json").write_text(json.dumps(policy))
    told = made("policy", "set", "policy.json")
    assert (told.status, told.out) == (1, "")
    assert told.err == (
        "Danger: the last rung tells no safeguarding lead; add dsl or deputy_dsl to it. danger: the first rung must "
        "tell dsl and deputy_dsl, so that every safeguarding lead hears at once. Nothing was set. Mend it, or add "
        "--anyway."
    )
    assert (school().policy, actions()) == ({}, [])
    assert made("policy", "set", "policy.json", "--anyway").status == 0
    assert list(school().policy["escalation"]) == ["danger"]
    # What is so already is no reason to refuse a change of something else.
    policy["today"]["every"] = 20
    Path("policy.json").write_text(json.dumps(policy))
    assert made("policy", "set", "policy.json").status == 0


def test_cards_name_a_pupil_as_the_school_chose(made: Earshot) -> None:
    assert made("policy", "names").out == "Cards in Slack name a pupil by initials and tutor group."
    told = made("policy", "names", "--full").out
    assert told == "Cards in Slack name a pupil by the whole name: it stays in Slack's history."
    assert (school().policy["names"], actions()) == ("full", ["names full"])
    assert made("policy", "names", "--initials").out == "Cards in Slack name a pupil by initials and tutor group."
    assert actions() == ["names full", "names initials"]


def test_check_names_the_holes_of_this_school(people: Earshot) -> None:
    told = people("policy", "check")
    assert told.status == 1
    assert told.out.startswith("No member of staff is a safeguarding lead (dsl): import one, or nothing can be owned.")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "policy.json is no JSON. Begin with `earshot policy show --json > policy.json`."),
        (
            "{}",
            "policy.json sets nothing. Begin with `earshot policy show --json > policy.json`.",
        ),
        ("[]", "policy.json is no policy. Begin with `earshot policy show --json > policy.json`."),
        ('{"today": {}}', "Today: give exactly clock, every, lapse, rungs."),
        (None, "policy.json cannot be read (No such file or directory). Give a policy's file."),
    ],
    ids=["no JSON", "empty", "a list", "empty ladder", "missing"],
)
def test_a_wrong_policy_is_one_sentence_and_nothing_changes(made: Earshot, content: str | None, words: str) -> None:
    if content is not None:
        Path("policy.json").write_text(content)
    for command in ("set", "check"):
        told = made("policy", command, "policy.json")
        assert (told.status, told.out, told.err) == (1, "", words)
    assert (school().policy, actions()) == ({}, [])


def test_a_day_is_closed_and_opened_again(made: Earshot) -> None:
    Path("terms.ics").write_bytes(TERMS.encode())
    made("calendar", "terms.ics")
    assert made("closed", "--on", "2026-12-01").out == "01 December 2026 is a closed day now."
    assert made("closed", "--on", "2026-12-01").out == "01 December 2026 is no school day anyway."
    day = date(2026, 12, 1)
    assert facts(school()).calendar.why_closed(day) == "closed"
    assert made("closed", "--on", "2026-12-01", "--open").out == "01 December 2026 is a school day again."
    assert facts(school()).calendar.is_school_day(day)
    assert made("closed", "--on", "tomorrow").err == "“tomorrow” is no day. Write it as YYYY-MM-DD."


def test_in_rehearsal_today_is_the_day_of_the_pages_clock(made: Earshot) -> None:
    Path("terms.ics").write_bytes(TERMS.encode())
    made("calendar", "terms.ics")
    move_clock(datetime(2026, 12, 8, 10, tzinfo=UTC))
    assert made("closed").out == "08 December 2026 is a closed day now."


@pytest.mark.parametrize("day", ["2026-12-05", "2027-06-01"], ids=["a Saturday", "in no term"])
def test_a_day_the_calendar_closes_is_not_said_to_be_open_again(made: Earshot, day: str) -> None:
    Path("terms.ics").write_bytes(TERMS.encode())
    made("calendar", "terms.ics")
    assert made("closed", "--on", day, "--open").out.endswith("is no school day in the calendar, so it stays closed.")


def test_reading_the_term_dates_again_keeps_a_day_that_was_closed(made: Earshot) -> None:
    Path("terms.ics").write_bytes(TERMS.encode())
    made("calendar", "terms.ics")
    made("closed", "--on", "2026-12-01")
    told = made("calendar", "terms.ics")
    assert told.out == (
        "The calendar is set. Closed as before: 01 December 2026. `earshot closed --on DAY --open` opens such a day."
    )
    assert not facts(school()).calendar.is_school_day(date(2026, 12, 1))
    made("closed", "--on", "2026-12-01", "--open")
    assert made("calendar", "terms.ics").out == "The calendar is set."
    assert facts(school()).calendar.is_school_day(date(2026, 12, 1))
