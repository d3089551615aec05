"""The catalogues: the template is what the source says; each language is whole, fits its buttons, and is compiled."""

from __future__ import annotations

import ast
import gettext
import re
import string
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
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
from bot.text import STAFF_LANGUAGES
from conversations.actions import LATEST as LATEST_ACTIONS
from conversations.actions import load as suggested_actions
from conversations.bank import VERSIONS, Item, load
from conversations.danger_phrases import BY_LANGUAGE
from conversations.flows.language import AUTONYMS
from conversations.model import Band, say, say_n
from tests.dialogues.transcript import FOLDER

ROOT = Path(__file__).resolve().parents[2]
ITEMS = tuple(item for version in VERSIONS for item in load(version).items.values())
# A fifth more than English has: an option stands alone in its row, so that a narrow phone shows it whole.
OPTION_MOST: dict[Band, int] = {"young": 20, "older": 26}
STEM_MOST: dict[Band, int] = {"young": 110, "older": 130}
# The short-sentence rule of languages that no formula of reading ages is made for.
SENTENCE_MOST = 28
LABEL_MOST = 30
# In every language. An older bank, which nobody begins any more, may say as much as its English does.
LABEL_WORDS = 4
# Which argument of a button is its label.
LABELS = {"Button": 0, "CardButton": 2}
# CLDR names the plural forms; a catalogue numbers them in this order.
FORMS = ("zero", "one", "two", "few", "many", "other")

each_language = pytest.mark.parametrize("language", catalogues.languages())


def po_file(language: str) -> Path:
    return text.LOCALES / language / "LC_MESSAGES" / "earshot.po"


@cache
def catalogue(language: str) -> Catalog:
    return catalogues.read(po_file(language), language)


def strings(message: Message) -> tuple[str, ...]:
    return (message.string,) if isinstance(message.string, str) else tuple(message.string or ())


@cache
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


@cache
def template() -> tuple[Message, ...]:
    return tuple(entries(catalogues.read(text.LOCALES / "earshot.pot")))


@cache
def for_pupils() -> frozenset[str]:
    """Give what pupils and families may read."""
    return frozenset(source(one) for one in template() if not catalogues.is_for_staff_only(one))


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


def buttons(path: Path) -> Iterator[str]:
    """Give the words of every button that a dialogue shows, without a picture before them."""
    # A time is one thing to read, however many words it has.
    script = re.sub(r"\w+day \d+ \w+, \d\d:\d\d", "then", path.read_text("utf-8"))
    for row in re.findall(r"^ +\[(.+)\]$", script, re.MULTILINE):
        for button in row.split("] ["):
            yield re.sub(r"^\W+ ", "", button)


def is_wordy(label: str, source_: str = "") -> bool:
    """Say whether a button has more words than four, and than the English it stands for."""
    return len(label.split()) > max(LABEL_WORDS, len(source_.split()))


def test_template_holds_the_strings_of_the_source_so_that_make_locales_was_run():
    found = {message.id: {file for file, _ in message.locations} for message in template()}
    assert found == dict(extracted())


def test_no_phrase_stands_where_the_extraction_cannot_see_it():
    """Within an f-string a call of say is a part of that string's text."""

    def hidden(path: Path) -> list[str]:
        strings_ = (node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.JoinedStr))
        calls = (node for one in strings_ for node in ast.walk(one) if isinstance(node, ast.Call))
        return [path.name for call in calls if isinstance(call.func, ast.Name) and call.func.id in ("say", "say_n")]

    sources = [path for folder in ("bot", "conversations", "scheduling") for path in (ROOT / folder).rglob("*.py")]
    assert [name for path in sources for name in hidden(path)] == []


@each_language
def test_language_has_all_that_pupils_and_families_read_and_no_other_string(language: str):
    assert catalogues.completeness(language).pupils.missing == ()
    assert list(translations(language)) == [source(message) for message in template()]


@pytest.mark.parametrize("language", STAFF_LANGUAGES)
def test_language_for_staff_has_all_that_staff_read(language: str):
    assert catalogues.completeness(language).staff.missing == ()


def test_what_staff_read_is_told_apart_by_where_it_stands():
    by_source = {source(one): one for one in template()}
    assert catalogues.is_for_staff_only(by_source["I’ll take this"])
    assert not catalogues.is_for_staff_only(by_source["Talk to someone"])


def test_titles_of_suggested_actions_are_for_pupils_too_whose_copy_names_them():
    by_source = {source(one): one for one in template()}
    actions = tuple(suggested_actions(LATEST_ACTIONS).actions.values())
    assert [one.title for one in actions if catalogues.is_for_staff_only(by_source[one.title])] == []
    assert [one.do for one in actions if not catalogues.is_for_staff_only(by_source[one.do])] == []


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
        if any(words and fields(words) != fields(source(message)) for words in strings(message))
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
        no_question = [] if stem.endswith(("?", "؟")) and len(stem) <= STEM_MOST[band] else [stem]
        wordy = [option for one, option in zip(item.options[band], options, strict=True) if is_wordy(option, one.text)]
        return [*too_long, *alike, *no_question, *wordy]

    assert {item.id: faults(item) for item in ITEMS if faults(item)} == {}


