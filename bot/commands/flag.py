"""`earshot flag explain`: work a flag out again from what was stored with it, and show the sum."""

from typing import Annotated, Any
from uuid import UUID

import typer
from rich.console import Console
from rich.table import Table
from sqlmodel import Session

from bot.clock import Clock
from bot.opening import open_store
from bot.settings import read_settings
from signals.evidence import SIGNALS
from signals.flag import retrace
from store import audit
from store.tables import Flag
from store.vault import StoreProblem

flags = typer.Typer(help="Look at how a flag came about.", no_args_is_help=True)
out = Console()


@flags.callback()
def _flags() -> None:
    """Look at how a flag came about."""


@flags.command()
def explain(flag: Annotated[str, typer.Argument(help="The flag's id, as in the audit.")]) -> None:
    """Work a flag out again from what was stored with it: each signal, its weight, the sum. No name is shown.

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
            Clock()(),
            actor="command line",
            action="read flag explained",
            subject=f"flag:{row.id.hex}",
        )
        session.commit()
    if "signals" not in why:
        raise StoreProblem("That flag was raised by the rule of version 0.1, which kept nothing to work it out from.")
    _show(why)


def _id(text: str) -> UUID:
    try:
        return UUID(hex=text)
    except ValueError:
        raise StoreProblem("A flag's id is 32 characters, 0 to 9 and a to f. Copy it from the audit.") from None


def _show(why: dict[str, Any]) -> None:
    again = retrace(why["signals"], why["weights"], why["starting"])
    table = Table("signal", "value", "weight", "adds")
    for name, value, weight, adds in zip(SIGNALS, why["signals"], why["weights"], again.shares, strict=False):
        table.add_row(name, f"{value:.3f}", f"{weight:.2f}", f"{adds:.3f}")
    table.add_row("starting", "", "", f"{why['starting']:.3f}")
    out.print(table)
    passed = "passed" if again.points >= why["enter"] else "not passed"
    out.print(f"Points {again.points:.3f}; the bar was {why['enter']:.3f}: {passed}.")
    same = abs(again.points - why["points"]) < 1e-5
    out.print("The same points as when it was raised." if same else f"When raised it had {why['points']:.3f} points.")
    out.print(f"Chance {again.chance:.2f} among simulated pupils; level {why['level']}; model {why['model']}.")
