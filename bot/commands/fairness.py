"""`earshot fairness FILE.csv`: how often pupils of different groups are flagged, and answer; small groups kept back."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import numpy as np
import typer
from rich.table import Table
from sqlalchemy import func
from sqlmodel import Session, col, select

from bot.clock import Clock, kept_clock
from bot.commands.tools import out
from bot.importing.columns import read_pairs
from bot.importing.rows import ImportProblem
from bot.opening import open_store
from bot.settings import read_settings
from scheduling.scoring import items_of, look
from signals.board import levels
from signals.fairness import FEWEST, GroupRate, rates
from store import audit
from store.sealing import Sealer
from store.tables import CheckIn, Flag, Pupil, School

if TYPE_CHECKING:
    from signals.differential import Differential

YEAR = timedelta(days=365)
HALF = 0.5
# It did not reach the phone, or the pupil was absent from school.
NOT_ASKED = ("undelivered", "absent", "cut_off", "replaced")


@dataclass(frozen=True)
class Fairness:
    """What was found by group: the share flagged, the share who answer half or more, and of those who needed somebody
    the share flagged (`found`, nothing without a list of them); how many ids are unknown, and how many of those who
    needed somebody are in no group (`unplaced`)."""

    flagged: tuple[GroupRate, ...]
    answering: tuple[GroupRate, ...]
    unknown: int
    found: tuple[GroupRate, ...] = ()
    unplaced: int = 0


def fairness(
    file: Annotated[Path, typer.Argument(help="A CSV or XLSX file with the columns pupil_id and group.")],
    items: Annotated[
        bool, typer.Option("--items", help="Test each question too (needs the extra `fairness`).")
    ] = False,
    needed: Annotated[
        Path | None, typer.Option("--needed", help="A file with a column pupil_id: who did need somebody, as you know.")
    ] = None,
) -> None:
    """Compare how often pupils of different groups were flagged in the last year, and answered. No file is kept.

    Example: earshot fairness groups.csv --needed known-by-safeguarding.csv
    """
    listed, those = read_groups(file), read_needed(needed) if needed else ()
    engine, sealer = open_store(read_settings(), make=False)
    with Session(engine) as session:
        clock = kept_clock(session)
        found = compare(session, sealer, listed, clock, those)
        if not found.flagged:
            raise ImportProblem(
                f"No pupil_id of {file.name} is of a pupil who takes part: take them from the list that was imported."
            )
        tested = differing_items(session, sealer, listed, clock) if items else {}
        session.commit()
    table = Table("group", "pupils", "flagged in a year", "answer half or more", title="Share, and its 95 % interval")
    for flagged, answering in zip(found.flagged, found.answering, strict=True):
        pupils = f"fewer than {FEWEST}, or kept back" if flagged.pupils is None else str(flagged.pupils)
        table.add_row(flagged.group, pupils, _cell(flagged), _cell(answering))
    out.print(table)
    if needed:
        out.print(_sensitivity(found.found))
        if found.unplaced:
            out.print(f"Ids of {needed.name} that are in no group of {file.name}, and were left out: {found.unplaced}.")
    if found.unknown:
        out.print(
            "1 id of the file is of no pupil who takes part; it was left out."
            if found.unknown == 1
            else f"{found.unknown} ids of the file are of no pupil who takes part; they were left out."
        )
    if items:
        notable = sorted(item for item, its in tested.items() if its.notable(len(tested)))
        out.print(f"{len(tested)} questions had answers enough to be tested; these are answered otherwise by group at")
        out.print(f"the same level: {', '.join(notable) or 'none'}.")
    out.print("A difference is a reason to look, not a finding: groups may differ in what they live through.")


def read_groups(file: Path) -> list[tuple[str, str]]:
    """Read pairs of a pupil's id and group. Raises ImportProblem."""
    return [(reference, group or "not given") for _, reference, group in read_pairs(file, "pupil_id", "group", "pupil")]


def read_needed(file: Path) -> list[str]:
    """Read the ids of those who needed somebody. Raises ImportProblem."""
    return [reference for _, reference, _ in read_pairs(file, "pupil_id", "pupil_id", "pupil")]


