"""A school's first day with Earshot, through the product's own functions, from the import to a copy that was asked for.

Whoever asks what a store holds afterwards, and not how that came there, has it told once on each database.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import Engine
from sqlmodel import Session, col, select

from bot.importing import importing
from bot.importing.rows import read_text
from bot.runner import Runner
from bot.slack import desk, plan_desk
from bot.telegram.updates import read_update
from bot.worker import Worker
from conversations.staff_absence import AWAY
from scheduling import meetings, rounds
from scheduling.drawing import may_start
from scheduling.outcomes import follow_up_next
from scheduling.school import SchoolFacts, Schools
from scheduling.school_view import add_up_next
from scheduling.waves import WaveTimes
from signals.board import new_board
from signals.evidence import evidence
from signals.flag import MODEL, Bars
from signals.flag import points as flag_points
from store import gotos, invites, outbox, plans, vault
from store.people import by_chat, link_slack, with_role
from store.people_tables import Guardian
from store.plan_tables import Plan
from store.rights_tables import CopyRequest
from store.sealing import Sealer
from store.tables import LANES, Binding, CheckIn, Flag, Pupil, Request, School, Wave
from tests.factories import NOW, make_school
from tests.rows import Rows, read_rows, write_rows

STAFF = """staff_id,name,email,roles,year
STF-77001,Quillon Thistlewaite,q.thistlewaite@fernhill.example,tutor,
STF-77002,Ottoline Brackenbury,o.brackenbury@fernhill.example,dsl,
"""
GROUPS = "group,tutor_id,year\n9Q,STF-77001,9\n"
PUPILS = """pupil_id,name,group,year,language
PUP-88001,Zephyrine Marchbanks,9Q,9,
PUP-88002,Ignatius Wolverdene,9Q,9,
"""
GUARDIANS = "guardian_id,pupil_id,name\nGUA-99001,PUP-88001,Araminta Fothergill\n"
GUARDIAN_CHAT = 7_310_459_203
CHATS = {"PUP-88001": 7_310_459_201, "PUP-88002": 7_310_459_202}
SLACK = {"q.thistlewaite@fernhill.example": "U0QUILLON77", "o.brackenbury@fernhill.example": "U0OTTOLINE7"}
WORDS = "the marmalade badger hid my compass"
TYPED = "a lilac umbrella in the corridor"
NAMES = ["Quillon", "Thistlewaite", "Ottoline", "Brackenbury", "Zephyrine", "Marchbanks", "Ignatius", "Wolverdene"]
NAMES += ["Araminta", "Fothergill"]
REFERENCES = ["STF-77001", "STF-77002", "PUP-88001", "PUP-88002", "GUA-99001"]


class Clock:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        self.now += timedelta(milliseconds=700)
        return self.now


class Story:
    """The school's first day with Earshot, through the functions that the program itself uses."""

    def __init__(self, engine: Engine, sealer: Sealer) -> None:
        self.worker, self.sealer, self.clock = Worker(engine), sealer, Clock()
        self.school: SchoolFacts = self.worker.run_now(make_school)
        self.schools = Schools(self.school.id)
        self.runner = Runner(sealer, self.clock, "tests", bot="700000001")
        self.updates = 0
        self.codes: list[str] = []
        self.items: set[str] = set()

    def run(self) -> None:
        self.worker.run_now(self._import)
        self.codes = [self.worker.run_now(partial(self._code, reference=reference)) for reference in CHATS]
        for chat, code in zip(CHATS.values(), self.codes, strict=True):
            self.text(chat, "AAAA-AAAA")
            self.text(chat, f"/start {code}")
            self.tap(chat, "join:agree")
        for address, user in SLACK.items():
            self.worker.run_now(partial(self._link, address=address, user=user))
        self.worker.run_now(self._open_wave)
        self.due()
        for chat in CHATS.values():
            self._answer(chat)
        self.text(CHATS["PUP-88001"], TYPED)
        self.tap(CHATS["PUP-88001"], "talk")
        self.tap(CHATS["PUP-88001"], "talk:at:leads:today")
        self.worker.run_now(self._name_a_go_to)
        self.text(CHATS["PUP-88002"], "/nothing " + TYPED)
        self.due()
        self.worker.run_now(self._flag_and_desk)
        self.due()
        self.worker.run_now(self._whole_school)
        self._family()
        self._copy_and_contest()
        self.worker.run_now(self._send_some)

    def _import(self, session: Session) -> None:
        row = session.get_one(School, self.school.id)
        files = [
            read_text(f"{name}.csv", body)
            for name, body in (("s", STAFF), ("g", GROUPS), ("p", PUPILS), ("c", GUARDIANS))
        ]
        planned = importing.plan(session, self.sealer, row, files, date(2026, 11, 24))
        assert planned.bad == ()
        importing.apply(session, self.sealer, row, planned)
        vault.note_key(session, self.sealer, NOW)

    def _code(self, session: Session, reference: str) -> str:
        pupil = session.exec(select(Pupil).where(Pupil.mis_key == self.sealer.blind("mis", reference))).one()
        return invites.issue(session, self.sealer, pupil, NOW)

    def _link(self, session: Session, address: str, user: str) -> None:
        assert link_slack(session, self.sealer, self.school.id, user, address) is not None

    def _open_wave(self, session: Session) -> None:
        times = WaveTimes(NOW, NOW + timedelta(hours=3), NOW + timedelta(hours=5))
        rounds.open_now(session, self.school, times, self.clock())

    def due(self) -> None:
        while self.worker.run_now(lambda session: self.runner.run_due(session, self.schools.of(session))[0]):
            pass

    def text(self, chat: int, words: str) -> None:
        self._update("message", {"message_id": 1, "chat": {"id": chat, "type": "private"}, "text": words})

    def tap(self, chat: int, data: str) -> None:
        message = {"message_id": 2, "chat": {"id": chat, "type": "private"}}
        self._update("callback_query", {"id": "1", "from": {"id": chat}, "data": data, "message": message})

    def _update(self, kind: str, body: dict[str, Any]) -> None:
        self.updates += 1
        incoming = read_update({"update_id": self.updates, kind: body})
        assert incoming is not None
        self.worker.run_now(
            lambda session: self.runner.handle(session, self.schools.of(session), [incoming], seen=True)
        )

    def _answer(self, chat: int) -> None:
        check_in = self.worker.run_now(lambda session: self._open_check_in(session, chat))
        for position in range(6):
            self.tap(chat, f"c:{check_in}:{position}:0")
        self.text(chat, WORDS)

    def _open_check_in(self, session: Session, chat: int) -> str:
        who = by_chat(session, self.sealer, self.school.id, chat)
        assert who is not None
        self.items.update(who.state["check_in"]["items"])
        return str(who.state["check_in"]["id"])

    def _name_a_go_to(self, session: Session) -> None:
        (lead,) = with_role(session, self.school.id, "dsl")
        pupil = session.exec(select(Pupil).where(Pupil.mis_key == self.sealer.blind("mis", "PUP-88001"))).one()
        assert gotos.name(session, pupil, 1, lead.id, NOW)

    def _flag_and_desk(self, session: Session) -> None:
        key = self.sealer.blind("mis", "PUP-88001")
        whose = select(CheckIn).join(Pupil, col(Pupil.id) == col(CheckIn.pupil_id)).where(Pupil.mis_key == key)
        check_in = session.exec(whose).one()
        flag = Flag(
            school_id=self.school.id,
            pupil_id=check_in.pupil_id,
            group_id=check_in.group_id,
            check_in_id=check_in.id,
            rule="test",
            raised_at=NOW,
        )
        self.sealer.write(flag, "reasons", {"low": 3, "window": 4, "baseline": 20})
        session.add(flag)
        session.flush()
        request = session.exec(select(Request)).first()
        assert request is not None
        (lead,) = with_role(session, self.school.id, "dsl")
        (tutor,) = with_role(session, self.school.id, "tutor")
        desk.opened_home(session, self.sealer, self.school, tutor, self.clock(), "Ev1")
        for viewer, action, value in (
            (tutor, "nudge_take", flag.id.hex),
            (lead, "request_today", request.id.hex),
            (tutor, "nudge_goto", f"{flag.id.hex}:{lead.id.hex}"),
            (tutor, "goto_no", "school"),
            (lead, "goto_ask_yes", "school"),
            (tutor, "unanswered_show", f"{check_in.wave_id.hex}:{check_in.group_id.hex}"),
        ):
            desk.act(session, self.sealer, self.school, viewer, action, value, self.clock(), f"press {action}")
        plan = session.exec(select(Plan)).one()
        desk.act(session, self.sealer, self.school, tutor, "plan_done", plan.id.hex, self.clock(), "press done")
        noted = {"words": WORDS}
        desk.submit(
            session, self.sealer, self.school, tutor, plan_desk.WORDS, plan.id.hex, noted, self.clock(), "press words"
        )
        away = {"first": "2026-11-24", "last": "2026-11-25"}
        desk.submit(session, self.sealer, self.school, tutor, AWAY, "me", away, self.clock(), "press away")
        meetings.start(session, self.sealer, self.school, [lead.id], self.clock())
        plans.judge(session, self.sealer, flag, "known", self.clock())

    def _family(self) -> None:
        """A guardian joins, stops the check-ins, and starts them again."""
        self.codes.append(self.worker.run_now(self._guardians_code))
        self.text(GUARDIAN_CHAT, f"/start {self.codes[-1]}")
        self.text(GUARDIAN_CHAT, TYPED)
        pupil = self.worker.run_now(self._first_pupil)
        for deed in ("stop", "start"):
            self.tap(GUARDIAN_CHAT, f"p:{deed}:{pupil}")
        self.due()

    def _guardians_code(self, session: Session) -> str:
        return invites.issue_to_guardian(session, self.sealer, session.exec(select(Guardian)).one(), NOW)

    def _first_pupil(self, session: Session) -> str:
        return session.exec(select(Pupil).where(Pupil.mis_key == self.sealer.blind("mis", "PUP-88001"))).one().id.hex

    def _copy_and_contest(self) -> None:
        """A pupil who has a flag asks for a copy, gets it, and contests the flag."""
        chat, flag = self.worker.run_now(self._flagged)
        self.tap(chat, "copy:ask")
        self.due()
        self.worker.run_now(self._agree)
        self.due()
        self.tap(chat, f"copy:note:{flag}")
        self.due()

    def _flagged(self, session: Session) -> tuple[int, str]:
        flag = session.exec(select(Flag)).one()
        return int(self.sealer.read(session.get_one(Binding, flag.pupil_id), "chat")), flag.id.hex

    def _agree(self, session: Session) -> None:
        copy = session.exec(select(CopyRequest)).one()
        (tutor,) = with_role(session, self.school.id, "tutor")
        desk.act(session, self.sealer, self.school, tutor, "copy_send", copy.id.hex, self.clock(), "press copy_send")

    def _whole_school(self, session: Session) -> None:
        """What the head asks for months later: sums of the wave, and what came of a flag and of a draw."""
        later = NOW + timedelta(weeks=10)
        wave, flag = session.exec(select(Wave)).one(), session.exec(select(Flag)).one()
        wave.state, flag.rule = "closed", MODEL
        session.add_all((wave, flag))
        assert add_up_next(session, self.sealer, self.school.id, later)
        board = new_board(1)
        points = float(flag_points(evidence(board))[0])
        agreed = replace(self.school, policy={**self.school.policy, "draw": True})
        ids = (flag.pupil_id, flag.group_id, flag.check_in_id)
        may_start(session, self.sealer, agreed, *ids, NOW, board, Bars(points, points))
        while follow_up_next(session, self.sealer, self.school.id, later):
            session.flush()

    def _send_some(self, session: Session) -> None:
        for network in ("telegram", "slack"):
            letters = outbox.claim(
                session,
                self.sealer,
                network=network,
                now=NOW + timedelta(hours=1),
                worker="w",
                lanes=LANES.values(),
                limit=99,
            )
            for letter in letters:
                outbox.sent(session, self.sealer, letter, NOW, {"chat": CHATS["PUP-88001"], "channel": "D0QUILLON7"})


_told: dict[str, tuple[Rows, Story]] = {}


@contextmanager
def told(engine: Engine, sealer: Sealer) -> Iterator[Story]:
    """Give the story, with all that it left in an empty store; it is told on the first store of each kind alone."""
    if engine.dialect.name not in _told:
        first = Story(engine, sealer)
        first.run()
        _told[engine.dialect.name] = (read_rows(engine), first)
        first.worker.close()
    else:
        with engine.begin() as writing:
            write_rows(writing, _told[engine.dialect.name][0])
    story = copy.copy(_told[engine.dialect.name][1])
    story.worker, story.clock, story.schools = Worker(engine), copy.copy(story.clock), Schools(story.school.id)
    story.runner = Runner(sealer, story.clock, "tests", bot="700000001")
    yield story
    story.worker.close()
