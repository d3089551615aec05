"""Settings: what is read from where, and that each fault is a sentence without the value in it."""

import os
from pathlib import Path

import pytest

from bot.settings import CHOSEN, Settings, SettingsProblem, check_host, read_settings, unknown_names

TELEGRAM = "700000001:made-up-telegram-token"
SLACK = {"EARSHOT_SLACK_BOT_TOKEN": "xoxb-made-up", "EARSHOT_SLACK_APP_TOKEN": "xapp-made-up"}


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in os.environ:
        if name.upper().startswith("EARSHOT_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def read(monkeypatch: pytest.MonkeyPatch, **given: str) -> Settings:
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    return read_settings()


def problem(monkeypatch: pytest.MonkeyPatch, **given: str) -> str:
    with pytest.raises(SettingsProblem) as error:
        read(monkeypatch, **given)
    return str(error.value)


def test_with_nothing_set_everything_is_rehearsed_on_this_machine() -> None:
    settings = read_settings()
    assert (settings.rehearses, settings.is_live) == (True, False)
    assert (settings.store_url, settings.key_path) == ("sqlite:///data/earshot.sqlite", Path("data/earshot.key"))


def test_settings_come_from_env_files_and_the_environment_comes_first(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text("EARSHOT_HTTP_PORT=9001\nEARSHOT_LOG_LEVEL=debug\nANOTHER_PROGRAMS=1\n")
    settings = read(monkeypatch, EARSHOT_HTTP_PORT="9002")
    assert (settings.http_port, settings.log_level) == (9002, "DEBUG")


def test_an_empty_setting_is_one_that_is_not_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    names = [f"EARSHOT_{name.upper()}" for name in Settings.model_fields]
    (tmp_path / ".env").write_text("".join(f"{name}=\n" for name in names))
    assert read_settings() == Settings(_env_file=None)  # type: ignore[call-arg]
    assert read(monkeypatch, **dict.fromkeys(names, "")) == Settings(_env_file=None)  # type: ignore[call-arg]


def test_settings_do_not_change_once_read() -> None:
    settings = read_settings()
    with pytest.raises(ValueError, match="frozen"):
        settings.http_port = 1


def test_tokens_go_live_and_are_never_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = read(monkeypatch, EARSHOT_TELEGRAM_TOKEN=TELEGRAM, **SLACK)
    assert (settings.rehearses, settings.is_live) == (False, True)
    assert "made-up" not in f"{settings} {settings!r}"


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (
            {"EARSHOT_TELEGRAM_TOKEN": TELEGRAM},
            "EARSHOT_TELEGRAM_TOKEN and EARSHOT_SLACK_BOT_TOKEN belong together: set both, or neither.",
        ),
        (
            SLACK,
            "EARSHOT_TELEGRAM_TOKEN and EARSHOT_SLACK_BOT_TOKEN belong together: set both, or neither.",
        ),
        (
            {"EARSHOT_TELEGRAM_TOKEN": TELEGRAM, "EARSHOT_SLACK_BOT_TOKEN": "xoxb-made-up"},
            "beside EARSHOT_SLACK_BOT_TOKEN set EARSHOT_SLACK_APP_TOKEN (Socket Mode) "
            "or EARSHOT_SLACK_SIGNING_SECRET (HTTP).",
        ),
        (
            {"EARSHOT_TELEGRAM_TOKEN": TELEGRAM, **SLACK, "EARSHOT_TELEGRAM_WEBHOOK_URL": "http://school.example"},
            "EARSHOT_TELEGRAM_WEBHOOK_URL must begin with https://.",
        ),
        *(
            (
                {"EARSHOT_TELEGRAM_TOKEN": token, **SLACK},
                "EARSHOT_TELEGRAM_TOKEN must be a token as @BotFather gives it: digits, a colon, and letters.",
            )
            for token in ("made-up", "bot700000001:made-up", "700000001:", "700000001:made up")
        ),
        (
            {**SLACK, "EARSHOT_TELEGRAM_TOKEN": TELEGRAM, "EARSHOT_SLACK_BOT_TOKEN": "made-up"},
            "EARSHOT_SLACK_BOT_TOKEN must begin with xoxb-, as on the app's page OAuth & Permissions.",
        ),
        (
            {**SLACK, "EARSHOT_TELEGRAM_TOKEN": TELEGRAM, "EARSHOT_SLACK_APP_TOKEN": "made-up"},
            "EARSHOT_SLACK_APP_TOKEN must begin with xapp-, as on the app's page Basic Information.",
        ),
        (
            {
                "EARSHOT_TELEGRAM_TOKEN": TELEGRAM,
                "EARSHOT_SLACK_BOT_TOKEN": "xapp-made-up",
                "EARSHOT_SLACK_APP_TOKEN": "xoxb-made-up",
            },
            "EARSHOT_SLACK_BOT_TOKEN holds what belongs in EARSHOT_SLACK_APP_TOKEN: are the two swapped?",
        ),
        (
            {**SLACK, "EARSHOT_TELEGRAM_TOKEN": "xoxb-made-up"},
            "EARSHOT_TELEGRAM_TOKEN holds what belongs in EARSHOT_SLACK_BOT_TOKEN: are the two swapped?",
        ),
        (
            {**SLACK, "EARSHOT_TELEGRAM_TOKEN": TELEGRAM, "EARSHOT_SLACK_SIGNING_SECRET": "xapp-made-up"},
            "EARSHOT_SLACK_SIGNING_SECRET holds what belongs in EARSHOT_SLACK_APP_TOKEN: are the two swapped?",
        ),
        ({"EARSHOT_LOG_LEVEL": "loud"}, "EARSHOT_LOG_LEVEL must be DEBUG, INFO, WARNING or ERROR."),
        (
            {"EARSHOT_HTTP_PORT": "eighty"},
            "EARSHOT_HTTP_PORT must be a port: a whole number from 1 to 65535.",
        ),
        ({"EARSHOT_HTTP_PORT": "65536"}, "EARSHOT_HTTP_PORT must be a port: a whole number from 1 to 65535."),
        ({"EARSHOT_REHEARSAL_PORT": "0"}, "EARSHOT_REHEARSAL_PORT must be a port: a whole number from 1 to 65535."),
        (
            {"EARSHOT_DATABASE_URL": "mysql://u:secret-word@h/d"},
            "EARSHOT_DATABASE_URL must begin with sqlite:/// or postgresql://.",
        ),
        (
            {"EARSHOT_DATABASE_URL": "postgresql://u:secret-word@h:port/d"},
            "EARSHOT_DATABASE_URL cannot be read: is it like postgresql://user:password@host:5432/database?",
        ),
        *(
            (
                {"EARSHOT_DATABASE_URL": url},
                "EARSHOT_DATABASE_URL names no database: say sqlite:///FILE or postgresql://host/database.",
            )
            for url in ("sqlite:///", "sqlite:///:memory:", "postgresql://host")
        ),
    ],
)
def test_a_fault_is_one_sentence_that_holds_no_value(
    monkeypatch: pytest.MonkeyPatch, given: dict[str, str], sentence: str
) -> None:
    told = problem(monkeypatch, **given)
    assert told == sentence
    assert "made-up" not in told
    assert "secret-word" not in told


