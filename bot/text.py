"""Words in the reader's language: catalogues, plural forms, dates; the only place where text is rendered."""

import re
from datetime import date, datetime
from functools import cache
from gettext import GNUTranslations, NullTranslations
from pathlib import Path
from zoneinfo import ZoneInfo

from babel.core import Locale
from babel.dates import format_date, format_datetime, format_time
from babel.numbers import format_decimal
from babel.support import Translations

from bot.pseudo import PSEUDO, Pseudo
from conversations.model import Phrase

LOCALES = Path(__file__).resolve().parent.parent / "locales"
SOURCE = "en"
STAFF_LANGUAGES = ("cy",)
"""The languages, besides English, whose staff surfaces are complete."""
# How a date is written differs within a language; our catalogues are for readers in and around the British Isles.
_REGIONS = {"en": "en_GB", PSEUDO: "en_GB", "pt": "pt_PT"}
# Babel knows it too, but reads all it knows of a language to say so: a megabyte and more for each.
_RIGHT_TO_LEFT = frozenset({"ar", "ur"})
# From the year on, in a pattern such as "EEEE, d 'de' MMMM 'de' y"; with it goes what ties it to the month.
_YEAR = re.compile(r"[\s,،]*(?:'[^']*'\s*)?y.*$")
_COMMAND = re.compile(r"/\u2068?([a-z]+)\u2069?")


@cache
def languages() -> tuple[str, ...]:
    """List the languages there is a compiled catalogue for; English, the source, is always first."""
    compiled = sorted(path.parent.parent.name for path in LOCALES.glob("*/LC_MESSAGES/earshot.mo"))
    return (SOURCE, *(language for language in compiled if language != SOURCE))


@cache
def _catalogue(language: str) -> NullTranslations | GNUTranslations:
    if language == PSEUDO:
        return Pseudo()
    return Translations.load(LOCALES, [language], domain="earshot")


def forget() -> None:
    """Let go of the catalogues that were read; each is read again when it is asked for."""
    _catalogue.cache_clear()


def render(phrase: Phrase, language: str, zone: str, now: datetime | None = None) -> str:
    """Render one phrase; times are shown in the school's zone.

    They become "15:30" when they are today's, "Thursday 15:30" within the week, "Monday 4 January, 08:30" further off.
    """
    catalogue = _catalogue(language)
    if phrase.plural is not None and phrase.count is not None:
        pattern = catalogue.ngettext(phrase.text, phrase.plural, phrase.count)
    else:
        pattern = catalogue.gettext(phrase.text)
    if phrase.params:
        pattern = pattern.format_map({name: _word(value, language, zone, now) for name, value in phrase.params})
    # Beside right-to-left words the slash of a command would move to its other end.
    return _COMMAND.sub("\u2066/\\1\u2069", pattern) if runs_right_to_left(language) else pattern


@cache
def babel_locale(language: str) -> Locale:
    """Give the locale whose dates and numbers a language's readers know; British English for an unknown one."""
    return Locale.parse(_REGIONS.get(language, language if language in languages() else "en_GB"))


def language_name(language: str, reader: str = SOURCE) -> str:
    """Name one of the languages there is a catalogue for, in the reader's own; another code stays as it is."""
    known = language in languages()
    return (known and babel_locale(language).get_language_name(babel_locale(reader))) or language


def runs_right_to_left(language: str) -> bool:
    """Say whether a language is written from right to left."""
    return language in _RIGHT_TO_LEFT


def day(moment: datetime, language: str, zone: str) -> str:
    """Write the day of a moment without its year: "Monday 4 January"."""
    return _day(moment.astimezone(ZoneInfo(zone)), language)


def dated(moment: datetime, language: str, zone: str) -> str:
    """Write a moment in full, with its year: "Monday 4 January 2027, 08:30"."""
    locale, local = babel_locale(language), moment.astimezone(ZoneInfo(zone))
    clock = format_time(local, "HH:mm", locale=locale)
    return str(locale.datetime_formats["medium"]).format(clock, format_date(local, "full", locale=locale))


def dated_day(value: date, language: str) -> str:
    """Write a day in full, with its year: "Monday 4 January 2027"."""
    return format_date(value, "full", locale=babel_locale(language))


def number(value: int, language: str) -> str:
    """Write a whole number as a language's readers do: "1,035"."""
    return format_decimal(value, locale=babel_locale(language))


def month(moment: datetime, language: str, zone: str) -> str:
    """Write the month of a moment in short: "Jan"."""
    return format_date(moment.astimezone(ZoneInfo(zone)), "LLL", locale=babel_locale(language))


def _day(value: date, language: str) -> str:
    return format_date(value, _day_pattern(language), locale=babel_locale(language))


def _word(value: str | int | date | Phrase, language: str, zone: str, now: datetime | None) -> str:
    if isinstance(value, Phrase):
        return render(value, language, zone, now)
    if isinstance(value, datetime):
        word = _time(value, language, zone, now)
    elif isinstance(value, date):
        word = _day(value, language)
    elif isinstance(value, int):
        word = number(value, language)
    else:
        word = value
    # A name or a telephone number keeps its own order within right-to-left words: 116 123 would else read 123 116.
    return f"\u2068{word}\u2069" if runs_right_to_left(language) else word


def _time(value: datetime, language: str, zone: str, now: datetime | None) -> str:
    locale, local = babel_locale(language), value.astimezone(ZoneInfo(zone))
    days = 1 if now is None else abs((local.date() - now.astimezone(ZoneInfo(zone)).date()).days)
    clock = format_time(local, "HH:mm", locale=locale)
    if days == 0:
        return clock
    if days < 7:
        return format_datetime(local, "EEEE", locale=locale) + f" {clock}"
    # From a week on, the name of a day would be taken for the nearer one.
    return str(locale.datetime_formats["medium"]).format(clock, day(value, language, zone))


@cache
def _day_pattern(language: str) -> str:
    locale = babel_locale(language)
    own = locale.datetime_skeletons.get("MMMMEEEEd")
    return own.pattern if own else _YEAR.sub("", locale.date_formats["full"].pattern)
