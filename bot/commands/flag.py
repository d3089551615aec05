"""`earshot flag`: work a flag out again from what was stored with it, and count what became of all of them."""

from collections import Counter
from typing import Annotated, Any
from uuid import UUID

import typer
from rich.table import Table
from sqlmodel import Session, select

from bot.clock import kept_clock
from bot.commands.tools import out, the_school
from bot.opening import open_store
from bot.settings import read_settings
from bot.text import render
from conversations.reasons_figures import figures
from conversations.staff_nudges import NOTICED, WHY
from signals.evidence import SIGNALS
from signals.flag import level, retrace
from store import audit, plans
from store.plan_tables import Plan
from store.sealing import Sealer
from store.tables import Flag
from store.vault import StoreProblem

flags = typer.Typer(help="Look at how a flag came about.", no_args_is_help=True)
# As for the head's totals.
FEW = 5
MEANING = {
    "low": "how things are, counted down from 3 SD above the middle",
    "lower": "of late against their own usual, down from 1.5 SD above it",
    "polar": "how many of the four factors are likely near an end",
    "silence": "how much more is missed than is their way",
}


@flags.callback()
def _flags() -> None:
    """Look at how a flag came about."""


@flags.command()
def explain(flag: Annotated[str, typer.Argument(help="The flag's id, as in the audit.")]) -> None:
    """Work a flag out again from what was stored with it: its reasons, each signal, the sum. No name is shown.

    Example: earshot flag explain 01a204df04b97003b9f2294b1a5be2fd
    """
    engine, sealer = open_store(read_settings(), make=False)
    with Session(engine) as session:
        row = session.get(Flag, _id(flag))
        if row is None:
            raise StoreProblem("There is no flag of that id. Copy it from the audit, all 32 characters.")
        why = sealer.read(row, "reasons")
        audit.record(
            session,
            row.school_id,
            kept_clock(session)(),
            actor="command line",
            action="read flag explained",
            subject=f"flag:{row.id.hex}",
        )
        session.commit()
    if "signals" not in why:
        raise StoreProblem("That flag was raised by the rule of version 0.1, which kept nothing to work it out from.")
    _show(why)


@flags.command()
def summary() -> None:
    """Count what became of the nudges: how many were taken, why not, and what was noticed. No pupil is shown.

    Example: earshot flag summary
    """
    engine, sealer = open_store(read_settings(), make=False)
    with Session(engine) as session:
        school = the_school(session)
        table = _summary(session, sealer, school.id)
        actor, action = "command line", "read flag summary"
        audit.record(session, school.id, kept_clock(session)(), actor=actor, action=action, subject="school")
        session.commit()
    out.print(table)
    out.print(f"Counts below {FEW} are not shown, for they could be somebody.")


def _summary(session: Session, sealer: Sealer, school_id: UUID) -> Table:
    rows = session.exec(select(Flag).where(Flag.school_id == school_id)).all()
    states = Counter(row.state for row in rows)
    why = Counter(plans.judged(session, sealer, rows).values())
    done = session.exec(select(Plan).where(Plan.school_id == school_id, Plan.state == "done")).all()
    noticed = Counter(plans.content(sealer, plan)["noticed"] for plan in done)
    table = Table("nudges", "", "count")
    table.add_row("all", "", _count(len(rows)))
    for state in ("new", "taken", "done", "snoozed", "not_needed"):
        table.add_row(state.replace("_", " "), "", _count(states[state]))
    for code, phrase in WHY.items():
        table.add_row("not needed", phrase.text, _count(why[code]))
    table.add_row("not needed", "(no reason given)", _count(states["not_needed"] - why.total()))
    for code, phrase in NOTICED.items():
        table.add_row("plans done", phrase.text, _count(noticed[code]))
    table.add_row("plans done", "(nothing noted)", _count(noticed[""]))
    return table


def _count(count: int) -> str:
    return str(count) if count == 0 or count >= FEW else f"under {FEW}"


def _id(text: str) -> UUID:
    try:
        return UUID(hex=text)
    except ValueError:
        raise StoreProblem("A flag's id is 32 characters, 0 to 9 and a to f. Copy it from the audit.") from None


def _show(why: dict[str, Any]) -> None:
    for part in figures(why):
        for line in (part.title, *part.lines):
            out.print(render(line, "en", "UTC"), markup=False, highlight=False)
        out.print()
    again = retrace(why["signals"], why["weights"], why["starting"])
    table = Table("signal", "what it is", "value", "weight", "adds")
    for name, value, weight, adds in zip(SIGNALS, why["signals"], why["weights"], again.shares, strict=False):
        table.add_row(name, MEANING[name], f"{value:.3f}", f"{weight:.2f}", f"{adds:.3f}")
    table.add_row("starting", "what everybody begins with", "", "", f"{why['starting']:.3f}")
    out.print(table)
    passed = "passed" if again.points >= why["enter"] else "not passed"
    out.print(f"Points {again.points:.3f}; the bar was {why['enter']:.3f}: {passed}.")
    same = abs(again.points - why["points"]) < 1e-5
    out.print("The same points as when it was raised." if same else f"When raised it had {why['points']:.3f} points.")
    # The plain reading stands beside the model: two factors at their ends are priority by themselves.
    found = level(again.chance, why["polar"], flagged=True)
    poles = f"{why['polar']} of the four factors at an end"
    out.print(f"Chance {again.chance:.2f} among simulated pupils, {poles}: level {found}.")
    if found != why["level"]:
        out.print(f"When raised its level was {why['level']}.")
    out.print(f"Model {why['model']}.")
