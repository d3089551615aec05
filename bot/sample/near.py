"""Which pupils of the sample are one low check-in away from a nudge: asked of the signals themselves."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import numpy as np
from sqlmodel import Session

from conversations.bank import LATEST, load
from conversations.model import Band
from scheduling import scoring
from signals import flag
from signals.board import Board, Sheet, advance
from signals.evidence import evidence
from store.sealing import Sealer
from store.tables import Pupil

_STATE_ANSWERS = 2


def one_low_away(
    session: Session, sealer: Sealer, school_id: UUID, pupils: Sequence[Pupil], now: datetime
) -> set[UUID]:
    """Find those of some pupils who are not up, and whom one check-in with both state answers low would bring up."""
    bars, found = scoring.read_bars(session, school_id), set()
    boards, flagged = scoring.look(session, sealer, school_id, [pupil.id for pupil in pupils], now)
    for place, pupil in enumerate(pupils):
        board = boards.rows(np.array([place], dtype=np.intp))
        its, then = _points(board), _points(_low(board, "young" if pupil.phase == "young" else "older"))
        if not flagged[place] and its < bars.enter <= then:
            found.add(pupil.id)
    return found


def _points(board: Board) -> float:
    return float(flag.points(evidence(board))[0])


def _low(board: Board, band: Band) -> Board:
    """Add a week and a check-in whose state answers are at the low end."""
    bank, items = load(LATEST).items, scoring.items_of(LATEST, band)
    asked = [item for item in bank.values() if item.kind == "state"][:_STATE_ANSWERS]
    low = [0 if item.direction == 1 else len(item.options[band]) - 1 for item in asked]
    sheet = Sheet(
        items=np.array([[items.number(item.id) for item in asked]], dtype=np.intp),
        options=np.array([low], dtype=np.intp),
        milliseconds=np.full((1, _STATE_ANSWERS), 4_000.0),
        weeks=np.ones(1),
        asked=np.ones(1, dtype=bool),
        answered=np.ones(1, dtype=bool),
    )
    return advance(board, sheet, items)
