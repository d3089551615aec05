"""What the sample school's pupils answered: personal levels that wander, weeks that were missed, all from one seed.

Nobody in this history would have been flagged by `signals.first_flag` at any time. A few pupils (`near`) end with two
answers at the low end, so that the next low check-in raises a flag; everybody else ends well away from it.
"""

from __future__ import annotations

import random
from collections import deque
from dataclasses import dataclass
from functools import cache
from typing import Literal

from conversations.bank import CONTEXTS, FACTORS, LATEST, Bank, Item, load
from conversations.bank.rotation import choose
from conversations.model import Band
from scheduling.jobs import HISTORY
from signals.first_flag import low_run

Ending = Literal["answered", "partial", "missed"]
RecordedAnswer = tuple[str, int, int]

# How many places in the rotation the sample's pupils are spread over; each is worked out once a wave.
_PLACES = 48
# After this many calm check-ins (at least three state answers) one low check-in cannot raise a flag.
_CALM = 3
# The last check-ins that a `near` pupil has surely answered: enough for the rule to know their range.
_NEAR_ANSWERS = 6
_STATE_PULL = 0.7
_STATE_NOISE = 0.17
_TRAIT_NOISE = 0.45


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
        # As far back as the scoring job looks.
        self._levels: deque[list[float]] = deque(maxlen=HISTORY)
        self._usual = min(max(self._chance.gauss(0.62, 0.1), 0.4), 0.85)
        self._today = 0.0
        self._traits = {(factor, context): self._chance.gauss(0.0, 0.9) for factor in FACTORS for context in CONTEXTS}
        self._pace = self._chance.uniform(2_500, 7_000)

    def next(self) -> PastCheckIn:
        """Give out the check-in of the next wave."""
        wave, self._wave = self._wave, self._wave + 1
        ending = self._endings[wave]
        self._today = _STATE_PULL * self._today + self._chance.gauss(0.0, _STATE_NOISE)
        if ending == "missed":
            return PastCheckIn(ending, (), 0.0)
        ids = _chosen(wave, self._number % _PLACES)
        if ending == "partial":
            ids = ids[: self._chance.randint(1, len(ids) - 1)]
        self._levels.append([])
        answers = tuple((id, self._option(_bank().items[id], wave), self._milliseconds()) for id in ids)
        return PastCheckIn(ending, answers, self._chance.expovariate(1 / 70) + sum(ms for *_, ms in answers) / 60_000)

    def _attend(self, waves: int) -> list[Ending]:
        """Draw which waves are answered: everybody at their own rate, a missed week a little likelier after another."""
        rate = min(max(self._chance.gauss(0.885, 0.06), 0.6), 0.98)
        endings: list[Ending] = []
        for wave in range(waves):
            missed_before = bool(endings) and endings[-1] == "missed"
            sure = self._near and wave >= waves - _NEAR_ANSWERS
            if sure or self._chance.random() < (rate - 0.15 if missed_before else rate):
                endings.append("answered")
            else:
                endings.append("partial" if self._chance.random() < 0.2 else "missed")
        return endings

    def _milliseconds(self) -> int:
        return int(max(700, self._chance.lognormvariate(0.0, 0.35) * self._pace))

    def _option(self, item: Item, wave: int) -> int:
        steps = len(item.options[self._band]) - 1
        if item.kind == "state":
            level = self._state_level(steps, wave)
            self._levels[-1].append(level)
        else:
            trait = self._traits[item.factor, item.context or ""] + self._chance.gauss(0.0, _TRAIT_NOISE)
            level = _nearest(0.5 + trait / 4, steps)
        place = round(level * steps)
        return place if item.direction == 1 else steps - place

    def _state_level(self, steps: int, wave: int) -> float:
        """Draw a state answer from 0 (low end) to 1, in the steps the item has, that raises no flag."""
        if self._near and wave == self._last:
            return 0.0
        # The rule says nothing of a pupil whose answers were all alike.
        if self._near and wave == len(self._endings) - _NEAR_ANSWERS + 1:
            return 0.5 if self._levels[-1] else 1.0
        level = _nearest(self._usual + self._today + self._chance.gauss(0.0, 0.1), steps)
        known = [one for past in self._levels for one in past]
        # Half-way up their own range is calm: near to usual, and not low even when old answers drop out of sight.
        floor = max(0.5, (min(known) + max(known)) / 2) if known and wave >= self._calm_from else 0.0
        while level < 1.0 and (level < floor or low_run([*known, level]) is not None):
            level = min(1.0, level + 1 / steps)
        return level


def state_levels(answers: list[tuple[str, int | None, int]], band: Band, version: str) -> list[float]:
    """Read the state answers of one check-in as levels from 0 (the low end of the item) to 1, in asking order."""
    levels = []
    for id, option, _ in answers:
        item = load(version).items[id]
        if item.kind == "state" and option is not None:
            level = option / (len(item.options[band]) - 1)
            levels.append(level if item.direction == 1 else 1 - level)
    return levels


def _nearest(level: float, steps: int) -> float:
    return round(min(max(level, 0.0), 1.0) * steps) / steps


def _bank() -> Bank:
    return load(LATEST)


@cache
def _chosen(round_number: int, place: int) -> tuple[str, ...]:
    return choose(_bank(), round_number=round_number, seed=place)
