"""What the stand-in Bot API knows: people with a phone, their chats with the bot, the files in them, open taps.

All of it is in memory for speed and in the Book for the next start: one put per thing that changed.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, field

from rehearsal.hub import TELEGRAM_TOKEN, Book
from rehearsal.telegram_wire import Clock, Json, bad

BOT_ID = int(TELEGRAM_TOKEN.split(":")[0])
BOT_USER: Json = {
    "id": BOT_ID,
    "is_bot": True,
    "first_name": "Earshot (rehearsal)",
    "username": "earshot_rehearsal_bot",
}
# Telegram does not say how long a tap may wait for its answer; answers after a minute are refused in practice.
TAP_SECONDS = 60
NUMBERS_KEPT = 100


class Counter:
    """Numbers that never come twice, also after a restart: they are reserved by the hundred, and some are skipped."""

    def __init__(self, book: Book, name: str, kept: int) -> None:
        self._book = book
        self._name = name
        self._next = self._reserved = kept

    def take(self) -> int:
        if self._next >= self._reserved:
            self._reserved = self._next + NUMBERS_KEPT
            self._book.put("telegram.counters", self._name, self._reserved)
        self._next += 1
        return self._next


@dataclass
class Message:
    """One message of a chat; `body` holds its fields as the Bot API names them, `panel` a keyboard by the text box."""

    chat: int
    message_id: int
    by_bot: bool
    date: int
    body: Json
    edit_date: int = 0
    panel: Json | None = None

    @property
    def words(self) -> str:
        return str(self.body.get("text") or self.body.get("caption") or "")

    def kept(self) -> Json:
        return {
            "chat": self.chat,
            "message_id": self.message_id,
            "by_bot": self.by_bot,
            "date": self.date,
            "body": self.body,
            "edit_date": self.edit_date,
            "panel": self.panel,
        }


@dataclass
class Person:
    """Somebody with a phone, and what is on it; `showcase` marks whom the page shows first."""

    id: int
    first_name: str
    last_name: str = ""
    username: str | None = None
    language_code: str = ""
    note: str = ""
    showcase: bool = False
    started: bool = False
    blocked: bool = False
    read_upto: int = 0
    messages: dict[int, Message] = field(default_factory=dict, compare=False)
    unread: int = 0
    toast: str | None = None
    haystack: str = ""

    def user(self) -> Json:
        told: Json = {"id": self.id, "is_bot": False, **self._names()}
        if self.language_code:
            told["language_code"] = self.language_code
        return told

    def chat(self) -> Json:
        return {"id": self.id, **self._names(), "type": "private"}

    def _names(self) -> Json:
        told: Json = {"first_name": self.first_name}
        if self.last_name:
            told["last_name"] = self.last_name
        if self.username:
            told["username"] = self.username
        return told

    def kept(self) -> Json:
        return {
            name: getattr(self, name)
            for name in (
                "id",
                "first_name",
                "last_name",
                "username",
                "language_code",
                "note",
                "showcase",
                "started",
                "blocked",
                "read_upto",
            )
        }

    def index(self) -> None:
        self.haystack = f"{self.first_name} {self.last_name} {self.username or ''} {self.note}".casefold()


@dataclass(frozen=True)
class StoredFile:
    """A file once sent; `shape` is how the Bot API describes it, `path` is where it is downloaded."""

    kind: str
    path: str
    media_type: str
    data: bytes
    shape: Json


class State:
    """People, messages, files and taps, loaded from the Book and kept in it."""

    def __init__(self, book: Book, clock: Clock) -> None:
        self.clock = clock
        self.people: dict[int, Person] = {}
        self.files: dict[str, StoredFile] = {}
        self.paths: dict[str, StoredFile] = {}
        self._book = book
        counters = {key: int(value) for key, value in book.shelf("telegram.counters")}
        self._message_ids = Counter(book, "message_id", counters.get("message_id", 0))
        self._file_ids = Counter(book, "file", counters.get("file", 0))
        self._tap_ids = Counter(book, "tap", counters.get("tap", 0))
        self._taps: dict[str, tuple[int, int]] = {}
        self._load()

    def _load(self) -> None:
        for _, kept in self._book.shelf("telegram.people"):
            person = Person(**kept)
            person.index()
            self.people[person.id] = person
        for _, kept in self._book.shelf("telegram.messages"):
            message = Message(**kept)
            person = self.people[message.chat]
            person.messages[message.message_id] = message
            person.unread += message.by_bot and message.message_id > person.read_upto
        for _, kept in self._book.shelf("telegram.files"):
            self._hold(StoredFile(**{**kept, "data": base64.b64decode(kept["data"])}))
        for tap, (user, date) in list(self._book.shelf("telegram.taps")):
            self._taps[tap] = (user, date)
        self._forget_old_taps()

    def now(self) -> int:
        return int(self.clock())

    def save_person(self, person: Person) -> None:
        self.people[person.id] = person
        self._book.put("telegram.people", str(person.id), person.kept())

    def add_message(self, person: Person, by_bot: bool, body: Json, panel: Json | None = None) -> Message:
        message = Message(person.id, self._message_ids.take(), by_bot, self.now(), body, panel=panel)
        person.messages[message.message_id] = message
        person.unread += by_bot
        self.save_message(message)
        return message

    def save_message(self, message: Message) -> None:
        self._book.put("telegram.messages", _message_key(message), message.kept())

    def delete_message(self, person: Person, message: Message) -> None:
        del person.messages[message.message_id]
        if message.by_bot and message.message_id > person.read_upto:
            person.unread -= 1
        self._book.drop("telegram.messages", _message_key(message))

    def mark_read(self, person: Person) -> None:
        """Count all the bot wrote to somebody as seen."""
        if person.unread:
            person.unread = 0
            person.read_upto = max(person.messages)
            self.save_person(person)

    def shown(self, message: Message) -> Json:
        """Give a message as the Bot API's Message."""
        person = self.people[message.chat]
        sender = BOT_USER if message.by_bot else person.user()
        told: Json = {"message_id": message.message_id, "from": sender, "chat": person.chat(), "date": message.date}
        if message.edit_date:
            told["edit_date"] = message.edit_date
        return {**told, **message.body}

    def open_tap(self, person: Person) -> str:
        """Begin waiting for the answer to a tap; gives its callback query id."""
        self._forget_old_taps()
        tap = str(4_000_000_000_000_000_000 + self._tap_ids.take())
        self._taps[tap] = (person.id, self.now())
        self._book.put("telegram.taps", tap, self._taps[tap])
        return tap

    def answer_tap(self, tap: str) -> Person:
        """End the wait for a tap's answer, and say whose tap it was. Raises Refusal when nobody waits (any more)."""
        self._forget_old_taps()
        if tap not in self._taps:
            raise bad("query is too old and response timeout expired or query ID is invalid")
        user, _ = self._taps.pop(tap)
        self._book.drop("telegram.taps", tap)
        return self.people[user]

    def _forget_old_taps(self) -> None:
        oldest = self.now() - TAP_SECONDS
        # Taps are kept in the order they came, so the first that is young enough ends the search.
        while self._taps:
            tap, (_, date) = next(iter(self._taps.items()))
            if date >= oldest:
                break
            del self._taps[tap]
            self._book.drop("telegram.taps", tap)

    def add_file(self, kind: str, data: bytes, name: str, media_type: str, **more: object) -> StoredFile:
        """Keep a file; `kind` is its folder's name in the singular ("photo"), `more` its further described fields."""
        number = self._file_ids.take()
        unique = hashlib.sha256(data).hexdigest()[:16]
        ending = name.rpartition(".")[2].lower() if "." in name else "bin"
        shape = {"file_id": f"{kind}-{number}-{unique}", "file_unique_id": unique, "file_size": len(data), **more}
        stored = StoredFile(kind, f"{kind}s/file_{number}.{ending}", media_type, data, shape)
        self._hold(stored)
        kept = {**vars(stored), "data": base64.b64encode(data).decode()}
        self._book.put("telegram.files", stored.path, kept)
        return stored

    def _hold(self, stored: StoredFile) -> None:
        self.files[stored.shape["file_id"]] = stored
        self.paths[stored.path] = stored


def _message_key(message: Message) -> str:
    return f"{message.chat}:{message.message_id:012d}"
