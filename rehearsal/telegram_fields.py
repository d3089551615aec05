"""Fields of the JSON objects within a call, taken as the Bot API takes them and refused in its words.

Digits pass for a number and a number for text; null passes for nothing. What is wrong is raised as a ValueError, which
`reading` makes a Refusal of, after the words that say where it was.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager

from rehearsal.telegram_wire import Json, bad

_KINDS: dict[type, str] = {bool: "Boolean", list: "Array", dict: "Object"}


@contextmanager
def reading(called: str = "") -> Iterator[None]:
    """Refuse what is found wrong inside, after `called`; a description begins with a small letter, as all there do."""
    try:
        yield
    except ValueError as problem:
        words = f"{called}: {problem}" if called else str(problem)
        raise bad(words[0].lower() + words[1:]) from None


def text_of(given: Json, name: str, *, needed: bool = False) -> str:
    if not _has(given, name, needed):
        return ""
    value = given[name]
    if isinstance(value, str):
        return value
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f'Field "{name}" must be of type String')
    return json.dumps(value)


def number_of(given: Json, name: str, *, needed: bool = False, bits: int = 32) -> int:
    if not _has(given, name, needed):
        return 0
    value = given[name]
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError(f'Field "{name}" must be a Number')
    number = whole(value, bits)
    if number is None:
        raise ValueError(f'Field "{name}" must be a valid Number')
    return number


def flag_of(given: Json, name: str) -> bool:
    return _has(given, name, False) and _typed(given, name, bool) is True


def list_of(given: Json, name: str) -> list[object]:
    """Give a list; an empty one when it is absent."""
    value = _typed(given, name, list) if _has(given, name, False) else []
    return value if isinstance(value, list) else []


def object_of(given: Json, name: str) -> Json:
    """Give an object that must be there."""
    _has(given, name, True)
    value = _typed(given, name, dict)
    return value if isinstance(value, dict) else {}


def whole(value: str | float, bits: int = 32) -> int | None:
    """Read a whole number of so many bits, from a number or from its digits; None for what is not one."""
    written = value if isinstance(value, str) else json.dumps(value)
    if not re.fullmatch(r"-?[0-9]{1,20}", written):
        return None
    number = int(written)
    return number if -(1 << bits - 1) <= number < 1 << bits - 1 else None


def _has(given: Json, name: str, needed: bool) -> bool:
    if needed and name not in given:
        raise ValueError(f'Can\'t find field "{name}"')
    return name in given


def _typed(given: Json, name: str, kind: type) -> object:
    if not isinstance(given[name], kind):
        raise ValueError(f'Field "{name}" must be of type {_KINDS[kind]}')
    return given[name]
