"""`earshot doctor`: each line is in order, or says what mends it."""

import typer
from rich.table import Table

from bot.commands.tools import out, settings
from bot.doctor.doctor import examine
from bot.settings import for_chosen


def doctor() -> None:
    """Check everything Earshot needs, and say what mends what is wrong.

    Example: earshot doctor
    """
    table = Table("", "what", "how it stands")
    findings = examine(settings())
    for finding in findings:
        table.add_row("[green]ok[/green]" if finding.ok else "[red]mend[/red]", finding.what, for_chosen(finding.words))
    out.print(table)
    if not all(finding.ok for finding in findings):
        raise typer.Exit(1)
