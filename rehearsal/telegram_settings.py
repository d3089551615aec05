"""The Bot API methods about the bot itself: who it is, its commands and menu button, its webhook, files to fetch."""

from __future__ import annotations

import re

from rehearsal.hub import Book
from rehearsal.telegram_delivery import LONGEST_POLL_SECONDS, MOST_PER_POLL, Updates
from rehearsal.telegram_entities import check_link
from rehearsal.telegram_fields import number_of, object_of, reading, text_of, whole
from rehearsal.telegram_files import describe_file
from rehearsal.telegram_methods import Method
from rehearsal.telegram_state import BOT_USER, Person, State
from rehearsal.telegram_webhook import Hook, check_host, read_url
from rehearsal.telegram_wire import Args, Json, Told, bad

MOST_COMMANDS = 100
LONGEST_COMMAND = 32
LONGEST_DESCRIPTION = 256
_CHATLESS_SCOPES = {"default", "all_private_chats", "all_group_chats", "all_chat_administrators"}
_CHAT_SCOPES = {"chat", "chat_administrators", "chat_member"}
_NO_BUTTON: Json = {"type": "default"}


class Settings:
    """Keeps a bot's commands and menu buttons in the Book, and passes webhook calls on to the Updates."""

    def __init__(self, state: State, updates: Updates, book: Book) -> None:
        self._state = state
        self._updates = updates
        self._book = book
        self._commands: dict[str, list[Json]] = dict(book.shelf("telegram.commands"))
        self._menus: dict[str, Json] = dict(book.shelf("telegram.menus"))

    def table(self) -> dict[str, Method]:
        """Give the methods by their names in lower case; those of the webhook are to be awaited."""
        return {
            "getme": self.get_me,
            "getfile": self.get_file,
            "setmycommands": self.set_commands,
            "getmycommands": self.get_commands,
            "deletemycommands": self.delete_commands,
            "setchatmenubutton": self.set_menu,
            "getchatmenubutton": self.get_menu,
            "setwebhook": self.set_webhook,
            "deletewebhook": self.delete_webhook,
            "getwebhookinfo": self.get_webhook_info,
            "getupdates": self.get_updates,
        }

    def commands_for(self, person: Person) -> list[Json]:
        """Give the commands somebody sees in their menu: the narrowest scope wins, their own language first."""
        for scope in (f"chat:{person.id}", "all_private_chats", "default"):
            for language in (person.language_code[:2], ""):
                if found := self._commands.get(f"{scope}|{language}"):
                    return found
        return []

    def get_me(self, _: Args) -> Json:
        return {
            **BOT_USER,
            "can_join_groups": False,
            "can_read_all_group_messages": False,
            "supports_inline_queries": False,
            "can_connect_to_business": False,
            "has_main_web_app": False,
        }

    def get_file(self, args: Args) -> Json:
        return describe_file(self._state, args.text("file_id"))

    def set_commands(self, args: Args) -> bool:
        given = _read_commands(args)
        place = self._place(args)
        commands = _checked_commands(given)
        if not commands:
            return self.delete_commands(args)
        self._commands[place] = commands
        self._book.put("telegram.commands", place, commands)
        return True

    def get_commands(self, args: Args) -> list[Json]:
        return self._commands.get(self._place(args), [])

    def delete_commands(self, args: Args) -> bool:
        place = self._place(args)
        self._commands.pop(place, None)
        self._book.drop("telegram.commands", place)
        return True

    def set_menu(self, args: Args) -> bool:
        with reading("can't parse menu button"):
            button = _read_menu(args)
        place = self._menu_place(args)
        if button["type"] == "web_app":
            _check_web_app(button)
        self._menus[place] = button
        self._book.put("telegram.menus", place, button)
        return True

    def get_menu(self, args: Args) -> Json:
        return self._menus.get(self._menu_place(args)) or self._menus.get("") or {"type": "commands"}

    async def set_webhook(self, args: Args) -> Told:
        url = args.text("url")
        if not url:
            return await self.delete_webhook(args)
        secret = args.text("secret_token")
        parts = read_url(url)
        if len(secret) > 256:
            raise bad("secret token is too long")
        if not re.fullmatch(r"[A-Za-z0-9_-]*", secret):
            raise bad("secret token contains unallowed characters")
        check_host(parts)
        self._updates.allow(args.text("allowed_updates"))
        hook = Hook(parts.geturl(), secret, args.integer("max_connections", 40, 1, 100))
        return await self._updates.set_hook(hook, args.flag("drop_pending_updates"))

    async def delete_webhook(self, args: Args) -> Told:
        return await self._updates.set_hook(None, args.flag("drop_pending_updates"))

    def get_webhook_info(self, _: Args) -> Json:
        return self._updates.hook_info()

    async def get_updates(self, args: Args) -> list[Json]:
        self._updates.refuse_beside_webhook()
        self._updates.allow(args.text("allowed_updates"))
        limit = args.integer("limit", MOST_PER_POLL, 1, MOST_PER_POLL)
        seconds = args.integer("timeout", 0, 0, LONGEST_POLL_SECONDS)
        return await self._updates.poll(args.integer("offset"), limit, seconds)

    def _place(self, args: Args) -> str:
        with reading("can't parse BotCommandScope"):
            kind, chat = _read_scope(args)
        if chat:
            self._known_chat(chat)
            if kind != "chat":
                raise bad("can't use specified scope in private chats")
        language = args.text("language_code")
        if not re.fullmatch(r"([a-z]{2})?", language):
            raise bad("invalid language code specified")
        return f"{kind}:{chat}|{language}" if chat else f"{kind}|{language}"

    def _known_chat(self, chat: str) -> None:
        if (whole(chat, 64) or 0) not in self._state.people:
            raise bad("chat not found")

    def _menu_place(self, args: Args) -> str:
        if "chat_id" not in args.values:
            return ""
        user = args.integer("chat_id")
        if user <= 0:
            raise bad("invalid chat_id specified")
        if user not in self._state.people:
            raise bad("user not found")
        return str(user)


