"""A simulated year of a school, for the benchmark of the signals: what pupils are like, and what they answer.

All of it is a supposition, written down here so that it can be argued with. A pupil's risk in a week is a lasting trait
plus what comes and goes (AR(1)), in SD of the population; 12 % have a lasting shift of +1.5 over three weeks, 20 % a
transient of two weeks. Pupils mask: the more is wrong, the less of it shows, each to their own degree. They lean to
agreeing and to extremes, 8 % tap anything, and about a quarter of check-ins are missed, more when at risk.
Each week's check-in asks two state items and three steering items. Item parameters of the simulated bank differ from
those the signals suppose, as real ones would.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from signals.items import MOST_OPTIONS, STATE, ItemSet, item_set, usual_item
from signals.responses import ItemModel, graded, partial_credit

Array = NDArray[np.float64]
Whole = NDArray[np.intp]
Truth = NDArray[np.bool_]

WEEKS = 36
# School weeks since the one before: half-terms and holidays are longer.
GAPS = np.array(
    [1 if week not in (7, 13, 19, 24, 30) else {7: 2, 13: 3, 19: 2, 24: 3, 30: 2}[week] for week in range(WEEKS)]
)
SHIFTED, TRANSIENT, CARELESS = 0.12, 0.20, 0.08
SHIFT = 1.5
STEMS = 6
STATE_ITEMS = 15
MASKED_SPREAD = 7.0


@dataclass(frozen=True)
class World:
    """What is supposed of pupils where nothing says how it is; chosen by the two pilots (`benchmarks.signals_world`).

    `at_risk` is the risk (SD) from which on somebody is at risk; `trait` the share of its variance that lasts, `keep`
    what stays of the rest from week to week; `loading` how far factors go to their end with risk; `day` and
    `survey_day` the SD of a day's ups and downs in a check-in and in a direct survey. Masked is `masked_share` of
    trouble, on average, and about `masked_always` (SD) of anything.
    """

    at_risk: float = 1.5
    trait: float = 0.7
    keep: float = 0.8
    loading: float = 1.0
    day: float = 0.6
    survey_day: float = 1.0
    masked_share: float = 2 / 7
    masked_always: float = 0.15


WORLD = World()


@dataclass(frozen=True, eq=False)
class Year:
    """One year: `risk` (weeks, pupils) true; `shift_week` (-1: none); `transient_week`; `group` 0 or 1; `band` young?

    `items`, `options`, `milliseconds` (weeks, pupils, 5); `answered` (weeks, pupils); `direct` (2, pupils) sum scores
    of the direct survey with the weeks in `direct_weeks`; `levels` (weeks, pupils, 9) the true levels, `shown` after
    masking.
    """

    risk: Array
    shift_week: Whole
    transient_week: Whole
    group: Whole
    young: Truth
    items: Whole
    options: Whole
    milliseconds: Array
    answered: Truth
    direct: Array
    levels: Array
    shown: Array
    world: World

    @property
    def at_risk(self) -> Truth:
        return np.asarray(self.risk > self.world.at_risk)


DIRECT_WEEKS = (4, 20)


def supposed_items(young: bool) -> ItemSet:
    """What the signals suppose of the bank: ordinary items, 48 steering and 15 state, directions taking turns."""
    return item_set(
        {f"{n}": (_series(n), usual_item(3 if young else 5, _direction(n))) for n in range(48 + STATE_ITEMS)}
    )


def _series(number: int) -> int:
    return number // STEMS if number < 48 else STATE


def _direction(number: int) -> int:
    return 1 if number % 2 == 0 else -1


def _true_items(chance: np.random.Generator, young: bool) -> list[ItemModel]:
    made = []
    for number in range(48 + STATE_ITEMS):
        usual = usual_item(3 if young else 5, _direction(number))
        steps = np.sort(np.array(usual.steps) + chance.normal(0, 0.2) + chance.normal(0, 0.15, len(usual.steps)))
        made.append(ItemModel(float(usual.slope * np.exp(chance.normal(0, 0.2))), tuple(steps), usual.direction))
    return made


def simulate(seed: int, pupils: int = 1000, *, check_in_masks: float = 1.0, world: World = WORLD) -> Year:
    """Simulate one year; `check_in_masks` is how much of a direct survey's masking the check-in meets (1: all)."""
    chance = np.random.default_rng([seed, 77])
    group = (chance.random(pupils) < 0.3).astype(np.intp)
    young = chance.random(pupils) < 0.35
    risk, shift_week, transient_week = _risk(chance, pupils, world)
    trouble = np.maximum(risk, 0.0)
    beta = MASKED_SPREAD * world.masked_share, MASKED_SPREAD * (1 - world.masked_share)
    masking = chance.beta(*beta, pupils) * trouble + np.abs(chance.normal(0, world.masked_always, pupils))
    shown_risk = risk - masking * check_in_masks
    levels, shown = _levels(chance, risk, shown_risk, world)
    lean = chance.normal(0.15 * group, 0.4)
    stretch = np.exp(chance.normal(0, 0.3, pupils))
    careless = chance.random(pupils) < CARELESS
    answered = _attendance(chance, risk, group)
    items = _chosen(chance, pupils)
    options, milliseconds = _answers(chance, shown, items, lean, stretch, careless, young, world.day)
    options[~answered] = -1
    direct = _direct(chance, risk - masking, lean, stretch, careless, world.survey_day)
    return Year(
        risk,
        shift_week,
        transient_week,
        group,
        young,
        items,
        options,
        milliseconds,
        answered,
        direct,
        levels,
        shown,
        world,
    )


