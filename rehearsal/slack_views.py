"""Modals and Home tabs of the stand-in workspace, and the passes to open them: triggers and response URLs."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, TypeVar

from rehearsal.slack_blocks import too_large, view_faults, with_ids
from rehearsal.slack_memory import Memory
from rehearsal.slack_rules import APP_ID, BOT_ID, TEAM_ID, Refusal, Waits

STACK = 3
# Passes that ran out are kept this many at a time, so that a late one can still be told from an unknown one.
KEPT_PASSES = 2000
RESPONSE_URL_USES = 5

View = dict[str, Any]


@dataclass
class Trigger:
    """The right to open one modal for the member who has just acted; `surface` is where they acted."""

    user: str
    surface: str
    until: float
    spent: bool = False


@dataclass
class ReplyPass:
    """The right to answer an interaction at its response_url; `ts` is "" for one that began with no message."""

    user: str
    channel: str
    ts: str
    until: float
    uses: int = 0


T = TypeVar("T", Trigger, ReplyPass)


@dataclass
class Passes:
    """The triggers and response URLs given out since the start."""

    waits: Waits
    triggers: dict[str, Trigger] = field(default_factory=dict)
    replies: dict[str, ReplyPass] = field(default_factory=dict)

    def trigger(self, user: str, surface: str) -> str:
        key = f"{secrets.randbelow(10**13)}.{secrets.randbelow(10**11)}.{secrets.token_hex(16)}"
        _keep(self.triggers, key, Trigger(user, surface, time.monotonic() + self.waits.trigger))
        return key

    def check(self, key: object) -> Trigger:
        """Look at a trigger without spending it.

        Raises Refusal `invalid_trigger_id` (not of its form), `expired_trigger_id` or `exchanged_trigger_id`.
        """
        if not isinstance(key, str) or key.count(".") != 2:
            raise Refusal("invalid_trigger_id")
        trigger = self.triggers.get(key)
        if trigger is not None and trigger.spent:
            raise Refusal("exchanged_trigger_id")
        if trigger is None or trigger.until < time.monotonic():
            raise Refusal("expired_trigger_id")
        return trigger

    def reply(self, base: str, user: str, channel: str, ts: str) -> str:
        """Make a response_url."""
        key = secrets.token_urlsafe(18)
        _keep(self.replies, key, ReplyPass(user, channel, ts, time.monotonic() + self.waits.response_url))
        return f"{base}/response/{TEAM_ID}/{key}"

    def use_reply(self, key: str) -> ReplyPass:
        """Take one use of a response_url.

        Raises Refusal `expired_url` after 30 minutes (or when it was never given out) and `used_url` after five uses.
        """
        known = self.replies.get(key)
        if known is None or known.until < time.monotonic():
            raise Refusal("expired_url")
        if known.uses >= RESPONSE_URL_USES:
            raise Refusal("used_url")
        known.uses += 1
        return known


def _keep(passes: dict[str, T], key: str, given: T) -> None:
    passes[key] = given
    oldest = next(iter(passes))
    if len(passes) > KEPT_PASSES and passes[oldest].until < time.monotonic():
        del passes[oldest]


class Views:
    """What each member has open: a stack of at most three modals, and the Home tab last published for them."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self.homes: dict[str, View] = dict(memory.kept_homes())
        self.stacks: dict[str, list[View]] = {}

    def check(self, view: object, kind: str | None = None) -> dict[str, Any]:
        """Give a view back if it may be shown.

        Raises Refusal `invalid_arguments` with what is wrong, or `view_too_large` (over 250 kB).
        """
        if too_large(view):
            raise Refusal("view_too_large")
        wrong = view_faults(view, self._memory.files.__contains__)
        if wrong or not isinstance(view, dict):
            raise Refusal("invalid_arguments", wrong)
        if kind is not None and view["type"] != kind:
            raise Refusal("invalid_arguments", ["[ERROR] must be a valid enum value [json-pointer:/view/type]"])
        return view

    def open(self, user: str, view: dict[str, Any]) -> View:
        """Begin a new stack; what was open before is gone."""
        self._external_is_free(view, None)
        self.stacks[user] = []
        return self._onto(user, view)

    def push(self, user: str, view: dict[str, Any]) -> View:
        """Put a modal on top. Raises Refusal `not_found` (nothing is open) or `push_limit_reached`."""
        stack = self.stacks.get(user)
        if not stack:
            raise Refusal("not_found")
        if len(stack) >= STACK:
            raise Refusal("push_limit_reached")
        self._external_is_free(view, None)
        return self._onto(user, view)

    def _onto(self, user: str, view: dict[str, Any]) -> View:
        stack = self.stacks[user]
        shown = dress(view)
        shown["root_view_id"] = stack[0]["id"] if stack else shown["id"]
        shown["previous_view_id"] = stack[-1]["id"] if stack else None
        stack.append(shown)
        self._memory.tell(user, "view")
        return shown

    def publish(self, user: str, view: dict[str, Any], hash_: object) -> View:
        """Show a Home tab. Raises Refusal `hash_conflict` when it was published since."""
        before = self.homes.get(user)
        if hash_ and (before is None or before["hash"] != hash_):
            raise Refusal("hash_conflict")
        self._external_is_free(view, before)
        shown = dress(view, before)
        shown["root_view_id"] = shown["id"]
        self.homes[user] = shown
        self._memory.keep_home(user, shown)
        self._memory.tell(user, "home")
        return shown

    def replace(self, old: View, view: dict[str, Any], hash_: object = None) -> View:
        """Put new content in a view that is shown. Raises Refusal `hash_conflict` when it has changed since."""
        if hash_ and old["hash"] != hash_:
            raise Refusal("hash_conflict")
        user = next(user for user, shown in self._all() if shown is old)
        if old["type"] == "home":
            return self.publish(user, self.check(view, "home"), None)
        self.check(view, "modal")
        self._external_is_free(view, old)
        shown = dress(view, old)
        stack = self.stacks[user]
        stack[stack.index(old)] = shown
        self._memory.tell(user, "view")
        return shown

    def find(self, view_id: object, external_id: object = None) -> View:
        """Find a shown view by its id or the app's own id for it. Raises Refusal `not_found`."""
        for _, view in self._all():
            if view["id"] == view_id or (external_id and view["external_id"] == external_id):
                return view
        raise Refusal("not_found")

    def top(self, user: str) -> View | None:
        stack = self.stacks.get(user)
        return stack[-1] if stack else None

    def close(self, user: str, how_many: int = 1) -> list[View]:
        """Take modals off the top, and give those taken, topmost first."""
        stack = self.stacks.get(user, [])
        taken = [stack.pop() for _ in range(min(how_many, len(stack)))]
        self._memory.tell(user, "view")
        return taken

    def _all(self) -> Iterator[tuple[str, View]]:
        yield from self.homes.items()
        for user, stack in self.stacks.items():
            for view in stack:
                yield user, view

    def _external_is_free(self, view: dict[str, Any], own: View | None) -> None:
        wanted = view.get("external_id")
        if wanted and any(shown["external_id"] == wanted and shown is not own for _, shown in self._all()):
            raise Refusal("duplicate_external_id")


