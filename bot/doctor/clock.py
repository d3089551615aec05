"""The doctor's look at the clock: waves, quiet hours and Slack's signatures all hang on it."""

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import aiohttp

from bot.finding import Finding

# Slack refuses signatures that are five minutes off; long before that a check-in comes at the wrong time.
MOST = timedelta(seconds=60)


async def clock_findings(url: str, seconds: float) -> list[Finding]:
    """Compare this machine's clock with a server's; nothing when it does not answer, for that is said elsewhere."""
    timeout = aiohttp.ClientTimeout(total=seconds)
    try:
        async with aiohttp.ClientSession(timeout=timeout) as session, session.get(url) as answer:
            told = answer.headers.get("Date", "")
    except (aiohttp.ClientError, TimeoutError, OSError):
        return []
    finding = compare(told, datetime.now(UTC))
    return [finding] if finding else []


def compare(told: str, now: datetime) -> Finding | None:
    """Compare the time in a Date header with ours; None when it cannot be read."""
    try:
        off = abs(parsedate_to_datetime(told).astimezone(UTC) - now)
    except ValueError:
        return None
    if off <= MOST:
        return Finding("clock", True, "This machine's clock is right.")
    words = (
        f"This machine's clock is {int(off.total_seconds()):,} seconds off: have it set by NTP, such as `timedatectl"
    )
    return Finding("clock", False, f"{words} set-ntp true`.")
