"""The Bot API methods about the bot itself: who it is, its commands and menu button, its webhook, files to fetch."""

from __future__ import annotations

import re

from rehearsal.hub import Book
from rehearsal.telegram_delivery import LONGEST_POLL_SECONDS, MOST_PER_POLL, Updates
from rehearsal.telegram_files import describe_file
from rehearsal.telegram_methods import Method
from rehearsal.telegram_state import BOT_USER, Person, State
from rehearsal.telegram_webhook import Hook, check_url
from rehearsal.telegram_wire import Args, Json, Told, bad

MOST_COMMANDS = 100
_CHATLESS_SCOPES = {"default", "all_private_chats", "all_group_chats", "all_chat_administrators"}
_CHAT_SCOPES = {"chat", "chat_administrators", "chat_member"}


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
        commands = _read_commands(args)
        place = self._place(args)
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
        button = args.structure("menu_button", "menu button") or {"type": "default"}
        if not isinstance(button, dict):
            raise bad("can't parse menu button: MenuButton must be an Object")
        if button.get("type") not in {"default", "commands", "web_app"}:
            raise bad("can't parse menu button: MenuButton has unsupported type")
        place = self._menu_place(args)
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
        if len(secret) > 256:
            raise bad("secret token is too long")
        if not re.fullmatch(r"[A-Za-z0-9_-]*", secret):
            raise bad("secret token contains unallowed characters")
        check_url(url)
        self._updates.allow(args.text("allowed_updates"))
        hook = Hook(url, secret, args.integer("max_connections", 40, 1, 100))
        return await self._updates.set_hook(hook, args.flag("drop_pending_updates"))

    async def delete_webhook(self, args: Args) -> Told:
        return await self._updates.set_hook(None, args.flag("drop_pending_updates"))

    def get_webhook_info(self, _: Args) -> Json:
        return self._updates.hook_info()

    async def get_updates(self, args: Args) -> list[Json]:
        self._updates.allow(args.text("allowed_updates"))
        limit = args.integer("limit", MOST_PER_POLL, 1, MOST_PER_POLL)
        seconds = args.integer("timeout", 0, 0, LONGEST_POLL_SECONDS)
        return await self._updates.poll(args.integer("offset"), limit, seconds)

    def _place(self, args: Args) -> str:
        scope = args.structure("scope", "BotCommandScope") or {"type": "default"}
        if not isinstance(scope, dict):
            raise bad("can't parse BotCommandScope: BotCommandScope must be an Object")
        kind = str(scope.get("type"))
        if kind not in _CHATLESS_SCOPES | _CHAT_SCOPES:
            raise bad("can't parse BotCommandScope: Unsupported type specified")
        language = args.text("language_code")
        if not re.fullmatch(r"([a-z]{2})?", language):
            raise bad("invalid language code specified")
        if kind in _CHATLESS_SCOPES:
            return f"{kind}|{language}"
        return f"{self._known_chat(scope, kind)}|{language}"

    def _known_chat(self, scope: Json, kind: str) -> str:
        chat = str(scope.get("chat_id") or "")
        if not chat:
            raise bad("can't parse BotCommandScope: Empty chat_id specified")
        if not re.fullmatch(r"\d+", chat) or int(chat) not in self._state.people:
            raise bad("chat not found")
        return f"{kind}:{chat}"

    def _menu_place(self, args: Args) -> str:
        chat = args.text("chat_id")
        if chat and args.integer("chat_id") not in self._state.people:
            raise bad("chat not found")
        return chat


def _read_commands(args: Args) -> list[Json]:
    given = args.structure("commands", "commands") or []
    if not isinstance(given, list):
        raise bad("expected an Array of BotCommand")
    if len(given) > MOST_COMMANDS:
        raise bad("BOT_COMMANDS_TOO_MUCH")
    told: list[Json] = []
    for one in given:
        if not isinstance(one, dict):
            raise bad("can't parse BotCommand: expected an Object")
        for name in ("command", "description"):
            if not isinstance(one.get(name), str):
                raise bad(f"can't parse BotCommand: Can't find field \"{name}\"")
        command = one["command"].removeprefix("/")
        if not re.fullmatch(r"[a-z0-9_]{1,32}", command):
            raise bad("BOT_COMMAND_INVALID")
        if not 1 <= len(one["description"].strip()) <= 256:
            raise bad("BOT_COMMAND_DESCRIPTION_INVALID")
        told.append({"command": command, "description": one["description"].strip()})
    return told