def dress(view: dict[str, Any], before: View | None = None) -> View:
    """Give a checked view the fields the network adds; `before` is the view whose place it takes."""
    shown: View = {
        "id": before["id"] if before else f"V{secrets.token_hex(5).upper()}",
        "team_id": TEAM_ID,
        "type": view["type"],
        "blocks": with_ids(view["blocks"]),
        "private_metadata": view.get("private_metadata") or "",
        "callback_id": view.get("callback_id") or "",
        "external_id": view.get("external_id") or "",
        "state": {"values": before["state"]["values"] if before else {}},
        "hash": f"{int(time.time())}.{secrets.token_hex(4)}",
        "title": view.get("title") or {"type": "plain_text", "text": "View Title", "emoji": True},
        "close": view.get("close"),
        "submit": view.get("submit"),
        "clear_on_close": bool(view.get("clear_on_close")),
        "notify_on_close": bool(view.get("notify_on_close")),
        "submit_disabled": bool(view.get("submit_disabled")),
        "root_view_id": before["root_view_id"] if before else None,
        "previous_view_id": before["previous_view_id"] if before else None,
        "app_id": APP_ID,
        "app_installed_team_id": TEAM_ID,
        "bot_id": BOT_ID,
    }
    known = {(block["block_id"]) for block in shown["blocks"]}
    shown["state"]["values"] = {key: value for key, value in shown["state"]["values"].items() if key in known}
    return shown
