"""What an import would change: the rows of files compared with the store; nothing is written here.

People are recognised by their id in the school's own system. Somebody leaves when their row says so, or, with
`everyone`, when the files of their kind no longer name them: a leaver is never guessed from a gap otherwise. Who comes
back picks up where they were. Whether a pupil is active, and the language they chose, are theirs: a file decides them
only for a pupil who is new.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from uuid import UUID

from sqlmodel import Session, SQLModel, select

from bot.importing.entries import Entry, ImportPlan, Leaver
from bot.importing.rows import (
    BadRow,
    GroupRow,
    GuardianRow,
    ImportFile,
    ImportProblem,
    Kind,
    PupilRow,
    Row,
    StaffRow,
)
from bot.importing.years import YEARS, YOUNGER, phase_of
from store.ids import new_id
from store.people import name_of
from store.people_tables import Guardian, Guardianship
from store.sealing import Sealer
from store.tables import Pupil, School, Staff, TutorGroup

# Noughts are lost in front of numbers no longer than this.
LONGEST_NUMBER = 10
LOST_NOUGHTS = (
    "somebody here has this id with more or fewer noughts at its front; a spreadsheet may have changed them; if it is "
    "somebody else, say --noughts-differ"
)
GROWN_YOUNGER = f"the year is before {YEARS[0]}, and somebody older is here by that pupil_id: mend the one or the other"
_TOLD_EVERY = 250

Progress = Callable[[int, int], None]


def quiet(_done: int, _total: int) -> None:
    """Progress that nobody is told of."""


def plan(
    session: Session,
    sealer: Sealer,
    school: School,
    files: Sequence[ImportFile],
    today: date,
    *,
    everyone: bool = False,
    noughts_differ: bool = False,
    progress: Progress = quiet,
) -> ImportPlan:
    """Compare files with the store and say what would change; nothing is written.

    `today` turns a day of birth into a school year, and says whether a day of leaving has come. With `everyone`, who is
    not named by the files of their kind has left. With `noughts_differ`, ids that differ only in noughts at their front
    are of different people. Files may be given together in any order: a group may name a tutor, and a pupil a group, of
    another file or of the store. Raises Unreadable if the store was sealed with another key, and ImportProblem if a
    file that is to name everyone names nobody.
    """
    if everyone:
        _refuse_empty(files)
    rows = [row for file in files for row in file.rows]
    work = _Planning(session, sealer, school, today, None if noughts_differ else _references(rows))
    for file in files:
        work.bad.extend(file.bad)
    # Staff before groups before pupils before guardians: each may point at one of the kind before.
    order: tuple[tuple[type[Row], Callable[[Row], None]], ...] = (
        (StaffRow, work.staff_row),
        (GroupRow, work.group_row),
        (PupilRow, work.pupil_row),
        (GuardianRow, work.guardian_row),
    )  # type: ignore[assignment]
    done = 0
    for kind, take in order:
        for row in (row for row in rows if isinstance(row, kind)):
            take(row)
            done += 1
            if not done % _TOLD_EVERY:
                progress(done, len(rows))
        if kind is StaffRow:
            work.finish_staff()
    work.finish_guardians()
    if everyone:
        work.leave_the_rest({file.kind for file in files})
    places = {file.name: number for number, file in enumerate(files)}
    bad = sorted(work.bad, key=lambda row: (places.get(row.file, 0), row.line))
    progress(done, len(rows))
    return ImportPlan(
        tuple(work.added),
        tuple(work.changed),
        tuple(work.moved),
        tuple(work.left),
        tuple(work.unchanged),
        tuple(bad),
        today,
        everyone,
        +work.younger,
    )


def _refuse_empty(files: Iterable[ImportFile]) -> None:
    for file in files:
        if file.names_nobody:
            raise ImportProblem(
                f"{file.name} names nobody, so nothing was changed. With --everyone, all of its kind would have left: "
                "export it again, or leave it out."
            )


def _references(rows: Iterable[Row]) -> set[tuple[type[Row], str]]:
    """Collect the ids that rows of people have in the school's own system, each with the kind of row."""
    return {(type(row), row.reference) for row in rows if not isinstance(row, GroupRow)}


