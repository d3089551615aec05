"""Socket Mode's connection: the library's client, made to reconnect with a fresh address and to close at once."""

import asyncio
import contextlib
import time
from logging import Logger

from slack_sdk.errors import SlackApiError
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.web.async_client import AsyncWebClient

from bot.health import Refusals
from bot.settings import for_chosen
from bot.slack.client import REFUSED, quiet_logger
from bot.slack.sender import code_of

NOT_ACCEPTED = "slack refuses the app-level token: `earshot doctor` says what to mend"
REFUSED_AGAIN = 30.0
ADDRESS_SECONDS = 20.0
PING_SECONDS = 3.0
CLOSE_SECONDS = 0.3


class Socket(SocketModeClient):
    """One Socket Mode connection that keeps itself up.

    Slack's addresses are good for one connection and about half a minute. The library would try an address that has
    failed for ever; here one grows old and is asked for anew.
    """

    def __init__(
        self,
        *,
        app_token: str,
        web_client: AsyncWebClient,
        logger: Logger | None = None,
        refusals: Refusals | None = None,
    ) -> None:
        self._refusals = refusals or Refusals()
        logger = logger or quiet_logger()
        self._address: str | None = None
        self._address_at = 0.0
        super().__init__(app_token=app_token, web_client=web_client, logger=logger, ping_interval=PING_SECONDS)
        # The library would take a proxy from the environment after all.
        self.proxy = web_client.proxy

    @property  # type: ignore[override]
    def wss_uri(self) -> str | None:
        return self._address if time.monotonic() - self._address_at < ADDRESS_SECONDS else None

    @wss_uri.setter
    def wss_uri(self, address: str | None) -> None:
        self._address, self._address_at = address, time.monotonic()

    async def issue_new_wss_url(self) -> str:
        """Ask for an address; a token that is refused is told once, and asked with again only now and then."""
        while True:
            try:
                answer = await self.web_client.apps_connections_open(app_token=self.app_token)
            except SlackApiError as error:
                if code_of(error) == "ratelimited":
                    await asyncio.sleep(int(error.response.headers.get("Retry-After", "30")))
                    continue
                if self.closed or code_of(error) not in REFUSED:
                    raise
                self._refusals.tell("slack app token", for_chosen(NOT_ACCEPTED))
                # The library would try again in seconds, and say so each time.
                await asyncio.sleep(REFUSED_AGAIN)
            else:
                self._refusals.mended("slack app token")
                return str(answer["url"])

    def hold(self) -> None:
        """Take in no more: neither new envelopes nor a new connection."""
        self.closed = True
        self.auto_reconnect_enabled = False

    async def close(self) -> None:
        """End the connection and every task of it, without waiting long for the other side."""
        self.hold()
        tasks = [self.message_processor, self.current_session_monitor, self.message_receiver]
        running = [task for task in tasks if task is not None]
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        if self.current_session is not None:
            with contextlib.suppress(TimeoutError, OSError):
                async with asyncio.timeout(CLOSE_SECONDS):
                    await self.current_session.close()
        await self.aiohttp_client_session.close()
