"""`earshot run`: the service, or with no tokens the rehearsal."""

from enum import StrEnum
from typing import Annotated

import typer

from bot.commands.tools import errors, settings
from bot.settings import CHOSEN, SettingsProblem, unknown_told


class Part(StrEnum):
    """What one of several processes may have a part in."""

    INTAKE = "intake"
    DELIVERY = "delivery"
    JOBS = "jobs"


ROLE = typer.Option(
    "--role",
    help="What this process has a part in, more than once if need be; all of it without. For several processes on one "
    "PostgreSQL: see docs/scaling.md.",
)


def run(role: Annotated[list[Part] | None, ROLE] = None) -> None:
    """Run Earshot. With no tokens set, everything runs on this machine: the rehearsal.

    Example: earshot run
    """
    here = settings()
    for words in unknown_told():
        # A token's name misspelt would begin the rehearsal.
        errors.print(words, highlight=False, soft_wrap=True)
    if CHOSEN.get() and here.rehearses:
        # Else the rehearsal's sample school would be made in its folder.
        raise SettingsProblem("This school has no tokens yet. Fill them in in its .env, then run it again")
    # Each loaded only where it runs: a school's own bot has no use for the stand-ins and the sample.
    if here.rehearses:
        if role:
            raise SettingsProblem("The rehearsal is one process, for it has one clock: leave out --role")
        from bot.rehearsing import rehearse

        rehearse(here)
    else:
        from bot.running import serve

        serve(here, [part.value for part in role or Part])
