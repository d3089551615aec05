"""The Bot API methods that write to a phone: sending, editing, deleting, answering a tap."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from rehearsal.hub import Hub
from rehearsal.telegram_fields import flag_of, number_of, reading, whole
from rehearsal.telegram_files import take_document, take_photo, take_voice
from rehearsal.telegram_limits import Pace
from rehearsal.telegram_markup import checked_buttons, inline_only, read_markup
from rehearsal.telegram_state import Message, Person, State
from rehearsal.telegram_text import MAX_CAPTION, MAX_TEXT, parse_text
from rehearsal.telegram_wire import Args, Json, Refusal, bad

DELETABLE_SECONDS = 48 * 3600
MOST_DELETED = 100
MAX_TOAST = 200
_NOT_MODIFIED = (
    "message is not modified: specified new message content and reply markup are exactly the same as a current content"
    " and reply markup of the message"
)
_ACTIONS = frozenset(
    [
        "cancel",
        "typing",
        "upload_photo",
        "record_video",
        "upload_video",
        "record_voice",
        "upload_voice",
        "record_audio",
        "upload_audio",
        "upload_document",
        "choose_sticker",
        "find_location",
        "pick_up_location",
        "record_video_note",
        "upload_video_note",
    ]
)

Method = Callable[[Args], Any]


@dataclass(frozen=True)
class Reply:
    """Which message a call replies to, 0 for none, and whether it may be gone."""

    message_id: int = 0
    may_be_gone: bool = False


class Messages:
    """Carries out what a bot says on the phones of the State, at the Pace, telling the Hub."""

    def __init__(self, state: State, pace: Pace, hub: Hub) -> None:
        self._state = state
        self._pace = pace
        self._hub = hub

    def table(self) -> dict[str, Method]:
        """Give the methods by their names in lower case."""
        return {
            "sendmessage": self.send_message,
            "sendphoto": self.send_photo,
            "senddocument": self.send_document,
            "sendvoice": self.send_voice,
            "editmessagetext": self.edit_text,
            "editmessagereplymarkup": self.edit_markup,
            "deletemessage": self.delete_message,
            "deletemessages": self.delete_messages,
            "answercallbackquery": self.answer_tap,
            "sendchataction": self.send_action,
        }

    def send_message(self, args: Args) -> Json:
        return self._send(args, _read_text(args, "message is too long"))

    def send_photo(self, args: Args) -> Json:
        return self._send(args, {**_read_caption(args), **take_photo(self._state, args)})

    def send_document(self, args: Args) -> Json:
        return self._send(args, {**_read_caption(args), **take_document(self._state, args)})

    def send_voice(self, args: Args) -> Json:
        return self._send(args, {**_read_caption(args), **take_voice(self._state, args)})

    def edit_text(self, args: Args) -> Json:
        # The servers word an over-long edit otherwise than an over-long message.
        words = _read_text(args, "MESSAGE_TOO_LONG")
        person, message, markup = self._editable(args)
        if "text" not in message.body:
            raise bad("there is no text in the message to edit")
        kept = {name: value for name, value in message.body.items() if name not in {"text", "entities", "reply_markup"}}
        return self._edit(person, message, {**kept, **words, **({"reply_markup": markup} if markup else {})})

    def edit_markup(self, args: Args) -> Json:
        person, message, markup = self._editable(args)
        kept = {name: value for name, value in message.body.items() if name != "reply_markup"}
        return self._edit(person, message, {**kept, **({"reply_markup": markup} if markup else {})})

    def delete_message(self, args: Args) -> bool:
        if not args.text("chat_id"):
            raise bad("chat identifier is not specified")
        number = _message_id(args)
        if not number:
            raise bad("message identifier is not specified")
        person = self._chat(args)
        message = person.messages.get(number)
        if message is None:
            raise bad("message to delete not found")
        self._delete(person, [message])
        return True

    def delete_messages(self, args: Args) -> bool:
        numbers = _message_ids(args)
        person = self._chat(args)
        # Those that are gone already are passed over, as the real method does.
        self._delete(person, [person.messages[number] for number in numbers if number in person.messages])
        return True

    def answer_tap(self, args: Args) -> bool:
        text = args.text("text")
        if len(text) > MAX_TOAST:
            raise bad("MESSAGE_TOO_LONG")
        person = self._state.answer_tap(args.text("callback_query_id"))
        person.toast = text or None
        self._hub.publish("phone", {"user": person.id, "kind": "toast", "message_id": 0})
        return True

    def send_action(self, args: Args) -> bool:
        if args.text("action").lower() not in _ACTIONS:
            raise bad("wrong parameter action in request")
        self._writable(args)
        return True

    def _chat(self, args: Args) -> Person:
        given = args.text("chat_id")
        if not given:
            raise bad("chat_id is empty")
        person = self._state.people.get(args.integer("chat_id"))
        if person is None:
            raise bad("chat not found")
        return person

    def _writable(self, args: Args) -> Person:
        person = self._chat(args)
        if person.blocked:
            raise Refusal(403, "Forbidden: bot was blocked by the user")
        if not person.started:
            raise Refusal(403, "Forbidden: bot can't initiate conversation with a user")
        return person

    def _send(self, args: Args, body: Json) -> Json:
        reply = _read_reply(args)
        markup = read_markup(args)
        person = self._writable(args)
        body = {**self._reply(person, reply), **body}
        markup = checked_buttons(markup)
        self._pace.take(person.id)
        panel = None
        if "inline_keyboard" in markup:
            body["reply_markup"] = markup
        elif markup:
            panel = markup
        if args.flag("protect_content"):
            body["has_protected_content"] = True
        message = self._state.add_message(person, True, body, panel)
        self._tell(message, "message")
        return self._state.shown(message)

    def _reply(self, person: Person, reply: Reply) -> Json:
        message = person.messages.get(reply.message_id)
        if message is None:
            if reply.message_id and not reply.may_be_gone:
                raise bad("message to be replied not found")
            return {}
        shown = self._state.shown(message)
        shown.pop("reply_to_message", None)
        return {"reply_to_message": shown}

    def _editable(self, args: Args) -> tuple[Person, Message, Json]:
        markup = read_markup(args)
        number = _message_id(args)
        if not args.text("chat_id") and not number:
            raise bad("message identifier is not specified")
        person = self._chat(args)
        message = person.messages.get(number)
        if message is None:
            raise bad("message to edit not found")
        if not message.by_bot or message.panel is not None:
            raise bad("message can't be edited")
        inline_only(markup)
        markup = checked_buttons(markup)
        self._writable(args)
        return person, message, markup

    def _edit(self, person: Person, message: Message, body: Json) -> Json:
        if body == message.body:
            raise bad(_NOT_MODIFIED)
        self._pace.take(person.id)
        message.body = body
        message.edit_date = self._state.now()
        self._state.save_message(message)
        self._tell(message, "edit")
        return self._state.shown(message)

    def _delete(self, person: Person, messages: list[Message]) -> None:
        oldest = self._state.now() - DELETABLE_SECONDS
        if any(message.date < oldest for message in messages):
            raise bad("message can't be deleted for everyone")
        for message in messages:
            self._state.delete_message(person, message)
            self._tell(message, "delete")

    def _tell(self, message: Message, kind: str) -> None:
        self._hub.publish("phone", {"user": message.chat, "kind": kind, "message_id": message.message_id})


def _message_id(args: Args) -> int:
    return max(0, args.integer("message_id"))


def _message_ids(args: Args) -> list[int]:
    if not args.text("message_ids"):
        raise bad("message identifiers are not specified")
    given = args.structure("message_ids", "message_ids")
    if not isinstance(given, list):
        raise bad("expected an Array of message identifiers")
    if len(given) > MOST_DELETED:
        raise bad("too many message identifiers specified")
    told: dict[int, None] = {}
    for one in given:
        if isinstance(one, bool) or not isinstance(one, str | int | float):
            raise bad("message identifier must be a Number")
        number = whole(one)
        if number is None:
            raise bad("can't parse message identifier as a Number")
        if number <= 0:
            raise bad("invalid message identifier specified")
        told[number] = None
    if not told:
        raise bad("message identifiers are not specified")
    return list(told)


def _read_reply(args: Args) -> Reply:
    if "reply_parameters" not in args.values:
        return Reply(max(0, args.integer("reply_to_message_id")), args.flag("allow_sending_without_reply"))
    given = args.structure("reply_parameters", "reply parameters")
    if args.text("reply_parameters") and not isinstance(given, dict):
        raise bad("object expected as reply parameters")
    if not isinstance(given, dict) or not given:
        return Reply()
    with reading():
        number = number_of(given, "message_id", needed=True)
        return Reply(max(0, number), flag_of(given, "allow_sending_without_reply"))


def _read_text(args: Args, too_long: str) -> Json:
    if not args.text("text"):
        raise bad("message text is empty")
    return parse_text(args.text("text"), args.text("parse_mode"), args.entities("entities"), MAX_TEXT, too_long)


def _read_caption(args: Args) -> Json:
    words = parse_text(
        args.text("caption"),
        args.text("parse_mode"),
        args.entities("caption_entities"),
        MAX_CAPTION,
        "message caption is too long",
        may_be_empty=True,
    )
    if not words["text"]:
        return {}
    told: Json = {"caption": words["text"]}
    if "entities" in words:
        told["caption_entities"] = words["entities"]
    return told
