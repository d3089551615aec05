"""What the sample school's pupils answered: personal levels that wander, weeks that were missed, all from one seed.

A few pupils (`near`) are steady until their last check-in, which has two answers at the low end, so that the next low
check-in raises a flag; everybody else ends well away from it.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from functools import cache
from typing import Literal

from conversations.bank import CONTEXTS, FACTORS, LATEST, load
from conversations.bank.rotation import choose
from conversations.model import Band

Ending = Literal["answered", "partial", "missed"]
RecordedAnswer = tuple[str, int, int]

# How many places in the rotation the sample's pupils are spread over; each is worked out once a wave.
_PLACES = 48
# So many calm check-ins at the end keep one low check-in from raising a flag.
_CALM = 3
# The last check-ins that a `near` pupil has surely answered: enough for the rule to know their range.
_NEAR_ANSWERS = 6
_NEAR_USUAL: dict[Band, float] = {"young": 0.55, "older": 0.66}
_STATE_PULL = 0.7
_STATE_NOISE = 0.17
_STATE_JITTER = 0.35
_TRAIT_NOISE = 1.6


@dataclass(frozen=True)
class PastCheckIn:
    """One check-in of the past: how it ended, its answers in order, and how many minutes after opening it ended."""

    ending: Ending
    answers: tuple[RecordedAnswer, ...]
    minutes: float


class PupilPast:
    """One pupil's check-ins, given out wave by wave from the first to the last."""

    def __init__(self, seed: int, number: int, band: Band, waves: int, *, near: bool) -> None:
        self._chance = random.Random(f"past {seed} {number}")  # noqa: S311 (a sample, no secret)
        self._number = number
        self._band = band
        self._near = near
        self._endings = self._attend(waves)
        came = [wave for wave, ending in enumerate(self._endings) if ending != "missed"]
        self._last = came[-1] if came else -1
        self._calm_from = came[-_CALM] if len(came) >= _CALM else 0
        self._wave = 0
        # A near one is steady and in the middle of everything, so that it is the low answers that tell.
        usual = min(max(self._chance.gauss(0.62, 0.1), 0.4), 0.85)
        self._usual = _NEAR_USUAL[band] if near else usual
        self._today = 0.0
        spread = 0.1 if near else 0.9
        self._traits = {
            (factor, context): self._chance.gauss(0.0, spread) for factor in FACTORS for context in CONTEXTS
        }
        self._pace = self._chance.uniform(2_500, 7_000)

    def next(self) -> PastCheckIn:
        """Give out the check-in of the next wave."""
        wave, self._wave = self._wave, self._wave + 1
        ending = self._endings[wave]
        noise = 0.0 if self._near else _STATE_NOISE
        self._today = _STATE_PULL * self._today + self._chance.gauss(0.0, noise)
        if ending == "missed":
            return PastCheckIn(ending, (), 0.0)
        items = _chosen(wave, self._number % _PLACES, self._band)
        if ending == "partial":
            items = items[: self._chance.randint(1, len(items) - 1)]
        answers = tuple([self._answer(item, wave) for item in items])
        return PastCheckIn(ending, answers, 1 + self._chance.expovariate(1 / 70))

    def _attend(self, waves: int) -> list[Ending]:
        """Draw which waves are answered: everybody at their own rate, a missed week a little likelier after another."""
        rate = 0.95 if self._near else min(max(self._chance.gauss(0.885, 0.06), 0.6), 0.98)
        endings: list[Ending] = []
        for wave in range(waves):
            missed_before = bool(endings) and endings[-1] == "missed"
            sure = self._near and wave >= waves - _NEAR_ANSWERS
            if sure or self._chance.random() < (rate - 0.15 if missed_before else rate):
                endings.append("answered")
            else:
                endings.append("partial" if self._chance.random() < 0.2 else "missed")
        return endings

    def _answer(self, item: _Shape, wave: int) -> RecordedAnswer:
        chance = self._chance.random
        if item.cell is None:
            level = self._state_level(item.steps, wave)
            place = round(level * item.steps)
        else:
            trait = self._traits[item.cell] + (chance() - 0.5) * (0.5 if self._near else _TRAIT_NOISE)
            place = _place(0.5 + trait / 4, item.steps)
        # Most taps are quick and a few are slow.
        milliseconds = int(self._pace * (0.6 + 1.4 * chance() ** 3))
        return item.id, place if item.rises else item.steps - place, milliseconds

    def _state_level(self, steps: int, wave: int) -> float:
        """Draw a state answer from 0 (low end) to 1, in the steps the item has."""
        if self._near and wave == self._last:
            return 0.0
        level = _place(self._usual + self._today + (self._chance.random() - 0.5) * _STATE_JITTER, steps) / steps
        # Half-way up is not low.
        return max(level, 0.5) if self._near or wave >= self._calm_from else level


@dataclass(frozen=True)
class _Shape:
    """What drawing an answer needs of an item: its factor and context (None for a state item), steps, direction."""

    id: str
    cell: tuple[str, str] | None
    steps: int
    rises: bool


@cache
def _shape(id: str, band: Band) -> _Shape:
    item = load(LATEST).items[id]
    cell = (item.factor, item.context) if item.context else None
    return _Shape(id, cell, len(item.options[band]) - 1, item.direction == 1)


def _place(level: float, steps: int) -> int:
    """Find the step nearest to a level, which may lie beyond either end."""
    return 0 if level <= 0.0 else steps if level >= 1.0 else int(level * steps + 0.5)


@cache
def _chosen(round_number: int, place: int, band: Band) -> tuple[_Shape, ...]:
    return tuple(_shape(id, band) for id in choose(load(LATEST), round_number=round_number, seed=place))
