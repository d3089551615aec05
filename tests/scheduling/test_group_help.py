"""Help with a group's plan: it climbs as a nudge does, stays with who made it, and ends when somebody takes it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, col, delete, select

from bot.slack.press import Done, not_found_card
from conversations.cards import Card
from scheduling import auditor, cases
from scheduling.briefing import home
from store import plans
from store.plan_tables import Plan
from store.tables import Due, Failure, Flag, Outbox
from tests.bot.slack.test_plan_desk import FRIDAY, group_planned, press, read, run_due, said, the_plan, words
from tests.bot.slack_school import NOW, SmallSchool, small_school

# With no head of year here the second step of a nudge's ladder tells the lead; the next comes two school days on.
NEXT = datetime(2026, 11, 17, 15, 0, tzinfo=UTC)


@pytest.fixture
def here(engine: Engine) -> Iterator[SmallSchool]:
    school = small_school(engine, linked=True)
    yield school
    school.worker.close()


def asked_for_help(here: SmallSchool) -> Plan:
    plan = group_planned(here)
    run_due(here, FRIDAY)
    done = press(here, "tutor", "plan_help", plan.id.hex, FRIDAY)
    assert said(done) == "It goes on to the next people now, and says that you ask for help."
    return the_plan(here)


def told(here: SmallSchool, since: int) -> list[str]:
    """Who was written a card of a group's plan, after so many letters."""
    names = {id.hex: name for name, id in here.staff.items()}
    rows = here.work(lambda session: list(session.exec(select(Outbox).order_by(col(Outbox.id)))))
    return [names[row.recipient.removeprefix("staff:")] for row in rows[since:] if row.method == "post"]


def letters(here: SmallSchool) -> int:
    return here.work(lambda session: len(session.exec(select(Outbox)).all()))


def card(here: SmallSchool, who: str) -> list[str]:
    def work(session: Session) -> tuple[Card, ...]:
        return home(session, here.sealer, here.school, here.member(session, who), FRIDAY)

    found = [read(one) for one in here.work(work) if words(one.title) == "7A: a plan for the group"]
    return found[0] if found else []


def test_the_next_people_hear_at_once_who_asks_and_it_stays_with_who_made_it(here: SmallSchool):
    plan, before = asked_for_help(here), letters(here)
    assert (plan.state, plan.owner_id) == ("help", here.staff["tutor"])
    assert run_due(here, FRIDAY) == ["plan.help"]
    assert told(here, before) == ["lead"]
    for who in ("tutor", "lead", "deputy"):
        assert card(here, who)[0] == "Tess Tolling took this, and asks for help with it."
        assert card(here, who)[-1] == "I’ll take this | How to | Undo"
    assert card(here, "other") == []


def test_it_climbs_by_school_time_until_somebody_takes_it(here: SmallSchool):
    asked_for_help(here)
    run_due(here, FRIDAY)
    before = letters(here)
    assert run_due(here, NEXT - timedelta(minutes=1)) == []
    # The question that was set before help was asked for does nothing.
    assert run_due(here, NEXT) == ["plan.ask", "plan.help"]
    assert sorted(told(here, before)) == ["deputy", "lead"]
    before = letters(here)
    assert run_due(here, NEXT + timedelta(days=1)) == ["plan.help"]
    assert sorted(told(here, before)) == ["deputy", "lead"]


def test_who_takes_it_has_it_is_asked_about_it_and_nobody_is_told_again(here: SmallSchool):
    plan = asked_for_help(here)
    run_due(here, FRIDAY)
    press(here, "lead", "plan_take", plan.id.hex, FRIDAY)
    taken = the_plan(here)
    assert (taken.state, taken.owner_id) == ("open", here.staff["lead"])
    assert taken.due_at == datetime(2026, 11, 18, 15, 0, tzinfo=UTC)
    assert card(here, "lead")[0] == "Taken by Lena Lomax."
    assert card(here, "tutor") == []
    before = letters(here)
    assert run_due(here, taken.due_at) == ["plan.help", "plan.ask"]
    assert told(here, before) == ["lead"]


def test_every_copy_shows_who_took_it(here: SmallSchool):
    plan = asked_for_help(here)
    run_due(here, FRIDAY)
    done = press(here, "lead", "plan_take", plan.id.hex, FRIDAY)
    changed = {letter.recipient for letter in done.letters if letter.method == "update"}
    assert changed == {f"staff:{here.staff[who].hex}" for who in ("tutor", "lead")}


def test_who_asked_may_take_it_back_but_not_from_themselves(here: SmallSchool):
    plan = asked_for_help(here)
    press(here, "tutor", "plan_take", plan.id.hex, FRIDAY)
    assert (the_plan(here).state, the_plan(here).owner_id) == ("help", here.staff["tutor"])
    press(here, "tutor", "plan_undo", plan.id.hex, FRIDAY)
    assert the_plan(here).state == "open"
    assert card(here, "tutor")[0].startswith("[The plan]")
    assert run_due(here, FRIDAY) == ["plan.help"]
    assert card(here, "lead") == []


@pytest.mark.parametrize("action", ["plan_help", "plan_done", "plan_not_yet", "plan_change"])
def test_an_old_button_changes_nothing_while_help_is_asked_for(here: SmallSchool, action: str):
    plan = asked_for_help(here)
    done = press(here, "tutor", action, plan.id.hex, FRIDAY)
    assert (done.form, the_plan(here).version, the_plan(here).state) == (None, plan.version, "help")


