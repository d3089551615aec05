"""What the stand-in workspace remembers: members, conversations, messages, Home tabs and files.

Kept through the Book, so a restart finds all of it again. Ephemeral messages and open modals are not kept: the real
network forgets those too. Every change is published on the hub under "workspace".
"""

from __future__ import annotations

import base64
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from rehearsal.hub import Book, Hub
from rehearsal.slack_rules import APP_ID, BOT_ID, BOT_NAME, BOT_USER_ID, TEAM_ID, Refusal

Message = dict[str, Any]


@dataclass(frozen=True)
class Person:
    """A member of the workspace; `deleted` is a deactivated account, `showcase` marks whom the page shows first."""

    id: str
    email: str
    name: str
    real_name: str
    deleted: bool = False
    showcase: bool = False


@dataclass(frozen=True)
class Channel:
    """A conversation: a direct message with the app (`user` is the other side) or a public channel (`name`)."""

    id: str
    created: int
    user: str = ""
    name: str = ""
    members: tuple[str, ...] = ()
    bot_in: bool = True


@dataclass(frozen=True)
class File:
    id: str
    name: str
    title: str
    content: bytes
    alt: str = ""


class Memory:
    """The members, conversations, messages, Home tabs and files of one workspace."""

    def __init__(self, hub: Hub, book: Book) -> None:
        self._hub = hub
        self._book = book
        self.people: dict[str, Person] = {}
        self.channels: dict[str, Channel] = {}
        self.files: dict[str, File] = {}
        self._messages: dict[str, dict[str, Message]] = {}
        self._only_for: dict[tuple[str, str], dict[str, Message]] = {}
        self._read: dict[str, str] = {}
        self._last_micros = 0
        self._load()

    def _load(self) -> None:
        for key, value in self._book.shelf("slack.people"):
            self.people[key] = Person(**value)
        for key, value in self._book.shelf("slack.channels"):
            self.channels[key] = Channel(**{**value, "members": tuple(value["members"])})
        for key, value in self._book.shelf("slack.files"):
            self.files[key] = File(**{**value, "content": base64.b64decode(value["content"])})
        for key, value in self._book.shelf("slack.messages"):
            channel, ts = key.split(":")
            self._messages.setdefault(channel, {})[ts] = value
            self._last_micros = max(self._last_micros, int(ts.replace(".", "")))
        self._read = dict(self._book.shelf("slack.read"))

    def ts(self) -> str:
        """Give a timestamp no other message has: seconds and six digits, always later than the last."""
        self._last_micros = max(self._last_micros + 1, time.time_ns() // 1000)
        return f"{self._last_micros // 1_000_000}.{self._last_micros % 1_000_000:06d}"

    def tell(self, user: str, kind: str, channel: str = "", ts: str = "") -> None:
        """Publish a change to what one member sees: "message", "update", "home", "view" or "delete"."""
        self._hub.publish("workspace", {"user": user, "kind": kind, "channel": channel, "ts": ts})

    def tell_all(self, channel: str, kind: str, ts: str) -> None:
        for user in self.members(channel):
            self.tell(user, kind, channel, ts)

    def register(self, person: Person) -> None:
        self.people[person.id] = person
        self._book.put("slack.people", person.id, asdict(person))

    def keep_channel(self, channel: Channel) -> Channel:
        self.channels[channel.id] = channel
        self._book.put("slack.channels", channel.id, asdict(channel))
        return channel

    def drop_file(self, file_id: str) -> bool:
        """Forget a file; False when there is none."""
        self._book.drop("slack.files", file_id)
        return self.files.pop(file_id, None) is not None

    def keep_file(self, file: File) -> None:
        self.files[file.id] = file
        self._book.put(
            "slack.files", file.id, {**asdict(file), "content": base64.b64encode(file.content).decode("ascii")}
        )

    def dm(self, user: str) -> Channel:
        """Give the direct message between the app and a member, begun now if there was none."""
        channel = "D" + user[1:]
        return self.channels.get(channel) or self.keep_channel(Channel(channel, int(time.time()), user=user))

    def members(self, channel: str) -> tuple[str, ...]:
        known = self.channels[channel]
        return (known.user,) if known.user else known.members

    def conversations(self, user: str) -> list[Channel]:
        return [channel for channel in self.channels.values() if user in self.members(channel.id)]

    def reach(self, channel: object) -> Channel:
        """Find where to post: a conversation's id, or a member's id for their direct message.

        Raises Refusal `channel_not_found`, or `not_in_channel` when the app is not in it.
        """
        known = self.channels.get(channel) if isinstance(channel, str) else None
        if known is None and isinstance(channel, str) and channel in self.people:
            known = self.dm(channel)
        if known is None:
            raise Refusal("channel_not_found")
        if not known.bot_in:
            raise Refusal("not_in_channel")
        return known

    def post(self, channel: str, author: str, parts: dict[str, Any]) -> Message:
        """Add a message by the app or a member; `parts` are its text, blocks, metadata, files, thread_ts."""
        ts = self.ts()
        message: Message = {"type": "message", "user": author, "ts": ts, "team": TEAM_ID, **parts}
        if author == BOT_USER_ID:
            message |= {"bot_id": BOT_ID, "app_id": APP_ID, "bot_profile": bot_profile()}
        self._messages.setdefault(channel, {})[ts] = message
        self._book.put("slack.messages", f"{channel}:{ts}", message)
        self.tell_all(channel, "message", ts)
        return message

    def post_only_for(self, user: str, channel: str, parts: dict[str, Any]) -> Message:
        """Show a message by the app to one member only, until the workspace restarts."""
        ts = self.ts()
        message: Message = {"type": "message", "user": BOT_USER_ID, "bot_id": BOT_ID, "ts": ts, **parts}
        self._only_for.setdefault((user, channel), {})[ts] = message
        self.tell(user, "message", channel, ts)
        return message

    def find(self, channel: str, ts: str) -> Message | None:
        return self._messages.get(channel, {}).get(ts)

    def find_only_for(self, user: str, channel: str, ts: str) -> Message | None:
        return self._only_for.get((user, channel), {}).get(ts)

    def change(self, channel: str, message: Message, parts: dict[str, Any]) -> None:
        """Change the app's message; a part that is None is taken away."""
        ts = message["ts"]
        message |= parts
        for gone in [name for name, part in message.items() if part is None]:
            del message[gone]
        message["edited"] = {"user": message["user"], "ts": self.ts()}
        if self.find(channel, ts) is message:
            self._book.put("slack.messages", f"{channel}:{ts}", message)
        self.tell_all(channel, "update", ts)

    def remove(self, channel: str, ts: str, user: str = "") -> None:
        """Take a message away; `user` is given for one only they could see."""
        if self._messages.get(channel, {}).pop(ts, None) is not None:
            self._book.drop("slack.messages", f"{channel}:{ts}")
        elif user:
            self._only_for.get((user, channel), {}).pop(ts, None)
        self.tell_all(channel, "delete", ts)

    def history(self, channel: str) -> list[Message]:
        """List a conversation's messages, oldest first."""
        return list(self._messages.get(channel, {}).values())

    def seen_by(self, user: str, channel: str) -> Iterator[tuple[Message, bool]]:
        """Give what a member sees in a conversation, oldest first, with whether only they see it."""
        only = self._only_for.get((user, channel), {})
        shown = [(message, False) for message in self.history(channel)] + [(each, True) for each in only.values()]
        yield from sorted(shown, key=lambda each: str(each[0]["ts"]))

    def unread(self, user: str, channel: str) -> int:
        last = self._read.get(f"{user}:{channel}", "")
        return sum(message["user"] != user and message["ts"] > last for message, _ in self.seen_by(user, channel))

    def mark_read(self, user: str, channel: str) -> None:
        last = [message["ts"] for message, _ in self.seen_by(user, channel)][-1:]
        if last and last[0] > self._read.get(f"{user}:{channel}", ""):
            self._read[f"{user}:{channel}"] = last[0]
            self._book.put("slack.read", f"{user}:{channel}", last[0])

    def keep_home(self, user: str, view: dict[str, Any]) -> None:
        self._book.put("slack.homes", user, view)

    def kept_homes(self) -> Iterator[tuple[str, dict[str, Any]]]:
        yield from self._book.shelf("slack.homes")


def bot_profile() -> dict[str, Any]:
    return {"id": BOT_ID, "app_id": APP_ID, "name": BOT_NAME, "deleted": False, "updated": 0, "team_id": TEAM_ID}
