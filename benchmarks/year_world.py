"""The world of the simulated year: pupils, staff and networks, and the real store, runner and jobs among them.

Time is a list of moments: whoever wants something of Earshot, or is to be told by it, stands in it. At each moment the
real code runs as the service runs it: events through the runner, due rows until none is left, the outbox claimed and
sent, the auditor's pass. The two networks and what people do are all that is made up, from one seed.
"""

import heapq
import itertools
import random
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime, time, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import Engine
from sqlmodel import Session, col, select

from benchmarks.year_away import draw_days, hand_on, noted, sign_off
from benchmarks.year_cases import Book, Counts, kind_of, parts_of
from benchmarks.year_clock import DAY, SchoolHours, Window, start_of_year
from benchmarks.year_plan import Drawn, Plan, draw
from bot.runner import Incoming, Runner
from bot.slack import desk
from conversations.bank import LATEST
from conversations.model import Tap
from scheduling import auditor, cases, jobs
from scheduling.calendar import Closure, SchoolCalendar
from scheduling.escalation import Kind, Ladder, read_policy
from scheduling.school import Schools
from store import due as due_rows
from store import outbox
from store.ids import new_id
from store.outbox import Letter
from store.sealing import Sealer
from store.tables import Binding, CheckIn, Escalation, Flag, Outbox, Pupil, Request, School, Staff, Wave

# What a pupil taps to ask for an adult, and in danger.
ASK, DANGER = ("talk", "talk:to:leads", "talk:at:leads:today"), ("talk", "talk:danger")
BACKOFF_MOST = 300.0


