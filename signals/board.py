"""What is known of pupils, and how one week's check-in changes it: the state that is kept between nights.

A board holds any number of pupils, one a row, and every step treats the rows apart: a pupil alone and the same pupil
among fifty thousand come out alike, which is what makes the pass on completion and the nightly pass agree. A step sees
what was known that week and nothing later.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from signals import grid
from signals.change import Track, follow, new_track
from signals.items import STATE, USUAL_STYLES, ItemSet
from signals.quality import CARELESS_AT_FIRST, carelessness, person_fit, reversed_pairs, weekly_evidence
from signals.silence import Rhythm, heard, new_rhythm

Array = NDArray[np.float64]
Whole = NDArray[np.intp]
Truth = NDArray[np.bool_]

LONGEST_GAP = 52.0
FACTORS = 4
GROUPS = FACTORS + 1
STEERING = grid.Dynamics(slow=0.8, fast=0.2, third=0.2, keep=0.85, creep=0.01, fresh=False)
HOW_THINGS_ARE = grid.Dynamics(slow=0.7, fast=0.3, third=0.5, keep=0.8, creep=0.01, fresh=True)
KINDS = (STEERING,) * FACTORS + (HOW_THINGS_ARE,)
FEWEST_ANSWERS = 4
# Nobody shows all: how far a level and what is shown of it lie apart, SD; set so that 90 % intervals cover (benchmark).
HIDDEN = 0.33


@dataclass(frozen=True, eq=False)
class Board:
    """What is known, as `mean` (pupils, 5, 3) and `covariance` (pupils, 5, 3, 3) of the parts of five series (see
    `signals.grid`): the four factors, then how things are.

    `styles` (pupils, styles), `answers` (pupils, 5) counts, `careless` (pupils,) log-odds. `track` follows five series
    for change (the four factors, both contexts together, then how things are); `rhythm` is the pupils' own rhythm of
    answering.
    """

    mean: Array
    covariance: Array
    styles: Array
    answers: Array
    careless: Array
    track: Track
    rhythm: Rhythm

    def __len__(self) -> int:
        return len(self.careless)

    def rows(self, which: Whole) -> Board:
        """Take out some pupils, in the order given."""
        return _take_out(self, which)

    def with_rows(self, which: Whole, rows: Board) -> Board:
        """Put rows taken out by `rows` back in their places."""
        return _put(self, which, rows)


_T = TypeVar("_T", bound="Board | Track | Rhythm")


def _take_out(board: _T, which: Whole) -> _T:
    parts: dict[str, Any] = {}
    for field in fields(board):
        value = getattr(board, field.name)
        parts[field.name] = _take_out(value, which) if isinstance(value, Track | Rhythm) else value[which]
    return replace(board, **parts)


def _put(to: _T, which: Whole, rows: _T) -> _T:
    parts: dict[str, Any] = {}
    for field in fields(to):
        old, new = getattr(to, field.name), getattr(rows, field.name)
        if isinstance(old, Track | Rhythm):
            parts[field.name] = _put(old, which, new)
        else:
            parts[field.name] = old.copy()
            parts[field.name][which] = new
    return replace(to, **parts)


@dataclass(frozen=True, eq=False)
class Sheet:
    """One check-in of each pupil of a board: numbers of the items (pupils, k), options (-1: none), milliseconds (-1).

    `weeks` (pupils,) since the check-in before, `asked` whether silence would count (it reached the phone in a school
    week, and the pupil was there), `answered` whether any answer came.
    """

    items: Whole
    options: Whole
    milliseconds: Array
    weeks: Array
    asked: Truth
    answered: Truth


def new_board(pupils: int) -> Board:
    """Begin with pupils of whom nothing is known."""
    known = [grid.stranger(kind) for kind in KINDS]
    return Board(
        mean=np.tile(np.stack([mean for mean, _ in known]), (pupils, 1, 1)),
        covariance=np.tile(np.stack([covariance for _, covariance in known]), (pupils, 1, 1, 1)),
        styles=np.tile(USUAL_STYLES, (pupils, 1)),
        answers=np.zeros((pupils, GROUPS)),
        careless=np.full(pupils, CARELESS_AT_FIRST),
        track=new_track(pupils, GROUPS),
        rhythm=new_rhythm(pupils),
    )


def pass_weeks(board: Board, weeks: Array) -> Board:
    """Let each pupil's own number of weeks pass; below 0 (a clock that went backwards) counts as none."""
    count = np.clip(np.nan_to_num(weeks, nan=0.0, posinf=LONGEST_GAP, neginf=0.0), 0.0, LONGEST_GAP)
    mean, covariance = board.mean.copy(), board.covariance.copy()
    for group, kind in enumerate(KINDS):
        mean[:, group], covariance[:, group] = grid.predict(
            board.mean[:, group], board.covariance[:, group], count, kind
        )
    return replace(board, mean=mean, covariance=covariance)


def advance(board: Board, sheet: Sheet, items: ItemSet) -> Board:
    """Take in one check-in of each pupil, in the order in which they came."""
    board = pass_weeks(board, sheet.weeks)
    chance = carelessness(board.careless)
    week = _Week(*(np.zeros(len(board)) for _ in range(2)), *(np.zeros((len(board), GROUPS)) for _ in range(2)))
    for place in range(sheet.items.shape[1]):
        board = _take(board, sheet.items[:, place], sheet.options[:, place], items, chance, week)
    evidence = weekly_evidence(
        sheet.options,
        sheet.milliseconds,
        person_fit(week.misfit, week.spread),
        reversed_pairs(*_where_it_lies(sheet, items)),
    )
    moved = 0.9 * (board.careless - CARELESS_AT_FIRST) + CARELESS_AT_FIRST + evidence
    careless = np.clip(np.where(sheet.answered, moved, board.careless), -6.0, 4.0)
    return replace(
        board,
        careless=careless,
        track=follow(board.track, week.sum / np.maximum(week.precision, 1e-9), week.precision),
        rhythm=heard(board.rhythm, sheet.asked, sheet.answered),
    )


