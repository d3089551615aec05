"""Bringing a school's people in from its management system: files are read, compared, shown, then carried out.

`read_file` recognises files of staff, tutor groups, pupils and guardians by their headers, `plan` says what would
change and writes nothing, `apply` does all of it or none. The same files brought in twice change nothing the second
time.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, time
from uuid import UUID

from sqlalchemy import delete
from sqlmodel import Session, SQLModel, col, select, update

from bot.importing.planning import (
    KINDS,
    Counts,
    Entry,
    ImportPlan,
    Leaver,
    Progress,
    email_key,
    plan,
    quiet,
)
from bot.importing.rows import (
    BadRow,
    GroupRow,
    GuardianRow,
    ImportFile,
    ImportProblem,
    PupilRow,
    StaffRow,
    read_file,
    read_text,
)
from bot.importing.years import phase_of
from store import consent
from store.people_tables import Guardian, Guardianship
from store.sealing import Sealer
from store.tables import Pupil, School, Staff, TutorGroup

__all__ = [
    "BadRow",
    "Counts",
    "Entry",
    "ImportFile",
    "ImportPlan",
    "ImportProblem",
    "apply",
    "phase_of",
    "plan",
    "read_file",
    "read_text",
]

_TABLES: dict[str, type[Staff] | type[TutorGroup] | type[Pupil] | type[Guardian]] = {
    "staff": Staff,
    "groups": TutorGroup,
    "pupils": Pupil,
    "guardians": Guardian,
}
_TOLD_EVERY = 250


def apply(session: Session, sealer: Sealer, school: School, plan: ImportPlan, progress: Progress = quiet) -> None:
    """Carry out a plan made in this same transaction; the caller commits.

    Raises ImportProblem, having written nothing, if the plan has bad rows. Whatever else is raised, nothing of the plan
    remains in the session.
    """
    if plan.bad:
        raise ImportProblem(f"Nothing was brought in: mend the bad rows first ({len(plan.bad)} of them).")
    there = {entry.id for entry in (*plan.changed, *plan.moved)}
    entries = (*plan.added, *plan.changed, *plan.moved)
    done = 0
    with session.begin_nested():
        _free_addresses(session, sealer, plan.changed)
        # In this order, and flushed in between, because groups point at staff and pupils at groups.
        for kind in KINDS:
            # Held here, so that the session finds each of them without asking again.
            rows = _rows(session, kind, school.id) if there else {}
            for entry in (entry for entry in entries if entry.kind == kind):
                session.add(_written(rows.get(entry.id) if entry.id in there else None, sealer, school, entry))
                done += 1
                if not done % _TOLD_EVERY:
                    progress(done, len(entries))
            session.flush()
            if kind == "staff":
                _set_managers(session, entries)
        _link(session, school, plan)
        for leaver in plan.left:
            _see_off(session, school, leaver, datetime.combine(plan.today, time(), UTC))
        session.flush()
    progress(done, len(entries))


def _rows(session: Session, kind: str, school_id: UUID) -> dict[UUID, Staff | TutorGroup | Pupil | Guardian]:
    found: dict[UUID, Staff | TutorGroup | Pupil | Guardian] = {}
    table = _TABLES[kind]
    # Addresses were let go of behind the session's back.
    for row in session.exec(
        select(table).where(table.school_id == school_id).execution_options(populate_existing=True)
    ):
        assert isinstance(row, Staff | TutorGroup | Pupil | Guardian)  # noqa: S101 (rows of one of these tables)
        found[row.id] = row
    return found


def _free_addresses(session: Session, sealer: Sealer, changed: Iterable[Entry]) -> None:
    """Let go of the addresses that change hands, so that two people may swap theirs; `_staff` sets the new ones.

    The Slack user goes with the address it was found by.
    """
    for entry in changed:
        if isinstance(entry.row, StaffRow):
            session.exec(
                update(Staff)
                .where(col(Staff.id) == entry.id, col(Staff.email_key) != email_key(sealer, entry.row.email))
                .values(email_key=entry.id.bytes, slack_user_key=None, slack_user_sealed=None)
            )


def _written(found: SQLModel | None, sealer: Sealer, school: School, entry: Entry) -> SQLModel:
    """Give the table's row, new or `found`, what the file says."""
    if isinstance(entry.row, StaffRow):
        staff = found if isinstance(found, Staff) else Staff(id=entry.id, school_id=school.id)
        return _staff(staff, sealer, entry.row)
    if isinstance(entry.row, GroupRow):
        group = found if isinstance(found, TutorGroup) else None
        group = group or TutorGroup(id=entry.id, school_id=school.id, name=entry.row.name, year=entry.row.year)
        group.year = entry.row.year
        group.tutor_id = entry.tutor_id
        return group
    if isinstance(entry.row, GuardianRow):
        guardian = found if isinstance(found, Guardian) else None
        language = entry.row.language or school.locale
        guardian = guardian or Guardian(id=entry.id, school_id=school.id, language=language)
        guardian.mis_key = sealer.blind("mis", entry.row.reference)
        sealer.write(guardian, "name", entry.row.name)
        guardian.active, guardian.left_at = True, None
        return guardian
    return _pupil(found if isinstance(found, Pupil) else None, sealer, school, entry, entry.row)


