"""The phones: `/phone/...`, where the page and the tests play the people the bot talks with."""

from __future__ import annotations

import json
import re

from aiohttp import web

from rehearsal.hub import TELEGRAM_TOKEN, Hub
from rehearsal.telegram_attachments import make_attachment
from rehearsal.telegram_delivery import Updates
from rehearsal.telegram_limits import Pace
from rehearsal.telegram_settings import Settings
from rehearsal.telegram_state import BOT_USER, Message, Person, State
from rehearsal.telegram_text import MAX_TEXT, with_found
from rehearsal.telegram_wire import Json

_NAMES = ("first_name", "last_name", "username", "language_code", "note")
_NOT_ATTACHED = {
    "text",
    "entities",
    "caption",
    "caption_entities",
    "reply_markup",
    "reply_to_message",
    "has_protected_content",
}


class Phone:
    """What people do on their phones, turned into messages and updates.

    Every refusal is {"error": a sentence} with status 400 for what cannot be understood, 404 for what is not there,
    409 for what the phone would not allow.
    """

    def __init__(self, state: State, updates: Updates, pace: Pace, settings: Settings, hub: Hub) -> None:
        self._state = state
        self._updates = updates
        self._pace = pace
        self._settings = settings
        self._hub = hub

    def add_routes(self, app: web.Application) -> None:
        person = "/phone/{user:-?[0-9]+}"
        app.router.add_put("/phone/people", self._put_people)
        app.router.add_get("/phone/people", self._get_people)
        app.router.add_post("/phone/update", self._post_update)
        app.router.add_post("/phone/limits", self._post_limits)
        app.router.add_get(f"{person}/messages", self._get_messages)
        app.router.add_post(f"{person}/text", self._post_text)
        app.router.add_post(f"{person}/tap", self._post_tap)
        app.router.add_post(f"{person}/edit", self._post_edit)
        app.router.add_post(f"{person}/attachment", self._post_attachment)
        app.router.add_post(f"{person}/block", self._post_block)

    async def _put_people(self, request: web.Request) -> web.Response:
        given = await _json_body(request)
        if not isinstance(given, list):
            raise _problem(web.HTTPBadRequest, "The body must be a JSON array.")
        if not all(isinstance(one, dict) and _named(one) for one in given):
            raise _problem(web.HTTPBadRequest, "Each person needs an id, a whole number, and a first_name.")
        for one in given:
            self._register(one)
        self._hub.publish("phone", {"user": 0, "kind": "people", "message_id": 0})
        return web.json_response({"people": len(self._state.people)})

    def _register(self, given: Json) -> None:
        person = self._state.people.get(given["id"]) or Person(given["id"], "")
        before = person.kept()
        for name in _NAMES:
            if name in given:
                setattr(person, name, given[name] if name == "username" else given[name] or "")
        person.started = person.started or given.get("started") is True
        person.showcase = given.get("showcase", person.showcase) is True
        if person.kept() != before:
            person.index()
            self._state.save_person(person)

    async def _get_people(self, request: web.Request) -> web.Response:
        wanted = request.query.get("q", "").strip().casefold()
        limit = int(request.query["limit"]) if request.query.get("limit", "").isdecimal() else 50
        found = [person for person in self._state.people.values() if wanted in person.haystack]
        # Whoever looks for a pupil is not to come upon a parent first.
        found.sort(key=lambda one: (one.note.startswith("parent of "), one.first_name, one.last_name, one.id))
        return _json([self._listed(person) for person in found[:limit]])

    def _listed(self, person: Person) -> Json:
        told = {"id": person.id, **{name: getattr(person, name) for name in _NAMES}}
        return {
            **told,
            "showcase": person.showcase,
            "started": person.started,
            "blocked": person.blocked,
            "unread": person.unread,
        }

    async def _get_messages(self, request: web.Request) -> web.Response:
        person = self._person(request)
        self._state.mark_read(person)
        messages = [self._seen(message) for message in person.messages.values()]
        commands = self._settings.commands_for(person)
        told = {"toast": person.toast, "commands": commands, "blocked": person.blocked, "started": person.started}
        return _json({"messages": messages, **told})

    def _seen(self, message: Message) -> Json:
        body = message.body
        told: Json = {
            "message_id": message.message_id,
            "from": "bot" if message.by_bot else "user",
            "text": message.words,
            "date": message.date,
            "edited": message.edit_date > 0,
            "keyboard": body.get("reply_markup", {}).get("inline_keyboard"),
        }
        entities = body.get("entities") or body.get("caption_entities")
        if entities:
            told["entities"] = entities
        if message.panel is not None:
            told["reply_keyboard"] = message.panel.get("keyboard")
        for kind in body.keys() - _NOT_ATTACHED:
            told[kind] = self._attached(body[kind])
        return told

    def _attached(self, attachment: Json | list[Json]) -> Json:
        """Describe an attachment, with the address its file is downloaded from when it has one."""
        shape = attachment[-1] if isinstance(attachment, list) else attachment
        stored = self._state.files.get(shape.get("file_id", ""))
        return {**shape, "url": f"/file/bot{TELEGRAM_TOKEN}/{stored.path}"} if stored else shape

    async def _post_text(self, request: web.Request) -> web.Response:
        person = self._person(request)
        text = await self._text(request)
        message = self._write(person, with_found(text, []))
        return _json({"message_id": message.message_id})

    async def _post_attachment(self, request: web.Request) -> web.Response:
        person = self._person(request)
        kind = (await _object(request)).get("kind")
        body = make_attachment(self._state, str(kind))
        if body is None:
            raise _problem(web.HTTPBadRequest, "That is not a kind of attachment.")
        message = self._write(person, body)
        return _json({"message_id": message.message_id})

    def _write(self, person: Person, body: Json) -> Message:
        self._unblocked(person)
        if not person.started:
            person.started = True
            self._state.save_person(person)
        person.toast = None
        message = self._state.add_message(person, False, body)
        self._updates.add({"message": self._state.shown(message)})
        self._tell(person, "reply", message.message_id)
        return message

    async def _post_tap(self, request: web.Request) -> web.Response:
        person = self._person(request)
        given = await _object(request)
        number, data = given.get("message_id"), given.get("data")
        if type(number) is not int or not isinstance(data, str) or not 1 <= len(data.encode()) <= 64:
            raise _problem(web.HTTPBadRequest, "A tap needs a message_id and 1 to 64 bytes of data.")
        self._unblocked(person)
        person.toast = None
        message = person.messages.get(number)
        # A button may be tapped after its message is gone; the bot then gets what Telegram calls inaccessible.
        gone = {"chat": person.chat(), "message_id": number, "date": 0}
        tap = self._state.open_tap(person)
        query = {
            "id": tap,
            "from": person.user(),
            "message": self._state.shown(message) if message else gone,
            "chat_instance": str(person.id * 7_919),
            "data": data,
        }
        self._updates.add({"callback_query": query})
        return _json({"callback_query_id": tap})

    async def _post_edit(self, request: web.Request) -> web.Response:
        person = self._person(request)
        number = (await _object(request)).get("message_id")
        text = await self._text(request)
        self._unblocked(person)
        message = person.messages.get(number) if type(number) is int else None
        if message is None or message.by_bot or "text" not in message.body:
            raise _problem(web.HTTPNotFound, "There is no such text of this person's to edit.")
        kept = {name: value for name, value in message.body.items() if name != "entities"}
        message.body = {**kept, **with_found(text, [])}
        message.edit_date = self._state.now()
        self._state.save_message(message)
        self._updates.add({"edited_message": self._state.shown(message)})
        self._tell(person, "edit", message.message_id)
        return _json({"message_id": message.message_id})

    async def _post_block(self, request: web.Request) -> web.Response:
        person = self._person(request)
        blocked = (await _object(request)).get("blocked")
        if not isinstance(blocked, bool):
            raise _problem(web.HTTPBadRequest, "Say whether the bot is blocked: true or false.")
        if blocked != person.blocked:
            person.blocked = blocked
            self._state.save_person(person)
            self._updates.add({"my_chat_member": self._membership(person)})
            self._tell(person, "block", 0)
        return _json({"blocked": blocked})

    def _membership(self, person: Person) -> Json:
        member: Json = {"user": BOT_USER, "status": "member"}
        kicked: Json = {"user": BOT_USER, "status": "kicked", "until_date": 0}
        old, new = (member, kicked) if person.blocked else (kicked, member)
        return {
            "chat": person.chat(),
            "from": person.user(),
            "date": self._state.now(),
            "old_chat_member": old,
            "new_chat_member": new,
        }

    async def _post_update(self, request: web.Request) -> web.Response:
        given = await _object(request)
        given.pop("update_id", None)
        return _json({"update_id": self._updates.add(given)})

    async def _post_limits(self, request: web.Request) -> web.Response:
        given = await _object(request)
        if isinstance(given.get("enforce"), bool):
            self._pace.enforce = given["enforce"]
        for name in ("per_second", "per_chat_burst"):
            if type(given.get(name)) is int and given[name] > 0:
                setattr(self._pace, name, given[name])
        pace = self._pace
        told = {"enforce": pace.enforce, "per_second": pace.per_second, "per_chat_burst": pace.per_chat_burst}
        return _json(told)

    async def _text(self, request: web.Request) -> str:
        given = (await _object(request)).get("text")
        text = given.strip() if isinstance(given, str) else ""
        if not 1 <= len(text) <= MAX_TEXT:
            raise _problem(web.HTTPBadRequest, f"A text has 1 to {MAX_TEXT} characters.")
        if re.search(r"[\ud800-\udfff]", text):
            raise _problem(web.HTTPBadRequest, "This text holds half a character.")
        return text

    def _person(self, request: web.Request) -> Person:
        person = self._state.people.get(int(request.match_info["user"]))
        if person is None:
            raise _problem(web.HTTPNotFound, "Nobody with this phone is known here.")
        return person

    def _unblocked(self, person: Person) -> None:
        if person.blocked:
            raise _problem(web.HTTPConflict, "This person has blocked the bot; unblock it first.")

    def _tell(self, person: Person, kind: str, message_id: int) -> None:
        self._hub.publish("phone", {"user": person.id, "kind": kind, "message_id": message_id})


async def _object(request: web.Request) -> Json:
    given = await _json_body(request)
    if not isinstance(given, dict):
        raise _problem(web.HTTPBadRequest, "The body must be a JSON object.")
    return given


async def _json_body(request: web.Request) -> object:
    try:
        return json.loads(await request.read())
    except ValueError:
        return None


def _named(given: Json) -> bool:
    names = (given.get("last_name"), given.get("username"), given.get("language_code"), given.get("note"))
    first = given.get("first_name")
    known = type(given.get("id")) is int and isinstance(first, str) and bool(first)
    return known and all(name is None or isinstance(name, str) for name in names)


def _problem(kind: type[web.HTTPClientError], sentence: str) -> web.HTTPClientError:
    return kind(text=json.dumps({"error": sentence}), content_type="application/json")


def _json(told: object) -> web.Response:
    return web.Response(text=json.dumps(told, ensure_ascii=False), content_type="application/json")
