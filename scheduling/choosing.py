"""Choosing: what each pupil of a group is asked this week. State items rotate, steering items are chosen for them."""

from collections.abc import Sequence
from uuid import UUID

from sqlmodel import Session, col, select

from conversations import bank
from conversations.bank.rotation import choose
from conversations.model import Band
from scheduling.kept import data_of
from scheduling.scoring import items_of
from signals import flag
from signals.choice import STEERING_ITEMS, Exposure, choose_steering
from signals.keeping import take_up
from store.sealing import Sealer
from store.signal_tables import Signal
from store.tables import Pupil, Wave


def choose_items(session: Session, sealer: Sealer, wave: Wave, pupils: Sequence[Pupil]) -> dict[UUID, tuple[str, ...]]:
    """Choose the items of one wave's check-in for pupils who are asked together; the same whenever it is worked out.

    A pupil of whom nothing is kept meets the rotation, which asks of everything in turn.
    """
    kept = _kept(session, sealer, pupils)
    shown: dict[Band, Exposure] = {"young": Exposure(len(pupils)), "older": Exposure(len(pupils))}
    chosen = {}
    # Those who meet the rotation come first: what it gives counts towards the quarter that an item may go to.
    for pupil in sorted(pupils, key=lambda one: (one.id in kept, one.id)):
        band: Band = "young" if pupil.phase == "young" else "older"
        rotated = choose(bank.load(wave.bank_version), round_number=wave.number, seed=pupil.id.int % 2**31)
        chosen[pupil.id] = rotated
        if pupil.id not in kept:
            shown[band].give(rotated[-STEERING_ITEMS:])
            continue
        row, recent = kept[pupil.id]
        steering = choose_steering(
            take_up([row]),
            items_of(wave.bank_version, band),
            frozenset(recent),
            shown[band],
            f"{pupil.id.hex} {wave.number}",
            first_context=(wave.number + pupil.id.int) % 2,
        )
        if len(steering) == STEERING_ITEMS:
            chosen[pupil.id] = (*rotated[:-STEERING_ITEMS], *steering)
    return chosen


def _kept(session: Session, sealer: Sealer, pupils: Sequence[Pupil]) -> dict[UUID, tuple[str | None, list[str]]]:
    rows = session.exec(
        select(Signal).where(col(Signal.pupil_id).in_([pupil.id for pupil in pupils]), Signal.model == flag.MODEL)
    )
    read = ((row.pupil_id, data_of(sealer, row.pupil_id, row.data_sealed)) for row in rows)
    return {pupil_id: (data["board"], data["recent"]) for pupil_id, data in read if data is not None}
