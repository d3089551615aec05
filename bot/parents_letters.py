"""Letters to parents and carers: a page for each who has no chat here, with a code of their own, in their language.

A guardian of several pupils gets one letter, with the first of their tutor groups. It is to be posted, or handed to the
grown-up, for who holds the code has a parent's say.
"""

from datetime import datetime
from functools import partial
from pathlib import Path
from uuid import UUID

from sqlmodel import Session, col, select

from bot import text
from bot.letters import Page, Progress, page, write_folder
from conversations.flows.parent import what_it_is
from conversations.model import say
from scheduling.school import SchoolFacts, facts
from store.guardian_tables import GuardianBinding
from store.invites import LIFETIME, issue_to_guardian
from store.people_tables import Guardian, Guardianship
from store.sealing import Sealer
from store.tables import Pupil, School, TutorGroup


def write_parents_letters(
    session: Session, sealer: Sealer, school: School, folder: Path, bot: str, now: datetime, progress: Progress
) -> int:
    """Issue a code to every guardian without a chat and write the letters into a new folder; returns how many.

    As `bot.letters.write_letters` otherwise; pupils' own codes stay as they are.
    """
    made = facts(school)
    groups = [
        (group, [partial(_letter, session, sealer, made, group, guardian, bot, now) for guardian in guardians])
        for group, guardians in _waiting(session, sealer, school)
    ]
    return write_folder(folder, groups, progress)


def _waiting(session: Session, sealer: Sealer, school: School) -> list[tuple[TutorGroup, list[Guardian]]]:
    """The tutor groups by year and name, each with the guardians whose letter is in its file, by name."""
    rows = session.exec(
        select(Guardian, TutorGroup)
        .join(Guardianship, col(Guardianship.guardian_id) == col(Guardian.id))
        .join(Pupil, col(Pupil.id) == col(Guardianship.pupil_id))
        .join(TutorGroup, col(TutorGroup.id) == col(Pupil.group_id))
        .join(GuardianBinding, col(GuardianBinding.guardian_id) == col(Guardian.id), isouter=True)
        .where(Guardian.school_id == school.id, Pupil.school_id == school.id, Pupil.status != "left")
        .where(col(Guardian.active).is_(True), col(GuardianBinding.guardian_id).is_(None))
    ).all()
    ordered = sorted(rows, key=lambda row: (row[1].year, row[1].name, str(sealer.read(row[0], "name"))))
    groups: dict[UUID, tuple[TutorGroup, list[Guardian]]] = {}
    placed: set[UUID] = set()
    for guardian, group in ordered:
        if guardian.id not in placed:
            groups.setdefault(group.id, (group, []))[1].append(guardian)
            placed.add(guardian.id)
    return list(groups.values())


def _letter(
    session: Session,
    sealer: Sealer,
    school: SchoolFacts,
    group: TutorGroup,
    guardian: Guardian,
    bot: str,
    now: datetime,
) -> Page:
    code = issue_to_guardian(session, sealer, guardian, now)
    return page(
        school,
        bot,
        code,
        guardian.language if guardian.language in text.languages() else school.locale,
        now,
        title=say("For parents and carers"),
        for_whom=say("For {name}, {group}", name=str(sealer.read(guardian, "name")), group=group.name),
        paragraphs=(
            say("With this code you can stop and start your child’s check-ins in Telegram, at any time."),
            *what_it_is(school.nation),
        ),
        foot=say(
            "This code is yours alone and works once, until {until}. If you lose it, the school office can give you "
            "a new one: then this one stops working.",
            until=now + LIFETIME,
        ),
    )
