"""Change: a pupil against their own usual. EWMA, CUSUM and the reliable change index, on a baseline that stands still.

The baseline is the slow average of a pupil's own levels. While a series is in alarm its baseline is frozen, or a
lasting change would become the new usual before anybody looked. (EWMA: Roberts, 1959; CUSUM: Page, 1954; reliable
change: Jacobson and Truax, 1991.)
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Truth = NDArray[np.bool_]

LAMBDA = 0.3
SLACK = 0.5
# The bar of the CUSUM is set by how many false alarms of a fall a steady pupil who answers each week may have in a
# school year: the budget of false onsets. With 3 they are half of it (in the benchmark's world, where weeks are missed
# and less is shown, 0.08), with 2 more than all.
FALSE_ALARMS = 0.4
ALARM = 3.0
MOST = 8.0
SURE = 20.0
# The change looked for, in SD of the population, and how far a week lies from the usual without any: variances of what
# comes and goes, of the day, and of what the two contexts have apart.
SOUGHT = np.array([0.7, 0.7, 0.7, 0.7, 1.0])
COMES_AND_GOES = np.array([0.4, 0.4, 0.4, 0.4, 1.25])
WEEKS_FIRST = 4


@dataclass(frozen=True, eq=False)
class Track:
    """All (pupils, series): `usual` the baseline (SD) with its `precision`, and `seen`, how many weeks it is made of;
    `recent` the EWMA of the distance from it (SD); `rising` and `falling` the two CUSUMs (in units of evidence)."""

    usual: Array
    precision: Array
    seen: Array
    recent: Array
    rising: Array
    falling: Array

    @property
    def alarmed(self) -> Truth:
        """Which series are in alarm."""
        return np.asarray(np.maximum(self.rising, self.falling) > ALARM)

    @property
    def lower(self) -> Truth:
        """Which series are in alarm for a fall and still lower: the alarm dies down slowly, the EWMA within weeks."""
        return np.asarray((self.falling > ALARM) & (self.recent < -SLACK * SOUGHT))


def new_track(pupils: int, series: int) -> Track:
    """Begin with the population's middle as a baseline, worth little."""
    zero = np.zeros((pupils, series))
    return Track(zero, zero + 1.0, zero, zero, zero, zero)


def follow(track: Track, observed: Array, precision: Array) -> Track:
    """Take in what one week said of each series: (pupils, series) levels in SD and precisions, 0 where nothing was."""
    news = precision > 0
    noise = COMES_AND_GOES + 1 / np.where(news, precision, 1.0)
    known = news & (track.seen >= WEEKS_FIRST)
    distance = np.where(known, observed - track.usual, 0.0)
    variance = noise + 1 / track.precision
    rising = np.where(known, cusum(track.rising, distance, variance), track.rising)
    falling = np.where(known, cusum(track.falling, -distance, variance), track.falling)
    recent = np.where(known, ewma(track.recent, distance), track.recent)
    calm = news & ~(np.maximum(rising, falling) > ALARM)
    sure = np.where(calm, np.minimum(track.precision + 1 / noise, SURE), track.precision)
    usual = track.usual + np.where(calm, (observed - track.usual) / noise / sure, 0.0)
    return Track(usual, sure, track.seen + news, recent, rising, falling)


def ewma(before: Array, new: Array) -> Array:
    """Exponentially weighted average: 0.3 of the new, 0.7 of what was."""
    return (1 - LAMBDA) * before + LAMBDA * new


def cusum(before: Array, distance: Array, variance: Array) -> Array:
    """One-sided cumulative sum of the evidence (log-likelihood ratio) for a change of SOUGHT; above ALARM is an alarm.

    It is bounded, so that an alarm ends within weeks of the level coming back.
    """
    return np.clip(before + SOUGHT * (distance - SLACK * SOUGHT) / variance, 0.0, MOST)


def reliable_change(now: Array, usual: Array, error_now: Array, error_usual: Array) -> Array:
    """Reliable change index: the difference over its standard error; beyond 1.96 it is unlikely to be chance."""
    error = np.sqrt(error_now**2 + error_usual**2)
    return np.where(error > 0, (now - usual) / np.maximum(error, 1e-9), 0.0)
