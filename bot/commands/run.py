"""`earshot run`: the service, or with no tokens the rehearsal."""

from bot.commands.tools import settings
from bot.settings import CHOSEN, SettingsProblem


def run() -> None:
    """Run Earshot. With no tokens set, everything runs on this machine: the rehearsal.

    Example: earshot run
    """
    here = settings()
    if CHOSEN.get() and here.rehearses:
        # Else the rehearsal's sample school would be made in its folder.
        raise SettingsProblem("This school has no tokens yet. Fill them in in its .env, then run it again")
    # Each loaded only where it runs: a school's own bot has no use for the stand-ins and the sample.
    if here.rehearses:
        from bot.rehearsing import rehearse as work
    else:
        from bot.running import serve as work
    work(here)
