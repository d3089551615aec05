"""What leads do with whispers, for Slack and for the command line alike: look, open, answer, decide. Knows no network.

Every opening is written to the audit chain of the main store, as a deed of the lead's. What a lead may not read and
what is not there look alike.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from sqlmodel import Session

from bot.whisper.people import READERS, leads
from conversations.model import Phrase, say
from conversations.wording import has_words
from scheduling.school import SchoolFacts
from store import audit, whisper_desk
from store.people import name_of, with_role
from store.sealing import Sealer
from store.tables import Staff
from store.whisper_desk import LastReader, Line, NotThere, Thread, reader_id
from store.whisper_sealing import TooLong
from store.whisper_store import WhisperStore

WORDS_MOST: Final = 3000
SMALL_CELL: Final = 5
# A name, and the first and last day.
Span = tuple[str, date, date]


@dataclass(frozen=True)
class Lead:
    """A safeguarding lead who reads: the reader they are, and their name."""

    staff_id: UUID
    reader: bytes
    name: str
    others: tuple[tuple[str, str], ...]


def lead_of(session: Session, sealer: Sealer, school: SchoolFacts, staff: Staff | None) -> Lead:
    """Say which reader a member of staff is. Raises NotThere for anybody else."""
    if staff is None or not staff.active or not set(READERS) & set(staff.roles):
        raise NotThere
    return Lead(
        staff.id,
        reader_id(sealer, staff.id.hex),
        name_of(sealer, staff),
        leads(session, sealer, school),
    )


def record(session: Session, school: SchoolFacts, lead: Lead, report: str, action: str, now: datetime) -> None:
    """Write a lead's deed to the audit chain."""
    audit.record(
        session, school.id, now, actor=f"staff:{lead.staff_id.hex}", action=action, subject=f"whisper:{report}"
    )


def record_of_key(session: Session, school: SchoolFacts, action: str, now: datetime) -> None:
    """Write to the audit chain what was done with the recovery key, by whoever sat at the machine."""
    audit.record(session, school.id, now, actor="command:whisper", action=action, subject="whisper:desk")


def open_thread(store: WhisperStore, lead: Lead, report: str) -> Thread:
    """Open a whisper for a lead; from now on it counts as read. Raises NotThere."""
    thread = whisper_desk.open_thread(store, lead.reader, report)
    if thread.line.status == "received":
        whisper_desk.change(store, lead.reader, report, status="read", stage="read")
    elif thread.line.stage != "read":
        whisper_desk.change(store, lead.reader, report, stage="read")
    return whisper_desk.open_thread(store, lead.reader, report)


def queue_of(store: WhisperStore, lead: Lead) -> list[Line]:
    """List what a lead may read, urgent and old ones first."""
    return whisper_desk.queue(store, lead.reader)


def shown_at_home(store: WhisperStore, who: bytes) -> list[Line]:
    """List what a reader's Home tab may tell of: open, and its card has gone out."""
    lines = [line for line in whisper_desk.queue(store, who) if line.status != "closed"]
    return [line for line in lines if line.stage != "new" or whisper_desk.cards_of(store, line.id)]


def colleagues_of(store: WhisperStore, lead: Lead, report: str) -> tuple[tuple[str, str], ...]:
    """List the leads who may look after a whisper: its readers alone."""
    readers = {reader.hex() for reader in whisper_desk.readers_of(store, report)}
    return tuple((key, name) for key, name in lead.others if key in readers)


def decide(store: WhisperStore, lead: Lead, report: str, entered: Mapping[str, Any], today: str) -> Phrase | None:
    """Do all that a lead entered for one whisper; gives a sentence when part of it could not be done. Raises NotThere.

    `entered` may hold: what (reply, question, note) and words; status; urgency; owner (a reader's id); link (a handle);
    outcome (which closes it); standing (a list of "keep" and "recuse").
    """
    thread = whisper_desk.open_thread(store, lead.reader, report)
    if (missing := words_missing(entered)) is not None:
        return missing
    words = str(entered.get("words", ""))[:WORDS_MOST].strip()
    what = str(entered.get("what", "reply"))
    if words and what in ("reply", "question", "note"):
        try:
            whisper_desk.say(store, lead.reader, report, what, lead.name, words)
        except TooLong:
            return say("That is too long to keep. Send it in shorter parts.")
    facts: dict[str, object] = {}
    owner = next((name for key, name in colleagues_of(store, lead, report) if key == entered.get("owner")), None)
    if owner is not None:
        facts["owner"] = owner
    linked = _linked(store, lead, report, str(entered.get("link", "")))
    if linked is not None:
        facts["links"] = _with_link(thread, linked)
        other = whisper_desk.open_thread(store, lead.reader, linked.id)
        whisper_desk.note_in_head(store, lead.reader, linked.id, links=_with_link(other, thread.line))
    if facts:
        whisper_desk.note_in_head(store, lead.reader, report, **facts)
    standing = entered.get("standing") or []
    _set_plain(store, lead, thread, entered, today, keep="keep" in standing)
    if "recuse" in standing:
        try:
            whisper_desk.recuse(store, lead.reader, report)
        except LastReader:
            return say("Nobody else could read it then. Ask for another safeguarding lead to be added first.")
    if entered.get("link") and linked is None:
        return say("There is no whisper of that handle for you to link, so nothing was linked.")
    return None


