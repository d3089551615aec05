"""A pupil's own answers, read from the store for that pupil alone."""

from sqlmodel import Session, col, select

from conversations.flows.mine import LAST, Kept, Sheet, sheets
from conversations.model import Band
from scheduling.own_questions import of_versions
from store.sealing import Sealer
from store.tables import CheckIn, Pupil

# Check-ins without an answer are passed over; a few more than are shown leave room for them.
_LOOKED_AT = 3 * max(LAST.values())


def band_of(phase: str) -> Band:
    """Give the wording of a phase."""
    return "young" if phase == "young" else "older"


def sheets_of(session: Session, sealer: Sealer, pupil: Pupil) -> tuple[Sheet, ...]:
    """Read what a pupil may be shown of their own last check-ins, newest first."""
    rows = session.exec(
        select(CheckIn)
        .where(
            CheckIn.school_id == pupil.school_id,
            CheckIn.pupil_id == pupil.id,
            col(CheckIn.answers_sealed).is_not(None),
        )
        .order_by(col(CheckIn.opened_at).desc())
        .limit(_LOOKED_AT)
    ).all()
    own = of_versions(session, pupil.school_id, {row.bank_version for row in rows})
    kept = (
        Kept(
            row.opened_at,
            row.bank_version,
            band_of(row.phase),
            tuple((item, option) for item, option, _ in sealer.read(row, "answers")),
            own.get(row.bank_version, ()),
            pupil.language,
        )
        for row in rows
    )
    return sheets(kept, band_of(pupil.phase))
