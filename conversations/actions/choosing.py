"""Which actions a nudge suggests: a fixed choice, the same whenever it is worked out again.

The reasons take turns, the first first, so that each reason of a nudge is answered. For the one whose turn it is, what
was not tried with this pupil yet comes before what was planned and not done, and that before what was done and changed
nothing. One thing that helped is offered again, ahead of all; more would leave no room for anything new. What was tried
last and did not help, and what is still under way, is not offered now; nor is asking a go-to where there is none. Among
equals a draw from the seed decides, in which an action that serves more of the reasons has the better odds.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import blake2b
from math import log
from typing import Final, Literal

from conversations.actions import LATEST, REASONS, Action, load
from conversations.model import Band

Outcome = Literal["helped", "no_change", "not_done", "open"]
"""How a tried action went: done and it helped, done and nothing changed, not done, or not known yet."""

_HELPED, _NEW, _NOT_DONE, _NO_CHANGE = range(4)
_RANK: dict[Outcome, int] = {"helped": _HELPED, "no_change": _NO_CHANGE, "not_done": _NOT_DONE}

WITHOUT_REASON = "low_run"
"""The reason whose actions suit any pupil; it stands in where no reason is known to this program."""

ASKS_A_GO_TO: Final = "ask-their-go-to"
"""The action that needs an adult whom the pupil named."""


def choose(
    reasons: Sequence[str],
    band: Band,
    tried: Sequence[str],
    outcomes: Sequence[Outcome],
    seed: int,
    count: int = 3,
    *,
    go_to: bool = True,
) -> tuple[Action, ...]:
    """Choose the actions to suggest, in the order to show them.

    `reasons` are codes of REASONS, the weightiest first; unknown ones, of a newer program, are left out. `tried` are
    the ids of what was taken for this pupil before, oldest first, and `outcomes` how each went, the last time counting;
    ids that are not in the library are left out. `seed` is any whole number: with the nudge's own, pupils alike are not
    all met alike. Gives `count` different actions, as long as so many are to be had: three always are, unless more than
    one is still under way. Raises ValueError if `tried` and `outcomes` differ in length, or `count` is negative.
    """
    if len(tried) != len(outcomes):
        raise ValueError(f"{len(tried)} actions were tried, but {len(outcomes)} outcomes given")
    if count < 0:
        raise ValueError(f"actions are counted from 0 upwards, not {count}")
    wanted = tuple(dict.fromkeys(code for code in reasons if code in REASONS)) or (WITHOUT_REASON,)
    latest = dict(zip(tried, outcomes, strict=True))
    barred = {id for id, outcome in latest.items() if outcome == "open"}
    if tried and latest[tried[-1]] != "helped":
        barred.add(tried[-1])
    if not go_to:
        barred.add(ASKS_A_GO_TO)
    left = [
        action
        for action in load(LATEST).actions.values()
        if band in action.bands and action.id not in barred and not set(wanted).isdisjoint(action.reasons)
    ]
    chosen: list[Action] = []
    for turn in range(count):
        if not left:
            break
        best = _best(left, wanted, turn, latest, seed, again=not chosen)
        chosen.append(best)
        left.remove(best)
    return tuple(chosen)


def _best(
    left: Iterable[Action], wanted: Sequence[str], turn: int, latest: dict[str, Outcome], seed: int, *, again: bool
) -> Action:
    """Take the best of what is left; `again` says whether what helped may come first, whatever its reason."""
    reason = wanted[turn % len(wanted)]

    def order(action: Action) -> tuple[bool, bool, int, float]:
        rank = _RANK[latest[action.id]] if action.id in latest else _NEW
        helped = again and rank == _HELPED
        serves = len(set(wanted).intersection(action.reasons))
        # After the one that comes first, what helped has no precedence over what is new.
        return not helped, reason not in action.reasons, max(rank, _NEW), _draw(seed, action.id) / serves

    return min(left, key=order)


def _draw(seed: int, id: str) -> float:
    """Draw a waiting time with mean 1 for an action, the same in every process and whatever else the library holds."""
    number = int.from_bytes(blake2b(f"{seed}:{id}".encode(), digest_size=7).digest(), "big")
    return -log((number + 1) / 2**56)
