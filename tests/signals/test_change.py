"""Change: against a pupil's own usual, with a baseline that stands still while it lasts."""

from __future__ import annotations

import numpy as np
import pytest

from signals.change import ALARM, COMES_AND_GOES, FALSE_ALARMS, MOST, Track, follow, new_track, reliable_change


def weeks(levels: list[float | None], precision: float = 1.5) -> Track:
    track = new_track(1, 5)
    for level in levels:
        given = np.zeros((1, 5)) if level is None else np.full((1, 5), level)
        track = follow(track, given, np.full((1, 5), 0.0 if level is None else precision))
    return track


def test_a_steady_pupil_is_in_no_alarm_and_their_usual_is_their_level():
    track = weeks([0.8] * 30)
    assert not track.alarmed.any()
    assert track.usual[0] == pytest.approx([0.8] * 5, abs=0.2)
    assert track.recent[0] == pytest.approx([0.0] * 5, abs=0.2)


def test_a_lasting_fall_alarms_and_freezes_the_usual():
    before, after = weeks([0.8] * 20), weeks([0.8] * 20 + [-1.2] * 12)
    assert after.alarmed.all()
    assert after.falling[0, 4] > ALARM
    assert after.usual[0, 4] > 0
    longer = weeks([0.8] * 20 + [-1.2] * 20)
    assert longer.usual[0, 4] == after.usual[0, 4]
    assert before.usual[0, 4] > after.usual[0, 4] - 1e-9


def test_a_rise_is_the_mirror_of_a_fall():
    fall, rise = weeks([0.5] * 10 + [-1.5] * 6), weeks([-0.5] * 10 + [1.5] * 6)
    assert np.allclose(fall.falling, rise.rising)
    assert np.allclose(fall.usual, -rise.usual)


def false_alarms(bar: float) -> float:
    """False alarms of a fall in a school year, of a pupil who answers each week and is as they always were."""
    chance, pupils, school_weeks, precision = np.random.default_rng(2), 2_000, 36, 1.0
    track, before, alarms = new_track(pupils, 5), np.zeros(pupils, dtype=bool), 0
    usual = chance.normal(0, 0.8, (pupils, 5))
    spread = np.sqrt(COMES_AND_GOES + 1 / precision)
    for _ in range(school_weeks):
        seen = usual + chance.normal(0, spread, (pupils, 5))
        track = follow(track, seen, np.full((pupils, 5), precision))
        falling = track.falling[:, 4] > bar
        alarms, before = alarms + int((falling & ~before).sum()), falling
    return alarms / pupils


def test_the_bar_of_the_cusum_keeps_false_alarms_within_their_budget():
    assert 0 < false_alarms(ALARM) < FALSE_ALARMS / 1.5
    assert false_alarms(ALARM - 1) > FALSE_ALARMS


def test_a_week_without_answers_changes_nothing():
    assert np.array_equal(weeks([0.5] * 6).falling, weeks([0.5] * 6 + [None] * 9).falling)


def test_an_alarm_ends_within_weeks_of_the_level_coming_back():
    there = weeks([0.8] * 20 + [-1.2] * 40)
    assert there.falling.max() <= MOST
    back = weeks([0.8] * 20 + [-1.2] * 40 + [0.8] * 26)
    assert not back.alarmed[0, :4].any()


def test_reliable_change_is_the_difference_over_its_error():
    one = np.array([1.0])
    assert reliable_change(one * 2, one, one * 0.3, one * 0.4) == pytest.approx([2.0])
    assert reliable_change(one * 2, one, one * 0, one * 0) == pytest.approx([0.0])
