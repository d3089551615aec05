"""Reports: what a benchmark hands back, and the small table it is printed as."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from rich.console import Console
from rich.table import Table

Scale = Literal["tiny", "usual", "full"]


@dataclass(frozen=True)
class Row:
    """One figure: what it is, how it came out, what it must reach ("" for nothing), and whether it did."""

    what: str
    measured: str
    target: str = ""
    met: bool | None = None


@dataclass(frozen=True)
class Report:
    """One benchmark's figures, and a note that says precisely what was counted."""

    rows: tuple[Row, ...]
    note: str


def share(values: Sequence[float], part: float) -> float:
    """Give the value that `part` (0 to 1) of the values do not exceed; nan when there are none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))] if ordered else float("nan")


def at_most(what: str, value: float, target: float, unit: str, digits: int = 1) -> Row:
    """Make the row of a figure that must not exceed its target."""
    return Row(what, f"{value:,.{digits}f} {unit}", f"≤ {target:,g} {unit}", value <= target)


def show(console: Console, name: str, report: Report, scale: Scale) -> None:
    """Print one report."""
    flag = "" if scale == "usual" else f" --{scale}"
    table = Table(title=f"python -m benchmarks {name}{flag}", title_justify="left", caption_justify="left")
    table.caption = report.note
    table.add_column("what")
    table.add_column("measured", justify="right")
    table.add_column("must reach", justify="right")
    table.add_column("")
    for row in report.rows:
        table.add_row(
            row.what, row.measured, row.target, {None: "", True: "met", False: "[bold]not met[/bold]"}[row.met]
        )
    console.print(table)