def _risk(chance: np.random.Generator, pupils: int, world: World) -> tuple[Array, Whole, Whole]:
    trait = chance.normal(0, np.sqrt(world.trait), pupils)
    wander = np.zeros((WEEKS, pupils))
    wander[0] = chance.normal(0, np.sqrt(1 - world.trait), pupils)
    for week in range(1, WEEKS):
        keep = world.keep ** GAPS[week]
        wander[week] = keep * wander[week - 1] + chance.normal(0, np.sqrt((1 - world.trait) * (1 - keep**2)), pupils)
    shifted = chance.random(pupils) < SHIFTED
    shift_week = np.where(shifted, chance.integers(8, WEEKS - 11, pupils), -1)
    passing = (chance.random(pupils) < TRANSIENT) & ~shifted
    transient_week = np.where(passing, chance.integers(8, WEEKS - 3, pupils), -1)
    week = np.arange(WEEKS)[:, None]
    ramp = np.clip((week - shift_week + 1) / 3, 0, 1) * (shift_week >= 0)
    bump = ((week >= transient_week) & (week < transient_week + 2)) * (transient_week >= 0)
    return trait + wander + SHIFT * (ramp + bump), shift_week, transient_week


def _levels(chance: np.random.Generator, risk: Array, shown_risk: Array, world: World) -> tuple[Array, Array]:
    """True and shown levels of the nine series: each factor goes to that pupil's own end as risk rises."""
    weeks, pupils = risk.shape
    end = chance.choice([-1.0, 1.0], (pupils, 4))
    own = chance.normal(0, np.sqrt(0.6), (pupils, 4, 1)) + chance.normal(0, np.sqrt(0.2), (pupils, 4, 2))
    levels, shown = np.empty((weeks, pupils, 9)), np.empty((weeks, pupils, 9))
    for to, source in ((levels, risk), (shown, shown_risk)):
        for week in range(weeks):
            moved = own + world.loading * np.maximum(source[week], 0.0)[:, None, None] * end[:, :, None]
            to[week, :, :8] = moved.reshape(pupils, 8)
            to[week, :, 8] = -source[week]
    return levels, shown


def _attendance(chance: np.random.Generator, risk: Array, group: Whole) -> Truth:
    usual = chance.normal(1.45, 0.8, risk.shape[1])
    odds = usual - 0.35 * np.maximum(risk, 0) - 0.2 * group
    return np.asarray(chance.random(risk.shape) < 1 / (1 + np.exp(-odds)))


