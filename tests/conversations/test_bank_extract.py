"""The wording of the item bank reaches the translators: through our extractor, called by Babel itself."""

from importlib import resources
from io import BytesIO, StringIO

from babel.messages.extract import extract as babel_extract
from babel.messages.frontend import parse_mapping_cfg

from conversations.bank import BANDS, LATEST, load
from conversations.bank.extract import extract

SOURCE = resources.files("conversations.bank").joinpath(f"{LATEST}.toml").read_bytes()


def test_every_stem_and_option_is_extracted_in_the_order_of_the_bank():
    expected = [
        text
        for item in load(LATEST).items.values()
        for band in BANDS
        for text in (item.stem[band], *(option.text for option in item.options[band]))
    ]
    assert [text for _, _, text, _ in extract(BytesIO(SOURCE), {}, (), {})] == expected


def test_each_text_is_found_on_the_line_it_is_told_to_be_on():
    lines = SOURCE.decode().splitlines()
    assert [
        text for line, _, text, _ in extract(BytesIO(SOURCE), {}, (), {}) if f'"{text}"' not in lines[line - 1]
    ] == []


def test_comments_say_which_item_for_whom_how_long_and_what_it_is_after():
    found = {text: comments for _, _, text, comments in extract(BytesIO(SOURCE), {}, (), {})}
    assert found["Your class makes a paper tree. What do you put on your leaf?"] == [
        "SD-IN-1, ages 8–11: question, at most 90 characters. "
        "How much about oneself goes on show, from a plain pattern to a short story."
    ]
    assert found["Name and one fact"] == [
        "SD-IN-1, ages 11–18: option 4 of 5, at most 22 characters. "
        "Answers “Your class makes a paper tree with a leaf for each person. What goes on your leaf?”"
    ]


def test_babel_calls_it_by_the_name_a_mapping_file_gives():
    mapping = "[extractors]\nbank = conversations.bank.extract:extract\n[bank: conversations/bank/*.toml]\n"
    methods, _ = parse_mapping_cfg(StringIO(mapping))
    ((pattern, method),) = methods
    assert pattern == "conversations/bank/*.toml"
    messages = [(line, text, context) for line, text, _, context in babel_extract(method, BytesIO(SOURCE))]
    assert messages == [(line, text, None) for line, _, text, _ in extract(BytesIO(SOURCE), {}, (), {})]