def _read_scope(args: Args) -> tuple[str, str]:
    """Read whom commands are for, as its kind and its chat, "" for no chat of its own."""
    if not args.text("scope"):
        return "default", ""
    scope = args.structure("scope", "BotCommandScope")
    if not isinstance(scope, dict):
        raise ValueError("BotCommandScope must be an Object")
    kind = text_of(scope, "type", needed=True)
    if kind in _CHATLESS_SCOPES:
        return kind, ""
    if kind not in _CHAT_SCOPES:
        raise ValueError("Unsupported type specified")
    chat = text_of(scope, "chat_id", needed=True)
    if not chat:
        raise ValueError("Empty chat_id specified")
    if kind == "chat_member" and number_of(scope, "user_id", needed=True, bits=64) <= 0:
        raise ValueError("Invalid user_id specified")
    return kind, chat


def _read_menu(args: Args) -> Json:
    if not args.text("menu_button"):
        return _NO_BUTTON
    button = args.structure("menu_button", "menu button")
    if not isinstance(button, dict):
        raise ValueError("MenuButton must be an Object")
    kind = text_of(button, "type", needed=True)
    if kind == "web_app":
        url = text_of(object_of(button, "web_app"), "url", needed=True) if "text" in button else ""
        return {"type": kind, "text": text_of(button, "text", needed=True), "web_app": {"url": url}}
    if kind not in {"default", "commands"}:
        raise ValueError("MenuButton has unsupported type")
    return {"type": kind}


def _check_web_app(button: Json) -> None:
    if not button["text"]:
        raise bad("menu button text must be non-empty")
    url = button["web_app"]["url"]
    with reading(f"menu button Web App URL '{url}' is invalid"):
        check_link(url, secure=True)


def _read_commands(args: Args) -> list[Json]:
    if not args.text("commands"):
        return []
    given = args.structure("commands", "commands")
    if not isinstance(given, list):
        raise bad("expected an Array of BotCommand")
    with reading("can't parse BotCommand"):
        return [_read_command(one) for one in given]


def _read_command(one: object) -> Json:
    if not isinstance(one, dict):
        raise ValueError("expected an Object")
    return {name: text_of(one, name, needed=True) for name in ("command", "description")}


def _checked_commands(given: list[Json]) -> list[Json]:
    told: list[Json] = []
    for one in given:
        command, description = one["command"].strip().removeprefix("/"), one["description"].strip()
        if not command:
            raise bad("command must be non-empty")
        if len(command) > LONGEST_COMMAND:
            raise bad(f"command length must not exceed {LONGEST_COMMAND}")
        if not description:
            raise bad("command description must be non-empty")
        if len(description) > LONGEST_DESCRIPTION:
            raise bad(f"command description length must not exceed {LONGEST_DESCRIPTION}")
        told.append({"command": command, "description": description})
    # The rest is for the servers behind to say.
    if len(told) > MOST_COMMANDS:
        raise bad("BOT_COMMANDS_TOO_MUCH")
    if not all(re.fullmatch(r"[a-z0-9_]+", one["command"]) for one in told):
        raise bad("BOT_COMMAND_INVALID")
    return told
