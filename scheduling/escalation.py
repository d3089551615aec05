"""Escalation: who is told of what waits, and when, until somebody owns it. Pure: policies, times and people in and out.

A case climbs a ladder. Each rung says after how many minutes which people are told; beyond the last rung its people are
told again at even intervals, for ever, until somebody owns the case. Owning one lapses when nothing is recorded in
time, and the climb goes on where it stood. Minutes are the school's own, so nothing happens on a weekend or in the
holidays, except on a ladder whose clock never stops.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any, Final, Literal, Self
from uuid import UUID

from scheduling.calendar import SchoolCalendar

Clock = Literal["school", "always"]
Kind = Literal["danger", "today", "week", "nudge", "priority", "whisper", "whisper_urgent"]
KINDS: Final[tuple[Kind, ...]] = ("danger", "today", "week", "nudge", "priority", "whisper", "whisper_urgent")
# "chosen" is the adult whom a pupil asked for, "other" the second of their go-tos; tutor and head of year are theirs.
WHO: Final = ("chosen", "other", "tutor", "head_of_year", "counsellor", "dsl", "deputy_dsl", "head")
SAFEGUARDING: Final = frozenset({"dsl", "deputy_dsl"})
# Minutes of the usual school day, 8:30 to 15:30.
DAY: Final = 420
LONGEST: Final = 10 * DAY


class PolicyError(ValueError):
    """An escalation policy cannot be used; the sentence says what to change."""


@dataclass(frozen=True)
class Rung:
    """One step: `after` so many minutes since the case was opened, everybody in `tell` (of WHO) is told at once."""

    after: int
    tell: tuple[str, ...]


@dataclass(frozen=True)
class Ladder:
    """A whole climb, rungs in order of time, each later than the one before.

    The people of the last rung are told again `every` so many minutes. An owner who records nothing for `lapse` minutes
    owns it no more (0: owning does not lapse). `clock` says whose minutes these are.
    """

    rungs: tuple[Rung, ...]
    every: int
    lapse: int
    clock: Clock = "school"

    def waits(self, step: int) -> int:
        """Minutes from the step before (or the opening of the case) to a step; steps count from 0, without end."""
        if step >= len(self.rungs):
            return self.every
        return self.rungs[step].after - (self.rungs[step - 1].after if step else 0)

    def rung(self, step: int) -> Rung:
        """The rung of a step; beyond the last it is the last again."""
        return self.rungs[min(step, len(self.rungs) - 1)]

    def to_json(self) -> dict[str, Any]:
        return {
            "rungs": [{"after": rung.after, "tell": list(rung.tell)} for rung in self.rungs],
            "every": self.every,
            "lapse": self.lapse,
            "clock": self.clock,
        }

    @classmethod
    def from_json(cls, data: object, name: str = "this ladder") -> Self:
        """Read a ladder from plain data. Raises PolicyError, with a sentence that says what to change."""
        fields = _fields(data, name, {"rungs", "every", "lapse", "clock"})
        rows = fields["rungs"]
        if not isinstance(rows, list) or not rows:
            raise PolicyError(f"{name}: give at least one rung, with “after” and “tell”.")
        rungs = tuple(_rung(row, f"{name}, rung {number}") for number, row in enumerate(rows, start=1))
        if rungs[0].after != 0:
            raise PolicyError(f"{name}: the first rung is told at once, so its “after” is 0.")
        for earlier, later in pairwise(rungs):
            if later.after <= earlier.after:
                raise PolicyError(f"{name}: each rung comes later than the one before; {later.after} does not.")
        if fields["clock"] not in ("school", "always"):
            raise PolicyError(f"{name}: “clock” is school or always.")
        every, lapse = _minutes(fields["every"], f"{name}: “every”"), _minutes(fields["lapse"], f"{name}: “lapse”")
        if every == 0:
            raise PolicyError(f"{name}: “every” is at least 1 minute, so that nothing is told once and then forgotten.")
        return cls(rungs, every, lapse, fields["clock"])


Policy = Mapping[Kind, Ladder]

DEFAULT: Final[Policy] = {
    "danger": Ladder((Rung(0, ("dsl", "deputy_dsl")),), every=5, lapse=30, clock="always"),
    "today": Ladder(
        (
            Rung(0, ("chosen",)),
            Rung(45, ("chosen", "other")),
            Rung(90, ("dsl", "deputy_dsl")),
        ),
        every=60,
        lapse=DAY,
    ),
    "week": Ladder(
        (
            Rung(0, ("chosen",)),
            Rung(DAY, ("chosen", "other")),
            Rung(2 * DAY, ("dsl", "deputy_dsl")),
        ),
        every=DAY,
        lapse=3 * DAY,
    ),
    "nudge": Ladder(
        (
            Rung(0, ("tutor",)),
            Rung(2 * DAY, ("tutor", "head_of_year")),
            Rung(4 * DAY, ("dsl",)),
            Rung(5 * DAY, ("dsl", "deputy_dsl")),
        ),
        every=DAY,
        lapse=5 * DAY,
    ),
    "priority": Ladder(
        (
            Rung(0, ("tutor",)),
            Rung(DAY // 2, ("tutor", "head_of_year")),
            Rung(DAY, ("dsl",)),
            Rung(DAY + DAY // 2, ("dsl", "deputy_dsl")),
        ),
        every=DAY // 2,
        lapse=2 * DAY,
    ),
    # Its cards go out at fixed times, so what is due between two of them goes out at the later.
    "whisper": Ladder((Rung(0, ("dsl",)), Rung(150, ("dsl", "deputy_dsl"))), every=DAY, lapse=3 * DAY),
    "whisper_urgent": Ladder((Rung(0, ("dsl", "deputy_dsl")),), every=30, lapse=120, clock="always"),
}


def read_policy(data: Mapping[str, Any]) -> dict[Kind, Ladder]:
    """Read a school's policy: its own ladders, and the usual one for each kind it does not name. Raises PolicyError."""
    unknown = sorted(set(data) - set(KINDS))
    if unknown:
        raise PolicyError(f"There is no kind of case called {unknown[0]}; there are {', '.join(KINDS)}.")
    return {kind: Ladder.from_json(data[kind], kind) if kind in data else DEFAULT[kind] for kind in KINDS}


