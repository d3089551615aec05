"""Pace: the networks' limits are never passed, bulk uses them to the full, and a reply waits at most one space."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.pace import SLACK, TELEGRAM, Bucket, Flight, Limits, OneByOne, Pace, Window, too_many

HAIR = 1e-6


@st.composite
def runs(draw: st.DrawFn) -> list[tuple[float, bool, float]]:
    """What wants to leave: the idle time before it (s), whether it is bulk, and how late the sender wakes (s)."""
    idle = st.one_of(st.just(0.0), st.floats(0, 0.2), st.floats(0, 3))
    late = st.one_of(st.just(0.0), st.floats(0, 0.05), st.floats(0, 2))
    return draw(st.lists(st.tuples(idle, st.booleans(), late), min_size=1, max_size=100))


@given(runs(), st.integers(1, 40), st.floats(0.1, 5), st.randoms(use_true_random=False))
def test_no_window_at_the_network_ever_holds_more_than_most_however_uneven_the_way(
    run: list[tuple[float, bool, float]], most: int, seconds: float, random: Random
):
    window, now, arrivals = Window(most, seconds), 1_000.0, []
    flying: list[tuple[float, Flight]] = []

    def land() -> None:
        for answered, flight in flying:
            if answered <= now:
                flight.landed = answered
        flying[:] = [(answered, flight) for answered, flight in flying if flight.landed is None]

    for idle, bulk, late in run:
        now += idle
        land()
        now += window.wait(now, bulk=bulk) + late
        land()
        # Sums of fractions may leave a hair, and a message may have landed late; a sender asks again after its wait.
        while (more := window.wait(now, bulk=bulk)) > 0:
            now += more
            land()
        flight = window.take(now)
        there, back = random.uniform(0, 0.45 * seconds), random.uniform(0, 0.45 * seconds)
        arrivals.append(now + there)
        flying.append((now + there + back, flight))
    arrivals.sort()
    for first, beyond in zip(arrivals, arrivals[most:], strict=False):
        assert beyond - first >= seconds - HAIR


def test_a_message_without_an_answer_keeps_its_place_one_window_longer_at_most():
    window = Window(1, 2.0)
    window.take(10.0)
    assert [window.wait(now, bulk=False) for now in (10.0, 11.0, 12.0, 13.0, 14.0)] == [2.0, 2.0, 2.0, 1.0, 0.0]


@pytest.mark.parametrize(("way", "least"), [(0.0, 29.0), (0.01, 28.7), (0.1, 26.3)])
@given(random=st.randoms(use_true_random=False), latest=st.sampled_from([0.0, 0.001, 0.01, 0.02]))
def test_bulk_uses_the_limit_to_the_full_though_the_sender_wakes_late(
    way: float, least: float, random: Random, latest: float
):
    pace, now, begun = Pace(TELEGRAM), 50.0, 50.0
    for number in range(600):
        now += pace.wait(now, chat=str(number), method="send", lane=2)
        now += random.uniform(0.0, latest) if number % 10 == 0 else 0.0
        while (more := pace.wait(now, chat=str(number), method="send", lane=2)) > 0:
            now += more
        pace.take(now, chat=str(number), method="send").landed = now + way
    assert 600 / (now - begun) >= least


@given(st.integers(0, 200), st.floats(0, 1))
def test_a_reply_in_the_midst_of_bulk_waits_one_space_at_most(before: int, share: float):
    window, now = Window(TELEGRAM.most, TELEGRAM.seconds), 10.0
    for _ in range(before):
        now += window.wait(now, bulk=True)
        window.take(now).landed = now
    space = TELEGRAM.seconds / TELEGRAM.most
    assert window.wait(now + share * space, bulk=False) <= space + HAIR


def test_replies_alone_may_leave_at_once_until_the_window_is_full():
    pace = Pace(TELEGRAM)
    for number in range(TELEGRAM.most):
        assert pace.wait(5.0, chat=str(number), method="send", lane=1) == 0.0
        pace.take(5.0, chat=str(number), method="send").landed = 5.0
    assert round(pace.wait(5.0, chat="x", method="send", lane=1), 6) == TELEGRAM.seconds
    assert round(pace.wait_over_all(5.5, lane=0), 6) == round(TELEGRAM.seconds - 0.5, 6)


def test_a_chat_has_a_small_burst_and_then_one_a_second():
    pace, now, times = Pace(TELEGRAM), 0.0, []
    for _ in range(8):
        now += pace.wait(now, chat="one", method="send", lane=1)
        pace.take(now, chat="one", method="send")
        times.append(round(now, 6))
    assert times == [0, 0, 0, 0, 0, 1, 2, 3]
    assert pace.wait(now, chat="other", method="send", lane=1) == 0.0


def test_a_pause_rests_one_method_in_one_lane():
    pace = Pace(TELEGRAM)
    pace.pause(100.0, 7.0, method="send", lane=2)
    pace.pause(100.0, 3.0, method="send", lane=2)
    waits = {
        (method, lane): pace.wait(101.0, chat="a", method=method, lane=lane)
        for method in ("send", "edit")
        for lane in (0, 1, 2)
    }
    assert waits == {(method, lane): 6.0 if (method, lane) == ("send", 2) else 0.0 for method, lane in waits}
    assert pace.wait(107.0, chat="a", method="send", lane=2) == 0.0


def test_a_method_with_a_budget_of_its_own_keeps_to_it():
    pace, now, times = Pace(SLACK), 500.0, []
    for number in range(13):
        now += pace.wait(now, chat=f"home:{number}", method="home", lane=1)
        pace.take(now, chat=f"home:{number}", method="home")
        times.append(now)
    assert times[:10] == [500.0] * 10
    assert [round(later - earlier, 6) for earlier, later in pairwise(times[9:])] == [0.666667] * 3


@given(st.lists(st.floats(0, 4), min_size=1, max_size=60), st.floats(0.2, 5), st.integers(1, 6))
def test_a_bucket_never_gives_more_than_its_burst_and_what_has_flowed_in(idle: list[float], rate: float, burst: int):
    bucket, now, times = Bucket(rate, float(burst)), 0.0, []
    for pause in idle:
        now += pause
        now += bucket.wait(now)
        bucket.take(now)
        times.append(now)
    for index, first in enumerate(times):
        for number, last in enumerate(times[index:], start=1):
            assert number <= burst + (last - first) * rate + 1e-5


def test_chats_long_silent_are_forgotten():
    pace = Pace(Limits(most=10_000, seconds=1.0, chat_rate=1.0, chat_burst=5.0))
    for number in range(4_002):
        pace.take(float(number), chat=str(number), method="send")
    assert pace.wait(4_001.0, chat="4001", method="send", lane=1) == 0.0
    assert len(pace._chats) <= 10


def test_too_many_counts_what_happened_in_the_last_seconds_alone():
    times = deque[float]()
    assert not too_many(5.0, times, 2, 10.0)
    times.extend((5.0, 6.0))
    assert [too_many(now, times, 2, 10.0) for now in (6.0, 15.0, 15.1)] == [True, True, False]
    assert list(times) == [6.0]


# --- one by one -------------------------------------------------------------------------------------------------------


def test_nothing_is_held_while_all_that_left_is_written():
    gate = OneByOne()
    assert gate.wait(10.0, since=10.0, bulk=False) == 0.0
    gate.leave("a")
    gate.written("a", 10.01)
    assert gate.wait(10.01, since=10.01, bulk=True) == 0.0


def test_a_reply_is_held_until_the_one_before_it_is_written_or_it_has_waited_long_enough():
    gate = OneByOne(patience=0.1)
    gate.leave("a")
    assert [round(gate.wait(now, since=10.0, bulk=False), 6) for now in (10.0, 10.06, 10.1, 10.2)] == [0.1, 0.04, 0, 0]
    gate.leave("b")
    gate.written("a", 10.2)
    assert gate.wait(10.2, since=10.2, bulk=False) > 0
    gate.written("b", 10.21)
    assert gate.wait(10.21, since=10.21, bulk=False) == 0.0


def test_a_reply_behind_one_message_waits_longer_than_behind_several_of_which_a_kill_repeats_more_than_one_anyway():
    gate = OneByOne()
    gate.leave("a")
    assert [round(gate.wait(now, since=10.0, bulk=False), 6) for now in (10.0, 10.2, 10.5)] == [0.5, 0.3, 0]
    gate.leave("b")
    assert [round(gate.wait(now, since=20.0, bulk=False), 6) for now in (20.0, 20.2)] == [0.1, 0]


def test_what_bulk_was_held_leaves_a_reply_behind_one_message_what_it_may_wait():
    gate = OneByOne()
    gate.leave("a")
    gate.wait(10.0, since=10.0, bulk=True)
    assert gate.wait(15.0, since=10.0, bulk=True) == 0.0
    gate.written("a", 15.0)
    gate.leave("b")
    assert gate.wait(15.1, since=15.1, bulk=False) == 0.5
    # Of a wave that leaves at the pace no reply waits for anything.
    gate.leave("c")
    assert round(gate.wait(15.1, since=15.1, bulk=False), 2) == 0.0


def test_what_was_never_out_changes_nothing():
    gate = OneByOne()
    gate.leave("a")
    gate.written("an edit", 1.0)
    assert gate.wait(1.0, since=1.0, bulk=True) > 0


@pytest.mark.parametrize(
    ("answered", "most"),
    # One at a time while a message takes less than its place in the pace; else as many as the pace needs.
    [(0.01, 1), (0.03, 1), (0.1, 4), (0.3, 9)],
)
def test_a_wave_goes_one_by_one_and_is_hardly_later_however_slow_the_network(answered: float, most: int):
    freely, _ = _wave(1_035, lambda _number: answered, OneByOne(most=0.0))
    took, together = _wave(1_035, lambda _number: answered, OneByOne())
    assert max(together) == most
    assert freely <= took <= freely + 1.5


def test_a_moment_in_which_all_stands_still_does_not_make_a_wave_leave_several_at_once():
    took, together = _wave(1_035, lambda number: 0.3 if number % 400 == 0 else 0.01, OneByOne())
    assert max(together) == 1
    assert took <= 1.05 * 1_035 / 30


def _wave(length: int, answered: Callable[[int], float], gate: OneByOne) -> tuple[float, list[int]]:
    """Let a wave leave; gives how long it took (seconds), and how many were on their way as each left."""
    pace, now, together = Pace(TELEGRAM), 50.0, list[int]()
    out: dict[int, tuple[float, Flight]] = {}
    for number in range(length):
        since = now
        while True:
            for message, (at, flight) in sorted(out.items(), key=lambda one: one[1][0]):
                if at <= now + HAIR:
                    flight.landed = at
                    gate.written(message, at)
                    del out[message]
            wait = pace.wait(now, chat=str(number), method="send", lane=2) or gate.wait(now, since=since, bulk=True)
            if wait <= HAIR:
                break
            now = min(now + wait, *(at for at, _ in out.values())) if out else now + wait
        flight = pace.take(now, chat=str(number), method="send")
        gate.leave(number)
        out[number] = (now + answered(number), flight)
        together.append(len(out))
    return now - 50.0, together


def test_only_bulk_spends_what_bulk_may_be_held_and_a_hundredth_of_the_time_comes_back():
    gate = OneByOne()
    gate.leave("a")
    gate.wait(10.0, since=10.0, bulk=False)
    assert [round(gate.wait(now, since=0.0, bulk=True), 6) for now in (10.4, 10.8)] == [1.0, 0.6]
    gate.written("a", 10.8)
    for now, left in ((10.8, 0.6), (30.8, 0.8), (500.0, 1.0)):
        gate.leave("b")
        assert round(gate.wait(now, since=0.0, bulk=True), 6) == left
        gate.written("b", now)
