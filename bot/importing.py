"""Bringing a school's people in from CSV files: compare the rows with the store, show what would change, then do it.

`read_file` recognises staff.csv, groups.csv and pupils.csv by their headers, `plan` says what would change and writes
nothing, `apply` does all of it or none. Bringing the same file in twice changes nothing the second time. Pupils, groups
and staff that a file does not name are left as they are in this version: a leaver is never guessed from a gap. Whether
a pupil is active, and the language they chose, are theirs: a file decides them only for a pupil who is new.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlmodel import Session, SQLModel, col, select, update

from bot.importing_rows import (
    YEARS,
    BadRow,
    GroupRow,
    ImportFile,
    ImportProblem,
    Kind,
    PupilRow,
    Row,
    StaffRow,
    read_file,
    read_text,
)
from store.ids import new_id
from store.sealing import Sealer
from store.tables import Phase, Pupil, School, Staff, TutorGroup

__all__ = [
    "BadRow",
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

KINDS: tuple[Kind, ...] = ("staff", "groups", "pupils")
LAST_YOUNG_YEAR = 6


@dataclass(frozen=True)
class Entry:
    """One row that would be written: to the row `id`, new or already there; the other ids are those it points at."""

    kind: Kind
    row: Row
    id: UUID
    tutor_id: UUID | None = None
    group_id: UUID | None = None
    phase: Phase = "older"


@dataclass(frozen=True)
class ImportPlan:
    """What an import would do; it can be carried out only if `bad` is empty."""

    added: tuple[Entry, ...]
    changed: tuple[Entry, ...]
    unchanged: tuple[Entry, ...]
    bad: tuple[BadRow, ...]

    def counts(self) -> dict[Kind, tuple[int, int, int]]:
        """Count (added, changed, unchanged) for each kind of row that is there."""
        parts = (self.added, self.changed, self.unchanged)
        counted: dict[Kind, list[int]] = {}
        for number, part in enumerate(parts):
            for entry in part:
                counted.setdefault(entry.kind, [0, 0, 0])[number] += 1
        return {kind: (added, changed, same) for kind, (added, changed, same) in counted.items()}


def phase_of(year: int) -> Phase:
    """Say which wording a school year reads: young to year 6 (ages 8 to 11), then older."""
    return "young" if year <= LAST_YOUNG_YEAR else "older"


def plan(session: Session, sealer: Sealer, school: School, files: Sequence[ImportFile], today: date) -> ImportPlan:
    """Compare files with the store and say what would change; nothing is written.

    `today` turns a day of birth into a school year. Files may be given together in any order: a group may name a tutor,
    and a pupil a group, of another file or of the store. Raises Unreadable if the store was sealed with another key.
    """
    work = _Planning(session, sealer, school)
    for file in files:
        work.bad.extend(file.bad)
    rows = [row for file in files for row in file.rows]
    # Staff before groups before pupils: each may point at one of the kind before.
    for staff in (row for row in rows if isinstance(row, StaffRow)):
        work.staff_row(staff)
    work.refuse_taken_addresses()
    for group in (row for row in rows if isinstance(row, GroupRow)):
        work.group_row(group)
    for pupil in (row for row in rows if isinstance(row, PupilRow)):
        work.pupil_row(pupil, today)
    order = {file.name: number for number, file in enumerate(files)}
    bad = sorted(work.bad, key=lambda row: (order.get(row.file, 0), row.line))
    return ImportPlan(tuple(work.added), tuple(work.changed), tuple(work.unchanged), tuple(bad))


def apply(session: Session, sealer: Sealer, school: School, plan: ImportPlan) -> None:
    """Carry out a plan made in this same transaction; the caller commits.

    Raises ImportProblem, having written nothing, if the plan has bad rows. Whatever else is raised, nothing of the plan
    remains in the session.
    """
    if plan.bad:
        raise ImportProblem(f"Nothing was brought in: mend the bad rows first ({len(plan.bad)} of them).")
    with session.begin_nested():
        _free_addresses(session, sealer, plan.changed)
        # In this order, and flushed in between, because groups point at staff and pupils at groups.
        for kind in KINDS:
            for entry in plan.added:
                if entry.kind == kind:
                    session.add(_written(session, sealer, school, entry, there=False))
            for entry in plan.changed:
                if entry.kind == kind:
                    session.add(_written(session, sealer, school, entry, there=True))
            session.flush()


class _Planning:
    """The store as it was, what the files have added to it so far, and the plan growing out of both."""

    def __init__(self, session: Session, sealer: Sealer, school: School) -> None:
        self._sealer = sealer
        self.added: list[Entry] = []
        self.changed: list[Entry] = []
        self.unchanged: list[Entry] = []
        self.bad: list[BadRow] = []
        everyone = session.exec(select(Staff).where(Staff.school_id == school.id)).all()
        self._staff: Mapping[bytes, Staff] = {staff.mis_key: staff for staff in everyone}
        groups = session.exec(select(TutorGroup).where(TutorGroup.school_id == school.id)).all()
        self._groups: Mapping[str, TutorGroup] = {group.name: group for group in groups}
        pupils = session.exec(select(Pupil).where(Pupil.school_id == school.id)).all()
        self._pupils: Mapping[bytes, Pupil] = {pupil.mis_key: pupil for pupil in pupils}
        # What will be there after the import, so that later rows can point at it.
        self._staff_ids = {key: staff.id for key, staff in self._staff.items()}
        self._group_ids = {name: group.id for name, group in self._groups.items()}
        self._emails = {staff.id: staff.email_key for staff in everyone}
        self._named: set[tuple[Kind, str]] = set()
        self._staff_places: dict[UUID, StaffRow] = {}

    def staff_row(self, row: StaffRow) -> None:
        if self._repeated("staff", row.reference, row):
            return
        key = self._sealer.blind("mis", row.reference)
        found = self._staff.get(key)
        entry = Entry("staff", row, found.id if found else new_id())
        self._staff_ids[key] = entry.id
        self._emails[entry.id] = _email_key(self._sealer, row.email)
        self._staff_places[entry.id] = row
        same = found and (
            self._sealer.read(found, "name") == row.name
            and self._sealer.read(found, "email") == row.email
            and tuple(found.roles) == row.roles
            and found.year == row.year
        )
        self._put(entry, found, bool(same))

    def refuse_taken_addresses(self) -> None:
        """Report staff rows whose e-mail address another member of staff has, here or in the store."""
        owners = Counter(self._emails.values())
        self.bad.extend(
            row.place.bad("the email belongs to another member of staff as well")
            for owner, row in self._staff_places.items()
            if owners[self._emails[owner]] > 1
        )

    def group_row(self, row: GroupRow) -> None:
        if self._repeated("groups", row.name, row):
            return
        tutor = self._staff_ids.get(self._sealer.blind("mis", row.tutor)) if row.tutor else None
        if row.tutor and tutor is None:
            self.bad.append(row.place.bad("the tutor_id is not that of any member of staff"))
            return
        found = self._groups.get(row.name)
        entry = Entry("groups", row, found.id if found else new_id(), tutor_id=tutor)
        self._group_ids[row.name] = entry.id
        self._put(entry, found, bool(found and (found.year, found.tutor_id) == (row.year, tutor)))

    def pupil_row(self, row: PupilRow, today: date) -> None:
        if self._repeated("pupils", row.reference, row):
            return
        group = self._group_ids.get(row.group)
        year = row.school_year(today)
        if group is None:
            self.bad.append(row.place.bad("there is no tutor group of that name"))
        if year not in YEARS:
            self.bad.append(row.place.bad(f"born puts the pupil in no school year from {YEARS[0]} to {YEARS[-1]}"))
        if group is None or year not in YEARS:
            return
        found = self._pupils.get(self._sealer.blind("mis", row.reference))
        phase = phase_of(year)
        entry = Entry("pupils", row, found.id if found else new_id(), group_id=group, phase=phase)
        same = found and (
            (found.group_id, found.phase) == (group, phase) and self._sealer.read(found, "name") == row.name
        )
        self._put(entry, found, bool(same))

    def _repeated(self, kind: Kind, name: str, row: Row) -> bool:
        if (kind, name) in self._named:
            self.bad.append(row.place.bad("the same one stands further up already"))
            return True
        self._named.add((kind, name))
        return False

    def _put(self, entry: Entry, found: SQLModel | None, same: bool) -> None:
        if found is None:
            self.added.append(entry)
        elif same:
            self.unchanged.append(entry)
        else:
            self.changed.append(entry)


def _email_key(sealer: Sealer, email: str) -> bytes:
    return sealer.blind("email", email.strip().lower())


def _free_addresses(session: Session, sealer: Sealer, changed: Iterable[Entry]) -> None:
    """Let go of the addresses that change hands, so that two people may swap theirs; `_filled` sets the new ones.

    The Slack user goes with the address it was found by.
    """
    for entry in changed:
        if isinstance(entry.row, StaffRow):
            session.exec(
                update(Staff)
                .where(col(Staff.id) == entry.id, col(Staff.email_key) != _email_key(sealer, entry.row.email))
                .values(email_key=entry.id.bytes, slack_user_key=None, slack_user_sealed=None)
            )


def _written(
    session: Session, sealer: Sealer, school: School, entry: Entry, *, there: bool
) -> Staff | TutorGroup | Pupil:
    """Give the table's row, new or `there` already, what the file says."""
    if isinstance(entry.row, StaffRow):
        staff = session.get(Staff, entry.id, populate_existing=True) if there else None
        return _staff(staff or Staff(id=entry.id, school_id=school.id), sealer, entry.row)
    if isinstance(entry.row, GroupRow):
        group = session.get(TutorGroup, entry.id) if there else None
        if group is None:
            group = TutorGroup(id=entry.id, school_id=school.id, name=entry.row.name, year=entry.row.year)
        group.year = entry.row.year
        group.tutor_id = entry.tutor_id
        return group
    assert entry.group_id is not None  # noqa: S101 (a pupil's entry always has one)
    pupil = session.get(Pupil, entry.id) if there else None
    if pupil is None:
        language = entry.row.language or "en"
        pupil = Pupil(id=entry.id, school_id=school.id, group_id=entry.group_id, phase=entry.phase, language=language)
    pupil.mis_key = sealer.blind("mis", entry.row.reference)
    sealer.write(pupil, "name", entry.row.name)
    pupil.group_id = entry.group_id
    pupil.phase = entry.phase
    return pupil


def _staff(staff: Staff, sealer: Sealer, row: StaffRow) -> Staff:
    staff.mis_key = sealer.blind("mis", row.reference)
    sealer.write(staff, "name", row.name)
    sealer.write(staff, "email", row.email)
    staff.email_key = _email_key(sealer, row.email)
    staff.roles = list(row.roles)
    staff.year = row.year
    return staff
