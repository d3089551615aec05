"""Words in the reader's language: catalogues, plural forms, dates; the only place where text is rendered."""

from datetime import datetime
from functools import cache
from gettext import GNUTranslations, NullTranslations
from pathlib import Path
from zoneinfo import ZoneInfo

from babel.dates import format_datetime, format_time
from babel.support import Translations

from conversations.model import Phrase

LOCALES = Path(__file__).resolve().parent.parent / "locales"
SOURCE = "en"


@cache
def languages() -> tuple[str, ...]:
    """List the languages there is a compiled catalogue for; English, the source, is always first."""
    compiled = sorted(path.parent.parent.name for path in LOCALES.glob("*/LC_MESSAGES/earshot.mo"))
    return (SOURCE, *(language for language in compiled if language != SOURCE))


@cache
def _catalogue(language: str) -> NullTranslations | GNUTranslations:
    return Translations.load(LOCALES, [language], domain="earshot")


def render(phrase: Phrase, language: str, zone: str, now: datetime | None = None) -> str:
    """Render one phrase; times are shown in the school's zone.

    They become "15:30" when they are today's, "Thursday 15:30" within the week, "Monday 4 January, 08:30" further off.
    """
    catalogue = _catalogue(language)
    if phrase.plural is not None and phrase.count is not None:
        pattern = catalogue.ngettext(phrase.text, phrase.plural, phrase.count)
    else:
        pattern = catalogue.gettext(phrase.text)
    if not phrase.params:
        return pattern
    words = {name: _word(value, language, zone, now) for name, value in phrase.params}
    return pattern.format_map(words)


def _word(value: str | int | datetime | Phrase, language: str, zone: str, now: datetime | None) -> str:
    if isinstance(value, Phrase):
        return render(value, language, zone, now)
    if isinstance(value, datetime):
        local = value.astimezone(ZoneInfo(zone))
        days = 1 if now is None else abs((local.date() - now.astimezone(ZoneInfo(zone)).date()).days)
        if days == 0:
            return format_time(local, "HH:mm", locale=language)
        # From a week on, the name of a day would be taken for the nearer one.
        return format_datetime(local, "EEEE HH:mm" if days < 7 else "EEEE d MMMM, HH:mm", locale=language)
    return str(value)
