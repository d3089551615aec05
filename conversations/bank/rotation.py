"""Which five items a pupil meets in a week: a fixed round dance, the same whenever it is worked out again.

Each week asks two state items of two themes, then three steering items of three factors. Contexts take turns, also from
the last item of one week to the first of the next. A pupil's seed only moves the place where they join the dance.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from conversations.bank import CONTEXTS, FACTORS, THEMES, Bank

STATE_ITEMS = 2
STEERING_ITEMS = 3

_SCHOOL, _OUTSIDE = CONTEXTS
_SELF, _OWN, _OTHERS, _CHANGE = FACTORS

# Any three neighbours, also around the end, are three factors with contexts in turn; each pair comes once. The number
# is how many stems ahead the pair begins: stems alternate in direction, so the three of a round never all run one way.
_CELLS = (
    (_SELF, _SCHOOL, 0),
    (_OWN, _OUTSIDE, 0),
    (_OTHERS, _SCHOOL, 1),
    (_CHANGE, _OUTSIDE, 1),
    (_OWN, _SCHOOL, 0),
    (_SELF, _OUTSIDE, 1),
    (_CHANGE, _SCHOOL, 0),
    (_OTHERS, _OUTSIDE, 0),
)


def choose(bank: Bank, *, round_number: int, seed: int) -> tuple[str, ...]:
    """Choose the items of one weekly check-in: ids of two state items, then of three steering items, in asking order.

    `round_number` counts a pupil's check-ins, from 0 or from 1 alike; `seed` is any whole number that stays with the
    pupil. With six stems for each factor and context, any 16 rounds in a row hold each steering item once; with three
    items a theme, any 8 rounds in a row hold every state item, and none comes again within 7 rounds.
    Raises ValueError for a negative round.
    """
    if round_number < 0:
        raise ValueError(f"a round is counted from 0 upwards, not {round_number}")
    state, steering = _piles(bank)
    steering_start, state_start = _places(seed, sum(map(len, steering)) // STEERING_ITEMS, sum(map(len, state)))
    return _deal(state, STATE_ITEMS, round_number + state_start) + _deal(
        steering, STEERING_ITEMS, round_number + steering_start
    )


@cache
def _piles(bank: Bank) -> tuple[Sequence[Sequence[str]], Sequence[Sequence[str]]]:
    """Sort the ids of a bank once: the state items by theme, the steering items by factor and context."""
    steering = [_ids(bank, factor, context, ahead) for factor, context, ahead in _CELLS]
    return [_ids(bank, theme, None) for theme in THEMES], steering


def _ids(bank: Bank, factor: str, context: str | None, ahead: int = 0) -> Sequence[str]:
    ids = [item.id for item in bank.items.values() if (item.factor, item.context) == (factor, context)]
    return ids[ahead:] + ids[:ahead]


def _places(seed: int, steering_rounds: int, state_rounds: int) -> tuple[int, int]:
    """Split a seed into a starting round for each of the two dances, so that near seeds differ in both."""
    later, steering_start = divmod(seed, steering_rounds)
    return steering_start, (later + steering_start) % state_rounds


def _deal(piles: Sequence[Sequence[str]], count: int, round_number: int) -> tuple[str, ...]:
    """Take `count` ids from the piles in turn, one from each, going on where the round before ended."""
    places = range(round_number * count, (round_number + 1) * count)
    dealt = []
    for place in places:
        lap, which = divmod(place, len(piles))
        dealt.append(piles[which][lap % len(piles[which])])
    return tuple(dealt)