class World:
    """One academic year of one school, from its first day on, for so many school days."""

    def __init__(self, engine: Engine, sealer: Sealer, year: int, seed: int, plan: Plan, school_days: int) -> None:
        self.engine, self.sealer = engine, sealer
        self.random = random.Random(seed)  # noqa: S311 (a simulation, no secret)
        self.now = start_of_year(year)
        self.counts = Counts()
        self.down: list[Window] = []
        self._moments: list[tuple[datetime, int, Callable[[], None]]] = []
        self._order, self._updates = itertools.count(), itertools.count(1)
        self._hand: list[Letter] = []
        self._deliveries: dict[UUID, int] = {}
        self._slack_has: set[UUID] = set()
        self._suspected: set[UUID] = set()
        self._killed, self._written = False, True
        self.runner = Runner(sealer, lambda: self.now, "year", bot="1")
        with Session(engine) as session:
            self.schools = Schools(session.exec(select(School.id)).one())
            school = self.schools.of(session)
            self._last_row = new_id()
            self.staff = {one.id: frozenset(one.roles) for one in session.exec(select(Staff).order_by(col(Staff.id)))}
            statement = (
                select(Binding, Pupil).join(Pupil, col(Pupil.id) == col(Binding.pupil_id)).order_by(col(Pupil.id))
            )
            rows = session.exec(statement).all()
            self.pupils = [(pupil.id, pupil.group_id, int(sealer.read(binding, "chat"))) for binding, pupil in rows]
            session.commit()
        self.first = self.now.date()
        self.last = school.calendar.terms[-1].last
        self._set_hours(school.calendar)
        days = self.hours.days[:school_days]
        drawn = draw(plan, days, self.random)
        self.slack_out, self.telegram_out = drawn.slack_out, drawn.telegram_out
        self.book = Book(self.hours, self.down, self.slack_out)
        self.end = days[-1][1]
        self._away = draw_days(days, self.staff, plan.sick_days, self.random)
        for morning, one, cover in noted(days, self._away, plan.reported, self.random):
            self.at(morning, partial(self._sign_off, one, cover))
        self._fill(drawn)

    def _set_hours(self, calendar: SchoolCalendar) -> None:
        self.hours = SchoolHours(calendar, self.first, self.last)

    # --- what will happen ---------------------------------------------------------------------------------------------

    def _fill(self, drawn: Drawn) -> None:
        for moment in drawn.nudges:
            self.at(moment, self._nudge)
        for moment in drawn.requests:
            self.at(moment, lambda: self._taps(ASK))
        for moment in drawn.dangers:
            self.at(moment, lambda: self._taps(DANGER))
        for moment in drawn.restarts:
            self.at(moment, self._restart)
        if drawn.snow is not None:
            self.at(drawn.snow, self._close)
        self.at(self.now, self._look)

    def _sign_off(self, staff_id: UUID, cover_id: UUID | None) -> None:
        self.counts.absences += 1
        self._written = True
        with Session(self.engine) as session:
            sign_off(session, self.schools.of(session), staff_id, cover_id, self.now)
            session.commit()

    def at(self, moment: datetime, act: Callable[[], None]) -> None:
        """Let something happen at a moment."""
        heapq.heappush(self._moments, (moment, next(self._order), act))

    # --- time ---------------------------------------------------------------------------------------------------------

    def run(self) -> None:
        """Live through the year."""
        with Session(self.engine) as session:
            jobs.set_standing(session, self.schools.of(session), self.now)
            session.commit()
        while True:
            due = self._next_due()
            moment = min(due or self.end, self._moments[0][0] if self._moments else self.end)
            if moment >= self.end:
                break
            self.now = max(self.now, moment)
            while self._moments and self._moments[0][0] <= self.now:
                heapq.heappop(self._moments)[2]()
            if self._written or (due is not None and due <= self.now):
                self._due()
            if self._written:
                self._deliver()
        self.now = self.end

    def _next_due(self) -> datetime | None:
        with Session(self.engine) as session:
            return due_rows.when_next(session)

    def _due(self) -> None:
        while True:
            with Session(self.engine) as session:
                row = due_rows.next_due(session, self.now)
                if row is None:
                    return
                self._written = True
                kind, subject = row.kind, row.subject
                _, outcome = self.runner.run_due(session, self.schools.of(session))
                session.commit()
                self._hand += outcome.letters
                if kind == "flag.return" and session.get_one(Flag, UUID(subject)).state == "new":
                    self._begun(session, session.get_one(Flag, UUID(subject)))
                if kind == "case.lapse":
                    case = session.get_one(Escalation, UUID(subject))
                    if case.state == "open":
                        self.book.lapse((case.flag_id or case.request_id or case.id).hex, self.now)
                if kind == "absence.begin":
                    hand_on(session, self.book, self.now)
                self._witness(session)

    def _look(self) -> None:
        """Let the auditor pass, and the book: every five minutes of danger, every half an hour of school."""
        with Session(self.engine) as session:
            school = self.schools.of(session)
            self._suspected, mended = auditor.mend(session, self.sealer, school, self._suspected, self.now)
            session.commit()
            if mended:
                self.counts.mended += mended
                self._written = True
                self._witness(session)
        self.book.look(self.now)
        danger = any(one.kind == "danger" and one.state == "open" for one in self.book.cases.values())
        after = self.now + timedelta(minutes=1 if self._suspected else 5 if danger else 30)
        self.at(after if danger or self._suspected else self.hours.opens(after) or self.end, self._look)

    def _restart(self) -> None:
        """Stop without warning, and start some time later; what was on the wire leaves once more."""
        self.counts.kills += 1
        self._taps(("menu",))
        self._killed = True
        self._deliver()
        self._killed = False
        self._hand.clear()
        self._suspected, self._written = set(), True
        back = self.now + timedelta(seconds=self.random.choice((2, 20, 120, 600, 1500)))
        self.down.append((self.now, back))
        self.now = back
        with Session(self.engine) as session:
            outbox.release(session)
            jobs.set_standing(session, self.schools.of(session), self.now)
            session.commit()

    def _close(self) -> None:
        """Close school for the day, as for snow."""
        day = self.now.date()
        with Session(self.engine) as session:
            row = session.get_one(School, self.schools.id)
            calendar = SchoolCalendar.from_json(row.calendar)
            calendar = replace(calendar, closures=(*calendar.closures, Closure("Snow", day, day, "closed")))
            row.calendar = calendar.to_json()
            session.add(row)
            session.commit()
        self._set_hours(calendar)
        self.book.hours = self.hours

    # --- pupils -------------------------------------------------------------------------------------------------------

    def _taps(self, taps: Iterable[str]) -> None:
        self._written = True
        pupil_id, _, chat = self.random.choice(self.pupils)
        with Session(self.engine) as session:
            school = self.schools.of(session)
            for tap in taps:
                incoming = Incoming(next(self._updates), chat, Tap(tap))
                self._hand += self.runner.handle(session, school, [incoming]).letters
            session.commit()
            statement = select(Request).where(Request.pupil_id == pupil_id, Request.state == "open")
            for request in session.exec(statement).all():
                kind: Kind = "danger" if request.danger else "today"
                self.book.begin(request.id.hex, kind, self._ladder(session, request), self.now)

    def _nudge(self) -> None:
        """Raise a flag as the scoring does, with a check-in of its own to hang it on."""
        pupil_id, group_id, _ = self.random.choice(self.pupils)
        with Session(self.engine) as session:
            school = self.schools.of(session)
            wave = Wave(
                school_id=school.id,
                day=f"year.{next(self._updates)}",
                number=0,
                opens_at=self.now,
                closes_at=self.now,
                bank_version=LATEST,
                state="closed",
            )
            session.add(wave)
            session.flush()
            whose: dict[str, Any] = {"school_id": school.id, "pupil_id": pupil_id, "group_id": group_id}
            check_in = CheckIn(
                **whose, wave_id=wave.id, bank_version=LATEST, phase="older", state="answered", opened_at=self.now
            )
            session.add(check_in)
            session.flush()
            flag = Flag(**whose, check_in_id=check_in.id, rule="year", raised_at=self.now)
            level = "priority" if self.random.random() < 0.15 else "usual"
            self.sealer.write(flag, "reasons", {"low": 3, "window": 4, "baseline": 20, "level": level})
            session.add(flag)
            session.flush()
            cases.begin(session, school, flag, "priority" if level == "priority" else "nudge", self.now)
            session.commit()
            self._begun(session, flag)

    def _begun(self, session: Session, flag: Flag) -> None:
        case = session.exec(select(Escalation).where(Escalation.flag_id == flag.id)).one()
        self.book.begin(flag.id.hex, kind_of(case.kind), Ladder.from_json(case.ladder), self.now)

    # --- networks -----------------------------------------------------------------------------------------------------

    def _deliver(self) -> None:
        hand, self._hand = self._hand, []
        self._written = False
        with Session(self.engine) as session:
            for letter in hand:
                self._send(session, letter)
            for network in ("slack", "telegram"):
                while letters := outbox.claim(
                    session, self.sealer, network=network, now=self.now, worker="year", lanes=(0, 1, 2), limit=100
                ):
                    for letter in letters:
                        self._send(session, letter)
            if self._killed:
                session.rollback()
            else:
                session.commit()

    def _send(self, session: Session, letter: Letter) -> None:
        out = self.slack_out if letter.network == "slack" else self.telegram_out
        if any(start <= self.now < end for start, end in out):
            self.counts.refused += 1
            backoff = min(BACKOFF_MOST, 0.5 * 2 ** min(letter.attempts, 10))
            later = self.now + timedelta(seconds=backoff)
            outbox.put_back(session, letter, "network", later)
            self.at(later, self._again)
            return
        # Slack is asked whether it has a post before one is sent again; Telegram cannot be.
        if letter.id not in self._slack_has:
            self._deliveries[letter.id] = self._deliveries.get(letter.id, 0) + 1
            self.counts.sent += 1
            self.counts.repeated += self._deliveries[letter.id] > 1
            if letter.network == "slack":
                self._slack_has.add(letter.id)
            if letter.network == "slack" and letter.method == "post" and letter.slot:
                self._arrived(letter.slot)
        if not self._killed:
            ref = {"at": letter.id.hex} if letter.method in ("post", "send") else None
            outbox.sent(session, self.sealer, letter, self.now, ref)

    def _again(self) -> None:
        self._written = True

    def _witness(self, session: Session) -> None:
        """See which cards were written just now: each version of a case is a step."""
        statement = (
            select(Outbox.id, Outbox.slot)
            .where(Outbox.id > self._last_row, Outbox.network == "slack", Outbox.method == "post")
            .order_by(col(Outbox.id))
        )
        steps: dict[tuple[str, str], int] = {}
        for row, slot in session.exec(statement).all():
            self._last_row = row
            if slot is not None and (found := parts_of(slot)) is not None and found[2].isdecimal():
                steps[found[0], found[2]] = steps.get((found[0], found[2]), 0) + 1
        for (subject, version), readers in steps.items():
            self.book.written(subject, version, readers, self.now)

    # --- staff --------------------------------------------------------------------------------------------------------

    def _arrived(self, slot: str) -> None:
        """A member of staff has a card: most look at it in time, some never do."""
        found = parts_of(slot)
        if found is None:
            return
        subject, reader, version = found
        self.book.delivered(subject, version, reader, self.now)
        case = self.book.cases.get(subject)
        urgent = case is not None and case.kind == "danger"
        if self.random.random() > (0.35 if urgent else 0.6):
            return
        delay = timedelta(minutes=self.random.expovariate(1 / (8 if urgent else 120)))
        seen = self._here(UUID(reader), self.now + delay, urgent=urgent)
        if seen is not None:
            self.at(seen, lambda: self._press(UUID(reader), subject))

    def _here(self, reader: UUID, moment: datetime, *, urgent: bool) -> datetime | None:
        """When somebody is next at hand: a lead in danger at any hour, unless they are away; else in school."""
        at: datetime | None = moment
        while at is not None:
            if not urgent:
                at = self.hours.opens(at)
            if at is None or at.date() not in self._away[reader]:
                return at
            at = datetime.combine(at.date() + DAY, time(8), tzinfo=at.tzinfo)
        return None

    def _press(self, reader: UUID, subject: str) -> None:
        case = self.book.cases[subject]
        if case.state != "open":
            return
        with Session(self.engine) as session:
            is_flag = session.get(Flag, UUID(subject)) is not None
        if not is_flag:
            self._act(reader, subject, "request_own")
            return
        draw = self.random.random()
        action = "nudge_take" if draw < 0.72 else "nudge_snooze" if draw < 0.8 else "nudge_not_needed"
        self._act(reader, subject, action)

    def _act(self, reader: UUID, subject: str, action: str) -> None:
        self.counts.presses += 1
        self._written = True
        with Session(self.engine) as session:
            school, viewer = self.schools.of(session), session.get_one(Staff, reader)
            key = f"year:{next(self._updates)}"
            done = desk.act(session, self.sealer, school, viewer, action, subject, self.now, key, "year")
            session.commit()
            self._hand += done.letters
            of = Escalation.flag_id if action.startswith("nudge") else Escalation.request_id
            case = session.exec(select(Escalation).where(of == UUID(subject))).one()
            state = case.state
        if state == "closed":
            self.book.close(subject, self.now)
        elif state == "owned" and action in ("request_own", "nudge_take"):
            self.book.own(subject, self.now)
            self._follow_up(reader, subject, action.partition("_")[0])
        elif state == "open" and action in ("request_back", "nudge_undo"):
            self.book.hand_back(subject, self.now)

    def _follow_up(self, reader: UUID, subject: str, what: str) -> None:
        """Whoever owns it mostly does it; some hand it back, and some forget."""
        danger = self.book.cases[subject].kind == "danger"
        draw = self.random.random()
        if draw > 0.93:
            return
        minutes = self.random.expovariate(1 / (10 if danger else 240 if what == "request" else 1_500))
        at = self._here(reader, self.now + timedelta(minutes=minutes), urgent=danger)
        if at is None:
            return
        action = "done" if draw < 0.86 else "back" if what == "request" else "undo"
        self.at(at, lambda: self._finish(reader, subject, f"{what}_{action}"))

    def _finish(self, reader: UUID, subject: str, action: str) -> None:
        if self.book.cases[subject].state == "owned":
            self._act(reader, subject, action)

    def _ladder(self, session: Session, request: Request) -> Ladder:
        """The ladder of a request that was just made: the one it will climb, by the school's policy."""
        policy = read_policy(self.schools.of(session).policy.get("escalation", {}))
        return policy["danger" if request.danger else "today"]
