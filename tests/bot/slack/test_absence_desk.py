"""Being away, set in Slack: what is asked, what is refused, who may set it for whom, and what the Home tab says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, select

from bot.slack.blocks import Reader
from bot.slack.forms import form_view
from bot.slack.press import Done, not_found_card
from conversations.forms import Form
from conversations.model import Phrase
from conversations.staff_absence import AWAY, AWAY_OTHER
from rehearsal.slack_blocks import view_faults
from scheduling import cases
from scheduling.briefing import home
from store.plan_tables import Absence
from store.tables import Escalation, Flag, Staff
from tests.bot.slack.test_plan_desk import fill, press, read, run_due, said, the_plan, words
from tests.bot.slack_school import NOW, SmallSchool, small_school

# The beginning of Saturday, after Friday 13 November.
SATURDAY = datetime(2026, 11, 14, 0, 0, tzinfo=UTC)


@pytest.fixture
def here(engine: Engine) -> Iterator[SmallSchool]:
    school = small_school(engine, linked=True)
    yield school
    school.worker.close()


def form(here: SmallSchool, who: str, action: str, value: str) -> Form:
    shown = press(here, who, action, value).form
    assert shown is not None
    assert view_faults(form_view(shown, Reader("en", "Europe/London", NOW)), lambda _file: False) == []
    return shown


def away(here: SmallSchool, who: str, last: str = "2026-11-13", cover: str = "", first: str = "2026-11-10") -> Done:
    entered = {"first": first, "last": last, **({"cover": here.staff[cover].hex} if cover else {})}
    return fill(here, who, form(here, who, "away_set", "me"), entered)


def absences(here: SmallSchool) -> list[Absence]:
    return here.work(lambda session: list(session.exec(select(Absence))))


def on_home(here: SmallSchool, who: str, title: str, at: datetime = NOW) -> list[str]:
    def work(session: Session) -> list[str]:
        cards = home(session, here.sealer, here.school, here.member(session, who), at)
        return next((read(card) for card in cards if words(card.title) == title), [])

    return here.work(work)


def test_an_absence_lasts_from_now_to_the_end_of_its_last_day(here: SmallSchool):
    shown = form(here, "tutor", "away_set", "me")
    assert (shown.name, [one.name for one in shown.fields]) == (AWAY, ["first", "last", "cover"])
    assert here.staff["tutor"].hex not in dict(shown.fields[2].options)
    done = away(here, "tutor", cover="other")
    (row,) = absences(here)
    assert (row.starts_at, row.ends_at, row.cover_id) == (NOW, SATURDAY, here.staff["other"])
    assert said(done) == "Until Friday 23:59."
    assert on_home(here, "tutor", "You are away") == ["Until Friday 23:59.", "Otto Orrin stands in.", "I’m back"]
    assert on_home(here, "lead", "Away") == [
        "Tess Tolling: Until Friday 23:59. Otto Orrin stands in.",
        "Somebody is away",
    ]
    assert here.audited() == ["absence set", *["read open nudges"] * 2, "read open requests"]


def test_being_back_ends_it_at_once(here: SmallSchool):
    away(here, "tutor", cover="other")
    press(here, "tutor", "away_end", here.staff["tutor"].hex, NOW + timedelta(hours=1))
    (row,) = absences(here)
    assert row.ends_at == NOW + timedelta(hours=1)
    assert on_home(here, "tutor", "Here", NOW + timedelta(hours=1))[-1] == "I’m away until …"
    press(here, "tutor", "away_end", here.staff["tutor"].hex, NOW + timedelta(hours=2))
    assert [action for action in here.audited() if "absence" in action] == ["absence set", "absence ended"]


def test_an_absence_to_come_is_taken_back_whole(here: SmallSchool):
    away(here, "tutor", first="2026-11-12")
    assert on_home(here, "tutor", "You will be away")[-1] == "I will be here"
    press(here, "tutor", "away_end", here.staff["tutor"].hex)
    assert absences(here) == []


def test_an_absence_set_again_replaces_the_one_before(here: SmallSchool):
    away(here, "tutor", last="2026-11-30", first="2026-11-20")
    away(here, "tutor", last="2026-11-13", first="2026-11-11")
    (row,) = absences(here)
    assert row.ends_at == SATURDAY


@pytest.mark.parametrize(
    ("entered", "sentence"),
    [
        ({}, "A day is missing, or is no day. Nothing was changed."),
        ({"last": "soon"}, "A day is missing, or is no day. Nothing was changed."),
        ({"last": "2026-11-09"}, "The last day is before the first, or has passed. Nothing was changed."),
        (
            {"first": "2026-11-12", "last": "2026-11-11"},
            "The last day is before the first, or has passed. Nothing was changed.",
        ),
        ({"last": "2028-11-11"}, "That is more than a year ahead. Nothing was changed."),
        ({"last": "2026-11-13", "cover": "tutor"}, "Somebody else must stand in. Nothing was changed."),
    ],
)
def test_what_is_filled_in_wrongly_is_told_and_changes_nothing(
    here: SmallSchool, entered: dict[str, str], sentence: str
):
    if "cover" in entered:
        entered = {**entered, "cover": here.staff[entered["cover"]].hex}
    assert said(fill(here, "tutor", Form(AWAY, "me", Phrase(""), ()), entered)) == sentence
    assert absences(here) == []


def test_a_lead_is_stood_in_for_by_a_lead_alone(here: SmallSchool):
    assert said(away(here, "lead", cover="tutor")).startswith("Only another safeguarding lead can stand in for one.")
    assert absences(here) == []
    away(here, "lead", cover="deputy")
    assert len(absences(here)) == 1


def test_who_leaves_one_lead_alone_and_the_last_to_leave_are_told_what_it_means(here: SmallSchool):
    first = away(here, "lead", cover="deputy")
    assert first.modal is not None
    assert words(first.modal.lines[-1]).startswith("Only one safeguarding lead is here then: ")
    second = away(here, "deputy", first="2026-11-13")
    assert second.modal is not None
    assert words(second.modal.lines[-1]).startswith("No safeguarding lead is here then.")
    tutor = away(here, "tutor", first="2026-11-10", last="2026-11-10")
    assert tutor.modal is not None
    assert len(tutor.modal.lines) == 2


def test_a_lead_sets_it_for_somebody_else_and_nobody_else_does(here: SmallSchool):
    shown = form(here, "lead", "away_other", "other")
    assert (shown.name, shown.fields[0].name) == (AWAY_OTHER, "who")
    fill(here, "lead", shown, {"who": here.staff["tutor"].hex, "last": "2026-11-13", "cover": here.staff["other"].hex})
    (row,) = absences(here)
    assert (row.staff_id, row.cover_id) == (here.staff["tutor"], here.staff["other"])
    refused = Done(modal=not_found_card())
    assert press(here, "other", "away_other", "other") == refused
    entered = {"who": here.staff["tutor"].hex, "last": "2026-11-20"}
    assert fill(here, "other", shown, entered) == refused
    assert press(here, "other", "away_end", here.staff["tutor"].hex) == refused
    assert [row.ends_at for row in absences(here)] == [SATURDAY]


def test_whoever_stands_in_sees_the_group_meanwhile_and_not_a_minute_longer(here: SmallSchool):
    here.work(lambda session: cases.begin(session, here.school, session.get_one(Flag, here.flag), "nudge", NOW))
    assert press(here, "other", "nudge_take", here.flag.hex) == Done(modal=not_found_card())
    run_due(here, NOW)
    away(here, "tutor", cover="other")
    assert run_due(here, NOW) == ["absence.begin"]
    posts = [row.recipient for row in here.waiting() if row.method == "post"]
    # The nudge went to the tutor; then, to whoever stands in, that they do, and the nudge.
    assert Counter(posts) == {f"staff:{here.staff['tutor'].hex}": 1, f"staff:{here.staff['other'].hex}": 2}
    assert on_home(here, "other", "W.A. (7A): a change in pattern") != []
    assert press(here, "other", "nudge_who", here.flag.hex, SATURDAY - timedelta(minutes=1)).modal != not_found_card()
    assert press(here, "other", "nudge_take", here.flag.hex, SATURDAY) == Done(modal=not_found_card())
    assert on_home(here, "other", "W.A. (7A): a change in pattern", SATURDAY) == []


def test_what_somebody_took_is_dealt_with_by_whoever_stands_in(here: SmallSchool):
    here.work(lambda session: cases.begin(session, here.school, session.get_one(Flag, here.flag), "nudge", NOW))
    press(here, "tutor", "nudge_take", here.flag.hex)
    away(here, "tutor", cover="other")
    press(here, "other", "nudge_done", here.flag.hex)
    assert here.the_flag().state == "done"


def test_whoever_left_the_staff_is_not_chosen(here: SmallSchool):
    def leave(session: Session) -> None:
        session.get_one(Staff, here.staff["other"]).active = False

    shown = form(here, "tutor", "away_set", "me")
    here.work(leave)
    entered = {"last": "2026-11-13", "cover": here.staff["other"].hex}
    assert fill(here, "tutor", shown, entered) == Done(modal=not_found_card())


def test_what_whoever_stood_in_took_is_given_back_as_it_ends(here: SmallSchool):
    here.work(lambda session: cases.begin(session, here.school, session.get_one(Flag, here.flag), "nudge", NOW))
    away(here, "tutor", cover="other")
    press(here, "other", "nudge_take", here.flag.hex)
    run_due(here, SATURDAY - timedelta(minutes=1))
    assert here.the_flag().owner_id == here.staff["other"]
    run_due(here, SATURDAY)
    (case,) = here.work(lambda session: list(session.exec(select(Escalation))))
    assert (here.the_flag().owner_id, the_plan(here).owner_id, case.owner_id) == (here.staff["tutor"],) * 3
    assert case.state == "owned"


def test_what_a_lead_who_stood_in_took_stays_theirs_for_they_may_read_it_still(here: SmallSchool):
    here.work(lambda session: cases.begin(session, here.school, session.get_one(Flag, here.flag), "nudge", NOW))
    away(here, "tutor", cover="lead")
    press(here, "lead", "nudge_take", here.flag.hex)
    press(here, "tutor", "away_end", here.staff["tutor"].hex, NOW + timedelta(hours=1))
    run_due(here, NOW + timedelta(hours=1))
    assert here.the_flag().owner_id == here.staff["lead"]


def test_cards_of_an_absence_that_begins_or_ends_at_night_wait_for_the_school_day(here: SmallSchool):
    away(here, "tutor", first="2026-11-12", last="2026-11-13", cover="other")
    thursday = datetime(2026, 11, 12, tzinfo=UTC)
    assert run_due(here, thursday) == ["absence.begin"]
    posts = [row.not_before for row in here.waiting() if row.method == "post"]
    assert set(posts) == {thursday + timedelta(hours=8, minutes=30)}
    press(here, "other", "nudge_take", here.flag.hex, thursday + timedelta(hours=9))
    run_due(here, SATURDAY)
    (back,) = [row for row in here.waiting() if row.recipient == f"staff:{here.staff['tutor'].hex}"]
    assert back.not_before == datetime(2026, 11, 16, 8, 30, tzinfo=UTC)
