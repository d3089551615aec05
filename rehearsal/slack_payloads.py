"""The payloads of the stand-in Slack: events, interactions, commands, with the fields the real network sends."""

from __future__ import annotations

import secrets
import time
from typing import Any

from rehearsal.slack_memory import Channel, Memory, Message, Person
from rehearsal.slack_rules import APP_ID, BOT_ID, BOT_NAME, BOT_USER_ID, TEAM_DOMAIN, TEAM_ID, VERIFICATION_TOKEN
from rehearsal.slack_views import View

Payload = dict[str, Any]


def user_object(person: Person, *, with_email: bool) -> Payload:
    """Give a member as users.info does; the e-mail only with the scope for it."""
    profile: Payload = {
        "real_name": person.real_name,
        "real_name_normalized": person.real_name,
        "display_name": person.name,
        "display_name_normalized": person.name,
        "team": TEAM_ID,
    }
    if with_email:
        profile["email"] = person.email
    return {
        "id": person.id,
        "team_id": TEAM_ID,
        "name": person.name,
        "deleted": person.deleted,
        "real_name": person.real_name,
        "tz": "Europe/London",
        "tz_label": "Greenwich Mean Time",
        "tz_offset": 0,
        "profile": profile,
        "is_admin": False,
        "is_owner": False,
        "is_restricted": False,
        "is_ultra_restricted": False,
        "is_bot": False,
        "is_app_user": False,
        "updated": 0,
    }


def bot_user() -> Payload:
    """Give the app's own user as users.list does."""
    person = Person(BOT_USER_ID, "", BOT_NAME, BOT_NAME.title())
    shown = user_object(person, with_email=False) | {"is_bot": True}
    shown["profile"] |= {"api_app_id": APP_ID, "bot_id": BOT_ID}
    return shown


def channel_object(channel: Channel) -> Payload:
    """Give a conversation as conversations.info does."""
    shown: Payload = {
        "id": channel.id,
        "created": channel.created,
        "is_archived": False,
        "is_im": bool(channel.user),
        "is_org_shared": False,
        "context_team_id": TEAM_ID,
    }
    if channel.user:
        return shown | {"user": channel.user, "is_user_deleted": False, "priority": 0}
    return shown | {
        "name": channel.name,
        "name_normalized": channel.name,
        "is_channel": True,
        "is_group": False,
        "is_mpim": False,
        "is_private": False,
        "is_member": channel.bot_in,
        "num_members": len(channel.members) + channel.bot_in,
    }


def channel_name(channel: Channel) -> str:
    return channel.name or "directmessage"


def event(inner: Payload) -> Payload:
    """Wrap an event as the Events API does; its event_id stays the same in every delivery."""
    return {
        "token": VERIFICATION_TOKEN,
        "team_id": TEAM_ID,
        "context_team_id": TEAM_ID,
        "context_enterprise_id": None,
        "api_app_id": APP_ID,
        "event": inner,
        "type": "event_callback",
        "event_id": f"Ev{secrets.token_hex(5).upper()}",
        "event_time": int(time.time()),
        "authorizations": [
            {
                "enterprise_id": None,
                "team_id": TEAM_ID,
                "user_id": BOT_USER_ID,
                "is_bot": True,
                "is_enterprise_install": False,
            }
        ],
        "is_ext_shared_channel": False,
        "event_context": secrets.token_urlsafe(24),
    }


def message_event(channel: Channel, message: Message) -> Payload:
    kind = "im" if channel.user else "channel"
    return event({**message, "channel": channel.id, "event_ts": message["ts"], "channel_type": kind})


def home_opened(memory: Memory, user: str, view: View | None) -> Payload:
    inner: Payload = {
        "type": "app_home_opened",
        "user": user,
        "channel": memory.dm(user).id,
        "tab": "home",
        "event_ts": memory.ts(),
    }
    return event(inner | ({"view": view} if view else {}))


def interaction(kind: str, person: Person, trigger: str | None, more: Payload) -> Payload:
    """Begin what every interaction has; `more` is what this one adds."""
    return {
        "type": kind,
        "team": {"id": TEAM_ID, "domain": TEAM_DOMAIN},
        "user": {"id": person.id, "username": person.name, "name": person.name, "team_id": TEAM_ID},
        "api_app_id": APP_ID,
        "token": VERIFICATION_TOKEN,
        "enterprise": None,
        "is_enterprise_install": False,
        **({"trigger_id": trigger} if trigger else {}),
        **more,
    }


def message_place(channel: Channel, message: Message, *, ephemeral: bool) -> Payload:
    """Say where a block_actions on a message comes from; an ephemeral message is not part of it."""
    where: Payload = {
        "container": {
            "type": "message",
            "message_ts": message["ts"],
            "channel_id": channel.id,
            "is_ephemeral": ephemeral,
        },
        "channel": {"id": channel.id, "name": channel_name(channel)},
    }
    return where if ephemeral else where | {"message": message}


def command(person: Person, channel: Channel, name: str, text: str, trigger: str, response_url: str) -> dict[str, str]:
    """Give the fields of a slash command; all are text."""
    return {
        "token": VERIFICATION_TOKEN,
        "team_id": TEAM_ID,
        "team_domain": TEAM_DOMAIN,
        "channel_id": channel.id,
        "channel_name": channel_name(channel),
        "user_id": person.id,
        "user_name": person.name,
        "command": name,
        "text": text,
        "api_app_id": APP_ID,
        "is_enterprise_install": "false",
        "response_url": response_url,
        "trigger_id": trigger,
    }
