"""Web API methods about messages: chat.* and conversations.*."""

from __future__ import annotations

from typing import Any

from rehearsal.slack_blocks import message_faults, with_ids
from rehearsal.slack_call import Call, page
from rehearsal.slack_desk import Desk
from rehearsal.slack_memory import Channel, Message
from rehearsal.slack_payloads import channel_object
from rehearsal.slack_rules import BOT_USER_ID, Refusal, is_count, scope_missing

TEXT_POSTED = 40_000
TEXT_UPDATED = 4_000

Answer = dict[str, Any]


def checked_blocks(desk: Desk, given: object) -> list[dict[str, Any]] | None:
    """Give the blocks of a message with their ids, None when there are none, [] when they are taken away.

    Raises Refusal `invalid_blocks_format`, or `invalid_blocks` with what is wrong with them.
    """
    if given is None:
        return None
    if not isinstance(given, list):
        raise Refusal("invalid_blocks_format")
    wrong = message_faults(given, desk.memory.files.__contains__)
    if wrong:
        raise Refusal("invalid_blocks", wrong)
    return with_ids(given)


def _metadata(call: Call) -> dict[str, Any] | None:
    """Give checked metadata, None when the call has none, {} when it takes it away."""
    given = call.structured("metadata", "invalid_metadata_format")
    if given is None:
        return None
    if not isinstance(given, dict):
        raise Refusal("invalid_metadata_format")
    if given and not (isinstance(given.get("event_type"), str) and isinstance(given.get("event_payload"), dict)):
        raise Refusal("invalid_metadata_schema")
    return given


def _content(call: Call, most: int) -> dict[str, Any]:
    """Give what the message says; raises Refusal `no_text`, `msg_too_long`, or what blocks and metadata lack."""
    text = call.words("text")
    blocks = checked_blocks(call.desk, call.structured("blocks", "invalid_blocks_format"))
    if not text and not blocks:
        raise Refusal("no_text")
    if len(text) > most:
        raise Refusal("msg_too_long")
    return {"text": text, "blocks": blocks, "metadata": _metadata(call)}


def _given(parts: dict[str, Any]) -> dict[str, Any]:
    return {name: part for name, part in parts.items() if part or name == "text"}


def post_message(call: Call) -> Answer:
    memory = call.desk.memory
    channel = memory.reach(call.args.get("channel"))
    parts = _given(_content(call, TEXT_POSTED) | {"thread_ts": call.words("thread_ts")})
    call.desk.limits.spend_channel(channel.id)
    message = memory.post(channel.id, BOT_USER_ID, parts)
    return {"channel": channel.id, "ts": message["ts"], "message": message}


def post_ephemeral(call: Call) -> Answer:
    memory = call.desk.memory
    channel = memory.reach(call.args.get("channel"))
    user = call.need("user")
    parts = _given(_content(call, TEXT_POSTED))
    if user not in memory.members(channel.id):
        raise Refusal("user_not_in_channel")
    return {"message_ts": memory.post_only_for(user, channel.id, parts)["ts"]}


def _own_message(call: Call, error: str) -> tuple[Channel, Message]:
    channel = call.desk.memory.channels.get(call.words("channel"))
    if channel is None:
        raise Refusal("channel_not_found")
    message = call.desk.memory.find(channel.id, call.need("ts"))
    if message is None:
        raise Refusal("message_not_found")
    if message["user"] != BOT_USER_ID:
        raise Refusal(error)
    return channel, message


def update(call: Call) -> Answer:
    channel, message = _own_message(call, "cant_update_message")
    parts = _content(call, TEXT_UPDATED)
    changed: dict[str, Any] = {}
    # Text alone replaces the blocks; blocks alone leave the text; metadata stays unless {} takes it away.
    if parts["text"]:
        changed["text"] = parts["text"]
    if parts["blocks"] is not None or parts["text"]:
        changed["blocks"] = parts["blocks"] or None
    if parts["metadata"] is not None:
        changed["metadata"] = parts["metadata"] or None
    call.desk.memory.change(channel.id, message, changed)
    return {"channel": channel.id, "ts": message["ts"], "text": message["text"], "message": message}