def words_missing(entered: Mapping[str, Any]) -> Phrase | None:
    """Say so where words are due and there are none: spaces were typed, a question or note chosen, or nothing at all.

    A reply is what the window offers first, so that alone asks for no words where something else was entered.
    """
    if has_words(str(entered.get("words", ""))[:WORDS_MOST]):
        return None
    others = any(value for name, value in entered.items() if name not in ("what", "words"))
    if "words" not in entered and others and entered.get("what", "reply") == "reply":
        return None
    return say("Nothing was entered, so nothing was sent.")


def _linked(store: WhisperStore, lead: Lead, report: str, handle: str) -> Line | None:
    """Find the other whisper by its handle, among those this lead may read."""
    wanted = handle.strip().lower()
    found = [one for one in queue_of(store, lead) if wanted and one.id.startswith(wanted) and one.id != report]
    return found[0] if len(found) == 1 else None


def _with_link(thread: Thread, other: Line) -> list[str]:
    return sorted({*thread.head.get("links", []), other.handle})


def _set_plain(
    store: WhisperStore, lead: Lead, thread: Thread, entered: Mapping[str, Any], today: str, *, keep: bool
) -> None:
    values: dict[str, str] = {"kept": "yes"} if keep else {}
    if entered.get("urgency") in ("ordinary", "urgent"):
        values["urgency"] = str(entered["urgency"])
    if entered.get("status") in ("read", "acting") and thread.line.status != "closed":
        values["status"] = str(entered["status"])
    elif thread.line.status in ("received", "read") and (entered.get("words") or entered.get("owner")):
        # Whoever answers it, notes something or gives it to somebody acts on it: it must not climb as if forgotten.
        values["status"] = "acting"
    if entered.get("outcome") in whisper_desk.OUTCOMES:
        values |= {"status": "closed", "outcome": str(entered["outcome"]), "closed": today}
    if values:
        whisper_desk.change(store, lead.reader, thread.line.id, **values)


def readers_wanted(session: Session, sealer: Sealer, school: SchoolFacts) -> dict[bytes, tuple[str, ...]]:
    """Say who is to read whispers now: readers' ids and their roles."""
    found = with_role(session, school.id, *READERS)
    return {reader_id(sealer, staff.id.hex): tuple(staff.roles) for staff in found}


def terms_of(school: SchoolFacts, today: date) -> list[Span]:
    """List the terms that have begun, as names and the days between which they lie."""
    return [(term.name, term.first, term.last) for term in school.calendar.terms if term.first <= today]


def counts_for(
    store: WhisperStore, lead: Lead, school: SchoolFacts, today: date
) -> list[tuple[str, list[tuple[str, str]]]]:
    """Count by term and kind what a lead may read: a number for all would tell them of those they are left out of."""
    lines = queue_of(store, lead)
    return [
        (name, counts_of(lines, first.isoformat(), last.isoformat())) for name, first, last in terms_of(school, today)
    ]


def counts_of(lines: list[Line], first: str, last: str) -> list[tuple[str, str]]:
    """Count whispers by kind between two days, for governors; cells under five are not shown, nor those beside them."""
    kinds = sorted({line.kind for line in lines})
    counts = {kind: sum(first <= line.day <= last and line.kind == kind for line in lines) for kind in kinds}
    small = [kind for kind, count in counts.items() if 0 < count < SMALL_CELL]
    if len(small) == 1:
        # One hidden cell could be worked out from the total: the next smallest is hidden with it.
        others = sorted((count, kind) for kind, count in counts.items() if count >= SMALL_CELL)
        small += [others[0][1]] if others else []
    return [(kind, f"under {SMALL_CELL}" if kind in small else str(count)) for kind, count in counts.items()]