@dataclass(frozen=True, eq=False)
class _Week:
    """What this week alone says, gathered answer by answer: how much likelier the answers were than is to be expected
    (`misfit`, (pupils,), in log-likelihood) and its variance (`spread`, (pupils,)), for each of the five series the
    `precision` (pupils, 5) of what was observed, and its `sum`, the observations times their precision."""

    misfit: Array
    spread: Array
    precision: Array
    sum: Array


def _take(board: Board, item: Whole, option: Whole, items: ItemSet, chance: Array, week: _Week) -> Board:
    """Take in one answer of each pupil who gave one, and note in `week` what it says by itself."""
    rows = np.flatnonzero((option >= 0) & (item >= 0) & (item < len(items.ids)))
    rows = rows[option[rows] < items.options[item[rows]]]
    if not len(rows):
        return board
    item, option = item[rows], option[rows]
    group, of, among = items.series[item] // 2, PARTS[items.series[item]], items.options[item].astype(float)
    mean, covariance, styles = board.mean[rows, group], board.covariance[rows, group], board.styles[rows]
    level = (mean * of).sum(axis=1)
    weights = grid.on_grid(level, np.einsum("ni,nij,nj->n", of, covariance, of))
    told = items.likelihood[item, option]
    by_option = _by_option(item, weights, items)
    by_style = by_option[np.arange(len(rows)), option]
    likely = np.einsum("nos,ns->no", by_option, styles) * (np.arange(by_option.shape[1]) < among[:, None])
    likely /= likely.sum(axis=1, keepdims=True)
    log = np.log(np.maximum(likely, 1e-12))
    expected = (likely * log).sum(axis=1)
    week.misfit[rows] += log[np.arange(len(rows)), option] - expected
    week.spread[rows] += (likely * log**2).sum(axis=1) - expected**2
    # Who taps anything answers each option alike: with that chance the answer says nothing.
    honest, blind = 1 - chance[rows, None], chance[rows, None] / among[:, None]
    after = grid.update(weights, np.einsum("nsg,ns->ng", told, styles) * honest + blind)
    before, now = grid.moments(weights), grid.moments(after)
    observed, precision = grid.observation(before, now)
    week.precision[rows, group] += precision
    week.sum[rows, group] += precision * (observed - mean[:, grid.THIRD] * of[:, grid.THIRD] * (group < FACTORS))
    mean, covariance = grid.carry_back(mean, covariance, of, before, now)
    all_mean, all_covariance, all_styles, answers = (
        array.copy() for array in (board.mean, board.covariance, board.styles, board.answers)
    )
    all_mean[rows, group], all_covariance[rows, group] = mean, covariance
    all_styles[rows] = grid.update(styles, by_style * honest + blind)
    answers[rows, group] += 1
    return replace(board, mean=all_mean, covariance=all_covariance, styles=all_styles, answers=answers)


def _by_option(item: Whole, weights: Array, items: ItemSet) -> Array:
    """How likely each option is by each leaning, from what is known of each pupil: (n, options, styles)."""
    found = np.empty((len(item), *items.likelihood.shape[1:3]))
    # Item by item: a table of likelihoods for each pupil would be many times the memory.
    for one in np.unique(item):
        at = item == one
        found[at] = np.einsum("ng,osg->nos", weights[at], items.likelihood[one])
    return found


def _where_it_lies(sheet: Sheet, items: ItemSet) -> tuple[Whole, Array]:
    """For each answer of a sheet its series and where it lies between that one's ends: (pupils, k), 0 to 1.

    What was not answered, or is not of the bank, has the series -1.
    """
    known = (sheet.items >= 0) & (sheet.items < len(items.ids))
    item = np.where(known, sheet.items, len(items.ids))
    last = items.options[item] - 1
    known &= (sheet.options >= 0) & (sheet.options <= last)
    place = sheet.options / np.maximum(last, 1)
    return np.where(known, items.series[item], -1), np.where(items.direction[item] == 1, place, 1 - place)


PARTS = np.array([[1.0, 1.0, 1.0 if series % 2 == 0 else -1.0] for series in range(STATE)] + [[1.0, 1.0, 1.0]])
"""What a series is made of: (9, 3). The third part of a factor counts up in school and down outside."""

_LASTING = np.array([1.0, 1.0, 0.0])


def levels(board: Board) -> Array:
    """The five levels: (pupils, 5) in SD, both contexts together, the day left out; how things are last."""
    return np.asarray(board.mean @ _LASTING)


def errors(board: Board) -> Array:
    """Standard errors of `levels`: (pupils, 5), in SD, with what pupils usually do not show (HIDDEN) in them."""
    variance = np.einsum("i,ngij,j->ng", _LASTING, board.covariance, _LASTING) + HIDDEN**2
    return np.asarray(np.sqrt(np.maximum(variance, 0.0)))


def stated(board: Board) -> Truth:
    """Of which of the five series a level may be stated: four answers or more; (pupils, 5)."""
    return np.asarray(board.answers >= FEWEST_ANSWERS)
