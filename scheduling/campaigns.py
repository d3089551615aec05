"""Asking for go-tos: a round that asks every pupil and reminds once, and handing over when an adult can be one no more.

A round goes out like a wave: one transaction a tutor group, a little apart, in the bulk lane, so that quiet hours and
the network's pace are kept. Who was asked is a row, so a round that was cut off, or is begun again, asks nobody twice.
"""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func
from sqlmodel import Session, col, select

from conversations.adults import GoToGone, GoTosAsked
from scheduling.rounds import DAY, GROUP_SPACE, GROUPS_AT_ONCE, Addressed
from scheduling.school import SchoolFacts
from store import gotos
from store.care_tables import Campaign, CampaignAsk, GoTo
from store.due import set_due
from store.people import name_of
from store.sealing import Sealer
from store.tables import Binding, Due, Pupil, Staff, TutorGroup

REMIND_AFTER_DAYS = 3
# So many at a time, so that others get their turn when many adults leave at once.
HANDED_OVER_AT_ONCE = 200
PAUSE = timedelta(seconds=5)


class CampaignProblem(Exception):
    """Pupils cannot be asked for go-tos now; the sentence says why and what to do."""


def start(session: Session, school: SchoolFacts, now: datetime) -> tuple[Campaign, bool]:
    """Begin a round, or go on with the one under way (then the second is False). Raises CampaignProblem."""
    if not school.may_ask:
        raise CampaignProblem(
            "The lawful basis and the impact assessment are not noted yet, so nobody is asked. Run `earshot basis`."
        )
    if not gotos.can_be_named(session, school.id):
        raise CampaignProblem("There is no member of staff to choose from yet. Run `earshot import` first.")
    campaign = gotos.open_campaign(session, school.id)
    fresh = campaign is None
    campaign = campaign or Campaign(school_id=school.id, started_at=now, remind_at=_school_days_on(school, now))
    session.add(campaign)
    session.flush()
    _spread(session, campaign, "goto.ask", now)
    set_due(session, school.id, "goto.remind", campaign.id.hex, max(campaign.remind_at, now))
    return campaign, fresh


def stop(session: Session, school_id: UUID) -> bool:
    """Ask nobody more in the round under way; False when there is none."""
    campaign = gotos.open_campaign(session, school_id)
    if campaign is None:
        return False
    campaign.state = "stopped"
    session.add(campaign)
    return True


def asked_of(session: Session, campaign: Campaign) -> int:
    """Count whom a round has asked."""
    statement = select(func.count()).select_from(CampaignAsk).where(CampaignAsk.campaign_id == campaign.id)
    return session.exec(statement).one()


def ask_group(session: Session, _sealer: Sealer, school: SchoolFacts, due: Due, now: datetime) -> list[Addressed]:
    """Ask the pupils of one group who have joined, have not stopped, have fewer than two, and were not asked yet."""
    campaign, group_id = _round(session, due.subject)
    if campaign.state != "open":
        return []
    have = select(CampaignAsk.pupil_id).where(CampaignAsk.campaign_id == campaign.id)
    pupils = session.exec(
        select(Pupil)
        .join(Binding, col(Binding.pupil_id) == col(Pupil.id))
        .where(Pupil.school_id == school.id, Pupil.group_id == group_id, Pupil.status == "active")
        .where(col(Pupil.held).is_(False), col(Pupil.id).not_in(have))
        .order_by(col(Pupil.id))
    ).all()
    have_named = gotos.how_many(session, {pupil.id for pupil in pupils})
    asked = [pupil for pupil in pupils if have_named[pupil.id] < len(gotos.PLACES)]
    for pupil in asked:
        session.add(CampaignAsk(pupil_id=pupil.id, campaign_id=campaign.id, school_id=campaign.school_id, asked_at=now))
    session.flush()
    return [(pupil.id, GoTosAsked()) for pupil in asked]


def remind(session: Session, _sealer: Sealer, _school: SchoolFacts, due: Due, now: datetime) -> list[Addressed]:
    """Spread the one reminder over the tutor groups, and close the round."""
    campaign = session.get_one(Campaign, UUID(due.subject))
    if campaign.state == "open":
        campaign.state = "closed"
        session.add(campaign)
        _spread(session, campaign, "goto.group.remind", now)
    return []


def remind_group(session: Session, _sealer: Sealer, _school: SchoolFacts, due: Due, now: datetime) -> list[Addressed]:
    """Remind those of one group who were asked and have nobody."""
    campaign, group_id = _round(session, due.subject)
    rows = session.exec(
        select(CampaignAsk, Pupil)
        .join(Pupil, col(Pupil.id) == col(CampaignAsk.pupil_id))
        .where(CampaignAsk.campaign_id == campaign.id, col(CampaignAsk.reminded_at).is_(None))
        .where(Pupil.group_id == group_id, Pupil.status == "active", col(Pupil.held).is_(False))
        .order_by(col(Pupil.id))
    ).all()
    have_named = gotos.how_many(session, {pupil.id for _, pupil in rows})
    reminded = [(ask, pupil) for ask, pupil in rows if not have_named[pupil.id]]
    for ask, _ in reminded:
        ask.reminded_at = now
        session.add(ask)
    return [(pupil.id, GoTosAsked(reminder=True)) for _, pupil in reminded]


def hand_over(session: Session, sealer: Sealer, school: SchoolFacts, _due: Due, now: datetime) -> list[Addressed]:
    """Each school morning: who has left or said no is a go-to no more, and their pupils are asked for somebody else.

    Until then the other go-to is asked in their place, so nothing waits for this.
    """
    waiting = gotos.to_hand_over(session, school.id)
    part = waiting[:HANDED_OVER_AT_ONCE]
    for row, why in part:
        gotos.end(session, row, why, now)
        gotos.succeed(session, row, now)
    session.flush()
    again = now + PAUSE if len(waiting) > len(part) else next_morning(school, now)
    set_due(session, school.id, "goto.daily", "next", again)
    return [(row.pupil_id, _gone(session, sealer, row)) for row, _ in part]


def _gone(session: Session, sealer: Sealer, row: GoTo) -> GoToGone:
    others = gotos.of_pupil(session, session.get_one(Pupil, row.pupil_id))
    name = name_of(sealer, session.get_one(Staff, row.staff_id))
    return GoToGone(row.place, name, name_of(sealer, others[0]) if others else "")


def next_morning(school: SchoolFacts, now: datetime) -> datetime:
    """The beginning of the next school day; with no term dates ahead, tomorrow's."""
    today = school.calendar.local_date(now)
    return school.calendar.local(school.calendar.next_school_day(today) or today + DAY, school.calendar.day_start)


def _round(session: Session, subject: str) -> tuple[Campaign, UUID]:
    campaign, _, group = subject.partition(":")
    return session.get_one(Campaign, UUID(campaign)), UUID(group)


def _school_days_on(school: SchoolFacts, now: datetime) -> datetime:
    day = school.calendar.local_date(now)
    for _ in range(REMIND_AFTER_DAYS):
        day = school.calendar.next_school_day(day) or day + DAY
    return school.calendar.local(day, school.calendar.day_start)


def _spread(session: Session, campaign: Campaign, kind: str, now: datetime) -> None:
    groups = session.exec(select(TutorGroup).where(TutorGroup.school_id == campaign.school_id)).all()
    for number, group in enumerate(sorted(groups, key=lambda one: (one.year, one.name))):
        later = max(0, number - GROUPS_AT_ONCE + 1) * GROUP_SPACE
        set_due(session, campaign.school_id, kind, f"{campaign.id.hex}:{group.id.hex}", now + later)
