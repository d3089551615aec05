"""What is to be found after a run: a picture of the store that two runs must share, and what must hold in any run."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from sqlmodel import Session, col, func, select

from bot.whisper.cursor import shown
from conversations.model import State
from rehearsal.hub import TELEGRAM_TOKEN
from store import audit
from store.tables import (
    Audit,
    Binding,
    CheckIn,
    Conversation,
    Cursor,
    Due,
    Failure,
    Flag,
    Invite,
    Outbox,
    Pupil,
    Staff,
    Wave,
)
from store.tables import Request as AskedFor
from store.tables import School as SchoolRow
from tests.crash.rig import World

Picture = dict[str, Any]


def take_picture(session: Session, world: World) -> Picture:
    """Describe all that the script should have led to; ids that differ from run to run are left out."""
    sealer = world.school.sealer
    wave = session.exec(select(Wave).order_by(col(Wave.opens_at).desc())).first()
    assert wave is not None
    return {
        "wave": (wave.day, wave.state),
        "pupils": {
            pupil.id: (pupil.status, pupil.language, pupil.unreachable_since is None)
            for pupil in session.exec(select(Pupil))
        },
        "phones": {row.pupil_id: sealer.read(row, "chat") for row in session.exec(select(Binding))},
        "codes": sorted((row.pupil_id, row.used_at is None) for row in session.exec(select(Invite))),
        "check-ins": sorted(
            (
                row.pupil_id,
                row.state,
                [answer[:2] for answer in sealer.read(row, "answers") or []],
                sealer.read(row, "words"),
            )
            for row in session.exec(select(CheckIn).where(CheckIn.wave_id == wave.id))
        ),
        "conversations": {
            row.pupil_id: _stands(sealer.read(row, "data")) for row in session.exec(select(Conversation))
        },
        "flags": sorted((row.pupil_id, row.state, row.version, row.owner_id) for row in session.exec(select(Flag))),
        "requests": sorted(
            (row.pupil_id, row.danger, row.state, row.owner_id) for row in session.exec(select(AskedFor))
        ),
        "decisions": Counter(
            (row.actor, row.action) for row in session.exec(select(Audit)) if not row.action.startswith("read")
        ),
        "staff": sorted((row.id, row.slack_user_key is None) for row in session.exec(select(Staff))),
        "telegram letters": Counter(
            session.exec(select(Outbox.recipient, Outbox.method, Outbox.state).where(Outbox.network == "telegram"))
        ),
    }


def _stands(data: Any) -> tuple[object, ...]:  # noqa: ANN401 (JSON)
    state = State.from_json(data)
    check_in = state.check_in
    return state.awaiting, state.version, check_in and (check_in.position, [one.option for one in check_in.answers])


def faults(session: Session, world: World, last_update: int) -> list[str]:
    """Name what is wrong whatever was played: work undone, failures, a broken chain, a cursor that is elsewhere."""
    now = world.now()
    found = []
    waiting = session.exec(
        select(func.count()).select_from(Outbox).where(Outbox.state == "waiting", col(Outbox.not_before) <= now)
    ).one()
    undone = session.exec(
        select(func.count()).select_from(Due).where((col(Due.due_at) <= now) | (Due.state == "failed"))
    ).one()
    lost = session.exec(select(func.count()).select_from(Outbox).where(Outbox.state == "failed")).one()
    failures = session.exec(select(Failure.event, Failure.error)).all()
    broken = audit.first_break(session, session.exec(select(SchoolRow.id)).one())
    cursor = session.get(Cursor, f"telegram:{TELEGRAM_TOKEN.partition(':')[0]}")
    key = bytes.fromhex(Path(world.order.folder, "routing.key").read_text("ascii").strip())
    position = shown(cursor.position, key) if cursor else 0
    found += [f"{waiting} letters wait past their time"] if waiting else []
    found += [f"{lost} letters were given up"] if lost else []
    found += [f"{undone} pieces of work are undone"] if undone else []
    found += [f"events failed: {failures}"] if failures else []
    found += [f"the audit chain breaks at {broken}"] if broken is not None else []
    found += [f"the cursor is at {position}, not {last_update + 1}"] if position != last_update + 1 else []
    return found


def is_settled(session: Session, world: World) -> bool:
    """Say whether nothing is under way: no letter that may leave within a minute, no work that is due."""
    now = world.now()
    waiting = session.exec(select(Outbox.id).where(Outbox.state == "waiting").limit(1)).first()
    due = session.exec(select(Due.id).where(Due.state == "waiting", col(Due.due_at) <= now).limit(1)).first()
    return waiting is None and due is None and len(world.api.updates) == 0
