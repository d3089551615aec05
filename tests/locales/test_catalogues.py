"""The catalogues: the template is what the source says; each language is whole, fits its buttons, and is compiled."""

from __future__ import annotations

import ast
import gettext
import string
from collections import defaultdict
from collections.abc import Iterator
from io import BytesIO, StringIO
from pathlib import Path

import pytest
from babel.core import Locale
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.mofile import write_mo

from bot import catalogues, text
from bot.catalogues import entries, source
from conversations.bank import LATEST, Item, load
from conversations.flows.language import AUTONYMS
from conversations.model import Band, say, say_n

ROOT = Path(__file__).resolve().parents[2]
ITEMS = tuple(load(LATEST).items.values())
OPTION_MOST: dict[Band, int] = {"young": 18, "older": 24}
STEM_MOST: dict[Band, int] = {"young": 110, "older": 130}
LABEL_MOST = 30
# Which argument of a button is its label.
LABELS = {"Button": 0, "CardButton": 2}
# CLDR names the plural forms; a catalogue numbers them in this order.
FORMS = ("zero", "one", "two", "few", "many", "other")

each_language = pytest.mark.parametrize("language", catalogues.languages())


def po_file(language: str) -> Path:
    return text.LOCALES / language / "LC_MESSAGES" / "earshot.po"


def catalogue(language: str) -> Catalog:
    return catalogues.read(po_file(language), language)


def strings(message: Message) -> tuple[str, ...]:
    return (message.string,) if isinstance(message.string, str) else tuple(message.string or ())


def translations(language: str) -> dict[str, tuple[str, ...]]:
    return {source(message): strings(message) for message in entries(catalogue(language))}


def fields(words: str) -> list[str]:
    """List the names between braces, in alphabetical order."""
    return sorted(name for _, name, _, _ in string.Formatter().parse(words) if name is not None)


def extracted() -> dict[str | tuple[str, ...], set[str]]:
    """Find the strings of the source as `make locales` does, each with the files it stands in."""
    mapping = (text.LOCALES / "babel.cfg").read_text("utf-8")
    methods, options = parse_mapping_cfg(StringIO(mapping))
    found: dict[str | tuple[str, ...], set[str]] = defaultdict(set)
    for file, _line, words, _comments, _context in extract_from_dir(
        ROOT, methods, options, keywords={"say": None, "say_n": (1, 2)}
    ):
        found[words].add(file)
    return found


def labels() -> Iterator[str]:
    """Give the words of every button that is written out in the source."""
    for folder in ("conversations", "scheduling", "bot"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in LABELS:
                    at = LABELS[node.func.id]
                    label = node.args[at] if len(node.args) > at else None
                    if isinstance(label, ast.Call) and isinstance(label.args[0], ast.Constant):
                        yield str(label.args[0].value)


def test_template_holds_the_strings_of_the_source_so_that_make_locales_was_run():
    template = {
        message.id: {file for file, _ in message.locations}
        for message in entries(catalogues.read(text.LOCALES / "earshot.pot"))
    }
    assert template == dict(extracted())


@each_language
def test_language_has_a_translation_of_every_string_and_no_other(language: str):
    assert catalogues.completeness(language).missing == ()
    template = [source(message) for message in entries(catalogues.read(text.LOCALES / "earshot.pot"))]
    assert list(translations(language)) == template


@each_language
def test_compiled_catalogue_is_what_the_written_one_says(language: str):
    compiled = BytesIO()
    write_mo(compiled, catalogue(language))
    assert po_file(language).with_suffix(".mo").read_bytes() == compiled.getvalue()


@each_language
def test_translations_keep_the_fields_of_their_source(language: str):
    wrong = {
        source(message): strings(message)
        for message in entries(catalogue(language))
        if any(fields(words) != fields(source(message)) for words in strings(message))
    }
    assert wrong == {}


@each_language
def test_plural_forms_are_those_of_the_language(language: str):
    written = catalogue(language)
    rule = Locale.parse(language).plural_form
    names = [form for form in FORMS if form in {*rule.tags, "other"}]
    assert written.num_plurals == len(names)
    choose = gettext.c2py(written.plural_expr)
    assert [names[choose(number)] for number in range(200)] == [rule(number) for number in range(200)]
    counted = [message for message in entries(written) if not isinstance(message.id, str)]
    assert {len(strings(message)) for message in counted} == {len(names)}


@each_language
@pytest.mark.parametrize("band", ["young", "older"])
def test_check_in_fits_its_place_and_its_options_differ(language: str, band: Band):
    words = translations(language)

    def faults(item: Item) -> list[str]:
        stem, options = words[item.stem[band]][0], [words[option.text][0] for option in item.options[band]]
        too_long = [option for option in options if len(option) > OPTION_MOST[band]]
        alike = [] if len({option.casefold() for option in options}) == len(options) else options
        no_question = [] if stem.endswith("?") and len(stem) <= STEM_MOST[band] else [stem]
        return [*too_long, *alike, *no_question]

    assert {item.id: faults(item) for item in ITEMS if faults(item)} == {}


@each_language
def test_button_labels_fit_their_buttons(language: str):
    words, written = translations(language), set(labels())
    assert "Talk to someone" in written
    assert "I’ll take this" in written
    assert [label for label in written if len(words[label][0]) > LABEL_MOST] == []


def test_button_labels_in_english_fit_their_buttons():
    assert [label for label in labels() if len(label) > LABEL_MOST] == []


@each_language
def test_translations_are_tidy(language: str):
    everything = [words for forms in translations(language).values() for words in forms]
    assert [words for words in everything if words != " ".join(words.split()) or "'" in words] == []


@each_language
def test_catalogue_says_in_its_header_whether_a_speaker_has_signed_it(language: str):
    header = catalogue(language).header_comment
    assert ("machine-drafted" in header.lower()) != ("signed by:" in header.lower())


@each_language
def test_language_has_a_name_of_its_own_to_be_chosen_by(language: str):
    assert language in AUTONYMS


def test_languages_offered_are_english_and_those_compiled():
    assert text.languages() == ("en", *catalogues.languages())


def test_welsh_words_are_rendered_with_their_plural_forms():
    assert text.render(say("Talk to someone"), "cy", "Europe/London") == "Siarad â rhywun"
    added = [
        text.render(
            say_n(
                "{count} pupil added words in the last two weeks.",
                "{count} pupils added words in the last two weeks.",
                count,
            ),
            "cy",
            "Europe/London",
        ).split(" eiriau")[0]
        for count in (1, 2, 3)
    ]
    assert added == ["Ychwanegodd 1 disgybl", "Ychwanegodd 2 ddisgybl", "Ychwanegodd 3 disgybl"]


def test_main_prints_how_complete_each_language_is(capsys: pytest.CaptureFixture[str]):
    catalogues.main()
    printed = capsys.readouterr().out
    assert [language for language in catalogues.languages() if language not in printed] == []
