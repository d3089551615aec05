"""Sends letters to Slack: cards as direct messages, their later updates, and Home tabs.

A post carries the letter's id in its metadata, so that before a second try the history can say whether the first one
arrived. Nothing raises: whatever a network can do wrong becomes a result that says whether to try again.
"""

import time
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, Final

import aiohttp
import structlog
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web.async_client import AsyncWebClient

from bot.ends import Refused, Result, Sent, TryAgain
from bot.slack.blocks import home_view, message_blocks
from bot.worker import Worker
from conversations.cards import Card
from store.outbox import LEASE, Letter, is_on_its_way, posted_ref
from store.people import link_slack
from store.sealing import Sealer

log = structlog.get_logger()

EVENT_TYPE = "earshot"
CHANNELS_KEPT = 4000
CHANNELS_TRIED = 2
HISTORY_PAGE = 200
HISTORY_PAGES = 5
# A lease that ran out is the sign of a sender that died; a little less than one, for clocks differ.
MAY_HAVE_LEFT_SECONDS = LEASE.total_seconds() * 0.8
CLOCKS_DIFFER_SECONDS = 300

NO_ACCOUNT: Final = "no Slack account has this e-mail address"
# What an administrator can mend, or Slack itself will: the letter waits.
MENDABLE: Final = {
    "invalid_auth": "Slack does not accept the bot token",
    "not_authed": "Slack was given no bot token",
    "token_revoked": "the bot token was revoked",
    "token_expired": "the bot token has expired",
    "account_inactive": "the bot token belongs to an app or a workspace that was removed",
    "missing_scope": "the Slack app lacks a scope: install it again from the manifest",
    "not_allowed_token_type": "the Slack token is of the wrong kind: a bot token begins with xoxb-",
    "access_denied": "Slack denies access for now",
    "ekm_access_denied": "the workspace's administrators have suspended posting",
    "team_access_not_granted": "the app is not installed in this workspace",
    "org_login_required": "the workspace is being moved",
    "accesslimited": "Slack limits access for now",
    "ratelimited": "Slack asks to wait",
    "rate_limited": "Slack asks to wait",
    "message_limit_exceeded": "Slack asks to wait",
    "internal_error": "Slack had a fault",
    "fatal_error": "Slack had a fault",
    "service_unavailable": "Slack had a fault",
    "request_timeout": "Slack had a fault",
    "team_added_to_org": "the workspace is being moved",
    "hash_conflict": "the view changed meanwhile",
}
UNREACHABLE: Final = frozenset(
    {"user_not_found", "users_not_found", "user_disabled", "user_not_visible", "is_inactive", "cannot_dm_bot"}
)


