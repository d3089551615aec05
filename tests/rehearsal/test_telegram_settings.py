"""The bot's commands and menu button, and how wrong ones are refused."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from telegram import BotCommand, BotCommandScopeAllPrivateChats, BotCommandScopeChat, MenuButtonCommands

from tests.rehearsal.telegram_rig import ROBIN, Rig, serving

HELP = {"command": "help", "description": "Help"}


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    async with serving() as running:
        await running.start()
        yield running


async def test_commands_are_kept_by_scope_and_language(rig: Rig):
    await rig.bot.set_my_commands([BotCommand("help", "Help")])
    await rig.bot.set_my_commands([BotCommand("aide", "Aide")], language_code="fr")
    scope = BotCommandScopeChat(ROBIN)
    assert await rig.bot.get_my_commands() == (BotCommand("help", "Help"),)
    assert await rig.bot.get_my_commands(language_code="fr") == (BotCommand("aide", "Aide"),)
    assert await rig.bot.get_my_commands(scope=scope) == ()
    await rig.bot.set_my_commands([BotCommand("stop", "Stop")], scope=scope)
    shown = (await rig.phone("GET", f"{ROBIN}/messages"))["commands"]
    assert shown == [{"command": "stop", "description": "Stop"}]
    await rig.bot.set_my_commands([BotCommand("go", "Go")], scope=BotCommandScopeAllPrivateChats())
    await rig.bot.set_my_commands([], scope=BotCommandScopeAllPrivateChats())
    await rig.bot.delete_my_commands(scope=scope)
    assert (await rig.phone("GET", f"{ROBIN}/messages"))["commands"] == [{"command": "help", "description": "Help"}]


async def test_commands_are_refused_as_telegram_does(rig: Rig):
    await rig.refuses(
        "setMyCommands",
        [
            ({"commands": "x"}, "can't parse commands JSON object"),
            ({"commands": {}}, "expected an Array of BotCommand"),
            ({"commands": ["help"]}, "can't parse BotCommand: expected an Object"),
            ({"commands": [{"command": "help"}]}, "can't parse BotCommand: Can't find field \"description\""),
            (
                {"commands": [{**HELP, "command": None}]},
                'can\'t parse BotCommand: Field "command" must be of type String',
            ),
            ({"commands": [{**HELP, "command": "/"}]}, "command must be non-empty"),
            ({"commands": [{**HELP, "command": "a" * 33}]}, "command length must not exceed 32"),
            ({"commands": [{**HELP, "description": " "}]}, "command description must be non-empty"),
            ({"commands": [{**HELP, "description": "a" * 257}]}, "command description length must not exceed 256"),
            ({"commands": [{**HELP, "command": "Help!"}]}, "BOT_COMMAND_INVALID"),
            ({"commands": [HELP] * 101}, "BOT_COMMANDS_TOO_MUCH"),
            ({"commands": [HELP], "language_code": "english"}, "invalid language code specified"),
        ],
    )
    assert await rig.bot.get_my_commands() == ()


async def test_scopes_of_commands_are_refused_as_telegram_does(rig: Rig):
    called = "can't parse BotCommandScope"
    chat = {"type": "chat", "chat_id": ROBIN}
    for method in ("setMyCommands", "getMyCommands", "deleteMyCommands"):
        await rig.refuses(
            method,
            [
                ({"scope": "{"}, f"{called} JSON object"),
                ({"scope": []}, f"{called}: BotCommandScope must be an Object"),
                ({"scope": {}}, f'{called}: Can\'t find field "type"'),
                ({"scope": {"type": "planet"}}, f"{called}: Unsupported type specified"),
                ({"scope": {"type": "chat"}}, f'{called}: Can\'t find field "chat_id"'),
                ({"scope": {"type": "chat", "chat_id": ""}}, f"{called}: Empty chat_id specified"),
                ({"scope": {**chat, "type": "chat_member"}}, f'{called}: Can\'t find field "user_id"'),
                ({"scope": {**chat, "type": "chat_member", "user_id": 0}}, f"{called}: Invalid user_id specified"),
                ({"scope": {**chat, "chat_id": 9}}, "chat not found"),
                ({"scope": {**chat, "chat_id": "²"}}, "chat not found"),
                ({"scope": {**chat, "type": "chat_administrators"}}, "can't use specified scope in private chats"),
            ],
        )


async def test_menu_button_is_kept_for_a_chat(rig: Rig):
    assert await rig.bot.set_chat_menu_button(ROBIN, MenuButtonCommands())
    assert await rig.bot.get_chat_menu_button(ROBIN) == MenuButtonCommands()


async def test_menu_buttons_are_refused_as_telegram_does(rig: Rig):
    called = "can't parse menu button"
    web_app = {"type": "web_app", "text": "Open", "web_app": {"url": "https://example.org"}}
    await rig.refuses(
        "setChatMenuButton",
        [
            ({"menu_button": "{"}, f"{called} JSON object"),
            ({"menu_button": []}, f"{called}: MenuButton must be an Object"),
            ({"menu_button": {}}, f'{called}: Can\'t find field "type"'),
            ({"menu_button": {"type": "planet"}}, f"{called}: MenuButton has unsupported type"),
            ({"menu_button": {"type": "web_app"}}, f'{called}: Can\'t find field "text"'),
            ({"menu_button": {"type": "web_app", "text": "a"}}, f'{called}: Can\'t find field "web_app"'),
            ({"menu_button": {**web_app, "web_app": 1}}, f'{called}: Field "web_app" must be of type Object'),
            ({"menu_button": {**web_app, "web_app": {}}}, f'{called}: Can\'t find field "url"'),
            ({"menu_button": {**web_app, "text": ""}}, "menu button text must be non-empty"),
            (
                {"menu_button": {**web_app, "web_app": {"url": "http://example.org"}}},
                "menu button Web App URL 'http://example.org' is invalid: Only HTTPS links are allowed",
            ),
            ({"chat_id": "", "menu_button": {"type": "default"}}, "invalid chat_id specified"),
            ({"chat_id": 9, "menu_button": {"type": "default"}}, "user not found"),
        ],
    )
    await rig.refuses("getChatMenuButton", [({"chat_id": -1}, "invalid chat_id specified")])
    _, told = await rig.call("getChatMenuButton")
    assert told["result"] == {"type": "commands"}
    await rig.call("setChatMenuButton", json={"menu_button": web_app})
    assert (await rig.call("getChatMenuButton", json={"chat_id": ROBIN}))[1]["result"] == web_app
    await rig.call("setChatMenuButton")
    assert (await rig.call("getChatMenuButton"))[1]["result"] == {"type": "default"}
