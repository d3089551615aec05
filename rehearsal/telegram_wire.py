"""How a Bot API call travels: its parameters as they arrive in four forms, and the refusals that go back."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import BodyPartReader, web
from aiohttp.http_exceptions import HttpProcessingError

MAX_PARAMETER_BYTES = 1024 * 1024
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
            told = json.loads(given)
        except (ValueError, RecursionError):
            raise bad(f"can't parse {called} JSON object") from None
        _refuse_half_characters(json.dumps(told, ensure_ascii=False))
        return told

    def entities(self, name: str) -> object:
        """Read explicit entities; what is not JSON counts as none, and nobody is told."""
        try:
            return self.structure(name, name)
        except Refusal:
            return None


async def read_args(request: web.Request) -> Args:
    """Collect a call's parameters from its query and its form, JSON or multipart body; the body wins.

    Raises Refusal for a body that cannot be read, for over 1 MB of parameters and for over 50 MB of files.
    """
    values = _form_values(request.rel_url.raw_query_string)
    uploads: dict[str, Upload] = {}
    kind = request.content_type
    if kind == "application/json":
        values.update(_json_values(await _read_parameters(request)))
    elif kind == "multipart/form-data":
        await _read_multipart(request, values, uploads)
    elif kind == "application/x-www-form-urlencoded":
        values.update(_form_values(await _read_parameters(request)))
    for value in values.values():
        _refuse_half_characters(value)
    return Args(values, uploads)


async def _read_parameters(request: web.Request) -> str:
    body = bytearray()
    async for part in request.content.iter_any():
        body += part
        if len(body) > MAX_PARAMETER_BYTES:
            raise Refusal(413, "Request Entity Too Large: too many parameters")
    return _as_text(bytes(body))


def _as_text(data: bytes) -> str:
    # Bytes that are no UTF-8 come through as half characters, which are refused with the rest of them.
    return data.decode(errors="surrogateescape")


def _form_values(written: str) -> dict[str, str]:
    return dict(parse_qsl(written, keep_blank_values=True, errors="surrogateescape"))


def _json_values(body: str) -> dict[str, str]:
    """Read a JSON object a field at a time, as the real server does, so that each fault has its own words."""
    if not body:
        return {}
    at = _after_space(body, 0)
    if not body.startswith("{", at):
        raise bad("JSON object expected")
    at = _after_space(body, at + 1)
    told: dict[str, str] = {}
    while not body.startswith("}", at):
        if at == len(body):
            raise bad("expected parameter name")
        name, at = _json_value(body, at, "parameter name")
        at = _after_space(body, at)
        if not body.startswith(":", at):
            raise bad("can't parse object, ':' expected")
        value, at = _json_value(body, _after_space(body, at + 1), "parameter value")
        # What is no text is passed on as it is written, null too: the method refuses it in its own words.
        told[str(name)] = value if isinstance(value, str) else json.dumps(value)
        at = _after_space(body, at)
        if body.startswith(",", at):
            at = _after_space(body, at + 1)
        elif not body.startswith("}", at):
            raise bad("expected next field or object end")
    if _after_space(body, at + 1) < len(body):
        raise bad("unexpected data after object end")
    return told


def _json_value(body: str, at: int, called: str) -> tuple[object, int]:
    if called == "parameter name" and not body.startswith('"', at):
        raise bad(f"can't parse {called}: Opening '\"' expected")
    try:
        value, end = json.JSONDecoder(strict=False).raw_decode(body, at)
    except (ValueError, RecursionError):
        if body.startswith('"', at):
            problem = "Closing '\"' not found"
        else:
            problem = "Unexpected end" if at == len(body) else f"Unexpected symbol '{body[at]}'"
        raise bad(f"can't parse {called}: {problem}") from None
    return value, end


def _after_space(body: str, at: int) -> int:
    while body[at : at + 1] in {" ", "\t", "\r", "\n"}:
        at += 1
    return at


async def _read_multipart(request: web.Request, values: dict[str, str], uploads: dict[str, Upload]) -> None:
    size = 0
    if "boundary" not in request.headers["Content-Type"].lower():
        raise bad("boundary not found")
    try:
        async for part in await request.multipart():
            # A part of parts comes ready taken apart; no client of the Bot API sends one.
            if not isinstance(part, BodyPartReader):
                continue
            if not part.name:
                raise bad("field name in multipart/form-data not found")
            data = bytes(await part.read())
            size += len(data)
            if size > MAX_UPLOAD_BYTES:
                raise Refusal(413, "Request Entity Too Large")
            if part.filename is None:
                values[part.name] = _as_text(data)
            else:
                uploads[part.name] = Upload(
                    part.filename, part.headers.get("Content-Type", "application/octet-stream").partition(";")[0], data
                )
    except HttpProcessingError:
        raise bad("can't parse form data headers") from None
    except ValueError:
        raise bad("unexpected end of request content") from None


def _refuse_half_characters(value: str) -> None:
    try:
        value.encode()
    except UnicodeEncodeError:
        raise bad("strings must be encoded in UTF-8") from None
