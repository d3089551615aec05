"""Listening to Slack while this process has the seat for it, and asking whether Slack takes the bot's token.

What staff press comes in with the app-level token, or signed; that the bot's own is wrong would be silent otherwise
until a card fails.
"""

import asyncio
from typing import Final

import structlog

from bot.health import Refusals
from bot.settings import for_chosen
from bot.slack.client import accepts
from bot.slack.edge import SlackEdge
from bot.waiting import pause, unless

log = structlog.get_logger()

# Asked again after so many seconds: what is refused needs somebody to mend it, what is away comes back by itself, and
# a token that was accepted may be revoked.
REFUSED_AGAIN: Final = 30.0
AWAY_AGAIN: Final = 5.0
ACCEPTED_AGAIN: Final = 600.0
NOT_ACCEPTED: Final = "slack refuses the bot token: `earshot doctor` says what to mend"


async def listen(edge: SlackEdge, refusals: Refusals, leave: asyncio.Event) -> None:
    """Listen until `leave`; a token that is refused is noted in `refusals`."""
    await edge.start()
    await _keep_asking(edge, refusals, leave)
    await edge.stop()


async def _keep_asking(edge: SlackEdge, refusals: Refusals, leave: asyncio.Event) -> None:
    away = False
    while not leave.is_set():
        try:
            accepted = await unless(leave, accepts(edge.client))
        except Exception as error:
            # Told once, not with every try.
            if not away:
                log.warning("slack cannot be reached, trying again", error=type(error).__name__)
            away = True
            await pause(leave, AWAY_AGAIN)
            continue
        away = False
        if accepted is False:
            refusals.tell("slack bot token", for_chosen(NOT_ACCEPTED))
        elif accepted:
            refusals.mended("slack bot token")
        await pause(leave, ACCEPTED_AGAIN if accepted else REFUSED_AGAIN)
