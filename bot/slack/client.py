"""The Slack client that the edge and the sender share.

It repeats no call of its own accord, goes straight to a stand-in without a proxy, and writes no payload to the logs.
"""

import logging
from typing import Final
from urllib.parse import urlsplit

import structlog
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

log = structlog.get_logger()

METHOD_SCOPES: Final[dict[str, str | None]] = {
    "apps.connections.open": None,  # the app-level token's own scope, connections:write
    "auth.test": None,
    "chat.delete": "chat:write",
    "chat.postMessage": "chat:write",
    "chat.update": "chat:write",
    "conversations.history": "im:history",
    "conversations.open": "im:write",
    "files.completeUploadExternal": "files:write",
    "files.delete": "files:write",
    "files.getUploadURLExternal": "files:write",
    "users.info": "users:read",
    "users.lookupByEmail": "users:read.email",
    "views.open": None,
    "views.push": None,
    "views.publish": None,
}
"""Every Web API method called here, and the scope of the bot token that it needs (docs.slack.dev/reference/methods)."""

TIMEOUT_SECONDS = 15
# What Slack says of a token that no waiting mends.
REFUSED = ("invalid_auth", "not_authed", "account_inactive", "token_revoked", "token_expired", "not_allowed_token_type")


class _TypesOnly(logging.Handler):
    """Says where the libraries complained and of what kind, never their words: those may hold a payload or a token."""

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[0].__name__ if record.exc_info and record.exc_info[0] else ""
        log.warning("slack library", place=f"{record.name}.{record.funcName}", level=record.levelname, error=error)


def quiet_logger() -> logging.Logger:
    """Quieten the libraries' loggers, and give the one to hand to them: warnings and worse, without their words."""
    for name in ("slack_bolt", "slack_sdk"):
        library = logging.getLogger(name)
        library.setLevel(logging.WARNING)
        library.propagate = False
        library.handlers[:] = [_TypesOnly()]
    logger = logging.getLogger("slack_bolt.earshot")
    logger.setLevel(logging.WARNING)
    return logger


def make_client(token: str | None, api_url: str | None) -> AsyncWebClient:
    """Make a client of Slack's Web API, or of the stand-in at `api_url` (such as "http://127.0.0.1:8700/api/")."""
    client = AsyncWebClient(
        token=token,
        base_url=f"{api_url.rstrip('/')}/" if api_url else AsyncWebClient.BASE_URL,
        timeout=TIMEOUT_SECONDS,
        logger=quiet_logger(),
        # The library would repeat a post whose answer was lost, without asking whether it arrived.
        retry_handlers=[],
    )
    if api_url and urlsplit(api_url).hostname in ("127.0.0.1", "localhost", "::1"):
        # The library takes a proxy from the environment, which could not reach this machine's own stand-in.
        client.proxy = None
    return client


async def accepts(client: AsyncWebClient) -> bool:
    """Ask Slack whether it takes the client's token. Raises what the library does when there is no telling."""
    try:
        await client.auth_test()
    except SlackApiError as error:
        if error.response.get("error") not in REFUSED:
            raise
        return False
    return True
