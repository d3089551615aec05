"""The doctor: looks at everything Earshot needs, changes nothing, names nobody, and says what mends what is wrong.

The networks are asked here, whether the tokens are accepted and allow all that is needed; the rest is looked at in
`bot.doctor.store`.
"""

import asyncio
from collections.abc import Awaitable, Callable

import aiohttp
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web.async_client import AsyncWebClient
from telegram import Bot
from telegram.error import InvalidToken, TelegramError

from bot.doctor.aloud import aloud_findings
from bot.doctor.clock import clock_findings
from bot.doctor.store import folder_findings, store_findings
from bot.doctor.trust import trust_findings
from bot.doctor.whisper_desk import desk_findings
from bot.doctor.whispers import whisper_findings
from bot.finding import Finding
from bot.opening import problem_of
from bot.settings import CHOSEN, Settings, SettingsProblem, check_host, unknown_told
from bot.slack.client import METHOD_SCOPES, make_client
from bot.slack.sender import code_of
from bot.telegram.edge import WEBHOOK_PATH
from bot.telegram.request import AiohttpRequest

__all__ = ["Finding", "examine"]

SECONDS = 5.0
_ON_LINE = "check that this machine is on line, then run `earshot doctor` again"


def examine(settings: Settings) -> list[Finding]:
    """Look at everything, in the order in which it is to be mended. Never raises; nothing is changed."""
    findings: list[Finding] = []
    for what, check in CHECKS.items():
        try:
            findings += check(settings)
        except Exception as error:
            # The doctor must get to the end whatever it meets.
            findings.append(Finding(what, False, problem_of(error)))
    return findings


def _settings_findings(settings: Settings) -> list[Finding]:
    """Look for slips of the pen: what they were to set would silently stay as it was, or lead nowhere."""
    found = [Finding("settings", False, words) for words in unknown_told()]
    try:
        check_host(settings)
    except SettingsProblem as problem:
        found.append(Finding("settings", False, str(problem)))
    if settings.telegram_webhook_url.rstrip("/").endswith(WEBHOOK_PATH):
        too_long = f"EARSHOT_TELEGRAM_WEBHOOK_URL ends in {WEBHOOK_PATH}, which Earshot adds itself: leave that out."
        found.append(Finding("settings", False, too_long))
    return found or [Finding("settings", True, "All settings are understood.")]


def _network_findings(settings: Settings) -> list[Finding]:
    """Ask both networks who we are, within a few seconds; with no tokens set there is nothing to ask."""
    if settings.rehearses:
        if CHOSEN.get():
            return [Finding("networks", False, "This school has no tokens yet: fill them in in its .env.")]
        return [Finding("networks", True, "Rehearsal: no tokens set, so everything runs on this machine.")]
    return asyncio.run(_ask(settings))


async def _ask(settings: Settings) -> list[Finding]:
    checks: list[Awaitable[Finding]] = [_telegram(settings), _slack(settings)]
    if settings.slack_app_token is not None:
        checks.append(_slack_app(settings))
    findings, clock = await asyncio.gather(asyncio.gather(*checks), clock_findings(settings.slack_api_url, SECONDS))
    return [*findings, *clock]


async def _telegram(settings: Settings) -> Finding:
    assert settings.telegram_token is not None  # noqa: S101 (with no token nothing is asked)
    wrong = "Telegram does not accept the token: copy it anew from @BotFather into EARSHOT_TELEGRAM_TOKEN."
    try:
        request = AiohttpRequest(connections=2, waiting=SECONDS, seconds=SECONDS)
        base = settings.telegram_api_url.rstrip("/")
        # To begin, the library asks getMe.
        async with Bot(settings.telegram_token.get_secret_value(), base_url=f"{base}/bot", request=request):
            pass
    except InvalidToken:
        return Finding("Telegram", False, wrong)
    except (TelegramError, TimeoutError, OSError) as error:
        return Finding("Telegram", False, f"Telegram cannot be reached ({type(error).__name__}): {_ON_LINE}.")
    return Finding("Telegram", True, "Telegram accepts the token.")


async def _slack(settings: Settings) -> Finding:
    assert settings.slack_bot_token is not None  # noqa: S101 (set together with Telegram's)
    client = _client(settings.slack_bot_token.get_secret_value(), settings)
    try:
        answer = await client.auth_test()
    except SlackApiError as error:
        return _refused("Slack", error, "EARSHOT_SLACK_BOT_TOKEN", "OAuth & Permissions")
    except (aiohttp.ClientError, SlackClientError, TimeoutError, OSError) as error:
        return Finding("Slack", False, f"Slack cannot be reached ({type(error).__name__}): {_ON_LINE}.")
    headers = {name.lower(): value for name, value in answer.headers.items()}
    granted = {scope.strip() for scope in str(headers.get("x-oauth-scopes", "")).split(",")}
    missing = sorted({scope for scope in METHOD_SCOPES.values() if scope} - granted)
    if missing:
        mend = "take docs/slack-manifest.json as the app's manifest and install it in the workspace anew"
        return Finding("Slack", False, f"The Slack app lacks the scopes {', '.join(missing)}: {mend}.")
    return Finding("Slack", True, "Slack accepts the token, with all the scopes that are needed.")


async def _slack_app(settings: Settings) -> Finding:
    assert settings.slack_app_token is not None  # noqa: S101 (asked only with one)
    token = settings.slack_app_token.get_secret_value()
    try:
        await _client(token, settings).apps_connections_open(app_token=token)
    except SlackApiError as error:
        return _refused("Slack Socket Mode", error, "EARSHOT_SLACK_APP_TOKEN", "Basic Information")
    except (aiohttp.ClientError, SlackClientError, TimeoutError, OSError) as error:
        return Finding("Slack Socket Mode", False, f"Slack cannot be reached ({type(error).__name__}): {_ON_LINE}.")
    return Finding("Slack Socket Mode", True, "Slack accepts the app-level token.")


def _client(token: str, settings: Settings) -> AsyncWebClient:
    client = make_client(token, settings.slack_api_url)
    client.timeout = int(SECONDS)
    return client


def _refused(what: str, error: SlackApiError, setting: str, page: str) -> Finding:
    code = code_of(error) or "no code"
    return Finding(
        what, False, f"Slack refuses the token ({code}): copy it anew from the app's page {page} to {setting}."
    )


CHECKS: dict[str, Callable[[Settings], list[Finding]]] = {
    "settings": _settings_findings,
    "data folder": folder_findings,
    "database": store_findings,
    "trust": trust_findings,
    "whispers": whisper_findings,
    "whisper desk": desk_findings,
    "reading aloud": aloud_findings,
    "networks": _network_findings,
}
