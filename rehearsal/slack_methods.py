"""Every Web API method the stand-in Slack answers: which token, scope and pace it takes, and what it does.

Scopes and tiers are those of docs.slack.dev/reference/methods. A tier's minute may be used in one burst.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from rehearsal import slack_chat, slack_files
from rehearsal.hub import SLACK_APP_TOKEN, SLACK_BOT_TOKEN
from rehearsal.slack_call import Call, page
from rehearsal.slack_payloads import bot_user, user_object
from rehearsal.slack_rules import (
    APP_ID,
    BOT_ID,
    BOT_NAME,
    BOT_USER_ID,
    TEAM_ID,
    TEAM_NAME,
    Refusal,
    missing,
    scope_missing,
)
from rehearsal.slack_views import View

# Slack says "one a minute and more" of tier 1; a client that reconnects a few times is not refused by it.
TIER_1, TIER_2, TIER_3, TIER_4 = 10, 20, 50, 100
# auth.test is "several hundred a minute"; api.test and chat.postMessage (paced by channel) are not counted here.
SEVERAL_HUNDRED, UNCOUNTED = 300, 0

Answer = dict[str, Any]


@dataclass(frozen=True)
class Method:
    """One method: whose token it takes, the scope a bot's token needs, and its calls a minute (0 is without limit)."""

    run: Callable[[Call], Answer]
    per_minute: int
    scope: str = ""
    caller: Literal["bot", "app", "anyone"] = "bot"


def api_test(call: Call) -> Answer:
    if call.words("error"):
        raise Refusal(call.words("error"), more={"args": call.args})
    return {"args": call.args}


def auth_test(call: Call) -> Answer:
    return {
        "url": f"{call.base}/",
        "team": TEAM_NAME,
        "user": BOT_NAME,
        "team_id": TEAM_ID,
        "user_id": BOT_USER_ID,
        "bot_id": BOT_ID,
        "is_enterprise_install": False,
    }


def connections_open(call: Call) -> Answer:
    return {"url": f"{call.base.replace('http', 'ws', 1)}/socket?ticket={call.desk.courier.ticket()}&app_id={APP_ID}"}


def _shown_user(call: Call, user: str) -> Answer:
    person = call.desk.memory.people[user]
    return user_object(person, with_email="users:read.email" in call.desk.scopes)


def users_info(call: Call) -> Answer:
    user = call.words("user")
    if user == BOT_USER_ID:
        return {"user": bot_user()}
    if user not in call.desk.memory.people:
        raise Refusal("user_not_found")
    return {"user": _shown_user(call, user)}


def users_list(call: Call) -> Answer:
    # Without a limit the real one sends all it can, and refuses a workspace too large for that.
    known = [bot_user(), *(_shown_user(call, user) for user in call.desk.memory.people)]
    rows, cursor = page(known, call, 1000, 1000)
    return {"members": rows, "cache_ts": 0, "response_metadata": {"next_cursor": cursor}}


def users_lookup(call: Call) -> Answer:
    email = call.need("email").casefold()
    for person in call.desk.memory.people.values():
        if person.email.casefold() == email and not person.deleted:
            return {"user": _shown_user(call, person.id)}
    raise Refusal("users_not_found")


def _view(call: Call) -> object:
    view = call.structured("view", "invalid_arguments")
    if view is None:
        raise missing("view")
    return view


def views_open(call: Call) -> Answer:
    view = call.desk.views.check(_view(call), "modal")
    trigger = call.desk.passes.check(call.need("trigger_id"))
    shown = call.desk.views.open(trigger.user, view)
    trigger.spent = True
    return {"view": shown}


def views_push(call: Call) -> Answer:
    view = call.desk.views.check(_view(call), "modal")
    trigger = call.desk.passes.check(call.need("trigger_id"))
    if trigger.surface == "home":
        wrong = "[ERROR] must match the `type` of the root view whose stack we're pushing onto"
        raise Refusal("invalid_arguments", [f"{wrong} [json-pointer:/view/type]"])
    shown = call.desk.views.push(trigger.user, view)
    trigger.spent = True
    return {"view": shown}


def views_update(call: Call) -> Answer:
    view = call.desk.views.check(_view(call))
    if not call.words("view_id") and not call.words("external_id"):
        raise missing("view_id")
    old: View = call.desk.views.find(call.words("view_id"), call.words("external_id"))
    return {"view": call.desk.views.replace(old, view, call.words("hash"))}


def views_publish(call: Call) -> Answer:
    user = call.need("user_id")
    view = call.desk.views.check(_view(call), "home")
    if user not in call.desk.memory.people:
        raise Refusal("user_not_found")
    return {"view": call.desk.views.publish(user, view, call.words("hash"))}


METHODS: dict[str, Method] = {
    "api.test": Method(api_test, UNCOUNTED, caller="anyone"),
    "apps.connections.open": Method(connections_open, TIER_1, caller="app"),
    "auth.test": Method(auth_test, SEVERAL_HUNDRED),
    "chat.delete": Method(slack_chat.delete, TIER_3, "chat:write"),
    "chat.postEphemeral": Method(slack_chat.post_ephemeral, TIER_4, "chat:write"),
    "chat.postMessage": Method(slack_chat.post_message, UNCOUNTED, "chat:write"),
    "chat.update": Method(slack_chat.update, TIER_3, "chat:write"),
    "conversations.history": Method(slack_chat.history, TIER_3),
    "conversations.info": Method(slack_chat.info, TIER_3),
    "conversations.list": Method(slack_chat.list_conversations, TIER_2),
    "conversations.open": Method(slack_chat.open_conversation, TIER_3, "im:write"),
    "files.completeUploadExternal": Method(slack_files.complete_upload, TIER_4, "files:write"),
    "files.delete": Method(slack_files.delete_file, TIER_3, "files:write"),
    "files.getUploadURLExternal": Method(slack_files.upload_url, TIER_4, "files:write"),
    "users.info": Method(users_info, TIER_4, "users:read"),
    "users.list": Method(users_list, TIER_2, "users:read"),
    "users.lookupByEmail": Method(users_lookup, TIER_3, "users:read.email"),
    "views.open": Method(views_open, TIER_4),
    "views.publish": Method(views_publish, TIER_4),
    "views.push": Method(views_push, TIER_4),
    "views.update": Method(views_update, TIER_4),
}


def perform(name: str, call: Call) -> Answer:
    """Carry out one call.

    Raises Refusal: `not_authed`, `invalid_auth`, `not_allowed_token_type`, `unknown_method`, `missing_scope`,
    `ratelimited`, or whatever the method itself refuses.
    """
    method = METHODS.get(name)
    if method is None or method.caller != "anyone":
        if not call.token:
            raise Refusal("not_authed")
        if call.token not in (SLACK_BOT_TOKEN, SLACK_APP_TOKEN):
            raise Refusal("invalid_auth")
    if method is None:
        raise Refusal("unknown_method", more={"req_method": name})
    if method.caller != "anyone" and (call.token == SLACK_APP_TOKEN) != (method.caller == "app"):
        raise Refusal("not_allowed_token_type")
    if method.scope and method.scope not in call.desk.scopes:
        raise scope_missing(method.scope, call.desk.scopes)
    call.desk.limits.spend_method(name, method.per_minute)
    return {"ok": True, **method.run(call)}
