"""The anchor round: sixteen steering items, the same for everybody and each time, so that rounds can be compared.

Two of each factor in each context, one running each way. A published bank is never changed, so the items of an anchor
round are fixed by its version.
"""

from __future__ import annotations

from conversations.bank import CONTEXTS, FACTORS, Bank

ROUND = 16


def anchor_items(bank: Bank) -> tuple[str, ...]:
    """Give the ids of the anchor round of a bank in asking order: factors in turn, contexts and directions mixed.

    A bank that lacks one of the kinds has fewer.
    """
    chosen: list[str] = []
    for turn in range(ROUND // len(FACTORS)):
        for number, factor in enumerate(FACTORS):
            context = CONTEXTS[(number + turn) % len(CONTEXTS)]
            # Turns 0 and 2 are of one context, 1 and 3 of the other: each pair runs both ways.
            direction = 1 if (turn in (0, 3)) != (number >= len(FACTORS) // 2) else -1
            kind = (factor, context, direction)
            chosen += [item.id for item in bank.items.values() if (item.factor, item.context, item.direction) == kind][
                :1
            ]
    return tuple(chosen)