def test_taken_twice_it_stays_with_the_first(here: SmallSchool):
    plan = asked_for_help(here)
    press(here, "lead", "plan_take", plan.id.hex, FRIDAY)
    press(here, "deputy", "plan_take", plan.id.hex, FRIDAY)
    assert the_plan(here).owner_id == here.staff["lead"]
    assert press(here, "other", "plan_take", plan.id.hex, FRIDAY) == Done(modal=not_found_card())


def test_help_that_falls_due_out_of_school_waits_for_school(here: SmallSchool):
    plan = group_planned(here)
    evening = NOW + timedelta(hours=9)
    press(here, "tutor", "plan_help", plan.id.hex, evening)
    before = letters(here)
    assert run_due(here, evening) == ["plan.help"]
    assert told(here, before) == []
    (due,) = here.work(lambda session: list(session.exec(select(Due).where(Due.kind == "plan.help"))))
    assert due.due_at == datetime(2026, 11, 11, 8, 30, tzinfo=UTC)
    run_due(here, due.due_at)
    assert told(here, before) == ["lead"]


def test_a_pupils_nudge_is_not_touched_by_help_with_a_group(here: SmallSchool):
    here.work(lambda session: cases.begin(session, here.school, session.get_one(Flag, here.flag), "nudge", NOW))
    asked_for_help(here)
    assert here.the_flag().state == "new"


# --- the auditor ------------------------------------------------------------------------------------------------------


def mend(here: SmallSchool, suspected: set[UUID], at: datetime) -> tuple[set[UUID], int]:
    return here.work(lambda session: auditor.mend(session, here.sealer, here.school, suspected, at))


def waiting(here: SmallSchool, at: datetime) -> tuple[int, int, int]:
    found = here.work(lambda session: auditor.standing(session, here.sealer, here.school, at))
    return found.open, found.owned, found.overdue


def test_help_whose_row_was_lost_is_told_again_once_by_the_auditor_and_reported(here: SmallSchool):
    plan, before = asked_for_help(here), letters(here)
    here.work(lambda session: session.exec(delete(Due)))
    assert mend(here, set(), FRIDAY + timedelta(minutes=5)) == (set(), 0)
    suspected, mended = mend(here, set(), FRIDAY + timedelta(minutes=6))
    assert (suspected, mended, told(here, before)) == ({plan.id}, 0, [])
    assert mend(here, suspected, FRIDAY + timedelta(minutes=7)) == (set(), 1)
    assert told(here, before) == ["lead"]
    rows = here.work(lambda session: list(session.exec(select(Failure))))
    assert [(row.event, row.error) for row in rows] == [("case overdue", "done again")]
    # The climb goes on by itself from there.
    assert mend(here, suspected, FRIDAY + timedelta(minutes=8)) == (set(), 0)
    assert run_due(here, NEXT + timedelta(minutes=7)) == ["plan.help"]
    assert sorted(told(here, before)) == ["deputy", "lead", "lead"]


def test_a_later_step_of_help_is_overdue_after_five_minutes_of_school(here: SmallSchool):
    asked_for_help(here)
    run_due(here, FRIDAY)
    for at, late in (
        (NEXT + timedelta(minutes=5), 0),
        (NEXT + timedelta(minutes=6), 1),
        (NEXT + timedelta(hours=2), 0),
    ):
        found = here.work(lambda session, at=at: auditor.overdue(session, here.sealer, here.school, at))  # type: ignore[misc]
        assert len(found) == late


def test_help_is_counted_among_what_waits_until_it_is_taken(here: SmallSchool):
    assert waiting(here, FRIDAY) == (0, 0, 0)
    plan = asked_for_help(here)
    assert waiting(here, FRIDAY) == (1, 0, 0)
    assert here.work(lambda session: auditor.oldest(session, here.sealer, here.school)) == FRIDAY
    assert waiting(here, FRIDAY + timedelta(minutes=10)) == (1, 0, 1)
    press(here, "lead", "plan_take", plan.id.hex, FRIDAY)
    assert waiting(here, FRIDAY + timedelta(minutes=10)) == (0, 0, 0)
    assert here.work(lambda session: auditor.oldest(session, here.sealer, here.school)) is None


def test_help_that_is_overdue_does_not_come_again_after_it_was_taken(here: SmallSchool):
    plan = asked_for_help(here)
    here.work(lambda session: session.exec(delete(Due)))
    suspected, _ = mend(here, set(), FRIDAY + timedelta(minutes=6))
    press(here, "lead", "plan_take", plan.id.hex, FRIDAY)
    before = letters(here)
    assert mend(here, suspected, FRIDAY + timedelta(minutes=7)) == (set(), 0)
    assert told(here, before) == []


def test_help_asked_for_before_its_times_were_kept_is_told_again_and_has_them_from_then_on(here: SmallSchool):
    plan, before = asked_for_help(here), letters(here)

    def without(session: Session) -> None:
        row = session.get_one(Plan, plan.id)
        asked = plans.content(here.sealer, row)["help"]
        plans.change(session, here.sealer, row, help={name: asked[name] for name in ("by", "ladder", "step")})
        session.exec(delete(Due))

    here.work(without)
    assert mend(here, mend(here, set(), FRIDAY)[0], FRIDAY) == (set(), 1)
    assert told(here, before) == ["lead"]
    assert mend(here, {plan.id}, FRIDAY + timedelta(minutes=20)) == (set(), 0)
