"""The simulated year's own book of cases: what each should do next, what it did, and whether that was late or a nag.

It knows a case only by what is seen from outside: cards as they are written and delivered, presses, and the state after
a press. Its sums are those of `year_clock`.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from benchmarks.year_clock import SchoolHours, Window, overlap
from scheduling.escalation import Kind, Ladder

# A row is done within a second of its time; two passes of the auditor are a minute each.
ALLOWED = timedelta(minutes=1)


@dataclass
class Case:
    """One case as the book has it; `step` is the next one, due when `waits` minutes have passed since `since`."""

    kind: Kind
    ladder: Ladder
    begun: datetime
    since: datetime
    state: str = "open"
    step: int = 0
    waits: int = 0
    owned: datetime | None = None
    ever_owned: bool = False
    to_reader: Counter[str] = field(default_factory=Counter)
    missed: set[int] = field(default_factory=set)

    @property
    def is_at_top(self) -> bool:
        """Whether the last rung of its ladder has been told."""
        return self.step >= len(self.ladder.rungs)


@dataclass
class Findings:
    """What was wrong: each a count, and how late the latest was."""

    late: int = 0
    latest: timedelta = timedelta()
    early: int = 0
    out_of_hours: int = 0
    nags: int = 0
    missed: int = 0
    delivered_late: int = 0
    unknown: int = 0
    words: list[str] = field(default_factory=list)


class Book:
    """The cases of the year, and what was found about them."""

    def __init__(self, hours: SchoolHours, down: list[Window], outages: Sequence[Window]) -> None:
        self.hours, self._down, self._outages = hours, down, outages
        self.cases: dict[str, Case] = {}
        self.found = Findings()
        self.waited: dict[str, list[float]] = {}
        self.steps: Counter[str] = Counter()
        self._written: dict[tuple[str, str], datetime] = {}

    def begin(self, subject: str, kind: Kind, ladder: Ladder, now: datetime) -> None:
        """Note that a case begins, or begins anew at another kind."""
        before = self.cases.get(subject)
        if before is not None and before.state == "open" and before.kind == kind:
            return
        case = Case(kind, ladder, now, now)
        if before is not None:
            case.to_reader = before.to_reader
        self.cases[subject] = case

    def written(self, subject: str, version: str, readers: int, now: datetime) -> None:
        """Note that a step was taken: its cards were written for so many readers."""
        case = self.cases.get(subject)
        if case is None:
            self.found.unknown += 1
            return
        if case.state != "open":
            self.found.nags += readers
            return
        self._judge(case, now)
        self.steps[case.kind] += 1
        self._written[subject, version] = now
        case.since, case.step = now, case.step + 1
        case.waits = case.ladder.waits(case.step)

    def delivered(self, subject: str, version: str, reader: str, now: datetime) -> None:
        """Note that a card arrived; what an outage or a stop cost is allowed, and five minutes of putting it off."""
        case, written = self.cases.get(subject), self._written.get((subject, version))
        if case is None or written is None:
            return
        case.to_reader[reader] += 1
        lost = overlap([*self._down, *self._outages], written, now)
        if now - written - lost > timedelta(minutes=6):
            self.found.delivered_late += 1

    def own(self, subject: str, now: datetime) -> None:
        case = self.cases[subject]
        if case.state != "open":
            return
        if not case.ever_owned:
            self.waited.setdefault(case.kind, []).append((now - case.begun) / timedelta(minutes=1))
        case.state, case.owned, case.ever_owned = "owned", now, True

    def close(self, subject: str, now: datetime) -> None:
        case = self.cases[subject]
        if case.state == "open" and not case.ever_owned:
            self.waited.setdefault(case.kind, []).append((now - case.begun) / timedelta(minutes=1))
            case.ever_owned = True
        case.state = "closed"

    def hand_back(self, subject: str, now: datetime, *, away: bool = False) -> None:
        case = self.cases[subject]
        # Who cannot find a pupil, or is `away`, is no reason to wait: the next are told at once. Other cases climb on
        # from here.
        at_once = away or case.kind in ("today", "week")
        case.state, case.since, case.waits = "open", now, 0 if at_once else case.ladder.waits(case.step)

    def lapse(self, subject: str, now: datetime) -> None:
        """Note that an owner lost a case for want of a recorded action; its next step is due at once."""
        case = self.cases[subject]
        if case.state != "owned":
            # A row set for an owner who has handed it back since does nothing.
            return
        case.since, case.waits = case.owned or now, case.ladder.lapse
        self._judge(case, now)
        case.state, case.since, case.waits = "open", now, 0

    def look(self, now: datetime) -> None:
        """Find steps, and lapses, that should have been taken by now and were not."""
        for case in self.cases.values():
            if case.state == "closed" or (case.state == "owned" and not case.ladder.lapse):
                continue
            since, waits = (case.since, case.waits) if case.state == "open" else (case.owned, case.ladder.lapse)
            due = self._due(since or now, waits, case.ladder.clock)
            if due is None or case.step in case.missed:
                continue
            if now - due - overlap(self._down, due, now) > timedelta(minutes=6):
                self.found.missed += 1
                case.missed.add(case.step)
                self._say("not taken", case, due, now)

    def _say(self, what: str, case: Case, due: datetime | None, now: datetime) -> None:
        since, when = f"{case.since:%a %d %b %H:%M}", f"{due:%a %d %b %H:%M}" if due else "never"
        self.found.words.append(
            f"{what}: {case.kind}, step {case.step}, {case.state}, since {since}, due {when}, now {now:%a %d %b %H:%M}"
        )

    def _due(self, since: datetime, waits: int, clock: str) -> datetime | None:
        """When something falls due; if nothing runs then, it is when this clock next runs after the start."""
        due = self.hours.due(since, waits, clock)
        back = next((last for first, last in self._down if due is not None and first <= due < last), None)
        return due if back is None else self.hours.due(back, 0, clock)

    def _judge(self, case: Case, now: datetime) -> None:
        due = self._due(case.since, case.waits, case.ladder.clock)
        if case.ladder.clock == "school" and not self.hours.holds(now):
            self.found.out_of_hours += 1
        if due is None or now < due:
            self.found.early += 1
            self._say("early", case, due, now)
            return
        late = now - due - overlap(self._down, due, now)
        self.found.latest = max(self.found.latest, late)
        if late > ALLOWED:
            self.found.late += 1
            self._say("late", case, due, now)


@dataclass
class Counts:
    """What the networks saw."""

    sent: int = 0
    refused: int = 0
    repeated: int = 0
    kills: int = 0
    mended: int = 0
    presses: int = 0
    absences: int = 0


def kind_of(name: str) -> Kind:
    """Read the name of a kind of case."""
    return name  # type: ignore[return-value]


def parts_of(slot: str) -> tuple[str, str, str] | None:
    """Read the slot of a case's card: the flag or request, the reader, the version; None for other cards.

    Of a card that goes to whoever stands in, and of what comes back from them, the version is no number.
    """
    parts = slot.split(":")
    return (parts[1], parts[2], parts[3]) if parts[0] in ("nudge", "request") and len(parts) == 4 else None