@each_language
def test_button_labels_fit_their_buttons(language: str):
    words, written = translations(language), set(labels())
    assert "Talk to someone" in written
    assert "I’ll take this" in written
    assert [label for label in written if len(words[label][0]) > LABEL_MOST] == []
    assert {label: words[label][0] for label in written if is_wordy(words[label][0])} == {}


def test_button_labels_in_english_fit_their_buttons_in_four_words():
    written = set(labels())
    assert [label for label in written if len(label) > LABEL_MOST or len(label.split()) > LABEL_WORDS] == []


@pytest.mark.parametrize("path", sorted(FOLDER.rglob("*.txt")), ids=lambda path: path.stem)
def test_every_button_of_a_dialogue_has_at_most_four_words(path: Path):
    """Also those whose words are chosen by a function; `labels` sees only what is written out."""
    shown = [re.findall(r"[\w’-]+", button) for button in buttons(path)]
    assert [words for words in shown if len(words) > LABEL_WORDS] == []


@each_language
def test_every_button_of_a_dialogue_has_at_most_four_words_in_each_language(language: str):
    words = translations(language)
    shown = {button for path in FOLDER.rglob("*.txt") for button in buttons(path)} & set(words)
    assert "Someone keeping me safe" in shown
    assert {button: words[button][0] for button in shown if is_wordy(words[button][0])} == {}


@each_language
def test_translations_are_tidy(language: str):
    everything = [words for forms in translations(language).values() for words in forms]
    assert [words for words in everything if words != " ".join(words.split()) or "'" in words] == []


def test_english_for_pupils_is_tidy_too():
    written = [one for message in template() for one in ([message.id] if isinstance(message.id, str) else message.id)]
    assert [
        words for words in written if words in for_pupils() and ("'" in words or words != " ".join(words.split()))
    ] == []


@each_language
def test_sentences_for_pupils_are_short(language: str):
    """Short enough to be read at one go, where no formula of reading ages fits the language."""
    said = [words for source_, forms in translations(language).items() if source_ in for_pupils() for words in forms]
    sentences = [sentence for words in said for sentence in re.split(r"(?<=[.!?؟۔:;؛])\s+", words)]
    assert [sentence for sentence in sentences if len(sentence.split()) > SENTENCE_MOST] == []


@each_language
def test_buttons_named_in_a_sentence_are_named_as_they_are_written(language: str):
    """A pupil who is told to tap “Back” finds a button that says so."""
    words = translations(language)
    named = {label: [s for s in for_pupils() if f"tap {label}" in s] for label in ("Talk to someone", "Nothing to add")}
    named["Back"] = [s for s in for_pupils() if "tap Back" in s]
    named["I’m in danger now"] = [s for s in for_pupils() if "tap I’m in danger now" in s]
    assert [label for label, sentences in named.items() if not sentences] == []
    wrong = {label: words[s][0] for label, found in named.items() for s in found if words[label][0] not in words[s][0]}
    assert wrong == {}


@each_language
def test_commands_in_a_sentence_are_those_of_its_source(language: str):
    def commands(words: str) -> list[str]:
        return sorted(re.findall(r"/[a-z]+", words))

    assert {
        text: forms
        for text, forms in translations(language).items()
        if any(form and commands(form) != commands(text) for form in forms)
    } == {}


@each_language
def test_catalogue_says_in_its_header_whether_a_speaker_has_signed_it(language: str):
    header = catalogue(language).header_comment
    assert ("machine-drafted" in header.lower()) != ("signed by:" in header.lower())


@each_language
def test_language_has_a_name_of_its_own_to_be_chosen_by(language: str):
    assert language in AUTONYMS


@each_language
def test_notice_says_in_which_languages_words_of_danger_are_found(language: str):
    """A promise that holds in two languages must not be read as one in another."""
    notices = [text_ for text_ in for_pupils() if text_.startswith("If you type words that sound like danger")]
    # From the second letter on: the first changes in Welsh, and the ends of most.
    stems = [Locale.parse(language).languages[known].casefold()[1:4] for known in BY_LANGUAGE]
    words = translations(language)
    assert len(notices) == 2
    assert [(words[notice][0], stem) for notice in notices for stem in stems if stem not in words[notice][0]] == []


def test_the_notice_in_english_names_each_language_whose_words_of_danger_are_known():
    known = " and ".join(str(Locale.parse("en").languages[language]) for language in BY_LANGUAGE)
    notices = [text_ for text_ in for_pupils() if text_.startswith("If you type words that sound like danger")]
    assert [notice.endswith(f"This works in {known}.") for notice in notices] == [True, True]


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
