"""Plans: made as a nudge is taken, asked about on their day, and what staff say of how they went."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, col, select

from bot.slack.blocks import Reader, message_blocks
from bot.slack.desk import act, submit
from bot.slack.forms import form_view
from bot.slack.plan_desk import CHANGE, GROUP, WORDS
from bot.slack.press import Done, not_found_card
from bot.text import render
from conversations.actions import LATEST, load, safeguarding_note
from conversations.actions.choosing import ASKS_A_GO_TO, choose
from conversations.actions.groups import for_groups
from conversations.cards import Card
from conversations.forms import Form
from conversations.model import Phrase
from conversations.reasons import action_codes
from conversations.staff_nudges import Nudge, Planned, group_plan_card, ideas_card, nudge_card
from rehearsal.slack_blocks import message_faults, view_faults
from scheduling import cases
from scheduling.briefing import IDEAS, home, ideas
from scheduling.jobs import JOBS
from store import plans
from store.care_tables import GoTo
from store.plan_tables import Plan, Verdict
from store.tables import Audit, CheckIn, Due, Escalation, Flag, Outbox, Pupil, Request
from tests.bot.slack_school import NOW, SmallSchool, small_school

KEYS = count()
# A Tuesday; three school days on is a Friday, half an hour before school ends.
FRIDAY = datetime(2026, 11, 13, 15, 0, tzinfo=UTC)


@pytest.fixture
def here(engine: Engine) -> Iterator[SmallSchool]:
    school = small_school(engine, linked=True)

    def begin(session: Session) -> None:
        cases.begin(session, school.school, session.get_one(Flag, school.flag), "nudge", NOW)

    school.work(begin)
    yield school
    school.worker.close()


def press(here: SmallSchool, who: str, action: str, value: str, at: datetime = NOW) -> Done:
    def work(session: Session) -> Done:
        viewer = here.member(session, who)
        return act(session, here.sealer, here.school, viewer, action, value, at, f"plan{next(KEYS)}", "tests")

    return here.work(work)


def fill(here: SmallSchool, who: str, form: Form, entered: Mapping[str, str], at: datetime = NOW) -> Done:
    def work(session: Session) -> Done:
        viewer, key = here.member(session, who), f"form{next(KEYS)}"
        return submit(session, here.sealer, here.school, viewer, form.name, form.value, entered, at, key, "tests")

    return here.work(work)


def the_plan(here: SmallSchool) -> Plan:
    return here.work(lambda session: list(session.exec(select(Plan).order_by(col(Plan.id))))[-1])


def content(here: SmallSchool) -> dict[str, Any]:
    return plans.content(here.sealer, the_plan(here))


def run_due(here: SmallSchool, at: datetime) -> list[str]:
    """Do what is due for plans and nudges by then; gives the kinds."""

    def work(session: Session) -> list[str]:
        kinds = []
        for due in session.exec(select(Due).where(col(Due.due_at) <= at).order_by(col(Due.due_at))).all():
            session.delete(due)
            session.flush()
            JOBS[due.kind](session, here.sealer, here.school, due, at)
            kinds.append(due.kind)
        return kinds

    return here.work(work)


def words(phrase: Phrase | None) -> str:
    return render(phrase, "en", "Europe/London", NOW) if phrase else ""


def read(card: Card) -> list[str]:
    """A card as it is read: its lines, its parts, its buttons."""
    parts = [f"[{words(part.title)}] " + " ".join(map(words, part.lines)) for part in card.parts]
    return [*map(words, card.lines), *parts, " | ".join(words(one.label) for one in card.buttons)]


def nudge_of(here: SmallSchool) -> list[str]:
    def work(session: Session) -> Card:
        flag = session.get_one(Flag, here.flag)
        return cases.card_of(session, here.sealer, here.school, flag)

    card = here.work(work)
    assert message_faults(message_blocks(card, "en", "Europe/London", NOW)[0], lambda _file: False) == []
    return read(card)


def suggested(here: SmallSchool) -> list[str]:
    def work(session: Session) -> list[str]:
        flag = session.get_one(Flag, here.flag)
        found = ideas(session, here.sealer, flag, session.get_one(Pupil, flag.pupil_id))
        return [one.id for one in found]

    return here.work(work)


def said(done: Done) -> str:
    assert done.modal is not None
    return words(done.modal.lines[0])


def taken(here: SmallSchool) -> Plan:
    press(here, "tutor", "nudge_take", here.flag.hex)
    return the_plan(here)


# --- taken ------------------------------------------------------------------------------------------------------------


def test_taking_a_nudge_plans_the_first_idea_three_school_days_on(here: SmallSchool):
    first = suggested(here)[0]
    plan = taken(here)
    assert (plan.owner_id, plan.flag_id, plan.state, plan.due_at) == (here.staff["tutor"], here.flag, "open", FRIDAY)
    assert content(here) == {"action": first, "noticed": "", "words": "", "moved": 0}
    title = load(LATEST).actions[first].title
    assert nudge_of(here)[1:] == [
        "Taken by Tess Tolling.",
        f"[The plan] {title} (by Friday 15:00)",
        "Done | Change the plan | Need help | How to | Undo | Why | Who is it",
    ]


def test_a_plan_is_never_due_after_owning_would_lapse(here: SmallSchool):
    plan = taken(here)
    (case,) = here.work(lambda session: list(session.exec(select(Escalation))))
    assert case.lapses_at == datetime(2026, 11, 17, 10, 0, tzinfo=UTC)
    form = press(here, "tutor", "plan_change", plan.id.hex).form
    assert form is not None
    assert [one.name for one in form.fields] == ["action", "due"]
    days = [datetime.fromisoformat(value) for value, _ in form.fields[1].options]
    assert [day.day for day in days] == [10, 11, 12, 13]
    assert view_faults(form_view(form, Reader("en", "Europe/London", NOW)), lambda _file: False) == []


def test_a_plan_changed_is_for_another_action_and_day(here: SmallSchool):
    second = suggested(here)[1]
    plan = taken(here)
    form = press(here, "tutor", "plan_change", plan.id.hex).form
    assert form is not None
    assert (form.name, form.value, form.fields[0].options[1][0]) == (CHANGE, plan.id.hex, second)
    wednesday = form.fields[1].options[1][0]
    fill(here, "tutor", form, {"action": second, "due": wednesday})
    assert (the_plan(here).due_at, content(here)["action"]) == (datetime.fromisoformat(wednesday), second)
    fill(here, "tutor", form, {"action": "own", "due": wednesday})
    assert content(here)["action"] == ""
    assert nudge_of(here)[2] == "[The plan] Something of their own (by Wednesday 15:00)"


@pytest.mark.parametrize(
    "entered",
    [{}, {"action": "own"}, {"action": "own", "due": "yesterday"}, {"action": "x", "due": FRIDAY.isoformat()}],
)
def test_a_plan_filled_in_wrongly_stays_as_it_was(here: SmallSchool, entered: dict[str, str]):
    plan, before = taken(here), content(here)
    form = press(here, "tutor", "plan_change", plan.id.hex).form
    assert form is not None
    assert said(fill(here, "tutor", form, entered)) == "That day has passed. Please open the plan again."
    assert (the_plan(here).version, content(here)) == (plan.version, before)


def test_undoing_ends_the_plan_and_its_day_asks_nothing(here: SmallSchool):
    taken(here)
    press(here, "tutor", "nudge_undo", here.flag.hex)
    assert (the_plan(here).state, here.the_flag().state) == ("ended", "new")
    posts = len(here.waiting())
    run_due(here, FRIDAY - timedelta(days=2))
    before = len(here.waiting())
    assert before >= posts
    due = Due(school_id=here.school.id, kind="plan.ask", subject=the_plan(here).id.hex, version=the_plan(here).version)
    here.work(lambda session: JOBS["plan.ask"](session, here.sealer, here.school, due, FRIDAY))
    assert len(here.waiting()) == before


# --- the follow-up ----------------------------------------------------------------------------------------------------


def asked(here: SmallSchool) -> Plan:
    plan = taken(here)
    assert "plan.ask" in run_due(here, FRIDAY)
    assert the_plan(here).state == "asked"
    return plan


def test_on_its_day_the_owner_alone_is_asked(here: SmallSchool):
    plan = asked(here)
    slots = [row.slot for row in here.waiting() if row.slot and plan.id.hex in row.slot]
    assert slots == [f"nudge:{here.flag.hex}:{here.staff['tutor'].hex}:{plan.id.hex}:{the_plan(here).version}"]
    assert nudge_of(here)[-1] == "Done | Not yet | Need help | How to | Undo | Why | Who is it"
    assert nudge_of(here)[2].startswith("[How did it go?] ")


def test_done_and_what_was_noticed_are_two_taps(here: SmallSchool):
    plan = asked(here)
    press(here, "tutor", "plan_done", plan.id.hex, FRIDAY)
    assert (here.the_flag().state, the_plan(here).state, the_plan(here).closed_at) == ("done", "done", FRIDAY)
    assert nudge_of(here)[-1] == "It helped. | No change yet. | I am worried. | Add a note | Undo | Why | Who is it"
    assert press(here, "tutor", "plan_helped", plan.id.hex, FRIDAY).modal is None
    assert content(here)["noticed"] == "helped"
    assert nudge_of(here)[-1] == "No change yet. | I am worried. | Add a note | Undo | Why | Who is it"
    # A slip of the thumb is mended with another tap.
    press(here, "tutor", "plan_no_change", plan.id.hex, FRIDAY)
    assert content(here)["noticed"] == "no_change"
    assert nudge_of(here)[-1] == "It helped. | I am worried. | Add a note | Undo | Why | Who is it"
    (case,) = here.work(lambda session: list(session.exec(select(Escalation))))
    assert case.state == "closed"


def test_words_are_optional_sealed_and_never_on_the_card(here: SmallSchool):
    plan = asked(here)
    press(here, "tutor", "plan_done", plan.id.hex, FRIDAY)
    press(here, "tutor", "plan_no_change", plan.id.hex, FRIDAY)
    form = press(here, "tutor", "plan_words", plan.id.hex, FRIDAY).form
    assert form is not None
    assert (form.name, form.fields[0].optional) == (WORDS, True)
    assert view_faults(form_view(form, Reader("en", "Europe/London", NOW)), lambda _file: False) == []
    fill(here, "tutor", form, {"words": "Zinnober at the gate"}, FRIDAY)
    assert content(here)["words"] == "Zinnober at the gate"
    assert b"Zinnober" not in the_plan(here).content_sealed
    assert nudge_of(here)[2].endswith("No change yet. A note is kept with it.")
    assert not any("Zinnober" in line for line in nudge_of(here))
    again = press(here, "tutor", "plan_words", plan.id.hex, FRIDAY).form
    assert again is not None
    assert again.fields[0].first == "Zinnober at the gate"
    fill(here, "tutor", again, {}, FRIDAY)
    assert content(here)["words"] == ""


def test_a_worry_is_answered_with_what_to_do(here: SmallSchool):
    plan = asked(here)
    press(here, "tutor", "plan_done", plan.id.hex, FRIDAY)
    assert said(press(here, "tutor", "plan_worried", plan.id.hex, FRIDAY)) == words(safeguarding_note())


def test_not_yet_moves_it_twice_and_then_owning_lapses_as_it_would(here: SmallSchool):
    plan, moment = asked(here), FRIDAY
    for expected in (datetime(2026, 11, 17, 15, 0, tzinfo=UTC), datetime(2026, 11, 19, 15, 0, tzinfo=UTC)):
        assert press(here, "tutor", "plan_not_yet", plan.id.hex, moment).modal is None
        assert (the_plan(here).state, the_plan(here).due_at) == ("open", expected)
        moment = expected
        run_due(here, moment)
        assert the_plan(here).state == "asked"
    done = press(here, "tutor", "plan_not_yet", plan.id.hex, moment)
    assert said(done) == "It was moved twice already. Ask for help with it, or take it back."
    (case,) = here.work(lambda session: list(session.exec(select(Escalation))))
    assert case.lapses_at == datetime(2026, 11, 24, 15, 0, tzinfo=UTC)
    run_due(here, case.lapses_at)
    assert (here.the_flag().state, the_plan(here).state) == ("new", "ended")


def test_help_goes_to_the_next_people_at_once_with_who_asks(here: SmallSchool):
    run_due(here, NOW)
    plan = asked(here)
    told = press(here, "tutor", "plan_help", plan.id.hex, FRIDAY)
    assert said(told) == "It goes on to the next people now, and says that you ask for help."
    assert (here.the_flag().state, here.the_flag().owner_id) == ("new", None)
    assert nudge_of(here)[0] == "Tess Tolling took this, and asks for help with it."
    assert run_due(here, FRIDAY) == ["case.step"]
    press(here, "lead", "nudge_take", here.flag.hex, FRIDAY)
    assert not nudge_of(here)[0].endswith("asks for help with it.")
    assert the_plan(here).owner_id == here.staff["lead"]


def test_help_goes_past_the_steps_that_tell_nobody_but_who_asks(here: SmallSchool):
    # There is no head of year here, so the step after the first would tell the tutor alone.
    run_due(here, NOW)
    plan = asked(here)
    press(here, "tutor", "plan_help", plan.id.hex, FRIDAY)
    before = {row.id for row in here.waiting()}
    run_due(here, FRIDAY)
    assert [row.recipient for row in here.waiting() if row.id not in before] == [f"staff:{here.staff['lead'].hex}"]


@pytest.mark.parametrize("action", ["plan_done", "plan_not_yet", "plan_help", "plan_change"])
def test_somebody_else_cannot_say_how_it_went(here: SmallSchool, action: str):
    plan = asked(here)
    before = the_plan(here).version
    done = press(here, "lead", action, plan.id.hex, FRIDAY)
    assert said(done) == "Only who made this plan can say how it went."
    assert press(here, "other", action, plan.id.hex, FRIDAY) == Done(modal=not_found_card())
    assert (the_plan(here).version, the_plan(here).state) == (before, "asked")


@pytest.mark.parametrize("action", ["plan_done", "plan_not_yet", "plan_help"])
def test_a_button_pressed_twice_changes_nothing_the_second_time(here: SmallSchool, action: str):
    plan = asked(here)
    press(here, "tutor", action, plan.id.hex, FRIDAY)
    first = (the_plan(here).state, here.the_flag().version)
    if action != "plan_not_yet":
        press(here, "tutor", action, plan.id.hex, FRIDAY)
        assert (the_plan(here).state, here.the_flag().version) == first
    press(here, "tutor", "plan_done", plan.id.hex, FRIDAY)
    press(here, "tutor", "plan_done", plan.id.hex, FRIDAY)
    closed = here.work(lambda session: [row.action for row in session.exec(select(Audit)) if row.action == "plan done"])
    assert len(closed) == (0 if action == "plan_help" else 1)


def test_what_was_tried_and_how_it_went_steers_the_next_nudge(here: SmallSchool):
    first, second = suggested(here)
    plan = asked(here)
    press(here, "tutor", "plan_done", plan.id.hex, FRIDAY)
    press(here, "tutor", "plan_no_change", plan.id.hex, FRIDAY)
    # What this nudge suggested it suggests still.
    assert suggested(here) == [first, second]

    def another(session: Session) -> None:
        old = session.get_one(Flag, here.flag)
        other = session.exec(select(CheckIn).where(CheckIn.pupil_id != old.pupil_id)).first()
        assert other is not None
        flag = Flag(
            school_id=old.school_id,
            pupil_id=old.pupil_id,
            group_id=old.group_id,
            check_in_id=other.id,
            rule="test",
            raised_at=FRIDAY + timedelta(days=7),
        )
        here.sealer.write(flag, "reasons", here.sealer.read(old, "reasons"))
        session.add(flag)
        session.flush()
        here.flag = flag.id

    here.work(another)
    assert first not in suggested(here)


# --- not needed -------------------------------------------------------------------------------------------------------


def told_since(here: SmallSchool, before: set[UUID]) -> list[str]:
    names = {f"staff:{id.hex}": name for name, id in here.staff.items()}
    return sorted(names[row.recipient] for row in here.waiting() if row.id not in before and row.method == "post")


def test_passed_to_safeguarding_it_goes_to_the_leads_at_once_and_is_anybodys_to_take_still(here: SmallSchool):
    run_due(here, NOW)
    before = {row.id for row in here.waiting()}
    assert said(press(here, "tutor", "nudge_pass", here.flag.hex)) == words(safeguarding_note())
    assert run_due(here, NOW) == ["case.step"]
    assert told_since(here, before) == ["deputy", "lead"]
    assert nudge_of(here)[0] == "Tess Tolling passes this to the safeguarding leads."
    assert nudge_of(here)[-1] == "I’ll take this | Snooze a week | Not needed | How to | Why | Who is it"
    # Pressed again, on an older copy, nothing more comes.
    press(here, "tutor", "nudge_pass", here.flag.hex)
    assert run_due(here, NOW) == []
    press(here, "lead", "nudge_take", here.flag.hex)
    assert (here.the_flag().state, here.the_flag().owner_id) == ("taken", here.staff["lead"])
    assert here.audited().count("nudge passed") == 1


def confirms(card: Card) -> dict[str, str]:
    """What each button of a card asks before it is pressed, by its label."""
    return {words(one.label): words(one.confirm) for one in card.buttons if one.confirm is not None}


def test_what_cannot_be_taken_back_asks_first_and_what_can_does_not():
    passing = "It goes to the safeguarding leads now, and says that you pass it on."
    helping = "It goes on to the next people now, and says that you ask for help."
    planned = Planned(plan="a" * 32, action=None, owner="Tess Tolling", due=NOW)
    new = Nudge("f" * 32, "W.A.", "7A", ())
    assert confirms(nudge_card(new)) == {"Pass to safeguarding": passing}
    for asked in (False, True):
        plan = replace(planned, asked=asked)
        assert confirms(nudge_card(replace(new, state="taken", plan=plan))) == {"Need help": helping}
        # Of a group's plan the asking can be undone.
        assert confirms(group_plan_card(plan, "7A", "open")) == {}
    assert "Undo" in [words(one.label) for one in group_plan_card(planned, "7A", "help").buttons]


def test_passed_to_safeguarding_out_of_school_it_is_told_as_school_opens(here: SmallSchool):
    run_due(here, NOW)
    before = {row.id for row in here.waiting()}
    press(here, "tutor", "nudge_pass", here.flag.hex, NOW + timedelta(hours=9))
    run_due(here, NOW + timedelta(hours=9))
    assert told_since(here, before) == []
    run_due(here, datetime(2026, 11, 11, 8, 30, tzinfo=UTC))
    assert told_since(here, before) == ["deputy", "lead"]


def test_a_lead_has_nobody_to_pass_it_to_and_what_is_decided_is_not_passed(here: SmallSchool):
    assert said(press(here, "lead", "nudge_pass", here.flag.hex)).startswith("It has come to the safeguarding leads")
    assert here.the_flag().owner_id is None
    press(here, "tutor", "nudge_take", here.flag.hex)
    assert said(press(here, "lead", "nudge_pass", here.flag.hex)) == "Tess Tolling has already taken this."
    assert press(here, "other", "nudge_pass", here.flag.hex) == Done(modal=not_found_card())


@pytest.mark.parametrize(("names", "shown"), [("initials", "W.A."), ("full", "Wren Ashdown"), ("", "W.A.")])
def test_cards_name_a_pupil_as_the_school_chose(here: SmallSchool, names: str, shown: str):
    school = replace(here.school, policy={**here.school.policy, "names": names})

    def titles(session: Session) -> list[str]:
        subjects = (session.get_one(Flag, here.flag), session.get_one(Request, here.request))
        return [words(cases.card_of(session, here.sealer, school, one).title) for one in subjects]

    assert here.work(titles) == [f"{shown} (7A): a change in pattern", f"Urgent: {shown} (7A) may be in danger"]


def test_not_needed_asks_why_and_the_last_answer_is_kept_sealed(here: SmallSchool):
    press(here, "tutor", "nudge_not_needed", here.flag.hex)
    shown = nudge_of(here)
    assert shown[-2] == "[Why not?] It helps to judge such nudges. You need not say."
    assert shown[-1].startswith("Known and acted on. | There’s a simple reason. | ")
    for why in ("known", "answers"):
        press(here, "lead", f"nudge_why_{why}", here.flag.hex)
    (row,) = here.work(lambda session: list(session.exec(select(Verdict))))
    assert here.sealer.read(row, "why") == "answers"
    assert nudge_of(here)[1:3] == ["Not needed, says Tess Tolling.", "The answers mislead."]


def test_why_is_forgotten_when_not_needed_is_taken_back(here: SmallSchool):
    press(here, "tutor", "nudge_not_needed", here.flag.hex)
    press(here, "tutor", "nudge_why_known", here.flag.hex)
    press(here, "tutor", "nudge_undo", here.flag.hex)
    assert here.work(lambda session: list(session.exec(select(Verdict)))) == []
    press(here, "tutor", "nudge_why_known", here.flag.hex)
    assert here.work(lambda session: list(session.exec(select(Verdict)))) == []


# --- a whole group ----------------------------------------------------------------------------------------------------


def group_planned(here: SmallSchool) -> Plan:
    form = press(here, "tutor", "group_plan", here.groups["7A"].hex).form
    assert form is not None
    assert form.name == GROUP
    assert view_faults(form_view(form, Reader("en", "Europe/London", NOW)), lambda _file: False) == []
    done = fill(here, "tutor", form, {"action": "three-circles"})
    assert [letter.method for letter in done.letters] == ["post"]
    return the_plan(here)


def group_card(here: SmallSchool) -> list[str]:
    def work(session: Session) -> tuple[Card, ...]:
        return home(session, here.sealer, here.school, here.member(session, "tutor"), NOW)

    return next(read(card) for card in here.work(work) if words(card.title) == "7A: a plan for the group")


def test_how_to_do_what_was_planned_for_a_group_is_shown(here: SmallSchool):
    plan = group_planned(here)
    modal = press(here, "tutor", "plan_ideas", plan.id.hex).modal
    assert modal == ideas_card((load(LATEST).actions["three-circles"],))
    assert press(here, "other", "plan_ideas", plan.id.hex).modal == not_found_card()


def test_a_plan_for_a_group_names_no_pupil_and_is_asked_about_twice(here: SmallSchool):
    plan = group_planned(here)
    assert (plan.pupil_id, plan.flag_id, plan.due_at, plan.owner_id) == (None, None, FRIDAY, here.staff["tutor"])
    title = load(LATEST).actions["three-circles"].title
    assert group_card(here) == [
        f"[The plan] {title} (by Friday 15:00)",
        "Done | Change the plan | Need help | How to | Undo",
    ]
    run_due(here, FRIDAY)
    assert (the_plan(here).state, group_card(here)[-1]) == ("asked", "Done | Not yet | Need help | How to | Undo")
    again = datetime(2026, 11, 17, 15, 0, tzinfo=UTC)
    assert "plan.ask" in run_due(here, again)
    assert "plan.ask" not in run_due(here, again + timedelta(days=30))
    posts = here.work(
        lambda session: [row for row in session.exec(select(Outbox)) if (row.slot or "").startswith("plan:")]
    )
    assert [row.method for row in posts] == ["post", "post", "post"]


def test_a_plan_for_a_group_is_done_noticed_and_taken_back(here: SmallSchool):
    plan = group_planned(here)
    press(here, "tutor", "plan_done", plan.id.hex)
    press(here, "tutor", "plan_helped", plan.id.hex)
    assert (the_plan(here).state, content(here)["noticed"]) == ("done", "helped")
    press(here, "tutor", "plan_undo", plan.id.hex)
    assert (the_plan(here).state, the_plan(here).closed_at) == ("open", None)
    press(here, "tutor", "plan_undo", plan.id.hex)
    assert the_plan(here).state == "ended"


@pytest.mark.parametrize("action", [for_groups()[0].id, for_groups()[-1].id])
def test_a_plan_for_a_group_is_changed_from_what_it_is_to_any_other_idea_for_groups(here: SmallSchool, action: str):
    form = press(here, "tutor", "group_plan", here.groups["7A"].hex).form
    assert form is not None
    fill(here, "tutor", form, {"action": action})
    form = press(here, "tutor", "plan_change", the_plan(here).id.hex).form
    assert form is not None
    view = form_view(form, Reader("en", "Europe/London", NOW))
    assert view_faults(view, lambda _file: False) == []
    chosen = view["blocks"][0]["element"]
    assert chosen["initial_option"]["value"] == action
    assert {value for value, _ in form.fields[0].options} == {*(one.id for one in for_groups()), "own"}
    day = form.fields[1].options[-1][0]
    fill(here, "tutor", form, {"action": "three-circles", "due": day})
    assert (content(here)["action"], the_plan(here).due_at.isoformat()) == ("three-circles", day)


def test_note_sent_after_the_plan_was_taken_back_meanwhile_is_kept_for_when_it_is_done(here: SmallSchool):
    plan = group_planned(here)
    press(here, "tutor", "plan_done", plan.id.hex)
    form = press(here, "tutor", "plan_words", plan.id.hex).form
    assert form is not None
    press(here, "tutor", "plan_undo", plan.id.hex)
    assert press(here, "tutor", "plan_words", plan.id.hex).form is None
    press(here, "tutor", "plan_worried", plan.id.hex)
    assert content(here)["noticed"] == ""
    fill(here, "tutor", form, {"words": "They laughed."})
    press(here, "tutor", "plan_done", plan.id.hex)
    form = press(here, "tutor", "plan_words", plan.id.hex).form
    assert form is not None
    assert form.fields[0].first == "They laughed."


def test_a_plan_for_another_tutors_group_is_not_to_be_made(here: SmallSchool):
    refused = Done(modal=not_found_card())
    assert press(here, "other", "group_plan", here.groups["7A"].hex) == refused
    form = Form(GROUP, here.groups["7A"].hex, Phrase(""), ())
    assert fill(here, "other", form, {"action": "three-circles"}) == refused
    assert fill(here, "tutor", form, {"action": "no-such-action"}) == refused
    assert here.work(lambda session: list(session.exec(select(Plan)))) == []


def test_a_form_of_another_version_changes_nothing(here: SmallSchool):
    done = fill(here, "tutor", Form("desk_unheard_of", here.flag.hex, Phrase(""), ()), {})
    assert said(done) == "This button is from an earlier time. The Home tab shows what is open now."


def test_card_before_plans_were_kept_can_still_be_done(here: SmallSchool):
    taken(here)
    here.work(lambda session: [session.delete(row) for row in session.exec(select(Plan))])
    assert nudge_of(here)[-1] == "Done | How to | Undo | Why | Who is it"
    press(here, "tutor", "nudge_done", here.flag.hex)
    assert here.the_flag().state == "done"


@pytest.mark.parametrize("named", [False, True])
def test_nobody_is_told_to_ask_a_go_to_of_a_pupil_who_named_none(engine: Engine, named: bool):
    codes = action_codes({"low": 3, "window": 4, "baseline": 20})
    flag_id = next(
        one
        for one in map(UUID, (f"{number:032x}" for number in count(1)))
        if choose(codes, "older", [], [], one.int, IDEAS)[0].id == ASKS_A_GO_TO
    )
    school = small_school(engine, linked=True, flag_id=flag_id)

    def name(session: Session) -> None:
        pupil = session.get_one(Pupil, session.get_one(Flag, flag_id).pupil_id)
        staff = school.staff["deputy" if named else "tutor"]
        session.add(GoTo(school_id=school.school.id, pupil_id=pupil.id, staff_id=staff, place=1, since=NOW))

    school.work(name)
    assert (ASKS_A_GO_TO in suggested(school)) is named
    assert len(suggested(school)) == IDEAS
    school.worker.close()
