"""`earshot run`: the service, or with no tokens the rehearsal."""

from bot.commands.tools import settings


def run() -> None:
    """Run Earshot. With no tokens set, everything runs on this machine: the rehearsal.

    Example: earshot run
    """
    here = settings()
    # Each loaded only where it runs: a school's own bot has no use for the stand-ins and the sample.
    if here.rehearses:
        from bot.rehearsing import rehearse as work
    else:
        from bot.running import serve as work
    work(here)