class SlackSender:
    """Sends the letters of the network "slack"; see `bot.delivery.Sender`.

    `home` fills in, just before it leaves, what a Home tab shows that the outbox may not hold.
    """

    def __init__(
        self,
        client: AsyncWebClient,
        worker: Worker,
        sealer: Sealer,
        clock: Callable[[], datetime],
        home: Callable[[str, tuple[Card, ...]], Awaitable[tuple[Card, ...]]] | None = None,
    ) -> None:
        self._client, self._worker, self._sealer, self._clock, self._home = client, worker, sealer, clock, home
        self._channels: dict[str, str] = {}
        self._began = time.time()

    def begin(self) -> None:
        """Say that another process may have sent until now: what it left is looked for before it is posted again."""
        self._began = time.time()

    def chat_of(self, letter: Letter) -> str:
        """Name the chat for the pace; a Home tab has a pace of its own, so it holds up no message."""
        return f"home:{letter.recipient}" if letter.method == "home" else letter.recipient

    def shows_twice(self, _letter: Letter) -> bool:
        """Say whether a letter that is sent twice is seen twice: no, for the history is asked before a second try."""
        return False

    async def send(self, letter: Letter) -> Result:
        """Send one letter: method "post", "update", "delete" or "home". Never raises."""
        user: str | None = letter.payload.get("user")
        try:
            if letter.method == "delete":
                await self._client.chat_delete(channel=letter.payload["channel"], ts=letter.payload["ts"])
                return Sent()
            user = user or await self._find_user(letter)
            if user is None:
                return Refused(NO_ACCOUNT, unreachable=True)
            if letter.method == "home":
                return await self._publish_home(letter, user)
            return await (self._update(letter) if letter.method == "update" else self._post(letter, user))
        except SlackApiError as error:
            if self._forgot_channel(letter, user, error) and letter.attempts < CHANNELS_TRIED:
                return TryAgain(f"Slack knows the channel no more ({code_of(error)})")
            return result_of(error)
        except (aiohttp.ClientError, SlackClientError, TimeoutError, OSError) as error:
            return TryAgain(f"network: {type(error).__name__}")
        except Exception as error:
            # Ours to mend; the letter stays until then, and the log says of what kind the fault is.
            log.error("slack letter not sent", letter=letter.id.hex, error=type(error).__name__)
            return TryAgain(f"fault: {type(error).__name__}")

    async def _find_user(self, letter: Letter) -> str | None:
        """Find the Slack user by e-mail address, and keep the link for the next letter."""
        email = letter.payload["email"]
        try:
            answer = await self._client.users_lookupByEmail(email=email)
        except SlackApiError as error:
            if code_of(error) == "users_not_found":
                return None
            raise
        user: str = answer["user"]["id"]
        await self._worker.run(lambda session: link_slack(session, self._sealer, letter.school_id, user, email))
        return user

    async def _post(self, letter: Letter, user: str) -> Result:
        channel = self._channels.get(user) or await self._open(user)
        if self._may_have_left(letter) and (ts := await self._find_post(channel, letter)):
            return Sent({"channel": channel, "ts": ts})
        blocks, text = message_blocks(Card.from_json(letter.payload["card"]), *self._reader(letter))
        answer = await self._client.chat_postMessage(
            channel=channel,
            blocks=blocks,
            text=text,
            metadata={"event_type": EVENT_TYPE, "event_payload": {"letter": letter.id.hex}},
            unfurl_links=False,
            unfurl_media=False,
        )
        return Sent({"channel": channel, "ts": answer["ts"]})

    async def _open(self, user: str) -> str:
        answer = await self._client.conversations_open(users=user)
        if len(self._channels) >= CHANNELS_KEPT:
            self._channels.clear()
        channel: str = answer["channel"]["id"]
        self._channels[user] = channel
        return channel

    def _may_have_left(self, letter: Letter) -> bool:
        """Say whether somebody may have sent this letter already: tried before, or left by a process that died."""
        return letter.attempts > 0 or made_at(letter) < max(self._began, time.time() - MAY_HAVE_LEFT_SECONDS)

    async def _find_post(self, channel: str, letter: Letter) -> str | None:
        """Look for the message of a letter in the history, from a little before the letter was written."""
        cursor: str | None = None
        for _ in range(HISTORY_PAGES):
            answer = await self._client.conversations_history(
                channel=channel,
                include_all_metadata=True,
                oldest=f"{max(0.0, made_at(letter) - CLOCKS_DIFFER_SECONDS):.6f}",
                limit=HISTORY_PAGE,
                cursor=cursor,
            )
            for message in answer["messages"]:
                payload = (message.get("metadata") or {}).get("event_payload") or {}
                if payload.get("letter") == letter.id.hex:
                    return str(message["ts"])
            cursor = (answer.get("response_metadata") or {}).get("next_cursor")
            if not cursor:
                break
        return None

    async def _update(self, letter: Letter) -> Result:
        slot = letter.slot or ""
        ref, on_its_way = await self._worker.run(
            lambda session: (posted_ref(session, self._sealer, slot), is_on_its_way(session, slot))
        )
        if on_its_way:
            # Its post was held up, or its end is just being written: changed now, it would show the older state.
            return TryAgain("not posted yet")
        if ref is None:
            return Refused("there is no message to change")
        blocks, text = message_blocks(Card.from_json(letter.payload["card"]), *self._reader(letter))
        await self._client.chat_update(channel=ref["channel"], ts=ref["ts"], blocks=blocks, text=text)
        return Sent(ref)

    async def _publish_home(self, letter: Letter, user: str) -> Result:
        cards = tuple(Card.from_json(card) for card in letter.payload["cards"])
        # A letter of an earlier version knows no page.
        page = int(letter.payload.get("page", 0))
        if self._home is not None:
            cards = await self._home(letter.recipient, cards)
        await self._client.views_publish(user_id=user, view=home_view(cards, *self._reader(letter), page))
        return Sent()

    def _reader(self, letter: Letter) -> tuple[str, str, datetime]:
        return letter.payload["language"], letter.payload["zone"], self._clock()

    def _forgot_channel(self, letter: Letter, user: str | None, error: SlackApiError) -> bool:
        """Forget a channel that is there no more; says whether another may be opened for a post."""
        if code_of(error) not in ("channel_not_found", "is_archived"):
            return False
        return self._channels.pop(user or "", None) is not None and letter.method == "post"


def made_at(letter: Letter) -> float:
    """Read when a letter was written (seconds since 1970) from its id, a UUID of version 7: see `store.ids`."""
    return (letter.id.int >> 80) / 1000


def code_of(error: SlackApiError) -> str:
    """Give Slack's own code of an error; "" when there was no answer that could be read."""
    data = getattr(error.response, "data", None)
    return str(data.get("error") or "") if isinstance(data, dict) else ""


def result_of(error: SlackApiError) -> TryAgain | Refused:
    """Say what becomes of a letter after an error of the Web API."""
    code = code_of(error)
    response: Any = error.response
    status = getattr(response, "status_code", None) or getattr(response, "status", None) or 0
    if status == 429 or code in ("ratelimited", "rate_limited"):
        return TryAgain("Slack asks to wait", after=_retry_after(response))
    if code in MENDABLE:
        return TryAgain(f"{MENDABLE[code]} ({code})")
    # An answer without a code is not Slack's: a gateway, a captive portal, a page of an outage.
    if not code or status >= 500:
        return TryAgain(f"Slack had a fault (HTTP {status})")
    return Refused(f"Slack refused: {code}", unreachable=code in UNREACHABLE)


def pass_refusal(error: SlackApiError) -> None:
    """Let pass what no waiting mends, and raise the rest."""
    if isinstance(result_of(error), TryAgain):
        raise error
    log.warning("slack refused", code=code_of(error))


def _retry_after(response: Any) -> float:  # noqa: ANN401 (a response of slack_sdk or of aiohttp)
    try:
        return max(1.0, float(response.headers.get("Retry-After", 1)))
    except (AttributeError, TypeError, ValueError):
        return 1.0
