"""The doctor's look at what a school's trust rests on: backups, that one was ever restored, and the audit chain.

When backups were made and proven is read from the audit chain, in which both commands leave a row.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from sqlmodel import Session, col, select

from bot.backups import PROVEN, TAKEN, public_path
from bot.doctor.reading import of_school
from bot.finding import Finding, counted
from bot.opening import anchor_path, key_ring
from bot.settings import Settings
from store import anchor, vault
from store.rights_tables import Contest, CopyRequest
from store.sealing import KeyProblem, Sealer
from store.tables import Audit, School

BACKUP_EVERY = timedelta(days=2)
PROVEN_EVERY = timedelta(days=120)
RIGHTS_WITHIN = timedelta(days=21)


def trust_findings(settings: Settings) -> list[Finding]:
    """Look at backups and the audit chain; nothing for the sample school."""

    def look(session: Session, school: School) -> Iterator[Finding]:
        if "sample" not in school.policy:
            yield from _backups(settings, session, school)
            yield from _chain(settings, session)
            yield from _rights(session, school)

    return of_school(settings, look)


def _backups(settings: Settings, session: Session, school: School) -> Iterator[Finding]:
    made = public_path(settings).exists()
    yield Finding(
        "recovery key",
        made,
        "There is a recovery key to encrypt backups to."
        if made
        else "There is no recovery key, so no backup can be made: run `earshot keys recovery recovery.key`.",
    )
    now = datetime.now(UTC)
    taken, proven = last_of(session, school, TAKEN), last_of(session, school, PROVEN)
    yield aged(
        "backup",
        None if taken is None else now - taken,
        BACKUP_EVERY,
        "The last backup is {age} old",
        "No backup was ever made",
        "run `earshot backup FOLDER` each night",
    )
    yield aged(
        "restore",
        None if proven is None else now - proven,
        PROVEN_EVERY,
        "A backup was last proven {age} ago",
        "No backup was ever proven by restoring it",
        "run `earshot restore FILE --recovery-key KEY --check`",
    )


def aged(what: str, age: timedelta | None, most: timedelta, told: str, never: str, mend: str) -> Finding:
    """Say how old the last one of something is, and what mends it when that is too long ago."""
    if age is None:
        return Finding(what, False, f"{never}: {mend}.")
    hours = int(age.total_seconds()) // 3600
    words = told.format(age=f"{age.days} days" if hours >= 48 else f"{hours} hours")
    return Finding(what, True, f"{words}.") if age <= most else Finding(what, False, f"{words}: {mend}.")


def last_of(session: Session, school: School, action: str) -> datetime | None:
    """Read from the audit chain when something was last done; None for never."""
    return session.exec(
        select(Audit.at)
        .where(Audit.school_id == school.id, Audit.action == action)
        .order_by(col(Audit.number).desc())
        .limit(1)
    ).first()


def _rights(session: Session, school: School) -> Iterator[Finding]:
    """Look for what somebody asked for by right and nobody has decided on; the law gives a month."""
    before = datetime.now(UTC) - RIGHTS_WITHIN
    copies = select(CopyRequest.id).where(CopyRequest.school_id == school.id, CopyRequest.state == "asked")
    contests = select(Contest.id).where(Contest.school_id == school.id, Contest.state == "open")
    late = len(session.exec(copies.where(col(CopyRequest.asked_at) < before)).all())
    late += len(session.exec(contests.where(col(Contest.at) < before)).all())
    yield Finding(
        "rights",
        not late,
        f"{counted(late, 'copy asked for or nudge contested has', 'copies asked for or nudges contested have')} waited "
        "for three weeks: ask a safeguarding lead to decide "
        "on their cards in Slack, for the law gives a month."
        if late
        else "No copy asked for and no contested nudge waits too long.",
    )


def _chain(settings: Settings, session: Session) -> Iterator[Finding]:
    """Look whether the chain still reaches its anchor; to walk all of it is what `audit verify` is for."""
    try:
        sealers = key_ring(settings).sealers().values()
    except KeyProblem:
        return
    known = {one.key_id.hex() for one in sealers} & set(vault.keys_of(session))
    if known:
        yield _reaches(settings, session, list(sealers))


def _reaches(settings: Settings, session: Session, sealers: list[Sealer]) -> Finding:
    anchored = anchor.read(anchor_path(settings), sealers)
    if anchored is None:
        return Finding("audit", False, "The audit chain has no anchor yet: run `earshot audit verify`.")
    if anchor.lost(session, anchored):
        return Finding("audit", False, "The audit chain is broken: run `earshot audit verify`, which says where.")
    return Finding("audit", True, "The audit chain reaches its anchor.")