def _chosen(chance: np.random.Generator, pupils: int) -> Whole:
    """Rotate: two state items, three steering series in turn, each with its own place in the dance."""
    start = chance.integers(0, 48, pupils)
    order = np.array([0, 3, 4, 7, 2, 1, 6, 5])
    chosen = np.empty((WEEKS, pupils, 5), dtype=np.intp)
    for week in range(WEEKS):
        for place in range(2):
            chosen[week, :, place] = 48 + (start + 2 * week + place) % STATE_ITEMS
        for place in range(3):
            step = start + 3 * week + place
            chosen[week, :, 2 + place] = order[step % 8] * STEMS + (step // 8) % STEMS
    return chosen


def _answers(
    chance: np.random.Generator,
    shown: Array,
    items: Whole,
    lean: Array,
    stretch: Array,
    careless: Truth,
    young: Truth,
    day_noise: float,
) -> tuple[Whole, Array]:
    weeks, pupils, asked = items.shape
    options = np.full(items.shape, -1, dtype=np.intp)
    series = np.array([_series(n) for n in range(48 + STATE_ITEMS)])
    day = chance.normal(0, day_noise, (weeks, pupils))
    for is_young in (False, True):
        rows = np.flatnonzero(young == is_young)
        bank = _true_items(chance, is_young)
        steps = np.array([item.steps for item in bank])
        slope, direction = np.array([i.slope for i in bank]), np.array([i.direction for i in bank])
        for week in range(weeks):
            for place in range(asked):
                item = items[week, rows, place]
                level = shown[week, rows, series[item]] + np.where(series[item] == STATE, day[week, rows], 0.0)
                distance = (
                    slope[item, None] * ((direction[item] * level)[:, None] - stretch[rows, None] * steps[item])
                    + lean[rows, None]
                )
                options[week, rows, place] = draw(chance, (partial_credit if is_young else graded)(distance))
    usual_ms = np.exp(chance.normal(np.log(4500), 0.35, pupils))
    milliseconds = usual_ms[None, :, None] * np.exp(chance.normal(0, 0.45, items.shape))
    wild = np.flatnonzero(careless)
    count = np.where(young[wild], 3, 5)[None, :, None]
    one = chance.integers(0, 10**6, (weeks, len(wild), 1)) % count
    straight = chance.random((weeks, len(wild), 1)) < 0.4
    random = chance.integers(0, 10**6, (weeks, len(wild), asked)) % count
    options[:, wild] = np.where(straight, one, random)
    milliseconds[:, wild] = np.where(
        chance.random((weeks, len(wild), 1)) < 0.6,
        chance.uniform(400, 1100, (weeks, len(wild), asked)),
        milliseconds[:, wild],
    )
    return options, milliseconds


def draw(chance: np.random.Generator, probabilities: Array) -> Whole:
    """Draw one option a row."""
    below = np.cumsum(probabilities, axis=1)
    return np.asarray((chance.random((len(below), 1)) > below[:, :-1]).sum(axis=1), dtype=np.intp)


def _direct(
    chance: np.random.Generator, shown_risk: Array, lean: Array, stretch: Array, careless: Truth, day_noise: float
) -> Array:
    """A direct survey twice a year: ten graded questions about how things are, all running the same way."""
    scores = np.full((len(DIRECT_WEEKS), shown_risk.shape[1]), np.nan)
    for number, week in enumerate(DIRECT_WEEKS):
        day = chance.normal(0, day_noise, shown_risk.shape[1])
        total = np.zeros(shown_risk.shape[1])
        for _ in range(10):
            steps = np.array([-1.0, 0.0, 1.0, 2.0]) + chance.normal(0, 0.2)
            distance = 1.6 * ((shown_risk[week] + day)[:, None] - stretch[:, None] * steps) + lean[:, None]
            answer = draw(chance, graded(distance))
            total += np.where(careless, chance.integers(0, MOST_OPTIONS, len(careless)), answer)
        scores[number] = total
    return scores
