"""Retention: how long each class of data is kept, and the nightly purge that holds to it and says what it purged.

A school's policy may set any clock ("retention": {name: days}); what it does not set has the default of CLOCKS, with
the reason for it. The audit chain has no clock: it holds ids and kinds of acts only, and a chain cannot lose its
beginning.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import delete, update
from sqlalchemy.exc import OperationalError
from sqlmodel import Session, col, select

from scheduling.school import SchoolFacts
from scheduling.school_view import forget_old_sums
from store import audit, former
from store.care_tables import Campaign, CampaignAsk, GoTo
from store.erasure import delete_with_dependents, erase_pupil
from store.guardian_tables import GuardianInvite
from store.plan_tables import Absence, OneToOne, Plan
from store.rights_tables import CopyRequest
from store.school_tables import Draw
from store.sealing import Sealer
from store.tables import Attempt, CheckIn, Failure, Flag, Invite, Outbox, Posted, Pupil, Request

log = structlog.get_logger()

ACTOR = "job:retention"
MOST_DAYS = 3_650


@dataclass(frozen=True)
class Clock:
    """How long a class of data is kept: days by default, the least a school may set, what it is, and why so long."""

    days: int
    least: int
    what: str
    why: str


CLOCKS: dict[str, Clock] = {
    "words": Clock(
        365,
        14,
        "words typed with a check-in",
        "safeguarding leads read them for two weeks; a year lets a concern be traced",
    ),
    "answers": Clock(
        1095, 90, "answers of check-ins", "a pupil's own range is learnt from up to three years of answers"
    ),
    "nudges": Clock(1095, 90, "nudges and what became of them", "as long as the answers they came from"),
    "requests": Clock(
        1095,
        90,
        "requests for an adult, and for a copy",
        "what was done belongs in the school's safeguarding file, which has its own rule",
    ),
    "plans": Clock(1095, 90, "plans for whole tutor groups", "as long as nudges, with which plans for a pupil go"),
    "absences": Clock(365, 1, "who of the staff was away", "to answer who could read what, and when"),
    "one_to_ones": Clock(760, 400, "whom a member of staff met", "last year's pair is not to be this year's"),
    "go_tos": Clock(
        1095, 90, "go-tos that ended, and who was asked for them", "as long as the requests that went to them"
    ),
    "messages": Clock(30, 3, "messages that were sent", "long enough to find out why one did not arrive"),
    "places": Clock(
        400, 14, "where messages lie on the networks", "to change or delete them; a school year and the summer"
    ),
    "codes": Clock(90, 31, "join codes, used or expired, and wrong tries", "to answer a family who ask about a letter"),
    "failures": Clock(90, 1, "failures, by kind", "to mend what caused them"),
    "leavers": Clock(
        365, 1, "everything about a pupil who left", "who comes back within a year picks up; then all of it is erased"
    ),
    "guardians": Clock(
        365, 1, "parents and carers no longer in the lists", "as long as a pupil who left: they may come back"
    ),
    "staff": Clock(
        1095, 1, "staff who left", "who dealt with something stays named as long as that is kept, and then goes"
    ),
}


class RetentionProblem(ValueError):
    """A clock cannot be set so; the sentence says why."""


def days_of(policy: dict[str, Any], name: str) -> int:
    """Read how many days a class of data is kept, by a school's policy or by default."""
    return int(policy.get("retention", {}).get(name, CLOCKS[name].days))


def checked(name: str, days: int) -> int:
    """Check a clock before it is set. Raises RetentionProblem."""
    if name not in CLOCKS:
        raise RetentionProblem(f"There is no class of data of that name; there are {', '.join(CLOCKS)}.")
    clock = CLOCKS[name]
    if not clock.least <= days <= MOST_DAYS:
        raise RetentionProblem(f"{name} can be kept from {clock.least} to {MOST_DAYS:,} days.")
    return days


def purge(session: Session, sealer: Sealer, school: SchoolFacts, now: datetime) -> dict[str, int]:
    """Delete what has outlived its clock, and note in the audit chain how much; returns the counts by class."""
    counts = {}
    for name, purger in _PURGERS.items():
        try:
            before = now - timedelta(days=days_of(school.policy, name))
            with session.begin_nested():
                counts[name] = purger(session, sealer, school.id, now, before)
        except OperationalError:
            raise
        except Exception as error:
            # The other classes go on their day all the same; tomorrow it is tried again.
            log.error("not purged", class_of_data=name, error=type(error).__name__)
            session.add(Failure(school_id=school.id, at=now, event=f"purge {name}", error=type(error).__name__))
    forget_old_sums(session, school.id, now)
    purged = {name: count for name, count in counts.items() if count}
    if purged:
        words = ", ".join(f"{count} {name}" for name, count in purged.items())
        audit.record(session, school.id, now, actor=ACTOR, action=f"purged {words}", subject=f"school:{school.id.hex}")
    return purged


Purger = Callable[[Session, Sealer, UUID, datetime, datetime], int]


def _words(session: Session, _sealer: Sealer, school_id: UUID, _now: datetime, before: datetime) -> int:
    return _emptied(session, school_id, before, "words_sealed")


def _answers(session: Session, _sealer: Sealer, school_id: UUID, _now: datetime, before: datetime) -> int:
    return _emptied(session, school_id, before, "answers_sealed")


def _emptied(session: Session, school_id: UUID, before: datetime, column: str) -> int:
    # The row stays, as one of those who answered: totals are not to change afterwards.
    there = getattr(CheckIn, column)
    statement = (
        update(CheckIn)
        .where(col(CheckIn.school_id) == school_id, col(CheckIn.opened_at) < before, there.is_not(None))
        .values({column: None})
    )
    return _count(session.execute(statement))