# --- times ------------------------------------------------------------------------------------------------------------


def falls_due(clock: Clock, calendar: SchoolCalendar, since: datetime, minutes: int) -> datetime | None:
    """When something falls due that waits so many minutes: a moment in UTC, on a school's clock one in school time.

    None when the calendar runs out before it: then somebody must give the school its next terms.
    """
    if clock == "always":
        return since + timedelta(minutes=minutes)
    due = calendar.add_school_minutes(since, minutes)
    return None if due is None else _next_open(calendar, due)


def waited(clock: Clock, calendar: SchoolCalendar, since: datetime, now: datetime) -> int:
    """How many whole minutes of this clock have passed."""
    if clock == "always":
        return max(0, (now - since) // timedelta(minutes=1))
    return calendar.school_minutes_between(since, now)


def _next_open(calendar: SchoolCalendar, moment: datetime) -> datetime | None:
    """The moment itself in school time; else the next time that school begins."""
    if calendar.in_school_time(moment):
        return moment
    today = calendar.local_date(moment)
    start = calendar.local(today, calendar.day_start)
    if calendar.is_school_day(today) and moment < start:
        return start
    following = calendar.next_school_day(today)
    return None if following is None else calendar.local(following, calendar.day_start)


# --- people -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Member:
    """A member of staff as the climb sees them: whether they are here now, and who stands in for them."""

    id: UUID
    roles: frozenset[str]
    here: bool = True
    deputy: UUID | None = None


@dataclass(frozen=True)
class Around:
    """The people around one case: the whole staff, and who of them is what to this pupil.

    `excluded` are never told, whatever their role: somebody whom a report names.
    """

    staff: tuple[Member, ...]
    chosen: UUID | None = None
    other: UUID | None = None
    tutor: UUID | None = None
    heads_of_year: frozenset[UUID] = frozenset()
    excluded: frozenset[UUID] = frozenset()


def told(ladder: Ladder, step: int, around: Around) -> tuple[UUID, ...]:
    """Whom a step tells, in the order of the staff.

    Somebody who is away is stood in for by their deputy. A rung that has nobody who is here, or nobody whom an earlier
    one does not have (who stands in may hold the next place too), tells the next rungs' people with its own; where
    those have nobody new either, its own alone. With nobody here at all, every safeguarding lead and then the head are
    told, here or not: a case is never told to no one while the school has anybody at all.
    """
    here = [_present(rung.tell, around) for rung in ladder.rungs]
    found: set[UUID] = set(here[-1])
    before: set[UUID] = set()
    for number in range(step + 1 if step < len(here) else 0):
        found = _with_somebody_new(here[number:], before)
        before |= found
    if found:
        return tuple(one.id for one in around.staff if one.id in found)
    for role in (SAFEGUARDING, frozenset({"head"})):
        anybody = tuple(one.id for one in around.staff if role & one.roles and one.id not in around.excluded)
        if anybody:
            return anybody
    return ()


def _with_somebody_new(rungs: Sequence[set[UUID]], before: Collection[UUID]) -> set[UUID]:
    """The people of the first rung, with as many of the next as it takes to have somebody new among them."""
    found: set[UUID] = set()
    for people in rungs:
        found = found | people
        if found - set(before):
            return found
    return rungs[0] or found


def _present(tell: Iterable[str], around: Around) -> set[UUID]:
    wanted = {one.id for who in tell for one in around.staff if _is(who, one, around)}
    by_id = {one.id: one for one in around.staff}
    return {stand_in for one in wanted if (stand_in := _stand_in(by_id, one, around.excluded)) is not None}


def _stand_in(staff: Mapping[UUID, Member], wanted: UUID, excluded: Collection[UUID]) -> UUID | None:
    """The person, or who stands in for them while they are away; a ring of deputies who are all away gives nobody."""
    passed: set[UUID] = set()
    at: UUID | None = wanted
    while at is not None and at not in passed:
        passed.add(at)
        member = staff.get(at)
        if member is None:
            return None
        if member.here and at not in excluded:
            return at
        at = member.deputy
    return None


def _is(who: str, member: Member, around: Around) -> bool:
    if who in ("chosen", "other", "tutor"):
        return bool(member.id == getattr(around, who))
    return member.id in around.heads_of_year if who == "head_of_year" else who in member.roles


# --- holes ------------------------------------------------------------------------------------------------------------


def holes(policy: Policy, staff: Iterable[Member], years: Collection[int], heads_of_year: Collection[int]) -> list[str]:
    """Find where a case could wait with nobody told: sentences that say what to change, none when all is well.

    `years` are the year groups with pupils, `heads_of_year` those that have one.
    """
    roles: dict[str, int] = {}
    for member in staff:
        for role in member.roles:
            roles[role] = roles.get(role, 0) + 1
    found = []
    if not roles.get("dsl"):
        found.append("No member of staff is a safeguarding lead (dsl): import one, or nothing can be owned.")
    if not roles.get("deputy_dsl"):
        found.append(
            "No member of staff is a deputy safeguarding lead (deputy_dsl): name one for a day without the lead."
        )
    for kind, ladder in policy.items():
        last = ladder.rungs[-1]
        if not SAFEGUARDING & set(last.tell):
            found.append(f"{kind}: the last rung tells no safeguarding lead; add dsl or deputy_dsl to it.")
        if kind == "danger" and not set(ladder.rungs[0].tell) >= SAFEGUARDING:
            found.append(
                "danger: the first rung must tell dsl and deputy_dsl, so that every safeguarding lead hears at once."
            )
        if kind in ("danger", "whisper_urgent") and ladder.clock != "always":
            found.append(f"{kind}: this cannot wait for school hours; set its clock to always.")
        if ladder.clock == "school" and last.after > LONGEST:
            found.append(f"{kind}: the last rung comes after more than ten school days; bring it forward.")
        named = {who for rung in ladder.rungs for who in rung.tell}
        found += [
            f"{kind}: it tells {who}, and nobody has that role."
            for who in sorted(named & {"counsellor", "head"})
            if not roles.get(who)
        ]
        found += _closed_to(kind, named)
        missing = sorted(set(years) - set(heads_of_year))
        if "head_of_year" in named and missing:
            listed = ", ".join(str(year) for year in missing)
            found.append(f"{kind}: year {listed} has no head of year; that rung passes straight to the next.")
    return found


def unfit(policy: Policy) -> list[str]:
    """Find what a policy may not be set with: cases that would go to somebody who may not see them."""
    return [
        sentence
        for kind, ladder in policy.items()
        for sentence in _closed_to(kind, {who for rung in ladder.rungs for who in rung.tell})
    ]


def _closed_to(kind: Kind, named: Collection[str]) -> list[str]:
    if kind in ("nudge", "priority") and "head" in named:
        return [f"{kind}: the head sees totals only and could not open it; name somebody else."]
    return []


# --- plain data -------------------------------------------------------------------------------------------------------


def _rung(data: object, name: str) -> Rung:
    fields = _fields(data, name, {"after", "tell"})
    tell = fields["tell"]
    if not isinstance(tell, list) or not tell or not set(map(str, tell)) <= set(WHO):
        raise PolicyError(f"{name}: “tell” is a list of {', '.join(WHO)}.")
    return Rung(_minutes(fields["after"], f"{name}: “after”"), tuple(dict.fromkeys(tell)))


def _minutes(value: object, name: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= 100_000:
        raise PolicyError(f"{name} is a whole number of minutes, 0 or more.")
    return value


def _fields(data: object, name: str, names: set[str]) -> dict[str, Any]:
    if not isinstance(data, dict) or set(data) != names:
        raise PolicyError(f"{name}: give exactly {', '.join(sorted(names))}.")
    return data
