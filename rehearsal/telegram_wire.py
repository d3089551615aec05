"""How a Bot API call travels: its parameters as they arrive in four forms, and the refusals that go back."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from aiohttp import BodyPartReader, web

MAX_UPLOAD_BYTES = 50 * 1024 * 1024

Json = dict[str, Any]
Clock = Callable[[], float]


class Refusal(Exception):
    """A call the Bot API turns down, with its HTTP status, its description and, for a pause, the seconds to wait."""

    def __init__(self, code: int, description: str, retry_after: int = 0) -> None:
        super().__init__(description)
        self.code = code
        self.description = description
        self.retry_after = retry_after

    def envelope(self) -> Json:
        told: Json = {"ok": False, "error_code": self.code, "description": self.description}
        if self.retry_after:
            told["parameters"] = {"retry_after": self.retry_after}
        return told


def bad(description: str) -> Refusal:
    return Refusal(400, f"Bad Request: {description}")


def too_many(retry_after: int) -> Refusal:
    return Refusal(429, f"Too Many Requests: retry after {retry_after}", retry_after)


@dataclass(frozen=True)
class Told:
    """A result that comes with a sentence, as setWebhook's does."""

    result: object
    description: str


@dataclass(frozen=True)
class Upload:
    """A file that came with a call: its name, its media type and its bytes."""

    name: str
    media_type: str
    data: bytes


@dataclass(frozen=True)
class Args:
    """The parameters of one call, as text whatever form they came in, and the files beside them."""

    values: Mapping[str, str]
    uploads: Mapping[str, Upload] = field(default_factory=dict)

    def text(self, name: str) -> str:
        return self.values.get(name, "")

    def integer(self, name: str, default: int = 0, low: int | None = None, high: int | None = None) -> int:
        """Read a whole number; what is not one counts as 0, and what is out of range is moved to its end."""
        given = self.values.get(name, "")
        found = re.match(r"\s*(-?\d{1,19})", given)
        number = (int(found[1]) if found else 0) if given else default
        if low is not None:
            number = max(low, number)
        return number if high is None else min(high, number)

    def flag(self, name: str) -> bool:
        return self.text(name).strip().lower() in {"true", "yes", "1"}

    def structure(self, name: str, called: str) -> object:
        """Read a JSON value; None when absent. Raises Refusal when it is not JSON, naming it as `called`."""
        given = self.text(name)
        if not given:
            return None
        try:
            return json.loads(given)
        except ValueError:
            raise bad(f"can't parse {called} JSON object") from None


async def read_args(request: web.Request) -> Args:
    """Collect a call's parameters from its query and its form, JSON or multipart body; the body wins.

    Raises Refusal for a body that cannot be read, and for one over 50 MB.
    """
    values: dict[str, str] = dict(request.query)
    uploads: dict[str, Upload] = {}
    kind = request.content_type
    if kind == "application/json":
        values.update(_json_values(await request.read()))
    elif kind == "multipart/form-data":
        await _read_multipart(request, values, uploads)
    elif kind == "application/x-www-form-urlencoded":
        values.update({name: value for name, value in (await request.post()).items() if isinstance(value, str)})
    for value in values.values():
        _refuse_half_characters(value)
    return Args(values, uploads)


def _json_values(body: bytes) -> dict[str, str]:
    if not body:
        return {}
    try:
        given = json.loads(body)
    except ValueError:
        raise bad("can't parse parameter value: invalid JSON") from None
    if not isinstance(given, dict):
        raise bad("JSON object expected")
    return {
        name: value if isinstance(value, str) else json.dumps(value)
        for name, value in given.items()
        if value is not None
    }


async def _read_multipart(request: web.Request, values: dict[str, str], uploads: dict[str, Upload]) -> None:
    size = 0
    try:
        async for part in await request.multipart():
            # A part of parts is no part of this protocol; the real server does not read it either.
            if not isinstance(part, BodyPartReader) or not part.name:
                continue
            data = bytes(await part.read())
            size += len(data)
            if size > MAX_UPLOAD_BYTES:
                raise Refusal(413, "Request Entity Too Large")
            if part.filename is None:
                values[part.name] = data.decode()
            else:
                uploads[part.name] = Upload(
                    part.filename, part.headers.get("Content-Type", "application/octet-stream").partition(";")[0], data
                )
    except ValueError:
        raise bad("can't parse form data") from None


def _refuse_half_characters(value: str) -> None:
    try:
        value.encode()
    except UnicodeEncodeError:
        raise bad("strings must be encoded in UTF-8") from None
