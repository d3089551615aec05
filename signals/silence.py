"""Silence: a change in a pupil's own rhythm of answering, once holidays, absence, outages and blocks are taken out.

Who never answers much is not silent; who used to and stopped is. Opting out never counts: nobody who stopped is asked.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Whole = NDArray[np.intp]
Truth = NDArray[np.bool_]

# Pupils answer about three of four check-ins; a new pupil is supposed to, with the weight of eight weeks.
USUAL_ANSWERED = 6.0
USUAL_MISSED = 2.0
LAMBDA = 0.3
MOST = 1.0


@dataclass(frozen=True, eq=False)
class Rhythm:
    """All (pupils,): weeks `answered` and `missed` (fading over a year), and `recent`, the EWMA of missing (0 to 1).

    `marks` are the last eight check-ins that could be answered, as bits (1 answered, the newest last), and `marked` how
    many of them there are.
    """

    answered: Array
    missed: Array
    recent: Array
    marks: Whole
    marked: Whole


def new_rhythm(pupils: int) -> Rhythm:
    """Begin with the usual rhythm."""
    usual, none = USUAL_MISSED / (USUAL_MISSED + USUAL_ANSWERED), np.zeros(pupils, dtype=np.intp)
    return Rhythm(np.full(pupils, USUAL_ANSWERED), np.full(pupils, USUAL_MISSED), np.full(pupils, usual), none, none)


def heard(rhythm: Rhythm, asked: Truth, answered: Truth) -> Rhythm:
    """Take in one check-in: answered, missed, or (not `asked`) one that could not be answered and says nothing."""
    missed = asked & ~answered
    counts = asked | answered
    fade = np.where(counts, 0.97, 1.0)
    return Rhythm(
        rhythm.answered * fade + answered,
        rhythm.missed * fade + missed,
        np.where(counts, (1 - LAMBDA) * rhythm.recent + LAMBDA * missed, rhythm.recent),
        np.where(counts, (rhythm.marks * 2 + answered) % 256, rhythm.marks),
        np.where(counts, np.minimum(rhythm.marked + 1, 8), rhythm.marked),
    )


def of_late(rhythm: Rhythm) -> tuple[Whole, Whole]:
    """How many of the last check-ins (eight at most) were answered: (pupils,) answered and (pupils,) of how many."""
    answered = np.array([int(marks).bit_count() for marks in rhythm.marks], dtype=np.intp)
    return answered, rhythm.marked


def silence(rhythm: Rhythm) -> Array:
    """How much more is missed of late than is this pupil's way: (pupils,), 0 to 1."""
    usual = rhythm.missed / (rhythm.missed + rhythm.answered)
    return np.clip(rhythm.recent - usual, 0.0, MOST)