def delete(call: Call) -> Answer:
    channel, message = _own_message(call, "cant_delete_message")
    call.desk.memory.remove(channel.id, message["ts"])
    return {"channel": channel.id, "ts": message["ts"]}


def open_conversation(call: Call) -> Answer:
    memory = call.desk.memory
    if call.words("channel"):
        known = memory.channels.get(call.words("channel"))
        if known is None:
            raise Refusal("channel_not_found")
        if not known.user:
            raise Refusal("method_not_supported_for_channel_type")
        return {"no_op": True, "already_open": True, "channel": {"id": known.id}}
    users = [user.strip() for user in call.words("users").split(",") if user.strip()]
    if not users:
        raise Refusal("users_list_not_supplied")
    if any(user not in memory.people for user in users):
        raise Refusal("user_not_found")
    if len(users) > 1:
        raise scope_missing("mpim:write", call.desk.scopes)
    if memory.people[users[0]].deleted:
        raise Refusal("user_disabled")
    already = any(channel.user == users[0] for channel in memory.channels.values())
    channel = memory.dm(users[0])
    answer: Answer = {"channel": channel_object(channel) if call.yes("return_im") else {"id": channel.id}}
    return ({"no_op": True, "already_open": True} if already else {}) | answer


def _known_channel(call: Call, scope: str) -> Channel:
    """Find a conversation the token may read; `scope` is the last part of the scope needed, "history" or "read"."""
    channel = call.desk.memory.channels.get(call.need("channel"))
    if channel is None:
        raise Refusal("channel_not_found")
    needed = f"im:{scope}" if channel.user else f"channels:{scope}"
    if needed not in call.desk.scopes:
        raise scope_missing(needed, call.desk.scopes)
    return channel


def history(call: Call) -> Answer:
    channel = _known_channel(call, "history")
    if not channel.bot_in:
        raise Refusal("not_in_channel")
    oldest, latest = call.words("oldest"), call.words("latest")
    for name, bound in (("oldest", oldest), ("latest", latest)):
        if bound and not is_count(bound.replace(".", "", 1)):
            raise Refusal(f"invalid_ts_{name}")
    inclusive = call.yes("inclusive")
    found = []
    for message in reversed(call.desk.memory.history(channel.id)):
        ts = message["ts"]
        late = latest and (float(ts) > float(latest) or (ts == latest and not inclusive))
        early = oldest and (float(ts) < float(oldest) or (ts == oldest and not inclusive))
        threaded = message.get("thread_ts") not in (None, ts)
        if not late and not early and not threaded:
            hidden = () if call.yes("include_all_metadata") else ("metadata",)
            found.append({name: part for name, part in message.items() if name not in hidden})
    rows, cursor = page(found, call, 100, 999)
    more = {"response_metadata": {"next_cursor": cursor}} if cursor else {}
    return {"messages": rows, "has_more": bool(cursor), "pin_count": 0, **more}


def info(call: Call) -> Answer:
    return {"channel": channel_object(_known_channel(call, "read"))}


def list_conversations(call: Call) -> Answer:
    types = [kind.strip() for kind in (call.words("types") or "public_channel").split(",")]
    scopes = {"public_channel": "channels:read", "im": "im:read", "mpim": "mpim:read", "private_channel": "groups:read"}
    if any(kind not in scopes for kind in types):
        raise Refusal("invalid_types")
    lacking = [scopes[kind] for kind in types if scopes[kind] not in call.desk.scopes]
    if lacking:
        raise scope_missing(",".join(lacking), call.desk.scopes)
    known = [
        channel_object(channel)
        for channel in call.desk.memory.channels.values()
        if ("im" if channel.user else "public_channel") in types
    ]
    rows, cursor = page(known, call, 100, 1000)
    return {"channels": rows, "response_metadata": {"next_cursor": cursor}}