def _nudges(session: Session, _sealer: Sealer, school_id: UUID, _now: datetime, before: datetime) -> int:
    old = select(Flag.id).where(Flag.school_id == school_id, col(Flag.raised_at) < before)
    session.execute(delete(Draw).where(col(Draw.school_id) == school_id, col(Draw.at) < before))
    return delete_with_dependents(session, Flag, session.exec(old).all())


def _requests(session: Session, _sealer: Sealer, school_id: UUID, _now: datetime, before: datetime) -> int:
    old = select(Request.id).where(
        Request.school_id == school_id, col(Request.asked_at) < before, Request.state != "open"
    )
    asked = delete(CopyRequest).where(
        col(CopyRequest.school_id) == school_id, col(CopyRequest.asked_at) < before, col(CopyRequest.state) != "asked"
    )
    return delete_with_dependents(session, Request, session.exec(old).all()) + _count(session.execute(asked))


def _plans(session: Session, _sealer: Sealer, school_id: UUID, _now: datetime, before: datetime) -> int:
    old = delete(Plan).where(col(Plan.school_id) == school_id, col(Plan.pupil_id).is_(None), col(Plan.made_at) < before)
    return _count(session.execute(old))


def _absences(session: Session, _sealer: Sealer, school_id: UUID, _now: datetime, before: datetime) -> int:
    return _count(
        session.execute(delete(Absence).where(col(Absence.school_id) == school_id, col(Absence.ends_at) < before))
    )


def _one_to_ones(session: Session, _sealer: Sealer, school_id: UUID, _now: datetime, before: datetime) -> int:
    return _count(
        session.execute(delete(OneToOne).where(col(OneToOne.school_id) == school_id, col(OneToOne.made_at) < before))
    )


def _go_tos(session: Session, _sealer: Sealer, school_id: UUID, _now: datetime, before: datetime) -> int:
    ended = delete(GoTo).where(col(GoTo.school_id) == school_id, col(GoTo.until) < before)
    rounds = select(Campaign.id).where(
        Campaign.school_id == school_id, Campaign.state != "open", col(Campaign.started_at) < before
    )
    old = session.exec(rounds).all()
    # Not with all that points at them: who was asked is named by the pupil's id, and nothing of the pupil's goes here.
    session.execute(delete(CampaignAsk).where(col(CampaignAsk.campaign_id).in_(old)))
    return _count(session.execute(ended)) + _count(session.execute(delete(Campaign).where(col(Campaign.id).in_(old))))


def _messages(session: Session, _sealer: Sealer, school_id: UUID, _now: datetime, before: datetime) -> int:
    return _count(
        session.execute(
            delete(Outbox).where(
                col(Outbox.school_id) == school_id, col(Outbox.state) != "waiting", col(Outbox.done_at) < before
            )
        )
    )


def _places(session: Session, _sealer: Sealer, school_id: UUID, _now: datetime, before: datetime) -> int:
    # Ids begin with the time they were made at (see `store.ids`).
    first = UUID(int=int(before.timestamp() * 1000) << 80)
    return _count(session.execute(delete(Posted).where(col(Posted.school_id) == school_id, col(Posted.id) < first)))


def _codes(session: Session, _sealer: Sealer, school_id: UUID, _now: datetime, before: datetime) -> int:
    tries = delete(Attempt).where(col(Attempt.school_id) == school_id, col(Attempt.since) < before)
    counts = [_count(session.execute(tries))]
    for codes in (Invite, GuardianInvite):
        old = delete(codes).where(col(codes.school_id) == school_id, col(codes.expires_at) < before)
        counts.append(_count(session.execute(old)))
    return sum(counts)


def _failures(session: Session, _sealer: Sealer, school_id: UUID, _now: datetime, before: datetime) -> int:
    return _count(session.execute(delete(Failure).where(col(Failure.school_id) == school_id, col(Failure.at) < before)))


def _leavers(session: Session, sealer: Sealer, school_id: UUID, now: datetime, before: datetime) -> int:
    gone = select(Pupil).where(Pupil.school_id == school_id, Pupil.status == "left", col(Pupil.left_at) < before)
    pupils = session.exec(gone).all()
    erased = 0
    for pupil in pupils:
        try:
            with session.begin_nested():
                erase_pupil(session, sealer, pupil, now, ACTOR)
            erased += 1
        except OperationalError:
            raise
        except Exception as error:
            log.error("not erased", pupil=pupil.id.hex, error=type(error).__name__)
            session.add(Failure(school_id=school_id, at=now, event="purge leavers", error=type(error).__name__))
    return erased


def _guardians(session: Session, _sealer: Sealer, school_id: UUID, _now: datetime, before: datetime) -> int:
    return former.forget_guardians(session, school_id, before)


def _staff(session: Session, _sealer: Sealer, school_id: UUID, _now: datetime, before: datetime) -> int:
    return former.forget_staff(session, school_id, before)


def _count(result: Any) -> int:  # noqa: ANN401 (the result of a statement that changes rows)
    return int(result.rowcount)


_PURGERS: dict[str, Purger] = {
    "words": _words,
    "answers": _answers,
    "nudges": _nudges,
    "requests": _requests,
    "plans": _plans,
    "absences": _absences,
    "one_to_ones": _one_to_ones,
    "go_tos": _go_tos,
    "messages": _messages,
    "places": _places,
    "codes": _codes,
    "failures": _failures,
    "leavers": _leavers,
    "guardians": _guardians,
    # Last, for what went before may have named them.
    "staff": _staff,
}
