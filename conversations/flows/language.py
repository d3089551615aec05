"""Language: which language the messages come in.

Rules
1. /language and Settings show one button for each language the school offers, each named in itself.
2. If there is only one, that is said, and nothing is asked.
3. The change is at once, and a check-in that is open changes with it.
4. Every pupil may choose any of the school's languages, before joining too; no adult is told.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from conversations.flows import check_in
from conversations.model import Button, Edit, Effect, Message, Person, SetLanguage, State, Step, Toast, say, verbatim
from conversations.wording import Rows, answer, way_on

AUTONYMS: Mapping[str, str] = MappingProxyType(
    {
        "am": "አማርኛ",
        "ar": "العربية",
        "bg": "Български",
        "bn": "বাংলা",
        "cs": "Čeština",
        "cy": "Cymraeg",
        "de": "Deutsch",
        "en": "English",
        "es": "Español",
        "fa": "فارسی",
        "fr": "Français",
        "ga": "Gaeilge",
        "gd": "Gàidhlig",
        "gu": "ગુજરાતી",
        "hi": "हिन्दी",
        "hu": "Magyar",
        "it": "Italiano",
        "ku": "Kurdî",
        "lt": "Lietuvių",
        "lv": "Latviešu",
        "ne": "नेपाली",
        "nl": "Nederlands",
        "pa": "ਪੰਜਾਬੀ",
        "pl": "Polski",
        "ps": "پښتو",
        "pt": "Português",
        "ro": "Română",
        "ru": "Русский",
        "sk": "Slovenčina",
        "so": "Soomaali",
        "sq": "Shqip",
        "sw": "Kiswahili",
        "ta": "தமிழ்",
        "ti": "ትግርኛ",
        "tl": "Filipino",
        "tr": "Türkçe",
        "uk": "Українська",
        "ur": "اردو",
        "vi": "Tiếng Việt",
        "yo": "Yorùbá",
        "zh": "中文",
    }
)


def autonym(language: str) -> str:
    """Give the name of a language in itself, or its code if the name is not known here."""
    return AUTONYMS.get(language) or AUTONYMS.get(language.replace("_", "-").split("-")[0].lower()) or language


def buttons(person: Person) -> Rows:
    """Give one row of buttons for each three languages; none if there is nothing to choose."""
    if len(person.languages) < 2:
        return ()
    each = tuple(Button(verbatim(autonym(code)), f"lang:{code}") for code in person.languages)
    return tuple(each[start : start + 3] for start in range(0, len(each), 3))


def choose(state: State, person: Person, *, tapped: bool) -> Step:
    """Show the choice, or say that there is none."""
    if len(person.languages) < 2:
        words = say("Messages come in {language}. It is the only one here for now.", language=autonym(person.language))
        return Step(state, (answer(Message((words,), rows=way_on()), tapped=tapped),))
    message = Message((say("Which language would you like?"),), rows=(*buttons(person), *way_on()))
    return Step(state, (answer(message, tapped=tapped),))


def change(language: str, person: Person) -> tuple[Effect, ...] | None:
    """Give the effects of choosing a language: none if it is the present one, None if the school does not offer it."""
    if language not in person.languages:
        return None
    return () if language == person.language else (SetLanguage(language),)


def chosen(state: State, person: Person, language: str) -> Step:
    """Change the language and say so, in it."""
    changed = change(language, person)
    if changed is None:
        return not_offered(state)
    words = say("From now on messages come in {language}.", language=autonym(language))
    anew = check_in.shown_anew(state, replace(person, language=language)) if changed else Step(state)
    return Step(anew.state, (*changed, Edit(Message((words,), rows=way_on())), *anew.effects))


def not_offered(state: State) -> Step:
    return Step(state, (Toast(say("That language is not here now. Send /language to see which ones are.")),))
