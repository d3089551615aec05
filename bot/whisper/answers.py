"""Windows that are sent to Slack, taken once each."""

import asyncio
import json
from collections.abc import Callable, Coroutine
from hashlib import sha256
from typing import Any, Final

from slack_bolt.response import BoltResponse

# Long past the three seconds after which Slack, or a proxy before it, may deliver a form again.
AGAIN_SECONDS: Final = 60.0


class Once:
    """What was sent from windows in the last minute, by a hash of it: not by who sent it."""

    def __init__(self) -> None:
        self._taking: dict[bytes, asyncio.Task[BoltResponse]] = {}

    async def do(self, view: dict[str, Any], work: Callable[[], Coroutine[Any, Any, BoltResponse]]) -> BoltResponse:
        """Do what a window was sent for; when the same is delivered again, do nothing and answer as before."""
        sent = json.dumps([view.get("id"), view.get("hash"), view.get("state")], sort_keys=True)
        key = sha256(sent.encode("utf-8", "replace")).digest()
        taking = self._taking.get(key)
        if taking is None:
            taking = self._taking[key] = asyncio.create_task(work())
            asyncio.get_running_loop().call_later(AGAIN_SECONDS, self._taking.pop, key, None)
        kept = False
        try:
            answer = await asyncio.shield(taking)
            kept = '"response_action": "errors"' not in str(answer.body)
        finally:
            if not kept:
                # It went wrong in a way that leaves the window as it is: they may send the same again.
                self._taking.pop(key, None)
        return answer