def _pupil(found: Pupil | None, sealer: Sealer, school: School, entry: Entry, row: PupilRow) -> Pupil:
    assert entry.group_id is not None  # noqa: S101 (a pupil's entry always has one)
    language = row.language or school.locale
    pupil = found or Pupil(
        id=entry.id, school_id=school.id, group_id=entry.group_id, phase=entry.phase, language=language
    )
    pupil.mis_key = sealer.blind("mis", row.reference)
    sealer.write(pupil, "name", row.name)
    pupil.group_id = entry.group_id
    pupil.phase = entry.phase
    if entry.back:
        # As before they left: who had stopped has still stopped.
        pupil.status, pupil.status_before = pupil.status_before or "invited", None
        pupil.left_at = None
    return pupil


def _staff(staff: Staff, sealer: Sealer, row: StaffRow) -> Staff:
    staff.mis_key = sealer.blind("mis", row.reference)
    sealer.write(staff, "name", row.name)
    sealer.write(staff, "email", row.email)
    staff.email_key = email_key(sealer, row.email)
    staff.active, staff.left_at = True, None
    if row.roles is not None:
        staff.roles = list(row.roles)
        staff.year = row.year
    return staff


def _set_managers(session: Session, entries: Iterable[Entry]) -> None:
    """Set who manages whom, once everybody is there to be pointed at."""
    for entry in entries:
        if entry.kind == "staff":
            session.exec(update(Staff).where(col(Staff.id) == entry.id).values(manager_id=entry.manager_id))


def _link(session: Session, school: School, plan: ImportPlan) -> None:
    """Tie guardians to their pupils; where the files name everyone, other ties end."""
    kept = {
        (link.guardian_id, link.pupil_id)
        for link in session.exec(select(Guardianship).where(Guardianship.school_id == school.id))
    }
    for entry in (entry for entry in (*plan.added, *plan.changed, *plan.unchanged) if entry.kind == "guardians"):
        if plan.everyone:
            session.execute(
                delete(Guardianship).where(
                    col(Guardianship.guardian_id) == entry.id, col(Guardianship.pupil_id).not_in(entry.pupil_ids)
                )
            )
        for pupil_id in entry.pupil_ids:
            if (entry.id, pupil_id) not in kept:
                session.add(Guardianship(guardian_id=entry.id, pupil_id=pupil_id, school_id=school.id))


def _see_off(session: Session, school: School, leaver: Leaver, now: datetime) -> None:
    """Stop asking somebody, and let them see nothing more; what they said is kept as long as retention says."""
    row = session.get_one(_TABLES[leaver.kind], leaver.id)
    if isinstance(row, Pupil):
        row.status_before, row.status, row.left_at = row.status, "left", now
        consent.end_check_ins(session, row.id, school.id, now)
    elif isinstance(row, Staff | Guardian):
        row.active, row.left_at = False, now
    session.add(row)
