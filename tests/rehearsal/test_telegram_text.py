"""Markup, entities and trimming."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehearsal.telegram_text import parse_text, with_found
from rehearsal.telegram_wire import Json, Refusal


def parsed(text: str, mode: str = "", given: object = None) -> Json:
    return parse_text(text, mode, given, 4096, "message is too long")


def refused(text: str, mode: str) -> str:
    with pytest.raises(Refusal) as caught:
        parsed(text, mode)
    assert caught.value.code == 400
    return caught.value.description.removeprefix("Bad Request: can't parse entities: ")


@pytest.mark.parametrize(
    ("text", "expected", "entities"),
    [
        ("<b>a</b> <I>b</I>", "a b", [("bold", 0, 1), ("italic", 2, 1)]),
        ("😀 <u>x</u>", "😀 x", [("underline", 3, 1)]),
        ("1 &lt; 2 &amp; &quot;3&quot; &#163; &eacute;", '1 < 2 & "3" £ &eacute;', []),
        ("<b>a <i>b</i></b>", "a b", [("bold", 0, 3), ("italic", 2, 1)]),
        ("<span class='tg-spoiler'>a</span>", "a", [("spoiler", 0, 1)]),
        ("<b></b>a", "a", []),
        ("<a>words</a>", "words", []),
        ("<b>a </b>", "a", [("bold", 0, 1)]),
        (
            "&lt 1 &ltd; &#x41 &#X41; &#0; &#1114112; &#12345678;",
            "< 1 &ltd; A &#X41; &#0; &#1114112; &#12345678;",
            [("hashtag", 13, 4)],
        ),
        ("<a href=example.org >a</a >", "a", [("text_link", 0, 1)]),
        (
            "<blockquote expandable>a</blockquote><blockquote>b</>",
            "ab",
            [("expandable_blockquote", 0, 1), ("blockquote", 1, 1)],
        ),
        ("<tg-emoji emoji-id='5'>a</tg-emoji>", "a", [("custom_emoji", 0, 1)]),
        ("<code class='language-py'>a</code>", "a", [("code", 0, 1)]),
        ("<pre>a<code class='language-py'>b</code></pre>", "ab", [("pre", 0, 2), ("code", 1, 1)]),
        ("<b>x.org</b> y.org", "x.org y.org", [("bold", 0, 5)]),
    ],
)
def test_html_becomes_entities(text: str, expected: str, entities: list[tuple[str, int, int]]):
    told = parsed(text, "HTML")
    found = [(one["type"], one["offset"], one["length"]) for one in told.get("entities", [])]
    assert (told["text"], found) == (expected, entities)


def test_html_link_and_code_keep_where_they_lead():
    link = '<a href="https://example.org/?a=1&amp;b=2">x</a>'
    told = parsed(f'{link}<pre><code class="language-py">y</code></pre>', "html")
    assert told["entities"] == [
        {"type": "text_link", "offset": 0, "length": 1, "url": "https://example.org/?a=1&b=2"},
        {"type": "pre", "offset": 1, "length": 1, "language": "py"},
    ]


@pytest.mark.parametrize(
    "text",
    [
        "<pre><code class='language-py'>y</code></pre>",
        "<code class='language-py'><pre>y</pre></code>",
    ],
)
def test_code_in_a_block_has_its_language_whichever_is_inside(text: str):
    assert parsed(text, "html")["entities"] == [{"type": "pre", "offset": 0, "length": 1, "language": "py"}]


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://Example.org", "https://example.org/"),
        ("example.org?a", "http://example.org/?a"),
        ("tg://resolve?domain=a", "tg://resolve?domain=a"),
        ("example.org#a", "http://example.org/#a"),
        ("localhost", None),
        ("a.b://c.d", None),
        ("#", None),
    ],
)
def test_links_are_kept_as_telegram_keeps_them(url: str, kept: str | None):
    for text, mode in ((f"<a href='{url}'>x</a>", "HTML"), (f"[x]({url})", "MarkdownV2")):
        assert [one["url"] for one in parsed(text, mode).get("entities", [])] == ([kept] if kept else [])
    given = {"type": "text_link", "offset": 0, "length": 1, "url": url}
    assert [one["url"] for one in parsed("x", given=[given]).get("entities", [])] == ([kept] if kept else [])


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("é<b>a", 'Can\'t find end tag corresponding to start tag "b"'),
        ("é<b", "Unclosed start tag at byte offset 2"),
        ("é<h1>a</h1>", 'Unsupported start tag "h1" at byte offset 2'),
        ("a < b", 'Unsupported start tag "" at byte offset 2'),
        ("a <3 you>", 'Unsupported start tag "3" at byte offset 2'),
        ("a</b>", "Unexpected end tag at byte offset 1"),
        ("<b>a</i>", 'Unmatched end tag at byte offset 4, expected "</b>", found "</i>"'),
        ("<b>a</b", "Unclosed end tag at byte offset 4"),
        ("<a =>a</a>", 'Empty attribute name in the tag "a" at byte offset 0'),
        ("<a href", 'Unclosed start tag "a" at byte offset 0'),
        ("<a href=", 'Unclosed start tag "a" at byte offset 0'),
        ("<a href='x", "Unclosed start tag at byte offset 0"),
        ("<a href='x'", "Unclosed start tag at byte offset 0"),
        ("é<a href=x_y>a</a>", "Unexpected end of name token at byte offset 10"),
        ("<a href=x", "Unexpected end of name token at byte offset 8"),
        ("<tg-emoji>a</tg-emoji>", "Invalid custom emoji identifier specified"),
        (
            "&#xD83D;&#xDE00;",
            "Text contains invalid Unicode characters after decoding HTML entities, check for unmatched surrogate code"
            " units",
        ),
        ("<span>a</span>", 'Tag "span" must have class "tg-spoiler" at byte offset 0'),
    ],
)
def test_html_that_is_wrong_is_refused(text: str, problem: str):
    assert refused(text, "HTML") == problem


@pytest.mark.parametrize(
    ("text", "expected", "entities"),
    [
        ("*a* _b_ __c__ ~d~ ||e||", "a b c d e", ["bold", "italic", "underline", "strikethrough", "spoiler"]),
        (r"1\.5 \*", "1.5 *", []),
        ("`a.b` ```py\nc!```", "a.b c!", ["code", "pre"]),
        (r"[x](https://example.org) [y\.org] [z]", "x y.org z", ["text_link", "text_link"]),
        (">a\n>b\nc", "a\nb\nc", ["blockquote"]),
        ("*a*\n>b", "a\nb", ["bold", "blockquote"]),
        ("```\nc```", "c", ["pre"]),
        (">a||\nb", "a\nb", ["expandable_blockquote"]),
        (">a||", "a", ["expandable_blockquote"]),
        ("![a](tg://emoji?id=5)", "a", ["custom_emoji"]),
        ("*_a_*", "a", ["bold", "italic"]),
    ],
)
def test_markdown_becomes_entities(text: str, expected: str, entities: list[str]):
    told = parsed(text, "MarkdownV2")
    assert (told["text"], [one["type"] for one in told.get("entities", [])]) == (expected, entities)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("Well.", "Character '.' is reserved and must be escaped with the preceding '\\'"),
        ("a!", "Character '!' is reserved and must be escaped with the preceding '\\'"),
        ("é *a", "Can't find end of Bold entity at byte offset 3"),
        ("*a _b*", "Can't find end of Bold entity at byte offset 5"),
        ("[a](b", "Can't find end of a URL at byte offset 4"),
        ("`a", "Can't find end of Code entity at byte offset 0"),
        (">*a\nb", "Can't find end of Bold entity at byte offset 1"),
        (">*a||", "Can't find end of Bold entity at byte offset 1"),
        (">||a", "Can't find end of Spoiler entity at byte offset 1"),
        ("![a]", "The entity must contain a tg://emoji or tg://time URL"),
        ("![a](tg://emoji?id=x)", "Invalid tg://emoji or tg://time URL specified"),
        ("![a](tg", "Can't find end of a URL at byte offset 5"),
    ],
)
def test_markdown_that_is_wrong_is_refused(text: str, problem: str):
    assert refused(text, "MarkdownV2") == problem


@pytest.mark.parametrize(
    ("text", "expected", "entities"),
    [
        ("*a* _b_ `c` [d](x.org) 1.5!", "a b c d 1.5!", ["bold", "italic", "code", "text_link"]),
        (r"\*a\* \. [x.org]", r"*a* \. x.org", ["text_link"]),
        ("```py\nc``` ``d", "c d", ["pre"]),
        ("*_a_* ** [b](x.org", "_a_  b", ["bold", "text_link"]),
        ("[a](nowhere)", "a", []),
    ],
)
def test_old_markdown_becomes_entities(text: str, expected: str, entities: list[str]):
    told = parsed(text, "Markdown")
    assert (told["text"], [one["type"] for one in told.get("entities", [])]) == (expected, entities)


@pytest.mark.parametrize("text", ["é*a", "é_", "é```a``", "é[a"])
def test_old_markdown_that_does_not_end_is_refused(text: str):
    assert refused(text, "Markdown") == "Can't find end of the entity starting at byte offset 2"


def test_language_of_a_block_is_its_first_word_before_a_space():
    for mode in ("Markdown", "MarkdownV2"):
        assert parsed("```py a\r\nb```", mode)["entities"] == [
            {"type": "pre", "offset": 0, "length": 4, "language": "py"}
        ]


@pytest.mark.parametrize(
    ("entity", "problem"),
    [
        ("bold", "can't parse MessageEntity: expected an Object"),
        ({"length": 1}, "can't parse MessageEntity: Can't find field \"offset\""),
        ({"offset": 0}, "can't parse MessageEntity: Can't find field \"length\""),
        ({"type": ""}, "can't parse MessageEntity: Type is not specified"),
        ({"type": "loud"}, "can't parse MessageEntity: Unsupported type specified"),
        ({"type": "text_link"}, "can't parse MessageEntity: Can't find field \"url\""),
        ({"type": "text_mention", "user": 1}, 'can\'t parse MessageEntity: Field "user" must be of type Object'),
        ({"type": "text_mention", "user": {}}, "can't parse MessageEntity: Can't find field \"id\""),
        (
            {"type": "custom_emoji", "custom_emoji_id": 1 << 63},
            'can\'t parse MessageEntity: Field "custom_emoji_id" must be a valid Number',
        ),
        ({"offset": -1, "type": "bold"}, "receive an entity with incorrect offset -1"),
        ({"length": 1_000_001, "type": "bold"}, "receive an entity with incorrect length 1000001"),
    ],
)
def test_given_entities_are_refused_as_telegram_does(entity: object, problem: str):
    given = {"offset": 0, "length": 1, **entity} if isinstance(entity, dict) and "type" in entity else entity
    with pytest.raises(Refusal) as caught:
        parsed("a", given=[given])
    assert caught.value.description == f"Bad Request: {problem}"


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ({"type": "pre", "language": "py"}, {"type": "pre", "language": "py"}),
        ({"type": "pre", "url": "x"}, {"type": "pre"}),
        ({"type": "text_mention", "user": {"id": "5"}}, {"type": "text_mention", "user": {"id": "5"}}),
        ({"type": "custom_emoji", "custom_emoji_id": 5}, {"type": "custom_emoji", "custom_emoji_id": "5"}),
        ({"type": "mention"}, None),
        ({"type": "bold", "length": 0}, None),
        ({"type": "bold", "offset": 7}, None),
    ],
)
def test_given_entities_are_kept_with_what_belongs_to_them(given: Json, kept: Json | None):
    told = parsed("a", given=[{"offset": 0, "length": 1, **given}])
    assert told.get("entities", []) == ([{"offset": 0, "length": 1, **kept}] if kept else [])


def test_given_entities_that_are_no_list_are_none():
    assert parsed("a", given={"type": "bold"}) == {"text": "a"}


def test_ends_are_trimmed_and_entities_moved():
    told = parsed("  \n a b \n", given=[{"type": "bold", "offset": 4, "length": 3}])
    assert told == {"text": "a b", "entities": [{"type": "bold", "offset": 0, "length": 3}]}


def test_characters_that_telegram_drops_move_the_entities():
    told = parsed("\u202ea\r\n😀b\u0333", given=[{"type": "bold", "offset": 1, "length": 7}])
    assert told == {"text": "a\n😀b", "entities": [{"type": "bold", "offset": 0, "length": 5}]}


def test_commands_links_and_mentions_are_found():
    told = with_found("/start 😀 @some_body https://example.org/a. #maths", [])
    assert [(one["type"], one["offset"], one["length"]) for one in told["entities"]] == [
        ("bot_command", 0, 6),
        ("mention", 10, 10),
        ("url", 21, 21),
        ("hashtag", 44, 6),
    ]


def test_plain_text_has_no_entities():
    assert with_found("9/10 and fine", []) == {"text": "9/10 and fine"}


TAGS = ["<b>", "</b>", "<a href='x.org'>", "</a>", "<pre>", "<", ">", "&lt;", "&#128512;"]
MARKS = ["*", "_", "__", "||", "`", "```", "[", "](x)", "\\", "!", "=", "a", "é", "😀"]
MARKUP = st.lists(st.sampled_from([*TAGS, *MARKS, "\n", " ", "\r", "\x00"]), max_size=12).map("".join)


@given(text=MARKUP, mode=st.sampled_from(["HTML", "MarkdownV2", "Markdown", ""]))
def test_any_markup_is_read_or_refused_and_entities_stay_within_the_text(text: str, mode: str):
    try:
        told = parsed(text, mode)
    except Refusal:
        return
    length = len(told["text"].encode("utf-16-le")) // 2
    for one in told.get("entities", []):
        assert one["offset"] >= 0
        assert one["length"] > 0
        assert one["offset"] + one["length"] <= length
