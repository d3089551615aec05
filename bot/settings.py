"""Settings: read once, frozen, checked at start; each fault is a sentence that says what to do.

Several schools on one installation have a folder each, `schools/NAME`, with an `.env` of its own: then only that file
counts, so that no token of the machine's environment can come to the wrong school, and no two may share anything.
"""

import os
import re
import socket
from collections.abc import Callable
from contextvars import ContextVar
from pathlib import Path

from dotenv import dotenv_values
from dotenv.parser import parse_stream
from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError


class SettingsProblem(Exception):
    """A setting is missing or wrong; the sentence says which and what to do."""


# What each token looks like, and where it is found.
_SHAPES = {
    "telegram_token": (
        re.compile(r"[0-9]+:[A-Za-z0-9_-]+"),
        "must be a token as @BotFather gives it: digits, a colon, and letters",
    ),
    "slack_bot_token": (re.compile(r"xoxb-\S+"), "must begin with xoxb-, as on the app's page OAuth & Permissions"),
    "slack_app_token": (re.compile(r"xapp-\S+"), "must begin with xapp-, as on the app's page Basic Information"),
}


class Settings(BaseSettings):
    """Everything that is set from outside: environment variables or `.env`, each with the prefix EARSHOT_."""

    model_config = SettingsConfigDict(
        env_prefix="EARSHOT_", env_file=".env", env_ignore_empty=True, frozen=True, extra="ignore"
    )

    data_dir: Path = Path("data")
    database_url: str = ""
    whisper_database_url: str = ""
    key_file: Path | None = None
    key_command: str = ""
    telegram_token: SecretStr | None = None
    telegram_api_url: str = "https://api.telegram.org"
    telegram_webhook_url: str = ""
    slack_bot_token: SecretStr | None = None
    slack_app_token: SecretStr | None = None
    slack_signing_secret: SecretStr | None = None
    slack_api_url: str = "https://slack.com/api/"
    http_host: str = "127.0.0.1"
    http_port: int = Field(default=8710, ge=1, le=65535)
    rehearsal_port: int = Field(default=8700, ge=1, le=65535)
    log_level: str = "INFO"

    @field_validator("log_level")
    @classmethod
    def _known_level(cls, level: str) -> str:
        if level.upper() not in ("DEBUG", "INFO", "WARNING", "ERROR"):
            raise ValueError("must be DEBUG, INFO, WARNING or ERROR")
        return level.upper()

    @field_validator("database_url", "whisper_database_url")
    @classmethod
    def _known_database(cls, url: str) -> str:
        if url.startswith(("postgresql://", "postgres://")):
            url = "postgresql+psycopg://" + url.split("://", 1)[1]
        if url and not url.startswith(("sqlite:///", "postgresql+psycopg://")):
            raise ValueError("must begin with sqlite:/// or postgresql://")
        try:
            named = not url or make_url(url).database not in (None, "", ":memory:")
        except (ArgumentError, ValueError):
            raise ValueError("cannot be read: is it like postgresql://user:password@host:5432/database?") from None
        if not named:
            raise ValueError("names no database: say sqlite:///FILE or postgresql://host/database")
        return url

    @field_validator("telegram_token", "slack_bot_token", "slack_app_token", "slack_signing_secret", mode="before")
    @classmethod
    def _empty_is_none(cls, value: object) -> object:
        return value.strip() or None if isinstance(value, str) else value

    @field_validator("telegram_token", "slack_bot_token", "slack_app_token", "slack_signing_secret")
    @classmethod
    def _in_its_place(cls, secret: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if secret is None:
            return None
        value, name = secret.get_secret_value(), str(info.field_name)
        looks_like = next((other for other, (shape, _) in _SHAPES.items() if shape.fullmatch(value)), "")
        if looks_like and looks_like != name:
            raise ValueError(f"holds what belongs in EARSHOT_{looks_like.upper()}: are the two swapped?")
        if name in _SHAPES and not looks_like:
            raise ValueError(_SHAPES[name][1])
        return secret

    @model_validator(mode="after")
    def _whole(self) -> "Settings":
        if self.key_file and self.key_command:
            raise ValueError("EARSHOT_KEY_FILE and EARSHOT_KEY_COMMAND both say where the key is: set one of them")
        if bool(self.telegram_token) != bool(self.slack_bot_token):
            raise ValueError("EARSHOT_TELEGRAM_TOKEN and EARSHOT_SLACK_BOT_TOKEN belong together: set both, or neither")
        if self.slack_bot_token and not (self.slack_app_token or self.slack_signing_secret):
            raise ValueError(
                "beside EARSHOT_SLACK_BOT_TOKEN set EARSHOT_SLACK_APP_TOKEN (Socket Mode) "
                "or EARSHOT_SLACK_SIGNING_SECRET (HTTP)"
            )
        if self.telegram_webhook_url and not self.telegram_webhook_url.startswith("https://") and self.is_live:
            raise ValueError("EARSHOT_TELEGRAM_WEBHOOK_URL must begin with https://")
        return self

    @property
    def is_live(self) -> bool:
        """Whether the real networks are meant: Telegram's own address, with a token."""
        return self.telegram_token is not None and self.telegram_api_url == "https://api.telegram.org"

    @property
    def rehearses(self) -> bool:
        """Whether everything runs on this machine: no token is set."""
        return self.telegram_token is None

    @property
    def store_url(self) -> str:
        return self.database_url or f"sqlite:///{self.data_dir / 'earshot.sqlite'}"

    @property
    def whisper_url(self) -> str:
        return self.whisper_database_url or f"sqlite:///{self.data_dir / 'whispers.sqlite'}"

    @property
    def routing_key_path(self) -> Path:
        """Outside the database and its backups, beside the key file."""
        return self.key_path.with_name("routing.key")

    @property
    def key_path(self) -> Path:
        return self.key_file or self.data_dir / "earshot.key"


class _OwnSettings(Settings):
    """One school's own settings: its file alone, nothing of the environment."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return (init_settings, dotenv_settings)


CALLED_FROM = "EARSHOT_CALLED_FROM"
"""The launcher's word for commands, no setting: the folder they are given in, which their paths are meant from."""
SCHOOLS = Path("schools")
CHOSEN: ContextVar[str] = ContextVar("school", default="")
"""The school that `earshot --school NAME` is for; "" on an installation of one school."""
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")


def school_folder(name: str) -> Path:
    """Say where a school's own folder is. Raises SettingsProblem for what is no name."""
    if not _NAME.fullmatch(name):
        raise SettingsProblem("A school's name here has up to 40 small letters, digits and -, such as north-lane.")
    return SCHOOLS / name


def school_names() -> list[str]:
    """List the schools that have a folder of their own here."""
    return sorted(path.parent.name for path in SCHOOLS.glob("*/.env") if _NAME.fullmatch(path.parent.name))


def for_chosen(sentence: str) -> str:
    """The sentence with its commands as they are typed for the school that was chosen with --school.

    Copied without it, a command would go to the installation's own data, or make a second school there.
    """
    name = CHOSEN.get()
    if not name:
        return sentence
    return re.sub(r"`earshot (?!--school |school )", f"`earshot --school {name} ", sentence)


def read_settings() -> Settings:
    """Read the settings, of the chosen school if one is. Raises SettingsProblem."""
    name = CHOSEN.get()
    if not name:
        return _read(Settings, Path(".env"))
    if not (school_folder(name) / ".env").exists():
        here = ", ".join(school_names()) or "none yet"
        raise SettingsProblem(f"There is no school {name} here. Run `earshot school add {name}`; there are: {here}.")
    own = _of_school(name)
    for other in school_names():
        try:
            shared = _shared(own, _of_school(other)) if other != name else ""
        except SettingsProblem:
            # A slip in its file stops that school alone; once it is mended, it is held against all others itself.
            continue
        if shared:
            raise SettingsProblem(
                f"The schools {name} and {other} share {shared}: nothing may belong to two. Mend it in {name}'s .env."
            )
    return own


def check_host(settings: Settings) -> None:
    """Find out whether one can listen at the address that is set. Raises SettingsProblem."""
    try:
        family, kind, _, _, address = socket.getaddrinfo(settings.http_host, 0, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as probe:
            probe.bind(address)
    except (OSError, UnicodeError):
        raise SettingsProblem(
            "EARSHOT_HTTP_HOST is no address of this machine: leave it empty for 127.0.0.1, "
            "or set it to 0.0.0.0 for all."
        ) from None


def unknown_names() -> list[str]:
    """List what begins with EARSHOT_, in the file of settings or the environment, and is the name of no setting."""
    chosen = CHOSEN.get()
    file = school_folder(chosen) / ".env" if chosen else Path(".env")
    given = {*dotenv_values(file, interpolate=False), *(() if chosen else os.environ)}
    known = {CALLED_FROM, *(f"EARSHOT_{name.upper()}" for name in Settings.model_fields)}
    return sorted({name.upper() for name in given if name.upper().startswith("EARSHOT_")} - known)


def unknown_told() -> list[str]:
    """Say of each of `unknown_names` what is to be done: it would silently do nothing."""
    return [
        f"{name} is no setting of Earshot and does nothing: compare it with .env.example." for name in unknown_names()
    ]


def _of_school(name: str) -> Settings:
    folder = school_folder(name)
    read = _read(lambda: _OwnSettings(_env_file=folder / ".env"), folder / ".env")  # type: ignore[call-arg]
    # Paths are meant from the school's own folder, so that those left empty are never another's.
    paths = {"data_dir": folder / read.data_dir, "key_file": folder / read.key_file if read.key_file else None}
    urls = {field: _from(folder, getattr(read, field)) for field in ("database_url", "whisper_database_url")}
    return read.model_copy(update={**paths, **urls})


def _from(folder: Path, url: str) -> str:
    file = url.removeprefix("sqlite:///")
    return f"sqlite:///{folder / file}" if file != url else url


def _shared(own: Settings, other: Settings) -> str:
    """Name the first thing that two schools share; "" for none."""
    # The database of one may not be where the other's whispers are, either.
    stores = {_place_of(other.store_url), _place_of(other.whisper_url)}
    each = {
        "the folder for data": own.data_dir.resolve() == other.data_dir.resolve(),
        "the database": _place_of(own.store_url) in stores,
        "the store of whispers": _place_of(own.whisper_url) in stores,
        "the key file": own.key_path.resolve() == other.key_path.resolve(),
        "the key’s command": bool(own.key_command) and own.key_command == other.key_command,
        "the Telegram bot": _same(own.telegram_token, other.telegram_token),
        "the Slack app": _same(own.slack_bot_token, other.slack_bot_token)
        or _same(own.slack_app_token, other.slack_app_token),
        "the HTTP port": own.http_port == other.http_port,
    }
    return next((what for what, shared in each.items() if shared), "")


def _same(mine: SecretStr | None, theirs: SecretStr | None) -> bool:
    return mine is not None and mine == theirs


def _place_of(url: str) -> str:
    """Say where a store lies: of a file its whole path, however it was written."""
    file = url.removeprefix("sqlite:///")
    return url if file == url else str(Path(file).resolve())


def _read(make: Callable[[], Settings], file: Path) -> Settings:
    try:
        if file.exists():
            _check_lines(file)
        return make()
    except ValidationError as error:
        first = error.errors()[0]
        name = "EARSHOT_" + str(first["loc"][0]).upper() + " " if first["loc"] else ""
        if name.endswith("_PORT "):
            raise SettingsProblem(f"{name}must be a port: a whole number from 1 to 65535.") from None
        # The message is ours; the value itself is never shown, it may be a token.
        words = f"{name}{first['msg'].removeprefix('Value error, ')}"
        raise SettingsProblem(words if words.endswith("?") else f"{words}.") from None
    except (OSError, UnicodeDecodeError):
        raise SettingsProblem(
            f"The file {file} cannot be read: see that it is plain text and that you may read it."
        ) from None


def _check_lines(file: Path) -> None:
    """Find the first line that is none. Raises SettingsProblem: what it was to set would silently not be set."""
    with file.open(encoding="utf-8") as lines:
        for binding in parse_stream(lines):
            if binding.error:
                raise SettingsProblem(f"Line {binding.original.line} of {file} cannot be read: write it as NAME=value.")
