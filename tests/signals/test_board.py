"""The board: what answers do to what is known, whoever else is on it, and whatever comes in."""

from __future__ import annotations

import math
from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from signals import flag, grid
from signals.board import KINDS, PARTS, Board, Sheet, advance, errors, levels, new_board, pass_weeks, stated
from signals.evidence import SIGNALS, context_gap, evidence, polar
from signals.items import LEANS, STATE, STRETCHES, USUAL_STYLES, ItemSet, item_set, usual_item
from signals.keeping import put_away, take_up
from signals.quality import carelessness
from signals.responses import ItemModel

ITEMS = item_set({f"{n}": (n // 6 if n < 48 else STATE, usual_item(5, 1 if n % 2 == 0 else -1)) for n in range(63)})


def sheet(items: list[list[int]], options: list[list[int]], weeks: float = 1.0, ms: float = 4_000.0) -> Sheet:
    given = np.array(options, dtype=np.intp)
    return Sheet(
        np.array(items, dtype=np.intp),
        given,
        np.full(given.shape, ms),
        np.full(len(given), weeks),
        np.ones(len(given), dtype=bool),
        np.asarray((given >= 0).any(axis=1)),
    )


def state(level: int, item: int = 48) -> int:
    """The option of a state item for a level from 0 (low) to 4."""
    return level if item % 2 == 0 else 4 - level


def arrays(board: Board) -> list[np.ndarray]:
    found = []
    for field in fields(board):
        value = getattr(board, field.name)
        found += [value] if isinstance(value, np.ndarray) else [getattr(value, one.name) for one in fields(value)]
    return found


def same(one: Board, other: Board) -> None:
    """Alike but for the last binary places, and in the points to the last."""
    assert all(np.allclose(a, b, rtol=0, atol=1e-9) for a, b in zip(arrays(one), arrays(other), strict=True))
    assert np.array_equal(flag.points(evidence(one)), flag.points(evidence(other)))


def run_of(days: list[list[int]], pupils: int = 1, items: ItemSet = ITEMS) -> Board:
    board = new_board(pupils)
    for week, day in enumerate(days):
        asked = [48 + (2 * week + place) % 15 for place in range(2)] + [(week * 3 + 7 * k) % 48 for k in range(3)]
        board = advance(board, sheet([asked] * pupils, [day] * pupils), items)
    return board


days = st.lists(st.lists(st.integers(-1, 4), min_size=5, max_size=5), min_size=1, max_size=8)


@given(st.lists(days, min_size=2, max_size=4), st.randoms())
def test_a_pupil_alone_and_among_others_comes_out_the_same(each: list[list[list[int]]], chance: object):
    length = min(map(len, each))
    together = new_board(len(each))
    alone = [new_board(1) for _ in each]
    for week in range(length):
        asked = [48 + week % 15, 49, 3, 20, 40]
        together = advance(together, sheet([asked] * len(each), [one[week] for one in each]), ITEMS)
        alone = [advance(b, sheet([asked], [one[week]]), ITEMS) for b, one in zip(alone, each, strict=True)]
    for place, board in enumerate(alone):
        row = together.rows(np.array([place]))
        same(row, board)


@given(days, st.permutations([0, 1, 2]))
def test_the_order_of_pupils_changes_nothing(week: list[list[int]], order: list[int]):
    asked = [[48, 49, 0, 14, 28]] * 3
    given = [(week * 3)[place] for place in range(3)]
    board = advance(new_board(3), sheet(asked, given), ITEMS)
    turned = advance(new_board(3), sheet(asked, [given[place] for place in order]), ITEMS)
    same(board.rows(np.array(order)), turned)


@given(days)
def test_it_is_kept_without_loss(week: list[list[int]]):
    board = run_of(week, 2)
    again = take_up(put_away(board))
    assert all(np.array_equal(one, other) for one, other in zip(arrays(board), arrays(again), strict=True))


def spoilt(number: float) -> str:
    """A row as it is kept, with one number that is none."""
    board = new_board(1)
    board.mean[0, 4, 0] = number
    return put_away(board)[0]


@pytest.mark.parametrize(
    "damaged",
    [None, "", "not base 64 !", "AAAA", put_away(new_board(1))[0][:-8], spoilt(math.nan), spoilt(-math.inf)],
)
def test_a_row_that_is_none_is_a_pupil_of_whom_nothing_is_known(damaged: str | None):
    again, fresh = take_up([damaged]), new_board(1)
    assert all(np.array_equal(one, other) for one, other in zip(arrays(again), arrays(fresh), strict=True))


def test_a_damaged_row_leaves_those_beside_it_as_they_are():
    board = run_of([[0, 4, 1, 3, 2]] * 3)
    (row,) = put_away(board)
    assert put_away(take_up([row, spoilt(math.nan), row])) == [row, put_away(new_board(1))[0], row]


def test_more_low_answers_never_mean_fewer_points():
    points = [float(flag.points(evidence(run_of([[state(2)] * 2 + [2, 2, 2]] * 6)))[0])]
    for lows in range(1, 6):
        week = [[2, 2, 2, 2, 2]] * 6
        board = run_of(week)
        for _ in range(lows):
            board = advance(board, sheet([[48, 49]], [[state(0, 48), state(0, 49)]]), ITEMS)
        points.append(float(flag.points(evidence(board))[0]))
    assert points == sorted(points)


def test_an_answer_in_line_with_what_is_known_makes_it_surer_and_weeks_without_widen_it():
    board = new_board(1)
    before = errors(board)[0, 4]
    for _ in range(6):
        after = advance(board, sheet([[48, 49]], [[2, 2]], weeks=0.0), ITEMS)
        assert errors(after)[0, 4] < errors(board)[0, 4]
        board = after
    for weeks in (1, 4, 12, 52):
        later = pass_weeks(board, np.array([float(weeks)]))
        assert errors(board)[0, 4] < errors(later)[0, 4] <= before + 1e-9


@given(days, st.integers(0, 62))
def test_one_more_answer_never_widens_by_the_average_of_all_it_could_be(week: list[list[int]], item: int):
    """A single answer against all expectation may leave a level less sure; to be asked never does, without drift."""
    board = run_of(week)
    series = int(ITEMS.series[item])
    group, of = series // 2, PARTS[series]

    def variance(its: Board) -> float:
        return float(of @ its.covariance[0, group] @ of)

    # Each option's chance by what is known of the pupil: their level, their leaning, that they tap anything.
    level = float(board.mean[0, group] @ of)
    weights = grid.on_grid(np.array([level]), np.array([variance(board)]))[0]
    told = np.einsum("osg,s,g->o", ITEMS.likelihood[item], board.styles[0], weights)
    blind = float(carelessness(board.careless)[0])
    chances = (1 - blind) * told + blind / 5
    after = [
        variance(advance(board, sheet([[item]], [[option]], weeks=0.0), ITEMS)) - variance(board) for option in range(5)
    ]
    assert chances.sum() == pytest.approx(1)
    assert chances @ after <= 1e-9


@given(days, st.floats(0, 60), st.floats(0, 60))
def test_weeks_without_answers_only_widen_what_lasts_up_to_a_strangers(
    week: list[list[int]], weeks: float, more: float
):
    board = run_of(week)
    earlier, later = (pass_weeks(board, np.array([its])) for its in (weeks, weeks + more))
    # What an answer against all expectation left wider than a stranger's comes back to that.
    least = np.minimum(errors(earlier)[0], errors(new_board(1))[0])
    assert (errors(later)[0] >= least - 1e-9).all()


@given(days)
def test_answers_in_the_mirror_give_everything_in_the_mirror(week: list[list[int]]):
    mirrored = [[-1 if option < 0 else 4 - option for option in day] for day in week]
    one, other = run_of(week), run_of(mirrored)
    assert np.allclose(levels(one), -levels(other), atol=1e-6)
    assert np.allclose(errors(one), errors(other), atol=1e-6)
    assert np.allclose(one.track.rising, other.track.falling, atol=1e-6)
    assert np.allclose(one.track.usual, -other.track.usual, atol=1e-6)
    assert np.array_equal(polar(one), -polar(other))
    assert np.allclose(context_gap(one), -context_gap(other), atol=1e-5)
    assert np.allclose(one.careless, other.careless, atol=1e-6)


def test_no_level_is_stated_before_four_answers():
    board = new_board(1)
    for number in range(4):
        assert not stated(board)[0, 4]
        board = advance(board, sheet([[48 + number]], [[2]]), ITEMS)
    assert stated(board)[0, 4]


# --- bad input --------------------------------------------------------------------------------------------------------


def defined(board: Board) -> None:
    assert all(np.isfinite(array).all() for array in arrays(board))
    assert np.isfinite(evidence(board)).all()
    assert (errors(board) > 0).all()


def test_nobody_at_all_gives_nothing():
    empty = new_board(0)
    assert evidence(empty).shape == (0, len(SIGNALS))
    assert len(take_up([])) == 0


@pytest.mark.parametrize(
    "given",
    [
        [[-1] * 5],
        [[2, -1, -1, -1, -1]],
        [[4] * 5] * 40,
        [[0] * 5] * 40,
        [[99, -7, 5, 4, 0]],
    ],
)
def test_none_one_the_same_and_impossible_answers_give_a_defined_result(given: list[list[int]]):
    defined(run_of(given))


@pytest.mark.parametrize("weeks", [-3.0, 0.0, 52.0, 500.0, float("nan"), float("inf"), float("-inf")])
def test_gaps_and_clocks_that_went_backwards_give_a_defined_result(weeks: float):
    board = run_of([[1, 2, 3, 2, 1]] * 6)
    later = advance(board, sheet([[48, 49]], [[0, 4]], weeks=weeks), ITEMS)
    defined(later)
    if weeks >= 52:
        # After so long a stranger's uncertainty is back, but for what two answers tell.
        assert errors(pass_weeks(board, np.array([weeks])))[0, 4] > errors(board)[0, 4]


def test_an_item_that_left_the_bank_says_nothing():
    board = run_of([[1, 2, 3, 2, 1]] * 3)
    gone = advance(board, sheet([[ITEMS.number("NO-SUCH"), -4, 700]], [[0, 0, 0]], weeks=0.0), ITEMS)
    assert np.array_equal(gone.mean, board.mean)
    assert np.array_equal(gone.covariance, board.covariance)


def test_an_item_with_broken_numbers_moves_nothing():
    broken = item_set({"x": (STATE, ItemModel(float("nan"), (0.0, 1.0, 2.0, 3.0)))})
    board = new_board(1)
    after = advance(board, sheet([[0]], [[0]], weeks=0.0), broken)
    assert np.allclose(levels(after), levels(board), atol=1e-9)
    defined(after)


def test_a_pupil_who_changes_age_band_keeps_what_is_known():
    young = item_set({f"{n}": (n // 6 if n < 48 else STATE, usual_item(3, 1)) for n in range(63)})
    board = run_of([[1, 1, 1, 1, 1]] * 6, items=young)
    after = advance(board, sheet([[48, 49]], [[2, 2]]), ITEMS)
    defined(after)
    assert after.answers[0, 4] == board.answers[0, 4] + 2


def test_quick_answers_are_believed_less():
    def after(ms: float) -> float:
        board = new_board(1)
        for week in range(8):
            asked = [[48 + week, 49, 0, 14, 28]]
            board = advance(board, sheet(asked, [[state(0, 48 + week), state(0, 49), 0, 0, 0]], ms=ms), ITEMS)
        return float(levels(board)[0, 4])

    assert after(5_000.0) < after(400.0) < 0


# --- simulation-based calibration -------------------------------------------------------------------------------------


@pytest.mark.parametrize("group", [4, 0], ids=["how things are", "a factor in both contexts"])
def test_levels_drawn_from_the_model_lie_evenly_within_what_is_known_of_them(group: int):
    """Simulation-based calibration (Talts et al., 2018): ranks of the true levels are spread evenly over ten bins."""
    chance, pupils, weeks = np.random.default_rng(8), 1_500, 8
    style = chance.choice(len(USUAL_STYLES), pupils, p=USUAL_STYLES)
    lean, stretch = np.repeat(LEANS, 3)[style], np.tile(STRETCHES, 5)[style]
    kind = KINDS[group]
    slow, fast, third = (chance.normal(0, np.sqrt(v), pupils) for v in (kind.slow, kind.fast, kind.third))
    steps = np.array(usual_item(5, 1).steps)
    board = new_board(pupils)
    for week in range(weeks):
        fast = kind.keep * fast + chance.normal(0, np.sqrt(kind.fast * (1 - kind.keep**2)), pupils)
        if week:
            slow = slow + chance.normal(0, np.sqrt(kind.creep), pupils)
        if kind.fresh:
            third = chance.normal(0, np.sqrt(kind.third), pupils)
            asked = np.tile([48 + week % 15, 48 + (week + 1) % 15], (pupils, 1))
        else:
            # One in school, one outside.
            asked = np.tile([week % 6, 6 + (week + 1) % 6], (pupils, 1))
        way = np.where(asked % 2 == 0, 1, -1)
        parts = np.stack([slow, fast, third], axis=1)
        today = np.einsum("nkj,nj->nk", PARTS[ITEMS.series[asked]], parts)
        distance = 1.6 * ((way * today)[..., None] - stretch[:, None, None] * steps) + lean[:, None, None]
        above = 1 / (1 + np.exp(-distance))
        options = (chance.random((pupils, 2, 1)) < above).sum(axis=2)
        board = advance(board, sheet(asked.tolist(), options.tolist()), ITEMS)
    variance = board.covariance[:, group, :2, :2].sum(axis=(1, 2))
    ranks = norm.cdf((slow + fast - levels(board)[:, group]) / np.sqrt(variance))
    counts = np.histogram(ranks, bins=10, range=(0, 1))[0]
    print("ranks of the true level in ten bins of", pupils // 10, ":", counts.tolist())
    assert np.abs(counts - pupils / 10).max() < 0.35 * pupils / 10
    assert 0.86 <= ((ranks > 0.05) & (ranks < 0.95)).mean() <= 0.94