def test_blanks_around_a_token_are_nothing_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = read(monkeypatch, EARSHOT_TELEGRAM_TOKEN=f" {TELEGRAM} ", **SLACK)
    assert settings.telegram_token is not None
    assert settings.telegram_token.get_secret_value() == TELEGRAM


@pytest.mark.parametrize("host", ["300.1.1.1", "192.0.2.1", "a..b", "nowhere.invalid"])
def test_an_address_to_listen_at_that_is_none_of_this_machine_is_named(
    monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    with pytest.raises(SettingsProblem) as told:
        check_host(read(monkeypatch, EARSHOT_HTTP_HOST=host))
    assert str(told.value) == (
        "EARSHOT_HTTP_HOST is no address of this machine: leave it empty for 127.0.0.1, or set it to 0.0.0.0 for all."
    )


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0", "localhost"])  # noqa: S104 (nobody listens)
def test_an_address_of_this_machine_is_taken(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    check_host(read(monkeypatch, EARSHOT_HTTP_HOST=host))


@pytest.mark.parametrize("line", ['EARSHOT_HTTP_PORT="9001', "= 9001", "EARSHOT_HTTP_PORT = 'made-up' secret-word"])
def test_a_line_of_the_env_file_that_is_none_is_told_by_its_number(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, line: str, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / ".env").write_text(f"# Ours.\n\nEARSHOT_LOG_LEVEL=INFO\n{line}\n")
    assert problem(monkeypatch) == "Line 4 of .env cannot be read: write it as NAME=value."
    assert caplog.messages == []


@pytest.mark.parametrize("beginning", ["postgres", "postgresql", "postgresql+psycopg"])
def test_a_postgresql_address_is_taken_as_providers_give_it(monkeypatch: pytest.MonkeyPatch, beginning: str) -> None:
    settings = read(monkeypatch, EARSHOT_DATABASE_URL=f"{beginning}://u:p@h:5432/d?sslmode=require")
    assert settings.store_url == "postgresql+psycopg://u:p@h:5432/d?sslmode=require"


def test_an_env_file_that_is_no_text_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"EARSHOT_HTTP_PORT=\xff\xfe\n")
    assert problem(monkeypatch) == "The file .env cannot be read: see that it is plain text and that you may read it."


def test_a_name_that_is_no_setting_is_found_in_the_environment_and_in_the_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text("EARSHOT_SLACK_TOKEN=xoxb-made-up\nearshot_http_port=9001\nANOTHER_PROGRAMS=1\n")
    monkeypatch.setenv("EARSHOT_TELEGRAM_TOKN", TELEGRAM)
    # What the launcher says to commands.
    monkeypatch.setenv("EARSHOT_CALLED_FROM", "/srv")
    assert unknown_names() == ["EARSHOT_SLACK_TOKEN", "EARSHOT_TELEGRAM_TOKN"]
    (tmp_path / ".env").unlink()
    assert unknown_names() == ["EARSHOT_TELEGRAM_TOKN"]


def test_of_a_school_with_settings_of_its_own_only_its_file_is_looked_at(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder = tmp_path / "schools" / "north-lane"
    folder.mkdir(parents=True)
    (folder / ".env").write_text("EARSHOT_PORT=9001\n")
    monkeypatch.setenv("EARSHOT_TELEGRAM_TOKN", TELEGRAM)
    chosen = CHOSEN.set("north-lane")
    try:
        assert unknown_names() == ["EARSHOT_PORT"]
    finally:
        CHOSEN.reset(chosen)
