"""An import's plan: the rows that would be written, who would leave, and how many of each that makes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from uuid import UUID

from bot.importing.rows import BadRow, Kind, PupilRow, Row
from bot.importing.years import UNDER_EIGHT
from store.tables import Phase

KINDS: tuple[Kind, ...] = ("staff", "groups", "pupils", "guardians")


@dataclass(frozen=True)
class Entry:
    """One row that would be written: to the row `id`, new or already there; the other ids are those it points at."""

    kind: Kind
    row: Row
    id: UUID
    tutor_id: UUID | None = None
    group_id: UUID | None = None
    manager_id: UUID | None = None
    pupil_ids: tuple[UUID, ...] = ()
    phase: Phase = "older"
    back: bool = False


@dataclass(frozen=True)
class Leaver:
    """Somebody who is here and would be so no longer."""

    kind: Kind
    id: UUID


@dataclass(frozen=True)
class Counts:
    """How many rows of a kind an import would add, change, move (a pupil's group), see leave, and leave as they are.

    `back` are those who had left.
    """

    added: int = 0
    changed: int = 0
    moved: int = 0
    left: int = 0
    same: int = 0
    back: int = 0


@dataclass(frozen=True)
class ImportPlan:
    """What an import would do on a day; it can be carried out only if `bad` is empty.

    With `everyone`, the files name all there are of their kind: guardians' ties to pupils they do not name end.
    `younger` counts the rows by kind that are left out, for those they are about are younger than year 1.
    """

    added: tuple[Entry, ...]
    changed: tuple[Entry, ...]
    moved: tuple[Entry, ...]
    left: tuple[Leaver, ...]
    unchanged: tuple[Entry, ...]
    bad: tuple[BadRow, ...]
    today: date
    everyone: bool = False
    younger: Mapping[Kind, int] = field(default_factory=dict)

    def under_eight(self) -> int:
        """Count the pupils here whose year is younger than the questions are written for."""
        rows = (entry.row for entry in (*self.added, *self.changed, *self.moved, *self.unchanged))
        return sum(isinstance(row, PupilRow) and row.school_year(self.today) in UNDER_EIGHT for row in rows)

    def counts(self) -> dict[Kind, Counts]:
        """Count what would become of each kind of row that is there."""
        parts: dict[str, Iterable[Entry | Leaver]] = {
            "added": self.added,
            "changed": (entry for entry in self.changed if not entry.back),
            "back": (entry for entry in self.changed if entry.back),
            "moved": self.moved,
            "left": self.left,
            "same": self.unchanged,
        }
        counted: dict[Kind, Counts] = {}
        for part, entries in parts.items():
            for kind, count in Counter(entry.kind for entry in entries).items():
                counted[kind] = replace(counted.get(kind, Counts()), **{part: count})
        return {kind: counted[kind] for kind in KINDS if kind in counted}
