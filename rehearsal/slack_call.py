"""One Web API call as it arrives: its arguments read from JSON, form or query, and its token."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from rehearsal.slack_desk import Desk, base_of
from rehearsal.slack_rules import Refusal, is_count, missing

# Arguments that forms and queries carry as JSON text.
STRUCTURED = frozenset({"blocks", "metadata", "view", "files"})
FORMS = frozenset({"application/x-www-form-urlencoded", "multipart/form-data"})
CHARSETS = frozenset({"utf-8", "iso-8859-1"})


@dataclass(frozen=True)
class Call:
    """The arguments of one call, and what it is made on."""

    desk: Desk
    args: dict[str, Any]
    token: str
    base: str

    def need(self, name: str) -> str:
        """Give a text argument. Raises Refusal `invalid_arguments` when it is absent."""
        value = self.args.get(name)
        if value in (None, ""):
            raise missing(name)
        return str(value)

    def words(self, name: str) -> str:
        value = self.args.get(name)
        return value if isinstance(value, str) else ""

    def yes(self, name: str) -> bool:
        return self.args.get(name) in (True, 1, "1", "true", "True")

    def number(self, name: str, default: int, most: int) -> int:
        """Give a whole number from 1 to `most`. Raises Refusal `invalid_limit` for anything else."""
        value = self.args.get(name)
        if value in (None, ""):
            return default
        written = str(value)
        if not is_count(written) or not 1 <= int(written) <= most:
            raise Refusal("invalid_limit")
        return int(written)

    def structured(self, name: str, error: str) -> object:
        """Give an argument that may come as JSON text; None when absent. Raises Refusal(`error`) for broken JSON."""
        value: object = self.args.get(name)
        if not isinstance(value, str):
            return value
        if not value:
            return None
        try:
            decoded: object = json.loads(value)
        except (ValueError, RecursionError):
            raise Refusal(error) from None
        return decoded


async def read_call(request: web.Request, desk: Desk) -> Call:
    """Read the arguments and the token of a call.

    Raises Refusal `missing_post_type`, `invalid_post_type`, `invalid_charset`, `invalid_form_data`, `invalid_json` or
    `json_not_object` for a body that cannot be read.
    """
    args: dict[str, Any] = dict(request.query)
    if request.method == "POST" and request.can_read_body:
        if "Content-Type" not in request.headers:
            raise Refusal("missing_post_type")
        if (request.charset or "utf-8").lower() not in CHARSETS:
            raise Refusal("invalid_charset")
        if request.content_type == "application/json":
            args |= await _json(request)
        elif request.content_type in FORMS:
            args |= await _form(request)
        else:
            raise Refusal("invalid_post_type")
    token = str(args.pop("token", "")) if request.content_type != "application/json" else ""
    scheme, _, bearer = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        token = bearer.strip()
    return Call(desk, args, token, base_of(request))


async def _form(request: web.Request) -> dict[str, str]:
    try:
        return {name: value for name, value in (await request.post()).items() if isinstance(value, str)}
    except (ValueError, HttpProcessingError):
        raise Refusal("invalid_form_data") from None


async def _json(request: web.Request) -> dict[str, Any]:
    try:
        body = await request.json()
    except (ValueError, RecursionError):
        raise Refusal("invalid_json") from None
    if not isinstance(body, dict):
        raise Refusal("json_not_object")
    return body


def page(rows: list[dict[str, Any]], call: Call, default: int, most: int) -> tuple[list[dict[str, Any]], str]:
    """Cut one page from a list by the arguments `cursor` and `limit`; gives it and the next cursor ("" at the end).

    Raises Refusal `invalid_cursor` or `invalid_limit`.
    """
    limit = call.number("limit", default, most)
    cursor = call.words("cursor")
    start = 0
    if cursor:
        if not cursor.startswith("from:") or not is_count(cursor[5:]):
            raise Refusal("invalid_cursor")
        start = int(cursor[5:])
    end = start + limit
    return rows[start:end], f"from:{end}" if end < len(rows) else ""
