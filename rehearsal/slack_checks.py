"""Small checks that Block Kit's tables are built from: each looks at one value and notes what is wrong with it.

The sentences noted are those of the real network, each with a JSON pointer to the value.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Findings:
    """What was found wrong, in the order found, and how to tell whether a file is known."""

    known_file: Callable[[str], bool]
    messages: list[str] = field(default_factory=list)

    def add(self, what: str, pointer: str) -> None:
        self.messages.append(f"[ERROR] {what} [json-pointer:{pointer}]")


Check = Callable[[object, str, Findings], None]


@dataclass(frozen=True)
class Shape:
    """The fields an object must and may have, and how each is checked."""

    required: dict[str, Check]
    optional: dict[str, Check]

    def __call__(self, value: object, at: str, found: Findings) -> None:
        if not isinstance(value, dict):
            found.add("must provide an object", at)
            return
        for name in self.required:
            if name not in value:
                found.add(f"missing required field: {name}", at)
        for name, part in value.items():
            check = self.required.get(name) or self.optional.get(name)
            # What is null is there, and of the wrong kind.
            if check is not None:
                check(part, f"{at}/{name}", found)
            elif name != "type":
                found.add(f"invalid additional property: {name}", at)


def chars(most: int, least: int = 0) -> Check:
    """A string of `least` to `most` characters."""

    def check(value: object, at: str, found: Findings) -> None:
        if not isinstance(value, str):
            found.add("must provide a string", at)
        elif len(value) > most:
            found.add(f"must be less than {most + 1} characters", at)
        elif len(value) < least:
            found.add(f"must be more than {least - 1} characters", at)

    return check


def one_of(*allowed: str) -> Check:
    def check(value: object, at: str, found: Findings) -> None:
        if value not in allowed:
            found.add("must be a valid enum value", at)

    return check


def whole(least: int, most: int) -> Check:
    def check(value: object, at: str, found: Findings) -> None:
        if isinstance(value, bool) or not isinstance(value, int):
            found.add("must provide a number", at)
        elif value < least:
            found.add(f"must be greater than {least}", at)
        elif value > most:
            found.add(f"must be less than {most}", at)

    return check


def flag(value: object, at: str, found: Findings) -> None:
    if not isinstance(value, bool):
        found.add("must be a boolean", at)


def anything(value: object, at: str, found: Findings) -> None:
    """Take what comes: the tables do not look deeper here."""


def items(check: Check, least: int, most: int) -> Check:
    """A list of `least` to `most` things of one kind."""

    def check_all(value: object, at: str, found: Findings) -> None:
        if not isinstance(value, list):
            found.add("must provide an array", at)
            return
        if len(value) > most:
            found.add(f"no more than {most} items allowed", at)
        if len(value) < least:
            found.add(f"must provide at least {least} items", at)
        for index, item in enumerate(value[:most]):
            check(item, f"{at}/{index}", found)

    return check_all


def text(most: int, *kinds: str) -> Check:
    """A text object of one to `most` characters; plain_text and mrkdwn unless `kinds` says otherwise."""
    allowed = kinds or ("plain_text", "mrkdwn")

    def check(value: object, at: str, found: Findings) -> None:
        if not isinstance(value, dict):
            found.add("must provide an object", at)
            return
        if value.get("type") not in allowed:
            found.add(f"unsupported type: {value.get('type')}", f"{at}/type")
            return
        extra: dict[str, Check] = {"emoji": flag} if value["type"] == "plain_text" else {"verbatim": flag}
        Shape({"text": chars(most, 1)}, extra)(value, at, found)

    return check


def plain(most: int) -> Check:
    return text(most, "plain_text")


def typed(value: object) -> tuple[dict[str, Any], str]:
    """Give a block, element or view and its type; ({}, "") for what has none."""
    if isinstance(value, dict) and isinstance(value.get("type"), str):
        return value, value["type"]
    return {}, ""
