"""The wording of the suggested actions reaches the translators: through our extractor, called by Babel itself."""

from importlib import resources
from io import BytesIO, StringIO

from babel.messages.extract import extract as babel_extract
from babel.messages.frontend import parse_mapping_cfg

from conversations.actions import LATEST, load
from conversations.actions.extract import ROOM, extract

SOURCE = resources.files("conversations.actions").joinpath(f"{LATEST}.toml").read_bytes()


def test_every_text_is_extracted_in_the_order_of_the_library():
    expected = [getattr(action, name) for action in load(LATEST).actions.values() for name in ROOM]
    assert [text for _, _, text, _ in extract(BytesIO(SOURCE), {}, (), {})] == expected


def test_each_text_is_found_on_the_line_it_is_told_to_be_on():
    lines = SOURCE.decode().splitlines()
    found = list(extract(BytesIO(SOURCE), {}, (), {}))
    assert [text for line, _, text, _ in found if not lines[line - 1].endswith(f' = "{text}"')] == []


def test_comments_say_which_action_what_the_text_is_for_and_how_long():
    found = {text: comments for _, _, text, comments in extract(BytesIO(SOURCE), {}, (), {})}
    assert found["Morning! Good to see you."] == [
        "Action hello-by-name: an example of what to say to the pupil, at most 25 words in English."
    ]


def test_citations_are_not_extracted():
    texts = {text for _, _, text, _ in extract(BytesIO(SOURCE), {}, (), {})}
    assert {source.title for source in load(LATEST).sources.values()} & texts == set()


def test_babel_calls_it_by_the_name_a_mapping_file_gives():
    mapping = "[extractors]\nactions = conversations.actions.extract:extract\n[actions: conversations/actions/*.toml]\n"
    methods, _ = parse_mapping_cfg(StringIO(mapping))
    ((pattern, method),) = methods
    assert pattern == "conversations/actions/*.toml"
    messages = [(line, text, context) for line, text, _, context in babel_extract(method, BytesIO(SOURCE))]
    assert messages == [(line, text, None) for line, _, text, _ in extract(BytesIO(SOURCE), {}, (), {})]