class _Planning:
    """The store as it was, what the files have added to it so far, and the plan growing out of both.

    `references` are all ids in the files; None when ids may differ from known ones in noughts alone.
    """

    def __init__(
        self,
        session: Session,
        sealer: Sealer,
        school: School,
        today: date,
        references: Collection[tuple[type[Row], str]] | None,
    ) -> None:
        self._sealer, self._today, self._references = sealer, today, references
        self.added: list[Entry] = []
        self.changed: list[Entry] = []
        self.moved: list[Entry] = []
        self.left: list[Leaver] = []
        self.unchanged: list[Entry] = []
        self.bad: list[BadRow] = []
        self.younger: Counter[Kind] = Counter()
        self._younger: set[tuple[Kind, str]] = set()
        everyone = session.exec(select(Staff).where(Staff.school_id == school.id)).all()
        self._staff: Mapping[bytes, Staff] = {staff.mis_key: staff for staff in everyone}
        groups = session.exec(select(TutorGroup).where(TutorGroup.school_id == school.id)).all()
        self._groups: Mapping[str, TutorGroup] = {group.name: group for group in groups}
        pupils = session.exec(select(Pupil).where(Pupil.school_id == school.id)).all()
        self._pupils: Mapping[bytes, Pupil] = {pupil.mis_key: pupil for pupil in pupils}
        guardians = session.exec(select(Guardian).where(Guardian.school_id == school.id)).all()
        self._guardians: Mapping[bytes, Guardian] = {guardian.mis_key: guardian for guardian in guardians}
        links = session.exec(select(Guardianship).where(Guardianship.school_id == school.id)).all()
        self._links = {(link.guardian_id, link.pupil_id) for link in links}
        # What will be there after the import, so that later rows can point at it.
        self._staff_ids = {key: staff.id for key, staff in self._staff.items()}
        self._group_ids = {name: group.id for name, group in self._groups.items()}
        self._pupil_ids = {key: pupil.id for key, pupil in self._pupils.items()}
        self._emails = {staff.id: staff.email_key for staff in everyone}
        self._named: set[tuple[Kind, str]] = set()
        self._ids: set[UUID] = set()
        self._staff_rows: list[tuple[Entry, Staff | None]] = []
        self._guardian_rows: dict[str, list[GuardianRow]] = {}

    # --- row by row ---------------------------------------------------------------------------------------------------

    def staff_row(self, row: StaffRow) -> None:
        if self._repeated("staff", row.reference, row):
            return
        key = self._sealer.blind("mis", row.reference)
        found = self._staff.get(key)
        if self._has_left(row, found, here=found is not None and found.active):
            return
        if found is None and self._lost_noughts(row, row.reference, self._staff):
            return
        entry = Entry("staff", row, found.id if found else new_id(), back=bool(found and not found.active))
        self._staff_ids[key] = entry.id
        self._emails[entry.id] = email_key(self._sealer, row.email)
        self._staff_rows.append((entry, found))

    def finish_staff(self) -> None:
        """Say of each member of staff what is new, once all are known: addresses change hands, managers come later."""
        owners = Counter(self._emails.values())
        for entry, found in self._staff_rows:
            row = entry.row
            assert isinstance(row, StaffRow)  # noqa: S101 (only these were put there)
            if owners[self._emails[entry.id]] > 1:
                self.bad.append(row.place.bad("the email belongs to another member of staff as well"))
                continue
            manager = self._staff_ids.get(self._sealer.blind("mis", row.manager)) if row.manager else None
            if row.manager and (manager is None or manager == entry.id):
                self.bad.append(row.place.bad("the line_manager_id is not that of another member of staff"))
                continue
            kept = found.manager_id if found and not row.names_manager else manager
            full = replace(entry, manager_id=kept)
            self._put(full, found, bool(found and self._same_staff(found, row) and found.manager_id == kept))

    def _same_staff(self, found: Staff, row: StaffRow) -> bool:
        return (
            found.active
            and name_of(self._sealer, found) == row.name
            and _email_of(self._sealer, found) == row.email
            and (row.roles is None or (tuple(found.roles), found.year) == (row.roles, row.year))
        )

    def group_row(self, row: GroupRow) -> None:
        if self._repeated("groups", row.name, row):
            return
        if row.year in YOUNGER:
            self._leave_out("groups", row.name)
            return
        tutor = self._staff_ids.get(self._sealer.blind("mis", row.tutor)) if row.tutor else None
        if row.tutor and tutor is None:
            self.bad.append(row.place.bad("the tutor_id is not that of any member of staff"))
            return
        found = self._groups.get(row.name)
        entry = Entry("groups", row, found.id if found else new_id(), tutor_id=tutor)
        self._group_ids[row.name] = entry.id
        self._put(entry, found, bool(found and (found.year, found.tutor_id) == (row.year, tutor)))

    def pupil_row(self, row: PupilRow) -> None:
        if self._repeated("pupils", row.reference, row):
            return
        key = self._sealer.blind("mis", row.reference)
        found = self._pupils.get(key)
        if self._has_left(row, found, here=found is not None and found.status != "left"):
            return
        year = row.school_year(self._today)
        if year in YOUNGER:
            if found is not None and found.status != "left":
                self.bad.append(row.place.bad(GROWN_YOUNGER))
            else:
                self._leave_out("pupils", row.reference)
            return
        if found is None and self._lost_noughts(row, row.reference, self._pupils):
            return
        group = None if ("groups", row.group) in self._younger else self._group_ids.get(row.group)
        if ("groups", row.group) in self._younger:
            self.bad.append(row.place.bad(f"the tutor group is in a year before {YEARS[0]}, and the pupil is not"))
        elif group is None:
            self.bad.append(row.place.bad("there is no tutor group of that name"))
        if year not in YEARS:
            self.bad.append(row.place.bad(f"born puts the pupil in no school year from {YEARS[0]} to {YEARS[-1]}"))
        if group is None or year not in YEARS:
            return
        phase, back = phase_of(year), bool(found and found.status == "left")
        entry = Entry("pupils", row, found.id if found else new_id(), group_id=group, phase=phase, back=back)
        self._pupil_ids[key] = entry.id
        if found and not back and found.group_id != group:
            self._ids.add(entry.id)
            self.moved.append(entry)
            return
        same = found and not back and found.phase == phase and name_of(self._sealer, found) == row.name
        self._put(entry, found, bool(same))

    def guardian_row(self, row: GuardianRow) -> None:
        if self._repeated("guardians", f"{row.reference} {row.pupil}", row):
            return
        self._guardian_rows.setdefault(row.reference, []).append(row)

    def finish_guardians(self) -> None:
        """Say of each guardian what is new, with all the pupils their rows name."""
        for reference, named in self._guardian_rows.items():
            rows = [row for row in named if ("pupils", row.pupil) not in self._younger]
            self.younger["guardians"] += len(named) - len(rows)
            if not rows:
                continue
            pupils = [self._pupil_ids.get(self._sealer.blind("mis", row.pupil)) for row in rows]
            lost = [row for row, pupil in zip(rows, pupils, strict=True) if pupil is None]
            self.bad.extend(row.place.bad("the pupil_id is not that of any pupil") for row in lost)
            if lost:
                continue
            found = self._guardians.get(self._sealer.blind("mis", reference))
            if found is None and self._lost_noughts(rows[0], reference, self._guardians):
                continue
            ids = tuple(pupil for pupil in pupils if pupil is not None)
            back = bool(found and not found.active)
            entry = Entry("guardians", rows[0], found.id if found else new_id(), pupil_ids=ids, back=back)
            same = found and found.active and name_of(self._sealer, found) == rows[0].name
            self._put(entry, found, bool(same and all((entry.id, pupil) in self._links for pupil in ids)))

    # --- who is no longer here ----------------------------------------------------------------------------------------

    def leave_the_rest(self, kinds: set[Kind]) -> None:
        """See off those of some kinds whom no file named."""
        gone: list[tuple[Kind, UUID, bool]] = [
            *(("staff", staff.id, staff.active) for staff in self._staff.values()),
            *(("pupils", pupil.id, pupil.status != "left") for pupil in self._pupils.values()),
            *(("guardians", guardian.id, guardian.active) for guardian in self._guardians.values()),
        ]
        self.left += [Leaver(kind, one) for kind, one, here in gone if here and kind in kinds and one not in self._ids]

    def _has_left(self, row: StaffRow | PupilRow, found: Staff | Pupil | None, *, here: bool) -> bool:
        if row.left is None or row.left > self._today:
            return False
        kind: Kind = "staff" if isinstance(row, StaffRow) else "pupils"
        if found is not None:
            self._ids.add(found.id)
            if here:
                self.left.append(Leaver(kind, found.id))
            else:
                self.unchanged.append(Entry(kind, row, found.id))
        return True

    def _leave_out(self, kind: Kind, name: str) -> None:
        self.younger[kind] += 1
        self._younger.add((kind, name))

    def _repeated(self, kind: Kind, name: str, row: Row) -> bool:
        # Of a child too young for Earshot nothing is asked, not even an id.
        if name and (kind, name) in self._named:
            self.bad.append(row.place.bad("the same one stands further up already"))
            return True
        self._named.add((kind, name))
        return False

    def _lost_noughts(self, row: Row, reference: str, here: Collection[bytes]) -> bool:
        """Refuse an id that differs in noughts at its front from one that is here: it would make a second person."""
        if self._references is None or not here or not reference.isdigit():
            return False
        digits = reference.lstrip("0") or "0"
        likes = {digits.zfill(length) for length in range(len(digits), LONGEST_NUMBER + 1)} - {reference}
        # A list that names both knows them for two people.
        likes = {like for like in likes if (type(row), like) not in self._references}
        if not any(self._sealer.blind("mis", like) in here for like in likes):
            return False
        self.bad.append(row.place.bad(LOST_NOUGHTS))
        return True

    def _put(self, entry: Entry, found: SQLModel | None, same: bool) -> None:
        self._ids.add(entry.id)
        if found is None:
            self.added.append(entry)
        elif same:
            self.unchanged.append(entry)
        else:
            self.changed.append(entry)


def email_key(sealer: Sealer, email: str) -> bytes:
    """Make the hash a member of staff is found by from their address."""
    return sealer.blind("email", email.strip().lower())


def _email_of(sealer: Sealer, staff: Staff) -> str | None:
    """Read an address; None for one that does not open, so that the list's own takes its place."""
    found: str | None = sealer.open_if_whole("staff", "email", staff.id, staff.email_sealed)
    return found
