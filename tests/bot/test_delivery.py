"""Delivery: lanes, pace after a 429, expiry and quiet hours, leases, a store that fails, edits that are overtaken."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError
from sqlmodel import Session, select

from bot.delivery import CLAIM_MOST, FAULT_LOST_AFTER, OWN_TROUBLE_AFTER, Delivery
from bot.ends import Refused, Result, Sent, TryAgain
from bot.in_order import PATIENCE
from bot.pace import Limits, OneByOne
from bot.worker import T, Worker
from scheduling.school import SchoolFacts
from store import outbox
from store.ids import new_id
from store.outbox import LEASE, Letter
from store.sealing import Sealer
from store.tables import Outbox
from tests.bot.classroom import Hand
from tests.factories import NOW, make_school

FREE = Limits(most=10_000, seconds=1.0, chat_rate=10_000.0, chat_burst=10_000.0)


@dataclass
class Recorder:
    """A network that writes down what it is given; `answer` says what becomes of each letter, by its words."""

    answers: dict[str, list[Result]] = field(default_factory=dict)
    sent: list[str] = field(default_factory=list)
    gate: asyncio.Event | None = None
    message_id: int = 0

    def chat_of(self, letter: Letter) -> str:
        return str(letter.payload["chat"])

    def shows_twice(self, letter: Letter) -> bool:
        return letter.method == "send"

    async def send(self, letter: Letter) -> Result:
        words = str(letter.payload["words"])
        self.sent.append(words)
        if self.gate is not None:
            await self.gate.wait()
        if words == "broken":
            raise KeyError(words)
        planned = self.answers.get(words)
        if planned:
            return planned.pop(0)
        self.message_id += 1
        return Sent({"chat": letter.payload["chat"], "message_id": self.message_id})


class Disk(Worker):
    """A worker whose disk may be full."""

    full = False
    runs = 0

    async def run(self, work: Callable[[Session], T]) -> T:
        if self.full:
            raise OperationalError("COMMIT", {}, Exception("database or disk is full"))
        done = await super().run(work)
        self.runs += 1
        return done


@dataclass
class Post:
    """An outbox of its own, with one or more deliveries to work on it."""

    worker: Disk
    sealer: Sealer
    school: SchoolFacts
    clock: Hand = field(default_factory=Hand)
    recorder: Recorder = field(default_factory=Recorder)
    unreachable: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)

    def delivery(self, name: str = "me", limits: Limits = FREE, **more: Any) -> Delivery:  # noqa: ANN401
        def cut_off(_session: Session, letter: Letter, _now: datetime) -> None:
            self.unreachable.append(letter.recipient)

        def never_arrives(_session: Session, letter: Letter, _now: datetime) -> None:
            self.lost.append(letter.recipient)

        return Delivery(
            "telegram",
            self.recorder,
            self.worker,
            self.sealer,
            self.clock,
            name,
            limits,
            on_unreachable=cut_off,
            on_lost=never_arrives,
            **more,
        )

    def post(self, *words: str, lane: str = "reply", chat: int | None = None, **more: Any) -> list[Letter]:  # noqa: ANN401
        def write(session: Session) -> list[Letter]:
            letters = [
                outbox.post(
                    session,
                    self.sealer,
                    school_id=self.school.id,
                    network="telegram",
                    lane=lane,
                    method=more.get("method", "send"),
                    recipient=f"pupil:{word}",
                    payload={"chat": chat or word, "words": word, "message_id": more.get("message_id")},
                    dedupe=new_id().hex,
                    now=self.clock(),
                    slot=more.get("slot"),
                    not_before=more.get("not_before"),
                    expires_at=more.get("expires_at"),
                    lease_to=more.get("lease_to"),
                )
                for word in words
            ]
            return [letter for letter in letters if letter is not None]

        return self.worker.run_now(write)

    def rows(self) -> list[Outbox]:
        def read(session: Session) -> list[Outbox]:
            return sorted(session.exec(select(Outbox)).all(), key=lambda row: row.id)

        return self.worker.run_now(read)

    def states(self) -> list[tuple[str, str | None]]:
        return [(row.state, row.last_error) for row in self.rows()]

    def posted(self, slot: str) -> dict[str, Any] | None:
        return self.worker.run_now(lambda session: outbox.posted_ref(session, self.sealer, slot))


@pytest.fixture
async def post(engine: Engine, session: Session, sealer: Sealer) -> AsyncIterator[Post]:
    school = make_school(session)
    session.commit()
    worker = Disk(engine)
    yield Post(worker, sealer, school)
    worker.close()


@asynccontextmanager
async def running(*deliveries: Delivery) -> AsyncIterator[None]:
    stop = asyncio.Event()
    tasks = [asyncio.create_task(delivery.run(stop)) for delivery in deliveries]
    try:
        yield
    finally:
        stop.set()
        await asyncio.gather(*tasks)


async def until(condition: Callable[[], bool]) -> None:
    for _ in range(6_000):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it never came to be so")


async def settled(post: Post) -> None:
    """Wait until nothing waits any more."""
    await until(lambda: all(row.state != "waiting" for row in post.rows()))


# --- lanes ------------------------------------------------------------------------------------------------------------


async def test_urgent_goes_before_replies_and_replies_before_bulk_each_in_order(post: Post):
    post.post("b1", "b2", lane="bulk")
    post.post("r1", "r2", lane="reply")
    post.post("u1", "u2", lane="urgent")
    async with running(post.delivery(limits=Limits(1, 0.01, 100.0, 100.0))):
        await settled(post)
    assert post.recorder.sent == ["u1", "u2", "r1", "r2", "b1", "b2"]


async def test_a_reply_does_not_wait_behind_a_wave(post: Post):
    post.post(*(f"b{number}" for number in range(60)), lane="bulk")
    delivery = post.delivery(limits=Limits(20, 1.0, 100.0, 100.0))
    async with running(delivery):
        await until(lambda: len(post.recorder.sent) >= 5)
        before = len(post.recorder.sent)
        delivery.take(post.post("reply", lease_to="me"))
        await until(lambda: "reply" in post.recorder.sent)
        assert post.recorder.sent.index("reply") - before <= 2


async def test_a_hand_full_of_a_wave_that_may_not_leave_takes_replies_and_no_more_of_it(post: Post):
    post.recorder.answers = {"b0": [TryAgain("429", 3600.0)]}
    post.post(*(f"b{number}" for number in range(CLAIM_MOST + 100)), lane="bulk")
    delivery = post.delivery()
    async with running(delivery):
        await until(lambda: sum(row.leased_by == "me" for row in post.rows()) >= CLAIM_MOST)
        for number in range(5):
            post.post(f"r{number}")
            delivery.look()
            await until(lambda number=number: f"r{number}" in post.recorder.sent)
        # A hand that is nearly full is filled with a few more than there is room for.
        assert sum(row.leased_by == "me" for row in post.rows()) <= CLAIM_MOST + 20
    assert post.recorder.sent == ["b0", "r0", "r1", "r2", "r3", "r4"]


async def test_letters_to_one_chat_leave_one_at_a_time_in_the_order_they_were_written(post: Post):
    post.recorder.gate = asyncio.Event()
    delivery = post.delivery()
    delivery.take(post.post("one", "two", "three", chat=5, lease_to="me"))
    delivery.take(post.post("other", chat=6, lease_to="me"))
    async with running(delivery):
        await until(lambda: len(post.recorder.sent) == 2)
        await asyncio.sleep(0.05)
        assert post.recorder.sent == ["one", "other"]
        post.recorder.gate.set()
        await settled(post)
    assert post.recorder.sent == ["one", "other", "two", "three"]


async def test_what_was_just_committed_leaves_without_being_claimed_and_once(post: Post):
    delivery = post.delivery()
    letters = post.post("hello", lease_to="me")
    async with running(delivery):
        delivery.take(letters)
        delivery.take(letters)
        await settled(post)
    assert post.recorder.sent == ["hello"]
    assert [(row.state, row.attempts, row.leased_by) for row in post.rows()] == [("sent", 1, None)]
    assert delivery.counts == {"sent": 1, "again": 0, "refused": 0}


# --- what networks do -------------------------------------------------------------------------------------------------


async def test_retry_after_rests_one_method_in_one_lane_and_nothing_else(post: Post):
    post.recorder.answers = {"limited": [TryAgain("429", 3600.0)]}
    post.post("limited", lane="bulk")
    delivery = post.delivery()
    async with running(delivery):
        await until(lambda: "limited" in post.recorder.sent)
        await until(lambda: post.rows()[0].leased_by is None)
        post.post("bulk send", lane="bulk")
        post.post("bulk edit", lane="bulk", method="edit", slot="s")
        post.post("reply send", lane="reply")
        delivery.look()
        await until(lambda: len(post.recorder.sent) == 3)
        await asyncio.sleep(0.1)
    assert sorted(post.recorder.sent) == ["bulk edit", "limited", "reply send"]
    limited = post.rows()[0]
    assert (limited.state, limited.attempts, limited.last_error) == ("waiting", 1, "429")
    assert limited.not_before == NOW + timedelta(hours=1)


async def test_a_network_error_is_tried_again_after_a_backoff(post: Post):
    post.recorder.answers = {"hello": [TryAgain("TimedOut"), TryAgain("TimedOut")]}
    post.post("hello")
    delivery = post.delivery()
    async with running(delivery):
        for tried in (1, 2):
            await until(lambda tried=tried: post.rows()[0].attempts == tried)
            wait = post.rows()[0].not_before - post.clock()
            assert 0.25 * 2 ** (tried - 1) <= wait.total_seconds() <= 0.5 * 2 ** (tried - 1)
            post.clock.move(seconds=2)
            delivery.look()
        await settled(post)
    assert post.recorder.sent == ["hello"] * 3
    assert delivery.counts == {"sent": 1, "again": 2, "refused": 0}


async def test_a_refusal_is_final_and_a_block_is_told_of(post: Post):
    post.recorder.answers = {
        "gone": [Refused("the message is gone")],
        "blocked": [Refused("blocked", unreachable=True)],
    }
    post.post("gone", "blocked")
    async with running(post.delivery()):
        await settled(post)
    assert post.states() == [("failed", "the message is gone"), ("failed", "blocked")]
    assert post.unreachable == ["pupil:blocked"]
    assert sorted(post.lost) == ["pupil:blocked", "pupil:gone"]


async def test_a_letter_that_does_not_open_is_told_of_as_lost_and_the_others_arrive(post: Post):
    post.post("damaged", "fine")

    def damage(session: Session) -> None:
        row = session.exec(select(Outbox).where(Outbox.recipient == "pupil:damaged")).one()
        row.payload_sealed = row.payload_sealed[:-1] + bytes([row.payload_sealed[-1] ^ 1])
        session.add(row)

    post.worker.run_now(damage)
    async with running(post.delivery()):
        await settled(post)
    assert post.recorder.sent == ["fine"]
    assert post.lost == ["pupil:damaged"]


async def test_a_letter_with_a_fault_of_ours_is_told_of_as_lost_once_and_waits_on(post: Post):
    post.post("broken")
    delivery = post.delivery()
    async with running(delivery):
        for tried in range(1, FAULT_LOST_AFTER + 3):
            await until(lambda tried=tried: post.rows()[0].attempts == tried)
            assert post.lost == (["pupil:broken"] if tried >= FAULT_LOST_AFTER else [])
            post.clock.move(minutes=6)
            delivery.look()
    assert post.rows()[0].state == "waiting"


async def test_a_letter_that_cannot_be_rendered_waits_and_holds_nobody_up(post: Post):
    delivery = post.delivery()
    delivery.take(post.post("broken", "fine", chat=5, lease_to="me"))
    async with running(delivery):
        await until(lambda: post.rows()[1].state == "sent" and post.rows()[0].attempts == 1)
    row = post.rows()[0]
    assert (row.state, row.last_error, row.leased_by) == ("waiting", "fault: KeyError", None)


async def test_a_letter_that_alone_the_network_never_takes_holds_up_nothing_behind_it(post: Post):
    post.recorder.answers = {"stuck": [TryAgain("TimedOut")] * 9, "once": [TryAgain("TimedOut")]}
    delivery = post.delivery()
    async with running(delivery):
        post.post("fine", chat=6)
        delivery.look()
        await settled(post)
        letters = post.post("stuck", "behind", chat=5, lease_to="me")
        delivery.take([replace(letters[0], attempts=OWN_TROUBLE_AFTER), *letters[1:]])
        # What failed once waits for the network, and what was written after it waits behind it.
        delivery.take(post.post("once", "behind once", chat=7, lease_to="me"))
        await until(lambda: all(row.leased_by is None for row in post.rows()))
        await asyncio.sleep(0.05)
    assert sorted(post.recorder.sent) == ["behind", "fine", "once", "stuck"]


async def test_a_letter_that_says_no_chat_fails_alone_after_a_start_too(post: Post):
    post.post("lost", "fine")

    def no_chat(session: Session) -> None:
        row = session.exec(select(Outbox).where(Outbox.recipient == "pupil:lost")).one()
        post.sealer.write(row, "payload", {})
        # As it is found by a process that starts: late, and tried before.
        row.last_error = "TimedOut"
        session.add(row)

    post.worker.run_now(no_chat)
    async with running(post.delivery()):
        await settled(post)
    assert post.states() == [("failed", "fault: it says no chat"), ("sent", None)]
    assert post.lost == ["pupil:lost"]


async def test_a_loop_that_ends_by_itself_ends_delivery_loudly(post: Post):
    def broken() -> bool:
        raise KeyError

    delivery = post.delivery(may=broken)
    async with asyncio.timeout(10):
        with pytest.raises(KeyError):
            await delivery.run(asyncio.Event())


# --- time -------------------------------------------------------------------------------------------------------------


async def test_what_is_too_late_expires_and_is_not_sent(post: Post):
    post.post("late in the store", expires_at=NOW)
    late = post.post("late in hand", lease_to="me", expires_at=NOW)
    post.post("in time", expires_at=NOW + timedelta(seconds=1))
    delivery = post.delivery()
    delivery.take(late)
    async with running(delivery):
        await settled(post)
    assert post.recorder.sent == ["in time"]
    assert post.states() == [("expired", "too late to be of use")] * 2 + [("sent", None)]


async def test_what_is_not_yet_due_waits(post: Post):
    post.post("tomorrow", not_before=NOW + timedelta(days=1))
    delivery = post.delivery()
    async with running(delivery):
        await asyncio.sleep(0.1)
        assert post.recorder.sent == []
        post.clock.move(days=1)
        delivery.look()
        await settled(post)
    assert post.recorder.sent == ["tomorrow"]


async def test_quiet_hours_hold_what_comes_into_them(post: Post):
    morning = NOW + timedelta(hours=12)
    post.post("wave", lane="bulk")
    post.post("reply")

    def hold(letter: Letter, now: datetime) -> datetime | None:
        return morning if letter.lane == 2 and now < morning else None

    delivery = post.delivery(hold_until=hold)
    async with running(delivery):
        await until(lambda: post.rows()[0].last_error == "quiet hours" and post.rows()[1].state == "sent")
        assert post.recorder.sent == ["reply"]
        assert post.rows()[0].not_before == morning
        post.clock.now = morning
        delivery.look()
        await settled(post)
    assert post.recorder.sent == ["reply", "wave"]


# --- leases -----------------------------------------------------------------------------------------------------------


async def test_a_stop_hands_back_what_has_not_left(post: Post):
    slow = Limits(1, 3600.0, 1.0, 1.0)
    post.post("first", "second", "third")
    async with running(post.delivery(limits=slow)):
        await until(lambda: post.rows()[0].state == "sent" and post.rows()[2].leased_by == "me")
    assert [(row.state, row.leased_by, row.lease_until) for row in post.rows()[1:]] == [("waiting", None, None)] * 2
    async with running(post.delivery("next")):
        await settled(post)
    assert post.recorder.sent == ["first", "second", "third"]


async def test_a_stop_waits_for_what_is_on_the_wire(post: Post):
    post.recorder.gate = asyncio.Event()
    stop, delivery = asyncio.Event(), post.delivery()
    delivery.take(post.post("hello", lease_to="me"))
    task = asyncio.create_task(delivery.run(stop))
    await until(lambda: post.recorder.sent == ["hello"])
    stop.set()
    await asyncio.sleep(0.05)
    post.recorder.gate.set()
    await task
    assert post.states() == [("sent", None)]


async def test_nothing_leaves_while_another_may_be_sending(post: Post):
    sure = [True]
    delivery = post.delivery(may=lambda: sure[-1])
    async with running(delivery):
        sure.append(False)
        delivery.take(post.post("a", "b", lease_to="me"))
        await asyncio.sleep(0.3)
        assert post.recorder.sent == []
        sure.append(True)
        await settled(post)
    assert post.recorder.sent == ["a", "b"]


async def test_a_letter_that_was_chosen_before_the_process_hung_does_not_leave(post: Post):
    asked = list[None]()

    def may() -> bool:
        # It hangs between the choice of a letter and its leaving.
        asked.append(None)
        return len(asked) == 1

    delivery = post.delivery(may=may)
    delivery.take(post.post("a", lease_to="me"))
    async with running(delivery):
        await until(lambda: len(asked) > 2)
    assert (post.recorder.sent, post.states()) == ([], [("waiting", None)])


async def test_another_sends_what_a_process_that_died_had_leased(post: Post):
    post.post("left behind", lease_to="dead")
    delivery = post.delivery()
    async with running(delivery):
        await asyncio.sleep(0.1)
        assert post.recorder.sent == []
        post.clock.now += LEASE
        delivery.look()
        await settled(post)
    assert post.recorder.sent == ["left behind"]


async def test_two_deliveries_share_the_work_and_send_each_letter_once(post: Post):
    words = [f"w{number}" for number in range(100)]
    post.post(*words)
    async with running(post.delivery("one"), post.delivery("two")):
        await settled(post)
    assert sorted(post.recorder.sent) == sorted(words)


async def test_what_was_withdrawn_while_it_waited_here_is_not_sent(post: Post):
    delivery = post.delivery(limits=Limits(1, 1.3, 100.0, 100.0))
    post.post("first", "stopped", "last", lane="bulk")
    async with running(delivery):
        await until(lambda: post.recorder.sent == ["first"] and post.rows()[1].leased_by == "me")
        await post.worker.run(
            lambda session: outbox.withdraw(session, post.school.id, "pupil:stopped", post.clock(), lanes=[2])
        )
        await settled(post)
    assert post.recorder.sent == ["first", "last"]
    assert post.states() == [("sent", None), ("replaced", "withdrawn"), ("sent", None)]


# --- a store that fails -----------------------------------------------------------------------------------------------


async def test_what_was_sent_is_written_once_the_store_takes_it_and_not_sent_again(post: Post):
    delivery = post.delivery()
    letters = post.post("one", "two", lease_to="me")
    async with running(delivery):
        await until(lambda: post.worker.runs > 0)
        post.worker.full = True
        delivery.take(letters)
        await until(lambda: len(post.recorder.sent) == 2)
        await asyncio.sleep(0.7)
        assert [row.state for row in post.rows()] == ["waiting", "waiting"]
        # Longer than the lease: what is still known here must not be taken for something new.
        post.clock.move(minutes=2)
        post.worker.full = False
        await settled(post)
        await asyncio.sleep(0.1)
    assert post.recorder.sent == ["one", "two"]
    assert post.states() == [("sent", None)] * 2


async def test_one_end_that_cannot_be_written_does_not_keep_back_the_others(post: Post):
    def stumble(_session: Session, _letter: Letter, _now: datetime) -> None:
        raise ValueError

    post.recorder.answers = {"blocked": [Refused("blocked", unreachable=True)]}
    delivery = Delivery(
        "telegram", post.recorder, post.worker, post.sealer, post.clock, "me", FREE, on_unreachable=stumble
    )
    delivery.take(post.post("blocked", "fine", lease_to="me"))
    async with running(delivery):
        await settled(post)
    assert post.states() == [("failed", "fault: ValueError"), ("sent", None)]


async def test_a_wave_waits_for_what_it_has_sent_to_be_written_and_replies_do_not(post: Post):
    delivery = post.delivery()
    first = post.post("one", lane="bulk", lease_to="me")
    wave, reply = post.post("two", "three", lane="bulk", lease_to="me"), post.post("reply", lease_to="me")
    async with running(delivery):
        await until(lambda: post.worker.runs > 0)
        post.worker.full = True
        delivery.take(first)
        await until(lambda: post.recorder.sent == ["one"])
        await asyncio.sleep(0.05)
        delivery.take(wave + reply)
        await asyncio.sleep(0.7)
        assert post.recorder.sent == ["one", "reply"]
        post.worker.full = False
        await settled(post)
    assert sorted(post.recorder.sent) == ["one", "reply", "three", "two"]


# --- what a kill may repeat -------------------------------------------------------------------------------------------


@dataclass
class Unsure(Recorder):
    """A network that looks, as it takes each letter, how many it has been given that the store does not know of."""

    rows: Callable[[], list[Outbox]] = list
    seconds: float = 0.0
    unwritten: list[int] = field(default_factory=list)

    async def send(self, letter: Letter) -> Result:
        result = await super().send(letter)
        if letter.method == "send":
            written = sum(row.state == "sent" and row.method == "send" for row in await asyncio.to_thread(self.rows))
            self.unwritten.append(self.message_id - written)
        await asyncio.sleep(self.seconds)
        return result


@pytest.mark.parametrize("lane", ["urgent", "reply", "bulk"])
async def test_new_messages_to_many_chats_leave_one_by_one_each_once_the_one_before_is_written(post: Post, lane: str):
    post.recorder = Unsure(rows=post.rows, seconds=0.005)
    delivery = post.delivery(one_by_one=OneByOne(patience=60.0, most=60.0))
    delivery.take(post.post(*(f"w{number}" for number in range(20)), lane=lane, lease_to="me"))
    async with running(delivery):
        await settled(post)
    assert post.recorder.unwritten == [1] * 20


async def test_a_network_that_answers_slowly_is_given_several_replies_at_once(post: Post):
    post.recorder.gate = asyncio.Event()
    delivery = post.delivery()
    delivery.take(post.post("one", "two", "three", lease_to="me"))
    async with running(delivery):
        await until(lambda: len(post.recorder.sent) == 3)
        post.recorder.gate.set()
        await settled(post)


async def test_edits_wait_for_no_new_message_nor_new_messages_for_them(post: Post):
    post.recorder.gate = asyncio.Event()
    delivery = post.delivery(one_by_one=OneByOne(patience=60.0, most=60.0))
    delivery.take(post.post("edit", "edit too", method="edit", message_id=7, lease_to="me"))
    delivery.take(post.post("new", "second", lease_to="me"))
    delivery.take(post.post("edited last", method="edit", message_id=7, lease_to="me"))
    async with running(delivery):
        await until(lambda: len(post.recorder.sent) == 4)
        await asyncio.sleep(0.05)
        assert post.recorder.sent == ["edit", "edit too", "new", "edited last"]
        post.recorder.gate.set()
        await settled(post)


# --- edits ------------------------------------------------------------------------------------------------------------


async def test_an_edit_overtaken_by_a_later_one_of_the_same_message_is_replaced(post: Post):
    delivery = post.delivery(limits=Limits(100, 1.0, 4.0, 1.0))
    edits = {"method": "edit", "message_id": 7, "chat": 5, "lease_to": "me"}
    async with running(delivery):
        for words in ("first", "second", "third", "fourth"):
            delivery.take(post.post(words, **edits))
        await settled(post)
    assert post.recorder.sent == ["first", "fourth"] or post.recorder.sent == ["fourth"]
    overtaken = ("replaced", "a later edit overtook it")
    assert post.states()[1:] == [overtaken, overtaken, ("sent", None)]


async def test_an_edit_tried_again_never_undoes_a_later_one(post: Post):
    post.recorder.answers = {"older": [TryAgain("TimedOut")]}
    delivery = post.delivery()
    edits = {"method": "edit", "slot": "check-in:1", "chat": 5, "lease_to": "me"}
    async with running(delivery):
        delivery.take(post.post("older", **edits))
        await until(lambda: post.rows()[0].attempts == 1)
        delivery.take(post.post("newer", **edits))
        await until(lambda: post.rows()[1].state == "sent")
        post.clock.move(seconds=5)
        delivery.look()
        await settled(post)
    assert post.recorder.sent == ["older", "newer"]
    assert [row.state for row in post.rows()] == ["replaced", "sent"]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"message_id": 7}, {"message_id": 8}),
        ({"message_id": 7}, {"message_id": 7, "chat": 6}),
        ({"slot": "a"}, {"slot": "b"}),
        ({"method": "send", "slot": "a"}, {"slot": "a"}),
        ({"method": "send", "slot": "a"}, {"method": "send", "slot": "a"}),
    ],
)
async def test_only_edits_of_one_message_overtake_each_other(post: Post, first: dict[str, Any], second: dict[str, Any]):
    delivery = post.delivery()
    same = {"method": "edit", "chat": 5, "lease_to": "me"}
    letters = post.post("one", **(same | first)) + post.post("two", **(same | second))
    delivery.take(letters)
    async with running(delivery):
        await settled(post)
    assert sorted(post.recorder.sent) == ["one", "two"]


async def test_an_edit_that_follows_its_post_finds_where_it_lies(post: Post):
    seen: list[dict[str, Any] | None] = []

    class Looking(Recorder):
        async def send(self, letter: Letter) -> Result:
            if letter.method == "edit":
                seen.append(await post.worker.run(lambda session: outbox.posted_ref(session, post.sealer, "slot")))
                return Sent()
            return await super().send(letter)

    post.recorder = Looking()
    delivery = post.delivery()
    async with running(delivery):
        for words in ("first", "moved"):
            delivery.take(post.post(words, chat=5, slot="slot", lease_to="me"))
            delivery.take(post.post(f"{words} edit", chat=5, slot="slot", method="edit", lease_to="me"))
            await settled(post)
    assert seen == [{"chat": 5, "message_id": 1}, {"chat": 5, "message_id": 2}]
    assert post.posted("slot") == {"chat": 5, "message_id": 2}


# --- a network that is away for an hour -------------------------------------------------------------------------------


@dataclass
class Outage(Recorder):
    """A network that takes nothing until a moment."""

    clock: Callable[[], datetime] = lambda: NOW
    back: datetime = NOW
    tried: int = 0

    async def send(self, letter: Letter) -> Result:
        self.tried += 1
        return TryAgain("TimeoutError") if self.clock() < self.back else await super().send(letter)


async def test_after_an_hour_without_a_network_everything_arrives_once_and_in_order(post: Post):
    outage = Outage(clock=post.clock, back=NOW + timedelta(hours=1))
    post.recorder = outage
    # A minute of this clock is an instant of ours, which a claim may take.
    delivery = post.delivery(patience=timedelta(hours=1))
    written: list[str] = []
    async with running(delivery):
        for minute in range(75):
            if minute % 10 == 0:
                written.append(f"w{minute:02}")
                # Every second one is handed over at once, as what was just committed is.
                mine = bool(minute % 20)
                letters = post.post(written[-1], chat=5, lane="urgent", lease_to="me" if mine else None)
                if mine:
                    delivery.take(letters)
            post.clock.move(seconds=60)
            delivery.look()
            await asyncio.sleep(0.03)
        await until(lambda: post.clock.move(seconds=1) is None and all(row.state == "sent" for row in post.rows()))
    assert outage.sent == written
    assert len(outage.sent) == 8
    assert outage.tried > len(written)


async def test_one_that_is_withdrawn_meanwhile_holds_the_next_up_for_seconds_only(post: Post):
    post.recorder.answers = {"first": [TryAgain("TimeoutError")]}
    post.post("first", chat=5)
    delivery = post.delivery()
    async with running(delivery):
        await until(lambda: post.rows()[0].attempts == 1 and post.rows()[0].leased_by is None)
        post.worker.run_now(lambda session: session.delete(session.exec(select(Outbox)).one()))
        post.post("second", chat=5)
        delivery.look()
        await asyncio.sleep(0.1)
        assert post.recorder.sent == ["first"]
        post.clock.move(seconds=PATIENCE.total_seconds() + 1)
        delivery.look()
        await settled(post)
    assert post.recorder.sent == ["first", "second"]


@pytest.mark.parametrize("how", ["stopped", "killed"])
async def test_after_a_restart_what_waited_for_a_network_still_comes_before_what_is_new(post: Post, how: str):
    outage = Outage(clock=post.clock, back=NOW + timedelta(hours=1))
    post.recorder = outage
    first = post.delivery("before")
    if how == "stopped":
        async with running(first):
            post.post("one", "two", chat=5, lane="urgent")
            first.look()
            await until(lambda: post.rows()[0].attempts == 1 and post.rows()[1].last_error == "behind another")
    else:
        # It died with both in hand; as the next one starts, what it had leased is given back.
        post.post("one", "two", chat=5, lane="urgent", lease_to="before")
        post.worker.run_now(lambda session: outbox.release(session))
    post.clock.move(seconds=3_600)
    second = post.delivery("after")
    # Before it has looked at the store, somebody presses: that is handed over at once.
    second.take(post.post("three", chat=5, lane="urgent", lease_to="after"))
    async with running(second):
        await until(lambda: post.clock.move(seconds=1) is None and all(row.state == "sent" for row in post.rows()))
    assert outage.sent == ["one", "two", "three"]


async def test_a_store_out_of_reach_at_the_start_keeps_what_is_new_from_overtaking(post: Post):
    post.post("one", chat=5)
    post.worker.full = True
    delivery = post.delivery()
    delivery.take(post.post("two", chat=5, lease_to="me"))
    async with running(delivery):
        await asyncio.sleep(0.1)
        assert post.recorder.sent == []
        post.worker.full = False
        await settled(post)
    assert post.recorder.sent == ["one", "two"]
