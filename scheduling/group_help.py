"""Help with a group's plan: who made it keeps it, and the next people of the ladder hear of it until one takes it.

It climbs as a nudge does, by the school's own ladder as it stood when help was asked for, and is told without end.
"""

from datetime import datetime
from uuid import UUID

from sqlmodel import Session

from scheduling import cases
from scheduling import plans as going
from scheduling.escalation import Ladder, falls_due, told
from scheduling.school import SchoolFacts
from scheduling.telling import could_post
from store import absences, guards, plans
from store.due import set_due
from store.plan_tables import Plan
from store.sealing import Sealer
from store.tables import Staff, TutorGroup


def ask(session: Session, sealer: Sealer, school: SchoolFacts, plan: Plan, now: datetime) -> None:
    """Tell the next people of the ladder at once that who made a group's plan asks for help with it."""
    ladder = cases.ladder_of(school, "nudge")
    plan.state = "help"
    step = 0
    while step < len(ladder.rungs) - 1 and not set(_told(session, school, plan, ladder, step, now)) - {plan.owner_id}:
        step += 1
    asked = {"by": plan.owner_id.hex, "ladder": ladder.to_json(), "step": step, "asked": now.isoformat()}
    plans.change(session, sealer, plan, help={**asked, "since": now.isoformat(), "waits": 0})
    set_due(session, school.id, "plan.help", plan.id.hex, now, version=plan.version)


def climb(session: Session, sealer: Sealer, school: SchoolFacts, plan: Plan, now: datetime) -> None:
    """Tell the people of the step that is due, and set the next; out of school it waits for school to begin."""
    asked = plans.content(sealer, plan)["help"]
    ladder, step = Ladder.from_json(asked["ladder"]), int(asked["step"])
    opens = falls_due(ladder.clock, school.calendar, now, 0) or now
    if opens > now:
        set_due(session, school.id, "plan.help", plan.id.hex, opens, version=plan.version)
        return
    waits = ladder.waits(step + 1)
    plans.change(session, sealer, plan, help={**asked, "step": step + 1, "since": now.isoformat(), "waits": waits})
    session.flush()
    card = going.card_of(session, sealer, school, plan)
    for staff_id in _told(session, school, plan, ladder, step, now):
        if staff_id != plan.owner_id:
            slot = f"{going.slots_of(plan)}{staff_id.hex}:{plan.id.hex}:{plan.version}"
            reader = session.get_one(Staff, staff_id)
            could_post(session, sealer, school, reader, card, event="plan.help", slot=slot, dedupe=slot, now=now)
    due = cases.when_due(school, ladder, now, waits)
    set_due(session, school.id, "plan.help", plan.id.hex, due, version=plan.version)


def take(session: Session, sealer: Sealer, school: SchoolFacts, plan: Plan, helper: Staff, now: datetime) -> None:
    """Give a group's plan to who takes it, some days from now; whoever asked is shown so on their copy."""
    plan.owner_id = helper.id
    plans.change(session, sealer, plan, moved=0)
    going.again(session, school, plan, now)


def _told(
    session: Session, school: SchoolFacts, plan: Plan, ladder: Ladder, step: int, now: datetime
) -> tuple[UUID, ...]:
    """Whom a step tells, of those who may open it: a head whose school has no lead sees no group."""
    group = session.get_one(TutorGroup, plan.group_id)
    people = told(ladder, step, cases.around_group(session, school, group, now))
    return tuple(one for one in people if _may_see(session, session.get_one(Staff, one), group, now))


def _may_see(session: Session, staff: Staff, group: TutorGroup, now: datetime) -> bool:
    return guards.may_see_group(staff, group, absences.covered_by(session, staff, now))
