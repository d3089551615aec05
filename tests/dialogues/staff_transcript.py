"""Plays a dialogue of staff, written as text, in a small school with its store, and gives back the whole transcript.

Lines of the world are played; all other lines are what came back. Who there is: tutor (of 7A), other (tutor of 7B),
lead and deputy (safeguarding leads), head.

    clock: 2026-11-10 10:00          the time from here on; all that falls due by then is done
    tutor presses: I’ll take this    the button of that label on the newest card that has one, or on their Home tab
    tutor fills: due=#2, words=...   the window that is open; #2 is the second option
    tutor types: nudges              /earshot, with these words
    pupil asks: danger               a pupil asks for an adult: danger, today, or a go-to by who it is, for today
    pupil names: other               a pupil names go-tos, the first first
    school pairs: lead               staff one-to-ones are started, with these senior leaders
    school: morning                  the leads' daily line is due
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from sqlmodel import Session, col, select

from bot.slack.desk import act, submit
from bot.slack.press import Done, Press
from bot.slack.typed import typed
from bot.text import render
from conversations.cards import Card, CardButton
from conversations.forms import Form
from conversations.model import Phrase
from scheduling import cases, meetings
from scheduling.briefing import home
from scheduling.jobs import JOBS
from store import gotos
from store.care_tables import Wish
from store.due import set_due
from store.tables import Due, Flag, Outbox, Pupil, Request, Staff
from tests.bot.slack_school import NOW, SmallSchool

FOLDER = Path(__file__).parent / "staff"
WHO = "tutor|other|lead|deputy|head"
WORLD = "clock: |pupil asks: |pupil names: |school pairs: |school: "
PLAYED = re.compile(rf"^(?P<world>{WORLD}|(?P<who>{WHO}) (?P<does>presses|fills|types): )(?P<what>.*)$")
_INDENT = "     "


@dataclass
class Office:
    """The school, the time, and what each member of staff has before them."""

    here: SmallSchool
    now: datetime = NOW
    number: int = 0
    seen: set[str] = field(default_factory=set)
    cards: dict[str, list[Card]] = field(default_factory=dict)
    form: Form | None = None
    window: Card | None = None
    shown: list[Card] = field(default_factory=list)
    forms: list[Form] = field(default_factory=list)

    def words(self, phrase: Phrase) -> str:
        return render(phrase, "en", "Europe/London", self.now)

    def play(self, line: str) -> list[str]:
        """Play one line; gives what came of it."""
        played = PLAYED.match(line)
        assert played is not None, line
        who, what = played["who"], played["what"]
        of_the_world = {
            "pupil asks: ": self._ask,
            "pupil names: ": self._name,
            "school pairs: ": self._pair,
            "school: ": self._daily,
        }
        if played["world"] in of_the_world:
            self.here.work(lambda session: of_the_world[played["world"]](session, what))
            return self._arrived()
        if who is None:
            self.now = datetime.strptime(what, "%Y-%m-%d %H:%M").replace(tzinfo=UTC)
            self.here.work(self._do_what_is_due)
            return self._arrived()
        self.number += 1
        act_of = {"presses": self._press, "fills": self._fill, "types": self._type}[played["does"]]
        return act_of(who, what)

    def begin(self) -> None:
        """Raise the flag's case, and put the head on the staff."""

        def work(session: Session) -> None:
            flag = session.get_one(Flag, self.here.flag)
            cases.begin(session, self.here.school, flag, "nudge", self.now)
            lead = self.here.member(session, "lead")
            head = Staff(school_id=lead.school_id, mis_key=b"head", email_key=b"head", roles=["head"])
            self.here.sealer.write(head, "name", "Hana Holloway")
            self.here.sealer.write(head, "email", "h.holloway@rehearsal.school")
            session.add(head)
            session.flush()
            self.here.staff["head"] = head.id

        self.here.work(work)

    def _ask(self, session: Session, kind: str) -> None:
        request = session.get_one(Request, self.here.request)
        request.danger = kind == "danger"
        if kind in self.here.staff:
            session.add(Wish(request_id=request.id, school_id=request.school_id, chosen_id=self.here.staff[kind]))
        cases.begin(session, self.here.school, request, "danger" if request.danger else "today", self.now)
        session.flush()
        self._do_what_is_due(session)

    def _name(self, session: Session, who: str) -> None:
        pupil = session.get_one(Pupil, session.get_one(Request, self.here.request).pupil_id)
        for place, adult in enumerate(who.split(", "), start=1):
            assert gotos.name(session, pupil, place, self.here.staff[adult], self.now)

    def _pair(self, session: Session, leaders: str) -> None:
        ids = [self.here.staff[who] for who in leaders.split(", ")]
        meetings.start(session, self.here.sealer, self.here.school, ids, self.now)

    def _daily(self, session: Session, _morning: str) -> None:
        set_due(session, self.here.school.id, "care.daily", "next", self.now)
        self._do_what_is_due(session)

    def _do_what_is_due(self, session: Session) -> None:
        while True:
            due = session.exec(
                select(Due).where(col(Due.due_at) <= self.now).order_by(col(Due.due_at), col(Due.id))
            ).first()
            if due is None:
                return
            session.delete(due)
            session.flush()
            JOBS[due.kind](session, self.here.sealer, self.here.school, due, self.now)
            session.flush()

    def _press(self, who: str, label: str) -> list[str]:
        button = self._button(who, label)

        def work(session: Session) -> Done:
            viewer, key = self.here.member(session, who), f"press {self.number}"
            return act(
                session, self.here.sealer, self.here.school, viewer, button.action, button.value, self.now, key, "x"
            )

        return self._came_of(self.here.work(work))

    def _button(self, who: str, label: str) -> CardButton:
        def on_home(session: Session) -> list[Card]:
            viewer = self.here.member(session, who)
            return list(home(session, self.here.sealer, self.here.school, viewer, self.now))

        window = [self.window] if self.window is not None else []
        shown = [*window, *reversed(self.cards.get(who, [])), *self.here.work(on_home)]
        found = next((one for card in shown for one in card.buttons if self.words(one.label) == label), None)
        assert found is not None, f"{who} has no button “{label}” at {self.now}"
        return found

    def _fill(self, who: str, what: str) -> list[str]:
        form = self.form
        assert form is not None
        entered = dict(pair.split("=", 1) for pair in what.split(", "))
        options = {one.name: one.options for one in form.fields}
        for name, value in entered.items():
            if value.startswith("#"):
                entered[name] = options[name][int(value[1:]) - 1][0]

        def work(session: Session) -> Done:
            viewer, key = self.here.member(session, who), f"form {self.number}"
            return submit(
                session, self.here.sealer, self.here.school, viewer, form.name, form.value, entered, self.now, key, "x"
            )

        return self._came_of(self.here.work(work))

    def _type(self, who: str, what: str) -> list[str]:
        def work(session: Session) -> tuple[tuple[Card, ...], Done]:
            viewer, key = self.here.member(session, who), f"typed {self.number}"
            press = Press(session, self.here.sealer, self.here.school, viewer, what, self.now, key, "x")
            return typed(press)

        cards, done = self.here.work(work)
        return [*(line for card in cards for line in self._shown("answer", card)), *self._came_of(done)]

    def _came_of(self, done: Done) -> list[str]:
        self.window = done.modal
        lines = self._shown("window", done.modal) if done.modal else []
        if done.form is not None:
            self.form = done.form
            self.forms.append(done.form)
            lines += [f"window: *{self.words(done.form.title)}*"]
            for one in done.form.fields:
                options = " / ".join(self.words(words) for _, words in one.options)
                lines.append(f"{_INDENT}{self.words(one.label)}: {options or one.kind}")
        return [*lines, *self._arrived()]

    def _arrived(self) -> list[str]:
        """What was written to Slack since, copies of one card together."""

        def work(session: Session) -> list[tuple[str, str, Card]]:
            names = {id.hex: name for name, id in self.here.staff.items()}
            rows = session.exec(select(Outbox).order_by(col(Outbox.id))).all()
            fresh = [row for row in rows if row.id.hex not in self.seen and row.method in ("post", "update")]
            fresh = [row for row in fresh if row.not_before <= self.now]
            self.seen |= {row.id.hex for row in rows if row.not_before <= self.now}
            return [
                (
                    row.method,
                    names[row.recipient.removeprefix("staff:")],
                    Card.from_json(self.here.sealer.read(row, "payload")["card"]),
                )
                for row in fresh
            ]

        groups: dict[tuple[str, str], tuple[Card, list[str]]] = {}
        for method, name, card in self.here.work(work):
            groups.setdefault((method, repr(card)), (card, []))[1].append(name)
            self.cards.setdefault(name, []).append(card)
        lines = []
        for (method, _), (card, names) in groups.items():
            verb = "to" if method == "post" else "changed for"
            lines += self._shown(f"{verb} {', '.join(sorted(set(names)))}", card)
        return lines

    def _shown(self, where: str, card: Card) -> list[str]:
        self.shown.append(card)
        lines = [f"{where}: *{self.words(card.title)}*", *(_INDENT + self.words(line) for line in card.lines)]
        for part in card.parts:
            lines.append(f"{_INDENT}*{self.words(part.title)}*")
            lines += [_INDENT + self.words(line) for line in part.lines]
        if card.buttons:
            lines.append(_INDENT + " ".join(f"[{self.words(button.label)}]" for button in card.buttons))
        return lines


def transcript(script: str, here: SmallSchool | Office) -> str:
    """Play a script; gives it back with what came of each line."""
    office = here if isinstance(here, Office) else Office(here)
    office.begin()
    out: list[str] = []
    for line in script.splitlines():
        if line.startswith("#"):
            out.append(line)
        elif PLAYED.match(line):
            out += ["", line, *office.play(line)]
    return "\n".join(out) + "\n"