def compare(
    session: Session, sealer: Sealer, listed: Sequence[tuple[str, str]], clock: Clock, needed: Sequence[str] = ()
) -> Fairness:
    """Compare the groups of the pupils listed who are taking part; `needed` are ids of those who needed somebody.

    Noted in the audit.
    """
    now = clock()
    school_id = session.exec(select(School.id).limit(1)).first()
    group_of = _groups(session, sealer, school_id, listed)
    counted = select(Flag.pupil_id).where(col(Flag.raised_at) > now - YEAR, col(Flag.contested).is_(None))
    flagged = set(session.exec(counted))
    counts: dict[UUID, dict[str, int]] = {}
    statement = select(CheckIn.pupil_id, CheckIn.state, func.count()).where(col(CheckIn.opened_at) > now - YEAR)
    for pupil_id, state, count in session.exec(statement.group_by(col(CheckIn.pupil_id), col(CheckIn.state))):
        counts.setdefault(pupil_id, {})[state] = count
    groups = list(group_of.values())
    ids = [(one, "") for one in needed]
    those = [pupil_id for pupil_id in _groups(session, sealer, school_id, ids) if pupil_id in group_of]
    found = Fairness(
        rates(groups, [pupil_id in flagged for pupil_id in group_of]),
        rates(groups, [_answers(counts.get(pupil_id, {})) for pupil_id in group_of]),
        len({reference for reference, _ in listed}) - len(group_of),
        rates([group_of[pupil_id] for pupil_id in those], [pupil_id in flagged for pupil_id in those]),
        len(set(needed)) - len(those),
    )
    if school_id is not None:
        audit.record(session, school_id, now, actor="command line", action="read fairness", subject="school")
    return found


def differing_items(
    session: Session, sealer: Sealer, listed: Sequence[tuple[str, str]], clock: Clock
) -> dict[str, "Differential"]:
    """Test whether questions of the last year are answered otherwise by group at one level. Raises NeedsExtra."""
    # Here, for it brings scipy.stats, which would make every other command start a second later.
    from signals.differential import differential

    school_id = session.exec(select(School.id).limit(1)).one()
    group_of = _groups(session, sealer, school_id, listed)
    board, _ = look(session, sealer, school_id, list(group_of), clock())
    level_of = dict(zip(group_of, levels(board), strict=True))
    gathered: dict[tuple[str, str], list[tuple[int, float, str]]] = {}
    statement = select(CheckIn).where(
        col(CheckIn.pupil_id).in_(list(group_of)), col(CheckIn.opened_at) > clock() - YEAR
    )
    for check_in in session.exec(statement.where(col(CheckIn.answers_sealed).is_not(None))):
        known = items_of(check_in.bank_version, "young" if check_in.phase == "young" else "older")
        for item, option, _ms in sealer.read(check_in, "answers"):
            number = known.number(item)
            if option is None or number == len(known.ids):
                continue
            level = float(level_of[check_in.pupil_id][known.series[number] // 2])
            gathered.setdefault((item, check_in.phase), []).append((option, level, group_of[check_in.pupil_id]))
    tested = {}
    for (item, phase), answers in gathered.items():
        options, at, groups = zip(*answers, strict=True)
        its = differential(np.array(options, dtype=np.intp), np.array(at), groups)
        if its is not None:
            tested[f"{item} ({phase})"] = its
    return tested


def _groups(
    session: Session, sealer: Sealer, school_id: UUID | None, listed: Sequence[tuple[str, str]]
) -> dict[UUID, str]:
    here = select(Pupil.id, Pupil.mis_key).where(Pupil.school_id == school_id, Pupil.status == "active")
    pupils = session.exec(here).all()
    by_key = {bytes(key): pupil_id for pupil_id, key in pupils}
    found = ((by_key.get(sealer.blind("mis", reference)), group) for reference, group in listed)
    return {pupil_id: group for pupil_id, group in found if pupil_id is not None}


def _answers(counts: dict[str, int]) -> bool:
    asked = sum(count for state, count in counts.items() if state not in ("open", *NOT_ASKED))
    return bool(asked) and counts.get("answered", 0) >= HALF * asked


def _sensitivity(found: Sequence[GroupRate]) -> Table:
    table = Table("group", "of those who needed somebody, flagged in a year", title="Share, and its 95 % interval")
    for rate in found:
        table.add_row(rate.group, _cell(rate))
    return table


def _cell(rate: GroupRate) -> str:
    if rate.rate is None or rate.lower is None or rate.upper is None:
        return "–"
    return f"{rate.rate:.0%} ({rate.lower:.0%} to {rate.upper:.0%})"
