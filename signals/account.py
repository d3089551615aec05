"""The account of a flag: why it was raised, with all that is needed to work it out again from what is stored."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np

from signals import flag
from signals.board import Board
from signals.evidence import evidence, polar
from signals.flag import Bars
from signals.reasons import why


def account(board: Board, bars: Bars) -> dict[str, Any]:
    """Write down why a flag was raised, with all that is needed to work it out again."""
    signals = evidence(board)
    points = float(flag.points(signals)[0])
    chance, poles = float(flag.chance(np.array(points))), int(np.abs(polar(board)[0]).sum())
    reasons = why(board)
    return {
        "model": flag.MODEL,
        "level": flag.level(chance, poles, flagged=True),
        "points": points,
        "chance": chance,
        "polar": poles,
        "signals": signals[0].tolist(),
        "weights": list(flag.WEIGHTS),
        "starting": flag.STARTING,
        "enter": bars.enter,
        "leave": bars.leave,
        "reasons": [asdict(reason) for reason in reasons.reasons],
        "caveat": reasons.caveat,
    }
